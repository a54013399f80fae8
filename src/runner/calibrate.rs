//! How fast this machine does the work of a spec: workers train its network on made-up images, side by side as trials would.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use super::child::{self, Share};
use super::jobs::{Room, chosen};
use super::mps::Mps;
use super::{Options, gpu, memory};
use crate::trial::Event;
use pt4al_data::Size;
use pt4al_results::machine;
use pt4al_results::spec::Spec;
use pt4al_results::words::whole;

/// Of a process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Speed {
    /// Images a second.
    pub train: f64,
    pub score: f64,
    pub peak_rss_mb: f64,
}

/// What was measured, and the number of processes that follows from it.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub jobs: usize,
    /// Of each of those processes.
    pub speeds: Vec<Speed>,
    /// Images a second trained by so many processes together, in the order in which they were tried.
    pub tried: Vec<(usize, f64)>,
    /// Whether others kept the processor busy.
    pub disturbed: bool,
    /// How long the first ones took, from their start to what they measured.
    pub took: Duration,
    /// MiB of GPU memory of a trial, and what was free before the first, where that is known.
    pub gpu: Option<(f64, f64)>,
}

/// How long processes train while they are measured; scoring takes half of it.
const SECONDS: f64 = 3.0;
/// Cores that a machine without work keeps busy at most.
const BUSY: f64 = 0.5;
/// A worker whose standard input is closed ends at once, unless a driver holds it.
const END: Duration = Duration::from_secs(10);

/// Measures processes side by side, in numbers that `room` names, until more of them gain nothing. Those of a larger
/// number are tried only if `worth` says so of one of the first.
///
/// # Errors
/// If the first ones fail. Later ones may: then the numbers before are chosen from.
pub(super) fn measure(
    spec: &Spec,
    size: &Size,
    options: &Options,
    mut room: Room,
    mps: &Mps,
    worth: impl Fn(&Speed) -> bool,
) -> Result<Measured> {
    let busy = busy(options);
    if let Some(busy) = busy {
        options.say(&format!(
            "other processes keep about {busy:.1} cores busy now: what is measured is too low{}",
            if room.first < room.most { ", and so the cores alone say how many trials run side by side" } else { "" }
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
    let mut of_each: Vec<Vec<Speed>> = Vec::new();
    while let Some(jobs) = room.next(&measured.tried) {
        let speeds = match workers.grow(jobs).and_then(|()| workers.measure()) {
            Ok(speeds) => speeds,
            Err(error) if of_each.is_empty() => return Err(error),
            // More of them may not fit, in ways that nobody could foresee.
            Err(_) => break,
        };
        measured.tried.push((jobs, speeds.iter().map(|speed| speed.train).sum()));
        of_each.push(speeds);
        if of_each.len() > 1 {
            continue;
        }
        measured.took = begun.elapsed();
        if let (Some(before), Some(after)) = (free, gpu::free_mb(&options.device)) {
            // The made-up images are few.
            let of_trial = (before - after) / jobs as f64 + memory::data_mb(spec, size) + memory::more_mb(spec, size);
            room = room.within(of_trial, before);
            measured.gpu = Some((of_trial, before));
        }
        if !worth(&of_each[0][0]) {
            break;
        }
    }
    let at = chosen(&measured.tried);
    measured.jobs = measured.tried[at].0;
    measured.speeds = of_each.swap_remove(at);
    Ok(measured)
}

/// Cores that others keep busy, where work is for the CPU. They may be done in a minute, and a run goes on for hours: too
/// few processes would cost far more than too many.
fn busy(options: &Options) -> Option<f64> {
    let on_cpu = options.device == "cpu";
    on_cpu.then(machine::busy_cores).flatten().filter(|&cores| cores > BUSY)
}

impl Measured {
    /// Images a second of all processes together.
    pub fn together(&self, rate: fn(&Speed) -> f64) -> f64 {
        self.speeds.iter().map(rate).sum()
    }

    /// The mean of the processes.
    pub fn of_process(&self) -> Speed {
        let mean = |rate: fn(&Speed) -> f64| self.together(rate) / self.speeds.len() as f64;
        Speed { train: mean(|s| s.train), score: mean(|s| s.score), peak_rss_mb: mean(|s| s.peak_rss_mb) }
    }

    /// For instance `2 side by side on cpu: 57 images/s trained (1 process: 29; just measured)`.
    pub fn said(&self, device: &str) -> String {
        format!(
            "{} on {device}: {} images/s trained ({}just measured{})",
            in_words(self.jobs),
            whole(self.together(|speed| speed.train)),
            self.others().map_or(String::new(), |others| format!("{others}; ")),
            self.gpu.map_or(String::new(), |(of_trial, free)| {
                format!("; {} MiB of GPU memory each, {} MiB are free", whole(of_trial), whole(free))
            })
        )
    }

    /// The numbers that were tried and not chosen, with their images a second.
    pub fn others(&self) -> Option<String> {
        let others = self.tried.iter().filter(|tried| tried.0 != self.jobs);
        let others: Vec<String> = others.map(|&(jobs, rate)| format!("{}: {}", in_words(jobs), whole(rate))).collect();
        (!others.is_empty()).then(|| others.join(", "))
    }
}

/// So many processes.
pub(super) fn in_words(jobs: usize) -> String {
    if jobs == 1 { "1 process".into() } else { format!("{jobs} side by side") }
}

/// Worker processes that calibrate when they are told to, all at the same time.
pub(super) struct Workers<'a> {
    running: Vec<Worker>,
    options: &'a Options,
    size: &'a Size,
    threads: usize,
    mps: &'a Mps,
    /// Variables of their environment.
    variables: Vec<(&'static str, &'static str)>,
    /// When it is waited for no longer.
    until: Option<Instant>,
    /// Has the spec, and what workers say on standard error.
    folder: tempfile::TempDir,
}

struct Worker {
    process: Child,
    input: Option<ChildStdin>,
    output: Receiver<String>,
    log: PathBuf,
}

impl<'a> Workers<'a> {
    /// None yet, for this spec, with so many threads each.
    pub fn new(spec: &Spec, size: &'a Size, options: &'a Options, threads: usize, mps: &'a Mps) -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot create a temporary folder; set TMPDIR")?;
        pt4al_results::store::write_atomically(&folder.path().join("spec.toml"), |out| {
            out.write_all(toml::to_string(spec).map_err(std::io::Error::other)?.as_bytes())
        })?;
        Ok(Self { running: Vec::new(), options, size, threads, mps, variables: Vec::new(), until: None, folder })
    }

    /// Those that start from now on have a variable in their environment.
    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// Images a second trained by so many processes together; `None` if that is not known within a time from now.
    pub fn rate_within(mut self, jobs: usize, limit: Duration) -> Result<Option<f64>> {
        self.until = Some(Instant::now() + limit);
        match self.grow(jobs).and_then(|()| self.measure()) {
            Ok(speeds) => Ok(Some(speeds.iter().map(|speed| speed.train).sum())),
            Err(_) if self.until.is_some_and(|until| Instant::now() > until) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Starts more, until there are `jobs`, and waits until all are ready.
    pub fn grow(&mut self, jobs: usize) -> Result<()> {
        let there = self.running.len();
        for number in there..jobs {
            let share = Share { device: &self.options.device, jobs, threads: self.threads, mps: self.mps };
            let mut command = child::worker(share)?;
            command.arg("calibrate").arg("--spec").arg(self.folder.path().join("spec.toml")).arg("--dimensions");
            command.args([self.size.height, self.size.width, self.size.classes].map(|n| n.to_string()));
            command.envs(self.variables.iter().copied());
            let log = self.folder.path().join(format!("log-{number}.txt"));
            let written = std::fs::File::create(&log).context("cannot write to the temporary folder; set TMPDIR")?;
            let process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(written).spawn();
            let mut process = process.context("cannot start a worker process; lower --jobs")?;
            let input = process.stdin.take();
            let output = lines_of(process.stdout.take().expect("piped"));
            self.running.push(Worker { process, input, output, log });
        }
        self.running[there..].iter_mut().try_for_each(|worker| worker.answer(self.until).map(drop))
    }

    /// What each does while all of them work.
    pub fn measure(&mut self) -> Result<Vec<Speed>> {
        for worker in &mut self.running {
            // One that is gone says why where its answer is read.
            let _ = worker.input.as_mut().map(|input| writeln!(input, "{SECONDS}"));
        }
        let answers = self.running.iter_mut().map(|worker| {
            let speed = worker.answer(self.until)?;
            speed.ok_or_else(|| anyhow!("calibration failed: a worker has measured nothing; report this fault"))
        });
        answers.collect()
    }
}

impl Worker {
    /// Waits until it is ready (`None`), or has measured.
    fn answer(&mut self, until: Option<Instant>) -> Result<Option<Speed>> {
        loop {
            let line = match until {
                Some(until) => self.output.recv_timeout(until.saturating_duration_since(Instant::now())),
                None => self.output.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let line = match line {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => bail!("calibration took too long"),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            match serde_json::from_str(&line) {
                Ok(Event::Ready) => return Ok(None),
                Ok(Event::Speed { train, score, peak_rss_mb }) => return Ok(Some(Speed { train, score, peak_rss_mb })),
                Ok(Event::Failed { error }) => bail!("calibration failed: {error}"),
                // A library's chatter.
                _ => {}
            }
        }
        let status = self.process.wait().context("a calibration worker was lost")?;
        let said = std::fs::read_to_string(&self.log).unwrap_or_default();
        bail!("calibration failed ({status}): {}", said.trim().replace('\n', " "))
    }
}

/// What a process prints, line by line, until it ends.
fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

impl Drop for Workers<'_> {
    /// Ends them, and waits until what they held is free for trials.
    fn drop(&mut self) {
        self.running.iter_mut().for_each(|worker| drop(worker.input.take()));
        let end = Instant::now() + END;
        for worker in &mut self.running {
            while worker.process.try_wait().is_ok_and(|status| status.is_none()) {
                if Instant::now() > end {
                    let _ = worker.process.kill();
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_tried_is_said() {
        let speed = |train| Speed { train, score: 0.0, peak_rss_mb: 0.0 };
        let speeds = vec![speed(25_400.0), speed(25_600.0)];
        let tried = vec![(1, 41_000.0), (2, 51_000.0), (4, 52_000.0)];
        let took = Duration::ZERO;
        let measured = Measured { jobs: 2, speeds, tried, disturbed: false, took, gpu: Some((2660.0, 80_900.0)) };
        assert_eq!(
            measured.said("cuda:0"),
            "2 side by side on cuda:0: 51,000 images/s trained (1 process: 41,000, 4 side by side: 52,000; just measured; \
             2,660 MiB of GPU memory each, 80,900 MiB are free)"
        );
        let alone =
            Measured { jobs: 1, speeds: vec![speed(57.4)], tried: vec![(1, 57.4)], disturbed: false, took, gpu: None };
        assert_eq!(alone.said("cpu"), "1 process on cpu: 57 images/s trained (just measured)");
    }
}
