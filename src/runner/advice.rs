//! What another number of threads or another precision would give on this machine. Both change values, so the spec decides,
//! and `plan` says what it would gain.

use anyhow::Result;

use super::calibrate::{Measured, Workers};
use super::mps::Mps;
use super::{Jobs, Options, memory};
use crate::data::Size;
use crate::machine;
use crate::spec::{Precision, Spec};
use crate::words::{counted, whole};

/// Seconds below which an experiment is not worth the time that these measurements take.
pub(super) const WORTH: f64 = 600.0;

/// Lines of a plan, each with its label. What cannot be measured is left out, with a warning.
pub(super) fn measure(
    spec: &Spec,
    size: &Size,
    options: &Options,
    measured: &Measured,
    threads: usize,
    mps: &Mps,
) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let rate = |spec: &Spec, (jobs, threads): (usize, usize)| -> Result<f64> {
        let mut workers = Workers::new(spec, size, options, threads, mps)?;
        workers.grow(jobs)?;
        Ok(workers.measure()?.iter().map(|speed| speed.train).sum())
    };
    let kept = |what: &str, rate: Result<f64>| match rate {
        Ok(rate) => Some(rate),
        Err(error) => {
            machine::say(&format!("warning: {what} cannot be measured ({error:#})"));
            None
        }
    };
    let now = measured.together(|speed| speed.train);
    // What is fixed by hand is not to be advised on.
    if options.device == "cpu" && options.jobs == Jobs::Auto {
        let trials = spec.trials().len();
        let mut others = Vec::new();
        for other in other_threads(threads, machine::cores(), trials) {
            let jobs = Jobs::Auto.divide(trials, &options.device, other, None, memory::trial_mb(spec, size)).most;
            let rate = kept(&counted(other, "thread"), rate(spec, (jobs, other)));
            others.extend(rate.map(|rate| (other, jobs, rate)));
        }
        if !others.is_empty() {
            lines.push(("threads", of_threads((threads, measured.jobs, now), &others)));
        }
    }
    for other in other_precisions(spec.train.precision, &options.device) {
        if let Some(rate) = kept(name(other).as_str(), rate(&spec.in_precision(other), (measured.jobs, threads))) {
            lines.push(("precision", of_precision((spec.train.precision, now), (other, rate))));
        }
    }
    lines
}

/// Numbers of threads that are worth a try in place of that one: one, where it is more, and those that leave no core of so
/// many without work, or twice as many.
fn other_threads(threads: usize, cores: usize, trials: usize) -> Vec<usize> {
    let more = (cores / trials.max(1)).max(2 * threads);
    let one = (threads > 1).then_some(1);
    one.into_iter().chain((more <= cores).then_some(more)).collect()
}

/// Precisions that could be faster, or are as good and could.
fn other_precisions(precision: Precision, _device: &str) -> Vec<Precision> {
    match precision {
        Precision::F32 => vec![],
        Precision::F64 => vec![Precision::F32],
    }
}

/// As the spec writes it.
fn name(precision: Precision) -> String {
    toml::Value::try_from(precision).ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
}

/// The spec's threads and processes with their images a second, then the others'.
fn of_threads(now: (usize, usize, f64), others: &[(usize, usize, f64)]) -> String {
    let said = |&(threads, jobs, rate): &(usize, usize, f64)| {
        format!("{} x {}: {} images/s trained", counted(threads, "thread"), counted(jobs, "trial"), whole(rate))
    };
    let others: Vec<String> = others.iter().map(said).collect();
    format!("{}; {} (`threads` in the spec; it changes values)", said(&now), others.join("; "))
}

fn of_precision((precision, now): (Precision, f64), (other, rate): (Precision, f64)) -> String {
    let (precision, other) = (name(precision), name(other));
    let how = match rate > now {
        true => format!("would give {} here (`train.precision = \"{other}\"`; it changes values)", whole(rate)),
        false => format!("is no faster here ({})", whole(rate)),
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
            of_threads((1, 2, 57.2), &[(2, 1, 58.4)]),
            "1 thread x 2 trials: 57 images/s trained; 2 threads x 1 trial: 58 images/s trained (`threads` in the spec; it \
             changes values)"
        );
        assert_eq!(
            of_precision((Precision::F64, 20.0), (Precision::F32, 57.0)),
            "f64: 20 images/s trained; f32 would give 57 here (`train.precision = \"f32\"`; it changes values)"
        );
        assert_eq!(
            of_precision((Precision::F32, 57.0), (Precision::F64, 20.0)),
            "f32: 57 images/s trained; f64 is no faster here (20)"
        );
    }
}
