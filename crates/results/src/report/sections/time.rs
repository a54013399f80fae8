//! The time of each arm's trials by stage, and their memory.

use std::collections::BTreeMap;

use crate::report::findings::Findings;
use crate::report::page::{Block, Cell, Column, Section, Table};
use crate::store::Record;

/// The seconds of one trial by stage, and its peak memory in MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Taken {
    /// Training, evaluating, scoring the pool, choosing among the scored images; and waiting for images, which is part
    /// of the others.
    stages: [f64; 5],
    peak_mb: f64,
    rounds: usize,
}

impl Taken {
    fn add(&mut self, row: &Record) {
        let seconds = [row.train_seconds, row.evaluate_seconds, row.score_seconds, row.query_seconds, row.wait_seconds];
        self.stages.iter_mut().zip(seconds).for_each(|(sum, seconds)| *sum += seconds);
        self.peak_mb = self.peak_mb.max(row.peak_rss_mb);
        self.rounds += 1;
    }

    /// The sum of the stages. Waiting is part of them.
    fn total(&self) -> f64 {
        self.stages[..4].iter().sum()
    }
}

/// Empty before the first finished round.
pub(super) fn section(findings: &Findings) -> Section {
    let heading = "Time and memory";
    let by_arm = by_arm(findings);
    let rounds = findings.spec().rounds.count;
    let mut columns = Column::all(["arm", "train", "evaluate", "score", "query", "total", "of which waiting"]);
    columns.extend([Column::with_unit("peak memory", "MiB"), Column::new("trials")]);
    let mut table = Table::new("time", columns);
    let mut unfinished = 0;
    for arm in findings.results.arms() {
        let Some(trials) = by_arm.get(arm.label.as_str()) else { continue };
        let whole: Vec<&Taken> = trials.values().filter(|taken| taken.rounds == rounds).collect();
        unfinished += trials.len() - whole.len();
        let mean = |value: &dyn Fn(&Taken) -> f64| match whole.len() {
            0 => Cell::Missing,
            n => seconds(whole.iter().map(|taken| value(taken)).sum::<f64>() / n as f64),
        };
        let peak = trials.values().map(|taken| taken.peak_mb).fold(0.0, f64::max);
        let mut cells: Vec<Cell> = (0..4).map(|stage| mean(&|taken: &Taken| taken.stages[stage])).collect();
        cells.extend([mean(&Taken::total), mean(&|taken| taken.stages[4])]);
        cells.extend([Cell::number(peak, 0), Cell::Count(whole.len())]);
        table.push(arm.label.as_str(), cells);
    }
    if table.rows.is_empty() {
        return Section::new(heading, Vec::new());
    }
    let left_out = match unfinished {
        0 => String::new(),
        1 => " 1 incomplete trial is left out of the means.".into(),
        n => format!(" {n} incomplete trials are left out of the means."),
    };
    let intro = "Seconds per trial: the mean over complete trials, which may have run side by side. Peak memory: the \
                 largest of an arm's processes.";
    let note = format!(
        "Train: without evaluations. Score: scoring the pool for the next query. Query: choosing among the scored \
         images. Pretext learners are not counted, because trials share them.{left_out}"
    );
    Section::new(heading, vec![Block::paragraph(intro), Block::Table(table), Block::paragraph(note)])
}

/// The time and memory of each trial, by arm and seed.
fn by_arm(findings: &Findings) -> BTreeMap<&str, BTreeMap<u64, Taken>> {
    let mut found: BTreeMap<&str, BTreeMap<u64, Taken>> = BTreeMap::new();
    for row in findings.results.records.rounds() {
        found.entry(&row.sampler).or_default().entry(row.seed).or_default().add(row);
    }
    found
}

/// Two digits are enough: `0.4`, `12`.
fn seconds(value: f64) -> Cell {
    Cell::number(value, if value < 9.95 { 1 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{accuracy, findings, spec};

    /// Two seeds of 3 rounds: 10 s and 20 s of training a round, so 45 a trial in the mean.
    #[test]
    fn a_round_counts_once_and_trials_are_averaged() {
        let row = |seed: u64, round, select: &str| Record {
            select: select.into(),
            train_seconds: 10.0 * (seed + 1) as f64,
            evaluate_seconds: 0.5,
            score_seconds: 2.0,
            query_seconds: 1.0,
            wait_seconds: 0.1,
            peak_rss_mb: 100.0 + seed as f64,
            ..accuracy("random", seed, round, 0.5)
        };
        let mut rows: Vec<Record> = (0..6).map(|i| row(i / 3, i as usize % 3, "last")).collect();
        rows.extend((0..6).map(|i| row(i / 3, i as usize % 3, "best-on-test")));
        rows.push(Record { peak_rss_mb: 300.0, ..row(2, 0, "last") });
        rows.push(Record { error: "killed".into(), value: None, ..row(2, 1, "last") });
        let text = section(&findings(&spec(), rows)).markdown();
        let expected =
            "| random |    45 |      1.5 |   6.0 |   3.0 |    56 |              0.3 |               300 |      2 |";
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("1 incomplete trial is left out"), "{text}");
    }

    #[test]
    fn unfinished_arms_have_dashes_and_nothing_is_empty() {
        let text = section(&findings(&spec(), vec![accuracy("core-set", 0, 0, 0.5)])).markdown();
        assert!(text.contains("| core-set |     - |") && text.contains("|               100 |      0 |"), "{text}");
        assert_eq!(section(&findings(&spec(), Vec::new())).markdown(), "");
    }
}
