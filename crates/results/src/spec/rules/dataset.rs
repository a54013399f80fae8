//! The rules that hold for every data set, and those of an imbalance. The rules of one data set stand beside its
//! options ([`crate::spec::DatasetOptions::check`]).

use anyhow::{Result, ensure};

use crate::spec::{DatasetSpec, Imbalance, Labeled, Linear, LongTail, Normalize, StepImbalance};

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
    set.options().check()
}

/// The rules of an imbalance of `set`. The rules that need the images are checked where the images are read.
///
/// # Errors
/// One line that opens with the key.
pub(super) fn check_imbalance(imbalance: &Imbalance, set: &DatasetSpec) -> Result<()> {
    ensure!(
        set.task().labels() == Labeled::Images,
        "`imbalance` needs a class for each image, but {} has one for each pixel; leave `imbalance` out",
        set.name()
    );
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

fn check_ratio(kind: &str, ratio: f64) -> Result<()> {
    ensure!(
        ratio.is_finite() && ratio >= 1.0,
        "`imbalance.{kind}.ratio` is {ratio}; it must be at least 1, how many times more the largest class keeps"
    );
    Ok(())
}
