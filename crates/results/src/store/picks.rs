//! The files of `pt4al select`: the images to label next, and where the choice came from.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

/// An image that was chosen to be labeled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// The index in the train split.
    pub index: usize,
    /// The name of the image; `None` if the images of the data set have only numbers.
    pub path: Option<String>,
}

/// Writes picks as a CSV file with the columns `rank,index,path,label`, or without `path` if the images have no names. `label` is
/// empty: people fill it in, and the file is then one of labels.
///
/// # Errors
/// If the folder cannot be written.
pub fn write_picks(path: &Path, picks: &[Pick]) -> Result<()> {
    let has_names = picks.iter().all(|pick| pick.path.is_some());
    super::write_atomically(path, |out| {
        let mut csv = csv::Writer::from_writer(out);
        let mut row = |cells: [&str; 4]| {
            csv.write_record(
                cells.iter().enumerate().filter(|(column, _)| *column != 2 || has_names).map(|cell| cell.1),
            )
        };
        row(["rank", "index", "path", "label"]).map_err(std::io::Error::other)?;
        for (rank, pick) in picks.iter().enumerate() {
            let name = pick.path.as_deref().unwrap_or_default();
            row([&rank.to_string(), &pick.index.to_string(), name, ""]).map_err(std::io::Error::other)?;
        }
        csv.flush()
    })
}

/// The JSON file beside picks: what they were chosen from and by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PicksOrigin {
    /// All that decides which images are chosen.
    pub inputs: PicksInputs,
    /// The metrics of the model that chose them.
    pub metrics: Vec<PicksMetric>,
    /// When they were chosen: RFC 3339, UTC.
    pub finished: String,
    /// The command, quoted for a shell.
    pub command: String,
    /// The version of pt4al.
    pub pt4al: String,
    /// The git revision that the program was built from; empty if it was built outside a checkout.
    pub revision: String,
    /// Whether the program was built with local changes to that revision.
    pub dirty: bool,
    /// The version of libtorch.
    pub libtorch: String,
    /// The processor's model and the number of logical cores.
    pub cpu: String,
}

/// All that decides which images are chosen, apart from the program and the processor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PicksInputs {
    pub experiment: String,
    pub profile: String,
    /// The hash of the resolved spec, under the variant of the arm.
    pub spec_hash: String,
    /// The name of the arm.
    pub arm: String,
    pub seed: u64,
    /// The round that the choice belongs to: 0 before anything is labeled.
    pub round: usize,
    /// The number of chosen images.
    pub n: usize,
    /// The number of labels.
    pub labels: usize,
    /// The files of labels.
    pub labeled: Vec<LabelsFile>,
    /// The name of the data set.
    pub data: String,
    /// Its number of images in the pool.
    pub pool: usize,
    /// Its number of test images.
    pub test: usize,
    /// A hash of every byte of the images, and of what else was read.
    pub fingerprint: String,
    /// `cpu`, or `cuda:0 (<name>)`.
    pub device: String,
    /// The number of threads on the CPU.
    pub threads: usize,
}

/// A file of labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LabelsFile {
    pub path: PathBuf,
    /// The SHA-256 of its bytes.
    pub sha256: String,
}

/// A metric of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PicksMetric {
    /// The name, as in records.
    pub metric: String,
    /// The selection rule.
    pub select: String,
    /// The images that it was measured on: `test`, or `held-out` for labels that the rule left out of training.
    pub images: String,
    pub value: f64,
}

impl PicksInputs {
    /// The same inputs without the paths of files, which decide nothing.
    fn without_paths(&self) -> Self {
        let mut inputs = self.clone();
        inputs.labeled.iter_mut().for_each(|file| file.path.clear());
        inputs
    }
}

impl PicksOrigin {
    /// Writes the JSON file.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        super::write_atomically(path, |out| {
            serde_json::to_writer_pretty(&mut *out, self)?;
            writeln!(out)
        })
    }
}

/// The path of the JSON file beside the picks `csv`.
pub fn picks_origin_path(csv: &Path) -> PathBuf {
    csv.with_extension("json")
}

/// Whether the file `csv` has the picks of the same inputs already. Its labels may be filled in.
///
/// # Errors
/// If it, or the JSON file beside it, is anything else: neither is ever replaced.
pub fn are_picked(csv: &Path, inputs: &PicksInputs) -> Result<bool> {
    let json = picks_origin_path(csv);
    ensure!(
        json != csv,
        "--out {}: picks are a CSV file, and a JSON file is written beside it; name it .csv",
        csv.display()
    );
    let (has_csv, has_json) = (csv.exists(), json.exists());
    if !has_csv && !has_json {
        return Ok(false);
    }
    let text = if has_json { std::fs::read_to_string(&json) } else { Ok(String::new()) };
    let text = text.map_err(|e| anyhow!("{}: cannot be read ({e}); name another --out", json.display()))?;
    match serde_json::from_str::<PicksOrigin>(&text) {
        Ok(origin) if origin.inputs.without_paths() == inputs.without_paths() => Ok(has_csv),
        Ok(_) => bail!(
            "--out {}: picks of other labels or another command are there ({}); name another file",
            csv.display(),
            json.display()
        ),
        Err(_) => bail!(
            "--out {}: {} is there already, and no file is replaced; name another one",
            csv.display(),
            if has_csv { csv.display() } else { json.display() }
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_have_a_column_for_the_labels_of_people() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("picks.csv");
        let pick = |index, path: &str| Pick { index, path: Some(path.into()) };
        write_picks(&path, &[pick(7, "b/x, y.png"), pick(2, "a.png")]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "rank,index,path,label\n0,7,\"b/x, y.png\",\n1,2,a.png,\n");
        write_picks(&path, &[Pick { index: 7, path: None }]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "rank,index,label\n0,7,\n");
    }

    #[test]
    fn picks_are_recognised_by_their_inputs_and_nothing_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let csv = dir.path().join("picks.csv");
        let file = |path: &str, sha256: &str| LabelsFile { path: path.into(), sha256: sha256.into() };
        let inputs = PicksInputs { n: 2, labeled: vec![file("a.csv", "12")], ..PicksInputs::default() };
        assert!(!are_picked(&csv, &inputs).unwrap());
        std::fs::write(&csv, "mine").unwrap();
        let says = |inputs: &PicksInputs| are_picked(&csv, inputs).unwrap_err().to_string();
        assert!(says(&inputs).contains("picks.csv is there already, and no file is replaced"), "{}", says(&inputs));
        let origin = PicksOrigin { inputs: inputs.clone(), ..PicksOrigin::default() };
        origin.write(&picks_origin_path(&csv)).unwrap();
        // Another name of the labels' file changes nothing.
        assert!(are_picked(&csv, &PicksInputs { labeled: vec![file("b.csv", "12")], ..inputs.clone() }).unwrap());
        for other in [
            PicksInputs { n: 3, ..inputs.clone() },
            PicksInputs { labeled: vec![file("a.csv", "13")], ..inputs.clone() },
        ] {
            assert!(says(&other).contains("picks of other labels or another command are there"), "{}", says(&other));
        }
        // Picks that were taken away are made again.
        std::fs::remove_file(&csv).unwrap();
        assert!(!are_picked(&csv, &inputs).unwrap());
        assert!(says(&PicksInputs { n: 3, ..inputs }).contains("are there"));
        assert!(
            are_picked(&dir.path().join("x.json"), &PicksInputs::default()).unwrap_err().to_string().contains(".csv")
        );
    }
}
