//! An MPS daemon that belongs to a run. With NVIDIA's Multi-Process Service several processes run kernels on a GPU at the
//! same time; without it they take turns.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::tool::{Fault, output_of};

/// The program that starts and stops daemons.
pub(super) const TOOL: &str = "nvidia-cuda-mps-control";
/// The environment variables for the folder in which clients look for a daemon, and for the folder of its logs.
const PLACES: [&str; 2] = ["CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY"];
/// The folder of a daemon that was started without these variables.
const DEFAULT_PLACE: &str = "/tmp/nvidia-mps";
const VISIBLE: &str = "CUDA_VISIBLE_DEVICES";
/// Time limit for starting a daemon; it answers at once.
const START: Duration = Duration::from_secs(20);
/// Time limit for ending a daemon. The watcher gives `quit` 10 s.
const END: Duration = Duration::from_secs(15);

/// The daemon of a run, if it has one. It ends when this is dropped, and also when the driver ends in any other way.
#[derive(Debug, Default)]
pub(super) struct Mps(Option<Daemon>);

#[derive(Debug)]
struct Daemon {
    /// Holds its pipes and logs. The path is short because those of Unix sockets must be.
    folder: PathBuf,
    watcher: Child,
}

/// Waits until the driver has ended in whatever way, which closes its end of the pipe, and then ends the daemon. `$1` is
/// the folder, `$2` the tool.
const WATCH: &str = r#"
trap '' HUP INT QUIT TERM
cat
limit=; command -v timeout && limit='timeout -s KILL 10'
echo quit | $limit "$2" || kill "$(cat "$1/nvidia-cuda-mps-control.pid")"
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"#;

impl Mps {
    /// Starts a daemon of the run's own.
    ///
    /// # Errors
    /// If the tool is missing, fails, or does not answer in time.
    pub fn start() -> Result<Self, Fault> {
        Daemon::start(OsStr::new(TOOL), START).map(|daemon| Self(Some(daemon)))
    }

    #[cfg(test)]
    pub fn is_running(&self) -> bool {
        self.0.is_some()
    }

    /// Sets the environment variables by which a worker finds the daemon.
    pub fn tell(&self, command: &mut Command) {
        let Some(daemon) = &self.0 else { return };
        command.envs(PLACES.map(|place| (place, &daemon.folder)));
        if let Some(numbers) = std::env::var(VISIBLE).ok().as_deref().and_then(numbered_by_daemon) {
            command.env(VISIBLE, numbers);
        }
    }

    /// The last line that the daemon or its server logged.
    pub fn last_words(&self) -> Option<String> {
        self.0.as_ref().and_then(Daemon::last_words)
    }
}

/// The folder of a daemon that the user or the machine runs already.
pub(super) fn existing_daemon() -> Option<PathBuf> {
    let named = std::env::var_os(PLACES[0]).filter(|place| !place.is_empty()).map(PathBuf::from);
    named.or_else(|| is_alive(Path::new(DEFAULT_PLACE)).then(|| DEFAULT_PLACE.into()))
}

impl Daemon {
    fn start(tool: &OsStr, limit: Duration) -> Result<Self, Fault> {
        let failed = |what: &str, e: std::io::Error| Fault::Failed(format!("{what}: {e}"));
        let mut builder = tempfile::Builder::new();
        // Anyone who can write to its pipes can end the daemon.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = builder.prefix("pt4al-mps-").tempdir_in("/tmp");
        let folder = folder.map_err(|e| failed("no folder in /tmp", e))?.keep();
        // The watcher starts before the daemon, so that no kill of the driver can leave the daemon behind.
        let mut command = Command::new("sh");
        command.args(["-c", WATCH, "pt4al-mps"]).arg(&folder).arg(tool).envs(PLACES.map(|place| (place, &folder)));
        // In a group of its own, so that Ctrl-C in a terminal does not reach it.
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
        self.last_line("server.log").or_else(|| self.last_line("control.log"))
    }

    fn last_line(&self, log: &str) -> Option<String> {
        let text = std::fs::read_to_string(self.folder.join(log)).ok()?;
        text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
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

/// Whether a running daemon has its pipes in a folder.
fn is_alive(folder: &Path) -> bool {
    let pid = std::fs::read_to_string(folder.join("nvidia-cuda-mps-control.pid")).ok();
    let pid = pid.and_then(|text| text.trim().parse::<u32>().ok());
    pid.is_some_and(|pid| Path::new(&format!("/proc/{pid}")).exists())
}

/// The GPUs of `visible` as clients of the daemon must name them. The daemon numbers the GPUs that it may see from 0;
/// `None` if they are named by UUID, which means the same to clients and daemon.
fn numbered_by_daemon(visible: &str) -> Option<OsString> {
    let gpus: Vec<&str> = visible.split(',').map(str::trim).collect();
    let numbered = gpus.iter().all(|gpu| gpu.parse::<usize>().is_ok());
    numbered.then(|| (0..gpus.len()).map(|i| i.to_string()).collect::<Vec<_>>().join(",").into())
}

#[cfg(test)]
mod tests;
