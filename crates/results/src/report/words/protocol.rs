//! Protocols in words: network, pretext task, imbalance.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::spec::{FeaturesSpec, Imbalance, LossSource, ModelSpec, PretextSpec, ScriptSpec, Spec, Stem};
use crate::words::{code, counted};

/// Experiment, profile and protocol.
pub(crate) fn identity(spec: &Spec) -> String {
    let (experiment, profile) = spec.identity();
    let profile = if profile.is_empty() { String::new() } else { format!(", profile {}", code(profile)) };
    format!("Experiment {}{profile}; protocol `{}`", code(experiment), spec.hash())
}

/// The network and what it sees, or the features in its place.
pub(crate) fn network(spec: &Spec) -> String {
    let [height, width] = spec.trained_size();
    let network = match &spec.model {
        ModelSpec::Network(network) => network,
        ModelSpec::Features(_) => return model(&spec.model),
        ModelSpec::Script(_) => return format!("{} on images of {height} x {width} pixels", model(&spec.model)),
    };
    let stem = if network.stem == Stem::Large { " with the 7x7 stem" } else { "" };
    format!("{}{stem} of width {} on images of {height} x {width} pixels", name(&network.arch), network.width)
}

/// `resnet18 of width 8`, `linear head on 512 features (cifar10.npz)`, or `the network net.pt`.
pub(crate) fn model(model: &ModelSpec) -> String {
    match model {
        ModelSpec::Network(network) => format!("{} of width {}", name(&network.arch), network.width),
        ModelSpec::Features(FeaturesSpec { file, dimension, hidden, .. }) => {
            let head = match hidden {
                None => "linear head".into(),
                Some(units) => format!("head with a hidden layer of {units}"),
            };
            let file = file.file_name().unwrap_or_default().to_string_lossy();
            format!("{head} on {} ({})", counted(*dimension, "feature"), file)
        }
        ModelSpec::Script(ScriptSpec { file, frozen, .. }) => {
            let file = file.file_name().unwrap_or_default().to_string_lossy();
            format!("the network {file}{}", if *frozen { ", whose weights are fixed," } else { "" })
        }
    }
}

/// Where the pretext losses are from.
pub(crate) fn pretext(pretext: &PretextSpec) -> String {
    match &pretext.losses {
        LossSource::Learner(learner) => format!(
            "Pretext task: {}, {}, {}, minibatch {}.",
            name(&learner.task),
            code(&name(&learner.precision)),
            counted(learner.epochs, "epoch"),
            learner.minibatch
        ),
        LossSource::File(losses) => {
            format!("Pretext losses: the file {} (SHA-256 {}).", losses.file.display(), losses.sha256)
        }
    }
}

/// How the pool was made imbalanced.
pub(crate) fn imbalance(imbalance: &Imbalance) -> String {
    match imbalance {
        Imbalance::LongTail(tail) => format!("Imbalance: long tail with ratio {}.", tail.ratio),
        Imbalance::Step(step) => {
            format!("Imbalance: {} of the classes cut to a part of {}.", step.classes, 1.0 / step.ratio)
        }
        Imbalance::Linear(linear) => format!("Imbalance: class k keeps {} (k + 1) images.", linear.step),
    }
}

/// `f32`, or `train bf16, pretext tf32` where the networks differ.
pub(crate) fn precision(protocol: &Spec) -> String {
    let networks = protocol.precision_of_networks();
    let different: BTreeSet<&str> = networks.values().map(|precision| precision.name()).collect();
    match different.len() {
        1 => different.into_iter().collect(),
        _ => networks
            .iter()
            .map(|(network, precision)| format!("{network} {}", precision.name()))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// The name that the spec has for a value of a closed set, without its options.
pub(crate) fn name(value: &impl Serialize) -> String {
    let name = match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Some(name),
        Ok(serde_json::Value::Object(options)) => options.keys().next().cloned(),
        _ => None,
    };
    name.unwrap_or_else(|| "another".into())
}
