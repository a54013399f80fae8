//! Makes up results folders, and runs the program on them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pt4al_results::spec::{Source, Spec, load};
use pt4al_results::store::{DataOrigin, Manifest, Record, Records, Session};
use tempfile::TempDir;

/// 4 samplers, 5 seeds, 3 rounds of 100 labels.
pub const SPEC: &str = r#"
title = "Made up"
seeds = [0, 1, 2, 3, 4]
samplers = ["random", "entropy", "core-set", "margin"]
dataset.shapes = { pool = 1000, test = 20, side = 16, seed = 0 }
[rounds]
count = 3
initial = 100
query = 100
[model]
arch = "resnet18"
width = 4
[train]
start = "fresh"
epochs = 30
minibatch = 32
augment = ["flip"]
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }
schedule = "constant"
select = { query = "last", record = ["last", "best-on-test"], every = 1 }
"#;

/// The exit code and the output of a command.
pub struct Outcome {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Outcome {
    /// Expects an exit code, and all parts on standard output.
    #[track_caller]
    pub fn says(&self, code: i32, parts: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        for part in parts {
            assert!(self.out.contains(part), "{part:?} is not in {}", self.out);
        }
        self
    }

    /// Expects an exit code, and a single error line with all parts.
    #[track_caller]
    pub fn fails(&self, code: i32, parts: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        let errors: Vec<&str> = self.err.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "{}", self.err);
        let others = self.err.lines().filter(|line| !line.starts_with("error: ") && !line.starts_with("warning: "));
        assert_eq!(others.count(), 0, "{}", self.err);
        for part in parts {
            assert!(errors[0].contains(part), "{part:?} is not in {}", errors[0]);
        }
        self
    }

    /// Expects a warning with all parts.
    #[track_caller]
    pub fn warns(&self, parts: &[&str]) -> &Self {
        let matches = |line: &str| line.starts_with("warning: ") && parts.iter().all(|part| line.contains(part));
        assert!(self.err.lines().any(matches), "no warning of {parts:?} in {}", self.err);
        self
    }
}

/// A temporary folder for results, removed when the test ends.
pub struct Workplace {
    dir: TempDir,
}

impl Workplace {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Runs `pt4al` in the folder, with arguments split at spaces.
    pub fn pt4al(&self, arguments: &str) -> Outcome {
        self.pt4al_with(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    pub fn pt4al_with(&self, arguments: &[&str]) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pt4al-results"));
        let Output { status, stdout, stderr } = command.current_dir(self.dir.path()).args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Outcome { code: status.code().expect("it was not killed"), out: text(stdout), err: text(stderr) }
    }

    /// Makes a results folder of [`SPEC`] with the changes `sets`, with records of all curves and a manifest.
    pub fn results(&self, name: &str, sets: &[&str], curves: &dyn Fn(&Cell) -> f64) {
        self.results_of(name, SPEC, sets, curves);
    }

    pub fn results_of(&self, name: &str, text: &str, sets: &[&str], curves: &dyn Fn(&Cell) -> f64) {
        let file = self.path("made-up.toml");
        std::fs::write(&file, text).unwrap();
        let sets = sets.iter().map(|&set| set.to_owned()).collect();
        let spec = load(&Source { path: file, profile: None, sets }).unwrap();
        write(&self.path(name), &spec, curves);
    }

    /// Replaces the first occurrence of a text in a file.
    #[track_caller]
    pub fn edit(&self, name: &str, find: &str, replace: &str) {
        let text = self.read(name);
        assert!(text.contains(find), "{find:?} is not in {name}");
        std::fs::write(self.path(name), text.replacen(find, replace, 1)).unwrap();
    }
}

/// The trial and the round of a value.
pub struct Cell {
    pub arm: String,
    pub seed: u64,
    pub round: usize,
}

/// A curve of 0.4, 0.5 and 0.6, plus up to 0.02 that depends on seed, arm and round.
pub fn usual(cell: &Cell) -> f64 {
    let key = cell.seed * 7 + cell.arm.len() as u64 * 5 + cell.round as u64 * 3;
    0.4 + 0.1 * cell.round as f64 + 0.002 * (key * key % 11) as f64
}

fn write(folder: &Path, spec: &Spec, curves: &dyn Fn(&Cell) -> f64) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("spec.toml"), toml::to_string(spec).unwrap()).unwrap();
    let metric = spec.dataset.task().primary_metric().name;
    let mut rows = Vec::new();
    for trial in spec.trials() {
        for round in 0..spec.rounds.count {
            let cell = Cell { arm: trial.label(), seed: trial.seed, round };
            let rules = &spec.protocol_of(&trial).train.select.record;
            rows.extend(rules.iter().map(|rule| Record {
                experiment: spec.identity().0.into(),
                sampler: trial.label(),
                seed: trial.seed,
                round,
                labeled: spec.rounds.labeled(round),
                metric: metric.into(),
                select: rule.name().into(),
                value: Some(curves(&cell)),
                device: "cpu".into(),
                ..Record::default()
            }));
        }
    }
    Records { rows }.write(&folder.join("records.csv")).unwrap();
    manifest(spec).write(&folder.join("manifest.json")).unwrap();
}

fn manifest(spec: &Spec) -> Manifest {
    Manifest {
        experiment: spec.identity().0.into(),
        profile: String::new(),
        spec_hash: spec.hash(),
        precision: spec.precision_of_networks(),
        data: DataOrigin {
            name: "shapes".into(),
            pool: 1000,
            test: 20,
            fingerprint: "0123abcd".into(),
            files: Vec::new(),
            classes: Vec::new(),
            note: String::new(),
        },
        edits: Vec::new(),
        sessions: vec![Session {
            started: "2026-01-02T03:04:05Z".into(),
            finished: "2026-01-02T04:04:05Z".into(),
            command: "pt4al run made-up.toml".into(),
            pt4al: "0.1.0".into(),
            revision: "abc1234".into(),
            dirty: false,
            libtorch: "2.11.0".into(),
            host: "here".into(),
            cpu: "a processor, 2 logical cores".into(),
            device: "cpu".into(),
            jobs: 1,
            threads: 2,
            estimate: None,
        }],
    }
}
