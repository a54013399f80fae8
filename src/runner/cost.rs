//! What a run is about to cost, before it starts, and how many processes it has: counted, and measured where the count
//! alone does not say that it is little.

use anyhow::Result;

use super::Options;
use super::calibrate::{self, Speed};
use super::jobs::Room;
use super::mps::Mps;
use super::time_left::side_by_side;
use pt4al_data::Size;
use pt4al_results::machine;
use pt4al_results::spec::{Precision, Spec, Storage, Work};
use pt4al_results::store::Estimate;

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

/// What is counted at most as so many seconds on the CPU is not measured: that would be felt in a short run.
const NOT_MEASURED: f64 = 3600.0;
/// The same on a GPU, where a count that is made for any processor says less, and processes side by side gain more.
const NOT_MEASURED_ON_GPU: f64 = 600.0;
/// What one process at a time does in so many seconds is not worth the measurement of more.
const ALONE: f64 = 120.0;
/// Floating-point operations a second that any processor of the last ten years does in one process; current ones do ten
/// times as many and more.
const SLOWEST: f64 = 5e9;
/// Seconds that a minibatch takes in a network without work, layer by layer.
const MINIBATCH: f64 = 5e-3;
/// Seconds until a process begins its work at the latest: it loads libtorch, and the images.
const START_UP: f64 = 10.0;
/// About what that takes in fact, on the CPU and on a GPU, whose library is larger.
const STARTS: f64 = 2.0;
const STARTS_ON_GPU: f64 = 6.0;
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
        Estimate::from(self).in_words()
    }
}

impl From<Cost> for Estimate {
    fn from(cost: Cost) -> Self {
        Self { seconds: cost.seconds(), measured: matches!(cost, Cost::Measured(_)) }
    }
}

/// How a run starts: what it costs, and with what.
#[derive(Debug)]
pub(super) struct Start {
    pub cost: Cost,
    /// Processes side by side, and threads of each.
    pub jobs: usize,
    pub threads: usize,
    /// To be held as long as they run.
    pub mps: Mps,
}

impl Start {
    /// Of a run that has nothing left to do.
    pub fn idle(room: Room) -> Self {
        let jobs = room.unmeasured;
        Self { cost: Cost::Counted(0.0), jobs, threads: room.threads(jobs), mps: Mps::default() }
    }
}

/// What tasks cost, and how many of them run side by side: `stages` one after the other, and the tasks of each side by
/// side, in their order.
pub(super) fn of(spec: &Spec, size: &Size, options: &Options, room: Room, stages: &[Vec<Work>]) -> Start {
    let room = room.for_tasks(stages.iter().map(Vec::len).max().unwrap_or(1));
    let on_gpu = options.device != "cpu";
    let jobs = room.unmeasured;
    let counted = counted(spec, options, (jobs, room.threads(jobs)), stages);
    // Where `plan` has measured another scale of the spec, its speed is in the count.
    let enough = match options.measured {
        Some(_) => super::A_DAY,
        None if on_gpu => NOT_MEASURED_ON_GPU,
        None => NOT_MEASURED,
    };
    let unmeasured = |mps| Start { cost: Cost::Counted(counted), jobs, threads: room.threads(jobs), mps };
    // The count knows nothing of the decoding of images that are decoded each time.
    let streamed = spec.dataset.storage() == Storage::Stream;
    // A limit bounds what is started: where that is little, none of it goes into a measurement.
    let limit = options.deadline.as_ref().map_or(f64::INFINITY, |deadline| deadline.limit().seconds());
    if limit <= enough || counted <= enough && !streamed {
        return unmeasured(Mps::start(options, jobs));
    }
    let mps = Mps::start(options, room.most);
    options.say("measuring for some seconds how fast this machine does such work ...");
    let seconds = |jobs: usize, of_process: &Speed| in_seconds(options, jobs, of_process, stages);
    // More processes on the CPU are measured to find out whether they are too many.
    let worth = |alone: &Speed| !on_gpu || seconds(1, alone) > ALONE;
    let measured = match calibrate::measure(spec, size, options, room, &mps, worth) {
        Ok(measured) => measured,
        Err(error) => {
            machine::say(&format!("warning: the speed of this machine could not be measured ({error:#})"));
            return unmeasured(if jobs > 1 { mps } else { Mps::default() });
        }
    };
    options.say(&measured.said(&options.device));
    let jobs = measured.jobs;
    let cost = Cost::Measured(seconds(jobs, &measured.of_process()));
    Start { cost, jobs, threads: room.threads(jobs), mps: if jobs > 1 { mps } else { Mps::default() } }
}

/// Seconds that stages of tasks take, `jobs` of them side by side, at the speed of each process.
pub(super) fn in_seconds(options: &Options, jobs: usize, of_process: &Speed, stages: &[Vec<Work>]) -> f64 {
    let starts = if options.device == "cpu" { STARTS } else { STARTS_ON_GPU };
    let of_task = |work: &Work| {
        starts + work.train as f64 / of_process.train + (work.evaluate + work.score) as f64 / of_process.score
    };
    stages.iter().map(|stage| side_by_side(jobs, stage.iter().map(of_task))).sum()
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
    let slower = |precision: Precision| match precision {
        Precision::F32 | Precision::Tf32 => 1.0,
        // Twice as many bytes take twice as long, and more.
        Precision::F64 => 4.0,
        // By conversion, on processors that do not compute with it.
        Precision::Bf16 => 8.0,
    };
    let slower = spec.protocols().flat_map(|(_, spec)| spec.precisions()).map(slower).fold(1.0, f64::max);
    let of_unit = slower * spec.operations() / measured.max(SLOWEST) + MINIBATCH / minibatch.max(1) as f64;
    let seconds = |work: &Work| START_UP + work.units() as f64 * of_unit;
    stages.iter().map(|stage| side_by_side(jobs, stage.iter().map(seconds))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pt4al_results::spec::Source;

    fn spec(name: &str, profile: Option<&str>) -> Spec {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("experiments/{name}.toml"));
        pt4al_results::spec::load(&Source { path, profile: profile.map(str::to_owned), sets: Vec::new() }).unwrap()
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
        // It took longer than this on two cores: no bound below it would be one.
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
