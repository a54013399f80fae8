//! Specs: TOML that people write, changes on a command line, and the specs of results folders.

use std::sync::LazyLock;

use pt4al_results::spec::{self, Source, Spec};

use crate::place;
use crate::place::told;

/// The files that a spec may name.
static FILES: LazyLock<()> = LazyLock::new(|| {
    place::put("specs/demo.toml", &place::read("experiments/demo.toml"));
    place::put("specs/losses.csv", b"index,loss\n0,0.5\n1,0.25\n");
    place::put("specs/features.npz", &crate::seeds::npz());
});

/// A spec file, with each of its profiles.
pub fn spec(data: &[u8]) {
    LazyLock::force(&FILES);
    let path = place::put("specs/spec.toml", data);
    let source = Source { path, ..Source::default() };
    round_trip(told(spec::load(&source)));
    for profile in told(spec::profiles(&source.path)).unwrap_or_default() {
        round_trip(told(spec::load(&Source { profile: Some(profile), ..source.clone() })));
    }
}

/// `--profile` and `--set`: the first line is the profile, and each line below changes a key.
pub fn set(data: &[u8]) {
    LazyLock::force(&FILES);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n').map(str::to_owned);
    let profile = lines.next().filter(|name| !name.is_empty());
    let source = Source { path: place::path("specs/demo.toml"), profile, sets: lines.collect() };
    round_trip(told(spec::load(&source)));
}

/// The `spec.toml` of a results folder.
pub fn resolved(data: &[u8]) {
    told(spec::load_resolved(&place::put("specs/resolved.toml", data)));
}

/// A spec that was read can be written, and is then read as the same one.
fn round_trip(spec: Option<Spec>) {
    let Some(spec) = spec else { return };
    let text = spec.to_toml().expect("every spec can be written");
    let path = place::put("specs/written.toml", text.as_bytes());
    let again = spec::load_resolved(&path).unwrap_or_else(|error| panic!("{error:#}\n{text}"));
    assert_eq!(again.hash(), spec.hash(), "{text}");
}
