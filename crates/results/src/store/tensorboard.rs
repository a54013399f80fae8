//! Event files for TensorBoard, made from the records and epochs of a trial: one file for each finished round, written
//! once, so that a kill leaves only whole files and a continued run adds the files that are missing.
//!
//! A file is a sequence of TFRecords (length, masked CRC-32C of the length, payload, masked CRC-32C of the payload;
//! tensorflow/core/lib/io/record_writer.h), whose payloads are protocol buffers of the type `Event`
//! (tensorflow/core/util/event.proto). The crates that write such files bring more than a hundred others along or are no
//! longer kept, and these are the only three messages that scalars need.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow};
use crc::{CRC_32_ISCSI, Crc};

use super::{Epoch, Record, Training, TrialFiles};
use crate::files::{create_below, write_into_folder};
use crate::spec::Trial;

/// CRC-32C.
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// Writes the event files of a trial's finished rounds that are not there yet, into `tensorboard/<trial>/` of the results
/// folder `root`.
///
/// Scalars by epoch have the epoch as their step, counted over all rounds: `train/loss`, `train/lr`, and the primary metric
/// where it was measured. Scalars by round have the number of labels as their step: `rounds/<metric> (<rule>)`.
///
/// # Errors
/// If the trial's files are damaged, or an event file cannot be written.
pub fn write_events(root: &Path, trial: &Trial) -> Result<()> {
    let files = TrialFiles::below(root, trial);
    let records = files.records()?;
    let finished = records.finished_rounds();
    let epochs = files.epochs(finished)?;
    let folder = root.join("tensorboard").join(trial.key());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64());
    // TensorBoard reads the files of a folder in the order of their names.
    let path_of = |round: usize| folder.join(format!("events.out.tfevents.round-{round:04}.pt4al"));
    // A trial whose files were removed starts anew.
    for path in (finished..).map(path_of).take_while(|path| path.exists()) {
        std::fs::remove_file(&path).map_err(|e| anyhow!("{}: cannot be removed ({e}); remove it", path.display()))?;
    }
    for round in 0..finished {
        let path = path_of(round);
        if path.exists() {
            continue;
        }
        let records = records.rows.iter().filter(|row| row.round == round);
        let epochs = epochs.rows.iter().filter(|row| row.round == round);
        let bytes = events_of_round(now, records, epochs);
        create_below(&folder)
            .map_err(|e| anyhow!("{}: cannot be created ({e}); check the folder", folder.display()))?;
        write_into_folder(&path, |out| out.write_all(&bytes))?;
    }
    Ok(())
}

/// The contents of the file of one round.
fn events_of_round<'a>(
    wall_time: f64,
    records: impl Iterator<Item = &'a Record>,
    epochs: impl Iterator<Item = &'a Epoch>,
) -> Vec<u8> {
    let mut scalars: BTreeMap<u64, Vec<(String, f64)>> = BTreeMap::new();
    let epochs: Vec<&Epoch> = epochs.collect();
    let per_round = epochs.iter().map(|row| row.epoch).max().unwrap_or(0);
    for row in epochs {
        let group = match row.training {
            Training::AllLabels => "train",
            Training::NotHeldOut => "train-not-held-out",
        };
        let step = scalars.entry((row.round * per_round + row.epoch) as u64).or_default();
        step.extend([(format!("{group}/loss"), row.loss), (format!("{group}/lr"), row.lr)]);
        step.extend(row.value.map(|value| (format!("{group}/{}", row.metric), value)));
    }
    let mut bytes = Vec::new();
    // Every event file begins with its version.
    record(&mut bytes, &event(wall_time, 0, &message(3, b"brain.Event:2")));
    for (step, scalars) in scalars {
        record(&mut bytes, &event(wall_time, step, &summary(&scalars)));
    }
    let mut by_labels: BTreeMap<u64, Vec<(String, f64)>> = BTreeMap::new();
    for row in records.filter(|row| row.metric != "epoch") {
        let scalar = row.value.map(|value| (format!("rounds/{} ({})", row.metric, row.select), value));
        by_labels.entry(row.labeled as u64).or_default().extend(scalar);
    }
    for (labels, scalars) in by_labels {
        record(&mut bytes, &event(wall_time, labels, &summary(&scalars)));
    }
    bytes
}

/// Appends a TFRecord.
fn record(out: &mut Vec<u8>, payload: &[u8]) {
    let length = (payload.len() as u64).to_le_bytes();
    out.extend(length);
    out.extend(masked(&length).to_le_bytes());
    out.extend(payload);
    out.extend(masked(payload).to_le_bytes());
}

/// The CRC of bytes, masked: a CRC of data that holds its own CRC says little.
fn masked(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// An `Event`: `wall_time = 1` (seconds since 1970), `step = 2`, and what it says.
fn event(wall_time: f64, step: u64, says: &[u8]) -> Vec<u8> {
    let mut bytes = vec![1 << 3 | 1];
    bytes.extend(wall_time.to_le_bytes());
    // Protocol buffers leave out fields with default values, so a step of 0 is left out.
    if step > 0 {
        bytes.push(2 << 3);
        varint(&mut bytes, step);
    }
    bytes.extend(says);
    bytes
}

/// The field `summary = 5` of an `Event`: values with `tag = 1` and `simple_value = 2`.
fn summary(scalars: &[(String, f64)]) -> Vec<u8> {
    let value = |(tag, scalar): &(String, f64)| {
        let mut value = message(1, tag.as_bytes());
        value.push(2 << 3 | 5);
        value.extend((*scalar as f32).to_le_bytes());
        message(1, &value)
    };
    message(5, &scalars.iter().flat_map(value).collect::<Vec<u8>>())
}

/// A field that holds bytes: a text or a message.
fn message(field: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![field << 3 | 2];
    varint(&mut out, bytes.len() as u64);
    out.extend(bytes);
    out
}

/// Seven bits in each byte, the lowest first.
fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Bytes that the Python package tensorboard 2.21 writes for the same events.
    const VERSION: &str = "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c";
    const SCALARS: &str = "3200000000000000241956ec09000000000000f83f10ac022a240a110a0a747261696e2f6c6f7373150000803e0a\
                           0f0a08747261696e2f6c7215cdcccc3d630865f7";

    #[test]
    fn events_have_the_bytes_that_tensorboard_itself_writes() {
        let epoch = Epoch { round: 2, epoch: 100, loss: 0.25, lr: 0.1, metric: "accuracy".into(), ..Epoch::default() };
        let bytes = events_of_round(1.5, std::iter::empty(), [&epoch].into_iter());
        assert_eq!(hex(&bytes), format!("{VERSION}{SCALARS}"));
    }

    #[test]
    fn a_round_has_scalars_by_epoch_and_by_labels() {
        let epoch = |epoch, training, value| Epoch {
            round: 1,
            epoch,
            training,
            metric: "accuracy".into(),
            value,
            ..Epoch::default()
        };
        let epochs = [
            epoch(1, Training::AllLabels, None),
            epoch(2, Training::AllLabels, Some(0.5)),
            epoch(2, Training::NotHeldOut, Some(0.25)),
        ];
        let record = |metric: &str, value| Record {
            round: 1,
            labeled: 400,
            metric: metric.into(),
            select: "last".into(),
            value: Some(value),
            ..Record::default()
        };
        let records = [record("accuracy", 0.5), record("epoch", 2.0)];
        let bytes = events_of_round(0.0, records.iter(), epochs.iter());
        let text = String::from_utf8_lossy(&bytes);
        let count = |tag: &str| text.matches(tag).count();
        assert_eq!([count("train/loss"), count("train/lr"), count("train/accuracy")], [2, 2, 1]);
        assert_eq!([count("train-not-held-out/loss"), count("train-not-held-out/accuracy")], [1, 1]);
        assert_eq!([count("rounds/accuracy (last)"), count("rounds/epoch")], [1, 0]);
        // The version, epochs 3 and 4 of all, and the labels.
        let mut steps = Vec::new();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            let payload = &rest[12..12 + length];
            steps.push(payload[9..].to_vec());
            rest = &rest[16 + length..];
        }
        let begins = |step: &[u8]| steps.iter().any(|payload| payload.starts_with(step));
        // 400 is 3 * 128 + 16.
        assert!(steps.len() == 4 && begins(&[0x10, 3, 0x2a]) && begins(&[0x10, 4, 0x2a]), "{steps:?}");
        assert!(begins(&[0x10, 16 | 0x80, 3, 0x2a]), "{steps:?}");
    }
}
