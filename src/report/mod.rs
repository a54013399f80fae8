//! A results folder as a page that a person reads: `summary.csv`, `comparisons.csv`, `curve.svg`, `curve.png`,
//! `README.md` and `report.html`.
//!
//! Reads the folder alone (resolved spec, records, manifest) and the published numbers beside it; never the data.

mod against;
mod arm;
pub mod compare;
pub mod correlation;
mod cost;
mod curve;
mod difference;
mod efficiency;
mod heat;
mod html;
mod losses;
mod metric;
mod page;
mod picture;
mod queried;
mod readme;
mod reference;
mod summary;
mod switches;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod time;
mod value;
mod variants;
mod verdict;

use std::path::Path;

use anyhow::{Result, anyhow};

pub use cost::Cost;
pub use curve::{Plot, png, svg};
pub use reference::{Reference, ReferencePoint, reference_folder, references, references_for};
pub use summary::Row;

pub(crate) use difference::signed;
pub(crate) use table::{aligned, capitalised};
pub(crate) use variants::{Change, changes};
pub(crate) use verdict::claims;

use self::page::Figure;
use crate::results::Results;
pub use crate::results::Rule;
pub use crate::spec::Metric;
use crate::spec::Spec;
use crate::store::{Manifest, write_atomically, write_csv};
use crate::verdict::{Comparison, Judgement, comparisons, judgements};

/// All that a report is made from.
#[derive(Clone, Debug)]
pub struct Findings {
    pub results: Results,
    /// Means over seeds.
    pub rows: Vec<Row>,
    /// Arms against each other.
    pub comparisons: Vec<Comparison>,
    /// Claims of the spec.
    pub judgements: Vec<Judgement>,
    pub cost: Cost,
    /// Published numbers of the same experiment.
    pub references: Vec<Reference>,
}

impl Findings {
    /// Reads a results folder, and the published numbers from [`reference_folder`].
    ///
    /// # Errors
    /// If a file is missing, does not fit, or belongs to another experiment.
    pub fn read(folder: &Path) -> Result<Self> {
        let results = Results::read(folder)?;
        let references = references_for(&reference_folder(folder), &results.spec)?;
        Ok(Self::of(results, references))
    }

    /// What results say, beside published numbers.
    pub fn of(results: Results, references: Vec<Reference>) -> Self {
        Self {
            rows: summary::rows(&results),
            comparisons: comparisons(&results),
            judgements: judgements(&results),
            cost: Cost::of(&results.records),
            references,
            results,
        }
    }

    /// The spec of the results.
    pub fn spec(&self) -> &Spec {
        &self.results.spec
    }

    /// None when the folder has no manifest.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.results.manifest.as_ref()
    }

    /// What the task is judged by, and what else is in the records of what may stand beside it: other numbers, for the
    /// balanced accuracy on a balanced test split would only say everything twice.
    pub fn metrics(&self) -> Vec<Metric> {
        let all = self.spec().dataset.task().metrics();
        let (first, others) = all.split_first().expect("a task is judged by something");
        let judged = self.means(*first);
        let new = |metric: &&Metric| self.means(**metric).iter().zip(&judged).any(|(a, b)| (a - b).abs() > 1e-9);
        std::iter::once(first).chain(others.iter().filter(new)).copied().collect()
    }

    /// Of all samplers, rounds and rules, in the order that is the same for every metric.
    fn means(&self, metric: Metric) -> Vec<f64> {
        self.rows.iter().filter(|row| row.metric == metric.name).map(|row| row.mean).collect()
    }

    /// The tables of all [`Findings::metrics`] as Markdown that also reads well on a terminal.
    pub fn tables(&self) -> String {
        table::tables(self)
    }

    /// The published numbers of a metric.
    fn references_of(&self, metric: Metric) -> Vec<&Reference> {
        self.references.iter().filter(|reference| reference.metric == metric.name).collect()
    }

    /// Those of them from `first` to `last` labels. Curves come first: numbers that stand alone differ in their markers only,
    /// which come again after a few.
    fn published_between(
        &self,
        metric: Metric,
        (first, last): (usize, usize),
    ) -> Vec<(&Reference, Vec<ReferencePoint>)> {
        let inside = |r: &Reference| -> Vec<ReferencePoint> {
            r.points.iter().filter(|p| (first..=last).contains(&p.labeled)).copied().collect()
        };
        let mut found: Vec<_> = self.references_of(metric).into_iter().map(|r| (r, inside(r))).collect();
        found.retain(|(_, points)| !points.is_empty());
        found.sort_by_key(|(_, points)| points.len() == 1);
        found
    }

    /// They are for the full protocol (a profile is another, smaller one) and of test images.
    fn published_heading(&self) -> String {
        let full = Some("full protocol").filter(|_| !self.spec().identity().1.is_empty());
        let test = Some("of test images unless they say otherwise").filter(|_| self.warning().is_some());
        let notes: Vec<&str> = full.into_iter().chain(test).collect();
        if notes.is_empty() { "Published numbers".into() } else { format!("Published numbers ({})", notes.join("; ")) }
    }
}

/// Reports a results folder: writes `summary.csv`, `comparisons.csv`, `README.md` and its pictures, and `report.html` into
/// it, and returns the verdict and the tables to print.
/// `curve.svg` and `curve.png` show what the task is judged by, `curve-<metric>.svg` what is recorded beside it. Before
/// the first finished round there is no curve, and the tables say so.
///
/// # Errors
/// If the folder's files are missing or do not fit together, or it cannot be written; one line.
pub fn report(folder: &Path) -> Result<String> {
    let findings = Findings::read(folder)?;
    let metrics = findings.metrics();
    let tables = findings.tables();
    write_csv(&folder.join("summary.csv"), &findings.rows)?;
    write_csv(&folder.join("comparisons.csv"), &findings.comparisons)?;
    // What comparisons.csv has taken the place of.
    remove(&folder.join("differences.csv"))?;
    let mut curves = Vec::new();
    for (i, metric) in findings.spec().dataset.task().metrics().iter().enumerate() {
        let name = if i == 0 { "curve".to_owned() } else { format!("curve-{}", metric.name) };
        let (vector, pixels) = (format!("{name}.svg"), folder.join(format!("{name}.png")));
        let plot = Plot::of(&findings, *metric, findings.rule()).filter(|_| metrics.contains(metric));
        match plot {
            Some(plot) => {
                if i == 0 {
                    let png = png(&plot)?;
                    write_atomically(&pixels, |out| out.write_all(&png))?;
                }
                let alt = format!("Learning curves: {}", plot.y_label());
                curves.push(Figure { file: vector, alt, svg: svg(&plot)? });
            }
            None => {
                // An old picture would be of records that are gone.
                remove(&folder.join(vector))?;
                remove(&pixels)?;
            }
        }
    }
    let page = readme::page(&findings, &tables, curves)?;
    for name in readme::FIGURES.iter().filter(|name| page.figures().all(|figure| figure.file != **name)) {
        remove(&folder.join(name))?;
    }
    for figure in page.figures() {
        write_atomically(&folder.join(&figure.file), |out| out.write_all(figure.svg.as_bytes()))?;
    }
    write_atomically(&folder.join("README.md"), |out| out.write_all(page.markdown().as_bytes()))?;
    let html = html::html(&findings, &page)?;
    write_atomically(&folder.join("report.html"), |out| out.write_all(html.as_bytes()))?;
    Ok(format!("{}\n{tables}", page.sections[0].text))
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(anyhow!("{}: cannot be removed although it is out of date ({e}); remove it", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{accuracy, assert_well_formed, full, png_size, spec, spec_of, spec_with, write_folder};
    use super::*;
    use crate::store::Record;

    /// `results/small` in a folder of its own, reported.
    fn reported(rows: Vec<Record>) -> (tempfile::TempDir, std::path::PathBuf, String) {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("small");
        write_folder(&folder, &spec(), rows);
        let text = report(&folder).unwrap();
        (dir, folder, text)
    }

    fn read(folder: &Path, name: &str) -> String {
        std::fs::read_to_string(folder.join(name)).unwrap()
    }

    fn message(folder: &Path) -> String {
        let message = format!("{:#}", report(folder).unwrap_err());
        assert!(!message.contains('\n'), "{message}");
        message
    }

    #[test]
    fn a_folder_is_reported() {
        let (_dir, folder, text) = reported(full());
        assert!(text.contains("| core-set | 35.0 ± 2.5 | 50.0 ± 2.5 | 65.0 ± 2.5 |"), "{text}");

        let summary = read(&folder, "summary.csv");
        let mut lines = summary.lines();
        assert_eq!(lines.next(), Some("experiment,profile,sampler,round,labeled,metric,select,n,mean,sd,low,high"));
        assert_eq!(lines.clone().count(), 6);
        assert!(lines.next().unwrap().starts_with("small,,random,0,200,accuracy,last,3,0.3"), "{summary}");

        let svg = read(&folder, "curve.svg");
        assert_well_formed(&svg);
        let parts =
            [">\nrandom\n<", ">\ncore-set\n<", "small &lt;experiment&gt; &amp; its", "n = 3 seeds, 95 %", "labels"];
        for part in parts {
            assert!(svg.contains(part), "{part}");
        }
        let (width, height) = png_size(&folder.join("curve.png"));
        // The PNG has twice the size at which the SVG is shown.
        let attributes = format!("<svg width=\"{}\" height=\"{}\"", width / 2, height / 2);
        assert!(svg.starts_with(&attributes), "{}", &svg[..90]);

        let readme = read(&folder, "README.md");
        for part in [
            "# A small <experiment> & its curves\n",
            &spec().hash(),
            "Seeds: 0, 1, 2.",
            "Rounds: 3 of 200 labels at first and 200 more each.",
            "resnet18 of width 4 on images of 16 x 16, fresh weights",
            "generated pictures, not photographs",
            "Ran from 2026-01-02T03:04:05Z to 2026-01-02T04:04:05Z.",
            "pt4al 0.1.0 at abc1234 with local changes",
            "```sh\npt4al run experiments/small.toml\n```",
            "(curve.svg)",
            // What is printed: the verdict, and the tables.
            text.split_once("\n**Test").unwrap().0,
            &text[text.find("**Test").unwrap()..],
        ] {
            assert!(readme.contains(part), "{part:?} is not in {readme}");
        }
    }

    #[test]
    fn published_numbers_beside_the_folder_are_drawn_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, reference) = (dir.path().join("small-tiny"), dir.path().join("reference"));
        let mut rows = full();
        rows.iter_mut().for_each(|r| r.profile = "tiny".into());
        write_folder(&folder, &spec_of(Some("tiny")), rows);
        std::fs::create_dir(&reference).unwrap();
        let header = "source,sampler,labeled,metric,value,trials,note\n";
        let inside = "a paper,random,200,accuracy,31,,\na paper,random,400,accuracy,41,,\nanother paper,random,500,accuracy,52,,\n";
        let outside = "a third paper,random,601,accuracy,99,,\n";
        std::fs::write(reference.join("small.csv"), format!("{header}{inside}{outside}")).unwrap();
        let text = report(&folder).unwrap();
        assert!(text.contains("| random [published 1] |         31 |         41 |          - |"), "{text}");
        let svg = read(&folder, "curve.svg");
        assert_well_formed(&svg);
        assert!(svg.contains("a paper: random") && svg.contains("another paper: random"));
        assert!(svg.contains("Published numbers (full protocol)") && !svg.contains("third"));

        std::fs::write(reference.join("small.csv"), format!("{header}{inside}oops\n")).unwrap();
        assert!(message(&folder).contains("small.csv:5: not a published number"));
    }

    #[test]
    fn before_the_first_round_there_is_no_picture_and_the_page_says_so() {
        let (_dir, folder, _) = reported(full());
        write_folder(&folder, &spec(), Vec::new());
        let text = report(&folder).unwrap();
        assert!(text.contains("No round has finished yet."), "{text}");
        assert!(!folder.join("curve.svg").exists() && !folder.join("curve.png").exists());
        let readme = read(&folder, "README.md");
        assert!(readme.contains("No round has finished yet.") && !readme.contains("curve.svg"), "{readme}");
    }

    #[test]
    fn variants_are_compared_on_the_page_in_the_picture_and_in_a_file_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("small");
        let spec = spec_with("[variant.other]\ntrain.select = { query = 'best-on-test', images = 'train' }");
        let mut rows = full();
        rows.extend(full().into_iter().filter(|r| r.sampler == "random").map(|mut row| {
            row.sampler += "@other";
            row.select = "best-on-test".into();
            row.value = row.value.map(|v| v + 0.25);
            row
        }));
        write_folder(&folder, &spec, rows);
        let text = report(&folder).unwrap();
        let readme = read(&folder, "README.md");
        assert!(readme.contains(&text[text.find("**Accuracy").unwrap()..]), "{text}");
        assert!(text.contains("**Variants**\n\n- other (protocol"), "{text}");
        assert!(text.contains("\n> **[TRAIN images]: the values are of TRAIN images"), "{text}");
        assert!(text.contains("`train.select.query`: \"last\" -> \"best-on-test\""), "{text}");
        assert!(readme.contains("(summary.csv). Arms against each other: [comparisons.csv](comparisons.csv). Each"));
        assert!(readme.contains("![Learning curves: accuracy on test images, TRAIN where marked (%)](curve.svg)"));

        let svg = read(&folder, "curve.svg");
        assert_well_formed(&svg);
        for part in [
            "random@other [TRAIN images]",
            "TRAIN where marked (%)",
            "each under the rule",
            "labels among TRAIN images",
        ] {
            assert!(svg.contains(part), "{part}");
        }
        assert!(!svg.contains("test accuracy"));

        let comparisons = read(&folder, "comparisons.csv");
        let header = "experiment,profile,metric,select,arm,versus,what,round,labeled,n,mean,sd,low,high,t,p,p_holm,improvement,\
                      improvement_low,improvement_high";
        assert_eq!(comparisons.lines().next(), Some(header));
        for start in ["area,,,3,0.2", "last-round,2,600,3,0.25", "round,0,200,3,0.25"] {
            let row = format!("\nsmall,,accuracy,own,random@other,random,{start}");
            assert!(comparisons.contains(&row), "{row} is not in {comparisons}");
        }
    }

    #[test]
    fn files_that_are_missing_or_foreign_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("small");
        assert!(message(&folder).contains("no such results folder"));
        std::fs::create_dir(&folder).unwrap();
        assert!(message(&folder).contains("spec.toml"));
        write_folder(&folder, &spec(), full());
        std::fs::remove_file(folder.join("records.csv")).unwrap();
        assert!(message(&folder).contains("records.csv: not there yet; `pt4al run`"));
        std::fs::write(folder.join("records.csv"), "name,age\nAda,36\n").unwrap();
        assert!(
            message(&folder).contains("records.csv:1: not the records of a trial: the column `experiment` is missing")
        );
        let nan = "experiment,profile,sampler,seed,round,labeled,metric,select,value,train_seconds,evaluate_seconds,\
                   score_seconds,query_seconds,peak_rss_mb,device,error\n\
                   small,,random,0,0,200,accuracy,last,NaN,1,1,0,0,1,cpu,\n";
        std::fs::write(folder.join("records.csv"), nan).unwrap();
        assert!(message(&folder).contains("records.csv:2: the accuracy of random, seed 0, round 0 is NaN"));
        assert!(!folder.join("README.md").exists());
        // A folder without a manifest still has its numbers.
        write_folder(&folder, &spec(), full());
        std::fs::remove_file(folder.join("manifest.json")).unwrap();
        report(&folder).unwrap();
        assert!(read(&folder, "README.md").contains("No manifest.json"));
    }

    #[test]
    fn odd_shapes_are_drawn() {
        let one = vec![accuracy("random", 0, 0, 0.5)];
        let constant = (0..6).map(|i| accuracy("random", i / 3, i as usize % 3, 0.5)).collect();
        let gap = full().into_iter().filter(|r| !(r.round == 1 && r.sampler == "random")).collect();
        for (rows, legend) in [(one, "n = 1 seed, no intervals"), (constant, "n = 2 seeds"), (gap, "n = 3 seeds")] {
            let (_dir, folder, _) = reported(rows);
            let svg = read(&folder, "curve.svg");
            assert_well_formed(&svg);
            assert!(svg.contains(legend) && !svg.contains("NaN"), "{legend}");
            assert!(png_size(&folder.join("curve.png")).0 > 1000);
        }
    }

    #[test]
    fn twelve_arms_of_twenty_seeds_and_ten_rounds_are_reported_in_seconds() {
        let variants: String =
            (1..6).map(|v| format!("[variant.a-name-of-many-words-{v}]\ntrain.start = 'continue'\n")).collect();
        let text = super::testing::spec_text().replace("[0, 1, 2]", &format!("{:?}", (0..20).collect::<Vec<_>>()));
        let spec = super::testing::loaded(
            &format!("{}{variants}", text.replace("count = 3", "count = 10").replace("200", "90")),
            None,
        );
        let mut rows = Vec::new();
        for (arm, (label, _)) in spec.arms().iter().enumerate() {
            for (seed, round) in (0..20).flat_map(|seed| (0..10).map(move |round| (seed, round))) {
                // Seeds lie apart in no order, so that differences have a spread.
                let off = (seed * 7 + arm * 5) % 11;
                let value = 0.3 + 0.05 * round as f64 + 0.004 * arm as f64 + 0.001 * off as f64;
                rows.push(Record { labeled: 90 * (round + 1), ..accuracy(label, seed as u64, round, value) });
            }
        }
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("small");
        write_folder(&folder, &spec, rows);
        let start = std::time::Instant::now();
        let text = report(&folder).unwrap();
        // Unoptimised, on a busy machine: far more than it takes, far less than something quadratic in the records.
        assert!(start.elapsed().as_secs() < 60);
        assert!(text.matches("| random").count() >= 6 && text.contains("are told apart"), "{text}");
        let svg = read(&folder, "curve.svg");
        assert!((1..6).all(|v| svg.contains(&format!("random@a-name-of-many-words-{v}"))));
    }
}
