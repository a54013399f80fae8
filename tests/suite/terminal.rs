//! What a person at a terminal sees and types: progress, questions, and last lines.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::support::{TINY, Workplace, signal, stderr, stdout, values};

/// A program on a terminal of its own.
struct Terminal {
    child: Child,
    /// The person's end of the terminal.
    keyboard: File,
    /// Everything shown so far.
    shown: std::sync::Arc<std::sync::Mutex<String>>,
    reader: std::thread::JoinHandle<()>,
}

impl Terminal {
    /// Starts `command` on a terminal with `columns` columns and the name `term`.
    fn start(mut command: Command, columns: u16, term: &str) -> Self {
        let size = libc::winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let (mut person, mut program) = (0, 0);
        // SAFETY: openpty fills the two descriptors, which are owned from here on.
        let (person, program) = unsafe {
            let name = std::ptr::null_mut();
            let made = libc::openpty(&raw mut person, &raw mut program, name, std::ptr::null(), &raw const size);
            assert_eq!(made, 0, "no pseudo-terminal here");
            (OwnedFd::from_raw_fd(person), OwnedFd::from_raw_fd(program))
        };
        let copy = || Stdio::from(program.try_clone().unwrap());
        command.env("TERM", term).stdin(copy()).stdout(copy()).stderr(copy());
        // SAFETY: both calls are safe between fork and exec. The process gets the terminal as its own, so that Ctrl-C reaches
        // it and its workers.
        unsafe {
            command.pre_exec(|| {
                libc::setsid();
                libc::ioctl(0, libc::TIOCSCTTY, 0);
                Ok(())
            });
        }
        let child = command.spawn().unwrap();
        drop((command, program));
        let keyboard = File::from(person);
        let shown = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let (mut screen, copy) = (keyboard.try_clone().unwrap(), shown.clone());
        let reader = std::thread::spawn(move || {
            let (mut bytes, mut all) = ([0; 4096], Vec::new());
            // Reading fails once the other end is closed.
            while let Ok(n @ 1..) = screen.read(&mut bytes) {
                all.extend(&bytes[..n]);
                *copy.lock().unwrap() = String::from_utf8_lossy(&all).into_owned();
            }
        });
        Self { child, keyboard, shown, reader }
    }

    fn wait_for(&self, text: &str) {
        let start = Instant::now();
        while !self.shown.lock().unwrap().contains(text) {
            let shown = self.shown.lock().unwrap().clone();
            assert!(start.elapsed() < Duration::from_secs(120), "waited two minutes for {text:?}: {shown}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end of the program; returns everything it showed, and its exit status.
    fn end(mut self) -> (String, ExitStatus) {
        let status = self.child.wait().unwrap();
        self.reader.join().unwrap();
        let shown = self.shown.lock().unwrap().clone();
        (shown, status)
    }
}

/// The tiny spec on one seed, with a variant whose trials have long names.
fn with_long_names() -> Workplace {
    let variant = "[variant.a-protocol-with-a-name-that-is-far-too-long]\ntrain.minibatch = 8\n";
    Workplace::with(&format!("{}{variant}", TINY.replace("seeds = [0, 1]", "seeds = [0]")))
}

/// The text between the codes that move the cursor.
fn segments(shown: &str) -> Vec<String> {
    let codes = regex::Regex::new("\x1b\\[[0-9;?]*[A-Za-z]|[\r\n]+").unwrap();
    codes.split(shown).map(str::to_owned).filter(|text| !text.is_empty()).collect()
}

#[test]
fn bars_stay_within_the_terminal() {
    for columns in [80, 50] {
        let place = with_long_names();
        let run = "run tiny.toml --device cpu --only ^random --set train.epochs=20";
        let (shown, status) = Terminal::start(place.command(run), columns, "xterm").end();
        assert!(status.success(), "{shown}");
        let mut bars = 0;
        for text in segments(&shown).iter().filter(|text| text.contains('█') || text.contains('░')) {
            // Bars fill their lines; if one were too long, the next would not begin at the start of a line.
            let letters: Vec<char> = text.chars().collect();
            for line in letters.chunks(columns.into()) {
                let line: String = line.iter().collect();
                let begins = line.starts_with("  ") || line.starts_with("ran") || line.as_bytes().get(2) == Some(&b':');
                assert!(begins, "{columns} columns: {line:?} in {text:?}");
                bars += 1;
            }
        }
        assert!(bars > 3, "{shown}");
        assert!(shown.contains('…') && shown.contains("-seed0"), "{shown}");
    }
}

#[test]
fn a_terminal_that_only_prints_shows_lines() {
    let place = Workplace::new();
    let run = "run tiny.toml --device cpu --only random-seed0";
    let (shown, status) = Terminal::start(place.command(run), 80, "dumb").end();
    assert!(status.success(), "{shown}");
    assert!(shown.contains("random-seed0: round 0, 20 labels, accuracy"), "{shown}");
    assert!(!shown.contains('\x1b') && !shown.contains('█'), "{shown:?}");
}

#[test]
fn a_command_that_is_stopped_says_how_to_continue() {
    let place = Workplace::new();
    let run = "run tiny.toml --device cpu --only random --set train.epochs=60";
    let mut terminal = Terminal::start(place.command(run), 80, "xterm");
    terminal.wait_for("round 0");
    terminal.type_in("\x03");
    let (shown, status) = terminal.end();
    assert_eq!(status.code(), Some(130), "{shown}");
    assert!(
        shown.contains("\nstopped: what is finished is kept, and the same command continues from there: pt4al run "),
        "{shown:?}"
    );

    for (name, code) in [("TERM", 143), ("HUP", 129)] {
        let long = Workplace::new();
        let longer = "run tiny.toml --device cpu --only random --set train.epochs=3000";
        let mut command = long.command(longer);
        // SAFETY: it is safe between fork and exec. The tests themselves may run under `nohup`, which ignores SIGHUP for all processes.
        unsafe {
            command.pre_exec(|| {
                libc::signal(libc::SIGHUP, libc::SIG_DFL);
                Ok(())
            });
        }
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let started = Instant::now();
        while !long.path("results/tiny/trials/random-seed0/log.txt").exists() {
            assert!(started.elapsed() < Duration::from_secs(60), "waited a minute for a trial");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(signal(name, &[child.id()]));
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert_eq!(stderr(&output).matches("stopped: what is finished is kept").count(), 1);
        assert!(!long.path("results/tiny/trials/random-seed0/failure.csv").exists());
    }

    // A trial that was stopped has not failed, and the same command continues.
    let output = place.succeeds(run);
    assert!(!stderr(&output).contains("failed"), "{}", stderr(&output));
    assert_eq!(values(&place.path("results/tiny")).len(), 2 * 9);
}

/// A network that trains some hundred images per second.
const WIDE: &str = "--set model.width=16 --set dataset.shapes.side=32";

#[test]
fn work_of_more_than_a_day_needs_consent() {
    let place = Workplace::with(&format!("{TINY}[profile.cpu]\ntrain.epochs = 1\n"));
    let long = format!("tiny.toml --device cpu --jobs 2 --set train.epochs=1000000 {WIDE}");
    // Without a terminal it is refused.
    let output = place.command(&format!("run {long}")).stdin(Stdio::null()).output().unwrap();
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let error = text.lines().find(|line| line.starts_with("error: ")).unwrap();
    for part in ["this takes about", "more than a day", "--yes", "--profile cpu"] {
        assert!(error.contains(part), "{error} lacks {part}");
    }
    assert!(!place.path("results").exists());
    // On a terminal, the user says no.
    let mut terminal = Terminal::start(place.command(&format!("run {long}")), 100, "xterm");
    terminal.wait_for("Start it? [y/N]");
    terminal.type_in("n\n");
    let (shown, status) = terminal.end();
    assert_eq!(status.code(), Some(1), "{shown}");
    assert!(shown.contains("error: nothing was started"), "{shown}");
    assert!(!place.path("results").exists());
    // With --yes the cost is printed and nothing is asked.
    let mut terminal = Terminal::start(place.command(&format!("run {long} --yes")), 100, "xterm");
    terminal.wait_for("to run on cpu");
    terminal.type_in("\x03");
    let (shown, status) = terminal.end();
    assert_eq!(status.code(), Some(130), "{shown}");
    assert!(shown.contains("left to run: about") && !shown.contains("[y/N]"), "{shown}");
    // Without consent, existing files do not change.
    let spec = || std::fs::read(place.path("results/tiny/spec.toml")).unwrap();
    let before = spec();
    let more = place.command(&format!("run {long} --set seeds=[0,1,2,3]")).stdin(Stdio::null()).output().unwrap();
    assert!(stderr(&more).contains("more than a day"), "{}", stderr(&more));
    assert_eq!(spec(), before);
}

#[test]
fn other_verbs_need_consent_too() {
    let place = Workplace::with(&format!("{TINY}[correlation]\nfolds = 2\npoints = 10\nresamples = 10\n"));
    for verb in [
        "correlate tiny.toml --set train.epochs=1000000",
        "pretext losses tiny.toml --out losses.csv --set pretext.epochs=1000000",
    ] {
        let output = place.command(&format!("{verb} --device cpu {WIDE}")).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{verb}: {}", stderr(&output));
        assert!(stderr(&output).contains("more than a day; add --yes"), "{verb}: {}", stderr(&output));
    }
    assert!(!place.path("results").exists() && !place.path("losses.csv").exists());
}

#[test]
fn quiet_runs_print_only_the_path_of_their_page() {
    let place = Workplace::new();
    for verb in ["run tiny.toml --device cpu --only random-seed0", "run tiny.toml --device cpu --only random-seed0"] {
        let output = place.succeeds(&format!("{verb} --quiet"));
        assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), ("open results/tiny/report.html\n", ""));
    }
    // Failures are still printed.
    let output = place.pt4al(
        "run tiny.toml --device cpu --only entropy-seed0 --quiet --set train.optimizer.sgd.lr=1e30 --results other",
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("error: a trial failed"), "{}", stderr(&output));
}
