//! Published numbers, shown beside ours: `results/reference/<experiment or data set>.csv`.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use serde::Deserialize;

use crate::spec::{Spec, TaskKind};
use crate::words::one_line;

/// The numbers that one source publishes of one sampler.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Who published the numbers, so that a reader can find them.
    pub source: String,
    /// The sampler's label, or the nearest label.
    pub sampler: String,
    /// Named as in the records.
    pub metric: String,
    /// A caveat for readers; may be empty.
    pub note: String,
    /// In the order of their numbers of labels.
    pub points: Vec<ReferencePoint>,
}

/// One published number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReferencePoint {
    pub labeled: usize,
    /// Percent, as published.
    pub value: f64,
    /// The number of trials in the mean, if known.
    pub trials: Option<usize>,
}

impl Reference {
    /// Source, sampler and note, for legends and tables.
    pub fn name(&self) -> String {
        let trials = self.points.first().and_then(|p| p.trials).filter(|&n| n > 1).map(|n| format!("mean of {n}"));
        let notes = [Some(self.note.clone()).filter(|n| !n.is_empty()), trials];
        let notes = notes.into_iter().flatten().collect::<Vec<_>>().join("; ");
        let notes = if notes.is_empty() { notes } else { format!(" ({notes})") };
        format!("{}: {}{notes}", self.source, self.sampler)
    }

    /// The number at exactly `labeled` labels.
    pub fn at(&self, labeled: usize) -> Option<f64> {
        self.points.iter().find(|p| p.labeled == labeled).map(|p| p.value)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReferenceRow {
    source: String,
    sampler: String,
    labeled: usize,
    metric: String,
    value: f64,
    trials: Option<usize>,
    note: String,
}

/// The published numbers for a spec: those of its experiment, and those of its data set, unless its pool is imbalanced.
///
/// # Errors
/// As [`references`].
pub fn references_for(folder: &Path, spec: &Spec) -> Result<Vec<Reference>> {
    let (experiment, _) = spec.identity();
    let dataset = Some(spec.dataset.name()).filter(|name| *name != experiment && spec.imbalance.is_none());
    let mut found = references(folder, experiment)?;
    if let Some(dataset) = dataset {
        found.extend(references(folder, dataset)?);
    }
    Ok(found)
}

/// Reads `<folder>/<name>.csv`, whose columns are `source,sampler,labeled,metric,value,trials,note`; there are no
/// references when that file is not there. Rows of equal source, sampler, metric and note form one curve.
///
/// # Errors
/// If a row does not fit or repeats a point; the message names the file and the line.
pub fn references(folder: &Path, name: &str) -> Result<Vec<Reference>> {
    let path = folder.join(format!("{name}.csv"));
    let file = path.display();
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut reader = csv::Reader::from_path(&path).map_err(|e| anyhow!("{file}: cannot be read ({e}); check it"))?;
    let tasks = [TaskKind::Classification, TaskKind::Segmentation];
    let known: Vec<&str> = tasks.iter().flat_map(|task| task.metrics()).map(|metric| metric.name).collect();
    let mut found: Vec<Reference> = Vec::new();
    for (i, row) in reader.deserialize().enumerate() {
        let line = i + 2;
        let row: ReferenceRow = row.map_err(|e| {
            let why = crate::store::csv_fault(&e);
            anyhow!("{file}:{line}: not a published number ({why}); correct the line")
        })?;
        ensure!(
            (0.0..=100.0).contains(&row.value),
            "{file}:{line}: the value is {}; write it in percent, 0 to 100",
            row.value
        );
        ensure!(
            !row.source.trim().is_empty() && !row.sampler.trim().is_empty() && row.labeled > 0 && row.trials != Some(0),
            "{file}:{line}: names no source or no sampler, or has 0 labels or trials; correct the line"
        );
        ensure!(
            known.contains(&row.metric.as_str()),
            "{file}:{line}: the metric `{}` is not known; it is one of {}",
            one_line(&row.metric),
            known.join(", ")
        );
        let ReferenceRow { source, sampler, metric, note, .. } = row;
        let place = found
            .iter()
            .position(|r| (&r.source, &r.sampler, &r.metric, &r.note) == (&source, &sampler, &metric, &note));
        let place = place.unwrap_or_else(|| {
            found.push(Reference { source, sampler, metric, note, points: Vec::new() });
            found.len() - 1
        });
        ensure!(
            found[place].at(row.labeled).is_none(),
            "{file}:{line}: repeats the point at {} labels of {}; remove one of the two lines",
            row.labeled,
            one_line(&found[place].name())
        );
        let point = ReferencePoint { labeled: row.labeled, value: row.value, trials: row.trials };
        found[place].points.push(point);
    }
    found.iter_mut().for_each(|r| r.points.sort_by_key(|p| p.labeled));
    Ok(found)
}

/// The folder of published numbers for a results folder: `reference/` beside it, or beside the folder that it lies in
/// (as for `results/baseline/x`), or else `results/reference/` below the current directory.
pub fn reference_folder(results: &Path) -> PathBuf {
    let full = std::path::absolute(results).unwrap_or_else(|_| results.to_owned());
    let above = full.ancestors().skip(1).take(2).map(|folder| folder.join("reference"));
    above.into_iter().find(|folder| folder.is_dir()).unwrap_or_else(|| PathBuf::from("results/reference"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(rows: &str) -> Result<Vec<Reference>> {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("source,sampler,labeled,metric,value,trials,note\n{rows}");
        std::fs::write(dir.path().join("small.csv"), text).unwrap();
        references(dir.path(), "small")
    }

    #[test]
    fn rows_of_one_source_form_a_curve() {
        let found =
            load("a,random,400,accuracy,50,,\na,random,200,accuracy,40.5,,\na,random,200,accuracy,41,5,other data\n")
                .unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].points.iter().map(|p| p.labeled).collect::<Vec<_>>(), [200, 400]);
        assert_eq!((found[0].at(200), found[0].at(300)), (Some(40.5), None));
        assert_eq!(found[0].name(), "a: random");
        assert_eq!(found[1].name(), "a: random (other data; mean of 5)");
    }

    #[test]
    fn no_file_is_no_references_and_a_bad_line_is_named() {
        assert_eq!(references(Path::new("/nowhere"), "small").unwrap(), []);
        for (rows, part) in [
            ("a,random,200,accuracy,40,,\na,random,two,accuracy,40,,\n", "small.csv:3"),
            ("a,random,200,accuracy,0.405e3,,\n", "in percent"),
            ("a,random,200,accuracy,nan,,\n", "in percent"),
            (
                "a,random,200,accuracy,40,,\na,random,200,accuracy,41,,\n",
                "small.csv:3: repeats the point at 200 labels",
            ),
            ("a,random,200\n", "small.csv:2"),
            ("a,random,200,\"a\nb\",40,,\n", "the metric `a b` is not known"),
            (
                "\"a\nb\",c,200,accuracy,40,,\n\"a\nb\",c,200,accuracy,41,,\n",
                "repeats the point at 200 labels of a b: c",
            ),
            ("a,random,200,acc,40,,\n", "the metric `acc` is not known"),
            (",random,200,accuracy,40,,\n", "names no source or no sampler"),
        ] {
            let message = format!("{:#}", load(rows).unwrap_err());
            assert!(message.contains(part) && !message.contains('\n'), "{message}");
        }
    }

    /// The numbers of the sources, counted by hand: 1 of the paper, 2 of the README, 3 of users, 10 + 10 + 10 of
    /// reproductions, 5 + 5 + 4 and 1 of baselines.
    #[test]
    fn the_published_numbers_of_cifar10_load() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference");
        let found = references(&folder, "cifar10").unwrap();
        assert_eq!(found.iter().map(|r| r.points.len()).sum::<usize>(), 54);
        assert_eq!(found.iter().find(|r| r.source.contains("paper")).unwrap().at(10_000), Some(93.1));
        let on_train = found.iter().find(|r| r.note.contains("evaluated on train images")).unwrap();
        assert_eq!((on_train.at(10_000), on_train.points.len()), (Some(93.45), 10));
    }
}
