//! Time and memory of finding and checking many small files: 200,000 in 1,000 folders, or as many as the first argument
//! says (`cargo bench -p pt4al-data --bench index`). Nothing is decoded, and the files are in the system's cache.

use std::path::Path;
use std::time::Instant;

use pt4al_data::index::{Files, verify};
use pt4al_data::problems::Problems;

const FOLDERS: usize = 1_000;

fn main() {
    let files = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(200_000);
    let place = tempfile::tempdir().expect("a temporary folder");
    let (root, cache) = (place.path().join("files"), place.path().join("cache"));
    timed("make", || make(&root, files));
    let found = timed("scan", || scan(&root));
    assert_eq!(found.len(), files);
    drop(found);
    let first = timed("scan and check, first", || check(&scan(&root), &cache));
    let second = timed("scan and check, cached", || check(&scan(&root), &cache));
    assert!(first.1 == files && second.1 == 0 && first.0 == second.0);
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    // Sets the peak to the memory in use now.
    let reset = std::fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = if reset { peak_mb() } else { None };
    let start = Instant::now();
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    let memory = match before.zip(peak_mb()) {
        Some((before, peak)) => format!("from {before:.1} to at most {peak:.1} MiB"),
        None => "memory unknown on this system".into(),
    };
    println!("{what}: {seconds:.2} s, {memory}");
    result
}

/// Peak resident memory in MiB. Not from `getrusage`, whose peak is at least that of the process that started this one,
/// which is cargo.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}

fn make(root: &Path, files: usize) {
    for folder in 0..FOLDERS {
        let path = root.join(format!("n{folder:08}"));
        std::fs::create_dir_all(&path).expect("a folder");
        for file in (folder..files).step_by(FOLDERS) {
            std::fs::write(path.join(format!("n{folder:08}_{file}.JPEG")), file.to_le_bytes()).expect("a file");
        }
    }
}

fn scan(root: &Path) -> Files {
    let problems = Problems::default();
    let files = Files::scan(root, &|path| path.ends_with(".JPEG"), &problems).expect("a folder of files");
    problems.into_result("the files", "correct the benchmark").expect("no problems");
    files
}

/// Checks the files, and returns the fingerprint and the number of files that were read.
fn check(files: &Files, cache: &Path) -> (String, usize) {
    let problems = Problems::default();
    let verified = verify(files, "files", &|_, _| Ok(0), cache, &problems).expect("a folder of files");
    problems.into_result("the files", "correct the benchmark").expect("no problems");
    (verified.fingerprint, verified.read)
}
