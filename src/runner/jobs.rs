//! How many processes run side by side.

use std::str::FromStr;

use pt4al_results::machine;

/// The value of `--jobs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jobs {
    /// As many as the machine has room for.
    Auto,
    Fixed(usize),
}

/// Memory that is reserved for a trial at least, in MiB; libtorch and its buffers take about 700.
const TRIAL_MB: f64 = 2000.0;
/// Memory of a process besides its data and the training step, in MiB.
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

/// A larger number of processes is chosen only if together they are this many times as fast: each takes memory, and the last
/// trials run alone anyway.
const GAIN: f64 = 1.05;
/// The part of a GPU's free memory that trials may fill. Trials do more than the measured steps.
const FILLED: f64 = 0.9;

/// How many processes may run side by side, and how many threads each has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// The number of processes if nothing is measured.
    pub unmeasured: usize,
    /// The number of processes that is measured first.
    pub first: usize,
    /// The largest number of processes.
    pub most: usize,
    /// Threads for tensors on the CPU. `None` on a GPU, where the processes divide the cores.
    on_cpu: Option<usize>,
}

impl Room {
    /// The room with its unmeasured number fixed, for when measurements cannot say how many processes are too many.
    pub fn by_rule(self) -> Self {
        Self { first: self.unmeasured, most: self.unmeasured, ..self }
    }

    /// The room with no more processes than there are tasks.
    pub fn for_tasks(self, tasks: usize) -> Self {
        let limited = |jobs: usize| jobs.min(tasks).max(1);
        Self { unmeasured: limited(self.unmeasured), first: limited(self.first), most: limited(self.most), ..self }
    }

    /// The room with no more processes than fit into a GPU's memory: a trial takes `trial_mb` MiB of `free_mb` free ones.
    pub fn within(self, trial_mb: f64, free_mb: f64) -> Self {
        if trial_mb <= 0.0 {
            return self;
        }
        let fit = (FILLED * free_mb / trial_mb) as usize;
        Self { most: self.most.min(fit.max(self.first)), ..self }
    }

    /// Threads for tensors of each process if `jobs` processes run side by side.
    pub fn threads(self, jobs: usize) -> usize {
        self.on_cpu.unwrap_or_else(|| (machine::cores() / jobs.max(1)).max(1))
    }

    /// The number of processes to try next: twice as many, as long as that gains speed. `tried` are the numbers so far, with
    /// the images per second of all processes together.
    pub fn next(self, tried: &[(usize, f64)]) -> Option<usize> {
        match tried {
            [] => Some(self.first),
            [.., last] if last.0 >= self.most => None,
            [.., before, last] if last.1 < GAIN * before.1 => None,
            [.., last] => Some((2 * last.0).min(self.most)),
        }
    }
}

/// The entry of `tried` to use: the smallest number of processes that no larger number beats by [`GAIN`].
pub(super) fn chosen(tried: &[(usize, f64)]) -> usize {
    (1..tried.len()).fold(0, |best, at| if tried[at].1 >= GAIN * tried[best].1 { at } else { best })
}

impl Jobs {
    /// The room for `trials` trials. Sums over another number of threads round differently, so on the CPU a process always has
    /// the spec's number of threads (`wanted`), whatever the machine and the number of processes. An experiment that began
    /// with another number (`begun_with`), which older versions allowed, keeps it. `trial_mb` is the estimated memory of a
    /// trial's data and training step.
    pub(super) fn divide(
        self,
        trials: usize,
        device: &str,
        wanted: usize,
        begun_with: Option<usize>,
        trial_mb: f64,
    ) -> Room {
        let on_cpu = (device == "cpu").then(|| begun_with.unwrap_or(wanted).max(1));
        let room = match self {
            Self::Fixed(jobs) => Room { unmeasured: jobs, first: jobs, most: jobs, on_cpu },
            Self::Auto => {
                let needed = TRIAL_MB.max(PROCESS_MB + trial_mb);
                let fit = machine::available_mb().map_or(usize::MAX, |mb| (mb / needed) as usize);
                // A process on a GPU mostly waits for its own core.
                let most = (machine::cores() / on_cpu.unwrap_or(1)).min(fit).min(trials).max(1);
                match on_cpu {
                    // Logical cores may share a physical core, and all share the memory bandwidth.
                    Some(_) => Room { unmeasured: most, first: most.div_ceil(2), most, on_cpu },
                    None => Room { unmeasured: 1, first: 1, most, on_cpu },
                }
            }
        };
        room.for_tasks(trials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_follow_from_the_machine_and_threads_do_not() {
        let cores = machine::cores();
        // On the CPU only the spec decides.
        for jobs in [Jobs::Auto, Jobs::Fixed(1), Jobs::Fixed(8), Jobs::Fixed(3 * cores)] {
            for trials in [1, 12, 12 * cores] {
                for (wanted, begun_with, threads) in [(1, None, 1), (3, None, 3), (3, Some(7), 7)] {
                    let room = jobs.divide(trials, "cpu", wanted, begun_with, 0.0);
                    assert!([1, room.first, room.most].iter().all(|&jobs| room.threads(jobs) == threads));
                }
            }
        }
        let most = |jobs: Jobs, trials, threads, mb| jobs.divide(trials, "cpu", threads, None, mb).most;
        assert_eq!(most(Jobs::Fixed(3 * cores), 12 * cores, 1, 0.0), 3 * cores);
        assert_eq!(most(Jobs::Fixed(8), 1, 1, 0.0), 1);
        assert_eq!(most(Jobs::Auto, 12, 2 * cores, 0.0), 1);
        // No machine has room for two of these.
        assert_eq!(most(Jobs::Auto, 12, 1, 1e12), 1);
        assert!("0".parse::<Jobs>().is_err());
    }

    #[test]
    fn a_gpu_runs_one_trial_until_more_are_measured() {
        let cores = machine::cores();
        let room = Jobs::Auto.divide(12 * cores, "cuda:0", 1, None, 0.0);
        assert_eq!((room.unmeasured, room.first), (1, 1));
        assert!((1..=cores).contains(&room.most));
        assert_eq!((room.threads(1), room.threads(2 * cores)), (cores, 1));
        let two = Jobs::Fixed(2).divide(12, "cuda:0", 1, None, 0.0);
        assert_eq!((two.unmeasured, two.first, two.most), (2, 2, 2));
    }

    const GPU: Room = Room { unmeasured: 1, first: 1, most: 12, on_cpu: None };
    const CPU: Room = Room { unmeasured: 16, first: 8, most: 16, on_cpu: Some(1) };

    #[test]
    fn more_processes_are_tried_as_long_as_they_gain_speed() {
        assert_eq!(GPU.next(&[]), Some(1));
        assert_eq!(GPU.next(&[(1, 19.0)]), Some(2));
        assert_eq!(GPU.next(&[(1, 19.0), (2, 34.0)]), Some(4));
        assert_eq!(GPU.next(&[(1, 19.0), (2, 19.5)]), None);
        assert_eq!(GPU.next(&[(1, 19.0), (2, 34.0), (4, 55.0), (8, 60.0)]), Some(12));
        assert_eq!(GPU.next(&[(8, 60.0), (12, 70.0)]), None);
        assert_eq!(CPU.next(&[]), Some(8));
        assert_eq!(CPU.next(&[(8, 400.0)]), Some(16));
        assert_eq!(CPU.next(&[(8, 400.0), (16, 500.0)]), None);
        // With an odd number there are two measurements, not three.
        let five = Room { first: 3, most: 5, ..CPU };
        assert_eq!(five.next(&[(3, 1.0)]), Some(5));
        assert_eq!(CPU.for_tasks(4).next(&[]), Some(4));
        assert_eq!(CPU.for_tasks(4).next(&[(4, 1.0)]), None);
        assert_eq!(CPU.by_rule().next(&[]), Some(16));
        assert_eq!(CPU.by_rule().next(&[(16, 500.0)]), None);
        assert_eq!(CPU.for_tasks(3), Room { unmeasured: 3, first: 3, most: 3, on_cpu: Some(1) });
    }

    #[test]
    fn memory_and_speed_decide_the_number_of_processes() {
        // 2.6 GiB each on a card with 79 GiB; on a nearly full card; on a card whose free memory grew meanwhile.
        assert_eq!(GPU.within(2660.0, 80_900.0).most, 12);
        assert_eq!(GPU.within(2660.0, 10_000.0).most, 3);
        assert_eq!(GPU.within(2660.0, 100.0).most, 1);
        assert_eq!(GPU.within(-5.0, 100.0), GPU);
        assert_eq!(chosen(&[(1, 19.0)]), 0);
        assert_eq!(chosen(&[(1, 19.0), (2, 34.0), (4, 35.0)]), 1);
        assert_eq!(chosen(&[(1, 19.0), (2, 34.0), (4, 55.0)]), 2);
        assert_eq!(chosen(&[(8, 400.0), (16, 390.0)]), 0);
        assert_eq!(chosen(&[(8, 400.0), (16, 500.0)]), 1);
    }
}
