//! Networks: features and a head, with seeded weights.

mod drn;
mod head;
mod init;
mod layers;
#[cfg(test)]
mod reference;
mod resnet;
mod siamese;
#[cfg(test)]
mod tests;
mod weights;

use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

pub use head::{Head, SiameseSizes};
use head::{Layers, Upsample};
use layers::Body;
use pt4al_results::spec::{Arch, Filters, ModelSpec, Precision};
use pt4al_results::store::ANEW;
use resnet::Blocks;
use weights::Weights;

/// A network that turns images into features, and features into outputs.
#[derive(Debug)]
pub struct Network {
    weights: Weights,
    body: Box<dyn Body>,
    head: Layers,
    filters: Filters,
    zero_residuals: bool,
}

impl Network {
    /// A network in single precision with the outputs of `head`. Its weights are zero until [`Network::initialise`].
    pub fn new(spec: &ModelSpec, head: Head, device: Device) -> Self {
        let store = VarStore::new(device);
        let root = store.root();
        let width = spec.width as i64;
        let resnet = |blocks| {
            let (body, channels) = resnet::resnet(&root, blocks, spec.stem, width);
            (Box::new(body) as Box<dyn Body>, channels, Upsample::Resize)
        };
        let (mut body, channels, upsample) = match spec.arch {
            Arch::ResNet18 => resnet(Blocks::Basic),
            Arch::ResNet50 => resnet(Blocks::Bottleneck),
            Arch::DrnD22 => {
                let (body, channels) = drn::drn_d_22(&root, width);
                (Box::new(body) as Box<dyn Body>, channels, Upsample::Fixed { stride: drn::STRIDE })
            }
        };
        let head = Layers::new(&root, head, channels, upsample);
        let weights = Weights::new(store, body.units(), Precision::F32);
        Self { weights, body, head, filters: spec.filters, zero_residuals: false }
    }

    /// The same network in another precision.
    pub fn in_precision(self, precision: Precision) -> Self {
        let Self { weights, mut body, .. } = self;
        Self { weights: weights.in_precision(body.units(), precision), body, ..self }
    }

    /// The same network, whose residual blocks begin as their shortcuts where `zero` is true: the scale of their last batch norm
    /// begins at 0.
    pub fn with_zero_residuals(self, zero: bool) -> Self {
        Self { zero_residuals: zero, ..self }
    }

    /// The features before the head, for normalised images `[n, 3, h, w]`: `[n, d]` where the head answers for images,
    /// the map `[n, d, h', w']` where it answers for pixels. `train` makes batch norm use and update the statistics of
    /// the minibatch.
    pub fn features(&self, images: &Tensor, train: bool) -> Tensor {
        let computed = match self.weights.precision() {
            Precision::Bf16 => Kind::BFloat16,
            Precision::F32 | Precision::Tf32 | Precision::F64 => self.kind(),
        };
        self.head.features(&self.body.forward_t(&images.to_kind(computed), train), self.kind())
    }

    /// The outputs: `[n, k]`, or `[n, k, h, w]` from a head for pixels, or `[n, 2, k]` from a siamese one.
    pub fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        self.outputs(&self.features(images, train), images, train)
    }

    /// Features `[n, d]` (from a head for pixels too: the mean over the map) and outputs at once, without gradients.
    pub fn infer(&self, images: &Tensor) -> (Tensor, Tensor) {
        tch::no_grad(|| {
            let features = self.features(images, false);
            let outputs = self.outputs(&features, images, false);
            let features = if features.dim() == 4 { head::pooled(&features, self.kind()) } else { features };
            (features, outputs)
        })
    }

    fn outputs(&self, features: &Tensor, images: &Tensor, train: bool) -> Tensor {
        let size = images.size();
        self.head.forward(features, size[2], size[3], train)
    }

    /// The variables by their names. What writes to the filters of a network in bf16 has no effect on what it computes.
    pub fn store(&self) -> &VarStore {
        self.weights.store()
    }

    /// A number that no other network of this process has.
    pub(crate) fn id(&self) -> usize {
        self.weights.id()
    }

    /// The device of the weights.
    pub fn device(&self) -> Device {
        self.weights.device()
    }

    /// The kind of its numbers: of weights, features and outputs.
    pub fn kind(&self) -> Kind {
        self.weights.kind()
    }

    /// Trainable numbers.
    pub fn parameters(&self) -> usize {
        self.store().trainable_variables().iter().map(Tensor::numel).sum()
    }

    /// The gradient of a scalar by all trainable numbers, `[p]`, until the next one is asked for.
    pub(crate) fn gradient(&self, loss: &Tensor) -> &Tensor {
        self.weights.gradient(loss)
    }

    /// All trainable numbers in the order of [`Network::gradient`], `[p]`; between them there are some that nothing uses. `change`
    /// may write to them.
    pub(crate) fn train(&self, change: impl FnOnce(&mut Tensor)) {
        // A guard: where libtorch panics, gradients are on again.
        let _off = tch::no_grad_guard();
        change(&mut self.weights.trained());
        self.weights.written();
    }

    /// A copy of all weights and of batch norm's statistics.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.weights.copy())
    }

    /// Writes all weights and batch norm's statistics, aside first, in the safetensors format.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        // The format has no layouts, and filters are channels last.
        let plain = |(name, tensor): (String, Tensor)| (name, tensor.contiguous());
        save_tensors(path, &self.weights.on_cpu().into_iter().map(plain).collect::<Vec<_>>())
    }

    /// Takes the weights that [`Network::save`] wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or is not of the same network.
    pub fn load(&mut self, path: &Path) -> Result<()> {
        let shown = path.display();
        ensure!(path.exists(), "{shown}: the weights to continue from are gone; restore them, or {ANEW}");
        let read = Tensor::read_safetensors(path)
            .map_err(|e| anyhow!("{shown}: cannot read the weights ({}); restore them, or {ANEW}", one_line(&e)))?;
        let mut variables = self.store().variables();
        let fits = read.len() == variables.len()
            && read.iter().all(|(name, tensor)| variables.get(name).is_some_and(|own| own.size() == tensor.size()));
        ensure!(fits, "{shown}: the weights are not of this network; restore them, or {ANEW}");
        tch::no_grad(|| {
            for (name, tensor) in &read {
                variables.get_mut(name).expect("just looked up").copy_(tensor);
            }
        });
        self.weights.written();
        Ok(())
    }

    /// Takes the weights of a snapshot of the same network.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.weights.restore(&snapshot.0);
    }
}

/// Writes named tensors aside, and renames the file into place.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn save_tensors(path: &Path, tensors: &[(String, Tensor)]) -> Result<()> {
    let written = || -> Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        // Named as other files are that a kill may leave behind.
        let aside = tempfile::Builder::new().prefix(".").suffix(".tmp").tempfile_in(folder)?;
        Tensor::write_safetensors(tensors, aside.path())?;
        aside.as_file().sync_all()?;
        aside.persist(path)?;
        Ok(())
    };
    written()
        .map_err(|e| anyhow!("{}: cannot be written ({e:#}); free some disk space, then run again", path.display()))
}

fn one_line(error: &tch::TchError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Weights at one moment.
#[derive(Debug)]
pub struct Snapshot(Tensor);
