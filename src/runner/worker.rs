//! A worker process: how it is started, what it says, and how it ends.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{self, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::mps::Mps;
use crate::trial::{Event, OutOfTime};
use pt4al_results::files::create_below;
use pt4al_results::machine;

/// A running worker. It watches its standard input and ends when that closes, so it never outlives its driver.
#[derive(Debug)]
pub(super) struct Worker {
    input: Option<ChildStdin>,
    process: Arc<Mutex<process::Child>>,
}

/// A message of a worker. Its last one is [`Message::Ended`].
#[derive(Debug)]
pub(super) enum Message {
    Event(Event),
    Ended(Ended),
}

/// How a worker ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ended {
    Well,
    /// The worker stopped because this piece of work does not fit into the time that is left. What it finished before is
    /// on disk.
    OutOfTime(OutOfTime),
    Badly(Failure),
}

/// Why a worker failed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Failure {
    /// The worker gave this reason.
    Reported(String),
    /// The process ended without giving a reason.
    Died { how: String, log: PathBuf },
}

impl Failure {
    /// The reason in one line, with the text of the log instead of its path: for a log in a temporary folder.
    pub fn with_log_text(&self) -> String {
        match self {
            Self::Reported(why) => why.clone(),
            Self::Died { how, log } => {
                let text = std::fs::read_to_string(log).unwrap_or_default();
                format!("{how}: {}", text.trim().replace('\n', " "))
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Reported(why) => write!(f, "{why}"),
            Self::Died { how, log } => write!(f, "{how}; see {}", log.display()),
        }
    }
}

/// The part of the machine that a worker may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share<'a> {
    pub device: &'a str,
    /// Number of processes that run at the same time, this one included.
    pub jobs: usize,
    /// Threads for tensor operations.
    pub threads: usize,
    pub mps: &'a Mps,
}

/// The command of a worker without its verb. It decodes images with its share of all cores, since the number of decoding
/// threads changes no value.
pub(super) fn command(share: Share) -> Result<Command> {
    let Share { device, jobs, threads, mps } = share;
    // On Linux, start the running image: a build during a run of many hours then neither breaks it nor mixes versions.
    let running = Path::new("/proc/self/exe");
    let program = if running.exists() { Ok(running.to_owned()) } else { std::env::current_exe() };
    let mut command = Command::new(program.context("cannot find the program pt4al itself; start it by its path")?);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut command, "pt4al");
    command.args(["worker", "--device", device, "--threads", &threads.to_string(), "--watch-stdin"]);
    // OpenMP reads this before libtorch can be told.
    command.env("OMP_NUM_THREADS", threads.to_string());
    command.env("RAYON_NUM_THREADS", threads.max(machine::cores() / jobs.max(1)).to_string());
    mps.tell(&mut command);
    Ok(command)
}

impl Worker {
    /// Starts a worker. Its messages go to `send`, its standard error to the file `log`.
    ///
    /// # Errors
    /// If the log cannot be written or the process cannot be started.
    pub fn spawn(mut command: Command, log: &Path, send: impl FnMut(Message) + Send + 'static) -> Result<Self> {
        let file = create(log)
            .map_err(|e| anyhow!("{}: cannot be written ({e}); free some space, then run again", log.display()))?;
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .map_err(|e| anyhow!("cannot start a worker process ({e}); lower --jobs"))?;
        let input = process.stdin.take();
        let output = process.stdout.take().expect("piped");
        let process = Arc::new(Mutex::new(process));
        let (listened, log) = (Arc::clone(&process), log.to_owned());
        std::thread::spawn(move || listen(&listened, output, log, send));
        Ok(Self { input, process })
    }

    /// Sends the worker a line. If it has ended, its last message says why.
    pub fn tell(&mut self, line: &str) {
        if let Some(input) = &mut self.input {
            let _ = writeln!(input, "{line}");
        }
    }

    /// Closes the worker's standard input, which ends it.
    pub fn close(&mut self) {
        self.input = None;
    }

    pub fn kill(&self) {
        let _ = lock(&self.process).kill();
    }
}

fn create(log: &Path) -> std::io::Result<File> {
    create_below(log.parent().unwrap_or(Path::new(".")))?;
    File::create(log)
}

/// Passes on what a worker says, until it has ended.
fn listen(process: &Mutex<process::Child>, output: ChildStdout, log: PathBuf, mut send: impl FnMut(Message)) {
    let (mut error, mut out_of_time) = (None, None);
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(Event::Failed { error: why }) => error = Some(why),
            Ok(Event::OutOfTime(out)) => out_of_time = Some(out),
            Ok(event) => send(Message::Event(event)),
            // A line that a library printed.
            Err(_) => {}
        }
    }
    let status = wait(process);
    // Ctrl-C reaches all processes of a terminal, and a service manager stops all processes of a service. This process is
    // then about to end too, and a trial that was stopped with it has not failed.
    if status.as_ref().is_ok_and(was_told_to_stop) {
        std::thread::sleep(Duration::from_secs(1));
    }
    send(Message::Ended(match status {
        Ok(status) if status.success() => out_of_time.map_or(Ended::Well, Ended::OutOfTime),
        Ok(status) => Ended::Badly(match error {
            Some(why) => Failure::Reported(why),
            None => Failure::Died { how: death(status), log },
        }),
        Err(e) => Ended::Badly(Failure::Died { how: format!("its process was lost ({e})"), log }),
    }));
}

/// Waits for the end of a process. The lock is free in between, so that the driver can kill the process.
fn wait(process: &Mutex<process::Child>) -> std::io::Result<ExitStatus> {
    loop {
        if let Some(status) = lock(process).try_wait()? {
            return Ok(status);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn lock(process: &Mutex<process::Child>) -> MutexGuard<'_, process::Child> {
    process.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a process ended by one of the signals that ask a process to stop.
#[cfg_attr(not(unix), allow(unused_variables))]
fn was_told_to_stop(status: &ExitStatus) -> bool {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(status);
    #[cfg(not(unix))]
    let signal = None::<i32>;
    signal.is_some_and(|signal| [libc::SIGINT, libc::SIGTERM].contains(&signal))
}

/// How a process ended that gave no reason.
fn death(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let guess = match signal {
            libc::SIGKILL => " (by hand, or for lack of memory: lower --jobs)",
            libc::SIGSEGV | libc::SIGABRT => " (perhaps for lack of memory: lower --jobs)",
            libc::SIGBUS => " (a file of decoded images was cut short or its disk failed: run again)",
            _ => "",
        };
        return format!("its process was killed by signal {signal}{guess}");
    }
    format!("its process ended with {status}")
}
