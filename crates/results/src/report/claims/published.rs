//! The claims of sources, with their numbers and scales: `results/reference/claims.csv`.

use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use serde::Deserialize;

use crate::spec::{Expectation, Select, TaskKind};
use crate::words::{counted, one_line, thousands};

/// One published number of a claim, or a claim without one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublishedClaim {
    /// The claim and its source, as in `[[expect]]`.
    pub claim: String,
    pub source: String,
    /// Named as in specs.
    pub dataset: String,
    /// Named as in the records.
    pub metric: String,
    /// The number of labels; that of the last round for a claim about whole curves.
    pub labeled: Option<usize>,
    /// The number of rounds, including the one on the initial labels; empty if it does not matter or is not known.
    #[serde(default)]
    pub rounds: Option<usize>,
    /// The selection rule of the source's number; empty if it does not matter or is not known.
    pub select: Option<Select>,
    /// Percent, as published; empty where the claim is an order.
    pub value: Option<f64>,
    /// The size of the source's pool, the width of its network, and its epochs in a round; empty if not known.
    pub pool: Option<usize>,
    pub width: Option<usize>,
    pub epochs: Option<usize>,
    /// A caveat for readers; may be empty.
    pub note: String,
}

impl PublishedClaim {
    /// Whether it is what an `[[expect]]` claims.
    pub fn is_of(&self, expected: &Expectation) -> bool {
        (&self.claim, &self.source) == (&expected.claim, &expected.source)
    }

    /// The known parts of the scale: pool, labels, rounds, width and epochs.
    pub fn scale(&self) -> [Option<usize>; 5] {
        [self.pool, self.labeled, self.rounds, self.width, self.epochs]
    }

    /// `cifar10; pool of 50,000 images; 10,000 labels; 10 rounds; width 64; 200 epochs a round`; none if the scale is
    /// not known.
    pub fn scale_in_words(&self) -> Option<String> {
        let words: [fn(usize) -> String; 5] = [
            |pool| format!("pool of {}", counted(pool, "image")),
            |labeled| counted(labeled, "label"),
            |rounds| counted(rounds, "round"),
            |width| format!("width {}", thousands(width)),
            |epochs| format!("{} a round", counted(epochs, "epoch")),
        ];
        let parts = self.scale().into_iter().zip(words).filter_map(|(n, words)| Some(words(n?)));
        let parts: Vec<String> = std::iter::once(self.dataset.clone()).chain(parts).collect();
        (parts.len() > 1).then(|| parts.join("; "))
    }

    /// `91 % (low end of the stated range)`; none without a number.
    pub fn value_in_words(&self) -> Option<String> {
        let note = if self.note.is_empty() { String::new() } else { format!(" ({})", self.note) };
        self.value.map(|value| format!("{value} %{note}"))
    }
}

/// Reads `<folder>/claims.csv`; returns an empty list if there is no such file.
///
/// # Errors
/// If a row does not fit; one line that names the file and the line.
pub(super) fn read(folder: &Path) -> Result<Vec<PublishedClaim>> {
    let path = folder.join("claims.csv");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let file = path.display();
    let mut reader = csv::Reader::from_path(&path).map_err(|e| anyhow!("{file}: cannot be read ({e}); check it"))?;
    let tasks = [TaskKind::Classification, TaskKind::Segmentation];
    let known: Vec<&str> = tasks.iter().flat_map(|task| task.metrics()).map(|metric| metric.name).collect();
    let mut found: Vec<PublishedClaim> = Vec::new();
    for (i, row) in reader.deserialize().enumerate() {
        let line = i + 2;
        let row: PublishedClaim = row.map_err(|e| {
            let why = crate::store::csv_fault(&e);
            anyhow!("{file}:{line}: not a published claim ({why}); correct the line")
        })?;
        ensure!(
            [&row.claim, &row.source, &row.dataset].iter().all(|text| !text.trim().is_empty()),
            "{file}:{line}: names no claim, no source or no data set; correct the line"
        );
        ensure!(
            row.value.is_none_or(|value| (0.0..=100.0).contains(&value)),
            "{file}:{line}: the value is not within 0 to 100; write it in percent"
        );
        ensure!(
            known.contains(&row.metric.as_str()),
            "{file}:{line}: the metric `{}` is not known; it is one of {}",
            one_line(&row.metric),
            known.join(", ")
        );
        let same = |other: &&PublishedClaim| {
            (&other.claim, &other.source, &other.dataset) == (&row.claim, &row.source, &row.dataset)
        };
        ensure!(
            found.iter().find(same).is_none_or(|other| other.scale() == row.scale()),
            "{file}:{line}: gives the claim another scale than a line before it; make pool, labels, rounds, width and \
             epochs the same"
        );
        found.push(row);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(rows: &str) -> Result<Vec<PublishedClaim>> {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("claim,source,dataset,metric,labeled,select,value,pool,width,epochs,note\n{rows}");
        std::fs::write(dir.path().join("claims.csv"), text).unwrap();
        read(dir.path())
    }

    #[test]
    fn what_is_known_of_a_scale_is_told_and_the_rest_is_not() {
        let found = load("c,s,cifar10,accuracy,600,last,91,1000,4,2,low end\nd,s,cifar10,accuracy,,,,,,,\n").unwrap();
        assert_eq!(found[0].value_in_words().unwrap(), "91 % (low end)");
        let scale = "cifar10; pool of 1,000 images; 600 labels; width 4; 2 epochs a round";
        assert_eq!(found[0].scale_in_words().unwrap(), scale);
        assert_eq!((found[1].value_in_words(), found[1].scale_in_words()), (None, None));
        assert_eq!(read(Path::new("/nowhere")).unwrap(), []);
    }

    #[test]
    fn a_bad_line_is_named() {
        for (rows, part) in [
            ("c,s,cifar10,accuracy,600,,910,,,,\n", "claims.csv:2: the value is not within 0 to 100"),
            ("c,s,cifar10,accuracy,600,,nan,,,,\n", "claims.csv:2: the value is not within 0 to 100"),
            ("c,,cifar10,accuracy,600,,91,,,,\n", "names no claim, no source or no data set"),
            ("c,s,cifar10,acc,600,,91,,,,\n", "the metric `acc` is not known"),
            ("c,s,cifar10,accuracy,600,best,91,,,,\n", "claims.csv:2: not a published claim"),
            ("c,s,cifar10,accuracy,many,,91,,,,\n", "claims.csv:2: not a published claim"),
            (
                "c,s,cifar10,accuracy,600,,91,1,,,\nc,s,cifar10,accuracy,600,,93,2,,,\n",
                "claims.csv:3: gives the claim another",
            ),
        ] {
            let message = format!("{:#}", load(rows).unwrap_err());
            assert!(message.contains(part) && !message.contains('\n'), "{message}");
        }
    }

    /// Every claim of an experiment is in the list, under the same rule on CIFAR-10, and the numbers are those beside
    /// the curves of others.
    #[test]
    fn the_published_claims_load() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let found = read(&root.join("../../results/reference")).unwrap();
        let values: Vec<f64> = found.iter().filter_map(|claim| claim.value).collect();
        assert_eq!(values, [93.1, 91.0, 93.0]);
        let mut seen = 0;
        for file in std::fs::read_dir(root.join("../../experiments")).unwrap() {
            let source = crate::spec::Source { path: file.unwrap().path(), ..Default::default() };
            let spec = crate::spec::load(&source).unwrap();
            let is_cifar10 = spec.dataset.name() == "cifar10";
            for expected in spec.expect {
                let line = found.iter().find(|claim| claim.is_of(&expected));
                let line = line.unwrap_or_else(|| panic!("not in results/reference/claims.csv: {}", expected.claim));
                assert!(!is_cifar10 || line.select == expected.select, "{}", expected.claim);
                seen += 1;
            }
        }
        assert!(seen > 10, "{seen}");
    }
}
