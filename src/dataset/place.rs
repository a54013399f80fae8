//! Where a minibatch lies in its epoch.

use tch::Tensor;

/// Which rows of an epoch's draws a minibatch has: the first one, with the others after it, or all of them by number. Both give the
/// same. Numbers can be computed on a device from a position that is there, so that a step that is recorded once serves every
/// minibatch.
#[derive(Debug)]
pub enum Place {
    First(i64),
    /// int64 `[n]`.
    Rows(Tensor),
}

impl Place {
    /// The `n` rows of the minibatch out of `[epoch, ...]`.
    pub fn take(&self, all: &Tensor, n: i64) -> Tensor {
        match self {
            Self::First(first) => all.narrow(0, *first, n),
            Self::Rows(rows) => all.index_select(0, rows),
        }
    }
}

/// What an epoch reads: tensors with a row for each image.
pub(crate) trait Rows {
    /// All of them, always in the same order.
    fn tensors(&mut self) -> Vec<&mut Tensor>;
}

impl Rows for Tensor {
    fn tensors(&mut self) -> Vec<&mut Tensor> {
        vec![self]
    }
}

/// What an epoch reads, anew for each; where steps are recorded, in memory that stays where it is.
#[derive(Debug)]
pub(crate) struct Held<T>(Option<T>);

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Rows> Held<T> {
    /// Holds `next` from now on. With `room`, in memory for so many rows that is taken once.
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

/// The rows of a tensor in memory for `room` rows; those after them are zero.
fn roomy(tensor: &Tensor, room: i64) -> Tensor {
    let mut size = tensor.size();
    let rows = std::mem::replace(&mut size[0], room);
    let all = Tensor::zeros(&size, (tensor.kind(), tensor.device()));
    all.narrow(0, 0, rows).copy_(tensor);
    all
}
