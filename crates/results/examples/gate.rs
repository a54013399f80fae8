//! Simulates how often the gate raises a false alarm, and which drops it detects: `cargo run --release -p pt4al-results --example gate`.
//!
//! Each simulation compares two runs of the demo's size, 4 samplers x 5 rounds, as the gate does (`stats::rotation`):
//! each accuracy, the area under each curve and the mean area, 25 columns at one level of 5 % together. A column moved
//! if p < 0.05 and the difference is at least the margin, which is 0 here.
//!
//! The standard deviation of an accuracy over seeds is 3 points in the first round, 2 in the second and 1.5 in the last
//! three, about as in `results/baseline/*-cpu`. A fraction of 0.2 of its variance is shared by all trials of a seed,
//! 0.1 by all trials of a seed in the same round, 0.2 by all rounds of a trial, and 0.5 is its own. Rounds of a trial
//! thus have a correlation of 0.4, samplers of a seed 0.3 in the same round. Two runs with the same seeds share the
//! parts of the seed, a correlation of 0.3. Each other scenario differs from `normal` in one way:
//!
//! - `spreads`: the samplers' standard deviations are 0.6, 0.9, 1.1 and 1.4 times as large;
//! - `heavy tails`: each trial is scaled so that it has a t distribution with 4 degrees of freedom;
//! - `skewed`: accuracies are log-normal with the long tail below (skewness -2.3).
//!
//! The second table has the drop that the gate detects (a column moved down) in 9 of 10 pairs of runs: the 0.9 quantile
//! of the smallest detected drop in each pair, found by bisection. An argument sets the repetitions for the false
//! alarms; the drops use a tenth as many.

use std::collections::BTreeMap;

use pt4al_results::seed::{Purpose, Stream, stream};
use pt4al_results::stats::rotation::{Column, changes, paired};
use rand::Rng;
use rayon::prelude::*;

const SAMPLERS: usize = 4;
const SPREADS: [f64; 5] = [0.03, 0.02, 0.015, 0.015, 0.015];
const ROUNDS: usize = SPREADS.len();
/// The draws of the test in this simulation. The gate itself uses more, which gives it a little more power.
const DRAWS: usize = 999;

#[derive(Clone, Copy)]
enum Scenario {
    Normal,
    Spreads,
    HeavyTails,
    Skewed,
}

const SCENARIOS: [(&str, Scenario); 4] = [
    ("normal", Scenario::Normal),
    ("spreads", Scenario::Spreads),
    ("heavy tails", Scenario::HeavyTails),
    ("skewed", Scenario::Skewed),
];

type Run = BTreeMap<u64, Vec<f64>>;

/// Draws the random parts of seeds and trials.
struct Noise(Stream);

impl Noise {
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.0.random::<f64>()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.0.random::<f64>()).cos()
    }

    fn normals(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.normal()).collect()
    }

    /// The parts of a seed: one for all rounds, and one for each round.
    fn seed_parts(&mut self) -> (f64, Vec<f64>) {
        (self.normal(), self.normals(ROUNDS))
    }

    /// Draws the columns of a seed's trials: accuracies, areas, mean area.
    fn row(&mut self, seed: &(f64, Vec<f64>), scenario: Scenario) -> Vec<f64> {
        let mut row = Vec::new();
        let mut areas = Vec::new();
        for sampler in 0..SAMPLERS {
            let trial = self.normal();
            // A normal number divided by chi with 4 degrees of freedom, scaled to a variance of 1.
            let tails = match scenario {
                Scenario::HeavyTails => (2.0 / self.normals(4).iter().map(|z| z * z).sum::<f64>()).sqrt(),
                _ => 1.0,
            };
            let spread = match scenario {
                Scenario::Spreads => [0.6, 0.9, 1.1, 1.4][sampler],
                _ => 1.0,
            };
            let curve: Vec<f64> = (0..ROUNDS)
                .map(|round| {
                    let parts = [(0.2, seed.0), (0.1, seed.1[round]), (0.2, trial), (0.5, self.normal())];
                    let z: f64 = parts.iter().map(|(part, z)| f64::sqrt(*part) * z).sum();
                    let z = if let Scenario::Skewed = scenario { skewed(z) } else { z };
                    z * tails * spread * SPREADS[round]
                })
                .collect();
            // The area by trapezoids, for rounds at equal distances and a budget of length 1.
            let area = (curve.windows(2).map(|pair| pair[0] + pair[1]).sum::<f64>()) / (2 * (ROUNDS - 1)) as f64;
            row.extend(curve);
            areas.push(area);
        }
        row.extend(&areas);
        row.push(areas.iter().sum::<f64>() / SAMPLERS as f64);
        row
    }
}

/// Maps a normal number to a log-normal one with mean 0, variance 1 and the long tail below.
fn skewed(z: f64) -> f64 {
    let s: f64 = 0.6;
    let (mean, variance) = ((s * s / 2.0).exp(), ((s * s).exp() - 1.0) * (s * s).exp());
    (mean - (s * z).exp()) / variance.sqrt()
}

/// The columns: rounds and area are kinds, samplers are arms; the mean area has a kind and an arm of its own.
fn columns() -> Vec<Column> {
    let cells = (0..SAMPLERS).flat_map(|arm| (0..ROUNDS).map(move |kind| Column { kind, arm }));
    let areas = (0..SAMPLERS).map(|arm| Column { kind: ROUNDS, arm });
    cells.chain(areas).chain([Column { kind: ROUNDS + 1, arm: SAMPLERS }]).collect()
}

/// A baseline and a current run from the same distribution.
fn runs(n: usize, same_seeds: bool, scenario: Scenario, place: &[u64]) -> (Run, Run) {
    let mut noise = Noise(stream(0, Purpose::RotationTest, place));
    let (mut baseline, mut current) = (Run::new(), Run::new());
    for key in 0..n as u64 {
        let seed = noise.seed_parts();
        baseline.insert(key, noise.row(&seed, scenario));
        if same_seeds {
            current.insert(key, noise.row(&seed, scenario));
        } else {
            let other = noise.seed_parts();
            current.insert(1000 + key, noise.row(&other, scenario));
        }
    }
    (baseline, current)
}

/// The fraction of a drop of one sampler (the last) or of all samplers that is in a column.
fn fraction_of_drop(one_sampler: bool, column: &Column) -> f64 {
    match (one_sampler, column.arm) {
        (false, _) => 1.0,
        (true, SAMPLERS) => 1.0 / SAMPLERS as f64,
        (true, arm) => f64::from(arm == SAMPLERS - 1),
    }
}

/// The least drop that the gate detects, to a fiftieth of a point.
fn least_drop((baseline, current): &(Run, Run), one_sampler: bool, columns: &[Column], draws_seed: u64) -> f64 {
    let detects = |drop: f64| {
        let row = |row: &Vec<f64>| {
            row.iter().zip(columns).map(|(v, c)| v - drop * fraction_of_drop(one_sampler, c)).collect()
        };
        let lower: Run = current.iter().map(|(&seed, values)| (seed, row(values))).collect();
        let got = changes(baseline, &lower, columns, DRAWS, draws_seed).expect("comparable");
        got.iter().any(|change| change.moved(0.0) && change.difference < 0.0)
    };
    let (mut low, mut high) = (0.0, 0.32);
    while high - low > 2e-4 {
        let middle = (low + high) / 2.0;
        if detects(middle) { high = middle } else { low = middle }
    }
    high
}

fn main() {
    let argument = std::env::args().nth(1).map(|text| text.parse().expect("a number of repetitions"));
    let repetitions: u64 = argument.unwrap_or(3000);
    let columns = columns();
    let cases = || [3, 5, 10].into_iter().flat_map(|n| [(n, true), (n, false)]);
    println!("False alarms in % of {repetitions} pairs of equal runs (± standard error), {DRAWS} draws:\n");
    println!("| seeds | compared | {} |", SCENARIOS.map(|(name, _)| name).join(" | "));
    println!("| :-- | :-- |{}", " --: |".repeat(SCENARIOS.len()));
    for (n, same) in cases() {
        let mut line = described(n, same);
        for (at, (_, scenario)) in SCENARIOS.iter().enumerate() {
            let alarm = |&repetition: &u64| {
                let (a, b) = runs(n, same, *scenario, &[at as u64, n as u64, repetition]);
                changes(&a, &b, &columns, DRAWS, repetition).expect("comparable").iter().any(|c| c.moved(0.0))
            };
            let rate = (0..repetitions).into_par_iter().filter(alarm).count() as f64 / repetitions as f64;
            let error = (rate * (1.0 - rate) / repetitions as f64).sqrt();
            line += &format!(" {:.1} ± {:.1} |", 100.0 * rate, 100.0 * error);
        }
        println!("{line}");
    }
    let pairs = (repetitions / 10).max(10);
    println!(
        "\nThe drop that is detected in 9 of 10 of {pairs} pairs, in points (and in standard deviations of a late round):\n"
    );
    println!(
        "| seeds | compared | all samplers, normal | one sampler, normal | all, spreads | the noisiest, spreads |"
    );
    println!("| :-- | :-- |{}", " --: |".repeat(4));
    for (n, same) in cases() {
        let mut line = described(n, same);
        for (_, scenario) in &SCENARIOS[..2] {
            for one_sampler in [false, true] {
                let drop = |repetition: u64| {
                    let pair = runs(n, same, *scenario, &[n as u64, repetition]);
                    least_drop(&pair, one_sampler, &columns, repetition)
                };
                let mut drops: Vec<f64> = (0..pairs).into_par_iter().map(drop).collect();
                drops.sort_by(f64::total_cmp);
                let detected = drops[(pairs as usize * 9).div_ceil(10) - 1];
                line += &format!(" {:.1} ({:.1}) |", 100.0 * detected, detected / SPREADS[ROUNDS - 1]);
            }
        }
        println!("{line}");
    }
}

/// The first two cells of a row.
fn described(n: usize, same: bool) -> String {
    let run = |first: u64| (first..first + n as u64).map(|seed| (seed, ())).collect::<BTreeMap<u64, ()>>();
    let how = if paired(&run(0), &run(if same { 0 } else { 1000 })) { "seed by seed" } else { "as two samples" };
    format!("| {n} and {n}, {} | {how} |", if same { "the same" } else { "different" })
}
