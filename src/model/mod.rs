//! Networks: a body that computes features, a head, and seeded weights.

mod drn;
mod given;
mod head;
mod init;
mod layers;
#[cfg(test)]
mod reference;
mod resnet;
mod script;
mod siamese;
#[cfg(test)]
mod tests;
mod weights;
mod wide_resnet;

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use tch::nn::{self, VarStore};
use tch::{Device, Kind, Tensor};

pub use head::Head;
use head::{Layers, Upsample};
use layers::Body;
use pt4al_results::spec::{Arch, Filters, ModelSpec, NetworkSpec, Precision, Spec};
use pt4al_results::store::{ANEW, checksums};
use resnet::Blocks;
pub use siamese::SiameseSizes;
use weights::Weights;

/// A network: its body computes features of images, its head computes outputs from features.
#[derive(Debug)]
pub struct Network {
    weights: Weights,
    body: Box<dyn Body>,
    head: Layers,
    filters: Filters,
    zero_residuals: bool,
    /// The initial weights of a TorchScript file, on the CPU, by the name of the variable.
    given_weights: HashMap<String, Tensor>,
}

impl Network {
    /// A network in single precision with the outputs of `head`, for images of `size` (height, width). The weights are zero until
    /// [`Network::initialise`].
    ///
    /// # Errors
    /// If the model is a TorchScript file that cannot be read, or that does not fit such images.
    pub fn new(spec: &ModelSpec, head: Head, size: [usize; 2], device: Device) -> Result<Self> {
        let store = VarStore::new(device);
        let root = store.root();
        let mut given_weights = HashMap::new();
        let (mut body, channels, upsample, filters) = match spec {
            ModelSpec::Network(network) => {
                let (body, channels, upsample) = body(&root, network);
                (body, channels, upsample, network.filters)
            }
            ModelSpec::Features(features) => {
                let (body, channels) = given::given(&root, features);
                (Box::new(body) as Box<dyn Body>, channels, Upsample::Resize, Filters::default())
            }
            ModelSpec::Script(script) => {
                let (body, channels, weights) = script::script(&root, script, size)?;
                given_weights = weights;
                (Box::new(body) as Box<dyn Body>, channels, Upsample::Resize, Filters::default())
            }
        };
        let head = Layers::new(&root, head, channels, upsample);
        let weights = Weights::new(store, body.convolutions(), Precision::F32);
        Ok(Self { weights, body, head, filters, zero_residuals: false, given_weights })
    }

    /// Returns the network in another precision, with the same weights.
    pub fn in_precision(self, precision: Precision) -> Self {
        let Self { weights, mut body, .. } = self;
        body.convert(weights.device(), precision);
        Self { weights: weights.in_precision(body.convolutions(), precision), body, ..self }
    }

    /// Returns the network. If `zero`, [`Network::initialise`] sets the scale of each residual block's last batch norm to 0, so
    /// that every block starts as its shortcut.
    pub fn with_zero_residuals(self, zero: bool) -> Self {
        Self { zero_residuals: zero, ..self }
    }

    /// Returns the input of the head for normalised images `[n, 3, h, w]`, or for given features `[n, d]`: the map
    /// `[n, d, h', w']` for a head for pixels, and `[n, d]` for other heads. With `train`, batch norm uses and updates the statistics of the minibatch.
    pub fn features(&self, images: &Tensor, train: bool) -> Tensor {
        let computed = match self.weights.precision() {
            Precision::Bf16 => Kind::BFloat16,
            Precision::F32 | Precision::Tf32 | Precision::F64 => self.kind(),
        };
        self.head.features(&self.body.forward_t(&images.to_kind(computed), train), self.kind())
    }

    /// Returns the outputs for normalised images `[n, 3, h, w]` or given features `[n, d]`, in the shape that [`Head`] says. `train` is as in
    /// [`Network::features`].
    pub fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        self.outputs(&self.features(images, train), images, train)
    }

    /// Returns features `[n, d]` and outputs, without gradients. For a head for pixels the features are the mean of the map.
    pub fn infer(&self, images: &Tensor) -> (Tensor, Tensor) {
        tch::no_grad(|| {
            let features = self.features(images, false);
            let outputs = self.outputs(&features, images, false);
            let features = if features.dim() == 4 { head::pooled(&features, self.kind()) } else { features };
            (features, outputs)
        })
    }

    fn outputs(&self, features: &Tensor, images: &Tensor, train: bool) -> Tensor {
        // Only a head for pixels reads the size.
        let (height, width) = match images.size()[..] {
            [_, _, height, width] => (height, width),
            _ => (1, 1),
        };
        self.head.forward(features, height, width, train)
    }

    /// Returns the variables by name. A network in bf16 computes with a copy of its filters, so writing to filters here does
    /// not change its outputs.
    pub fn store(&self) -> &VarStore {
        self.weights.store()
    }

    /// Returns a number that no other network of this process has.
    pub(crate) fn id(&self) -> usize {
        self.weights.id()
    }

    /// Returns the device of the weights.
    pub fn device(&self) -> Device {
        self.weights.device()
    }

    /// Returns the kind of weights, features and outputs: float, or double in [`Precision::F64`].
    pub fn kind(&self) -> Kind {
        self.weights.kind()
    }

    /// Returns the number of trained numbers.
    pub fn parameters(&self) -> usize {
        self.store().trainable_variables().iter().map(Tensor::numel).sum()
    }

    /// Returns the gradient of a scalar with respect to all trained numbers, `[p]`. The next call overwrites it.
    pub(crate) fn gradient(&self, loss: &Tensor) -> &Tensor {
        self.weights.gradient(loss)
    }

    /// Gives `change` all trained numbers, `[p]`, in the order of [`Network::gradient`], and lets it write to them. Some numbers
    /// of `[p]` are padding.
    pub(crate) fn train(&self, change: impl FnOnce(&mut Tensor)) {
        // A guard, so that gradients are switched on again if libtorch panics.
        let _off = tch::no_grad_guard();
        change(&mut self.weights.trained());
        self.weights.written();
    }

    /// Copies all weights and batch norm's statistics.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.weights.copy())
    }

    /// Writes all weights and batch norm's statistics in the safetensors format, over a file that may exist: for a temporary file
    /// (`TrialFiles::stage_weights`).
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        // Filters are channels last in memory, and the format has only one layout.
        let contiguous = |(name, tensor): (String, Tensor)| (name, tensor.contiguous());
        save_tensors(path, &self.weights.on_cpu().into_iter().map(contiguous).collect::<Vec<_>>())
    }

    /// Reads the weights that [`Network::save`] wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or its variables are not those of this network.
    pub fn load(&mut self, path: &Path) -> Result<()> {
        let shown = path.display();
        ensure!(path.exists(), "{shown}: the weights to continue from are gone; restore them, or {ANEW}");
        checksums::check(path)?;
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

    /// Returns 16 hexadecimal digits that stand for the variables of this network and their order in a [`Snapshot`].
    pub(crate) fn layout(&self) -> String {
        self.weights.layout()
    }

    /// Makes a snapshot of the numbers of one ([`Snapshot::numbers`]); `None` if they are not of a network of this size and kind.
    pub(crate) fn snapshot_of(&self, numbers: &Tensor) -> Option<Snapshot> {
        self.weights.fits(numbers).then(|| Snapshot(numbers.to_device(self.device())))
    }

    /// Sets weights and statistics to those of a snapshot of this network.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.weights.restore(&snapshot.0);
    }
}

/// Checks that the TorchScript files of a spec, if it has any, fit its images.
///
/// # Errors
/// As for [`Network::new`].
pub fn check(spec: &Spec) -> Result<()> {
    for (_, protocol) in spec.protocols().filter(|(_, protocol)| protocol.model.script().is_some()) {
        Network::new(&protocol.model, Head::Image(1), protocol.trained_size(), Device::Cpu)?;
    }
    Ok(())
}

/// Returns the body of a network, the number of channels of its map, and how a head for pixels enlarges it.
fn body(root: &nn::Path, spec: &NetworkSpec) -> (Box<dyn Body>, i64, Upsample) {
    let width = spec.width as i64;
    let resnet = |blocks| {
        let (body, channels) = resnet::resnet(root, blocks, spec.stem, width);
        (Box::new(body) as Box<dyn Body>, channels, Upsample::Resize)
    };
    match spec.arch {
        Arch::ResNet18 => resnet(Blocks::Basic),
        Arch::ResNet50 => resnet(Blocks::Bottleneck),
        Arch::DrnD22 => {
            let (body, channels) = drn::drn_d_22(root, width);
            (Box::new(body), channels, Upsample::Fixed { stride: drn::STRIDE })
        }
        Arch::WideResNet28 => {
            let (body, channels) = wide_resnet::wide_resnet_28(root, width);
            (Box::new(body), channels, Upsample::Resize)
        }
    }
}

/// Writes named tensors over a file that may exist: for a temporary file.
///
/// # Errors
/// If the file cannot be written: the reason, without the name of the file.
pub(crate) fn save_tensors(path: &Path, tensors: &[(String, Tensor)]) -> Result<()> {
    Tensor::write_safetensors(tensors, path).map_err(|e| {
        let text = one_line(&e);
        // Of an error of the system, only its message: the rest is the structure of a Rust value.
        let reason = text.split_once("message: \"").and_then(|(_, rest)| Some(rest.split_once('"')?.0.to_owned()));
        anyhow!("{}", reason.unwrap_or(text))
    })
}

fn one_line(error: &tch::TchError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// A copy of a network's weights and of batch norm's statistics.
#[derive(Debug)]
pub struct Snapshot(Tensor);

impl Snapshot {
    /// Returns all numbers, `[n]`, in an order that [`Network::layout`] stands for.
    pub(crate) fn numbers(&self) -> &Tensor {
        &self.0
    }
}
