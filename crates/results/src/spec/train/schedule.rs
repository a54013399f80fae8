//! Schedules in specs: what learning rate and momentum each step has.

use std::f64::consts::PI;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// The learning rate over the epochs.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// The optimizer's learning rate throughout.
    Constant,
    /// The learning rate is multiplied by `factor` before each epoch in `at`.
    Steps(Steps),
    /// From the optimizer's learning rate down to 0 along half a cosine, changed each epoch. Options add epochs of warm-up and a
    /// lowest learning rate.
    Cosine(Cosine),
    /// One rise to the optimizer's learning rate and one fall, each along half a cosine, changed each step. The momentum falls and
    /// rises in turn; with `adamw` it is the first of `betas`.
    ///
    /// Source: PyTorch's `OneCycleLR`; Smith and Topin, 2018.
    OneCycle(OneCycle),
}

/// Options of `steps`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Steps {
    /// The epochs, counted from 0, before which the learning rate changes; all below `epochs`.
    ///
    /// Source: [160] of 200 in the official code (`main.py`).
    #[schemars(example = [160])]
    pub at: Vec<usize>,
    /// The factor, above 0.
    ///
    /// Source: 0.1 in the official code (`main.py`).
    #[schemars(example = 0.1)]
    pub factor: f64,
}

/// Options of `cosine`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cosine {
    /// The number of first epochs in which the learning rate rises in equal steps, below `epochs`. With 4, they have 1/5, 2/5, 3/5
    /// and 4/5 of the optimizer's learning rate, and the cosine begins in the fifth.
    #[serde(default)]
    #[schemars(example = 5)]
    pub warmup: usize,
    /// The fraction of the learning rate at which the cosine ends, from 0 to 1. The cosine would reach it in the epoch after the last
    /// one.
    #[serde(default)]
    #[schemars(example = 0.01)]
    pub floor: f64,
}

/// Options of `one-cycle`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OneCycle {
    /// The fraction of a training's steps in which the learning rate rises, from 0 to 1.
    ///
    /// Source: PyTorch (`pct_start`).
    #[serde(default = "warmup")]
    pub warmup: f64,
    /// The first step has the optimizer's learning rate divided by this; at least 1.
    ///
    /// Source: PyTorch (`div_factor`).
    #[serde(default = "start")]
    pub start: f64,
    /// The last step has the learning rate of the first one divided by this; above 0.
    ///
    /// Source: PyTorch (`final_div_factor`).
    #[serde(default = "end")]
    pub end: f64,
    /// The lowest and the highest momentum, from 0 to below 1. The lowest goes with the highest learning rate. Two equal numbers keep
    /// the momentum constant. The momentum of the optimizer has no effect.
    ///
    /// Source: PyTorch (`base_momentum`, `max_momentum`).
    #[serde(default = "momentum")]
    pub momentum: [f64; 2],
}

fn warmup() -> f64 {
    0.3
}

fn start() -> f64 {
    25.0
}

fn end() -> f64 {
    1e4
}

fn momentum() -> [f64; 2] {
    [0.85, 0.95]
}

/// What a schedule sets for a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// The factor on the optimizer's learning rate.
    pub factor: f64,
    /// The momentum (with Adam, the first beta); `None` for the optimizer's own.
    pub momentum: Option<f64>,
}

impl Rate {
    /// The optimizer's own learning rate and momentum.
    pub const FULL: Self = Self { factor: 1.0, momentum: None };
}

impl Schedule {
    /// Returns what the schedule sets for `step` of the `steps` in `epoch` of `epochs`, both counted from 0.
    pub fn rate(&self, [epoch, epochs]: [usize; 2], [step, steps]: [usize; 2]) -> Rate {
        let factor = match self {
            Self::Constant => 1.0,
            Self::Steps(steps) => steps.factor.powi(steps.at.iter().filter(|&&at| epoch >= at).count() as i32),
            Self::Cosine(cosine) => cosine.factor(epoch, epochs),
            Self::OneCycle(cycle) => return cycle.rate(epoch * steps + step, epochs * steps),
        };
        Rate { factor, momentum: None }
    }
}

/// Writes `cosine` without options as a bare name, as it was before it had options: hashes of old specs still hold.
impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = "Schedule";
        match self {
            Self::Constant => serializer.serialize_unit_variant(name, 0, "constant"),
            Self::Steps(steps) => serializer.serialize_newtype_variant(name, 1, "steps", steps),
            Self::Cosine(cosine) if *cosine == Cosine::default() => {
                serializer.serialize_unit_variant(name, 2, "cosine")
            }
            Self::Cosine(cosine) => serializer.serialize_newtype_variant(name, 2, "cosine", cosine),
            Self::OneCycle(cycle) => serializer.serialize_newtype_variant(name, 3, "one-cycle", cycle),
        }
    }
}

impl Cosine {
    fn factor(&self, epoch: usize, epochs: usize) -> f64 {
        let Self { warmup, floor } = *self;
        if epoch < warmup {
            return (epoch + 1) as f64 / (warmup + 1) as f64;
        }
        let half_cosine = 0.5 * (1.0 + (PI * (epoch - warmup) as f64 / (epochs - warmup) as f64).cos());
        floor + (1.0 - floor) * half_cosine
    }
}

impl OneCycle {
    /// The steps of a training are counted from 0. As in PyTorch, the rise ends at the step `warmup steps - 1`, which need not be a
    /// whole number.
    fn rate(&self, step: usize, steps: usize) -> Rate {
        let Self { warmup, start, end, momentum: [lowest, highest] } = *self;
        let (step, last) = (step as f64, steps as f64 - 1.0);
        let top = warmup * steps as f64 - 1.0;
        let (first, turned) = (1.0 / start, 1.0 / start / end);
        let (factor, momentum) = if step <= top {
            let part = part(step, 0.0, top);
            (half_cosine(first, 1.0, part), half_cosine(highest, lowest, part))
        } else {
            let part = part(step, top, last);
            (half_cosine(1.0, turned, part), half_cosine(lowest, highest, part))
        };
        Rate { factor, momentum: Some(momentum) }
    }
}

/// Returns how far `step` is from `first` to `last`, from 0 to 1; 1 if there is nothing between them.
fn part(step: f64, first: f64, last: f64) -> f64 {
    if last > first { (step - first) / (last - first) } else { 1.0 }
}

/// Goes from `first` to `last` along half a cosine.
fn half_cosine(first: f64, last: f64, part: f64) -> f64 {
    last + (first - last) / 2.0 * (1.0 + (PI * part).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Learning rate and momentum of `OneCycleLR(max_lr=1, total_steps=11, pct_start=0.4, div_factor=10, final_div_factor=100,
    /// base_momentum=0.8, max_momentum=0.9)` in PyTorch 2.0.1.
    #[allow(clippy::unreadable_literal)]
    const TORCH: [(f64, f64); 11] = [
        (0.09999999999999998, 0.9),
        (0.27881441362933457, 0.8801317318189629),
        (0.6731483455324371, 0.8363168504963959),
        (0.96961250323196, 0.8033763885297822),
        (0.9797667403204415, 0.8020253513192752),
        (0.8620051520334826, 0.8138132980947466),
        (0.6638704476770522, 0.833646601834129),
        (0.42941373828249413, 0.8571157419136642),
        (0.21076157366918657, 0.8790028454785599),
        (0.05652669339686578, 0.8944417724327461),
        (0.001, 0.9),
    ];

    fn read(json: &str) -> Schedule {
        serde_json::from_str(json).unwrap()
    }

    fn factors(schedule: &Schedule, epochs: usize) -> Vec<f64> {
        (0..epochs).map(|epoch| schedule.rate([epoch, epochs], [0, 1]).factor).collect()
    }

    fn near(got: &[f64], wanted: &[f64]) {
        assert_eq!(got.len(), wanted.len());
        assert!(got.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{got:?} is not {wanted:?}");
    }

    #[test]
    fn a_cosine_without_options_is_written_as_before_it_had_options() {
        let text = |schedule: &Schedule| serde_json::to_string(schedule).unwrap();
        assert_eq!(text(&read(r#"{"cosine":{}}"#)), r#""cosine""#);
        assert_eq!(text(&read(r#"{"cosine":{"warmup":2}}"#)), r#"{"cosine":{"warmup":2,"floor":0.0}}"#);
        assert_eq!(text(&Schedule::Constant), r#""constant""#);
        assert_eq!(text(&read(r#"{"steps":{"at":[3],"factor":0.1}}"#)), r#"{"steps":{"at":[3],"factor":0.1}}"#);
        assert_eq!(
            text(&read(r#"{"one-cycle":{}}"#)),
            r#"{"one-cycle":{"warmup":0.3,"start":25.0,"end":10000.0,"momentum":[0.85,0.95]}}"#
        );
    }

    /// The factors that cosines had before they had options, to the last bit: stored results depend on them.
    #[test]
    fn a_cosine_without_options_has_the_factors_that_it_always_had() {
        let plain = Schedule::Cosine(Cosine::default());
        for epochs in [1, 2, 7, 30] {
            let wanted: Vec<f64> = (0..epochs).map(|e| 0.5 * (1.0 + (PI * e as f64 / epochs as f64).cos())).collect();
            assert_eq!(factors(&plain, epochs), wanted);
        }
    }

    /// Three epochs of warm-up (1/4, 2/4, 3/4), then four of the cosine: 1, 1/2 + sqrt(1/8), 1/2, 1/2 - sqrt(1/8), of which a fifth is
    /// the floor.
    #[test]
    fn a_cosine_rises_in_equal_steps_and_falls_to_its_floor() {
        let schedule = Schedule::Cosine(Cosine { warmup: 3, floor: 0.2 });
        let root = 0.125f64.sqrt();
        let falling = [1.0, 0.2 + 0.8 * (0.5 + root), 0.6, 0.2 + 0.8 * (0.5 - root)];
        near(&factors(&schedule, 7), &[&[0.25, 0.5, 0.75], &falling[..]].concat());
    }

    /// Eleven steps, of which the rise ends at step 0.4 * 11 - 1 = 3.4: step k is k / 3.4 of the way up, and later steps are
    /// (k - 3.4) / 6.6 of the way down.
    #[test]
    fn one_cycle_has_pytorchs_values_in_every_step() {
        let schedule = Schedule::OneCycle(OneCycle { warmup: 0.4, start: 10.0, end: 100.0, momentum: [0.8, 0.9] });
        let steps: Vec<Rate> = (0..11).map(|step| schedule.rate([0, 1], [step, 11])).collect();
        let (rates, momenta): (Vec<f64>, Vec<f64>) = TORCH.iter().copied().unzip();
        near(&steps.iter().map(|step| step.factor).collect::<Vec<_>>(), &rates);
        near(&steps.iter().map(|step| step.momentum.unwrap()).collect::<Vec<_>>(), &momenta);
        // Steps are counted over all epochs, also where epochs differ from steps.
        let schedule = Schedule::OneCycle(OneCycle { warmup: 0.5, start: 4.0, end: 2.0, momentum: [0.5, 0.5] });
        let whole: Vec<Rate> = (0..12).map(|step| schedule.rate([0, 1], [step, 12])).collect();
        let split: Vec<Rate> = (0..3)
            .flat_map(|epoch| (0..4).map(move |step| ([epoch, 3], [step, 4])))
            .map(|(a, b)| schedule.rate(a, b))
            .collect();
        assert_eq!(whole, split);
    }

    /// With six steps and half of them rising, the top is step 2 and the cosines are 1, 0, -1 upwards and sqrt(1/4), -sqrt(1/4), -1
    /// downwards: from 1/4 over 5/8 to 1, and then to 1/8.
    #[test]
    fn one_cycle_by_hand() {
        let schedule = Schedule::OneCycle(OneCycle { warmup: 0.5, start: 4.0, end: 2.0, momentum: [0.5, 0.9] });
        let rates: Vec<Rate> = (0..6).map(|step| schedule.rate([0, 1], [step, 6])).collect();
        let (down, up) = (0.875 / 4.0, 0.4 / 4.0);
        near(
            &rates.iter().map(|rate| rate.factor).collect::<Vec<_>>(),
            &[0.25, 0.625, 1.0, 1.0 - down, 1.0 - 3.0 * down, 0.125],
        );
        near(
            &rates.iter().map(|rate| rate.momentum.unwrap()).collect::<Vec<_>>(),
            &[0.9, 0.7, 0.5, 0.5 + up, 0.5 + 3.0 * up, 0.9],
        );
    }

    #[test]
    fn one_cycle_has_values_where_it_has_no_room_to_rise_or_fall() {
        for (warmup, steps) in [(0.0, 1), (0.0, 4), (0.25, 4), (0.3, 1), (1.0, 1), (1.0, 3)] {
            let schedule = Schedule::OneCycle(OneCycle { warmup, start: 4.0, end: 2.0, momentum: [0.5, 0.9] });
            for step in 0..steps {
                let Rate { factor, momentum } = schedule.rate([0, 1], [step, steps]);
                assert!((0.125..=1.0).contains(&factor), "{warmup} of {steps}: {factor}");
                assert!((0.5..=0.9).contains(&momentum.unwrap()), "{warmup} of {steps}: {momentum:?}");
            }
        }
    }
}
