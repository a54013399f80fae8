//! The rules of a spec, beyond its types.

mod augment;
mod command;
mod dataset;
mod model;
mod optimizer;
mod pretext;
#[cfg(test)]
mod tests;

use crate::words::thousands;
use anyhow::{Result, bail, ensure};

use super::{Cut, RoundsSpec, Select, Spec, Start};

/// The largest number of epochs, clusters, folds and so on. More is a typing error, and is refused before memory is allocated.
const MOST: usize = 1_000_000;
/// The largest minibatch: twice the largest one that ImageNet is trained with.
const LARGEST_MINIBATCH: usize = 65_536;
/// The most minutes between two checkpoints: about a week.
const MOST_MINUTES: usize = 10_000;

/// Proof that [`Spec::check_pool`] passed, with the counts it passed for.
#[derive(Clone, Copy, Debug)]
pub struct CheckedAgainstPool {
    /// Images in the pool.
    pub pool: usize,
    /// Images in the test split.
    pub test: usize,
}

impl Spec {
    /// Checks the keys that no hash covers: title, seeds, samplers, checkpoints, claims and the gate's options. The title must be one line of plain
    /// text, because pages and pictures show it.
    pub(super) fn check_unhashed(&self) -> Result<()> {
        ensure!(
            !self.title.contains(char::is_control),
            "`title` has a control character; write one line of plain text"
        );
        ensure!(!self.seeds.is_empty(), "`seeds` is empty; name at least one, for instance seeds = [0, 1, 2]");
        ensure!(
            !self.samplers.is_empty(),
            "`samplers` is empty; name at least one, for instance samplers = [\"random\"]"
        );
        no_repeats("seeds", self.seeds.iter().map(u64::to_string))?;
        self.samplers.iter().filter_map(super::SamplerSpec::command).try_for_each(command::check)?;
        no_repeats("samplers", self.samplers.iter().map(super::SamplerSpec::label))?;
        ensure!(
            self.checkpoint_minutes <= MOST_MINUTES,
            "`checkpoint-minutes` is {}; it is at most {}, and 0 writes no checkpoints",
            self.checkpoint_minutes,
            thousands(MOST_MINUTES)
        );
        super::expect::check(self)
    }

    /// Checks the rules that need no data. Each message names the key and what to do.
    pub(super) fn check(&self) -> Result<()> {
        self.check_unhashed()?;
        // The pool limits these, in `check_pool`.
        check_count("rounds.count", self.rounds.count, usize::MAX)?;
        check_count("rounds.initial", self.rounds.initial, usize::MAX)?;
        check_count("threads", self.threads, 1024)?;
        check_count("train.epochs", self.train.epochs, MOST)?;
        check_count("train.minibatch", self.train.minibatch, LARGEST_MINIBATCH)?;
        ensure!(
            self.rounds.count == 1 || self.rounds.query > 0,
            "`rounds.query` is 0 but `rounds.count` is {}; query at least 1 label in each round",
            self.rounds.count
        );
        optimizer::check("train", &self.train.optimizer)?;
        optimizer::check_schedule("train", &self.train.schedule, self.train.epochs)?;
        ensure!(
            (0.0..1.0).contains(&self.train.label_smoothing),
            "`train.label-smoothing` is {}; it must be at least 0 and below 1, for instance 0.1",
            self.train.label_smoothing
        );
        self.check_select()?;
        dataset::check(&self.dataset)?;
        if let Some(imbalance) = &self.imbalance {
            dataset::check_imbalance(imbalance, &self.dataset)?;
        }
        augment::check("train.augment", &self.train.augment, &self.dataset)?;
        model::check(self)?;
        self.check_minibatches()?;
        self.check_metrics()?;
        pretext::check(self)?;
        if let Some(correlation) = &self.correlation {
            ensure!(
                correlation.folds >= 2,
                "`correlation.folds` is {}; at least 2 are needed, so that some images are held out of each",
                correlation.folds
            );
            check_count("correlation.folds", correlation.folds, MOST)?;
            check_count("correlation.points", correlation.points, MOST)?;
            check_count("correlation.resamples", correlation.resamples, MOST)?;
        }
        Ok(())
    }

    fn check_select(&self) -> Result<()> {
        let select = &self.train.select;
        ensure!(!select.record.is_empty(), "`train.select.record` is empty; record at least [\"last\"]");
        no_repeats("train.select.record", select.record.iter().map(|r| r.name().to_owned()))?;
        ensure!(
            select.record.contains(&select.query),
            "`train.select.query` is \"{0}\" but `train.select.record` lacks it; add \"{0}\" there",
            select.query.name()
        );
        let best = select.record.iter().find(|&&r| r != Select::Last);
        match (best, select.every) {
            (Some(rule), None) => bail!(
                "`train.select.record` has \"{}\" but `train.select.every` is missing; state the number of epochs between \
                 its evaluations, for instance every = 1",
                rule.name()
            ),
            (_, Some(0)) => bail!("`train.select.every` is 0; it must be at least 1"),
            (_, Some(every)) => ensure!(
                every <= self.train.epochs,
                "`train.select.every` is {every} but `train.epochs` is {}; lower it",
                self.train.epochs
            ),
            (None, None) => {}
        }
        match (select.record.contains(&Select::BestOnHeldOut), select.held_out) {
            (true, None) => bail!(
                "`train.select.record` has \"best-on-held-out\" but `train.select.held-out` is missing; state the fraction \
                 of the labels that it holds out, for instance held-out = 0.1"
            ),
            (_, Some(part)) => ensure!(
                part > 0.0 && part < 1.0,
                "`train.select.held-out` is {part}; it is a fraction of the labels, between 0 and 1"
            ),
            (false, None) => {}
        }
        ensure!(
            !(select.record.contains(&Select::BestOnHeldOut) && self.train.start == Start::Continue),
            "`train.start` is \"continue\" but `train.select.record` has \"best-on-held-out\"; the weights that a round \
             continues from were trained on the labels that it would hold out: start fresh, or leave the rule out"
        );
        ensure!(
            select.held_out.is_none() || self.rounds.initial >= 2,
            "`train.select.held-out` needs at least 2 labels in every round, but `rounds.initial` is {}",
            self.rounds.initial
        );
        Ok(())
    }

    /// Checks that each training has as many images as batch norm needs.
    fn check_minibatches(&self) -> Result<()> {
        let Cut { size, least } = self.minibatches();
        let [height, width] = self.trained_size();
        let why = || format!("the smallest feature map of the network has one pixel, for images of {height} x {width}");
        ensure!(
            size >= least,
            "`train.minibatch` is {size}, but batch norm needs {least} images in a minibatch here ({}); raise it, or change the \
             network or the size of the images",
            why()
        );
        let initial = self.rounds.initial;
        let held_out =
            if self.train.select.record.contains(&Select::BestOnHeldOut) { self.held_out(initial) } else { 0 };
        ensure!(
            initial - held_out >= least,
            "`rounds.initial` is {initial}{}, but batch norm needs {least} images to train on here ({}); raise it, or change \
             the network or the size of the images",
            if held_out > 0 { format!(", of which {held_out} is held out") } else { String::new() },
            why()
        );
        Ok(())
    }

    fn check_metrics(&self) -> Result<()> {
        no_repeats("metrics", self.metrics.iter().map(|m| m.name().to_owned()))?;
        let task = self.dataset.task();
        match self.metrics.iter().find(|metric| !task.extra_metrics().contains(metric)) {
            Some(metric) => bail!(
                "`metrics` has {}, which needs a class for each image, but {} has one for each pixel; leave it out \
                 (segmentation always records the IoU of each class)",
                metric.name(),
                self.dataset.name()
            ),
            None => Ok(()),
        }
    }

    /// Checks the rules that need the number of images, for all protocols. `pool` and `test` are the sizes of the data set.
    ///
    /// # Errors
    /// One line that names the numbers and the keys.
    pub fn check_pool(&self, pool: usize, test: usize) -> Result<CheckedAgainstPool> {
        let RoundsSpec { count, initial, query } = self.rounds.clone();
        // `None` if the number is too large to be counted.
        let budget = (count - 1).checked_mul(query).and_then(|asked| asked.checked_add(initial));
        ensure!(
            budget.is_some_and(|budget| budget <= pool),
            "the budget is {}{initial} + {} x {query} labels (`rounds`), but the pool has {pool} images; lower `rounds.count`, \
             `rounds.initial` or `rounds.query`",
            budget.map_or(String::new(), |budget| format!("{budget} = ")),
            count - 1
        );
        for (_, protocol) in self.protocols() {
            pretext::check_batches(protocol, pool)?;
        }
        Ok(CheckedAgainstPool { pool, test })
    }
}

/// Checks a number that decides how much is trained, stored or computed: at least 1, and at most `most`.
///
/// # Errors
/// One line that opens with the key.
pub(super) fn check_count(key: &str, value: usize, most: usize) -> Result<()> {
    ensure!(value > 0, "`{key}` is 0; it must be at least 1");
    ensure!(value <= most, "`{key}` is {value}; at most {} is supported: lower it", thousands(most));
    Ok(())
}

fn no_repeats(key: &str, items: impl Iterator<Item = String>) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    for item in items {
        ensure!(seen.insert(item.clone()), "`{key}` names {item} twice; name it once");
    }
    Ok(())
}
