//! Fuzz targets: each reads bytes that somebody else wrote, as a parser of the project gets them.
//!
//! A target fails if it panics, hangs, allocates out of proportion ([`limit`]), or returns an error of several lines
//! ([`place::told`]). All targets are in one program, because linking takes longer than anything else: `FUZZ_TARGET` names the
//! one that runs. `FUZZ_SEEDS=FOLDER` writes the inputs that a run begins with, and ends. `run.sh` does both.

#![no_main]

mod images;
mod limit;
mod place;
mod readers;
mod seeds;
mod specs;
mod steady;
mod store;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

#[global_allocator]
static ALLOCATOR: limit::Limited = limit::Limited;

/// What runs for each input.
type Target = fn(&[u8]);

/// All targets by name. `run.sh` gets the names from `FUZZ_SEEDS`.
const TARGETS: [(&str, Target); 24] = [
    ("spec", specs::spec),
    ("set", specs::set),
    ("resolved", specs::resolved),
    ("records", store::records),
    ("results", store::results),
    ("epochs", store::epochs),
    ("queries", store::queries),
    ("losses", store::losses),
    ("pairs", store::pairs),
    ("manifest", store::manifest),
    ("queried", store::queried),
    ("checksums", store::checksums),
    ("published", store::published),
    ("splice", store::splice),
    ("shell", store::shell),
    ("answer", store::answer),
    ("features", readers::features),
    ("labels", readers::labels),
    ("folder-csv", readers::folder_csv),
    ("imagenet", readers::imagenet),
    ("mat", readers::mat),
    ("cifar", readers::cifar),
    ("checked", readers::checked),
    ("image", images::image),
];

static TARGET: OnceLock<Target> = OnceLock::new();

fn choose() {
    if let Some(folder) = std::env::var_os("FUZZ_SEEDS") {
        seeds::write(folder.as_ref());
        std::process::exit(0);
    }
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let Some((_, target)) = TARGETS.iter().find(|(known, _)| *known == name) else {
        let names: Vec<&str> = TARGETS.iter().map(|(known, _)| *known).collect();
        eprintln!("error: FUZZ_TARGET is {name:?}; it must be one of {}", names.join(", "));
        std::process::exit(1);
    };
    TARGET.get_or_init(|| *target);
    steady::one_thread();
}

fuzz_target!(
    init: choose(),
    |data: &[u8]| {
        TARGET.get().expect("chosen at the start")(data);
        limit::forget();
    }
);
