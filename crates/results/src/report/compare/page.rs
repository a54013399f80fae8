//! The page of a comparison.

use super::test::{FolderComparison, Test};
use super::{Compared, Findings};
use crate::findings::{RESAMPLES, p_value};
use crate::report::arm::{Images, TRAIN_MARK};
use crate::report::difference::signed;
use crate::report::metric::metric_in_words;
use crate::report::page::{Figure, Page, Section};
use crate::report::table::aligned;
use crate::report::variants::{changes, in_words};
use crate::results::Differing;
use crate::spec::Spec;
use crate::stats::{self, LEAST_TRIALS};
use crate::words::{code, counted, thousands};

/// Curves in one picture and one table, what differs, and by how much.
pub(super) fn page(compared: &Compared, found: &[FolderComparison], figures: Vec<Figure>) -> Page {
    let mut curves = Section::of("Learning curves", String::new());
    figures.into_iter().for_each(|figure| curves.push(figure));
    Page {
        title: compared.names.join(" against "),
        sections: vec![
            Section::of("What is compared", folders(compared)),
            Section::of("Where the specs differ", specs(compared)),
            Section::of("Differences between the runs that can change values", runs(compared)),
            curves,
            Section::of("Results", table(compared)),
            Section::of("Differences", differences(compared, found)),
            Section::of("Over all folders", over_all(compared)),
        ],
    }
}

fn folders(compared: &Compared) -> String {
    let mut text = String::new();
    for (name, findings) in compared.each() {
        let (experiment, profile) = findings.spec().identity();
        let profile = if profile.is_empty() { String::new() } else { format!(", profile {}", code(profile)) };
        let devices = findings.results.devices.join(", ");
        text += &format!(
            "- **{name}**: {}; experiment {}{profile}, protocol `{}`, {}, on {devices}.\n",
            findings.spec().title.replace(['\n', '\r'], " "),
            code(experiment),
            findings.spec().hash(),
            counted(findings.spec().seeds.len(), "seed")
        );
        for warning in findings.results.warnings() {
            text += &format!("  - Warning: {warning}\n");
        }
        text += &findings.warning().map(|warning| format!("  - {warning}")).unwrap_or_default();
    }
    let data = |findings: &Findings| findings.manifest().map(|m| m.data.fingerprint.clone());
    if images(compared) == Images::Mixed {
        text += "\n> **Warning:** some values are of TRAIN images, of which the labels were trained on, and others of test images: \
                 their differences say nothing of samplers.\n";
    }
    if compared.findings.windows(2).any(|pair| data(&pair[0]) != data(&pair[1])) {
        text += "\n> **Warning:** these results are not all of the same data (the fingerprints in their manifests differ).\n";
    }
    text
}

/// What decides values and differs from the first folder's spec.
fn specs(compared: &Compared) -> String {
    let protocol = |spec: &Spec| Spec { title: String::new(), expect: Vec::new(), check: None, ..spec.clone() };
    let base = protocol(compared.findings[0].spec());
    let mut text = String::new();
    for (name, findings) in compared.each().skip(1) {
        let changed = in_words(&changes(&base, &protocol(findings.spec())), "nothing");
        text += &format!("- {} -> {name}: {changed}.\n", compared.names[0]);
    }
    text
}

/// Where, by what and on what the others ran otherwise than the first: equal specs give equal values only where all of it is
/// the same.
fn runs(compared: &Compared) -> String {
    let first = &compared.findings[0].results;
    let mut text = String::new();
    for (name, findings) in compared.each().skip(1) {
        let pair = format!("- {} -> {name}", compared.names[0]);
        let Some(differing) = first.differing(&findings.results) else {
            let lacking = compared
                .each()
                .filter(|(of, f)| [compared.names[0].as_str(), name].contains(of) && f.manifest().is_none());
            let lacking: Vec<&str> = lacking.map(|(of, _)| of).collect();
            text += &format!("{pair}: not known, because there is no manifest.json in {}.\n", lacking.join(" and "));
            continue;
        };
        if differing.is_empty() {
            text += &format!("{pair}: nothing.\n");
        }
        for Differing { circumstance, was, is } in differing {
            let (what, why) = (circumstance.in_words(), circumstance.why());
            text += &match was == is {
                true => format!("{pair}, {what}: {was} in both, which need not be the same ({why}).\n"),
                false => format!("{pair}, {what}: {was} -> {is} ({why}).\n"),
            };
        }
    }
    text
}

/// A row for each arm of each folder, a column for each number of labels that one of them has.
fn table(compared: &Compared) -> String {
    let shown: Vec<_> = compared.each().map(|(name, f)| (name, f, f.rows(compared.metric, f.rule()))).collect();
    let columns: std::collections::BTreeSet<usize> =
        shown.iter().flat_map(|(.., rows)| rows.iter().map(|r| r.labeled)).collect();
    let mut grid =
        vec![std::iter::once("labels".to_owned()).chain(columns.iter().map(|&c| thousands(c))).collect::<Vec<_>>()];
    for (name, findings, rows) in &shown {
        for arm in findings.results.arms() {
            let cell = |&labeled: &usize| {
                let row = rows.iter().find(|row| row.sampler == arm.label && row.labeled == labeled);
                row.map_or_else(
                    || "-".into(),
                    |row| {
                        let half = row.low.zip(row.high).map(|(low, high)| (high - low) / 2.0 * compared.metric.factor);
                        let half = half.map(|half| format!(" ± {half:.1}")).unwrap_or_default();
                        format!("{:.1}{half} ({})", row.mean * compared.metric.factor, row.n)
                    },
                )
            };
            let label = format!("{name}: {}", marked(compared, findings, &arm.label, &arm.label));
            grid.push(std::iter::once(label).chain(columns.iter().map(cell)).collect());
        }
    }
    let words = metric_in_words(compared.metric.label, images(compared));
    format!(
        "{words}, each arm under the rule that it queries with: mean over seeds ± half the 95 % t interval (number of \
         seeds).\n\n{}\nIn full precision: [curves.csv](curves.csv).\n",
        aligned(&grid)
    )
}

/// A name that stands for an arm, with a mark where its values are of train images and those of others are not.
fn marked(compared: &Compared, findings: &Findings, arm: &str, name: &str) -> String {
    let on_train = images(compared) == Images::Mixed && findings.images(&[arm]) == Images::Train;
    if on_train { format!("{name} {TRAIN_MARK}") } else { name.to_owned() }
}

/// Those that the values of all folders are of.
fn images(compared: &Compared) -> Images {
    let of: Vec<Images> = compared.findings.iter().map(|findings| findings.images(&[])).collect();
    if of.iter().all(|images| *images == of[0]) { of[0] } else { Images::Mixed }
}

fn differences(compared: &Compared, found: &[FolderComparison]) -> String {
    if found.is_empty() {
        return "No arm is in two of them with a number of labels in common, so there is nothing to compare.\n".into();
    }
    let mut grid =
        vec![["arm", "of", "against", "what", "n", "difference (points)", "p (Holm)"].map(str::to_owned).to_vec()];
    for c in found {
        let factor = compared.metric.factor;
        let half = c.low.zip(c.high).map(|(low, high)| format!(" ± {:.1}", (high - low) / 2.0 * factor));
        let named = |folder: &str| {
            let of = compared.each().find(|(name, _)| *name == folder);
            of.map_or_else(|| folder.to_owned(), |(name, findings)| marked(compared, findings, &c.arm, name))
        };
        let mark = if c.p_holm.is_some_and(|p| p < crate::findings::LEVEL) { "*" } else { "" };
        grid.push(vec![
            c.arm.clone(),
            named(&c.results),
            named(&c.versus),
            c.labeled.map_or("area".into(), |labeled| format!("{} labels", thousands(labeled))),
            if c.test == Test::Paired { format!("{} pairs", c.n) } else { format!("{} and {}", c.n, c.versus_n) },
            format!("{}{}{mark}", signed(c.mean * factor), half.unwrap_or_default()),
            c.p_holm.map_or("-".into(), p_value),
        ]);
    }
    let apart = found.iter().filter(|c| c.p_holm.is_some_and(|p| p < crate::findings::LEVEL)).count();
    format!(
        "{}\n± is half the 95 % t interval of the mean difference, and each interval is of its number alone; areas are over the numbers of labels that both have. Trials are paired by seed where at least three seeds \
         are in both, else taken as independent (Welch). * marks what is told apart at the level of 5 %, by Holm's correction \
         over all areas, or all last rounds: {apart} of {}. No p: fewer than three trials, or no spread.\n\nIn full precision: \
         [comparisons.csv](comparisons.csv).\n",
        aligned(&grid),
        counted(found.len(), "comparison")
    )
}

/// Arms that all folders have, over the folders as strata: interquartile mean of the areas, and the probability that a trial
/// exceeds one of the first such arm (Agarwal et al., NeurIPS 2021). Empty where fewer than two arms are in all of them.
fn over_all(compared: &Compared) -> String {
    let metric = compared.metric;
    let first = compared.findings[0].results.arms();
    let in_all = |label: &str| compared.findings.iter().all(|f| f.results.arms().iter().any(|arm| arm.label == label));
    let shared: Vec<&str> = first.iter().map(|arm| arm.label.as_str()).filter(|label| in_all(label)).collect();
    let [base, _, ..] = shared.as_slice() else { return String::new() };
    let strata = |label: &str| -> Vec<Vec<f64>> {
        let of = |findings: &Findings| {
            let arms = findings.results.arms();
            let rule = arms.iter().find(|arm| arm.label == label).map_or("", |arm| arm.rule());
            findings.results.areas(label, metric.name, rule).into_values().collect()
        };
        compared.findings.iter().map(of).collect()
    };
    let least = shared.iter().flat_map(|label| strata(label)).map(|trials| trials.len()).min().unwrap_or(0);
    if least < LEAST_TRIALS {
        return format!(
            "Interquartile means and probabilities of improvement over the folders need at least {LEAST_TRIALS} whole trials of \
             each arm in each folder; the least here is {least}.\n"
        );
    }
    let interval = |value: &stats::Estimate, factor: f64, digits: usize| {
        let ends = value
            .low
            .zip(value.high)
            .map(|(low, high)| format!(" [{:.digits$}, {:.digits$}]", low * factor, high * factor));
        format!("{:.digits$}{}", value.value * factor, ends.unwrap_or_default())
    };
    let heading = format!("better than {base} (% of pairs of trials)");
    let mut grid = vec![["arm".to_owned(), "interquartile mean of areas (%)".to_owned(), heading]];
    for label in &shared {
        let iqm = stats::interquartile_mean(&strata(label), RESAMPLES, 0);
        let pairs: Vec<(Vec<f64>, Vec<f64>)> = strata(label).into_iter().zip(strata(base)).collect();
        let improvement = if label == base { None } else { stats::probability_of_improvement(&pairs, RESAMPLES, 0) };
        grid.push([
            (*label).to_owned(),
            iqm.map_or("-".into(), |v| interval(&v, metric.factor, 1)),
            improvement.map_or("-".into(), |v| interval(&v, 100.0, 0)),
        ]);
    }
    let grid: Vec<Vec<String>> = grid.into_iter().map(Vec::from).collect();
    format!(
        "{}\nOver {} folders as strata, with 95 % intervals of {} bootstrap resamples of the trials of each.\n",
        aligned(&grid),
        compared.findings.len(),
        thousands(RESAMPLES)
    )
}
