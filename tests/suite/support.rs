//! A small experiment, and functions that run the program on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// An experiment that takes seconds: 3 rounds of 20 labels on 200 small pictures.
pub const TINY: &str = r#"
title = "Tiny"
seeds = [0, 1]
samplers = ["random", "entropy", "core-set", "pretext-batch"]
[dataset.shapes]
pool = 200
test = 60
side = 12
seed = 0
[rounds]
count = 3
initial = 20
query = 20
[model]
arch = "resnet18"
width = 2
[train]
start = "fresh"
epochs = 2
minibatch = 16
augment = ["crop-4", "flip"]
optimizer.sgd = { lr = 0.05, momentum = 0.9, weight-decay = 5e-4 }
schedule = "cosine"
select = { query = "last", record = ["last"] }
[pretext]
task = "rotation"
epochs = 1
minibatch = 32
optimizer.sgd = { lr = 0.05, momentum = 0.9, weight-decay = 5e-4 }
schedule = "constant"
checkpoint = "last"
forward = "separate"
order = "loss"
"#;

/// Returns a spec in double precision, whose results are the same on every processor. In single precision, instruction sets
/// round differently, and a near tie can change a result. Tests that check learned values, and not just whether two runs are
/// equal, use this.
pub fn in_double_precision(spec: &str) -> String {
    let precise = |table: &str| format!("{table}\nprecision = \"f64\"");
    spec.replace("[train]", &precise("[train]")).replace("[pretext]", &precise("[pretext]"))
}

/// Sends a signal, for instance `KILL`, to processes, and returns whether all were there. By the shell's own `kill`: the program of
/// that name is not part of a minimal Debian.
pub fn signal(name: &str, processes: &[u32]) -> bool {
    let numbers = processes.iter().map(|pid| format!(" {pid}")).collect::<String>();
    Command::new("sh").args(["-c", &format!("kill -{name}{numbers}")]).status().unwrap().success()
}

/// A temporary folder with the spec `tiny.toml`.
pub struct Workplace {
    pub dir: TempDir,
}

impl Workplace {
    /// A folder with the spec [`TINY`].
    pub fn new() -> Self {
        Self::with(TINY)
    }

    /// A folder with another spec as `tiny.toml`.
    pub fn with(spec: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("tiny.toml"), spec).unwrap();
        Self { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Returns the command `pt4al` in the folder, with arguments split at spaces.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pt4al"));
        command.current_dir(self.dir.path()).args(arguments.split_whitespace()).env_remove("PT4AL_DATA");
        command
    }

    pub fn pt4al(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs `pt4al` and expects success.
    pub fn succeeds(&self, arguments: &str) -> Output {
        let output = self.pt4al(arguments);
        assert!(output.status.success(), "pt4al {arguments}: {}", stderr(&output));
        output
    }
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns the columns of `records.csv` that must be equal when a run is repeated: those up to the value, and the error. Times
/// and memory are left out.
pub fn values(folder: &Path) -> Vec<String> {
    let mut reader = csv::Reader::from_path(folder.join("records.csv")).unwrap();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    rows.iter().map(|r| format!("{} {}", r.iter().take(9).collect::<Vec<_>>().join(","), &r[r.len() - 1])).collect()
}

/// Returns the recorded queries of a trial.
pub fn queries(folder: &Path, trial: &str) -> String {
    std::fs::read_to_string(folder.join("queries").join(format!("{trial}.csv"))).unwrap()
}

/// Returns the text of `epochs.csv`.
pub fn epochs(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("epochs.csv")).unwrap()
}

/// Reports a skipped test, even if the output of tests is captured.
pub fn skip(why: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Runs `pt4al` and expects exit code 1 and exactly one error, which contains `part`.
pub fn fails(place: &Workplace, arguments: &str, part: &str) {
    let output = place.pt4al(arguments);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "pt4al {arguments}: {text}");
    assert_eq!(text.lines().filter(|l| l.starts_with("error: ")).count(), 1, "{text}");
    assert!(text.contains(part) && !text.contains("panicked"), "{text:?} lacks {part:?}");
}
