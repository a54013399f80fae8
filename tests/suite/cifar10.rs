//! Tests on the real files of CIFAR-10, in the folder that `PT4AL_TEST_DATA` names. Without it they are skipped.

use std::path::PathBuf;

use pt4al_data::cifar10;

use crate::damage::remove_checksums;
use crate::support::{TINY, Workplace, skip, stderr, stdout, values};

fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("PT4AL_TEST_DATA").map(PathBuf::from);
    if folder.is_none() {
        skip("PT4AL_TEST_DATA is not set, so this test on CIFAR-10 has not run");
    }
    folder
}

#[test]
fn the_whole_data_set_reads() {
    let Some(data) = data() else { return };
    let splits = cifar10::read(&data).unwrap();
    assert_eq!((splits.train.len(), splits.test.len()), (50_000, 10_000));
    assert_eq!(splits.classes[3], "cat");
    for (images, each) in [(&splits.train, 5_000), (&splits.test, 1_000)] {
        assert_eq!(images.pixels.len(), images.len() * 32 * 32 * 3);
        for class in 0..10 {
            assert_eq!(images.labels.iter().filter(|&&l| l == class).count(), each);
        }
    }
    // The published means of the training images; red is the first channel.
    let mean = |channel: usize| {
        let sum: u64 = splits.train.pixels.iter().skip(channel).step_by(3).map(|&p| u64::from(p)).sum();
        sum as f64 / 255.0 / (50_000.0 * 1024.0)
    };
    for (channel, published) in [0.4914, 0.4822, 0.4465].into_iter().enumerate() {
        assert!((mean(channel) - published).abs() < 1e-3, "channel {channel}: {}", mean(channel));
    }
}

#[test]
fn a_network_learns_real_images_and_the_manifest_names_the_files() {
    let Some(data) = data() else { return };
    let spec = TINY
        .replace("[dataset.shapes]\npool = 200\ntest = 60\nside = 12\nseed = 0\n", "[dataset.cifar10]\npool = 2000\n")
        .replace("count = 3\ninitial = 20\nquery = 20", "count = 2\ninitial = 300\nquery = 100")
        .replace("width = 2", "width = 8")
        .replace("epochs = 2", "epochs = 12");
    let place = Workplace::with(&spec);
    let folder = place.path("results/tiny");
    let output = place
        .command("run tiny.toml --device cpu --only ^(random|core-set)-seed0")
        .env("PT4AL_DATA", &data)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = values(&folder);
    let accuracy = rows.iter().filter(|r| r.contains("accuracy")).map(|r| r.split(',').next_back().unwrap());
    for value in accuracy {
        // Chance is 0.1, with a standard error of 0.003 on 10,000 images.
        let value: f64 = value.trim().parse().unwrap();
        assert!(value > 0.15, "{rows:?}");
    }
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    assert!(manifest.contains("data_batch_5.bin") && manifest.contains("\"official\""), "{manifest}");
    let verified = place.command("data verify cifar10").env("PT4AL_DATA", &data).output().unwrap();
    assert!(stdout(&verified).contains("test_batch.bin"), "{}", stdout(&verified));

    // The same spec with other data (another fingerprint) is refused.
    remove_checksums(&folder);
    let edited = manifest.replacen("\"fingerprint\": \"", "\"fingerprint\": \"0", 1);
    std::fs::write(folder.join("manifest.json"), edited).unwrap();
    let output = place.command("run tiny.toml --device cpu").env("PT4AL_DATA", &data).output().unwrap();
    assert!(stderr(&output).contains("of other data"), "{}", stderr(&output));
}
