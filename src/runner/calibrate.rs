//! Measures how fast this machine does the work of a spec: workers train its network on made-up images, side by side as
//! trials would.

use std::ops::Range;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::crew::Crew;
use super::jobs::{Room, chosen};
use super::mps::Mps;
use super::options::Options;
use super::worker::{self, Ended, Message, Share};
use super::{gpu, memory};
use crate::trial::Event;
use pt4al_data::Size;
use pt4al_results::machine;
use pt4al_results::spec::Spec;
use pt4al_results::words::whole;

/// The speed of one process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Speed {
    /// Images per second.
    pub train: f64,
    /// Images per second.
    pub score: f64,
    pub peak_rss_mb: f64,
}

/// The result of a measurement, and the number of processes that follows from it.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub jobs: usize,
    /// The speeds of these processes.
    pub speeds: Vec<Speed>,
    /// Every number of processes that was tried, in order, with the images per second that they trained together.
    pub tried: Vec<(usize, f64)>,
    /// Whether other programs kept the processor busy.
    pub disturbed: bool,
    /// The time that the first processes took from their start to their result.
    pub took: Duration,
    /// GPU memory of a trial, and free GPU memory before the first one, in MiB; `None` if unknown.
    pub gpu: Option<(f64, f64)>,
}

/// How long processes train while they are measured; scoring takes half as long.
const SECONDS: f64 = 3.0;
/// The most cores that are busy on an idle machine.
const BUSY: f64 = 0.5;
/// Time limit for ending workers. A worker ends as soon as its standard input is closed, unless a device driver blocks it.
const END: Duration = Duration::from_secs(10);

/// Measures processes side by side, in the numbers that `room` gives, until more processes gain nothing. Larger numbers
/// are tried only if `worth_more` is true for the speed of one of the first processes.
///
/// # Errors
/// If the first processes fail. If later ones fail, the choice is among the numbers before.
pub(super) fn measure(
    spec: &Spec,
    size: &Size,
    options: &Options,
    mut room: Room,
    mps: &Mps,
    worth_more: impl Fn(&Speed) -> bool,
) -> Result<Measured> {
    let busy = busy_cores(options);
    if let Some(busy) = busy {
        options.say(&format!(
            "other processes keep about {busy:.1} cores busy now: the measured speed will be too low{}",
            if room.first < room.most {
                "; the number of trials side by side follows from the cores alone"
            } else {
                ""
            }
        ));
        room = room.by_rule();
    }
    let free = gpu::free_mb(&options.device);
    let mut workers = Workers::new(spec, size, options, room.threads(room.most), mps)?;
    let begun = Instant::now();
    let mut measured = Measured {
        jobs: 0,
        speeds: Vec::new(),
        tried: Vec::new(),
        disturbed: busy.is_some(),
        took: Duration::ZERO,
        gpu: None,
    };
    let mut speeds_tried: Vec<Vec<Speed>> = Vec::new();
    while let Some(jobs) = room.next(&measured.tried) {
        let speeds = match workers.grow(jobs).and_then(|()| workers.measure()) {
            Ok(speeds) => speeds,
            Err(error) if speeds_tried.is_empty() => return Err(error),
            // More processes may not fit, in ways that cannot be foreseen.
            Err(_) => break,
        };
        measured.tried.push((jobs, speeds.iter().map(|speed| speed.train).sum()));
        speeds_tried.push(speeds);
        if speeds_tried.len() > 1 {
            continue;
        }
        measured.took = begun.elapsed();
        if let (Some(before), Some(after)) = (free, gpu::free_mb(&options.device)) {
            // There are only few made-up images, so those of the data set are added.
            let trial_mb =
                (before - after) / jobs as f64 + memory::data_mb(spec, size) + memory::learner_extra_mb(spec, size);
            room = room.within(trial_mb, before);
            measured.gpu = Some((trial_mb, before));
        }
        if !worth_more(&speeds_tried[0][0]) {
            break;
        }
    }
    let at = chosen(&measured.tried);
    measured.jobs = measured.tried[at].0;
    measured.speeds = speeds_tried.swap_remove(at);
    Ok(measured)
}

/// The number of cores that other programs keep busy, if the work is for the CPU and the machine is not idle. Those
/// programs may end in a minute while a run takes hours: too few processes would cost far more than too many.
fn busy_cores(options: &Options) -> Option<f64> {
    options.on_cpu().then(machine::busy_cores).flatten().filter(|&cores| cores > BUSY)
}

impl Measured {
    /// Images per second of all processes together.
    pub fn together(&self, rate: fn(&Speed) -> f64) -> f64 {
        self.speeds.iter().map(rate).sum()
    }

    /// The mean speed of a process.
    pub fn of_process(&self) -> Speed {
        let n = self.speeds.len() as f64;
        Speed {
            train: self.together(|s| s.train) / n,
            score: self.together(|s| s.score) / n,
            peak_rss_mb: self.together(|s| s.peak_rss_mb) / n,
        }
    }

    /// The result in words: `2 side by side on cpu: 57 images/s trained (1 process: 29; just measured)`.
    pub fn in_words(&self, device: &str) -> String {
        let others = self.others().map_or(String::new(), |others| format!("{others}; "));
        let memory = self.gpu.map_or(String::new(), |(trial_mb, free_mb)| {
            format!("; {} MiB of GPU memory each, {} MiB are free", whole(trial_mb), whole(free_mb))
        });
        format!(
            "{} on {device}: {} images/s trained ({others}just measured{memory})",
            side_by_side(self.jobs),
            whole(self.together(|speed| speed.train)),
        )
    }

    /// The numbers of processes that were tried and not chosen, with their images per second.
    pub fn others(&self) -> Option<String> {
        let others = self.tried.iter().filter(|tried| tried.0 != self.jobs);
        let others: Vec<String> =
            others.map(|&(jobs, rate)| format!("{}: {}", side_by_side(jobs), whole(rate))).collect();
        (!others.is_empty()).then(|| others.join(", "))
    }
}

/// A number of processes in words.
pub(super) fn side_by_side(jobs: usize) -> String {
    if jobs == 1 { "1 process".into() } else { format!("{jobs} side by side") }
}

/// Writes a spec into a new temporary folder, as `spec.toml`.
///
/// # Errors
/// If the folder cannot be made.
pub(super) fn temporary_spec(spec: &Spec) -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir().context("cannot create a temporary folder; set TMPDIR")?;
    pt4al_results::store::write_atomically(&folder.path().join("spec.toml"), |out| {
        out.write_all(toml::to_string(spec).map_err(std::io::Error::other)?.as_bytes())
    })?;
    Ok(folder)
}

/// Adds the arguments that describe made-up images of the size of a data set.
pub(super) fn add_dimensions(command: &mut Command, size: &Size) {
    command.arg("--dimensions").args([size.height, size.width, size.classes].map(|n| n.to_string()));
}

/// Worker processes that measure their speed when told to, all at the same time. Dropping it ends them, and waits until
/// the memory they held is free for trials.
pub(super) struct Workers<'a> {
    crew: Crew,
    options: &'a Options,
    size: &'a Size,
    threads: usize,
    mps: &'a Mps,
    /// Environment variables of the workers.
    variables: Vec<(&'static str, &'static str)>,
    /// When to stop waiting for an answer.
    limit: Option<Instant>,
    /// Holds the spec and the workers' logs.
    folder: tempfile::TempDir,
}

impl<'a> Workers<'a> {
    /// No workers yet; each will train the network of `spec` with `threads` threads.
    ///
    /// # Errors
    /// If no temporary folder can be made.
    pub fn new(spec: &Spec, size: &'a Size, options: &'a Options, threads: usize, mps: &'a Mps) -> Result<Self> {
        let folder = temporary_spec(spec)?;
        Ok(Self { crew: Crew::new(), options, size, threads, mps, variables: Vec::new(), limit: None, folder })
    }

    /// Sets an environment variable for workers that start from now on.
    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// Images per second that `jobs` processes train together; `None` if the measurement takes longer than `limit`.
    pub fn rate_within(mut self, jobs: usize, limit: Duration) -> Result<Option<f64>> {
        let limit = Instant::now() + limit;
        self.limit = Some(limit);
        match self.grow(jobs).and_then(|()| self.measure()) {
            Ok(speeds) => Ok(Some(speeds.iter().map(|speed| speed.train).sum())),
            Err(_) if Instant::now() > limit => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Starts workers until there are `jobs`, and waits until all are ready.
    pub fn grow(&mut self, jobs: usize) -> Result<()> {
        let before = self.crew.len();
        for number in before..jobs {
            let share = Share { device: &self.options.device, jobs, threads: self.threads, mps: self.mps };
            let mut command = worker::command(share)?;
            command.arg("calibrate").arg("--spec").arg(self.folder.path().join("spec.toml"));
            add_dimensions(&mut command, self.size);
            command.envs(self.variables.iter().copied());
            self.crew.spawn(command, &self.folder.path().join(format!("log-{number}.txt")))?;
        }
        self.answers(before..jobs.max(before)).map(drop)
    }

    /// Measures the speed of each worker while all of them work.
    pub fn measure(&mut self) -> Result<Vec<Speed>> {
        self.crew.tell_all(&SECONDS.to_string());
        let answers = self.answers(0..self.crew.len())?.into_iter();
        let speeds: Option<Vec<Speed>> = answers.collect();
        speeds.context("calibration failed: a worker has measured nothing; report this bug")
    }

    /// Waits for one answer of each worker with a number in `numbers`: `None` if it is ready, or its speed.
    fn answers(&mut self, numbers: Range<usize>) -> Result<Vec<Option<Speed>>> {
        let mut answers: Vec<Option<Option<Speed>>> = vec![None; numbers.len()];
        while answers.iter().any(Option::is_none) {
            let Some((number, message)) = self.crew.receive(self.limit) else { bail!("calibration took too long") };
            let answer = match message {
                Message::Event(Event::Ready) => None,
                Message::Event(Event::Speed { train, score, peak_rss_mb }) => Some(Speed { train, score, peak_rss_mb }),
                Message::Event(_) => continue,
                Message::Ended(Ended::Badly(why)) => bail!("calibration failed: {}", why.with_log_text()),
                Message::Ended(_) => bail!("calibration failed: a worker ended without an answer; report this bug"),
            };
            if numbers.contains(&number) {
                answers[number - numbers.start] = Some(answer);
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }
}

impl Drop for Workers<'_> {
    fn drop(&mut self) {
        self.crew.end(Instant::now() + END);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_names_all_numbers_of_processes_that_were_tried() {
        let speed = |train| Speed { train, score: 0.0, peak_rss_mb: 0.0 };
        let speeds = vec![speed(25_400.0), speed(25_600.0)];
        let tried = vec![(1, 41_000.0), (2, 51_000.0), (4, 52_000.0)];
        let took = Duration::ZERO;
        let measured = Measured { jobs: 2, speeds, tried, disturbed: false, took, gpu: Some((2660.0, 80_900.0)) };
        assert_eq!(
            measured.in_words("cuda:0"),
            "2 side by side on cuda:0: 51,000 images/s trained (1 process: 41,000, 4 side by side: 52,000; just measured; \
             2,660 MiB of GPU memory each, 80,900 MiB are free)"
        );
        let alone =
            Measured { jobs: 1, speeds: vec![speed(57.4)], tried: vec![(1, 57.4)], disturbed: false, took, gpu: None };
        assert_eq!(alone.in_words("cpu"), "1 process on cpu: 57 images/s trained (just measured)");
    }
}
