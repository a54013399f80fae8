//! The arrays that a command gets.

use std::path::Path;

use anyhow::{Result, anyhow};
use tch::{Device, Kind, Tensor};

use super::super::pool::PoolView;
use pt4al_results::spec::{ArrayFormat, CommandSpec, Reading};

/// Arrays with their names.
pub(super) type Arrays = Vec<(&'static str, Tensor)>;

/// Returns the arrays of a query: the indices, the classes of labeled images, and what the command reads.
///
/// # Errors
/// If the pool cannot give what the command reads.
pub(super) fn of(pool: &dyn PoolView, command: &CommandSpec) -> Result<Arrays> {
    let (unlabeled, labeled) = (pool.unlabeled(), pool.labeled());
    let ranks: Vec<usize> = unlabeled.iter().map(|&index| pool.tie_rank(index)).collect();
    let mut arrays = vec![("unlabeled", whole(unlabeled)), ("labeled", whole(labeled)), ("tie_rank", whole(&ranks))];
    arrays.extend(pool.known_classes()?.map(|classes| ("labels", whole(&classes))));
    let mut push = |name, tensor: &Tensor| arrays.push((name, on_cpu(tensor)));
    if command.reads(Reading::Logits) {
        let outputs = pool.outputs(unlabeled)?;
        push("logits", &outputs.logits);
        if command.reads(Reading::Features) {
            push("features_unlabeled", &outputs.features);
        }
    } else if command.reads(Reading::Features) {
        push("features_unlabeled", &pool.features(unlabeled)?);
    }
    if command.reads(Reading::Features) {
        push("features_labeled", &pool.features(labeled)?);
    }
    if command.reads(Reading::PretextLosses) {
        push("pretext_losses", &Tensor::from_slice(&pool.pretext_losses(unlabeled)?));
    }
    if command.reads(Reading::PretextFeatures) {
        push("pretext_features_unlabeled", &pool.pretext_features(unlabeled)?);
        push("pretext_features_labeled", &pool.pretext_features(labeled)?);
    }
    Ok(arrays)
}

/// Returns int64 `[n]`.
fn whole(values: &[usize]) -> Tensor {
    Tensor::from_slice(&values.iter().map(|&value| value as i64).collect::<Vec<_>>())
}

/// Returns the values as rows in the memory of the process, in single precision unless they are in double precision.
fn on_cpu(tensor: &Tensor) -> Tensor {
    let kind = if tensor.kind() == Kind::Double { Kind::Double } else { Kind::Float };
    tensor.detach().to_device(Device::Cpu).to_kind(kind).contiguous()
}

/// Writes arrays into a file.
///
/// # Errors
/// If the file cannot be written, or the format cannot hold the arrays.
pub(super) fn write(path: &Path, format: ArrayFormat, arrays: &Arrays) -> Result<()> {
    let written = match format {
        ArrayFormat::Npz => Tensor::write_npz(arrays, path),
        ArrayFormat::Safetensors => Tensor::write_safetensors(arrays, path),
    };
    written.map_err(|e| {
        let why = e.to_string().lines().next().unwrap_or_default().to_owned();
        let remedy = match format {
            ArrayFormat::Npz => "free some space, or, for an array of more than 4 GiB, write format = \"safetensors\"",
            ArrayFormat::Safetensors => "free some space",
        };
        anyhow!("{}: the arrays cannot be written ({why}); {remedy}, then run again", path.display())
    })
}
