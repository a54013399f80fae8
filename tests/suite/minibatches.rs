//! A last minibatch of one image, in networks whose batch norm may see only one value per channel and image.

use crate::support::{Workplace, fails, values};

/// A network that halves an image of 12x12 five times, to one place.
const ONE_PLACE: &str = "run tiny.toml --device cpu --set seeds=[0] --set model.stem=7x7";

/// Asserts that the command fails before anything is trained or written.
fn refused(place: &Workplace, arguments: &str, part: &str) {
    fails(place, arguments, part);
    assert!(!place.path("results").exists(), "nothing may be written");
}

/// Minibatches of 19 leave one, two or three of 20, 40 and 60 labels; a minibatch of 199 leaves one of 200 images of the pool.
#[test]
fn a_single_image_that_is_left_over_is_trained_on() {
    let place = Workplace::new();
    place.succeeds(&format!("{ONE_PLACE} --set train.minibatch=19 --set pretext.minibatch=199"));
    let values = values(&place.path("results/tiny"));
    assert_eq!(values.len(), 36);
    assert!(values.iter().all(|value| !value.contains("NaN") && !value.contains("diverged")), "{values:?}");
    // 19 labels and the single one that is left over make a minibatch of 20.
    place.succeeds(&format!("{ONE_PLACE} --set train.minibatch=20 --only ^random --results twenty"));
    let first = |folder: &str| -> Vec<String> {
        let in_round_0 = |value: &String| value.starts_with("tiny,,random,0,0,");
        crate::support::values(&place.path(folder)).into_iter().filter(in_round_0).collect()
    };
    assert_eq!(first("results/tiny"), first("twenty/tiny"));
    // The same with held-out labels: 2 of 20 are held out.
    let select = "train.select={query='best-on-held-out',record=['best-on-held-out'],every=1,held-out=0.1}";
    place.succeeds(&format!("{ONE_PLACE} --set train.minibatch=17 --results held-out --only ^random --set {select}"));
}

#[test]
fn trainings_on_single_images_are_refused_beforehand() {
    let place = Workplace::new();
    for (sets, part) in [
        ("--set train.minibatch=1", "`train.minibatch` is 1, but batch norm needs 2 images"),
        ("--set pretext.minibatch=1", "`pretext.minibatch` is 1, but each image gives batch norm one value"),
        ("--set rounds.initial=1", "`rounds.initial` is 1, but batch norm needs 2 images"),
    ] {
        refused(&place, &format!("{ONE_PLACE} {sets}"), part);
        let plan = ONE_PLACE.replacen("run", "plan", 1);
        refused(&place, &format!("{plan} {sets}"), part);
    }
    // With the small stem the smallest map of 12x12 has four places, and one image is enough.
    place.succeeds("run tiny.toml --device cpu --only ^random-seed0$ --set train.minibatch=1 --set train.epochs=1");
}
