//! What a run will cost, and how many processes it gets. The cost is counted from the amount of work; unless the count shows
//! that it is small, the speed of this machine is measured too.

use anyhow::Result;

use super::calibrate::{self, Speed};
use super::jobs::Room;
use super::mps::Mps;
use super::options::Options;
use super::sharing;
use super::time_left::side_by_side;
use pt4al_data::Size;
use pt4al_results::machine;
use pt4al_results::spec::{Precision, Spec, Storage, Work};
use pt4al_results::store::Estimate;

/// Work of more seconds than this starts only if the user agrees.
pub const A_DAY: f64 = 86_400.0;

/// Seconds that the rest of a run takes on this machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cost {
    /// An upper bound, counted from the amount of work; nothing was measured.
    Counted(f64),
    /// An estimate from the measured speed of this machine.
    Measured(f64),
}

/// Decides whether work of a cost starts; an error says why it does not.
pub type Consent<'a> = dyn Fn(&Cost) -> Result<()> + 'a;

/// Runs of at most this many counted seconds are not measured on the CPU: in a short run one would feel the measurement.
const NOT_MEASURED: f64 = 3600.0;
/// The same on a GPU. There a count that must hold for any processor says less, and processes side by side gain more.
const NOT_MEASURED_ON_GPU: f64 = 600.0;
/// If one process at a time needs at most this many seconds on a GPU, larger numbers of processes are not measured.
const ALONE: f64 = 120.0;
/// Floating-point operations per second of one process that any processor of the last ten years reaches; current ones do
/// more than ten times as many.
const SLOWEST: f64 = 5e9;
/// Seconds of overhead of a minibatch: the time it would take in a network without work, layer by layer.
const MINIBATCH: f64 = 5e-3;
/// The most seconds until a process begins its work; it loads libtorch and the images.
const START_UP: f64 = 10.0;
/// Typical seconds until a process begins its work on the CPU.
const TYPICAL_START_UP: f64 = 2.0;
/// Typical seconds until a process begins its work on a GPU, whose library is larger.
const TYPICAL_START_UP_ON_GPU: f64 = 6.0;
/// A small network does fewer operations per second than a large one on the same machine, but at least this part of them.
const SMALLER: f64 = 0.25;

impl Cost {
    /// The cost in seconds; an upper bound if it was not measured.
    pub fn seconds(self) -> f64 {
        match self {
            Self::Counted(seconds) | Self::Measured(seconds) => seconds,
        }
    }

    /// The cost in words: `about 412 h (17 days)`, or `at most 20 min`.
    pub fn duration(self) -> String {
        Estimate::from(self).in_words()
    }
}

impl From<Cost> for Estimate {
    fn from(cost: Cost) -> Self {
        Self { seconds: cost.seconds(), measured: matches!(cost, Cost::Measured(_)) }
    }
}

/// How a run starts.
#[derive(Debug)]
pub(super) struct Start {
    pub cost: Cost,
    /// Number of processes side by side.
    pub jobs: usize,
    /// Threads of each process.
    pub threads: usize,
    /// Must be kept as long as the processes run.
    pub mps: Mps,
}

impl Start {
    /// The start of a run that has nothing left to do.
    fn idle(room: Room) -> Self {
        let jobs = room.unmeasured;
        Self { cost: Cost::Counted(0.0), jobs, threads: room.threads(jobs), mps: Mps::default() }
    }
}

/// How tasks start, if `consent` agrees to their cost. It is not asked if no task is left.
///
/// `stages` run one after the other; the tasks of a stage run side by side, in their order.
///
/// # Errors
/// If there is no consent.
pub(super) fn agreed_start(
    spec: &Spec,
    size: &Size,
    options: &Options,
    room: Room,
    stages: &[Vec<Work>],
    consent: &Consent,
) -> Result<Start> {
    if stages.iter().all(Vec::is_empty) {
        return Ok(Start::idle(room));
    }
    let start = start(spec, size, options, room, stages);
    consent(&start.cost)?;
    Ok(start)
}

/// What tasks cost, and how many of them run side by side (see [`agreed_start`]).
fn start(spec: &Spec, size: &Size, options: &Options, room: Room, stages: &[Vec<Work>]) -> Start {
    let room = room.for_tasks(stages.iter().map(Vec::len).max().unwrap_or(1));
    let on_gpu = !options.on_cpu();
    let jobs = room.unmeasured;
    let counted = counted_seconds(spec, options, (jobs, room.threads(jobs)), stages);
    // If `plan` has measured another scale of the spec, its speed is in the count.
    let enough = match options.operations_per_second {
        Some(_) => A_DAY,
        None if on_gpu => NOT_MEASURED_ON_GPU,
        None => NOT_MEASURED,
    };
    let unmeasured = |mps| Start { cost: Cost::Counted(counted), jobs, threads: room.threads(jobs), mps };
    // The count does not include decoding, which `stream` repeats for every use of an image.
    let streamed = spec.dataset.storage() == Storage::Stream && spec.trains_on_images();
    // A time limit bounds the work too; if it is short, none of it is spent on a measurement.
    let limit = options.deadline.as_ref().map_or(f64::INFINITY, |deadline| deadline.limit().seconds());
    if limit <= enough || counted <= enough && !streamed {
        return unmeasured(sharing::start(options, jobs));
    }
    let mps = sharing::start(options, room.most);
    options.say("measuring for some seconds how fast this machine does such work ...");
    // On the CPU larger numbers are always measured, to find out whether they are too many.
    let worth_more = |alone: &Speed| !on_gpu || estimated_seconds(options, 1, alone, stages) > ALONE;
    let measured = match calibrate::measure(spec, size, options, room, &mps, worth_more) {
        Ok(measured) => measured,
        Err(error) => {
            machine::say(&format!("warning: the speed of this machine could not be measured ({error:#})"));
            return unmeasured(if jobs > 1 { mps } else { Mps::default() });
        }
    };
    options.say(&measured.in_words(&options.device));
    let jobs = measured.jobs;
    let cost = Cost::Measured(estimated_seconds(options, jobs, &measured.of_process(), stages));
    Start { cost, jobs, threads: room.threads(jobs), mps: if jobs > 1 { mps } else { Mps::default() } }
}

/// Seconds that stages of tasks take, `jobs` tasks side by side, at the speed of each process.
pub(super) fn estimated_seconds(options: &Options, jobs: usize, speed: &Speed, stages: &[Vec<Work>]) -> f64 {
    let start_up = if options.on_cpu() { TYPICAL_START_UP } else { TYPICAL_START_UP_ON_GPU };
    let task_seconds =
        |work: &Work| start_up + work.train as f64 / speed.train + (work.evaluate + work.score) as f64 / speed.score;
    stages.iter().map(|stage| side_by_side(jobs, stage.iter().map(task_seconds))).sum()
}

/// The most seconds that the work may take.
fn counted_seconds(spec: &Spec, options: &Options, (jobs, threads): (usize, usize), stages: &[Vec<Work>]) -> f64 {
    // More processes than cores take turns.
    let jobs = if options.on_cpu() { jobs.min(machine::cores() / threads).max(1) } else { jobs };
    let minibatch = spec.protocols().map(|(_, protocol)| smallest_minibatch(protocol)).min().unwrap_or(1);
    let precisions = spec.protocols().flat_map(|(_, protocol)| protocol.precisions());
    let slower = precisions.map(times_slower).fold(1.0, f64::max);
    let measured = options.operations_per_second.map_or(0.0, |operations| operations * SMALLER);
    let unit_seconds = slower * spec.operations() / measured.max(SLOWEST) + MINIBATCH / minibatch.max(1) as f64;
    let task_seconds = |work: &Work| START_UP + work.units() as f64 * unit_seconds;
    stages.iter().map(|stage| side_by_side(jobs, stage.iter().map(task_seconds))).sum()
}

/// The smallest minibatch that the task model or the pretext learner is trained on.
fn smallest_minibatch(protocol: &Spec) -> usize {
    let learner = protocol.learner().map_or(usize::MAX, |learner| learner.minibatch);
    protocol.train.minibatch.min(protocol.rounds.initial).min(learner)
}

/// How many times slower than `f32` a precision may be.
fn times_slower(precision: Precision) -> f64 {
    match precision {
        Precision::F32 | Precision::Tf32 => 1.0,
        // Twice as many bytes, and more than twice the time.
        Precision::F64 => 4.0,
        // Processors that do not compute in bf16 convert it.
        Precision::Bf16 => 8.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pt4al_results::spec::Source;

    fn spec(name: &str, profile: Option<&str>) -> Spec {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("experiments/{name}.toml"));
        pt4al_results::spec::load(&Source { path, profile: profile.map(str::to_owned), sets: Vec::new() }).unwrap()
    }

    /// The most seconds that all trials may take, one after the other and two side by side.
    fn most(spec: &Spec, pool: usize, test: usize) -> (f64, f64) {
        let options = Options::for_test("results");
        let work: Vec<Work> = spec.trials().iter().map(|trial| spec.trial_work(trial, pool, test)).collect();
        let seconds = |jobs| counted_seconds(spec, &options, (jobs, 1), std::slice::from_ref(&work));
        (seconds(1), seconds(2))
    }

    #[test]
    fn small_work_is_not_measured_and_large_work_is() {
        let (alone, two) = most(&spec("demo", None), 2000, 1000);
        assert!(two <= alone && alone < NOT_MEASURED, "{alone} {two}");
        // More processes than cores are no faster.
        let cores = machine::cores();
        let demo = spec("demo", None);
        let work: Vec<Work> = demo.trials().iter().map(|trial| demo.trial_work(trial, 2000, 1000)).collect();
        let options = Options::for_test("results");
        let seconds = |jobs| counted_seconds(&demo, &options, (jobs, 1), std::slice::from_ref(&work));
        assert_eq!(seconds(cores), seconds(1024));
        // On two cores the run took 21 minutes, so a bound must be above that.
        let (_, two) = most(&spec("cifar10", Some("cpu")), 10_000, 10_000);
        assert!(two > 21.0 * 60.0, "{two}");
        let (_, two) = most(&spec("cifar10", None), 50_000, 10_000);
        assert!(two > A_DAY, "{two}");
        // No work costs nothing.
        assert_eq!(side_by_side(2, std::iter::empty()), 0.0);
    }

    #[test]
    fn a_cost_says_whether_it_was_measured() {
        assert_eq!(Cost::Measured(22_420_800.0).duration(), "about 6228 h (260 days)");
        assert_eq!(Cost::Counted(1200.0).duration(), "at most 20 min");
    }
}
