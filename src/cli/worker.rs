//! `pt4al worker`: one process that does one task. It prints its events on standard output, one line each (see
//! `trial::Event`).

mod task;

use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::Args;

use crate::device::Choice;
use crate::limit::{Clock, Ends};
use crate::trial::{Event, OutOfTime, Reporter};
use pt4al_results::words::panic_text;

use task::Task;

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

/// Does the task, reports a failure as an event and on standard error, and returns the exit code.
pub(super) fn worker(args: WorkerArgs) -> i32 {
    let input = if args.watch_stdin { watched_input() } else { mpsc::channel().1 };
    let mut report = Reporter::new(Box::new(std::io::stdout()));
    if let Some(ends) = args.ends {
        end_at_the_latest(ends);
        report = report.until(ends);
    }
    // libtorch's errors, for instance out of memory, arrive as panics; the user gets them as one line too.
    let done = panic::catch_unwind(AssertUnwindSafe(|| do_task(&args, &input, &mut report)))
        .unwrap_or_else(|cause| Err(error_of_panic(panic_text(&*cause))));
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

fn do_task(args: &WorkerArgs, input: &mpsc::Receiver<String>, report: &mut Reporter) -> Result<()> {
    tch::set_num_threads(args.threads as i32);
    tch::set_num_interop_threads(1);
    args.task.run(args.device.resolve()?, input, report)
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
        let out = OutOfTime { what: "the work in progress".into(), given_up: true, kept: false, seconds: None };
        let line = serde_json::to_string(&Event::OutOfTime(out)).expect("plain data serialises");
        // Begins with a line break, because the other thread may be in the middle of a line.
        let _ = std::io::Write::write_all(&mut std::io::stdout(), format!("\n{line}\n").as_bytes());
        // Not exit(): that would run destructors while the training thread uses what they destroy.
        // SAFETY: it ends the process; files are complete at every moment.
        unsafe { libc::_exit(0) }
    });
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
