//! Segmentation with the same loop, samplers and store as classification.

use crate::pictures::{cityscapes, png, tiny_cityscapes};
use crate::support::{Workplace, in_double_precision, queries, stderr, values};

fn command(place: &Workplace, data: &std::path::Path, arguments: &str) -> std::process::Output {
    place.command(arguments).env("PT4AL_DATA", data).env("PT4AL_CACHE", data.join("cache")).output().unwrap()
}

const RUN: &str = "run tiny.toml --device cpu --only seed0";

#[test]
fn all_samplers_query_images_and_are_measured_by_pixels() {
    let data = tempfile::tempdir().unwrap();
    cityscapes(data.path(), 20, 6);
    let place = Workplace::with(&in_double_precision(&tiny_cityscapes("memory")));
    let output = command(&place, data.path(), RUN);
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = place.path("results/tiny");
    let rows = values(&folder);
    // Three classes occur in val; the other sixteen have no row.
    assert_eq!(rows.len(), 4 * 3 * (["miou", "pixel-accuracy", "loss", "epoch"].len() + 3));
    for name in ["iou/road", "iou/sky", "iou/car"] {
        assert_eq!(rows.iter().filter(|row| row.contains(&format!(",{name},"))).count(), 12, "{rows:?}");
    }
    // More than half of the pixels are road or sky, which have distinct colours. By chance, 1 pixel in 19 is right.
    let accuracy = rows.iter().filter(|row| row.contains(",2,12,pixel-accuracy,"));
    let accuracy: Vec<f64> = accuracy.map(|row| row.split(',').next_back().unwrap().trim().parse().unwrap()).collect();
    assert!(accuracy.len() == 4 && accuracy.iter().all(|&value| value > 0.3), "{accuracy:?}");
    for sampler in ["random", "entropy", "core-set", "pretext-batch"] {
        assert_eq!(queries(&folder, &format!("{sampler}-seed0")).lines().count(), 1 + 12);
    }
    let page = std::fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(
        page.contains("Mean IoU") && page.contains("the test split has no image with them: sidewalk, building,"),
        "{page}"
    );

    for storage in ["mapped", "stream"] {
        let other = Workplace::with(&in_double_precision(&tiny_cityscapes(storage)));
        let output = command(&other, data.path(), RUN);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(values(&other.path("results/tiny")), rows, "{storage}");
    }
    let plan = command(&Workplace::with(&tiny_cityscapes("mapped")), data.path(), "plan tiny.toml --device cpu");
    let plan = String::from_utf8_lossy(&plan.stdout).into_owned();
    assert!(plan.contains("MB of decoded images in"), "{plan}");
}

#[test]
fn rotation_turns_the_square_in_the_center() {
    let data = tempfile::tempdir().unwrap();
    cityscapes(data.path(), 20, 2);
    let spec = tiny_cityscapes("memory").replace("colorization", "rotation").replace("count = 3", "count = 2");
    for forward in ["separate", "together"] {
        let place = Workplace::with(&spec.replace("forward = \"separate\"", &format!("forward = \"{forward}\"")));
        let output = command(&place, data.path(), "run tiny.toml --device cpu --only pretext-batch-seed0");
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

#[test]
fn all_problems_of_images_and_label_maps_are_listed_together() {
    let data = tempfile::tempdir().unwrap();
    cityscapes(data.path(), 20, 2);
    let root = data.path().join("cityscapes");
    std::fs::remove_file(root.join("gtFine/train/town/town_000003_000019_gtFine_labelIds.png")).unwrap();
    std::fs::remove_file(root.join("leftImg8bit/val/town/town_000001_000019_leftImg8bit.png")).unwrap();
    png(&root.join("gtFine/train/town/town_000005_000019_gtFine_labelIds.png"), [16, 24], 1, &[77; 16 * 24]);
    png(&root.join("leftImg8bit/train/town/town_000006_000019_leftImg8bit.png"), [8, 8], 3, &[1; 8 * 8 * 3]);
    let place = Workplace::with(&tiny_cityscapes("memory"));
    let output = command(&place, data.path(), RUN);
    let text = stderr(&output);
    assert!(text.starts_with("error: 4 problems"), "{text}");
    for part in ["town_000003", "town_000001", "77", "town_000006", "8x8"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("panicked") && !place.path("results").exists(), "{text}");
}
