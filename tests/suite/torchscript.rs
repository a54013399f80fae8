//! A network from a TorchScript file. `tests/fixtures/torchscript/make.py` writes the files.

use std::fs;
use std::path::Path;

use crate::support::{TINY, Workplace, fails, in_double_precision, queries, stdout, values};

const RUN: &str = "run tiny.toml --device cpu";

/// The tiny spec with the network of a file.
fn place(file: &str) -> Workplace {
    let model = format!("torchscript = \"{file}\"");
    let place = Workplace::with(&in_double_precision(&TINY.replace("arch = \"resnet18\"\nwidth = 2", &model)));
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/torchscript");
    for name in ["map.pt", "fixed.pt"] {
        fs::copy(fixtures.join(name), place.path(name)).unwrap();
    }
    place
}

#[test]
fn a_network_from_a_file_runs_with_every_sampler_and_resumes_to_the_same_values() {
    let place = place("map.pt");
    let plan = stdout(&place.succeeds("plan tiny.toml --device cpu"));
    assert!(plan.contains("images/s trained"), "{plan}");
    place.succeeds(RUN);
    let folder = place.path("results/tiny");
    let rows = values(&folder);
    let page = fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(page.contains("the network map.pt on images of 12 x 12 pixels"), "{page}");
    // As if the run had been stopped in the last round of one trial.
    let records = folder.join("trials/entropy-seed0/records.csv");
    let text = fs::read_to_string(&records).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.contains(",entropy,0,2,")).collect();
    assert!(kept.len() > 1 && kept.len() < text.lines().count());
    fs::write(&records, kept.join("\n") + "\n").unwrap();
    fs::remove_file(folder.join("records.csv")).unwrap();
    let asked = queries(&folder, "entropy-seed0");
    place.succeeds(RUN);
    assert_eq!((values(&folder), queries(&folder, "entropy-seed0")), (rows.clone(), asked));
    // Only the head: another protocol, and a run with the weights of the round before.
    let frozen = place.succeeds(&format!("{RUN} --results frozen --set model.frozen=true --set train.start=continue"));
    assert!(frozen.status.success());
    assert_ne!(values(&place.path("frozen/tiny")), rows);
}

#[test]
fn a_file_that_does_not_fit_is_refused_before_anything_is_trained() {
    let place = place("fixed.pt");
    fs::write(place.path("broken.pt"), "no module").unwrap();
    fails(&place, &format!("{RUN} --set model.torchscript=broken.pt"), "broken.pt: not a TorchScript file");
    fails(&place, &format!("{RUN} --set dataset.shapes.side=16"), "fixed.pt: does not take 1 image of 16 x 16 pixels");
    fails(&place, "plan tiny.toml --device cpu --set dataset.shapes.side=16", "16 x 16 pixels");
    fails(&place, &format!("{RUN} --set train.precision=bf16"), "`train.precision` is \"bf16\"");
    assert!(!place.path("results").exists());
}
