//! Samplers against each other: who beats whom, by how much, and how sure that is.

use anyhow::Result;

use super::difference::{cell, note};
use super::heat::{Heat, Square};
use super::metric::metric_in_words;
use super::page::{Figure, Section};
use super::table::aligned;
use super::{Findings, Rule};
use crate::findings::{Comparison, RESAMPLES, Verdict, What, p_value, penalties_of};
use crate::spec::Metric;
use crate::stats::{self, Estimate, LEAST_PAIRS, LEAST_TRIALS};
use crate::words::thousands;

/// Comparisons that a page has room for; of more, it shows those that are told apart.
const SHOWN: usize = 15;

/// Empty where nothing can be compared.
pub(super) fn section(findings: &Findings) -> Result<Section> {
    let mut section = Section::of("Samplers against each other", String::new());
    let metric = findings.spec().dataset.task().primary_metric();
    let pairs = pairs(findings, metric);
    // While trials still run, rounds can be compared that all of them have.
    let of_rounds = findings.comparisons.iter().filter(|c| c.metric == metric.name && c.what == What::Round);
    let most = pairs.iter().flat_map(Pair::both).chain(of_rounds).map(|c| c.n).max().unwrap_or(0);
    if most == 0 {
        return Ok(section);
    }
    if most < LEAST_PAIRS {
        section.text = format!(
            "{} cannot say which sampler is better: a difference may be luck, and there is nothing to tell how much of it is. \
             At least {LEAST_PAIRS} seeds are needed to test a difference, and {LEAST_TRIALS} for intervals of probabilities.\n",
            if most == 1 { "One seed" } else { "Two seeds" }
        );
    } else if let Some(figure) = penalties(findings, metric)? {
        section.text = "A row's number is the share of the rounds in which it beats the column: a paired t-test over seeds, p < 0.05 \
                        without correction (Ash et al., BADGE, ICLR 2020). Where two do not differ, each wins 2.5 % by chance.\n"
            .into();
        section.push(figure);
    }
    if findings.rule() == Rule::Own {
        section.text += "\nEach arm is under the rule that it queries with.\n";
    }
    if !pairs.is_empty() {
        section.text += &format!("\n{}", table(findings, metric, &pairs, most));
    }
    section.text += &format!("\n{}", interquartile_means(findings, metric));
    Ok(section)
}

/// Two arms, compared by their areas and by their last rounds.
struct Pair<'a> {
    area: Option<&'a Comparison>,
    last: Option<&'a Comparison>,
}

impl<'a> Pair<'a> {
    fn both(&self) -> impl Iterator<Item = &'a Comparison> {
        self.area.into_iter().chain(self.last)
    }

    fn is_told_apart(&self) -> bool {
        self.both().any(Comparison::is_significant)
    }

    /// As the row of a table has it.
    fn label(&self, findings: &Findings) -> String {
        let of = |c: &Comparison| format!("{} - {}", findings.marked(&c.arm), findings.marked(&c.versus));
        self.both().next().map_or(String::new(), of)
    }
}

/// In the order of `comparisons.csv`. The area of one round is its value, and left out.
fn pairs(findings: &Findings, metric: Metric) -> Vec<Pair<'_>> {
    let rule = findings.rule();
    let is = |c: &&Comparison| c.metric == metric.name && c.select == rule.name() && c.what != What::Round;
    let mut pairs: Vec<Pair> = Vec::new();
    for comparison in findings.comparisons.iter().filter(is) {
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

/// None where no two arms share a round with enough seeds.
fn penalties(findings: &Findings, metric: Metric) -> Result<Option<Figure>> {
    let Some((arms, found)) = penalties_of(&findings.results, metric, findings.rule()) else { return Ok(None) };
    if found.matrix.iter().flatten().all(Option::is_none) {
        return Ok(None);
    }
    let label = metric_in_words(metric.label, findings.images(&[])).replace(" (%)", "");
    let heat = Heat::of(Square {
        title: format!("Who beats whom, in % of the rounds: {label}"),
        subtitle: "The row beats the column; means of the columns, how often each is beaten: lower is better".into(),
        arms: arms.iter().map(|arm| findings.marked(arm)).collect(),
        cells: found.matrix,
        foot: Some(("mean".into(), found.means)),
        most: 1.0,
        scale: "share of the rounds that both have".into(),
    })?;
    Figure::of("penalties.svg", "Pairwise penalty matrix: which sampler beats which in how many of the rounds", &heat)
        .map(Some)
}

/// A row per pair, or per pair that is told apart where there are many.
fn table(findings: &Findings, metric: Metric, pairs: &[Pair], most: usize) -> String {
    let many = pairs.len() > SHOWN;
    let shown: Vec<&Pair> = pairs.iter().filter(|pair| !many || pair.is_told_apart()).collect();
    let all = "all of them are in [comparisons.csv](comparisons.csv)";
    if shown.is_empty() {
        return format!("None of {} pairs is told apart from chance; {all}.\n", pairs.len());
    }
    let comparisons: Vec<&Comparison> = shown.iter().flat_map(|pair| pair.both()).collect();
    let tested = comparisons.iter().any(|c| c.p_holm.is_some());
    let improved = comparisons.iter().any(|c| c.improvement.is_some());
    let rounds = &findings.spec().rounds;
    let mut header = vec!["difference".to_owned()];
    let mut group = |name: String| {
        header.push(name);
        header.extend(["p (Holm)"].iter().filter(|_| tested).map(|&s| s.to_owned()));
        header.extend(["better in %"].iter().filter(|_| improved).map(|&s| s.to_owned()));
    };
    if rounds.count > 1 {
        group("area".into());
    }
    group(format!("{} labels", thousands(rounds.labeled(rounds.count - 1))));
    let mut grid = vec![header];
    for pair in shown {
        let mut row = vec![pair.label(findings)];
        let both = [(rounds.count > 1).then_some(pair.area), Some(pair.last)];
        for comparison in both.into_iter().flatten() {
            let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
            row.push(or_dash(comparison.map(|c| cell(c, metric, most))));
            if tested {
                row.push(or_dash(comparison.and_then(|c| c.p_holm).map(p_value)));
            }
            if improved {
                row.push(or_dash(comparison.and_then(improvement)));
            }
        }
        grid.push(row);
    }
    let label = metric_in_words(metric.label, findings.images(&[])).replace(" (%)", " (points)");
    let mut text = format!("**Differences: {label}**\n\n{}\n", aligned(&grid));
    text += &note(&comparisons, most, findings.spec().seeds.len());
    if tested {
        text += " p (Holm) is two-sided, after that correction.";
        let is_tested = |outcome| matches!(outcome, Verdict::Held | Verdict::DidNotHold);
        if findings.judgements.iter().any(|j| j.expectation.better_than.is_some() && is_tested(j.verdict)) {
            text += " The p of a claim in the verdict is another one: it is corrected over the claims alone.";
        }
    }
    if improved {
        text += &format!(
            " Better in %: how often a trial of the first is above one of the second, whatever their seeds, with its 95 % \
             bootstrap interval from {LEAST_TRIALS} seeds on."
        );
    }
    if many {
        text += &format!(" Of {} pairs those that are told apart; {all}.", pairs.len());
    }
    text + "\n"
}

/// `71 [60, 82]`.
fn improvement(comparison: &Comparison) -> Option<String> {
    let value = format!("{:.0}", comparison.improvement? * 100.0);
    let interval = comparison.improvement_low.zip(comparison.improvement_high);
    Some(interval.map_or(value.clone(), |(low, high)| format!("{value} [{:.0}, {:.0}]", low * 100.0, high * 100.0)))
}

/// Of the areas of each arm, from [`LEAST_TRIALS`] trials on.
fn interquartile_means(findings: &Findings, metric: Metric) -> String {
    let results = &findings.results;
    let what = if findings.spec().rounds.count > 1 { "area" } else { "value" };
    let mut grid = vec![vec!["arm".to_owned(), format!("{what} (%)"), "95 % interval".into(), "trials".into()]];
    let mut most = 0;
    for arm in results.arms() {
        let areas = results.areas(&arm.label, metric.name, results.select_of(&arm, findings.rule()));
        let areas: Vec<f64> = areas.into_values().collect();
        most = most.max(areas.len());
        if areas.len() < LEAST_TRIALS {
            continue;
        }
        let n = areas.len().to_string();
        let Some(Estimate { value, low, high }) = stats::interquartile_mean(&[areas], RESAMPLES, 0) else { continue };
        let shown = |value: f64| format!("{:.1}", value * metric.factor);
        let interval = low.zip(high).map_or("-".into(), |(low, high)| format!("{} to {}", shown(low), shown(high)));
        grid.push(vec![findings.marked(&arm.label), shown(value), interval, n]);
    }
    if grid.len() == 1 {
        return format!(
            "The interquartile mean over trials (the mean of their middle half) needs {LEAST_TRIALS} whole trials of an arm; {} so \
             far.\n",
            if most == 1 { "there is 1".to_owned() } else { format!("there are {most}") }
        );
    }
    format!(
        "**Interquartile means over trials**\n\n{}\nThe mean of the middle half of an arm's trials, which a failed one moves less \
         than the mean; the interval is of {} bootstrap resamples (Agarwal et al., NeurIPS 2021).\n",
        aligned(&grid),
        thousands(RESAMPLES)
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{accuracy, assert_well_formed, findings, full, spec, spec_with};
    use super::*;
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
        let text = &section.text;
        assert!(text.contains("| difference        |        area | p (Holm) |"), "{text}");
        assert!(text.contains("| core-set - random | +3.1 ± 1.5* |    0.003 | 75 ["), "{text}");
        assert!(text.contains("p (Holm) is two-sided, after that correction. Better in %"), "{text}");
        // The middle half of 16 .. 21: one value goes at either end.
        assert!(text.contains("| random   |     28.9 |"), "{text}");
        assert_eq!(section.figures.len(), 1);
        assert!(text.contains("![Pairwise penalty matrix") && text.contains("(penalties.svg)"));
        let svg = &section.figures[0].svg;
        assert_well_formed(svg);
        // core-set beats random in all rounds, random never beats it; and so the means.
        assert_eq!((svg.matches(">\n100\n<").count(), svg.matches(">\n0\n<").count()), (2, 2));
    }

    #[test]
    fn three_seeds_are_tested_and_have_no_interquartile_mean() {
        let text = section(&findings(&spec(), full())).unwrap().text;
        assert!(text.contains("needs 5 whole trials of an arm; there are 3 so far."), "{text}");
        assert!(text.contains("| core-set - random | +10.0 ± 0.0"), "{text}");
    }

    #[test]
    fn one_or_two_seeds_say_what_cannot_be_said_and_draw_nothing() {
        for (seeds, words) in [(1, "One seed cannot say"), (2, "Two seeds cannot say")] {
            let rows = full().into_iter().filter(|row| row.seed < seeds).collect();
            let section = section(&findings(&spec(), rows)).unwrap();
            assert!(section.text.starts_with(words) && section.figures.is_empty(), "{}", section.text);
            assert!(section.text.contains("| core-set - random |") && !section.text.contains("p (Holm)"));
        }
        let alone = findings(&spec(), full().into_iter().filter(|row| row.sampler == "random").collect());
        assert_eq!(section(&alone).unwrap().text, "");
    }

    #[test]
    fn of_many_pairs_those_that_are_told_apart_are_shown_and_one_round_has_no_area() {
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
        let text = section(&findings(&spec, all)).unwrap().text;
        assert!(text.contains("Of 25 pairs those that are told apart; all of them are in [comparisons.csv]"), "{text}");
        assert!(!text.contains("| area") && text.contains(" 200 labels |"), "{text}");
        assert!(text.contains("| core-set@v7 - random@v7 |") && !text.contains("| random@v7 - random |"), "{text}");
    }
}
