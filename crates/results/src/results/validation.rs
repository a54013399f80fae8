//! The values of records that have been checked.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use super::{Series, Trials};
use crate::spec::Spec;
use crate::store::{Record, Records, check_records};

/// Checks the records and returns their values by series, seed and round. Messages name `file`.
///
/// # Errors
/// If a record is impossible or repeated; one line with the line of `file`.
pub(super) fn values(spec: &Spec, records: &Records, file: &Path) -> Result<BTreeMap<Series, Trials>> {
    check_records(spec, records, file)?;
    let mut values: BTreeMap<Series, Trials> = BTreeMap::new();
    for Record { sampler, seed, round, metric, select, value, .. } in &records.rows {
        // The row of an error has no value.
        if let Some(value) = value {
            let series = Series { arm: sampler.clone(), metric: metric.clone(), select: select.clone() };
            values.entry(series).or_default().entry(*seed).or_default().insert(*round, *value);
        }
    }
    Ok(values)
}
