//! Optimizers in specs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The optimizer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Stochastic gradient descent with momentum, as PyTorch defines it.
    Sgd(Sgd),
    /// Adam with decoupled weight decay, as PyTorch defines it.
    ///
    /// Source: Loshchilov and Hutter, ICLR 2019.
    #[serde(rename = "adamw")]
    AdamW(AdamW),
}

impl Optimizer {
    /// Returns the learning rate, which the schedule multiplies by its factors.
    pub fn lr(&self) -> f64 {
        match self {
            Self::Sgd(sgd) => sgd.lr,
            Self::AdamW(adamw) => adamw.lr,
        }
    }

    /// Returns the name in the spec.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sgd(_) => "sgd",
            Self::AdamW(_) => "adamw",
        }
    }

    /// Returns the key of the learning rate, for messages. `table` is the table that holds the optimizer: `train` or
    /// `pretext`.
    pub fn lr_key(&self, table: &str) -> String {
        format!("{table}.optimizer.{}.lr", self.name())
    }
}

/// Options of `sgd`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sgd {
    /// The learning rate at the start, above 0.
    ///
    /// Source: 0.1 in the official code (`main.py`, `rotation.py`).
    #[schemars(example = 0.1)]
    pub lr: f64,
    /// The momentum, from 0 to below 1. The schedule `one-cycle` sets it in each step instead.
    ///
    /// Source: 0.9 in the official code (`main.py`, `rotation.py`).
    #[schemars(example = 0.9)]
    pub momentum: f64,
    /// The weight decay, 0 or more. All weights decay, also biases and those of batch norm, as is PyTorch's default.
    ///
    /// Source: 5e-4 in the official code (`main.py`, `rotation.py`).
    #[schemars(example = 5e-4)]
    pub weight_decay: f64,
    /// Nesterov momentum, as PyTorch defines it: a step goes along the gradient plus momentum times the velocity. It needs a
    /// momentum above 0.
    ///
    /// Source: false in the official code (`main.py`, `rotation.py`).
    #[serde(default, skip_serializing_if = "crate::spec::is_default")]
    #[schemars(!skip_serializing_if)]
    pub nesterov: bool,
}

/// Options of `adamw`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AdamW {
    /// The learning rate at the start, above 0.
    ///
    /// Source: 0.001 in PyTorch.
    #[schemars(example = 0.001)]
    pub lr: f64,
    /// How much of the running means of the gradient and of its square a step keeps, from 0 to below 1. The schedule `one-cycle`
    /// sets the first one in each step instead.
    ///
    /// Source: PyTorch.
    #[serde(default = "betas")]
    pub betas: [f64; 2],
    /// The number that is added to the root of the mean square, at least 1e-30.
    ///
    /// Source: PyTorch.
    #[serde(default = "eps")]
    pub eps: f64,
    /// The weight decay, 0 or more: each step subtracts the learning rate times this part of each weight. All weights decay, also
    /// biases and those of batch norm, as is PyTorch's default.
    ///
    /// Source: PyTorch.
    #[serde(default = "weight_decay")]
    pub weight_decay: f64,
}

fn betas() -> [f64; 2] {
    [0.9, 0.999]
}

fn eps() -> f64 {
    1e-8
}

fn weight_decay() -> f64 {
    0.01
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_optimizer_is_written_as_it_is_read_and_plain_sgd_as_before_there_was_nesterov() {
        for (read, written) in [
            (
                r#"{"sgd":{"lr":0.1,"momentum":0.9,"weight-decay":0.0005}}"#,
                r#"{"sgd":{"lr":0.1,"momentum":0.9,"weight-decay":0.0005}}"#,
            ),
            (
                r#"{"sgd":{"lr":0.1,"momentum":0.9,"weight-decay":0.0,"nesterov":true}}"#,
                r#"{"sgd":{"lr":0.1,"momentum":0.9,"weight-decay":0.0,"nesterov":true}}"#,
            ),
            (
                r#"{"adamw":{"lr":0.001}}"#,
                r#"{"adamw":{"lr":0.001,"betas":[0.9,0.999],"eps":1e-8,"weight-decay":0.01}}"#,
            ),
        ] {
            let optimizer: Optimizer = serde_json::from_str(read).unwrap();
            assert_eq!(serde_json::to_string(&optimizer).unwrap(), written);
        }
    }

    #[test]
    fn the_key_of_the_learning_rate_names_the_optimizer() {
        let adamw: Optimizer = serde_json::from_str(r#"{"adamw":{"lr":0.001}}"#).unwrap();
        assert_eq!((adamw.lr(), adamw.lr_key("pretext").as_str()), (0.001, "pretext.optimizer.adamw.lr"));
    }
}
