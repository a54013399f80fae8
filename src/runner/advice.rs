//! What another number of threads or another precision would give on this machine. Both change values, so the spec decides,
//! and `plan` says what it would gain.

use std::time::Duration;

use super::calibrate::{Measured, Workers};
use super::mps::Mps;
use super::{Jobs, Options, memory};
use pt4al_data::Size;
use pt4al_results::machine;
use pt4al_results::spec::{Precision, Spec};
use pt4al_results::words::{counted, whole};

/// Seconds below which an experiment is not worth the time that these measurements take.
pub(super) const WORTH: f64 = 600.0;

/// What takes this many times longer than the spec's own choice is not waited for any longer.
const LONGER: u32 = 3;
/// A process may take so long to start, on a machine with other work.
const START_UP: Duration = Duration::from_secs(10);

/// Lines of a plan, each with its label. What cannot be measured is left out, with a warning.
pub(super) fn measure(
    spec: &Spec,
    size: &Size,
    options: &Options,
    measured: &Measured,
    threads: usize,
    mps: &Mps,
) -> Vec<(&'static str, String)> {
    if measured.disturbed {
        // One choice after the other: what others did meanwhile would decide.
        options.say("what other threads and another precision would give is not measured beside other work");
        return Vec::new();
    }
    options.say("measuring what other threads and another precision would give ...");
    let mut lines = Vec::new();
    let limit = LONGER * measured.took + START_UP;
    let rate = |spec: &Spec, (jobs, threads): (usize, usize)| -> Option<Rate> {
        let workers = Workers::new(spec, size, options, threads, mps);
        match workers.and_then(|workers| workers.rate_within(jobs, limit)) {
            Ok(rate) => Some(rate.map_or(Rate::Unknown, Rate::Measured)),
            Err(error) => {
                machine::say(&format!("warning: what another choice would give cannot be measured ({error:#})"));
                None
            }
        }
    };
    let now = measured.together(|speed| speed.train);
    // What is fixed by hand is not to be advised on.
    if options.device == "cpu" && options.jobs == Jobs::Auto {
        let trials = spec.trials().len();
        let mut others = Vec::new();
        for other in other_threads(threads, machine::cores(), trials) {
            let jobs = Jobs::Auto.divide(trials, &options.device, other, None, memory::trial_mb(spec, size)).most;
            others.extend(rate(spec, (jobs, other)).map(|rate| (other, jobs, rate)));
        }
        if !others.is_empty() {
            lines.push(("threads", of_threads((threads, measured.jobs, Rate::Measured(now)), &others)));
        }
    }
    for &other in other_precisions(spec.train.precision, options.device != "cpu") {
        if let Some(rate) = rate(&spec.in_precision(other), (measured.jobs, threads)) {
            lines.push(("precision", of_precision((spec.train.precision, now), (other, rate))));
        }
    }
    lines
}

/// Images a second, trained by all processes together.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rate {
    Measured(f64),
    /// It was waited for several times as long as the spec's own choice took.
    Unknown,
}

/// Numbers of threads that are worth a try in place of that one: one, where it is more, and those that leave no core of so
/// many without work, or twice as many.
fn other_threads(threads: usize, cores: usize, trials: usize) -> Vec<usize> {
    let more = (cores / trials.max(1)).max(2 * threads);
    let one = (threads > 1).then_some(1);
    one.into_iter().chain((more <= cores).then_some(more)).collect()
}

/// Precisions that could be faster here, as far as one can tell without trying.
fn other_precisions(precision: Precision, on_gpu: bool) -> &'static [Precision] {
    match (precision, on_gpu) {
        (Precision::F32, true) => &[Precision::Tf32, Precision::Bf16],
        (Precision::Tf32, true) | (Precision::F32 | Precision::Tf32, false) => &[Precision::Bf16],
        (Precision::Bf16, true) => &[Precision::Tf32],
        (Precision::Bf16, false) | (Precision::F64, _) => &[Precision::F32],
    }
}

/// The spec's threads and processes with their images a second, then the others'.
fn of_threads(now: (usize, usize, Rate), others: &[(usize, usize, Rate)]) -> String {
    let said = |&(threads, jobs, rate): &(usize, usize, Rate)| {
        let choice = format!("{} x {}", counted(threads, "thread"), counted(jobs, "trial"));
        match rate {
            Rate::Measured(rate) => format!("{choice}: {} images/s trained", whole(rate)),
            Rate::Unknown => format!("{choice}: far fewer"),
        }
    };
    let others: Vec<String> = others.iter().map(said).collect();
    format!("{}; {} (`threads` in the spec; it changes values)", said(&now), others.join("; "))
}

fn of_precision((precision, now): (Precision, f64), (other, rate): (Precision, Rate)) -> String {
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
    fn what_another_choice_gives_is_said_in_a_line() {
        assert_eq!(
            of_threads((1, 2, Rate::Measured(57.2)), &[(2, 1, Rate::Measured(58.4))]),
            "1 thread x 2 trials: 57 images/s trained; 2 threads x 1 trial: 58 images/s trained (`threads` in the spec; it \
             changes values)"
        );
        assert_eq!(
            of_precision((Precision::F32, 57.0), (Precision::Bf16, Rate::Measured(141.0))),
            "f32: 57 images/s trained; bf16 would give 141 here (`train.precision = \"bf16\"`; it changes values)"
        );
        assert_eq!(
            of_precision((Precision::Tf32, 57.0), (Precision::Bf16, Rate::Measured(20.0))),
            "tf32: 57 images/s trained; bf16 is no faster here (20)"
        );
        assert_eq!(
            of_precision((Precision::F32, 57.0), (Precision::Bf16, Rate::Unknown)),
            "f32: 57 images/s trained; bf16 is far slower here"
        );
    }
}
