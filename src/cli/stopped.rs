//! The last words of a process that is told to stop.

use std::io::IsTerminal;

use signal_hook::consts::{SIGINT, SIGTERM};

use pt4al_results::machine::say;

/// What is said when the process is told to stop.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stopped {
    /// The same command goes on where this one stopped.
    GoesOn,
    /// Nothing was to be kept.
    NothingKept,
}

/// From now on Ctrl-C (SIGINT) and SIGTERM end the process with a line, and with the exit code that shells expect: 128 and
/// the signal's number. All files are whole at every moment, and workers end when this process does.
pub(super) fn say_when_stopped(what: Stopped) {
    // Without a handler the process ends all the same, only without a word.
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        let Some(signal) = signals.forever().next() else { return };
        // Below the bars, and what the terminal echoes of Ctrl-C.
        let line = if std::io::stderr().is_terminal() { "\n" } else { "" };
        say(&format!(
            "{line}stopped: {}",
            match what {
                Stopped::GoesOn => "what is finished is kept, and the same command goes on from there",
                Stopped::NothingKept => "nothing was changed",
            }
        ));
        // Not exit(): that would run destructors under the feet of the other threads.
        // SAFETY: ends the process; files are whole at every moment.
        unsafe { libc::_exit(128 + signal) }
    });
}
