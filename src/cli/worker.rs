//! `pt4al worker`: one process, one task. Events go to standard output, a line each (see `trial::Event`).

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
    /// End when standard input closes: the driver is gone then.
    #[arg(long)]
    watch_stdin: bool,
    /// By when it is to have ended.
    #[arg(long)]
    ends: Option<Ends>,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// A trial of a results folder
    Trial {
        #[arg(long)]
        folder: PathBuf,
        /// For instance core-set-seed3
        #[arg(long)]
        trial: String,
        /// Where the features of its pretext learner lie
        #[arg(long)]
        features: Option<PathBuf>,
        #[command(flatten)]
        data: DataDir,
    },
    /// The pretext losses of a protocol and a seed
    Pretext {
        #[arg(long)]
        spec: PathBuf,
        /// The experiment's own protocol without it
        #[arg(long)]
        variant: Option<String>,
        /// Where to write the learner's features, too
        #[arg(long)]
        features: Option<PathBuf>,
        #[arg(long)]
        seed: u64,
        #[arg(long)]
        out: PathBuf,
        /// Where to write the losses after each epoch, too
        #[arg(long)]
        by_epoch: Option<PathBuf>,
        #[command(flatten)]
        data: DataDir,
    },
    /// The task losses of the pool, or of a part of it that was held out
    Losses {
        #[arg(long)]
        folder: PathBuf,
        #[arg(long)]
        seed: u64,
        /// The part that is held out; none without it
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
    /// Whether there is a device
    Probe,
    /// The losses of the first epochs of a training on made-up images
    Steps {
        #[arg(long)]
        spec: PathBuf,
        #[arg(long)]
        epochs: usize,
        /// Height and width of the images, and the number of classes
        #[arg(long, num_args = 3)]
        dimensions: Vec<usize>,
    },
    /// How fast the spec's network trains here: measured for so many seconds whenever a line of standard input gives them
    Calibrate {
        #[arg(long)]
        spec: PathBuf,
        /// Height and width of the images, and the number of classes
        #[arg(long, num_args = 3)]
        dimensions: Vec<usize>,
    },
}

/// Does the task, reports a failure as an event and on standard error, and gives the exit code.
pub(super) fn worker(args: WorkerArgs) -> i32 {
    let words = if args.watch_stdin { watch() } else { mpsc::channel().1 };
    let mut report = Reporter::new(Box::new(std::io::stdout()));
    if let Some(ends) = args.ends {
        end_at_the_latest(ends);
        report = report.until(ends);
    }
    // libtorch's errors (out of memory, say) arrive as panics; the user gets them as one line too.
    let done = panic::catch_unwind(AssertUnwindSafe(|| work(&args, &words, &mut report))).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().map(String::as_str).or(cause.downcast_ref::<&str>().copied());
        Err(stopped(text.unwrap_or("no message")))
    });
    report.end();
    let done = done.or_else(|error| {
        let out = error.downcast::<OutOfTime>()?;
        // Others may share the GPU; one that leaves work behind can disturb them.
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

/// The lines of standard input; the process ends when that closes.
fn watch() -> mpsc::Receiver<String> {
    let (sender, words) = mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
        // Not exit(): that would run destructors under the feet of the training thread.
        // SAFETY: ends the process; files are whole at every moment.
        unsafe { libc::_exit(1) }
    });
    words
}

/// Ends the process when its time is over, if it is still at something that is not looked at in between: reading images,
/// choosing labels. Files are whole at every moment.
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
        let out = OutOfTime { what: "what was begun".into(), given_up: true, seconds: None };
        let line = serde_json::to_string(&Event::OutOfTime(out)).expect("plain data serialises");
        // On a line of its own, whatever the other thread was about to write.
        let _ = std::io::Write::write_all(&mut std::io::stdout(), format!("\n{line}\n").as_bytes());
        // Not exit(): that would run destructors under the feet of the training thread.
        // SAFETY: ends the process; files are whole at every moment.
        unsafe { libc::_exit(0) }
    });
}

/// The size that `--dimensions` gives: what made-up images need.
fn size(dimensions: &[usize]) -> Result<Size> {
    let [height, width, classes] = dimensions else {
        anyhow::bail!("--dimensions: {} numbers; write height, width and classes", dimensions.len())
    };
    anyhow::ensure!(height * width * classes > 0, "--dimensions: one of them is 0");
    Ok(Size { train: 0, pool: 0, test: 0, height: *height, width: *width, classes: *classes, bytes: 0 })
}

/// What a panic says to a person.
fn stopped(panic: &str) -> anyhow::Error {
    let text = libtorch_message(panic);
    let remedy = match text.contains("memory") || text.contains("alloc") {
        true => "lower --jobs, `train.minibatch` or `pretext.minibatch`",
        false => "if the spec is as it should be, report this fault",
    };
    anyhow!("the computation stopped: {text}; {remedy}")
}

/// libtorch's own sentence, without tch's preamble and the C++ stack trace.
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

/// `words` are the lines of standard input.
fn work(args: &WorkerArgs, words: &mpsc::Receiver<String>, report: &mut Reporter) -> Result<()> {
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
                let seconds = words.recv().ok()?.parse().ok()?;
                Duration::try_from_secs_f64(seconds).ok()
            })
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_libtorch_panic_is_cut_to_its_sentence() {
        let panic =
            "called `Result::unwrap()` on an `Err` value: Torch(\"CUDA out of memory.\\nException raised from x\\n\")";
        assert_eq!(super::libtorch_message(panic), "CUDA out of memory.");
        assert_eq!(super::libtorch_message("index out of bounds\nmore"), "index out of bounds");
    }
}
