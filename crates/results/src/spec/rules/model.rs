//! The rules of `[model]`: a network, features in its place, or a TorchScript file.

use anyhow::{Result, bail, ensure};

use super::check_count;
use crate::spec::{Arch, Channels, FeaturesSpec, Labeled, LossSource, ModelSpec, NetworkSpec, Spec, Stem};

/// The largest hidden layer, so that a mistyped number is an error before it takes memory.
const LARGEST_HIDDEN: usize = 65_536;

/// # Errors
/// One line that opens with the key.
pub(super) fn check(spec: &Spec) -> Result<()> {
    match &spec.model {
        ModelSpec::Network(network) => check_network(network, spec),
        ModelSpec::Features(features) => check_features(features, spec),
        ModelSpec::Script(_) => check_script(spec),
    }
}

fn check_network(network: &NetworkSpec, spec: &Spec) -> Result<()> {
    check_count("model.width", network.width, 1024)?;
    let (dataset, labels) = (spec.dataset.name(), spec.dataset.task().labels());
    let one_form = |name: &str| {
        ensure!(
            network.stem == Stem::default(),
            "`model.stem` is for ResNets, but `model.arch` is \"{name}\", whose first layers have one form; remove it"
        );
        Ok(())
    };
    let classifies = |what: &str| {
        ensure!(
            labels == Labeled::Images,
            "`model.arch` is a {what}, which gives a class for each image, but {dataset} needs one for each pixel; use \
             drn-d-22"
        );
        Ok(())
    };
    match network.arch {
        Arch::DrnD22 => one_form("drn-d-22"),
        Arch::WideResNet28 => one_form("wide-resnet-28").and_then(|()| classifies("Wide ResNet")),
        Arch::ResNet18 | Arch::ResNet50 => classifies("ResNet"),
    }
}

fn check_script(spec: &Spec) -> Result<()> {
    ensure!(
        spec.dataset.task().labels() == Labeled::Images,
        "`model.torchscript` gives a class for each image, but {} needs one for each pixel; use arch = \"drn-d-22\"",
        spec.dataset.name()
    );
    let bf16 = |table: &str, precision| {
        ensure!(
            spec.model.computes_in(precision),
            "`{table}.precision` is \"bf16\", but the convolutions of `model.torchscript` cannot be told apart from its other \
             operations; use \"tf32\" or \"f32\""
        );
        Ok(())
    };
    bf16("train", spec.train.precision)?;
    spec.learner().map_or(Ok(()), |learner| bf16("pretext", learner.precision))
}

/// Features are fixed numbers of whole images: what changes images, or needs them, has no meaning.
fn check_features(features: &FeaturesSpec, spec: &Spec) -> Result<()> {
    if let Some(hidden) = features.hidden {
        check_count("model.hidden", hidden, LARGEST_HIDDEN)?;
    }
    ensure!(
        spec.dataset.task().labels() == Labeled::Images,
        "`model.features` gives a class for each image, but {} needs one for each pixel; use arch = \"drn-d-22\"",
        spec.dataset.name()
    );
    ensure!(
        spec.train.augment.is_empty(),
        "`train.augment` changes images, but `model.features` are fixed; write augment = []"
    );
    ensure!(
        spec.channels == Channels::default(),
        "`channels` is the order of the colours of images, but `model.features` are fixed; remove it"
    );
    ensure!(
        spec.model.computes_in(spec.train.precision),
        "`train.precision` is \"bf16\", the format of convolutions, but a head on `model.features` has none; use \"tf32\" or \
         \"f32\""
    );
    if let Some(LossSource::Learner(_)) = spec.pretext.as_ref().map(|pretext| &pretext.losses) {
        bail!(
            "`pretext.task` trains a network on images, but `model.features` are fixed; remove [pretext], or name a file with \
             `pretext.losses` (`pt4al pretext losses` makes one, with a spec whose model is a network)"
        );
    }
    Ok(())
}
