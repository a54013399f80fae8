//! A worker process and what it says.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;

use anyhow::{Context, Result, anyhow};

use super::mps::Mps;
use crate::trial::{Event, OutOfTime};
use pt4al_results::machine;

/// A running worker. It watches its standard input and ends when that closes, so it never outlives its driver.
#[derive(Debug)]
pub(super) struct Child {
    _stdin: Option<std::process::ChildStdin>,
}

/// What a worker says, and its end, which comes last.
#[derive(Debug)]
pub(super) enum Message {
    Event(Event),
    Ended(Ended),
}

/// How a worker ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ended {
    Well,
    /// By itself, since this could not be finished in time; what it had finished before is on disk.
    OutOfTime(OutOfTime),
    Badly(String),
}

/// What a worker may use of the machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share<'a> {
    pub device: &'a str,
    /// Processes side by side, of which it is one.
    pub jobs: usize,
    /// For tensors.
    pub threads: usize,
    pub mps: &'a Mps,
}

/// The command of a worker, without its verb. Images are decoded with what each process can have of the machine, since that
/// changes no value.
pub(super) fn worker(share: Share) -> Result<Command> {
    let Share { device, jobs, threads, mps } = share;
    // On Linux by the running image, so that a build during a run of many hours neither breaks it nor mixes versions.
    let running = Path::new("/proc/self/exe");
    let program = if running.exists() { Ok(running.to_owned()) } else { std::env::current_exe() };
    let mut command = Command::new(program.context("cannot tell where pt4al itself lies; start it by its path")?);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut command, "pt4al");
    command.args(["worker", "--device", device, "--threads", &threads.to_string(), "--watch-stdin"]);
    // OpenMP reads it before libtorch can be told.
    command.env("OMP_NUM_THREADS", threads.to_string());
    command.env("RAYON_NUM_THREADS", threads.max(machine::cores() / jobs.max(1)).to_string());
    mps.tell(&mut command);
    Ok(command)
}

impl Child {
    /// Starts a worker whose messages go to `sender` with its `id`, and whose standard error goes to `log`.
    pub fn spawn(mut command: Command, log: &Path, id: usize, sender: Sender<(usize, Message)>) -> Result<Self> {
        let open = || {
            std::fs::create_dir_all(log.parent().unwrap_or(Path::new(".")))?;
            File::create(log)
        };
        let file = open()
            .map_err(|e| anyhow!("{}: cannot be written ({e}); free some space, then run again", log.display()))?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .map_err(|e| anyhow!("cannot start a worker process ({e}); lower --jobs"))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("piped");
        let log = log.to_owned();
        std::thread::spawn(move || {
            let (mut error, mut out_of_time) = (None, None);
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                match serde_json::from_str(&line) {
                    Ok(Event::Failed { error: why }) => error = Some(why),
                    Ok(Event::OutOfTime(out)) => out_of_time = Some(out),
                    Ok(event) => drop(sender.send((id, Message::Event(event)))),
                    // Not ours: a library's chatter, which belongs to the log.
                    Err(_) => {}
                }
            }
            let status = child.wait();
            // Ctrl-C reaches all processes of a terminal, and what stops a service all of its own: this one is about to end
            // then, and a trial that stopped with it has not failed.
            if status.as_ref().is_ok_and(was_told_to_stop) {
                std::thread::sleep(std::time::Duration::from_secs(1));
            }
            let ended = match status {
                Ok(status) if status.success() => out_of_time.map_or(Ended::Well, Ended::OutOfTime),
                Ok(status) => Ended::Badly(error.unwrap_or_else(|| died(status, &log))),
                Err(e) => Ended::Badly(format!("its process was lost ({e})")),
            };
            let _ = sender.send((id, Message::Ended(ended)));
        });
        Ok(Self { _stdin: stdin })
    }
}

/// Whether it ended as processes do that are told to.
#[cfg_attr(not(unix), allow(unused_variables))]
fn was_told_to_stop(status: &ExitStatus) -> bool {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(status);
    #[cfg(not(unix))]
    let signal = None::<i32>;
    signal.is_some_and(|signal| [libc::SIGINT, libc::SIGTERM].contains(&signal))
}

/// Why a worker that said nothing is gone.
fn died(status: ExitStatus, log: &Path) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let guess = match signal {
            libc::SIGKILL => " (by hand, or for lack of memory: lower --jobs)",
            libc::SIGBUS => " (a file of decoded images was cut short or its disk failed: run again)",
            _ => "",
        };
        return format!("its process was killed by signal {signal}{guess}; see {}", log.display());
    }
    format!("its process ended with {status}; see {}", log.display())
}
