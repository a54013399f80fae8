//! The files of results folders, published numbers, documents, and what a sampler's command answers.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::LazyLock;

use pt4al_results::files::checksums::{self, CHECKSUMS, Staged};
use pt4al_results::report;
use pt4al_results::results::Results;
use pt4al_results::status::Status;
use pt4al_results::store::{Epochs, Losses, Manifest, PartMetric, Progress, QueriedImages, Queries, Records, verify};
use sha2::{Digest, Sha256};

use crate::place::{self, told, told_in_words};

/// What a sampler's command prints. The module needs no tensors, but its crate does.
#[path = "../../../src/sampler/command/answer.rs"]
#[allow(dead_code)]
mod command_answer;

pub fn records(data: &[u8]) {
    if let Some(records) = told(Records::read(&place::put("records.csv", data))) {
        let path = place::path("written.csv");
        records.write(&path).expect("room in memory");
        Records::read(&path).unwrap_or_else(|error| panic!("{error:#}"));
        records.rounds().count();
    }
}

/// A results folder of the demo with these records.
pub fn results(data: &[u8]) {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        for name in ["spec.toml", "manifest.json"] {
            place::put(&format!("results/{name}"), &place::read(&format!("results/baseline/demo/{name}")));
        }
        place::path("results")
    });
    place::put("results/records.csv", data);
    if let Some(results) = told(Results::read(&FOLDER)) {
        results.warnings();
    }
    told(Results::read_early(&FOLDER));
    if let Some(status) = told(Status::read(&FOLDER)) {
        status.in_words();
    }
}

pub fn epochs(data: &[u8]) {
    told(Epochs::read(&place::put("epochs.csv", data)));
}

pub fn queries(data: &[u8]) {
    let path = place::put("queries.csv", data);
    told(PartMetric::read(&path));
    let Some(mut queries) = told(Queries::read(&path)) else { return };
    let name = |index: usize| format!("{index}.png");
    told(queries.clone().take_ids(Some(name), &path, "restore it"));
    if told(queries.take_ids(None::<fn(usize) -> String>, &path, "restore it")).is_some() {
        let path = place::path("written.csv");
        queries.write(&path).expect("room in memory");
        assert_eq!(Queries::read(&path).expect("it was just written"), queries);
    }
}

pub fn losses(data: &[u8]) {
    let path = place::put("losses.csv", data);
    if let Some(losses) = told(Losses::read(&path)) {
        told(losses.of_pool(&[0, 1, 2], 4, &path));
    }
}

/// The losses that `correlate` writes.
pub fn pairs(data: &[u8]) {
    told(report::correlation::read_pairs(&place::put("pairs.csv", data)));
}

/// The JSON files of a results folder: what it was made from, and what a run is doing.
pub fn manifest(data: &[u8]) {
    Progress::read(place::put("run/progress.json", data).parent().expect("it is below a folder"));
    let Some(Some(manifest)) = told(Manifest::read(&place::put("manifest.json", data))) else { return };
    manifest.each(|session| session.program());
    for session in &manifest.sessions {
        session.seconds();
        session.estimate.map(|estimate| estimate.in_words());
    }
}

/// The folder `queried/`: its three files, with zeros between them.
pub fn queried(data: &[u8]) {
    let mut parts = data.splitn(3, |&byte| byte == 0);
    for name in ["classes.csv", "thumbnails.csv", "thumbnails.jpg"] {
        place::put(&format!("shown/queried/{name}"), parts.next().unwrap_or_default());
    }
    told(QueriedImages::read(&place::path("shown")));
}

/// A list of checksums. Its own checksum is made right, so that the rest is reached.
pub fn checksums(data: &[u8]) {
    static TITLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        place::put("listed/spec.toml", b"seeds = []\n");
        let list = place::read(&format!("results/baseline/demo/{CHECKSUMS}"));
        let end = list.windows(2).position(|pair| pair == b": ").expect("the first line ends with a checksum");
        list[..end + 2].to_vec()
    });
    let sum = format!("{:x}\n", Sha256::digest(data));
    let list = place::put(&format!("listed/{CHECKSUMS}"), &[&TITLE, sum.as_bytes(), data].concat());
    let folder = place::path("listed");
    told(checksums::check(&folder.join("spec.toml")));
    for problem in told(verify(&folder)).into_iter().flat_map(|found| found.problems) {
        told_in_words::<(), _>(Err(problem));
    }
    let records = folder.join("records.csv");
    let staged = Staged::new(&records, b"experiment\n").expect("room in memory");
    if told(checksums::commit(&list, vec![staged], &[])).is_some() {
        checksums::check(&records).expect("it is as its list says");
        std::fs::remove_file(&records).expect("it was just written");
    }
}

/// Published numbers that are shown beside results.
pub fn published(data: &[u8]) {
    let path = place::put("reference/numbers.csv", data);
    let references = told(report::references(path.parent().expect("it is below a folder"), "numbers"));
    references.into_iter().flatten().for_each(|reference| drop(reference.name()));
}

/// A document with tables of results. Folders that it names are looked for below the document and above it.
pub fn splice(data: &[u8]) {
    static RESULTS: LazyLock<()> = LazyLock::new(|| {
        for name in ["spec.toml", "manifest.json"] {
            place::put(&format!("documents/demo/{name}"), &place::read(&format!("results/baseline/demo/{name}")));
        }
        let records = place::read("results/baseline/demo/records.csv");
        let few: Vec<&[u8]> = records.split_inclusive(|&byte| byte == b'\n').take(40).collect();
        place::put("documents/demo/records.csv", &few.concat());
    });
    LazyLock::force(&RESULTS);
    let path = place::put("documents/page.md", data);
    if told(report::splice::splice(&path)).is_some() {
        assert_eq!(report::splice::outdated_line(&path).expect("as before"), None);
    }
}

/// A word on a printed command line, whatever a file is called.
pub fn shell(data: &[u8]) {
    use std::os::unix::ffi::OsStrExt;
    let word = OsStr::from_bytes(data);
    let quoted = pt4al_results::shell::word(word);
    assert!(!quoted.is_empty() && !quoted.contains(|c: char| c.is_control() && c != '\n'), "{quoted:?}");
}

/// What a sampler's command prints.
pub fn answer(data: &[u8]) {
    let unlabeled = [2, 3, 5, 8, 13];
    if let Some(chosen) = told(command_answer::read(data, &unlabeled, 2)) {
        assert!(chosen.len() == 2 && chosen.iter().all(|index| unlabeled.contains(index)), "{chosen:?}");
    }
}
