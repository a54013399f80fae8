//! The rules of random changes of training images.

use anyhow::{Result, ensure};

use super::no_repeats;
use crate::spec::{Augment, ColourJitter, DatasetSpec, Labeled, RandAugment, RandomResizedCrop};

/// # Errors
/// One line that opens with the key.
pub(super) fn check(key: &str, augment: &[Augment], set: &DatasetSpec) -> Result<()> {
    no_repeats(key, augment.iter().map(|a| kind(a).to_owned()))?;
    let crops: Vec<&str> = augment.iter().filter(|a| a.crops()).map(kind).collect();
    if let [first, second, ..] = crops[..] {
        anyhow::bail!("`{key}` has both {first} and {second}; an image is cropped once: keep one of them");
    }
    augment.iter().try_for_each(|augment| check_one(key, augment, set))
}

fn check_one(key: &str, augment: &Augment, set: &DatasetSpec) -> Result<()> {
    let name = kind(augment);
    if let Augment::RandomResizedCrop(RandomResizedCrop { area: [least, most], .. }) = *augment {
        ensure!(
            set.task().labels() == Labeled::Images,
            "`{key}` has {name}, which does not work on label maps; use {{ crop = [height, width] }}"
        );
        ensure!(
            0.0 < least && least <= most && most <= 1.0,
            "`{key}` has {name} with the area [{least}, {most}]; name the smallest and the largest fraction of the \
             image, above 0 and at most 1, for instance [0.08, 1.0]"
        );
    }
    check_colours(key, augment)?;
    if let Augment::RandAugment(RandAugment { operations, magnitude }) = *augment {
        ensure!(
            (1..=14).contains(&operations),
            "`{key}` has {name} with {operations} operations; it is a number from 1 to 14, for instance 2"
        );
        ensure!(
            magnitude <= 30,
            "`{key}` has {name} with the magnitude {magnitude}; it is a number from 0 to 30, for instance 9"
        );
    }
    let Some([height, width]) = augment.size() else { return Ok(()) };
    ensure!(height > 0 && width > 0, "`{key}` has {name} to {height} x {width}; both must be at least 1");
    let ([most_high, most_wide], decides) = set.stored();
    ensure!(
        height <= most_high && width <= most_wide,
        "`{key}` has {name} to {height} x {width}, but images are {most_high} x {most_wide} ({decides}); lower it"
    );
    Ok(())
}

fn check_colours(key: &str, augment: &Augment) -> Result<()> {
    let name = kind(augment);
    let probability = match *augment {
        Augment::ColourJitter(ColourJitter { brightness, contrast, saturation, probability }) => {
            for (option, strength) in [("brightness", brightness), ("contrast", contrast), ("saturation", saturation)] {
                ensure!(
                    (0.0..=1.0).contains(&strength),
                    "`{key}` has {name} with the {option} {strength}; it is from 0 (unchanged) to 1, for instance 0.4"
                );
            }
            probability
        }
        Augment::Grayscale(probability) => probability,
        Augment::Crop4 | Augment::Flip | Augment::Crop(_) | Augment::RandomResizedCrop(_) | Augment::RandAugment(_) => {
            return Ok(());
        }
    };
    ensure!(
        0.0 < probability && probability <= 1.0,
        "`{key}` has {name} with the probability {probability}; it is above 0 and at most 1"
    );
    Ok(())
}

/// Returns the name in the spec.
fn kind(augment: &Augment) -> &'static str {
    match augment {
        Augment::Crop4 => "crop-4",
        Augment::Flip => "flip",
        Augment::Crop(_) => "crop",
        Augment::RandomResizedCrop(_) => "random-resized-crop",
        Augment::ColourJitter(_) => "colour-jitter",
        Augment::Grayscale(_) => "grayscale",
        Augment::RandAugment(_) => "rand-augment",
    }
}
