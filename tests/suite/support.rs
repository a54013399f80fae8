//! A small experiment, and the program run on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Seconds-long: 3 rounds of 20 labels on 200 small pictures.
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

/// A spec in double precision. What a training comes to then is the same on every processor; in single precision it may
/// hang on a near tie, which each instruction set decides in its own way. Tests that look at what was learned, and not just
/// at whether two runs are equal, are of this.
pub fn in_double_precision(spec: &str) -> String {
    let precise = |table: &str| format!("{table}\nprecision = \"f64\"");
    spec.replace("[train]", &precise("[train]")).replace("[pretext]", &precise("[pretext]"))
}

/// A folder with `tiny.toml`; it goes when the test ends.
pub struct Workplace {
    pub dir: TempDir,
}

impl Workplace {
    /// With the tiny spec.
    pub fn new() -> Self {
        Self::with(TINY)
    }

    /// With another spec under the same name.
    pub fn with(spec: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("tiny.toml"), spec).unwrap();
        Self { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `pt4al` with arguments split at spaces, in the folder.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pt4al"));
        command.current_dir(self.dir.path()).args(arguments.split_whitespace()).env_remove("PT4AL_DATA");
        command
    }

    pub fn pt4al(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs and expects success.
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

/// What must be equal between a run and its repetition: every column of `records.csv` up to the value, and the
/// errors; times and memory are left out.
pub fn values(folder: &Path) -> Vec<String> {
    let mut reader = csv::Reader::from_path(folder.join("records.csv")).unwrap();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    rows.iter().map(|r| format!("{} {}", r.iter().take(9).collect::<Vec<_>>().join(","), &r[r.len() - 1])).collect()
}

/// The queries of a trial.
pub fn queries(folder: &Path, trial: &str) -> String {
    std::fs::read_to_string(folder.join("queries").join(format!("{trial}.csv"))).unwrap()
}

/// Says so where the test's output is captured too.
pub fn skip(why: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Runs, and expects exit code 1 and one error that has `part`.
pub fn fails(place: &Workplace, arguments: &str, part: &str) {
    let output = place.pt4al(arguments);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "pt4al {arguments}: {text}");
    assert_eq!(text.lines().filter(|l| l.starts_with("error: ")).count(), 1, "{text}");
    assert!(text.contains(part) && !text.contains("panicked"), "{text:?} lacks {part:?}");
}
