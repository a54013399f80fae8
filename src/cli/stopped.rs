//! The last line of a process that is told to stop.

use std::io::IsTerminal;

use signal_hook::consts::{SIGINT, SIGTERM};

use pt4al_results::machine::say;

/// What a command leaves when it is told to stop.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stopped {
    /// Finished work; the same command continues from there.
    Resumable,
    /// Nothing, since the command keeps nothing.
    Nothing,
}

/// From now on Ctrl-C (SIGINT) and SIGTERM end the process with a line, and with the exit code that shells expect: 128 plus
/// the signal's number. Files are complete at every moment, and workers end with this process. `last` is what else to do before
/// the end; a second signal does not wait for it.
pub(super) fn say_when_stopped(what: Stopped, last: impl FnOnce() + Send + 'static) {
    // Without a handler the process still ends, only without the line.
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        let Some(signal) = signals.forever().next() else { return };
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                end(signal);
            }
        });
        // On a new line, below the bars and the ^C that the terminal shows.
        let line = if std::io::stderr().is_terminal() { "\n" } else { "" };
        say(&format!(
            "{line}stopped: {}",
            match what {
                Stopped::Resumable => "what is finished is kept; the same command continues from there",
                Stopped::Nothing => "nothing was changed",
            }
        ));
        last();
        end(signal);
    });
}

/// Ends the process as one that a signal has ended.
fn end(signal: i32) {
    // Not exit(): that would run destructors while other threads use what they destroy.
    // SAFETY: it ends the process; files are complete at every moment.
    unsafe { libc::_exit(128 + signal) }
}
