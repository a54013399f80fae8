//! Forward passes over many images.

use anyhow::Result;
use tch::Tensor;

use crate::dataset::{Dataset, Input};
use crate::model::Network;
use crate::task::{Metrics, Task};
use pt4al_results::spec::Cut;

/// Returns the size of minibatches for inference on a split. It bounds memory and changes no value, because batch norm uses its
/// running statistics.
pub(crate) fn minibatches(split: &dyn Dataset) -> Cut {
    let most = if split.device().is_cuda() { 2000 } else { 250 };
    // As many pixels as `most` images of CIFAR-10 have.
    let [height, width] = split.size();
    Cut::of((most * 32 * 32 / (height * width).max(1)).clamp(1, most))
}

/// Runs `network` on images of a split, named by their indices, in minibatches and in this order. Calls `each` with the features
/// (`[n, d]`), outputs and targets of every minibatch.
///
/// # Errors
/// If images cannot be read any more.
pub fn infer(
    network: &Network,
    split: &dyn Dataset,
    indices: &[usize],
    input: &Input,
    each: &mut dyn FnMut(Tensor, Tensor, &Tensor),
) -> Result<()> {
    for part in split.minibatches(indices, minibatches(split)) {
        let part = part?;
        let (features, outputs) = network.infer(&input.prepare(&part.images));
        each(features, outputs, &part.targets);
    }
    Ok(())
}

/// Returns the task's metrics on images of a split, named by their indices in it.
///
/// # Errors
/// If images cannot be read any more.
pub fn evaluate(
    network: &Network,
    task: &dyn Task,
    split: &dyn Dataset,
    indices: &[usize],
    input: &Input,
) -> Result<Metrics> {
    let mut meter = task.meter();
    infer(network, split, indices, input, &mut |_, outputs, targets| meter.add(&outputs, targets))?;
    Ok(meter.metrics())
}
