//! The rules of the data set's part of a spec, and of the imbalance that is laid over it.

use anyhow::{Result, ensure};

use super::check_count;
use crate::spec::{
    Caltech101Spec, Cifar10Spec, CityscapesSpec, DatasetSpec, ImagenetSpec, Imbalance, Input, Labeled, Linear,
    LongTail, Normalize, ShapesSpec, StepImbalance,
};

/// The largest side of stored images, so that a mistyped size is told before memory is asked for.
const LARGEST_INPUT: usize = 1024;
const LARGEST_MAP: usize = 8192;
/// The most generated images of a split; whether memory holds them is asked for where they are made.
const MOST_SHAPES: usize = 10_000_000;
/// The smallest side that the networks can halve three times.
const SMALLEST: usize = 8;

/// The rules of a data set on its own.
///
/// # Errors
/// One line that opens with the key.
pub(super) fn check(set: &DatasetSpec) -> Result<()> {
    let Normalize { mean, std } = set.normalize();
    ensure!(
        std.iter().all(|s| *s > 0.0 && s.is_finite()) && mean.iter().all(|m| m.is_finite()),
        "`dataset.{}.normalize` needs finite means and positive deviations",
        set.name()
    );
    ensure!(
        set.pool().is_some() || set.pool_seed() == 0,
        "`dataset.{0}.pool-seed` draws nothing without `dataset.{0}.pool`; add that, or remove the seed",
        set.name()
    );
    match set {
        DatasetSpec::Cifar10(cifar) => {
            let all = Cifar10Spec::TRAIN;
            match cifar.pool {
                Some(pool) => {
                    ensure!((1..=all).contains(&pool), "`dataset.cifar10.pool` is {pool}; it must be 1 to {all}");
                    Ok(())
                }
                None => Ok(()),
            }
        }
        DatasetSpec::Shapes(shapes) => check_shapes(shapes),
        DatasetSpec::Caltech101(Caltech101Spec { input, test, pool, .. }) => {
            check_input("caltech101", *input)?;
            check_pool("caltech101", *pool)?;
            ensure!(
                *test > 0.0 && *test < 1.0,
                "`dataset.caltech101.test` is {test}; it is a part of each class, between 0 and 1"
            );
            Ok(())
        }
        DatasetSpec::Imagenet(ImagenetSpec { input, pool, .. }) => {
            check_input("imagenet", *input)?;
            check_pool("imagenet", *pool)
        }
        DatasetSpec::Cityscapes(cityscapes) => check_cityscapes(cityscapes),
    }
}

fn check_shapes(shapes: &ShapesSpec) -> Result<()> {
    check_count("dataset.shapes.pool", shapes.pool, MOST_SHAPES)?;
    check_count("dataset.shapes.test", shapes.test, MOST_SHAPES)?;
    ensure!((12..=64).contains(&shapes.side), "`dataset.shapes.side` is {}; it must be 12 to 64", shapes.side);
    Ok(())
}

fn check_input(name: &str, Input { resize, crop }: Input) -> Result<()> {
    ensure!(
        (SMALLEST..=LARGEST_INPUT).contains(&resize),
        "`dataset.{name}.input.resize` is {resize}; it must be {SMALLEST} to {LARGEST_INPUT}"
    );
    ensure!(
        (1..=resize).contains(&crop),
        "`dataset.{name}.input.crop` is {crop}; it must be 1 to {resize}, the `resize` beside it"
    );
    Ok(())
}

fn check_pool(name: &str, pool: Option<usize>) -> Result<()> {
    ensure!(
        pool != Some(0),
        "`dataset.{name}.pool` is 0; it must be at least 1, or leave it out to take the whole train split"
    );
    Ok(())
}

fn check_cityscapes(set: &CityscapesSpec) -> Result<()> {
    let sides = SMALLEST..=LARGEST_MAP;
    for (key, size) in [("size", Some(set.size)), ("resize", set.resize)] {
        let Some([height, width]) = size else { continue };
        ensure!(
            sides.contains(&height) && sides.contains(&width),
            "`dataset.cityscapes.{key}` is [{height}, {width}]; height and width must be {SMALLEST} to {LARGEST_MAP}"
        );
    }
    if let Some([height, width]) = set.resize {
        ensure!(
            height <= set.size[0] && width <= set.size[1],
            "`dataset.cityscapes.resize` is [{height}, {width}], larger than the [{}, {}] of `dataset.cityscapes.size`; \
             images are never enlarged: lower it or leave it out",
            set.size[0],
            set.size[1]
        );
    }
    Ok(())
}

/// The rules of an imbalance that is laid over `set`; those that need the images are kept where they are read.
///
/// # Errors
/// One line that opens with the key.
pub(super) fn check_imbalance(imbalance: &Imbalance, set: &DatasetSpec) -> Result<()> {
    ensure!(
        set.task().labels() == Labeled::Images,
        "`imbalance` needs a class for each image, but {} has one for each pixel; leave `imbalance` out",
        set.name()
    );
    let check_ratio = |kind: &str, ratio: f64| {
        ensure!(
            ratio.is_finite() && ratio >= 1.0,
            "`imbalance.{kind}.ratio` is {ratio}; it must be at least 1, how many times more the largest class keeps"
        );
        Ok(())
    };
    match *imbalance {
        Imbalance::LongTail(LongTail { ratio, .. }) => check_ratio("long-tail", ratio),
        Imbalance::Step(StepImbalance { classes, ratio, .. }) => {
            ensure!(
                classes > 0.0 && classes <= 1.0,
                "`imbalance.step.classes` is {classes}; it is the part of the classes that is cut, above 0 and at most 1"
            );
            check_ratio("step", ratio)
        }
        Imbalance::Linear(Linear { step, .. }) => {
            ensure!(step > 0, "`imbalance.linear.step` is 0; it must be at least 1");
            Ok(())
        }
    }
}
