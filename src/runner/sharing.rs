//! Whether processes share a GPU through an MPS daemon.

use std::time::Duration;

use super::mps::{self, Mps};
use super::options::{MpsChoice, Options};
use super::tool::{Fault, output_of};
use super::worker::{self, Share};
use pt4al_results::machine;

/// Time limit for a process that loads CUDA from a slow disk.
const FIRST_CLIENT: Duration = Duration::from_secs(120);

/// Starts a daemon if `processes` are to share a GPU and no daemon is running. If MPS cannot be used, prints why; the run
/// continues without it.
pub(super) fn start(options: &Options, processes: usize) -> Mps {
    if options.on_cpu() || processes < 2 || options.mps == MpsChoice::Off {
        return Mps::default();
    }
    if let Some(place) = mps::existing_daemon() {
        options.say(&format!("using the MPS daemon of {}; none is started", place.display()));
        return Mps::default();
    }
    let device = &options.device;
    match Mps::start().and_then(|mps| try_out(&mps, device).map(|()| mps)) {
        Ok(mps) => {
            options.say(&format!(
                "started an MPS daemon for this run, so that processes use {device} at the same time; it ends with the run \
                 (--mps off: no daemon)"
            ));
            mps
        }
        Err(Fault::Missing) => {
            options.say(&format!("no {} here: processes that share {device} take turns", mps::TOOL));
            Mps::default()
        }
        Err(Fault::Failed(why)) => {
            machine::say(&format!(
                "warning: MPS cannot be used ({why}); processes that share {device} take turns (--mps off: do not try)"
            ));
            Mps::default()
        }
    }
}

/// Checks that a process finds its GPU under the daemon. That the daemon started says little, because its server starts
/// with the first client.
fn try_out(mps: &Mps, device: &str) -> Result<(), Fault> {
    let share = Share { device, jobs: 1, threads: 1, mps };
    let mut command = worker::command(share).map_err(|e| Fault::Failed(format!("{e:#}")))?;
    output_of(command.arg("probe"), FIRST_CLIENT).map(drop).map_err(|fault| {
        let why = match fault {
            Fault::Missing => "no worker process can be started".to_owned(),
            Fault::Failed(why) => why,
        };
        Fault::Failed(format!("a process does not find its GPU: {}", mps.last_words().unwrap_or(why)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_daemon_is_started_if_nothing_is_shared() {
        let mut options = Options::for_test("results");
        assert!(!start(&options, 4).is_running());
        options.device = "cuda:0".into();
        assert!(!start(&options, 1).is_running());
        options.mps = MpsChoice::Off;
        assert!(!start(&options, 4).is_running());
        assert_eq!("off".parse(), Ok(MpsChoice::Off));
        assert_eq!("on".parse::<MpsChoice>(), Err("use auto or off".into()));
    }
}
