//! Pages of the committed results in a browser: the first screen, tables, thumbnails, the dark theme, accessibility.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::window::{checks, chromium, framed, open, skip, with_scripts};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// axe-core's source, from the file that `PT4AL_AXE` names or from an installation beside the repository.
fn axe() -> Option<String> {
    let named = std::env::var_os("PT4AL_AXE").map(PathBuf::from);
    let beside = Path::new(ROOT).join("node_modules/axe-core/axe.min.js");
    match named {
        Some(file) => Some(std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))),
        None => std::fs::read_to_string(beside).ok(),
    }
}

/// A copy of a folder of `results/baseline` with a sheet of thumbnails, which git does not keep; its `report.html`.
fn report(name: &str, to: &Path) -> String {
    let from = Path::new(ROOT).join("results/baseline").join(name);
    let folder = to.join(name);
    copy(&from, &folder);
    let rows = std::fs::read_to_string(folder.join("queried/thumbnails.csv")).unwrap();
    let numbers = rows.lines().skip(1).map(|row| row.split(',').map(|n| n.parse().unwrap()).collect::<Vec<u16>>());
    let ends: Vec<(u16, u16)> = numbers.map(|row| (row[1] + row[3], row[2] + row[4])).collect();
    let (width, height) = (ends.iter().map(|e| e.0).max().unwrap(), ends.iter().map(|e| e.1).max().unwrap());
    let mut jpeg = Vec::new();
    let pixels: Vec<u8> = (0..usize::from(width) * usize::from(height) * 3).map(|i| (i / 7 % 256) as u8).collect();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 60);
    encoder.encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb).unwrap();
    std::fs::write(folder.join("queried/thumbnails.jpg"), jpeg).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pt4al-results")).arg("report").arg(&folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read_to_string(folder.join("report.html")).unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// One folder on a desk's and a phone's screen.
fn check(name: &str) {
    let dir = tempfile::tempdir().unwrap();
    let page = report(name, dir.path());
    let Some(chromium) = chromium() else {
        return skip("no Chromium here: name one in PT4AL_CHROMIUM, or `apt-get install chromium`");
    };
    let axe = axe();
    if axe.is_none() {
        skip("no axe-core here, so accessibility is not checked by it: name its axe.min.js in PT4AL_AXE");
    }
    for size in [(1280, 800), (390, 844)] {
        let scripts = [axe.as_deref().unwrap_or_default(), include_str!("screen.js")];
        let file = dir.path().join("checked.html");
        std::fs::write(&file, framed(&with_scripts(&page, &scripts), size)).unwrap();
        let found = open(&chromium, &file);
        let tail = &found[found.len().saturating_sub(2000)..];
        let checks = checks(&found).unwrap_or_else(|| panic!("{name}: the checks did not end at {size:?}: {tail}"));
        let failed: Vec<&str> = checks.lines().filter(|line| line.starts_with("FAILED")).collect();
        assert!(failed.is_empty(), "{name} at {size:?}: {failed:#?}");
        let expected = if axe.is_some() { 16 } else { 14 };
        assert!(checks.lines().filter(|line| line.starts_with("ok")).count() >= expected, "{checks}");
    }
}

#[test]
fn six_claims_and_their_curves_are_on_the_first_screen() {
    check("cifar10-cpu");
}

#[test]
fn many_arms_are_on_the_first_screen() {
    check("cifar10-departures-cpu");
}

#[test]
fn a_single_arm_and_a_segmentation_are_on_the_first_screen() {
    check("cifar10-random-10000");
    check("cityscapes-cpu");
}
