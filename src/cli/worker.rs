//! `pt4al worker`: one process that does one task. It prints its events on standard output, one line each (see
//! `trial::Event`).

use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};

use super::DataDir;
use crate::device::{self, Choice};
use crate::limit::{Clock, Ends};
use crate::train::speed::Speed;
use crate::trial::{self, Event, OutOfTime, Reporter};
use crate::{dataset, pretext, train};
use pt4al_data::Size;
use pt4al_results::store::Manifest;
use pt4al_results::{machine, spec};

#[derive(Debug, Args)]
pub(super) struct WorkerArgs {
    #[arg(long)]
    device: Choice,
    #[arg(long)]
    threads: usize,
    /// End when standard input closes, which means that the driver has ended
    #[arg(long)]
    watch_stdin: bool,
    /// When the process must have ended
    #[arg(long)]
    ends: Option<Ends>,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run a trial of a results folder
    Trial {
        #[arg(long)]
        folder: PathBuf,
        /// For instance core-set-seed3
        #[arg(long)]
        trial: String,
        /// File with the features of the trial's pretext learner
        #[arg(long)]
        features: Option<PathBuf>,
        #[command(flatten)]
        data: DataDir,
    },
    /// Train the pretext learner of a protocol and a seed
    Pretext {
        #[arg(long)]
        spec: PathBuf,
        /// Variant of the spec [default: the experiment's own protocol]
        #[arg(long)]
        variant: Option<String>,
        /// Also write the learner's features to this file
        #[arg(long)]
        features: Option<PathBuf>,
        #[arg(long)]
        seed: u64,
        #[arg(long)]
        out: PathBuf,
        /// Also write the losses after each epoch into this folder
        #[arg(long)]
        by_epoch: Option<PathBuf>,
        #[command(flatten)]
        data: DataDir,
    },
    /// Measure the task losses of the pool, or of a held-out fold of it
    Losses {
        #[arg(long)]
        folder: PathBuf,
        #[arg(long)]
        seed: u64,
        /// The fold that is held out [default: none]
        #[arg(long)]
        fold: Option<usize>,
        #[arg(long)]
        folds: usize,
        #[arg(long)]
        out: PathBuf,
        #[arg(long)]
        metric_out: PathBuf,
        #[command(flatten)]
        data: DataDir,
    },
    /// Check that the device can be used
    Probe,
    /// Print the losses of the first epochs of a training on made-up images
    Steps {
        #[arg(long)]
        spec: PathBuf,
        #[arg(long)]
        epochs: usize,
        /// Height and width of the images, and the number of classes
        #[arg(long, num_args = 3)]
        dimensions: Vec<usize>,
    },
    /// Measure how fast the spec's network trains, for the number of seconds in each line of standard input
    Calibrate {
        #[arg(long)]
        spec: PathBuf,
        /// Height and width of the images, and the number of classes
        #[arg(long, num_args = 3)]
        dimensions: Vec<usize>,
    },
}

/// Does the task, reports a failure as an event and on standard error, and returns the exit code.
pub(super) fn worker(args: WorkerArgs) -> i32 {
    let input = if args.watch_stdin { watched_input() } else { mpsc::channel().1 };
    let mut report = Reporter::new(Box::new(std::io::stdout()));
    if let Some(ends) = args.ends {
        end_at_the_latest(ends);
        report = report.until(ends);
    }
    // libtorch's errors, for instance out of memory, arrive as panics; the user gets them as one line too.
    let done = panic::catch_unwind(AssertUnwindSafe(|| work(&args, &input, &mut report))).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().map(String::as_str).or(cause.downcast_ref::<&str>().copied());
        Err(error_of_panic(text.unwrap_or("no message")))
    });
    report.end();
    let done = done.or_else(|error| {
        let out = error.downcast::<OutOfTime>()?;
        // Other processes may share the GPU; a process that ends with work in progress can disturb them.
        if let Ok(tch::Device::Cuda(index)) = args.device.resolve() {
            tch::Cuda::synchronize(index as i64);
        }
        report.event(&Event::OutOfTime(out));
        Ok(())
    });
    match done {
        Ok(()) => 0,
        Err(error) => {
            let error: anyhow::Error = error;
            let error = format!("{error:#}").replace('\n', " ");
            eprintln!("error: {error}");
            report.event(&Event::Failed { error });
            1
        }
    }
}

/// The lines of standard input. The process ends when standard input closes.
fn watched_input() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
        // Not exit(): that would run destructors while the training thread uses what they destroy.
        // SAFETY: it ends the process; files are complete at every moment.
        unsafe { libc::_exit(1) }
    });
    lines
}

/// Ends the process when its time is over, if it is still in a step that does not check the time: reading images, choosing
/// labels. Files are complete at every moment.
fn end_at_the_latest(ends: Ends) {
    if ends.clock != Clock::Machine {
        return;
    }
    std::thread::spawn(move || {
        loop {
            let left = ends.at_the_latest - ends.clock.now(0);
            if left <= 0.0 {
                break;
            }
            std::thread::sleep(Duration::from_secs_f64(left));
        }
        let out = OutOfTime { what: "the work in progress".into(), given_up: true, seconds: None };
        let line = serde_json::to_string(&Event::OutOfTime(out)).expect("plain data serialises");
        // Begins with a line break, because the other thread may be in the middle of a line.
        let _ = std::io::Write::write_all(&mut std::io::stdout(), format!("\n{line}\n").as_bytes());
        // Not exit(): that would run destructors while the training thread uses what they destroy.
        // SAFETY: it ends the process; files are complete at every moment.
        unsafe { libc::_exit(0) }
    });
}

/// The size of made-up images from the value of `--dimensions`.
fn size(dimensions: &[usize]) -> Result<Size> {
    let [height, width, classes] = dimensions else {
        anyhow::bail!("--dimensions has {} numbers; write height, width and classes", dimensions.len())
    };
    anyhow::ensure!(height * width * classes > 0, "--dimensions: a number is 0");
    Ok(Size { train: 0, pool: 0, test: 0, height: *height, width: *width, classes: *classes, bytes: 0 })
}

/// The error line for a panic.
fn error_of_panic(panic: &str) -> anyhow::Error {
    let text = libtorch_message(panic);
    let remedy = match text.contains("memory") || text.contains("alloc") {
        true => "lower --jobs, `train.minibatch` or `pretext.minibatch`",
        false => "if the spec is right, report this bug",
    };
    anyhow!("the computation stopped: {text}; {remedy}")
}

/// libtorch's own message, without tch's prefix and the C++ stack trace.
fn libtorch_message(panic: &str) -> &str {
    let text = panic.split_once("Torch(\"").map_or(panic, |parts| parts.1);
    text.split("\\nException raised")
        .next()
        .unwrap_or(text)
        .split("\\nframe #")
        .next()
        .unwrap_or(text)
        .lines()
        .next()
        .unwrap_or(text)
        .trim()
}

/// Does the task; `input` are the lines of standard input.
fn work(args: &WorkerArgs, input: &mpsc::Receiver<String>, report: &mut Reporter) -> Result<()> {
    tch::set_num_threads(args.threads as i32);
    tch::set_num_interop_threads(1);
    let device = args.device.resolve()?;
    match &args.task {
        Task::Trial { folder, trial, features, data } => {
            let spec = spec::load_resolved(&folder.join("spec.toml"))?;
            let found = spec.trials().into_iter().find(|t| t.key() == *trial);
            let found = found.with_context(|| format!("--trial {trial}: the spec has no such trial"))?;
            device::prepare(device, spec.protocol_of(&found).train.precision)?;
            let features = features.as_deref();
            trial::run(&trial::Job { folder, spec: &spec, trial: &found, data: &data.path, device, features }, report)
        }
        Task::Pretext { spec, variant, features, seed, out, by_epoch, data } => {
            let folder = spec.parent().unwrap_or(std::path::Path::new("."));
            let fingerprint = Manifest::data_of(folder)?;
            let spec = spec::load_resolved(spec)?;
            let spec = spec.protocol(variant.as_deref());
            let settings = spec.learner().context("the spec has no pretext learner; add one to [pretext]")?;
            device::prepare(device, settings.precision)?;
            let data = dataset::open(spec, &data.path, device, &fingerprint)?;
            let (pixels, cut) = (spec.pretext_pixels(), spec.pretext_minibatches(settings));
            report.begin(|| "the pretext learner".into(), spec.pretext_work(data.pool.len()).units())?;
            let mut done = |units| report.at((units as f64 * pixels).round() as u64, || "pretext".into());
            let mut scored = |epoch: usize, learned: &pretext::Learned| match by_epoch {
                Some(folder) => learned.losses.write(&folder.join(format!("epoch-{epoch:03}.csv"))),
                None => Ok(()),
            };
            let wanted = features.is_some();
            let learned = pretext::losses(&data, &spec.model, settings, cut, *seed, wanted, &mut done, &mut scored)?;
            if let (Some(path), Some(features)) = (features, &learned.features) {
                pretext::write_features(path, features)?;
            }
            learned.losses.write(out)?;
            report.event(&Event::Losses { quality: learned.quality, measure: learned.measure.into() });
            Ok(())
        }
        Task::Losses { folder, seed, fold, folds, out, metric_out, data } => {
            let spec = spec::load_resolved(&folder.join("spec.toml"))?;
            let (seed, fold, folds) = (*seed, *fold, *folds);
            device::prepare(device, spec.train.precision)?;
            let job = trial::LossJob { folder, spec: &spec, seed, fold, folds, data: &data.path, device };
            let (losses, metric) = trial::task_losses(&job, report)?;
            metric.write(metric_out)?;
            losses.write(out)?;
            report.event(&Event::Losses { quality: metric.value, measure: metric.metric });
            Ok(())
        }
        Task::Probe => {
            tch::Tensor::zeros([1], (tch::Kind::Float, device)).double_value(&[0]);
            Ok(())
        }
        Task::Steps { spec, epochs, dimensions } => {
            let spec = spec::load_resolved(spec)?;
            device::prepare(device, spec.train.precision)?;
            let first = train::speed::first_losses(&spec, &size(dimensions)?, device, *epochs)?;
            report.event(&Event::Steps { losses: first.losses, recorded: first.recorded });
            Ok(())
        }
        Task::Calibrate { spec, dimensions } => {
            let spec = spec::load_resolved(spec)?;
            device::prepare(device, spec.train.precision)?;
            train::speed::measure(&spec, &size(dimensions)?, device, |speed| {
                report.event(&speed.map_or(Event::Ready, |Speed { train, score }| Event::Speed {
                    train,
                    score,
                    peak_rss_mb: machine::peak_rss_mb(),
                }));
                let seconds = input.recv().ok()?.parse().ok()?;
                Duration::try_from_secs_f64(seconds).ok()
            })
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_libtorch_panic_is_cut_to_its_message() {
        let panic =
            "called `Result::unwrap()` on an `Err` value: Torch(\"CUDA out of memory.\\nException raised from x\\n\")";
        assert_eq!(super::libtorch_message(panic), "CUDA out of memory.");
        assert_eq!(super::libtorch_message("index out of bounds\nmore"), "index out of bounds");
    }
}
