//! Forward passes over many images.

use tch::{Device, Tensor};

use crate::data::Dataset;
use crate::data::augment::normalized;
use crate::model::Network;
use crate::spec::Normalize;
use crate::task::Task;

/// Images in a forward pass. It bounds memory and nothing else: batch norm uses its running statistics here.
pub(crate) fn minibatch(device: Device) -> usize {
    if device.is_cuda() { 2000 } else { 250 }
}

/// Calls `each` with the features `[n, d]`, the outputs `[n, k]` and the indices of every minibatch, in order.
pub fn infer(
    network: &Network,
    split: &dyn Dataset,
    positions: &[usize],
    normalize: &Normalize,
    each: &mut dyn FnMut(Tensor, Tensor, &Tensor),
) {
    let positions: Vec<i64> = positions.iter().map(|&i| i as i64).collect();
    if positions.is_empty() {
        return;
    }
    let positions = Tensor::from_slice(&positions).to_device(split.device());
    for indices in positions.split(minibatch(split.device()) as i64, 0) {
        let images = normalized(&split.images(&indices), normalize);
        let (features, outputs) = network.infer(&images);
        each(features, outputs, &indices);
    }
}

/// The task's metrics on positions of a split.
pub fn evaluate(
    network: &Network,
    task: &dyn Task,
    split: &dyn Dataset,
    positions: &[usize],
    normalize: &Normalize,
) -> Vec<(&'static str, f64)> {
    let mut meter = task.meter();
    infer(network, split, positions, normalize, &mut |_, outputs, indices| {
        meter.add(&outputs, &split.targets(indices))
    });
    meter.metrics()
}
