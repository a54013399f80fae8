//! Tests which cells moved. The cells are the values of every arm after every round, the area under each curve, and the
//! mean area.

use std::collections::BTreeMap;

use crate::results::{Arm, Results};
use crate::spec::{Metric, trial_key};
use crate::stats::rotation::{self, Column, Incomparable, LEAST_SEEDS};

/// The number of directions that the test draws. The least possible p is 1 / 10,000; the error of a p near 0.05 is
/// about 0.002.
const DRAWS: usize = 9_999;

/// The seed is fixed so that the same files give the same p.
const SEED: u64 = 0;

/// The cells that were tested, and how. Values have the unit of the records.
#[derive(Clone, Debug)]
pub struct Tested {
    /// The primary metric.
    pub metric: Metric,
    /// The arms that both have, in the baseline's order.
    pub arms: Vec<String>,
    /// The number of labels in each round.
    pub labels: Vec<usize>,
    /// The seeds whose trials are all complete: those of the baseline, then those of the current results.
    pub seeds: [Vec<u64>; 2],
    /// The number of other seeds, which were left out: of the baseline, then of the current results.
    pub left_out: [usize; 2],
    /// Whether the runs were compared seed by seed.
    pub paired: bool,
    /// The smallest difference that counts as moved (`check.smallest-difference` in the baseline's spec).
    pub smallest: Option<f64>,
    /// Whether all seeds and values are equal to the last bit.
    pub identical: bool,
    /// For each arm, its rounds and its area; then the mean over arms of the areas. With a single round there are no
    /// areas, and the mean is of the values.
    pub cells: Vec<Cell>,
}

/// A value that both sides have, as the mean over seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The arm's label; `None` for the mean over arms.
    pub arm: Option<String>,
    pub place: Place,
    /// The baseline's mean.
    pub baseline: f64,
    /// The mean of the current results.
    pub current: f64,
    /// `current - baseline`.
    pub difference: f64,
    /// Measured differences below about this size are not significant, or are too small to count.
    pub counts_from: f64,
    /// The p value, corrected for all cells together.
    pub p: f64,
    pub state: CellState,
}

/// Which value of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The value after a round, counted from 0.
    Round(usize),
    /// The area under the curve.
    Area,
}

/// Whether a cell held or moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellState {
    /// The difference is not significant, or too small to count.
    Held,
    /// The value moved down.
    Worse,
    /// The value moved up.
    Better,
}

impl CellState {
    /// The state in words, as in tables.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Worse => "worse",
            Self::Better => "better",
        }
    }
}

impl Tested {
    /// The cells that moved.
    pub fn moved(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|cell| cell.state != CellState::Held)
    }

    /// The cell of an arm (`None` for the mean over arms) at a place, if there is one.
    pub fn cell(&self, arm: Option<&str>, place: Place) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.arm.as_deref() == arm && cell.place == place)
    }
}

/// The cell that a column of the test stands for.
#[derive(Clone, Copy)]
struct At<'a> {
    /// The number of the arm in the list of arms; `None` for the mean over arms.
    arm: Option<usize>,
    label: Option<&'a str>,
    place: Place,
}

/// Tests all cells that both have, or says why that is impossible. Also returns a warning for each side with seeds that
/// were left out.
pub(super) fn tested(baseline: &Results, current: &Results) -> (Result<Tested, String>, Vec<String>) {
    let metric = baseline.spec.dataset.task().primary_metric();
    let here: Vec<String> = current.spec.arms().into_iter().map(|(label, _)| label).collect();
    let arms: Vec<String> =
        baseline.spec.arms().into_iter().map(|(label, _)| label).filter(|label| here.contains(label)).collect();
    if arms.is_empty() {
        return (Err("they have no sampler in common; name another baseline".into()), Vec::new());
    }
    let mut left_out = Vec::new();
    let mut rows = |results: &Results| {
        let complete = complete(results, &arms, metric);
        let lacking: Vec<u64> = results.spec.seeds.iter().filter(|s| !complete.contains_key(s)).copied().collect();
        if !lacking.is_empty() {
            left_out.push(lacking_in_words(results, &lacking, &arms, metric));
        }
        (complete, lacking.len())
    };
    let ((a, lacking_a), (b, lacking_b)) = (rows(baseline), rows(current));
    for (results, rows) in [(baseline, &a), (current, &b)] {
        if rows.len() < LEAST_SEEDS {
            let why = format!(
                "{}: {} of {} seeds have every round of every sampler, and at least {LEAST_SEEDS} are needed; run more seeds, \
                 or finish those that there are",
                results.folder.display(),
                rows.len(),
                results.spec.seeds.len()
            );
            return (Err(why), left_out);
        }
    }
    let places = columns(&arms, baseline.spec.rounds.count);
    let smallest = baseline.spec.check.map(|check| check.smallest_difference);
    let cells = match test(&a, &b, &places, smallest.unwrap_or(0.0)) {
        Ok(cells) => cells,
        Err(why) => return (Err(format!("the test failed ({why:?}); please report this bug")), left_out),
    };
    let tested = Tested {
        metric,
        labels: (0..baseline.spec.rounds.count).map(|round| baseline.spec.rounds.labeled(round)).collect(),
        seeds: [a.keys().copied().collect(), b.keys().copied().collect()],
        left_out: [lacking_a, lacking_b],
        paired: rotation::paired(&a, &b),
        smallest,
        identical: a == b,
        cells,
        arms,
    };
    (Ok(tested), left_out)
}

/// The columns of the test: for each arm its rounds and its area, then the mean over arms if there are several.
fn columns(arms: &[String], rounds: usize) -> Vec<At<'_>> {
    let mut columns = Vec::new();
    // With one round there is no area, so the mean is of the values.
    let last = if rounds > 1 { Place::Area } else { Place::Round(0) };
    for (i, label) in arms.iter().enumerate() {
        let at = |place| At { arm: Some(i), label: Some(label), place };
        columns.extend((0..rounds).map(|round| at(Place::Round(round))));
        columns.extend((rounds > 1).then(|| at(Place::Area)));
    }
    columns.extend((arms.len() > 1).then_some(At { arm: None, label: None, place: last }));
    columns
}

/// The rows of the test: one for each seed that has every round of every arm. Values are in the order of [`columns`].
fn complete(results: &Results, arms: &[String], metric: Metric) -> BTreeMap<u64, Vec<f64>> {
    let rounds = results.spec.rounds.count;
    let all = results.arms();
    let compared: Vec<&Arm> = arms.iter().filter_map(|label| all.iter().find(|arm| arm.label == *label)).collect();
    let areas: Vec<BTreeMap<u64, f64>> =
        compared.iter().map(|arm| results.areas(&arm.label, metric.name, arm.rule())).collect();
    let row = |seed: &u64| -> Option<Vec<f64>> {
        let mut row = Vec::new();
        let mut sum = 0.0;
        for (arm, areas) in compared.iter().zip(&areas) {
            let curve = results.trials(&arm.label, metric.name, arm.rule()).get(seed)?;
            row.extend((curve.len() == rounds).then(|| curve.values().copied())?);
            let area = *areas.get(seed)?;
            row.extend((rounds > 1).then_some(area));
            sum += area;
        }
        row.extend((arms.len() > 1).then_some(sum / arms.len() as f64));
        Some(row)
    };
    results.spec.seeds.iter().filter_map(|seed| Some((*seed, row(seed)?))).collect()
}

/// The trials of the spec that lack rounds in `metric` under the selection rule that they query with, by seed and name.
pub(super) fn incomplete(results: &Results, arms: &[String], metric: Metric) -> Vec<(u64, String)> {
    let rounds = results.spec.rounds.count;
    let arms: Vec<Arm> = results.arms().into_iter().filter(|arm| arms.contains(&arm.label)).collect();
    let mut found = Vec::new();
    for &seed in &results.spec.seeds {
        let is_incomplete = |arm: &&Arm| {
            let curve = results.trials(&arm.label, metric.name, arm.rule()).get(&seed);
            curve.is_none_or(|curve| curve.len() < rounds)
        };
        found.extend(arms.iter().filter(is_incomplete).map(|arm| (seed, trial_key(&arm.label, seed))));
    }
    found
}

fn lacking_in_words(results: &Results, seeds: &[u64], arms: &[String], metric: Metric) -> String {
    const MOST: usize = 6;
    let trials: Vec<String> = incomplete(results, arms, metric).into_iter().map(|(_, trial)| trial).collect();
    let mut shown = trials[..trials.len().min(MOST)].join(", ");
    if trials.len() > MOST {
        shown += &format!(" and {} more", trials.len() - MOST);
    }
    let failed = results.failures.iter().filter(|f| seeds.contains(&f.seed) && arms.contains(&f.sampler)).count();
    let failed = if failed > 0 { format!("; {failed} of them failed") } else { String::new() };
    let (noun, verb) = if seeds.len() == 1 { ("seed", "is") } else { ("seeds", "are") };
    let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
    format!(
        "{}: {noun} {} {verb} left out of the test, because these trials are not complete: {shown}{failed}.",
        results.folder.display(),
        seeds.join(", ")
    )
}

/// Runs the rotation test: rows are seeds, columns are cells. No other function depends on which test it is.
fn test(
    baseline: &BTreeMap<u64, Vec<f64>>,
    current: &BTreeMap<u64, Vec<f64>>,
    columns: &[At],
    smallest: f64,
) -> Result<Vec<Cell>, Incomparable> {
    // The same round of different arms has a similar variance, and so have the rounds of one arm. The mean over arms
    // has neither kind nor arm in common with other columns.
    let other = columns.len();
    let kind = |at: &At| match (at.arm, at.place) {
        (None, _) => other + 1,
        (Some(_), Place::Round(round)) => round,
        (Some(_), Place::Area) => other,
    };
    let similar: Vec<Column> =
        columns.iter().map(|at| Column { kind: kind(at), arm: at.arm.unwrap_or(other) }).collect();
    let changes = rotation::changes(baseline, current, &similar, DRAWS, SEED)?;
    let mean = |rows: &BTreeMap<u64, Vec<f64>>, column: usize| {
        rows.values().map(|row| row[column]).sum::<f64>() / rows.len() as f64
    };
    let cell = |(column, (at, change)): (usize, (&At, rotation::Change))| Cell {
        arm: at.label.map(str::to_owned),
        place: at.place,
        baseline: mean(baseline, column),
        current: mean(current, column),
        difference: change.difference,
        counts_from: change.critical.max(smallest),
        p: change.p,
        state: match (change.moved(smallest), change.difference < 0.0) {
            (false, _) => CellState::Held,
            (true, true) => CellState::Worse,
            (true, false) => CellState::Better,
        },
    };
    Ok(columns.iter().zip(changes).enumerate().map(cell).collect())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{curves, results, spec};
    use super::*;
    use crate::store::Record;

    fn tested_of(baseline: Vec<Record>, current: Vec<Record>) -> (Result<Tested, String>, Vec<String>) {
        tested(&results("base", &spec(), baseline), &results("now", &spec(), current))
    }

    #[test]
    fn the_cells_are_rounds_and_area_of_each_arm_and_the_mean_of_areas() {
        let tested = tested_of(curves(0..5, 0.0), curves(0..5, 0.0)).0.unwrap();
        // 2 arms x (3 rounds and an area), and the mean.
        assert_eq!(tested.cells.len(), 9);
        assert_eq!((tested.arms.len(), tested.labels.as_slice()), (2, &[200, 400, 600][..]));
        assert!(tested.identical && tested.moved().next().is_none());
        let places: Vec<Place> = tested.cells[..4].iter().map(|cell| cell.place).collect();
        assert_eq!(places, [Place::Round(0), Place::Round(1), Place::Round(2), Place::Area]);
        assert_eq!(tested.cells[8].arm, None);
    }

    #[test]
    fn a_drop_is_worse_a_rise_is_better_and_equal_curves_of_other_seeds_held() {
        let moved = |offset: f64| {
            let tested = tested_of(curves(0..5, 0.0), curves(10..15, offset)).0.unwrap();
            assert!(!tested.identical && !tested.paired);
            tested.moved().map(|cell| cell.state).collect::<Vec<_>>()
        };
        assert!(moved(0.0).is_empty());
        assert_eq!(moved(-0.2), [CellState::Worse; 9]);
        assert_eq!(moved(0.2), [CellState::Better; 9]);
    }

    #[test]
    fn a_significant_difference_that_is_too_small_to_count_has_held() {
        let mut spec = spec();
        spec.check = Some(crate::spec::CheckSpec { smallest_difference: 0.3 });
        let baseline = results("base", &spec, curves(0..5, 0.0));
        let current = results("now", &super::super::testing::spec(), curves(0..5, -0.2));
        let tested = tested(&baseline, &current).0.unwrap();
        assert!(tested.moved().next().is_none() && tested.cells[0].p < 0.05);
        assert_eq!((tested.smallest, tested.cells[0].counts_from), (Some(0.3), 0.3));
    }

    #[test]
    fn seeds_that_are_not_complete_are_left_out_by_name() {
        let mut rows = curves(0..5, 0.0);
        rows.retain(|r| !(r.sampler == "random" && r.seed == 1 && r.round == 2));
        rows.iter_mut().filter(|r| r.sampler == "core-set" && r.seed == 3 && r.round == 2).for_each(|r| {
            r.value = None;
            r.error = "training diverged".into();
        });
        let (found, left_out) = tested_of(curves(0..5, 0.0), rows.clone());
        let found = found.unwrap();
        assert_eq!((found.seeds[1].as_slice(), found.left_out), (&[0, 2, 4][..], [0, 2]));
        let line = "now: seeds 1, 3 are left out of the test, because these trials are not complete: random-seed1, \
                    core-set-seed3; 1 of them failed.";
        assert_eq!(left_out, [line]);

        rows.retain(|r| r.seed != 0);
        let (why, _) = tested_of(curves(0..5, 0.0), rows);
        let why = why.unwrap_err();
        assert!(why.starts_with("now: 2 of 4 seeds have every round of every sampler, and at least 3"), "{why}");
    }

    #[test]
    fn one_round_has_values_and_no_areas() {
        let arms = ["random", "core-set"].map(str::to_owned);
        let places = |arms| columns(arms, 1).iter().map(|at| (at.arm, at.place)).collect::<Vec<_>>();
        let value = Place::Round(0);
        assert_eq!(places(&arms[..1]), [(Some(0), value)]);
        assert_eq!(places(&arms), [(Some(0), value), (Some(1), value), (None, value)]);
    }
}
