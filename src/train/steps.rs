//! Training steps, one minibatch each. They are launched kernel by kernel, or on CUDA recorded once as a graph and replayed.

use std::collections::{HashMap, VecDeque};

use anyhow::Result;
use tch::{Kind, Tensor};

use super::Optimizer;
use crate::dataset::Place;
use crate::device::graph::{self, Graph};
use crate::model::Network;
use pt4al_results::machine;
use pt4al_results::spec::{self, Rate};

/// The number of steps of one size that are launched before a step is recorded: in the first ones, libraries choose their
/// algorithms and allocate memory.
const LAUNCHED_FIRST: usize = 3;
/// The number of sizes whose recorded steps are kept: the spec's minibatch, the rest at the end of an epoch, and one more.
const KEPT: usize = 3;

/// The steps of a network's trainings.
#[derive(Debug)]
pub(crate) struct Steps {
    optimizer: Optimizer,
    /// What the optimizer was last set to.
    rate: Option<Rate>,
    /// The sum of the losses of the epoch's images so far, `[]`.
    total: Tensor,
    /// The number of the epoch's images trained on so far.
    done: i64,
    how: How,
}

/// How a step finds its images in the epoch.
#[derive(Debug)]
enum How {
    /// The host gives the place; steps are not recorded.
    Each,
    /// The device has the place: `at` is int64 `[]` and equals `done`. Steps are recorded if `records` is some.
    Placed { at: Tensor, records: Option<Records> },
}

/// Recorded steps by their number of images, last used first.
#[derive(Debug, Default)]
struct Records(VecDeque<(i64, Recorded)>);

#[derive(Debug)]
enum Recorded {
    /// The number of steps launched so far; none is recorded yet.
    Launched(usize),
    Graph(Graph),
}

impl Steps {
    /// Steps on `network` by an optimizer of a spec. They are recorded if the device can do it.
    pub fn new(optimizer: &spec::Optimizer, network: &Network) -> Self {
        let recorded = graph::why_not(network.device()).is_none();
        let how = if recorded { Self::placed(network, Some(Records::default())) } else { How::Each };
        Self::launched(optimizer, network, how)
    }

    fn launched(optimizer: &spec::Optimizer, network: &Network, how: How) -> Self {
        let total = Tensor::zeros([], (network.kind(), network.device()));
        Self { optimizer: Optimizer::new(optimizer, network), rate: None, total, done: 0, how }
    }

    fn placed(network: &Network, records: Option<Records>) -> How {
        How::Placed { at: Tensor::zeros([], (Kind::Int64, network.device())), records }
    }

    /// Steps that read their place from the device, as recorded steps do, but are not recorded. They run on any device.
    #[cfg(test)]
    pub fn in_place(optimizer: &spec::Optimizer, network: &Network) -> Self {
        Self::launched(optimizer, network, Self::placed(network, None))
    }

    /// Whether steps may be recorded. The tensors that they read must then keep their addresses from epoch to epoch.
    pub fn stay_in_place(&self) -> bool {
        matches!(self.how, How::Placed { .. })
    }

    /// Starts a training: the optimizer forgets past steps.
    pub fn begin_training(&mut self) {
        self.optimizer.restart();
    }

    /// Goes on with a training whose past steps left `past` ([`Optimizer::past`]).
    ///
    /// # Errors
    /// As for [`Optimizer::resume`].
    pub fn resume_training(&mut self, past: &HashMap<String, Tensor>) -> Result<()> {
        self.optimizer.resume(past)
    }

    /// Returns the optimizer.
    pub fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// Starts an epoch.
    pub fn begin_epoch(&mut self) {
        let _ = self.total.zero_();
        self.done = 0;
        if let How::Placed { at, .. } = &mut self.how {
            let _ = at.zero_();
        }
    }

    /// Takes a step on the next `n` images of the epoch, with the learning rate and momentum of `rate`. `loss` returns the mean loss of
    /// the images at a place, with its gradient. Apart from the place, it must read the same tensors in every step.
    ///
    /// # Errors
    /// If a recorded step cannot be replayed.
    pub fn step(&mut self, network: &Network, n: i64, rate: Rate, loss: &dyn Fn(&Place) -> Tensor) -> Result<()> {
        let Self { optimizer, rate: last, total, done, how } = self;
        // Outside of what is recorded: the recorded step reads the tensors that this writes.
        if *last != Some(rate) {
            optimizer.set(rate);
            *last = Some(rate);
        }
        let mut take = |place: &Place| {
            let loss = loss(place);
            optimizer.step(network, &loss);
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
                match records.as_mut().map(|records| records.for_size(n)) {
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

    /// Returns the number of sizes whose steps are recorded.
    pub fn recorded(&self) -> usize {
        match &self.how {
            How::Placed { records: Some(Records(records)), .. } => {
                records.iter().filter(|record| matches!(record.1, Recorded::Graph(_))).count()
            }
            How::Each | How::Placed { records: None, .. } => 0,
        }
    }

    /// Returns the mean loss of the epoch's images so far. It waits for the device.
    pub fn mean_loss(&self) -> f64 {
        self.total.double_value(&[]) / self.done as f64
    }
}

impl Records {
    /// Returns the record of steps on `n` images, and makes it the last used one.
    fn for_size(&mut self, n: i64) -> &mut Recorded {
        let found = self.0.iter().position(|record| record.0 == n);
        let record = found.and_then(|at| self.0.remove(at)).unwrap_or((n, Recorded::Launched(0)));
        self.0.push_front(record);
        self.0.truncate(KEPT);
        &mut self.0[0].1
    }
}
