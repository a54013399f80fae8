//! The page of a comparison of folders.

use std::collections::BTreeSet;

use super::test::{FolderComparison, Test};
use super::{Compared, opening};
use crate::findings::RESAMPLES;
use crate::report::findings::Findings;
use crate::report::page::{Block, Cell, Column, Curves, Figure, Fold, Number, Page, Section, Table, link};
use crate::report::sections::curves;
use crate::report::words::badge::Fact;
use crate::report::words::metric::metric_in_words;
use crate::report::words::one_line;
use crate::results::{Differing, Results};
use crate::stats::{self, Estimate, LEAST_TRIALS};
use crate::words::{code, counted, thousands};

/// Curves in one picture and one table, what differs, and by how much.
pub(super) fn page(compared: &Compared, found: &[FolderComparison], figures: Vec<Figure>) -> Page {
    Page {
        title: opening::title(compared),
        badge: opening::badge(compared),
        lead: opening::lead(compared, found),
        picture: picture(figures),
        sections: vec![
            Section::new("What is compared", folders(compared)),
            Section::new("Differences", differences(compared, found)).with_fold(Fold::Never),
            Section::new("Results", table(compared)),
            Section::new("Over all folders", over_all(compared)),
            Section::new(
                "How the runs differ",
                vec![
                    Block::paragraph("Each of these can change values, also where the specs are equal."),
                    Block::list(runs(compared)),
                ],
            ),
        ],
    }
}

/// The picture that answers the title: all curves.
fn picture(figures: Vec<Figure>) -> Vec<Block> {
    curves::blocks(Curves { figures, note: None })
}

/// A row for each folder with the facts of its own scale badge, and their titles.
fn folders(compared: &Compared) -> Vec<Block> {
    let facts = Fact::ALL.map(Fact::name);
    let columns = [&["folder"], facts.as_slice(), &["experiment", "protocol"]].concat();
    let mut table = Table::new("folders", Column::all(columns));
    for (name, findings) in compared.each() {
        let spec = findings.spec();
        let own = findings.facts();
        let facts = Fact::ALL.map(|fact| Cell::or_missing(own.get(fact).map(Cell::text)));
        let protocol = [spec.identity().0, &spec.hash()].map(|text| Cell::text(code(text)));
        table.push(format!("**{name}**"), facts.into_iter().chain(protocol));
    }
    let title = |(name, findings): (&str, &Findings)| format!("{name}: {}", one_line(&findings.spec().title));
    vec![Block::Table(table), Block::list(compared.each().map(title))]
}

/// The program, hardware and software with which the others ran, as far as they differ from the first: equal specs give
/// equal values only if all of these are the same.
fn runs(compared: &Compared) -> Vec<String> {
    let first = &compared.findings[0].results;
    let mut lines = Vec::new();
    for (name, findings) in compared.each().skip(1) {
        let pair = format!("{} -> {name}", compared.names[0]);
        lines.extend(other_commands(first, &findings.results).map(|what| format!("{pair}, {what}.")));
        let Some(differing) = first.differing(&findings.results) else {
            let both = [compared.names[0].as_str(), name];
            let lacking = compared.each().filter(|(of, f)| both.contains(of) && f.manifest().is_none());
            let lacking: Vec<&str> = lacking.map(|(of, _)| of).collect();
            lines.push(format!("{pair}: not known, because there is no manifest.json in {}.", lacking.join(" and ")));
            continue;
        };
        if differing.is_empty() {
            lines.push(format!("{pair}: nothing."));
        }
        for Differing { circumstance, was, is } in differing {
            let (what, why) = (circumstance.in_words(), circumstance.why());
            lines.push(match was == is {
                true => format!("{pair}, {what}: {was} in both, which need not be the same ({why})."),
                false => format!("{pair}, {what}: {was} -> {is} ({why})."),
            });
        }
    }
    lines
}

/// The commands that have the same name in both results but are not the same.
fn other_commands<'a>(first: &'a Results, other: &'a Results) -> impl Iterator<Item = String> + 'a {
    first.arms().into_iter().filter_map(|arm| {
        let now = other.arms().into_iter().find(|now| now.label == arm.label)?;
        let (key, was, is) = arm.sampler.command()?.difference(now.sampler.command()?)?;
        Some(format!(
            "the command of the sampler {}, `{key}`: {was} -> {is} (another command chooses other images)",
            arm.label
        ))
    })
}

/// A row for each arm of each folder, a column for each number of labels that one of them has.
fn table(compared: &Compared) -> Vec<Block> {
    let factor = compared.metric.factor;
    let shown: Vec<_> = compared.each().map(|(name, f)| (name, f, f.rows(compared.metric, f.rule()))).collect();
    let columns: BTreeSet<usize> = shown.iter().flat_map(|(.., rows)| rows.iter().map(|r| r.labeled)).collect();
    let mut table = Table::new("results", Column::labels("labels", columns.iter().copied()));
    for (name, findings, rows) in &shown {
        for arm in findings.results.arms() {
            let cell = |&labeled: &usize| {
                let row = rows.iter().find(|row| row.sampler == arm.label && row.labeled == labeled);
                let number = row.map(|row| {
                    let half = row.half_width().map(|half| half * factor);
                    Number { n: Some(row.n), ..Number::mean(row.mean * factor, half) }
                });
                Cell::or_missing(number.map(Cell::from))
            };
            let label = format!("{name}: {}", compared.marked(findings, &arm.label, &arm.label));
            table.push(label, columns.iter().map(cell));
        }
    }
    let words = metric_in_words(compared.metric.label, compared.images());
    vec![
        Block::paragraph(format!(
            "{words}, each arm under the rule that it queries with: mean over seeds ± half the 95 % t interval (n: seeds)."
        )),
        Block::Table(table),
        Block::paragraph(format!("All numbers in full precision: {}.", link("curves.csv", "curves.csv"))),
    ]
}

fn differences(compared: &Compared, found: &[FolderComparison]) -> Vec<Block> {
    if found.is_empty() {
        return vec![Block::paragraph(
            "No arm is in two folders at a common number of labels, so nothing can be compared.",
        )];
    }
    let factor = compared.metric.factor;
    let mut columns = Column::all(["arm", "of", "against", "what", "n"]);
    columns.extend([Column::with_unit("difference", "points"), Column::new("p (Holm)")]);
    let mut table = Table::new("differences", columns);
    for c in found {
        let half = c.half_width().map(|half| half * factor);
        let difference = Number { significant: c.is_significant(), ..Number::difference(c.mean * factor, half) };
        let n = match c.test {
            Test::Paired => counted(c.n, "pair"),
            Test::Welch => format!("{} and {}", c.n, c.versus_n),
        };
        let cells = [
            Cell::text(compared.named(&c.results, &c.arm)),
            Cell::text(compared.named(&c.versus, &c.arm)),
            Cell::text(c.labeled.map_or("area".into(), |labeled| format!("{} labels", thousands(labeled)))),
            Cell::text(n),
            difference.into(),
            Cell::or_missing(c.p_holm.map(Cell::P)),
        ];
        table.push(c.arm.as_str(), cells);
    }
    let significant = found.iter().filter(|c| c.is_significant()).count();
    vec![
        Block::Table(table),
        Block::paragraph(format!(
            "± is half the 95 % t interval of the mean difference; intervals are not corrected for multiple \
             comparisons. Areas are over the numbers of labels that both have. Trials are paired by seed if at least \
             three seeds are in both folders, else treated as independent (Welch's test). * marks differences that are \
             significant at the 5 % level, Holm-corrected over all areas, or over all last rounds: {significant} of \
             {}. Without p: fewer than three trials, or no spread.",
            counted(found.len(), "comparison")
        )),
        Block::paragraph(format!("All numbers in full precision: {}.", link("comparisons.csv", "comparisons.csv"))),
    ]
}

/// Arms that all folders have, over the folders as strata: interquartile mean of the areas, and the probability that a
/// trial exceeds one of the first such arm (Agarwal et al., NeurIPS 2021). Empty if fewer than two arms are in all of
/// them.
fn over_all(compared: &Compared) -> Vec<Block> {
    let metric = compared.metric;
    let first = compared.findings[0].results.arms();
    let in_all = |label: &str| compared.findings.iter().all(|f| f.results.arms().iter().any(|arm| arm.label == label));
    let shared: Vec<&str> = first.iter().map(|arm| arm.label.as_str()).filter(|label| in_all(label)).collect();
    let [base, _, ..] = shared.as_slice() else { return Vec::new() };
    let least = shared.iter().flat_map(|label| strata(compared, label)).map(|trials| trials.len()).min().unwrap_or(0);
    if least < LEAST_TRIALS {
        return vec![Block::paragraph(format!(
            "Interquartile means and probabilities of improvement over the folders need at least {LEAST_TRIALS} \
             complete trials of each arm in each folder; the fewest here are {least}."
        ))];
    }
    let cell = |value: Option<Estimate>, factor: f64, decimals: usize| {
        let number = value.map(|Estimate { value, low, high }| {
            let ends = low.zip(high).map(|(low, high)| (low * factor, high * factor));
            Number::estimate(value * factor, ends, decimals)
        });
        Cell::or_missing(number.map(Cell::from))
    };
    let columns = vec![
        Column::new("arm"),
        Column::with_unit("interquartile mean of areas", "%"),
        Column::with_unit(format!("better than {base}"), "% of pairs of trials"),
    ];
    let mut table = Table::new("over-all-folders", columns);
    for label in &shared {
        let mean = stats::interquartile_mean(&strata(compared, label), RESAMPLES, 0);
        let pairs: Vec<(Vec<f64>, Vec<f64>)> =
            strata(compared, label).into_iter().zip(strata(compared, base)).collect();
        let improvement = if label == base { None } else { stats::probability_of_improvement(&pairs, RESAMPLES, 0) };
        table.push(*label, [cell(mean, metric.factor, 1), cell(improvement, 100.0, 0)]);
    }
    vec![
        Block::Table(table),
        Block::paragraph(format!(
            "Over {} folders as strata, with 95 % intervals from {} bootstrap resamples of the trials of each folder.",
            compared.findings.len(),
            thousands(RESAMPLES)
        )),
    ]
}

/// The areas of an arm in each folder.
fn strata(compared: &Compared, label: &str) -> Vec<Vec<f64>> {
    let areas = |findings: &Findings| {
        let arms = findings.results.arms();
        let rule = arms.iter().find(|arm| arm.label == label).map_or("", |arm| arm.rule());
        findings.results.areas(label, compared.metric.name, rule).into_values().collect()
    };
    compared.findings.iter().map(areas).collect()
}
