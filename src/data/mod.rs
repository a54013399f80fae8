//! Data sets. [`read`] decodes a data set's files and knows nothing of tensors; [`open`] puts it on a device.

#[cfg(feature = "torch")]
pub mod augment;
pub mod catalogue;
pub mod cifar10;
pub mod fetch;
pub mod images;
#[cfg(feature = "torch")]
mod resident;
pub mod shapes;

use std::path::Path;

use anyhow::Result;

use crate::seed::{self, Purpose};
use crate::spec::{DatasetSpec, Normalize};
use images::Splits;

#[cfg(feature = "torch")]
pub use resident::Resident;

/// One split of a data set, as training and scoring see it.
#[cfg(feature = "torch")]
pub trait Dataset {
    /// Images in the split.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where images and targets are delivered, and where indices are expected.
    fn device(&self) -> tch::Device;

    /// uint8 `[n, height, width, 3]`, RGB, for int64 `[n]` positions in the split.
    fn images(&self, indices: &tch::Tensor) -> tch::Tensor;

    /// The oracle: int64 `[n]` classes.
    fn targets(&self, indices: &tch::Tensor) -> tch::Tensor;
}

/// A data set on a device.
#[cfg(feature = "torch")]
pub struct Data {
    pub train: Box<dyn Dataset>,
    pub test: Box<dyn Dataset>,
    pub classes: Vec<String>,
    /// Positions in `train` that form the pool, ascending.
    pub pool: Vec<usize>,
    pub normalize: Normalize,
}

/// Reads and checks the whole data set; `dir` is where data sets lie.
///
/// # Errors
/// One line that names the file and the remedy.
pub fn read(spec: &DatasetSpec, dir: &Path) -> Result<Splits> {
    let mut splits = match spec {
        DatasetSpec::Cifar10(_) => cifar10::read(dir)?,
        DatasetSpec::Shapes(shapes) => shapes::generate(shapes),
    };
    splits.origin.pool = pool(spec, splits.train.len()).len();
    Ok(splits)
}

/// The positions that form the pool, ascending: the whole train split, or the part that the spec asks for. The part
/// is the same for all trials: it is the experiment's data, not a trial's luck.
pub fn pool(spec: &DatasetSpec, train: usize) -> Vec<usize> {
    let all: Vec<usize> = (0..train).collect();
    match spec {
        DatasetSpec::Cifar10(cifar) => match cifar.pool {
            Some(part) if part < train => {
                let mut pool = seed::sample(&all, part, &mut seed::stream(0, Purpose::PoolSubset, &[]));
                pool.sort_unstable();
                pool
            }
            _ => all,
        },
        DatasetSpec::Shapes(_) => all,
    }
}

/// What a data set holds, as far as that is known without its files.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Images in the train split.
    pub train: usize,
    /// Those of them that form the pool.
    pub pool: usize,
    pub test: usize,
    /// Height and width in pixels.
    pub side: usize,
    pub classes: usize,
}

/// The size of a spec's data set.
pub fn size(spec: &DatasetSpec) -> Size {
    match spec {
        DatasetSpec::Cifar10(cifar) => {
            let train = crate::spec::Cifar10Spec::TRAIN;
            Size { train, pool: cifar.pool.unwrap_or(train), test: cifar10::RECORDS, side: 32, classes: 10 }
        }
        DatasetSpec::Shapes(shapes) => {
            Size { train: shapes.pool, pool: shapes.pool, test: shapes.test, side: shapes.side, classes: 10 }
        }
    }
}

/// The normalisation that the spec states.
pub fn normalize(spec: &DatasetSpec) -> Normalize {
    match spec {
        DatasetSpec::Cifar10(cifar) => cifar.normalize,
        DatasetSpec::Shapes(shapes) => shapes.normalize,
    }
}

/// Reads a data set and puts it on `device`.
///
/// # Errors
/// As [`read`].
#[cfg(feature = "torch")]
pub fn open(spec: &DatasetSpec, dir: &Path, device: tch::Device) -> Result<Data> {
    let splits = read(spec, dir)?;
    Ok(Data {
        pool: pool(spec, splits.train.len()),
        train: Box::new(Resident::new(&splits.train, device)),
        test: Box::new(Resident::new(&splits.test, device)),
        classes: splits.classes,
        normalize: normalize(spec),
    })
}
