//! The last line of a process that is told to stop, or that the system stops.

use std::io::IsTerminal;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::runner::command_line;
use pt4al_results::machine::say;
use pt4al_results::words::{one_line, panic_text};

/// What a command leaves when it is told to stop.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stopped {
    /// Finished work and checkpoints; the same command continues from there.
    Resumable,
    /// Nothing, since the command keeps nothing.
    Nothing,
}

/// From now on Ctrl-C (SIGINT), SIGTERM and SIGHUP (the terminal was closed) end the process with a line, and with the exit code
/// that shells expect: 128 plus the signal's number. Files are complete at every moment, and workers end with this process. `last`
/// is what else to do before the end; a second signal does not wait for it. SIGHUP stays ignored if it is: `nohup` does that.
pub(super) fn say_when_stopped(what: Stopped, last: impl FnOnce() + Send + 'static) {
    // Without a handler the process still ends, only without the line.
    let heard = if is_ignored(SIGHUP) { &[SIGINT, SIGTERM][..] } else { &[SIGINT, SIGTERM, SIGHUP] };
    let Ok(mut signals) = signal_hook::iterator::Signals::new(heard) else { return };
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
                Stopped::Resumable =>
                    format!("what is finished is kept, and the same command continues from there: {}", command_line()),
                Stopped::Nothing => "nothing was changed".to_owned(),
            }
        ));
        last();
        end(signal);
    });
}

/// Whether the process that started this one told it to ignore a signal.
fn is_ignored(signal: i32) -> bool {
    // SAFETY: without a new action, sigaction only fills the struct that it is given, which is plain numbers and a pointer.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

/// Makes limits of the system end in a line. A file that grows beyond `ulimit -f` becomes an error of writing, and a process
/// that is aborted, which Rust and C++ do if memory is not to be had, says what to do.
pub(super) fn say_when_a_limit_is_reached() {
    // SAFETY: SIGXFSZ may be ignored at any time; the handler of SIGABRT does nothing but write(2), which is safe in a handler.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        libc::signal(libc::SIGABRT, say_aborted as *const () as libc::sighandler_t);
    }
}

/// Makes a panic one line. It is a fault of the program, or the system refused threads or memory. (A worker's panics go to its log, in
/// full.)
pub(super) fn say_panics_on_one_line() {
    std::panic::set_hook(Box::new(|panic| {
        let text = one_line(panic_text(panic.payload()));
        let at = panic.location().map_or(String::new(), |at| format!(" at {}:{}", at.file(), at.line()));
        let remedy = match text.contains("Resource temporarily unavailable") || text.contains("memory") {
            true => "the system gives no more threads or memory: raise its limits (ulimit -a), or lower --jobs",
            false => "report this fault",
        };
        say(&format!("error: pt4al stopped: {text}{at}; {remedy}; what is finished is kept"));
    }));
}

/// Handles SIGABRT. When it returns, the process ends.
extern "C" fn say_aborted(_signal: i32) {
    const LINE: &[u8] =
        b"error: pt4al was aborted, most likely for lack of memory; free some, or lower --jobs, then run the same \
                          command again: what is finished is kept\n";
    // SAFETY: the bytes are static; nothing can be done about an error.
    let _ = unsafe { libc::write(libc::STDERR_FILENO, LINE.as_ptr().cast(), LINE.len()) };
}

/// Ends the process as one that a signal has ended.
fn end(signal: i32) {
    // Not exit(): that would run destructors while other threads use what they destroy.
    // SAFETY: it ends the process; files are complete at every moment.
    unsafe { libc::_exit(128 + signal) }
}
