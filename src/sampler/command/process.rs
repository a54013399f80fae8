//! Runs a command with an input, within limits of time and output.

use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// The most bytes of a query's standard error that go to the log.
const MOST_LOGGED: usize = 8 << 20;
/// How long what a command printed is waited for after its end. A process that it left behind may hold its output open.
const GRACE: Duration = Duration::from_millis(500);

/// What a command may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub time: Duration,
    /// Bytes on standard output.
    pub printed: usize,
}

/// How a command ended, and what it printed.
#[derive(Debug)]
pub(super) struct Output {
    pub status: ExitStatus,
    pub printed: Vec<u8>,
    /// Its last line on standard error, shortened.
    pub last_words: Option<String>,
}

/// Why a command has no output.
#[derive(Debug)]
pub(super) enum Fault {
    NotStarted(io::Error),
    OutOfTime,
    PrintedTooMuch,
    Lost(io::Error),
}

/// Runs a command, writes `input` to its standard input, and passes its standard error on. When the command has ended, or was
/// stopped at a limit, the processes that it started are stopped too, as far as they did not leave its process group.
///
/// # Errors
/// If the command cannot be started, or was stopped at a limit.
pub(super) fn run(mut command: Command, input: Vec<u8>, limits: Limits) -> Result<Output, Fault> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    in_group_of_its_own(&mut command);
    let deadline = Instant::now() + limits.time;
    let mut child = command.spawn().map_err(Fault::NotStarted)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    thread::spawn(move || {
        // A command need not read its input.
        let _ = stdin.expect("piped").write_all(&input);
    });
    let printed = Collected::from(stdout.expect("piped"), Sink::Kept(limits.printed));
    let said = Collected::from(stderr.expect("piped"), Sink::Log);
    let ended = wait(&mut child, deadline, &printed);
    // Before the process is forgotten, so that no other group can have its number.
    stop_group(&mut child);
    let status = child.wait().map_err(Fault::Lost)?;
    ended?;
    let printed = printed.finish();
    if printed.is_cut {
        return Err(Fault::PrintedTooMuch);
    }
    let last_words = String::from_utf8_lossy(&said.finish().bytes).lines().rev().find_map(last_words);
    Ok(Output { status, printed: printed.bytes, last_words })
}

/// A line without control characters and spaces at its ends, shortened; `None` if nothing is left of it.
fn last_words(line: &str) -> Option<String> {
    const MOST: usize = 300;
    let line: String = line.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST).collect();
    (!line.is_empty()).then_some(line)
}

/// Waits until the process has ended, but leaves it to be waited for.
fn wait(child: &mut Child, deadline: Instant, printed: &Collected) -> Result<(), Fault> {
    let mut pause = Duration::from_millis(1);
    while !has_ended(child).map_err(Fault::Lost)? {
        if printed.is_cut() {
            return Err(Fault::PrintedTooMuch);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Fault::OutOfTime);
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    Ok(())
}

#[cfg(unix)]
fn has_ended(child: &mut Child) -> io::Result<bool> {
    // SAFETY: an all-zero siginfo_t is valid; the call fills it.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: the call writes into the struct that it is given.
    let result = unsafe { libc::waitid(libc::P_PID, child.id() as libc::id_t, &raw mut info, flags) };
    if result != 0 {
        let error = io::Error::last_os_error();
        return if error.kind() == io::ErrorKind::Interrupted { Ok(false) } else { Err(error) };
    }
    // SAFETY: waitid sets the field; it is 0 if no process has ended.
    Ok(unsafe { info.si_pid() } != 0)
}

#[cfg(not(unix))]
fn has_ended(child: &mut Child) -> io::Result<bool> {
    child.try_wait().map(|status| status.is_some())
}

/// Makes the command the leader of a process group, which can be stopped as a whole. On Linux it also ends when this process does.
#[cfg_attr(not(unix), allow(unused_variables))]
fn in_group_of_its_own(command: &mut Command) {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
        #[cfg(target_os = "linux")]
        {
            let parent = std::process::id();
            // SAFETY: prctl and getppid may be called between fork and exec.
            unsafe {
                command.pre_exec(move || {
                    libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                    // The parent may have ended before the call.
                    if libc::getppid() as u32 == parent {
                        Ok(())
                    } else {
                        Err(io::Error::from_raw_os_error(libc::ECANCELED))
                    }
                });
            }
        }
    }
}

fn stop_group(child: &mut Child) {
    #[cfg(unix)]
    // SAFETY: a plain call; the process is not waited for yet, so the number is still that of its group.
    unsafe {
        libc::killpg(child.id() as libc::pid_t, libc::SIGKILL);
    }
    #[cfg(not(unix))]
    let _ = child.kill();
}

/// Where a stream goes.
#[derive(Clone, Copy)]
enum Sink {
    /// Kept, up to so many bytes.
    Kept(usize),
    /// Passed on to this process' standard error; the end of it is kept.
    Log,
}

/// A stream that a thread reads to its end.
struct Collected {
    text: Arc<Mutex<Text>>,
    ended: mpsc::Receiver<()>,
}

#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    /// Whether more was written than is kept.
    is_cut: bool,
}

impl Collected {
    fn from(mut stream: impl Read + Send + 'static, sink: Sink) -> Self {
        let text = Arc::new(Mutex::new(Text::default()));
        let (sender, ended) = mpsc::channel();
        let shared = Arc::clone(&text);
        thread::spawn(move || {
            let mut chunk = [0; 16 * 1024];
            let mut logged = 0;
            while let Ok(n @ 1..) = stream.read(&mut chunk) {
                let new = &chunk[..n];
                let mut text = lock(&shared);
                match sink {
                    Sink::Kept(most) if text.bytes.len() + n > most => text.is_cut = true,
                    Sink::Kept(_) => text.bytes.extend_from_slice(new),
                    Sink::Log => {
                        if logged < MOST_LOGGED {
                            let _ = io::stderr().write_all(new);
                            logged += n;
                        }
                        text.bytes.extend_from_slice(new);
                        let start = text.bytes.len().saturating_sub(4096);
                        text.bytes.drain(..start);
                    }
                }
            }
            let _ = sender.send(());
        });
        Self { text, ended }
    }

    fn is_cut(&self) -> bool {
        lock(&self.text).is_cut
    }

    /// Returns what was written until now, after a short wait for its end.
    fn finish(self) -> Text {
        let _ = self.ended.recv_timeout(GRACE);
        std::mem::take(&mut lock(&self.text))
    }
}

fn lock(text: &Mutex<Text>) -> std::sync::MutexGuard<'_, Text> {
    text.lock().unwrap_or_else(PoisonError::into_inner)
}
