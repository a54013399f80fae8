//! Measures how fast another number of threads or another precision would be on this machine. Both change values, so only
//! the spec sets them; `plan` prints what they would gain.

use std::time::Duration;

use super::calibrate::{Measured, Workers};
use super::jobs::Jobs;
use super::memory;
use super::mps::Mps;
use super::options::Options;
use pt4al_data::Size;
use pt4al_results::machine;
use pt4al_results::spec::{Precision, Spec};
use pt4al_results::words::{counted, whole};

/// For experiments of fewer seconds these measurements are not worth their time.
pub(super) const WORTH: f64 = 600.0;

/// A measurement is given up if it takes this many times as long as that of the spec's own choice.
const LONGER: u32 = 3;
/// The most time that a process takes to start on a machine with other work.
const START_UP: Duration = Duration::from_secs(10);

/// Lines of a plan, each with its label. A choice that cannot be measured is left out with a warning.
pub(super) fn measure(
    spec: &Spec,
    size: &Size,
    options: &Options,
    measured: &Measured,
    threads: usize,
    mps: &Mps,
) -> Vec<(&'static str, String)> {
    if measured.disturbed {
        // Choices are measured one after the other, so other programs could decide which is faster.
        options.say("other programs are running: other threads and precisions are not measured");
        return Vec::new();
    }
    options.say("measuring other threads and precisions ...");
    let mut lines = Vec::new();
    let limit = LONGER * measured.took + START_UP;
    let measure_rate = |spec: &Spec, (jobs, threads): (usize, usize)| -> Option<Rate> {
        let workers = Workers::new(spec, size, options, threads, mps);
        match workers.and_then(|workers| workers.rate_within(jobs, limit)) {
            Ok(rate) => Some(rate.map_or(Rate::Unknown, Rate::Measured)),
            Err(error) => {
                machine::say(&format!("warning: another choice could not be measured ({error:#})"));
                None
            }
        }
    };
    let now = measured.together(|speed| speed.train);
    // There is no advice about what the user has chosen.
    if options.on_cpu() && options.jobs == Jobs::Auto {
        let trials = spec.trials().len();
        let mut others = Vec::new();
        for other in other_threads(threads, machine::cores(), trials) {
            let jobs = Jobs::Auto.divide(trials, &options.device, other, None, memory::trial_mb(spec, size)).most;
            others.extend(measure_rate(spec, (jobs, other)).map(|rate| (other, jobs, rate)));
        }
        if !others.is_empty() {
            lines.push(("threads", threads_in_words((threads, measured.jobs, Rate::Measured(now)), &others)));
        }
    }
    let others = other_precisions(spec.train.precision, !options.on_cpu());
    for &other in others.iter().filter(|&&other| spec.model.computes_in(other)) {
        if let Some(rate) = measure_rate(&spec.in_precision(other), (measured.jobs, threads)) {
            lines.push(("precision", precision_in_words((spec.train.precision, now), (other, rate))));
        }
    }
    lines
}

/// Images per second that all processes train together.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rate {
    Measured(f64),
    /// The measurement took several times as long as that of the spec's own choice and was given up.
    Unknown,
}

/// Numbers of threads that are worth trying instead of `threads`: one, and the number that uses all cores, or at least twice
/// as many.
fn other_threads(threads: usize, cores: usize, trials: usize) -> Vec<usize> {
    let fewer = (threads > 1).then_some(1);
    let more = (cores / trials.max(1)).max(2 * threads);
    fewer.into_iter().chain((more <= cores).then_some(more)).collect()
}

/// Precisions that may be faster here.
fn other_precisions(precision: Precision, on_gpu: bool) -> &'static [Precision] {
    match (precision, on_gpu) {
        (Precision::F32, true) => &[Precision::Tf32, Precision::Bf16],
        (Precision::Tf32, true) | (Precision::F32 | Precision::Tf32, false) => &[Precision::Bf16],
        (Precision::Bf16, true) => &[Precision::Tf32],
        (Precision::Bf16, false) | (Precision::F64, _) => &[Precision::F32],
    }
}

/// The line about threads. A choice is (threads, processes, rate); `now` is the spec's.
fn threads_in_words(now: (usize, usize, Rate), others: &[(usize, usize, Rate)]) -> String {
    let in_words = |&(threads, jobs, rate): &(usize, usize, Rate)| {
        let choice = format!("{} x {}", counted(threads, "thread"), counted(jobs, "trial"));
        match rate {
            Rate::Measured(rate) => format!("{choice}: {} images/s trained", whole(rate)),
            Rate::Unknown => format!("{choice}: far fewer"),
        }
    };
    let others: Vec<String> = others.iter().map(in_words).collect();
    format!("{}; {} (`threads` in the spec; it changes values)", in_words(&now), others.join("; "))
}

/// The line about precision: the spec's with its images per second, and another one.
fn precision_in_words((precision, now): (Precision, f64), (other, rate): (Precision, Rate)) -> String {
    let (precision, other) = (precision.name(), other.name());
    let how = match rate {
        Rate::Measured(rate) if rate > now => {
            format!("would give {} here (`train.precision = \"{other}\"`; it changes values)", whole(rate))
        }
        Rate::Measured(rate) => format!("is no faster here ({})", whole(rate)),
        Rate::Unknown => "is far slower here".into(),
    };
    format!("{precision}: {} images/s trained; {other} {how}", whole(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_threads_fill_the_machine() {
        assert_eq!(other_threads(1, 2, 12), [2]);
        assert_eq!(other_threads(2, 2, 12), [1]);
        assert_eq!(other_threads(1, 1, 12), [0; 0]);
        // 64 cores for 12 trials: five each.
        assert_eq!(other_threads(1, 64, 12), [5]);
        assert_eq!(other_threads(4, 64, 100), [1, 8]);
    }

    #[test]
    fn each_choice_is_described_in_a_line() {
        assert_eq!(
            threads_in_words((1, 2, Rate::Measured(57.2)), &[(2, 1, Rate::Measured(58.4))]),
            "1 thread x 2 trials: 57 images/s trained; 2 threads x 1 trial: 58 images/s trained (`threads` in the spec; it \
             changes values)"
        );
        assert_eq!(
            precision_in_words((Precision::F32, 57.0), (Precision::Bf16, Rate::Measured(141.0))),
            "f32: 57 images/s trained; bf16 would give 141 here (`train.precision = \"bf16\"`; it changes values)"
        );
        assert_eq!(
            precision_in_words((Precision::Tf32, 57.0), (Precision::Bf16, Rate::Measured(20.0))),
            "tf32: 57 images/s trained; bf16 is no faster here (20)"
        );
        assert_eq!(
            precision_in_words((Precision::F32, 57.0), (Precision::Bf16, Rate::Unknown)),
            "f32: 57 images/s trained; bf16 is far slower here"
        );
    }
}
