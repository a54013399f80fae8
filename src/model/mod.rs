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

use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use tch::nn::{ModuleT, VarStore};
use tch::{Device, Kind, Tensor};

use crate::spec::{Arch, ModelSpec, Precision};
use crate::store::ANEW;
pub use head::Head;
use head::{Layers, Upsample};
use resnet::Blocks;

/// A network that turns images into features, and features into outputs.
#[derive(Debug)]
pub struct Network {
    store: VarStore,
    body: Box<dyn ModuleT>,
    head: Layers,
}

impl Network {
    /// A network in single precision with the outputs of `head`. Its weights are zero until [`Network::initialise`].
    pub fn new(spec: &ModelSpec, head: Head, device: Device) -> Self {
        let store = VarStore::new(device);
        let root = store.root();
        let width = spec.width as i64;
        let resnet = |blocks| {
            let (body, channels) = resnet::resnet(&root, blocks, spec.stem, width);
            (Box::new(body) as Box<dyn ModuleT>, channels, Upsample::Resize)
        };
        let (body, channels, upsample) = match spec.arch {
            Arch::ResNet18 => resnet(Blocks::Basic),
            Arch::ResNet50 => resnet(Blocks::Bottleneck),
            Arch::DrnD22 => {
                let (body, channels) = drn::drn_d_22(&root, width);
                (Box::new(body) as Box<dyn ModuleT>, channels, Upsample::Fixed { stride: drn::STRIDE })
            }
        };
        let head = Layers::new(&root, head, channels, upsample);
        init::lay_out(&store);
        Self { store, body, head }
    }

    /// The same network in another precision.
    pub fn in_precision(mut self, precision: Precision) -> Self {
        self.store.set_kind(match precision {
            Precision::F32 => Kind::Float,
            Precision::F64 => Kind::Double,
        });
        self
    }

    /// The features before the head, for normalised images `[n, 3, h, w]`: `[n, d]` where the head answers for images,
    /// the map `[n, d, h', w']` where it answers for pixels. `train` makes batch norm use and update the statistics of
    /// the minibatch.
    pub fn features(&self, images: &Tensor, train: bool) -> Tensor {
        self.head.features(self.body.forward_t(&images.to_kind(self.kind()), train))
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
            let features = if features.dim() == 4 { head::pooled(&features) } else { features };
            (features, outputs)
        })
    }

    fn outputs(&self, features: &Tensor, images: &Tensor, train: bool) -> Tensor {
        let size = images.size();
        self.head.forward(features, size[2], size[3], train)
    }

    /// The trainable variables.
    pub fn store(&self) -> &VarStore {
        &self.store
    }

    /// The device of the weights.
    pub fn device(&self) -> Device {
        self.store.device()
    }

    /// The kind of its numbers: of weights, features and outputs.
    pub fn kind(&self) -> Kind {
        self.store.kind()
    }

    /// Trainable numbers.
    pub fn parameters(&self) -> usize {
        self.store.trainable_variables().iter().map(Tensor::numel).sum()
    }

    /// A copy of all weights and of batch norm's statistics.
    pub fn snapshot(&self) -> Snapshot {
        let copy = |(name, tensor): (String, Tensor)| (name, tensor.detach().copy());
        Snapshot(self.store.variables().into_iter().map(copy).collect())
    }

    /// Writes all weights and batch norm's statistics, aside first, in the safetensors format.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        // The format has no layouts, and filters are channels last.
        let plain = |(name, tensor): (String, Tensor)| (name, tensor.detach().contiguous());
        save_tensors(path, &self.store.variables().into_iter().map(plain).collect::<Vec<_>>())
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
        let mut variables = self.store.variables();
        let fits = read.len() == variables.len()
            && read.iter().all(|(name, tensor)| variables.get(name).is_some_and(|own| own.size() == tensor.size()));
        ensure!(fits, "{shown}: the weights are not of this network; restore them, or {ANEW}");
        tch::no_grad(|| {
            for (name, tensor) in &read {
                variables.get_mut(name).expect("just looked up").copy_(tensor);
            }
        });
        Ok(())
    }

    /// Takes the weights of a snapshot of the same network.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        let mut variables = self.store.variables();
        tch::no_grad(|| {
            for (name, tensor) in &snapshot.0 {
                variables.get_mut(name).expect("a snapshot of the same network").copy_(tensor);
            }
        });
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
pub struct Snapshot(Vec<(String, Tensor)>);
