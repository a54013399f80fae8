//! Forward passes over many images.

use anyhow::Result;
use tch::Tensor;

use crate::dataset::{Dataset, Input};
use crate::model::Network;
use crate::task::{Metrics, Task};
use pt4al_results::spec::Cut;

/// The minibatches of a split in inference. They bound memory and nothing else: batch norm uses its running statistics
/// here.
pub(crate) fn minibatches(split: &dyn Dataset) -> Cut {
    let most = if split.device().is_cuda() { 2000 } else { 250 };
    // As many pixels as that many images of CIFAR-10 have.
    let [height, width] = split.size();
    Cut::of((most * 32 * 32 / (height * width).max(1)).clamp(1, most))
}

/// Calls `each` with the features `[n, d]`, the outputs and the targets of every minibatch, in order.
///
/// # Errors
/// If images cannot be read any more.
pub fn infer(
    network: &Network,
    split: &dyn Dataset,
    positions: &[usize],
    input: &Input,
    each: &mut dyn FnMut(Tensor, Tensor, &Tensor),
) -> Result<()> {
    for part in split.minibatches(positions, minibatches(split)) {
        let part = part?;
        let (features, outputs) = network.infer(&input.prepare(&part.images));
        each(features, outputs, &part.targets);
    }
    Ok(())
}

/// The task's metrics on positions of a split.
///
/// # Errors
/// If images cannot be read any more.
pub fn evaluate(
    network: &Network,
    task: &dyn Task,
    split: &dyn Dataset,
    positions: &[usize],
    input: &Input,
) -> Result<Metrics> {
    let mut meter = task.meter();
    infer(network, split, positions, input, &mut |_, outputs, targets| meter.add(&outputs, targets))?;
    Ok(meter.metrics())
}
