//! An MPS daemon of the run's own. Under NVIDIA's Multi-Process Service the kernels of several processes run on a GPU at
//! the same time; without it the processes take turns.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::Options;
use super::child::{Share, worker};
use super::tool::{Fault, output_of};
use pt4al_results::machine;

/// What `--mps` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MpsChoice {
    /// A daemon for the run, where several processes share a GPU and there is none yet.
    Auto,
    /// No daemon is started.
    Off,
}

impl FromStr for MpsChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "off" => Ok(Self::Off),
            _ => Err("use auto or off".into()),
        }
    }
}

const TOOL: &str = "nvidia-cuda-mps-control";
/// Where clients look for a daemon, and where it writes its logs.
const PLACES: [&str; 2] = ["CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY"];
/// Where a daemon is that nobody gave another place.
const PLACE_OF_MACHINE: &str = "/tmp/nvidia-mps";
const VISIBLE: &str = "CUDA_VISIBLE_DEVICES";
/// Whoever starts the daemon has an answer at once.
const START: Duration = Duration::from_secs(20);
/// A process that loads CUDA from a slow disk.
const FIRST_CLIENT: Duration = Duration::from_secs(120);
/// The watcher gives `quit` 10 s.
const END: Duration = Duration::from_secs(15);

/// The daemon that a run started, if it did; it ends when this is dropped, and when the driver is gone in any other way.
#[derive(Debug, Default)]
pub(super) struct Mps(Option<Daemon>);

#[derive(Debug)]
struct Daemon {
    /// Its pipes and its logs. Unix sockets need a short path.
    folder: PathBuf,
    watcher: Child,
}

/// Waits until the driver is gone, however it went: its end of the pipe is closed then. `$1` is the folder, `$2` the tool.
const WATCH: &str = r#"
trap '' HUP INT QUIT TERM
cat
limit=; command -v timeout && limit='timeout -s KILL 10'
echo quit | $limit "$2" || kill "$(cat "$1/nvidia-cuda-mps-control.pid")"
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"#;

impl Mps {
    /// Starts a daemon where that many processes are to share a GPU, unless there is one. Where it cannot be used, that is
    /// said and the run goes on without.
    pub fn start(options: &Options, processes: usize) -> Self {
        if options.device == "cpu" || processes < 2 || options.mps == MpsChoice::Off {
            return Self::default();
        }
        let theirs = std::env::var_os(PLACES[0]).filter(|place| !place.is_empty()).map(PathBuf::from);
        let of_machine = || is_alive(Path::new(PLACE_OF_MACHINE)).then(|| PLACE_OF_MACHINE.into());
        if let Some(place) = theirs.or_else(of_machine) {
            options.say(&format!("the MPS daemon of {} is used; none is started", place.display()));
            return Self::default();
        }
        let device = &options.device;
        let started = Daemon::start(OsStr::new(TOOL), START).and_then(|daemon| {
            let mps = Self(Some(daemon));
            mps.try_out(options).map(|()| mps)
        });
        match started {
            Ok(mps) => {
                options.say(&format!(
                    "an MPS daemon is started for this run, and ends with it: processes share {device} at the same time \
                     (--mps off goes without)"
                ));
                mps
            }
            Err(Fault::Missing) => {
                options.say(&format!("no {TOOL} here: processes that share {device} take turns"));
                Self::default()
            }
            Err(Fault::Failed(why)) => {
                machine::say(&format!(
                    "warning: MPS cannot be used ({why}); processes that share {device} take turns (--mps off does not try)"
                ));
                Self::default()
            }
        }
    }

    /// Lets a worker find the daemon.
    pub fn tell(&self, command: &mut Command) {
        let Some(daemon) = &self.0 else { return };
        command.envs(PLACES.map(|place| (place, &daemon.folder)));
        if let Some(numbers) = std::env::var(VISIBLE).ok().as_deref().and_then(numbered_by_daemon) {
            command.env(VISIBLE, numbers);
        }
    }

    /// Whether a process finds its GPU under the daemon: that one starts says little, for what it serves starts with its
    /// first client.
    fn try_out(&self, options: &Options) -> Result<(), Fault> {
        let share = Share { device: &options.device, jobs: 1, threads: 1, mps: self };
        let mut command = worker(share).map_err(|e| Fault::Failed(format!("{e:#}")))?;
        output_of(command.arg("probe"), FIRST_CLIENT).map(drop).map_err(|fault| {
            let why = match fault {
                Fault::Missing => "no worker process can be started".to_owned(),
                Fault::Failed(why) => why,
            };
            let words = self.0.as_ref().and_then(|daemon| daemon.last_words());
            Fault::Failed(format!("a process does not find its GPU: {}", words.unwrap_or(why)))
        })
    }
}

impl Daemon {
    fn start(tool: &OsStr, limit: Duration) -> Result<Self, Fault> {
        let failed = |what: &str, e: std::io::Error| Fault::Failed(format!("{what}: {e}"));
        let mut builder = tempfile::Builder::new();
        // Whoever may write to its pipes may end the daemon.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = builder.prefix("pt4al-mps-").tempdir_in("/tmp");
        let folder = folder.map_err(|e| failed("no folder in /tmp", e))?.keep();
        // Before the daemon: there is no moment at which a kill of the driver leaves it behind.
        let mut command = Command::new("sh");
        command.args(["-c", WATCH, "pt4al-mps"]).arg(&folder).arg(tool).envs(PLACES.map(|place| (place, &folder)));
        // What a terminal sends with Ctrl-C goes to the driver's group.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let watcher = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let watcher = watcher.map_err(|e| {
            let _ = std::fs::remove_dir(&folder);
            failed("sh cannot be started", e)
        })?;
        let daemon = Self { folder, watcher };
        let mut command = Command::new(tool);
        command.arg("-d").envs(PLACES.map(|place| (place, &daemon.folder)));
        output_of(&mut command, limit).map(|_| daemon)
    }

    /// The last line of the server's log, or of the daemon's.
    fn last_words(&self) -> Option<String> {
        let last = |log: &str| {
            let text = std::fs::read_to_string(self.folder.join(log)).ok()?;
            text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
        };
        last("server.log").or_else(|| last("control.log"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        let end = Instant::now() + END;
        while Instant::now() < end && self.watcher.try_wait().is_ok_and(|status| status.is_none()) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Whether a daemon that lives has its pipes in a folder.
fn is_alive(folder: &Path) -> bool {
    let pid = std::fs::read_to_string(folder.join("nvidia-cuda-mps-control.pid")).ok();
    let pid = pid.and_then(|text| text.trim().parse::<u32>().ok());
    pid.is_some_and(|pid| Path::new(&format!("/proc/{pid}")).exists())
}

/// GPUs for clients of a daemon that has been told which it may see: it gives those numbers of its own, from 0. Where
/// they are named by UUID, a client's list means the same as the daemon's.
fn numbered_by_daemon(visible: &str) -> Option<OsString> {
    let gpus: Vec<&str> = visible.split(',').map(str::trim).collect();
    let numbered = gpus.iter().all(|gpu| gpu.parse::<usize>().is_ok());
    numbered.then(|| (0..gpus.len()).map(|i| i.to_string()).collect::<Vec<_>>().join(",").into())
}

#[cfg(test)]
mod tests;
