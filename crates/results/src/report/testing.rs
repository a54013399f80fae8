//! Made-up results for the tests of this room.

pub mod pictures;

use std::path::Path;

use super::cost::Cost;
use super::findings::Findings;
use crate::results::Results;
use crate::spec::{Source, Spec, load};
use crate::store::{DataOrigin, Manifest, Record, Records, Session};

const SPEC: &str = r#"
title = "A small <experiment> & its curves"
seeds = [0, 1, 2]
samplers = ["random", "core-set"]
dataset.shapes = { pool = 1000, test = 20, side = 16, seed = 0 }
[rounds]
count = 3
initial = 200
query = 200
[model]
arch = "resnet18"
width = 4
[train]
start = "fresh"
epochs = 1
minibatch = 32
augment = []
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }
schedule = "constant"
select = { query = "last", record = ["last", "best-on-test"], every = 1 }
[profile.tiny]
train.epochs = 2
"#;

/// The experiment `small`: random and core-set, 3 seeds, 3 rounds of 200 labels.
pub fn spec() -> Spec {
    spec_of(None)
}

/// The file of [`spec`].
pub fn spec_text() -> &'static str {
    SPEC
}

/// The spec under a profile; there is one named `tiny`.
pub fn spec_of(profile: Option<&str>) -> Spec {
    loaded(SPEC, profile)
}

/// The spec with more tables, for instance variants.
pub fn spec_with(tables: &str) -> Spec {
    loaded(&format!("{SPEC}{tables}\n"), None)
}

/// A spec of the name `small`.
pub fn loaded(text: &str, profile: Option<&str>) -> Spec {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("small.toml");
    std::fs::write(&path, text).unwrap();
    load(&Source { path, profile: profile.map(str::to_owned), sets: Vec::new() }).unwrap()
}

/// Records as they would be read from a results folder.
pub fn results_of(spec: &Spec, rows: Vec<Record>) -> Results {
    Results::of(Path::new("small"), spec.clone(), Some(manifest(spec)), records(rows)).unwrap()
}

/// Findings of records, without published numbers.
pub fn findings(spec: &Spec, rows: Vec<Record>) -> Findings {
    Findings { cost: Cost::default(), ..Findings::of(results_of(spec, rows), Vec::new()) }
}

/// A test accuracy of `small` under the rule `last`.
pub fn accuracy(sampler: &str, seed: u64, round: usize, value: f64) -> Record {
    Record {
        experiment: "small".into(),
        profile: String::new(),
        sampler: sampler.into(),
        seed,
        round,
        labeled: 200 * (round + 1),
        metric: "accuracy".into(),
        select: "last".into(),
        value: Some(value),
        train_seconds: 1.0,
        evaluate_seconds: 1.0,
        score_seconds: 0.0,
        query_seconds: 0.0,
        wait_seconds: 0.0,
        peak_rss_mb: 100.0,
        device: "cpu".into(),
        error: String::new(),
    }
}

pub fn records(rows: Vec<Record>) -> Records {
    Records { rows }
}

/// Records of both samplers, 3 seeds and 3 rounds: random has 0.3, 0.4, 0.5 and core-set 0.35, 0.5, 0.65 on average;
/// the seeds lie 0.01 apart, so half an interval is 0.01 * 4.3027 / sqrt(3) = 0.0248.
pub fn full() -> Vec<Record> {
    let mut rows = Vec::new();
    for seed in 0..3 {
        for round in 0..3 {
            let off = 0.01 * (seed as f64 - 1.0);
            rows.push(accuracy("random", seed, round, 0.3 + 0.1 * round as f64 + off));
            rows.push(accuracy("core-set", seed, round, 0.35 + 0.15 * round as f64 + off));
        }
    }
    rows
}

pub fn manifest(spec: &Spec) -> Manifest {
    let (experiment, profile) = spec.identity();
    Manifest {
        experiment: experiment.into(),
        profile: profile.into(),
        spec_hash: spec.hash(),
        precision: spec.precision_of_networks(),
        data: DataOrigin {
            name: "shapes".into(),
            pool: 1000,
            test: 20,
            fingerprint: "0123abcd".into(),
            files: Vec::new(),
            note: "generated pictures, not photographs".into(),
            classes: Vec::new(),
        },
        edits: Vec::new(),
        sessions: vec![Session {
            started: "2026-01-02T03:04:05Z".into(),
            finished: "2026-01-02T04:04:05Z".into(),
            command: "pt4al run experiments/small.toml".into(),
            pt4al: "0.1.0".into(),
            revision: "abc1234".into(),
            dirty: true,
            libtorch: "2.11.0".into(),
            host: "here".into(),
            cpu: "a processor (2 cores)".into(),
            device: "cpu".into(),
            jobs: 1,
            threads: 2,
            estimate: None,
        }],
    }
}

/// Writes a results folder.
pub fn write_folder(folder: &Path, spec: &Spec, rows: Vec<Record>) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("spec.toml"), toml::to_string(spec).unwrap()).unwrap();
    records(rows).write(&folder.join("records.csv")).unwrap();
    manifest(spec).write(&folder.join("manifest.json")).unwrap();
}

/// Elements are closed in the order in which they were opened, and text holds no bare `<` or `&`.
pub fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').expect("a tag ends");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') && !tag.starts_with('?') {
            open.push(tag.split_whitespace().next().unwrap());
        }
        for entity in text.split('&').skip(1) {
            let known = ["lt;", "gt;", "amp;", "apos;", "quot;"];
            assert!(known.iter().any(|name| entity.starts_with(name)), "{text}");
        }
    }
    assert!(open.is_empty() && svg.starts_with("<svg"), "{open:?}");
}

/// Width and height; the file is decoded in full.
pub fn png_size(file: &Path) -> (u32, u32) {
    let bytes = std::fs::read(file).unwrap();
    let mut reader = ::png::Decoder::new(bytes.as_slice()).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size()];
    let info = reader.next_frame(&mut pixels).unwrap();
    // A picture, not a sheet of white.
    assert!(pixels.iter().any(|&p| p < 100) && pixels.contains(&255));
    (info.width, info.height)
}
