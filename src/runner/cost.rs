//! What a run is about to cost, before it starts: counted, and measured where the count alone does not say that it is
//! little.

use anyhow::Result;

use super::display::duration;
use super::time_left::side_by_side;
use super::{Options, plan};
use crate::data::Size;
use crate::machine;
use crate::spec::{Precision, Spec, Storage, Work};

/// Seconds that what is left of a run takes on this machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cost {
    /// At most these, by the count of the work: nothing was measured.
    Counted(f64),
    /// About these, by how fast this machine does such work.
    Measured(f64),
}

/// What decides whether work of a cost is started: an error says why not.
pub type Consent<'a> = dyn Fn(&Cost) -> Result<()> + 'a;

/// What is counted at most as so many seconds is not measured: that would be felt in a short run.
const NOT_MEASURED: f64 = 3600.0;
/// Floating-point operations a second that any processor of the last ten years does in one process; current ones do ten
/// times as many and more.
const SLOWEST: f64 = 5e9;
/// Seconds that a minibatch takes in a network without work, layer by layer.
const MINIBATCH: f64 = 5e-3;
/// Seconds until a process begins its work: it loads libtorch, and the images.
const START_UP: f64 = 10.0;
/// A small network does fewer operations a second than a large one on the same machine, at least this part of them.
const SMALLER: f64 = 0.25;

impl Cost {
    /// In seconds; the most that it may be where it was not measured.
    pub fn seconds(self) -> f64 {
        match self {
            Self::Counted(seconds) | Self::Measured(seconds) => seconds,
        }
    }

    /// For instance `about 412 h (17 days)`, or `at most 20 min`.
    pub fn duration(self) -> String {
        match self {
            Self::Counted(seconds) => format!("at most {}", duration(seconds)),
            Self::Measured(seconds) => format!("about {}", duration(seconds)),
        }
    }
}

/// What tasks cost: `stages` one after the other, and the tasks of each `jobs` side by side, in their order.
pub(super) fn of(
    spec: &Spec,
    size: &Size,
    options: &Options,
    (jobs, threads): (usize, usize),
    stages: &[Vec<Work>],
) -> Cost {
    let counted = counted(spec, options, (jobs, threads), stages);
    // Where `plan` has measured another scale of the spec, its speed is in the count.
    let enough = if options.measured.is_some() { super::A_DAY } else { NOT_MEASURED };
    // The count knows nothing of the decoding of images that are decoded each time.
    let streamed = spec.dataset.storage() == Storage::Stream;
    // Where time is short, none of it goes into the question how much more would be needed.
    let short = options.deadline.as_ref().is_some_and(|deadline| deadline.limit().seconds() <= super::A_DAY);
    if short || counted <= enough && !streamed {
        return Cost::Counted(counted);
    }
    let jobs = stages.iter().map(Vec::len).max().unwrap_or(1).clamp(1, jobs);
    options.say("measuring for some seconds how fast this machine does such work ...");
    match plan::calibrate(spec, size, options, jobs, threads) {
        Ok(speeds) => {
            let of_process = |rate: fn(&(f64, f64, f64)) -> f64| speeds.iter().map(rate).sum::<f64>() / jobs as f64;
            let (train, score) = (of_process(|speed| speed.0), of_process(|speed| speed.1));
            let seconds =
                |work: &Work| START_UP + work.train as f64 / train + (work.evaluate + work.score) as f64 / score;
            Cost::Measured(stages.iter().map(|stage| side_by_side(jobs, stage.iter().map(seconds))).sum())
        }
        Err(error) => {
            machine::say(&format!("warning: the speed of this machine could not be measured ({error:#})"));
            Cost::Counted(counted)
        }
    }
}

/// The most seconds that the work may take.
fn counted(spec: &Spec, options: &Options, (jobs, threads): (usize, usize), stages: &[Vec<Work>]) -> f64 {
    // More processes than cores take turns.
    let jobs = if options.device == "cpu" { jobs.min(machine::cores() / threads).max(1) } else { jobs };
    let measured = options.measured.as_ref().map_or(0.0, |plan| plan.operations_of_process() * SMALLER);
    let smallest = |spec: &Spec| {
        let of_learner = spec.learner().map_or(usize::MAX, |learner| learner.minibatch);
        spec.train.minibatch.min(spec.rounds.initial).min(of_learner)
    };
    let minibatch = spec.protocols().map(|(_, spec)| smallest(spec)).min().unwrap_or(1);
    // Twice as many bytes take twice as long, and more.
    let bytes = spec.protocols().map(|(_, spec)| spec.precisions().map(Precision::bytes).max()).max().flatten();
    let slower = (bytes.unwrap_or(4) as f64 / 4.0).powi(2);
    let of_unit = slower * spec.operations() / measured.max(SLOWEST) + MINIBATCH / minibatch.max(1) as f64;
    let seconds = |work: &Work| START_UP + work.units() as f64 * of_unit;
    stages.iter().map(|stage| side_by_side(jobs, stage.iter().map(seconds))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Source;

    fn spec(name: &str, profile: Option<&str>) -> Spec {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("experiments/{name}.toml"));
        crate::spec::load(&Source { path, profile: profile.map(str::to_owned), sets: Vec::new() }).unwrap()
    }

    /// The most seconds of all trials, one after the other and two side by side.
    fn most(spec: &Spec, pool: usize, test: usize) -> (f64, f64) {
        let options = Options::of_a_test("results");
        let work: Vec<Work> = spec.trials().iter().map(|trial| spec.trial_work(trial, pool, test)).collect();
        let of = |jobs| counted(spec, &options, (jobs, 1), std::slice::from_ref(&work));
        (of(1), of(2))
    }

    #[test]
    fn small_work_is_not_measured_and_large_work_is() {
        let (alone, two) = most(&spec("demo", None), 2000, 1000);
        assert!(two <= alone && alone < NOT_MEASURED, "{alone} {two}");
        // More processes than cores are no faster.
        let cores = machine::cores();
        let demo = spec("demo", None);
        let work: Vec<Work> = demo.trials().iter().map(|trial| demo.trial_work(trial, 2000, 1000)).collect();
        let of = |jobs| counted(&demo, &Options::of_a_test("results"), (jobs, 1), std::slice::from_ref(&work));
        assert_eq!(of(cores), of(1024));
        // 21 minutes on two cores, as the README says: no bound below it would be one.
        let (_, two) = most(&spec("cifar10", Some("cpu")), 10_000, 10_000);
        assert!(two > 21.0 * 60.0, "{two}");
        let (_, two) = most(&spec("cifar10", None), 50_000, 10_000);
        assert!(two > super::super::A_DAY, "{two}");
        // What is left decides: nothing costs nothing.
        assert_eq!(side_by_side(2, std::iter::empty()), 0.0);
    }

    #[test]
    fn a_cost_says_whether_it_was_measured() {
        assert_eq!(Cost::Measured(22_420_800.0).duration(), "about 6228 h (260 days)");
        assert_eq!(Cost::Counted(1200.0).duration(), "at most 20 min");
    }
}
