//! How many trials run side by side.

use std::str::FromStr;

use pt4al_results::machine;

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

/// A larger number of processes must be that much faster together: each holds memory, and the last trials run alone.
const GAIN: f64 = 1.05;
/// The part of a GPU's free memory that trials may fill: what was measured is not all that they do.
const FILLED: f64 = 0.9;

/// How many processes may run side by side, and what each has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// Where nothing is measured.
    pub unmeasured: usize,
    /// The number that is measured first.
    pub first: usize,
    pub most: usize,
    /// Threads for tensors on the CPU; a process on a GPU has its part of the cores.
    on_cpu: Option<usize>,
}

impl Room {
    /// The same where measurements cannot say how many are too many.
    pub fn by_rule(self) -> Self {
        Self { first: self.unmeasured, most: self.unmeasured, ..self }
    }

    /// The same, and no more processes than there are tasks.
    pub fn for_tasks(self, tasks: usize) -> Self {
        let held = |jobs: usize| jobs.min(tasks).max(1);
        Self { unmeasured: held(self.unmeasured), first: held(self.first), most: held(self.most), ..self }
    }

    /// The same where a trial takes so many MiB of a GPU, of which so many are free.
    pub fn within(self, of_trial: f64, free: f64) -> Self {
        if of_trial <= 0.0 {
            return self;
        }
        let fit = (FILLED * free / of_trial) as usize;
        Self { most: self.most.min(fit.max(self.first)), ..self }
    }

    /// Threads for tensors of each of so many processes.
    pub fn threads(self, jobs: usize) -> usize {
        self.on_cpu.unwrap_or_else(|| (machine::cores() / jobs.max(1)).max(1))
    }

    /// The number of processes to try next, after these with their images a second together: twice as many, as long as that
    /// gains something.
    pub fn next(self, tried: &[(usize, f64)]) -> Option<usize> {
        match tried {
            [] => Some(self.first),
            [.., last] if last.0 >= self.most => None,
            [.., before, last] if last.1 < GAIN * before.1 => None,
            [.., last] => Some((2 * last.0).min(self.most)),
        }
    }
}

/// Which of these numbers of processes to run, by their images a second together: the smallest that none of the larger ones
/// beats by enough.
pub(super) fn chosen(tried: &[(usize, f64)]) -> usize {
    (1..tried.len()).fold(0, |best, at| if tried[at].1 >= GAIN * tried[best].1 { at } else { best })
}

impl Jobs {
    /// The room for that many trials. Sums over another number of threads round differently, so on the CPU a process has
    /// those that the spec names (`wanted`), however many processes run side by side and whatever the machine has; an
    /// experiment that began with another number, as older versions could, keeps it (`begun_with`). `trial_mb` is what a
    /// trial's data and its training step are estimated to take.
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
                // What a process on a GPU waits for most is its own core.
                let most = (machine::cores() / on_cpu.unwrap_or(1)).min(fit).min(trials).max(1);
                match on_cpu {
                    // Logical cores may share a core, and all of them share the memory.
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
        // On the CPU as the spec says, and nothing else.
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
    fn a_gpu_is_for_one_trial_until_more_are_measured() {
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
    fn more_processes_are_tried_as_long_as_they_gain() {
        assert_eq!(GPU.next(&[]), Some(1));
        assert_eq!(GPU.next(&[(1, 19.0)]), Some(2));
        assert_eq!(GPU.next(&[(1, 19.0), (2, 34.0)]), Some(4));
        assert_eq!(GPU.next(&[(1, 19.0), (2, 19.5)]), None);
        assert_eq!(GPU.next(&[(1, 19.0), (2, 34.0), (4, 55.0), (8, 60.0)]), Some(12));
        assert_eq!(GPU.next(&[(8, 60.0), (12, 70.0)]), None);
        assert_eq!(CPU.next(&[]), Some(8));
        assert_eq!(CPU.next(&[(8, 400.0)]), Some(16));
        assert_eq!(CPU.next(&[(8, 400.0), (16, 500.0)]), None);
        // An odd number: two measurements, not three.
        let five = Room { first: 3, most: 5, ..CPU };
        assert_eq!(five.next(&[(3, 1.0)]), Some(5));
        assert_eq!(CPU.for_tasks(4).next(&[]), Some(4));
        assert_eq!(CPU.for_tasks(4).next(&[(4, 1.0)]), None);
        assert_eq!(CPU.by_rule().next(&[]), Some(16));
        assert_eq!(CPU.by_rule().next(&[(16, 500.0)]), None);
        assert_eq!(CPU.for_tasks(3), Room { unmeasured: 3, first: 3, most: 3, on_cpu: Some(1) });
    }

    #[test]
    fn memory_and_gain_choose_the_number() {
        // 2.6 GiB each on a card with 79 GiB; a card that is nearly full; one that gave memory back meanwhile.
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
