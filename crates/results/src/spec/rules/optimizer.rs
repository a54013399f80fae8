//! The rules of optimizers and schedules.

use anyhow::{Result, bail, ensure};

use crate::spec::{AdamW, Cosine, OneCycle, Optimizer, Schedule, Sgd, Steps};

/// Checks the optimizer of a table, `train` or `pretext`.
///
/// # Errors
/// One line that opens with the key.
pub(super) fn check(table: &str, optimizer: &Optimizer) -> Result<()> {
    let key = format!("{table}.optimizer.{}", optimizer.name());
    let lr = optimizer.lr();
    ensure!(lr > 0.0 && lr.is_finite(), "`{key}.lr` is {lr}; it must be above 0");
    let weight_decay = match *optimizer {
        Optimizer::Sgd(Sgd { momentum, weight_decay, nesterov, .. }) => {
            ensure!(
                (0.0..1.0).contains(&momentum),
                "`{key}.momentum` is {momentum}; it must be at least 0 and below 1"
            );
            ensure!(
                !nesterov || momentum > 0.0,
                "`{key}.nesterov` is true, but `{key}.momentum` is 0; set a momentum above 0, for instance 0.9, or leave \
                 nesterov out"
            );
            weight_decay
        }
        Optimizer::AdamW(AdamW { betas: [first, second], eps, weight_decay, .. }) => {
            ensure!(
                [first, second].iter().all(|beta| (0.0..1.0).contains(beta)),
                "`{key}.betas` is [{first}, {second}]; both must be at least 0 and below 1, for instance [0.9, 0.999]"
            );
            // Where a gradient is always 0, this number alone is divided by, and in single precision a smaller one is 0.
            ensure!(
                eps >= 1e-30 && eps.is_finite(),
                "`{key}.eps` is {eps}; it must be at least 1e-30, for instance 1e-8"
            );
            weight_decay
        }
    };
    ensure!(
        weight_decay >= 0.0 && weight_decay.is_finite(),
        "`{key}.weight-decay` is {weight_decay}; it must be 0 or above"
    );
    Ok(())
}

/// Checks the schedule of a table, `train` or `pretext`, for trainings of `epochs` epochs.
///
/// # Errors
/// One line that opens with the key.
pub(super) fn check_schedule(table: &str, schedule: &Schedule, epochs: usize) -> Result<()> {
    let key = format!("{table}.schedule");
    match schedule {
        Schedule::Constant => {}
        Schedule::Steps(Steps { at, factor }) => {
            if let Some(at) = at.iter().find(|&&at| at >= epochs) {
                bail!(
                    "`{key}.steps.at` has {at}, but `{table}.epochs` is {epochs}, so that step is never reached; lower it or \
                     remove it"
                );
            }
            ensure!(*factor > 0.0 && factor.is_finite(), "`{key}.steps.factor` is {factor}; it must be above 0");
        }
        Schedule::Cosine(Cosine { warmup, floor }) => {
            ensure!(
                *warmup < epochs,
                "`{key}.cosine.warmup` is {warmup}, but `{table}.epochs` is {epochs}, so the cosine never begins; lower it"
            );
            ensure!(
                (0.0..=1.0).contains(floor),
                "`{key}.cosine.floor` is {floor}; it is a fraction of the learning rate, from 0 to 1"
            );
        }
        Schedule::OneCycle(cycle) => check_cycle(&format!("{key}.one-cycle"), cycle)?,
    }
    Ok(())
}

fn check_cycle(key: &str, cycle: &OneCycle) -> Result<()> {
    let OneCycle { warmup, start, end, momentum: [lowest, highest] } = *cycle;
    ensure!(
        (0.0..=1.0).contains(&warmup),
        "`{key}.warmup` is {warmup}; it is the fraction of the steps in which the learning rate rises, from 0 to 1, for \
         instance 0.3"
    );
    ensure!(
        start >= 1.0 && start.is_finite(),
        "`{key}.start` is {start}; the first step has the learning rate divided by it, so it must be at least 1, for \
         instance 25"
    );
    ensure!(
        end > 0.0 && end.is_finite(),
        "`{key}.end` is {end}; the last step has the first step's learning rate divided by it, so it must be above 0, for \
         instance 10000"
    );
    ensure!(
        0.0 <= lowest && lowest <= highest && highest < 1.0,
        "`{key}.momentum` is [{lowest}, {highest}]; name the lowest and the highest momentum, from 0 to below 1, for instance \
         [0.85, 0.95]"
    );
    Ok(())
}
