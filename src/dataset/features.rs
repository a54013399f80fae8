//! Given features in place of images: a split whose minibatches are rows of floats.

use anyhow::{Result, ensure};
use tch::{Device, Tensor};

use super::on_device::{Data, Dataset, Input, Resident};
use pt4al_data::images::Split;
use pt4al_data::{Read, features};
use pt4al_results::feature_file::{Features, Rows};
use pt4al_results::spec::{FeaturesSpec, Spec};

/// Reads the features of a spec and puts them on `device`, with the labels of the images.
///
/// # Errors
/// As [`features::read`].
pub(super) fn to_device(spec: &Spec, file: &FeaturesSpec, read: Read, device: Device) -> Result<Data> {
    let Features { dimension, train, test } = features::read(file, &read.splits)?;
    let on_device = |rows: Rows, split: &Split| rows_on_device(&rows.values, dimension, split, device);
    Ok(Data {
        train: on_device(train, &read.splits.train)?,
        test: on_device(test, &read.splits.test)?,
        ids: read.splits.train.ids.clone(),
        classes: read.splits.classes,
        pool: read.pool,
        input: Input::of(spec, device),
    })
}

/// Puts features, `[n, dimension]` row by row, on `device` with the classes of the images of `split`.
///
/// # Errors
/// If pixels have the labels.
pub(crate) fn rows_on_device(
    values: &[f32],
    dimension: usize,
    split: &Split,
    device: Device,
) -> Result<Box<dyn Dataset>> {
    let classes = split.classes();
    ensure!(
        classes.is_some(),
        "`model.features` gives a class for each image, but in this data set pixels have classes; use arch = \"drn-d-22\""
    );
    let targets: Vec<i64> = classes.into_iter().flatten().map(|&class| class.into()).collect();
    let rows = Tensor::from_slice(values).reshape([-1, dimension as i64]).to_device(device);
    Ok(Box::new(Resident::of(rows, Tensor::from_slice(&targets).to_device(device))))
}
