//! The place of a minibatch in its epoch.

use tch::Tensor;

/// The rows of an epoch's draws that belong to a minibatch. Both forms give the same values. `Rows` can be computed on the
/// device, so that a step that is recorded once (a CUDA graph) can be repeated for every minibatch.
#[derive(Debug)]
pub enum Place {
    /// The first row; the others follow it.
    First(i64),
    /// All rows: int64 `[n]`.
    Rows(Tensor),
}

impl Place {
    /// Selects the `n` rows of the minibatch from `[epoch, ...]`.
    pub fn take(&self, all: &Tensor, n: i64) -> Tensor {
        match self {
            Self::First(first) => all.narrow(0, *first, n),
            Self::Rows(rows) => all.index_select(0, rows),
        }
    }
}

/// Values that an epoch reads: tensors with a row for each image.
pub(crate) trait Rows {
    /// All tensors, always in the same order.
    fn tensors(&mut self) -> Vec<&mut Tensor>;
}

impl Rows for Tensor {
    fn tensors(&mut self) -> Vec<&mut Tensor> {
        vec![self]
    }
}

/// Holds the values that an epoch reads. If steps are recorded, their memory stays at the same address for all epochs.
#[derive(Debug)]
pub(crate) struct Held<T>(Option<T>);

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Rows> Held<T> {
    /// Replaces the values by `next`. With `room`, memory for that many rows is allocated once and used again.
    pub fn hold(&mut self, mut next: T, room: Option<i64>) -> &T {
        match (room, &mut self.0) {
            (Some(_), Some(held)) => {
                for (held, next) in held.tensors().into_iter().zip(next.tensors()) {
                    held.narrow(0, 0, next.size()[0]).copy_(next);
                }
            }
            (Some(room), held @ None) => {
                next.tensors().into_iter().for_each(|tensor| *tensor = roomy(tensor, room));
                *held = Some(next);
            }
            (None, held) => *held = Some(next),
        }
        self.0.as_ref().expect("just held")
    }
}

/// Copies a tensor into memory for `room` rows, and sets the other rows to zero.
fn roomy(tensor: &Tensor, room: i64) -> Tensor {
    let mut size = tensor.size();
    let rows = std::mem::replace(&mut size[0], room);
    let all = Tensor::zeros(&size, (tensor.kind(), tensor.device()));
    all.narrow(0, 0, rows).copy_(tensor);
    all
}
