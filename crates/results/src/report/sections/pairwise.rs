//! Arms against each other: which beats which, by how much, and how sure that is.

use anyhow::Result;

use super::paired::{difference, note};
use crate::findings::{Comparison, RESAMPLES, Verdict, What, penalties_of};
use crate::report::figures::heat::{Heat, Square};
use crate::report::figures::{Drawing, figure};
use crate::report::findings::Findings;
use crate::report::page::{Block, Cell, Column, Figure, Number, Section, Table, link};
use crate::report::words::metric::metric_in_words;
use crate::results::Rule;
use crate::spec::Metric;
use crate::stats::{self, Estimate, LEAST_PAIRS, LEAST_TRIALS};
use crate::words::thousands;

/// The most comparisons that a page has room for; of more, it shows those that are significant.
const SHOWN: usize = 15;

/// Empty if nothing can be compared.
///
/// # Errors
/// If the figure cannot be drawn.
pub(super) fn section(findings: &Findings) -> Result<Section> {
    let metric = findings.primary_metric();
    let pairs = pairs(findings, metric);
    // While trials still run, rounds can be compared that all of them have.
    let of_rounds = findings.comparisons.iter().filter(|c| c.metric == metric.name && c.what == What::Round);
    let most = pairs.iter().flat_map(Pair::both).chain(of_rounds).map(|c| c.n).max().unwrap_or(0);
    let mut blocks = Vec::new();
    if most == 0 {
        return Ok(Section::new(HEADING, blocks));
    }
    if most < LEAST_PAIRS {
        let seeds = if most == 1 { "One seed" } else { "Two seeds" };
        blocks.push(Block::paragraph(format!(
            "{seeds} cannot show which sampler is better: a difference may be chance, and its spread is not known. \
             At least {LEAST_PAIRS} seeds are needed to test a difference, and {LEAST_TRIALS} for intervals of probabilities."
        )));
    } else if let Some(figure) = penalties(findings, metric)? {
        blocks.push(Block::paragraph(
            "A row's number is the share of the rounds in which it beats the column: a paired t-test over seeds, p < 0.05 \
             without correction (Ash et al., BADGE, ICLR 2020). If two samplers do not differ, each wins 2.5 % of the \
             rounds by chance.",
        ));
        blocks.push(Block::Figure(figure));
    }
    if findings.rule() == Rule::Own {
        blocks.push(Block::paragraph("Each arm is under the rule that it queries with."));
    }
    if !pairs.is_empty() {
        blocks.extend(table(findings, metric, &pairs, most));
    }
    blocks.extend(interquartile_means(findings, metric));
    Ok(Section::new(HEADING, blocks))
}

const HEADING: &str = "Samplers against each other";

/// Two arms with the comparisons of their areas and of their last rounds.
struct Pair<'a> {
    area: Option<&'a Comparison>,
    last: Option<&'a Comparison>,
}

impl<'a> Pair<'a> {
    fn both(&self) -> impl Iterator<Item = &'a Comparison> {
        self.area.into_iter().chain(self.last)
    }

    fn is_significant(&self) -> bool {
        self.both().any(Comparison::is_significant)
    }

    /// The name of its row.
    fn label(&self, findings: &Findings) -> String {
        let named = |c: &Comparison| format!("{} - {}", findings.marked(&c.arm), findings.marked(&c.versus));
        self.both().next().map_or(String::new(), named)
    }
}

/// All pairs, in the order of `comparisons.csv`. The area of one round is its value, and left out.
fn pairs(findings: &Findings, metric: Metric) -> Vec<Pair<'_>> {
    let rule = findings.rule();
    let is_shown = |c: &&Comparison| c.metric == metric.name && c.select == rule.name() && c.what != What::Round;
    let mut pairs: Vec<Pair> = Vec::new();
    for comparison in findings.comparisons.iter().filter(is_shown) {
        let same = |pair: &Pair| pair.both().any(|c| (&c.arm, &c.versus) == (&comparison.arm, &comparison.versus));
        let at = pairs.iter().position(same).unwrap_or(pairs.len());
        if at == pairs.len() {
            pairs.push(Pair { area: None, last: None });
        }
        match comparison.what {
            What::Area if findings.spec().rounds.count > 1 => pairs[at].area = Some(comparison),
            What::Area | What::Round => {}
            What::LastRound => pairs[at].last = Some(comparison),
        }
    }
    pairs.retain(|pair| pair.both().next().is_some());
    pairs
}

/// The matrix of who beats whom; none if no two arms share a round with enough seeds.
fn penalties(findings: &Findings, metric: Metric) -> Result<Option<Figure>> {
    let Some((arms, found)) = penalties_of(&findings.results, metric, findings.rule()) else { return Ok(None) };
    if found.matrix.iter().flatten().all(Option::is_none) {
        return Ok(None);
    }
    let label = metric_in_words(metric.label, findings.images(&[])).replace(" (%)", "");
    let heat = Heat::of(Square {
        title: format!("{}: who beats whom, in % of the rounds ({label})", findings.title()),
        subtitle: "The row beats the column. Means of columns: how often each arm is beaten (lower is better)".into(),
        arms: arms.iter().map(|arm| findings.marked(arm)).collect(),
        cells: found.matrix,
        foot: Some(("mean".into(), found.means)),
        most: 1.0,
        scale: "share of the rounds that both have".into(),
    })?;
    let alt = "Pairwise penalty matrix: which sampler beats which in how many of the rounds";
    let figure = figure(Drawing::Penalties, alt, &heat, &findings.badge())?;
    Ok(Some(figure.with_numbers(heat.numbers("penalties"))))
}

/// A row per pair; if there are many, a row per pair that is significant.
fn table(findings: &Findings, metric: Metric, pairs: &[Pair], most: usize) -> Vec<Block> {
    let many = pairs.len() > SHOWN;
    let shown: Vec<&Pair> = pairs.iter().filter(|pair| !many || pair.is_significant()).collect();
    let all = format!("all of them are in {}", link("comparisons.csv", "comparisons.csv"));
    if shown.is_empty() {
        return vec![Block::paragraph(format!(
            "No difference between {} pairs of arms is significant; {all}.",
            pairs.len()
        ))];
    }
    let comparisons: Vec<&Comparison> = shown.iter().flat_map(|pair| pair.both()).collect();
    let tested = comparisons.iter().any(|c| c.p_holm.is_some());
    let improved = comparisons.iter().any(|c| c.improvement.is_some());
    let rounds = &findings.spec().rounds;
    let last = format!("{} labels", thousands(rounds.labeled(rounds.count - 1)));
    let places = if rounds.count > 1 { vec!["area".to_owned(), last] } else { vec![last] };
    let mut columns = vec![Column::new("difference")];
    for place in places {
        columns.push(Column::new(place));
        columns.extend(tested.then(|| Column::new("p (Holm)")));
        columns.extend(improved.then(|| Column::new("better in %")));
    }
    let mut table = Table::new("pairwise", columns);
    for pair in shown {
        let both = [(rounds.count > 1).then_some(pair.area), Some(pair.last)];
        let mut cells = Vec::new();
        for comparison in both.into_iter().flatten() {
            cells.push(Cell::or_missing(comparison.map(|c| difference(c, metric, most))));
            if tested {
                cells.push(Cell::or_missing(comparison.and_then(|c| c.p_holm).map(Cell::P)));
            }
            if improved {
                cells.push(Cell::or_missing(comparison.and_then(improvement)));
            }
        }
        table.push(pair.label(findings), cells);
    }
    let label = metric_in_words(metric.label, findings.images(&[])).replace(" (%)", " (points)");
    let mut text = note(&comparisons, most, findings.spec().seeds.len());
    if tested {
        text += " p (Holm) is two-sided, after that correction.";
        let is_tested = |verdict| matches!(verdict, Verdict::Held | Verdict::DidNotHold);
        if findings.judged_claims.iter().any(|j| j.expectation.better_than.is_some() && is_tested(j.verdict)) {
            text += " The p value of a claim differs from this one, because it is corrected over the claims only.";
        }
    }
    if improved {
        text += &format!(
            " Better in %: the probability that a trial of the first arm exceeds one of the second, over all pairs of \
             trials; with a 95 % bootstrap interval from {LEAST_TRIALS} seeds on."
        );
    }
    if many {
        text += &format!(" Only the significant ones of {} pairs are shown; {all}.", pairs.len());
    }
    vec![Block::heading(format!("Differences: {label}")), Block::Table(table), Block::paragraph(text)]
}

/// `71 [60, 82]`.
fn improvement(comparison: &Comparison) -> Option<Cell> {
    let interval = comparison.improvement_low.zip(comparison.improvement_high);
    let interval = interval.map(|(low, high)| (low * 100.0, high * 100.0));
    Some(Number::estimate(comparison.improvement? * 100.0, interval, 0).into())
}

/// The interquartile mean of the areas of each arm that has at least [`LEAST_TRIALS`] trials.
fn interquartile_means(findings: &Findings, metric: Metric) -> Vec<Block> {
    let results = &findings.results;
    let what = if findings.spec().rounds.count > 1 { "area" } else { "value" };
    let mut columns = Column::all(["arm", what, "95 % interval", "trials"]);
    columns[1].unit = Some("%");
    let mut table = Table::new("interquartile-means", columns);
    let mut most = 0;
    for arm in results.arms() {
        let areas = results.areas(&arm.label, metric.name, results.select_of(&arm, findings.rule()));
        let areas: Vec<f64> = areas.into_values().collect();
        let n = areas.len();
        most = most.max(n);
        if n < LEAST_TRIALS {
            continue;
        }
        let Some(Estimate { value, low, high }) = stats::interquartile_mean(&[areas], RESAMPLES, 0) else { continue };
        let ends = low.zip(high).map(|(low, high)| (low * metric.factor, high * metric.factor));
        let interval = ends.map(|(low, high)| Cell::text(format!("{low:.1} to {high:.1}")));
        let mean = Cell::number(value * metric.factor, 1);
        table.push(findings.marked(&arm.label), [mean, Cell::or_missing(interval), Cell::Count(n)]);
    }
    if table.rows.is_empty() {
        let so_far = if most == 1 { "there is 1".to_owned() } else { format!("there are {most}") };
        return vec![Block::paragraph(format!(
            "The interquartile mean over trials (the mean of their middle half) needs {LEAST_TRIALS} complete trials \
             of an arm; {so_far} \
             so far."
        ))];
    }
    vec![
        Block::heading("Interquartile means over trials"),
        Block::Table(table),
        Block::paragraph(format!(
            "The mean of the middle half of an arm's trials, which one failed trial moves less than the mean; the \
             interval is from {} bootstrap resamples (Agarwal et al., NeurIPS 2021).",
            thousands(RESAMPLES)
        )),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{accuracy, assert_well_formed, findings, full, spec, spec_with};
    use crate::store::Record;

    /// Seeds 0 to 5, 3 rounds, in 64ths, which are exact: random has 16 + s, core-set 1, 2 or 3 more by seed.
    fn six(spec: &crate::spec::Spec) -> (crate::spec::Spec, Vec<Record>) {
        let mut spec = spec.clone();
        spec.seeds = (0..6).collect();
        let rows = (0..18).flat_map(|i| {
            let (seed, round) = (i / 3, i as usize % 3);
            let value = 0.25 + seed as f64 / 64.0;
            let better = value + (1 + seed % 3) as f64 / 64.0;
            [accuracy("random", seed, round, value), accuracy("core-set", seed, round, better)]
        });
        let rows = rows.collect();
        (spec, rows)
    }

    /// Differences of 1, 2, 3, 1, 2, 3 times 1.5625 points: mean 3.125, sd 1.398, half of the interval 1.398 x 2.571 /
    /// sqrt(6) = 1.47; t = 5.48, p = 0.0028 with 5 degrees of freedom, and the only comparison of its family. Of the 36
    /// pairs of trials (16 .. 21 against 17, 19, 21, 20, 22, 24) core-set is above in 25 and equal in 4: 27 / 36.
    #[test]
    fn six_seeds_are_compared_with_all_numbers() {
        let (spec, rows) = six(&spec());
        let section = section(&findings(&spec, rows)).unwrap();
        let text = section.markdown();
        assert!(text.contains("| difference        |        area | p (Holm) |"), "{text}");
        assert!(text.contains("| core-set - random | +3.1 ± 1.5* |    0.003 | 75 ["), "{text}");
        assert!(text.contains("p (Holm) is two-sided, after that correction. Better in %"), "{text}");
        // The middle half of 16 .. 21: one value goes at either end.
        assert!(text.contains("| random   |     28.9 |"), "{text}");
        assert_eq!(section.figures().count(), 1);
        assert!(text.contains("![Pairwise penalty matrix") && text.contains("(penalties.svg)"));
        let svg = &section.figures().next().unwrap().svg;
        assert_well_formed(svg);
        // core-set beats random in all rounds, random never beats it; and so the means.
        assert_eq!((svg.matches(">\n100\n<").count(), svg.matches(">\n0\n<").count()), (2, 2));
    }

    #[test]
    fn three_seeds_are_tested_and_have_no_interquartile_mean() {
        let text = section(&findings(&spec(), full())).unwrap().markdown();
        assert!(text.contains("needs 5 complete trials of an arm; there are 3 so far."), "{text}");
        assert!(text.contains("| core-set - random | +10.0 ± 0.0"), "{text}");
    }

    #[test]
    fn one_or_two_seeds_say_what_cannot_be_said_and_draw_nothing() {
        for (seeds, words) in [(1, "One seed cannot show"), (2, "Two seeds cannot show")] {
            let rows = full().into_iter().filter(|row| row.seed < seeds).collect();
            let section = section(&findings(&spec(), rows)).unwrap();
            let text = section.markdown();
            assert!(text.starts_with(words) && section.figures().count() == 0, "{text}");
            assert!(text.contains("| core-set - random |") && !text.contains("p (Holm)"));
        }
        let alone = findings(&spec(), full().into_iter().filter(|row| row.sampler == "random").collect());
        assert_eq!(section(&alone).unwrap().markdown(), "");
    }

    #[test]
    fn of_many_pairs_only_significant_ones_are_shown_and_one_round_has_no_area() {
        let variants = (0..8).map(|i| format!("[variant.v{i}]\ntrain.epochs = {}\n", i + 2)).collect::<String>();
        let (mut spec, rows) = six(&spec_with(&variants));
        spec.rounds.count = 1;
        let mut rows: Vec<Record> = rows.into_iter().filter(|row| row.round == 0).collect();
        // Far more than it varies by, for there are 25 tests.
        let better = rows.iter_mut().filter(|row| row.sampler == "core-set");
        better.for_each(|row| row.value = row.value.map(|v| v + 0.25));
        let others = (0..8).flat_map(|i| {
            rows.iter().cloned().map(move |mut row| {
                row.sampler += &format!("@v{i}");
                // Alternating: 1 point up and down from the experiment's.
                row.value = row.value.map(|v| v + if row.seed % 2 == 0 { 0.01 } else { -0.01 });
                row
            })
        });
        let all: Vec<Record> = rows.iter().cloned().chain(others.collect::<Vec<_>>()).collect();
        let text = section(&findings(&spec, all)).unwrap().markdown();
        assert!(
            text.contains("Only the significant ones of 25 pairs are shown; all of them are in [comparisons.csv]"),
            "{text}"
        );
        assert!(!text.contains("| area") && text.contains(" 200 labels |"), "{text}");
        assert!(text.contains("| core-set@v7 - random@v7 |") && !text.contains("| random@v7 - random |"), "{text}");
    }
}
