//! Runs other programs with a time limit, so that none can hold up a run.

use std::io::{Read, Seek};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Why a program gave no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// There is no such program.
    Missing,
    /// The reason in words.
    Failed(String),
}

/// Runs a program and returns what it prints on standard output and standard error. A program that takes longer than `limit`
/// is killed. Its standard input stays open until it ends.
///
/// # Errors
/// If the program cannot be started, does not end in time, or fails; the reason is then its error line, or else its last line.
pub(super) fn output_of(command: &mut Command, limit: Duration) -> Result<String, Fault> {
    let failed = |error: std::io::Error| Fault::Failed(error.to_string());
    // A file rather than a pipe: a daemon that the program leaves behind may hold a pipe open forever.
    let mut printed = tempfile::tempfile().map_err(failed)?;
    let copy = || printed.try_clone().map(Stdio::from).map_err(failed);
    command.stdin(Stdio::piped()).stdout(copy()?).stderr(copy()?);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Fault::Missing,
        _ => failed(error),
    })?;
    let end = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        if Instant::now() >= end {
            // Do not wait: a process that hangs in a driver does not end when killed either.
            let _ = child.kill();
            return Err(Fault::Failed(format!("no answer within {} s", limit.as_secs())));
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let mut bytes = Vec::new();
    printed.rewind().and_then(|()| printed.read_to_end(&mut bytes)).map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if status.success() {
        return Ok(text);
    }
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let line = lines.iter().find_map(|line| line.strip_prefix("error: ")).or(lines.last().copied());
    Err(Fault::Failed(line.map_or_else(|| format!("it ended with {status}"), str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Result<String, Fault> {
        output_of(Command::new("sh").args(["-c", script]), limit)
    }

    #[test]
    fn what_a_program_prints_is_its_answer() {
        let long = Duration::from_secs(600);
        assert_eq!(sh("echo 1; echo 2 >&2", long), Ok("1\n2\n".into()));
        assert_eq!(sh("echo error: no room; echo bye; exit 3", long), Err(Fault::Failed("no room".into())));
        assert_eq!(sh("echo one; echo two; exit 3", long), Err(Fault::Failed("two".into())));
        assert_eq!(sh("exit 3", long), Err(Fault::Failed("it ended with exit status: 3".into())));
        // The program has ended; a daemon that still holds its output does not matter.
        assert_eq!(sh("sleep 60 & echo there", long), Ok("there\n".into()));
    }

    #[test]
    fn programs_that_hang_or_do_not_exist_give_no_answer() {
        assert_eq!(sh("exec sleep 600", Duration::ZERO), Err(Fault::Failed("no answer within 0 s".into())));
        let missing = output_of(&mut Command::new("/no/such/program"), Duration::from_secs(600));
        assert_eq!(missing, Err(Fault::Missing));
    }
}
