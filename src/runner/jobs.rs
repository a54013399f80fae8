//! How many trials run side by side.

use std::str::FromStr;

use crate::machine;

/// What `--jobs` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jobs {
    /// As many as the machine holds.
    Auto,
    Fixed(usize),
}

/// Memory that a trial on the CPU may need at least, in MiB: libtorch and its buffers take about 700.
const TRIAL_MB: f64 = 2000.0;
/// What a process takes beside its data and the training step, in MiB.
const PROCESS_MB: f64 = 700.0;

impl FromStr for Jobs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<usize>() {
            Ok(jobs) if (1..=1024).contains(&jobs) => Ok(Self::Fixed(jobs)),
            _ if text == "auto" => Ok(Self::Auto),
            _ => Err("use auto, or a number from 1 to 1024".into()),
        }
    }
}

impl Jobs {
    /// Jobs, and threads of each. Sums over another number of threads round differently, so on the CPU a process has those
    /// that the spec names (`wanted`), however many processes run side by side and whatever the machine has; an experiment
    /// that began with another number, as older versions could, keeps it (`begun_with`). `trial_mb` is what a trial's data
    /// and its training step are estimated to take.
    pub fn divide(
        self,
        trials: usize,
        device: &str,
        wanted: usize,
        begun_with: Option<usize>,
        trial_mb: f64,
    ) -> (usize, usize) {
        let needed = TRIAL_MB.max(PROCESS_MB + trial_mb);
        let cores = machine::cores();
        let on_cpu = begun_with.unwrap_or(wanted).max(1);
        let jobs = match self {
            Self::Fixed(jobs) => jobs,
            // One trial saturates a GPU better than two that take turns.
            Self::Auto if device != "cpu" => 1,
            Self::Auto => cores / on_cpu,
        };
        let side_by_side = jobs.min(trials).max(1);
        let threads = if device == "cpu" { on_cpu } else { (cores / side_by_side).max(1) };
        let fit = match self {
            Self::Auto => machine::available_mb().map_or(side_by_side, |mb| (mb / needed) as usize),
            Self::Fixed(_) => side_by_side,
        };
        (side_by_side.min(fit).max(1), threads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_follow_from_the_machine_and_threads_do_not() {
        let cores = machine::cores();
        // On the CPU as the spec says, and nothing else.
        for jobs in [Jobs::Auto, Jobs::Fixed(1), Jobs::Fixed(8), Jobs::Fixed(3 * cores)] {
            for trials in [1, 12, 12 * cores] {
                assert_eq!(jobs.divide(trials, "cpu", 1, None, 0.0).1, 1);
                assert_eq!(jobs.divide(trials, "cpu", 3, None, 0.0).1, 3);
                assert_eq!(jobs.divide(trials, "cpu", 3, Some(7), 0.0).1, 7);
            }
        }
        assert_eq!(Jobs::Fixed(3 * cores).divide(12 * cores, "cpu", 1, None, 0.0).0, 3 * cores);
        assert_eq!(Jobs::Fixed(8).divide(1, "cpu", 1, None, 0.0).0, 1);
        assert_eq!(Jobs::Auto.divide(12, "cpu", 2 * cores, None, 0.0).0, 1);
        assert_eq!(Jobs::Auto.divide(12, "cuda:0", 1, None, 0.0), (1, cores));
        // No machine has room for two of these.
        assert_eq!(Jobs::Auto.divide(12, "cpu", 1, None, 1e12).0, 1);
        assert!("0".parse::<Jobs>().is_err());
    }
}
