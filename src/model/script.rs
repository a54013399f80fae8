//! The body of a network from a TorchScript file.

use std::collections::HashMap;

use anyhow::{Result, anyhow, bail, ensure};
use tch::jit::{self, CModule};
use tch::nn::{ModuleT, Path};
use tch::{Device, Kind, Tensor};

use super::layers::{Body, Convolution};
use super::one_line;
use pt4al_results::spec::{Precision, ScriptSpec};

/// A module in evaluation mode: tch does not give access to the buffers of a module, so statistics that training changes could be
/// neither stored nor set back.
#[derive(Debug)]
pub(super) struct Script {
    module: CModule,
    frozen: bool,
}

/// Returns the module of a file, the number of features that it gives for images of `size` (height, width), and copies of its
/// parameters by the names of their variables.
///
/// # Errors
/// If the file is no TorchScript module, does not map such images to features, or has nothing to train and is not `frozen`.
pub(super) fn script(
    root: &Path,
    spec: &ScriptSpec,
    size: [usize; 2],
) -> Result<(Script, i64, HashMap<String, Tensor>)> {
    let shown = spec.file.display();
    ensure!(
        spec.file.exists(),
        "{shown}: not there; put the network there, or name its place with --set \"model.torchscript='/path/to/net.pt'\""
    );
    // The profiling executor runs other code after the first calls, which rounds differently: a resumed trial would differ.
    jit::f_set_profiling_mode(false)?;
    let unreadable = |e: tch::TchError| {
        let why = one_line(&e);
        // What torch.save writes is an archive too, but has no code in it. libtorch takes it for a damaged one.
        let why = match why.contains("constants.pkl") {
            true => {
                "it holds weights or another object of Python, as torch.save writes them, and no network".to_owned()
            }
            false => why.split(". ").next().unwrap_or_default().to_owned(),
        };
        anyhow!("{shown}: not a TorchScript file ({why}); write it with torch.jit.trace(...).save(...)")
    };
    let mut module = CModule::load_on_device(&spec.file, root.device()).map_err(unreadable)?;
    module.f_set_eval()?;
    let path = root / "body";
    let (mut given, mut trained) = (HashMap::new(), 0);
    for (index, (name, mut tensor)) in module.named_parameters()?.into_iter().enumerate() {
        ensure!(
            tensor.kind() == Kind::Float,
            "{shown}: its parameter {name} is of type {:?}; convert the network with .float() before it is saved",
            tensor.kind()
        );
        let trains = tensor.requires_grad() && !spec.frozen;
        trained += usize::from(trains);
        if !trains {
            tensor = tensor.set_requires_grad(false);
        }
        let name = format!("{index:04}_{}", name.replace('.', "_"));
        given.insert(format!("body.{name}"), tensor.detach().copy().to_device(Device::Cpu));
        let _ = path.add(&name, tensor, trains);
    }
    ensure!(
        spec.frozen || trained > 0,
        "{shown}: has no parameters to train (torch.jit.freeze makes constants of them); save it without that, or write frozen = true"
    );
    let script = Script { module, frozen: spec.frozen };
    let features = script.number_of_features(size, root.device()).map_err(|e| anyhow!("{shown}: {e:#}"))?;
    Ok((script, features, given))
}

impl Script {
    /// Returns the number of features of an image.
    fn number_of_features(&self, [height, width]: [usize; 2], device: Device) -> Result<i64> {
        let mut found = None;
        // A trace can hold the number of images of its example.
        for n in [1, 2, 3] {
            let images = Tensor::zeros([n, 3, height as i64, width as i64], (Kind::Float, device));
            let outputs = tch::no_grad(|| self.module.forward_ts(&[images])).map_err(|e| {
                let why = last_line(&e);
                if why.contains("did not return a tensor") {
                    return anyhow!(
                        "gives something else than one tensor, for instance a tuple; wrap the network so that it returns only its \
                         features, and save that"
                    );
                }
                let images = if n == 1 { "image" } else { "images" };
                anyhow!(
                    "does not take {n} {images} of {height} x {width} pixels ({why}); use images of the size that it was made for \
                     (`input` and `train.augment` decide it), or save it for any size and number"
                )
            })?;
            let features = match outputs.size()[..] {
                [rows, features] | [rows, features, _, _] if rows == n => features,
                ref size => bail!(
                    "makes {size:?} of {n} images; it must make [n, d] or [n, d, height, width]: save the network without its \
                     last layer"
                ),
            };
            ensure!(
                found.replace(features).is_none_or(|before| before == features),
                "the number of its features depends on the number of images; save the network without its last layer"
            );
        }
        found.ok_or_else(|| anyhow!("gives no features"))
    }
}

/// Returns the last line of an error that is not empty; torch writes the place in the module's code before it.
fn last_line(error: &tch::TchError) -> String {
    let text = error.to_string();
    // Traces of C++ frames follow the message.
    let text = text.split("Exception raised from").next().unwrap_or_default();
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

impl ModuleT for Script {
    fn forward_t(&self, images: &Tensor, _train: bool) -> Tensor {
        let forward = || self.module.forward_ts(&[images]).expect("it took images of this size when it was opened");
        if self.frozen { tch::no_grad(forward) } else { forward() }
    }
}

impl Body for Script {
    fn convert(&mut self, device: Device, precision: Precision) {
        if precision == Precision::F64 {
            self.module.to(device, Kind::Double, false);
        }
    }

    fn convolutions(&mut self) -> Vec<&mut Convolution> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
