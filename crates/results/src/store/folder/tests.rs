use std::path::Path;

use super::*;
use crate::spec::{Source, load};
use crate::store::{Progress, QueriedImages, Record, write_events};

/// The folder can go between any look at it and the write that follows.
#[test]
fn no_write_brings_a_removed_folder_back() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/demo.toml");
    let spec = load(&Source { path, profile: None, sets: Vec::new() }).unwrap();
    let data = DataOrigin {
        name: "shapes".into(),
        fingerprint: "f".into(),
        files: Vec::new(),
        pool: 2000,
        test: 1000,
        classes: Vec::new(),
        note: String::new(),
    };
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("demo");
    let folder = Folder::open(&root, &spec, &data, &[]).unwrap();
    folder.begin(&spec).unwrap();
    let (trial, losses) = (&spec.trials()[0], Losses { rows: vec![(0, 1.0)] });
    let files = folder.trial(trial);
    let (experiment, profile) = spec.identity();
    let named =
        Record { experiment: experiment.into(), profile: profile.into(), sampler: trial.label(), ..Record::default() };
    let row = Record { labeled: 100, metric: "accuracy".into(), value: Some(0.5), select: "last".into(), ..named };
    let records = Records { rows: vec![row.clone()] };
    let queries = Queries::of_rounds(vec![(0..100).collect()]);
    let writes = || {
        [
            ("round", files.commit_round(&records, &queries, &Epochs::default(), None)),
            ("weights", files.stage_weights(0, |path| Ok(std::fs::write(path, "w")?)).map(drop)),
            ("query", files.commit_query(&records, &queries, false)),
            ("failure", files.set_failure(Some(row.clone()))),
            ("losses", folder.write_losses(None, 0, &losses)),
            ("merged records", folder.merge(&spec).map(drop)),
            ("spec", folder.begin(&spec)),
            ("progress", Progress::default().write(&root)),
            ("queried images", QueriedImages::default().write(&root)),
        ]
    };
    for (what, written) in writes() {
        written.unwrap_or_else(|error| panic!("{what}: {error:#}"));
    }
    write_events(&root, trial).unwrap();
    assert!(root.join("records.csv").exists() && root.join("tensorboard").exists());
    std::fs::remove_dir_all(&root).unwrap();
    for (what, written) in writes() {
        assert!(written.is_err() && !root.exists(), "{what}");
    }
    // It finds nothing to write.
    let _ = write_events(&root, trial);
    assert!(!root.exists());
}
