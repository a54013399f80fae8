//! One round of active learning outside any experiment: trains on the images that people have labeled, and chooses the images that
//! they label next. It has no oracle: no label of the pool is known except those that it is given.

use std::collections::HashSet;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::checkpoint::{Halfway, Kept};
use super::query::Chooser;
use super::{Job, Reporter, round};
use crate::dataset;
use crate::task;
use crate::train::Learner;
use pt4al_data::labeled::LabeledImages;
use pt4al_results::spec::{EvaluationImages, Select, ShortBatch, Work};
use pt4al_results::store::{Manifest, PicksMetric};

/// What is selected.
#[derive(Debug)]
pub struct Selection<'a> {
    /// The arm and its seed. The folder holds `spec.toml`, `manifest.json` and, if they are needed, pretext losses, at the places
    /// that they have in a results folder.
    pub job: &'a Job<'a>,
    /// The images that are labeled, in the order in which they were.
    pub labeled: &'a LabeledImages,
    /// The round that the selection belongs to: 0 before anything is labeled. It names the random streams and the pretext batch.
    pub round: usize,
    /// The number of images to choose.
    pub n: usize,
    /// The checkpoint of the training.
    pub kept: Kept<'a>,
}

/// The images that were chosen, and how good the model was that chose them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Selected {
    /// Indices in the train split, the first choice first.
    pub images: Vec<usize>,
    /// The metrics of the model. Empty before anything is labeled, and if there are no other images with known labels.
    pub metrics: Vec<PicksMetric>,
}

/// Trains on the labeled images as a trial does in the round before, and queries as it does. With the labels that a trial had in
/// that round, in its order, the choice is the trial's own.
///
/// # Errors
/// If data or pretext losses cannot be read, if the round's pretext batch has too few images, or if training diverges;
/// [`super::OutOfTime`] if it cannot be finished in time.
pub fn select(selection: &Selection, report: &mut Reporter) -> Result<Selected> {
    let &Selection { job, labeled, round, n, kept } = selection;
    let (spec, fingerprint) = (job.spec.protocol_of(job.trial), Manifest::data_of(job.folder)?);
    let data = dataset::open_labeled(spec, job.data, job.device, &fingerprint, labeled)?;
    let task = task::task(spec, &data.classes);
    let learner = Learner::new(&data, task.as_ref(), &spec.train, spec.minibatches());
    let chooser = Chooser::new(job, spec, &learner, round == 0)?;
    if round == 0 {
        return Ok(Selected { images: chooser.initial(n)?, metrics: Vec::new() });
    }
    let images = labeled.images();
    ensure_enough_in_batch(selection, &chooser, &images)?;
    let mut network = learner.network(&spec.model)?;
    let work = spec.selection_work(&job.trial.sampler, images.len(), data.pool.len(), data.test.len());
    // Its weights are those of the round before the one that the labels are for.
    report.name_training("the training");
    let mut checkpoints = kept.checkpoints(spec, &network, job.device, report.units());
    let units = Work { score: 0, ..work }.units();
    let halfway = Halfway::begin((|| "the training".into(), units), &checkpoints, &network, report)?;
    let evaluated = (!data.test.is_empty()).then_some(EvaluationImages::Test);
    let seed = job.trial.seed;
    let inputs = round::Round { spec, seed, round: round - 1, labeled: &images, before: None, evaluated };
    let trained = round::train(&learner, &inputs, &mut network, report, &mut checkpoints, halfway)?;
    report.begin_query(round, work.score)?;
    let query = chooser.next(&network, &images, round, n)?;
    report.done(work.score);
    Ok(Selected { images: query.labels, metrics: metrics(trained) })
}

/// Checks, before anything is trained on the labels, that the round's pretext batch has enough images without a label.
fn ensure_enough_in_batch(selection: &Selection, chooser: &Chooser, labeled: &[usize]) -> Result<()> {
    let &Selection { job, round, n, .. } = selection;
    let spec = job.spec.protocol_of(job.trial);
    let fills_up = spec.pretext.as_ref().is_some_and(|pretext| pretext.short_batch == ShortBatch::NextBatch);
    if fills_up || !job.trial.sampler.queries_pretext_batches() {
        return Ok(());
    }
    let number = spec.pretext_batch_of(round);
    let batch = chooser.pretext_batches().get(number).map_or(&[] as &[usize], Vec::as_slice);
    let labeled: HashSet<usize> = labeled.iter().copied().collect();
    let left = batch.iter().filter(|index| !labeled.contains(index)).count();
    ensure!(
        n <= left,
        "pretext batch {number}, which round {round} queries, has {left} images without a label, fewer than the {n} to choose; \
         lower --n, name another --round, or set `pretext.short-batch` to \"next-batch\""
    );
    Ok(())
}

/// The metrics of all rules, without the numbers of epochs.
fn metrics(trained: round::Trained) -> Vec<PicksMetric> {
    let on_test = trained.values.into_iter().filter(|value| value.metric != "epoch").map(|value| PicksMetric {
        metric: value.metric,
        select: value.select.name().into(),
        images: "test".into(),
        value: value.value,
    });
    let held_out = trained.held_out.into_iter().flatten().map(|(metric, value)| PicksMetric {
        metric,
        select: Select::BestOnHeldOut.name().into(),
        images: "held-out".into(),
        value,
    });
    on_test.chain(held_out).collect()
}
