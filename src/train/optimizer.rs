//! Optimizers: each changes all weights of a network at once, along the gradient of a loss.

mod adamw;
mod sgd;

use std::collections::HashMap;

use anyhow::{Context, Result};
use tch::Tensor;

use crate::model::Network;
use adamw::AdamW;
use pt4al_results::spec::{self, Rate};
use sgd::Sgd;

/// An optimizer. A step may be recorded as a CUDA graph, which never sees a plain number change. So all that changes between steps
/// is in tensors, which keep their places: learning rate, momentum and what past steps left.
#[derive(Debug)]
pub enum Optimizer {
    Sgd(Sgd),
    AdamW(AdamW),
}

impl Optimizer {
    /// The optimizer of a spec for `network`, before its first step and with the spec's own learning rate and momentum.
    pub fn new(spec: &spec::Optimizer, network: &Network) -> Self {
        match spec {
            spec::Optimizer::Sgd(spec) => Self::Sgd(Sgd::new(*spec, network)),
            spec::Optimizer::AdamW(spec) => Self::AdamW(AdamW::new(*spec, network)),
        }
    }

    /// Forgets past steps. Call it before a training.
    pub fn restart(&mut self) {
        match self {
            Self::Sgd(sgd) => sgd.restart(),
            Self::AdamW(adamw) => adamw.restart(),
        }
    }

    /// Returns what past steps left, by name: tensors that the next step changes. With them and the weights, another optimizer of the
    /// same spec and network goes on as this one would ([`Optimizer::resume`]).
    pub fn past(&self) -> Vec<(&'static str, &Tensor)> {
        match self {
            Self::Sgd(sgd) => sgd.past(),
            Self::AdamW(adamw) => adamw.past(),
        }
    }

    /// Sets what past steps left to copies of [`Optimizer::past`]. The tensors keep their places.
    ///
    /// # Errors
    /// If a name is missing, or its tensor has another shape or kind.
    pub fn resume(&mut self, past: &HashMap<String, Tensor>) -> Result<()> {
        for (name, own) in self.past() {
            let kept = past.get(name).filter(|kept| kept.size() == own.size() && kept.kind() == own.kind());
            let kept =
                kept.with_context(|| format!("the optimizer's `{name}` is missing, or is not of this network"))?;
            tch::no_grad(|| own.shallow_clone().copy_(kept));
        }
        Ok(())
    }

    /// Sets the learning rate and the momentum of the next steps.
    pub fn set(&mut self, rate: Rate) {
        match self {
            Self::Sgd(sgd) => sgd.set(rate),
            Self::AdamW(adamw) => adamw.set(rate),
        }
    }

    /// Takes a step along the negative gradient of `loss`, a scalar.
    pub fn step(&mut self, network: &Network, loss: &Tensor) {
        match self {
            Self::Sgd(sgd) => sgd.step(network, loss),
            Self::AdamW(adamw) => adamw.step(network, loss),
        }
    }
}

#[cfg(test)]
mod tests;
