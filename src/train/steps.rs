//! Training steps, one minibatch each: launched kernel by kernel, or on CUDA recorded once and replayed.

use std::collections::VecDeque;

use anyhow::Result;
use tch::{Kind, Tensor};

use super::sgd::Sgd;
use crate::dataset::Place;
use crate::device::graph::{self, Graph};
use crate::model::Network;
use pt4al_results::machine;
use pt4al_results::spec::Optimizer;

/// Steps of one size that are launched before one is recorded: libraries choose their algorithms and take their memory in the
/// first ones.
const LAUNCHED_FIRST: usize = 3;
/// Sizes whose records are kept: the minibatch of the spec, what is left at the end of an epoch, and one more.
const KEPT: usize = 3;

/// The steps of a network's trainings.
#[derive(Debug)]
pub(crate) struct Steps {
    sgd: Sgd,
    /// The sum over the images of the epoch of their losses, one number.
    total: Tensor,
    /// Images of the epoch that steps were taken on.
    done: i64,
    how: How,
}

/// How steps are launched.
#[derive(Debug)]
enum How {
    /// Each by itself, at a place that the host knows.
    Each,
    /// At a place that the device knows: int64 `[]`, what `done` is.
    Placed { at: Tensor, records: Option<Records> },
}

/// Recorded steps by their number of images, the last used first.
#[derive(Debug, Default)]
struct Records(VecDeque<(i64, Recorded)>);

#[derive(Debug)]
enum Recorded {
    /// Launched so often.
    Launched(usize),
    Graph(Graph),
}

impl Steps {
    /// Steps on `network` by an optimizer of a spec: recorded where the device can.
    pub fn new(optimizer: &Optimizer, network: &Network) -> Self {
        let recorded = graph::why_not(network.device()).is_none();
        let how = if recorded { Self::placed(network, Some(Records::default())) } else { How::Each };
        Self::launched(optimizer, network, how)
    }

    fn launched(optimizer: &Optimizer, network: &Network, how: How) -> Self {
        let total = Tensor::zeros([], (network.kind(), network.device()));
        Self { sgd: Sgd::new(optimizer, network), total, done: 0, how }
    }

    fn placed(network: &Network, records: Option<Records>) -> How {
        How::Placed { at: Tensor::zeros([], (Kind::Int64, network.device())), records }
    }

    /// Steps at places that the device knows, none of them recorded: what a recorded step does, on any device.
    #[cfg(test)]
    pub fn in_place(optimizer: &Optimizer, network: &Network) -> Self {
        Self::launched(optimizer, network, Self::placed(network, None))
    }

    /// Whether steps may be recorded: what they read must then stay where it is from one epoch to the next.
    pub fn stay_in_place(&self) -> bool {
        matches!(self.how, How::Placed { .. })
    }

    /// Before a training: the optimizer forgets.
    pub fn begin_training(&mut self) {
        self.sgd.restart();
    }

    /// Before an epoch, with a factor on the learning rate.
    pub fn begin_epoch(&mut self, factor: f64) {
        self.sgd.set_factor(factor);
        let _ = self.total.zero_();
        self.done = 0;
        if let How::Placed { at, .. } = &mut self.how {
            let _ = at.zero_();
        }
    }

    /// A step on the next `n` images of the epoch. `loss` gives the mean loss of the images at a place, with its gradient; what it
    /// reads but for that place must not depend on the step.
    ///
    /// # Errors
    /// If a recorded step cannot be replayed.
    pub fn step(&mut self, network: &Network, n: i64, loss: &dyn Fn(&Place) -> Tensor) -> Result<()> {
        let Self { sgd, total, done, how } = self;
        let mut take = |place: &Place| {
            let loss = loss(place);
            sgd.step(network, &loss);
            let _ = total.g_add_(&(loss.detach() * n));
        };
        let mut given_up = None;
        match how {
            How::Each => take(&Place::First(*done)),
            How::Placed { at, records } => {
                let mut placed = || {
                    let rows = Tensor::arange(n, (Kind::Int64, network.device())) + &*at;
                    take(&Place::Rows(rows));
                    let _ = at.g_add_scalar_(n);
                };
                match records.as_mut().map(|records| records.of(n)) {
                    None => placed(),
                    Some(Recorded::Launched(times)) if *times < LAUNCHED_FIRST => {
                        *times += 1;
                        placed();
                    }
                    Some(recorded @ Recorded::Launched(_)) => match Graph::record(&mut placed) {
                        Ok(graph) => {
                            graph.replay()?;
                            *recorded = Recorded::Graph(graph);
                        }
                        Err(error) => given_up = Some(error),
                    },
                    Some(Recorded::Graph(graph)) => graph.replay()?,
                }
                if let Some(error) = given_up {
                    machine::say(&format!("warning: no CUDA graphs, so training is slower: {error:#}"));
                    *records = None;
                    placed();
                }
            }
        }
        *done += n;
        Ok(())
    }

    /// Steps of how many sizes are recorded.
    pub fn recorded(&self) -> usize {
        match &self.how {
            How::Placed { records: Some(Records(records)), .. } => {
                records.iter().filter(|record| matches!(record.1, Recorded::Graph(_))).count()
            }
            How::Each | How::Placed { records: None, .. } => 0,
        }
    }

    /// The mean loss over the images of the epoch so far. It waits for the device.
    pub fn mean_loss(&self) -> f64 {
        self.total.double_value(&[]) / self.done as f64
    }
}

impl Records {
    /// The record of steps on `n` images.
    fn of(&mut self, n: i64) -> &mut Recorded {
        let found = self.0.iter().position(|record| record.0 == n);
        let record = found.and_then(|at| self.0.remove(at)).unwrap_or((n, Recorded::Launched(0)));
        self.0.push_front(record);
        self.0.truncate(KEPT);
        &mut self.0[0].1
    }
}
