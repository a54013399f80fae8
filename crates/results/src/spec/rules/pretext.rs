//! The rules of pretext learners, pretext batches and initial sets.

use anyhow::{Result, bail, ensure};

use super::{LARGEST_MINIBATCH, MOST, augment, check_count, optimizer};
use crate::spec::{
    Augment, Cut, InitialSet, Labeled, LearnerSpec, PretextForward, PretextStride, PretextTask, ShortBatch, Spec,
    Typical,
};

/// # Errors
/// One line that opens with the key.
pub(super) fn check(spec: &Spec) -> Result<()> {
    if let Some(pretext) = &spec.pretext {
        ensure!(spec.pretext_batches() > 0, "`pretext.batches` is 0; it must be at least 1");
        if let Some(learner) = pretext.learner() {
            check_learner(learner, spec)?;
        }
    }
    if let Some(initial) = spec.initial_set {
        check_initial(initial, spec)?;
    }
    super::command::check_reads(spec)?;
    for sampler in &spec.samplers {
        if spec.uses_pretext(sampler) {
            ensure!(
                spec.pretext.is_some(),
                "{} needs a [pretext] table; add one",
                if sampler.needs_pretext() {
                    format!("the sampler {}", sampler.label())
                } else {
                    "`initial-set`".into()
                }
            );
        }
        ensure!(
            !sampler.needs_image_classes() || spec.dataset.task().labels() == Labeled::Images,
            "`samplers` has {}, which needs a class for each image, but {} has one for each pixel; choose another sampler, or \
             another `within`",
            sampler.label(),
            spec.dataset.name()
        );
    }
    Ok(())
}

fn check_learner(learner: &LearnerSpec, spec: &Spec) -> Result<()> {
    check_count("pretext.epochs", learner.epochs, MOST)?;
    check_count("pretext.minibatch", learner.minibatch, LARGEST_MINIBATCH)?;
    optimizer::check("pretext", &learner.optimizer)?;
    optimizer::check_schedule("pretext", &learner.schedule, learner.epochs)?;
    let Cut { size, least } = spec.pretext_minibatches(learner);
    ensure!(
        size >= least,
        "`pretext.minibatch` is {size}, but each image gives batch norm one value for each channel here, so a minibatch needs \
         {least} images; raise it"
    );
    augment::check("pretext.augment", &learner.augment, &spec.dataset)?;
    let seen = spec.trained_size();
    if let Some([height, width]) = learner.augment.iter().find_map(Augment::size) {
        ensure!(
            [height, width] == seen,
            "`pretext.augment` gives images of {height} x {width}, but the task model sees {} x {}; make them equal",
            seen[0],
            seen[1]
        );
    }
    ensure!(
        learner.forward != PretextForward::OneRotation || learner.task == PretextTask::Rotation,
        "`pretext.forward` is \"one-rotation\", but `pretext.task` is not rotation; choose \"together\""
    );
    learner.task.options().check(learner, seen)
}

fn check_initial(initial: InitialSet, spec: &Spec) -> Result<()> {
    match initial {
        InitialSet::Random => {}
        InitialSet::ClassBalanced => ensure!(
            spec.dataset.task().labels() == Labeled::Images,
            "`initial-set` is \"class-balanced\", which needs a class for each image, but {} has one for each pixel; \
             choose another",
            spec.dataset.name()
        ),
        InitialSet::PretextStride(PretextStride { batch, stride }) => {
            let batches = spec.pretext_batches();
            ensure!(
                batch < batches,
                "`initial-set.pretext-stride.batch` is {batch}, but there are {batches} pretext batches, counted from 0; \
                 lower it"
            );
            ensure!(stride != Some(0), "`initial-set.pretext-stride.stride` is 0; it must be at least 1");
        }
        InitialSet::CoreSet | InitialSet::Typical(_) => {
            if let Some(pretext) = spec.pretext.as_ref().filter(|_| spec.model.features().is_none()) {
                ensure!(
                    pretext.learner().is_some(),
                    "`initial-set` needs the features of a pretext learner, but `pretext.losses` has none; choose \
                     another, or name a learner"
                );
            }
            if let InitialSet::Typical(Typical { clusters, neighbours }) = initial {
                check_count("initial-set.typical.clusters", clusters, MOST)?;
                check_count("initial-set.typical.neighbours", neighbours, MOST)?;
            }
        }
    }
    Ok(())
}

/// Checks that every pretext batch has as many images as rounds query from it, unless the spec says what happens otherwise. Initial
/// labels that are not chosen by strides may lie in any batch. If they could use one up, the spec is refused, so that no trial fails
/// hours later.
///
/// # Errors
/// One line that names the numbers.
pub(super) fn check_batches(spec: &Spec, pool: usize) -> Result<()> {
    if spec.replay.is_some() || spec.pretext.is_none() {
        return Ok(());
    }
    if let Some(learner) = spec.learner() {
        let least = spec.pretext_minibatches(learner).least;
        ensure!(pool >= least, "the pool has {pool} image, but the pretext learner needs {least}; enlarge the pool");
    }
    let batches = spec.pretext_batches();
    ensure!(batches <= pool, "`pretext.batches` is {batches}, but the pool has {pool} images; lower it");
    let size = |batch: usize| pool / batches + usize::from(batch < pool % batches);
    for sampler in &spec.samplers {
        let mut asked = vec![0; batches];
        let initial = spec.rounds.initial;
        if let InitialSet::PretextStride(PretextStride { batch, stride }) = spec.initial_set(sampler) {
            asked[batch] += initial;
            let spanned = stride.map_or(initial, |stride| (initial - 1).saturating_mul(stride).saturating_add(1));
            ensure!(
                spanned <= size(batch),
                "`rounds.initial` needs {initial} labels{} of a pretext batch of {} images ({pool} in {batches} \
                 batches); lower it{}, or `pretext.batches`",
                stride.map_or(String::new(), |stride| format!(", one in {stride},")),
                size(batch),
                if stride.is_some() { ", or `initial-set.pretext-stride.stride`" } else { "" }
            );
        }
        let fills_up = spec.pretext.as_ref().is_some_and(|pretext| pretext.short_batch == ShortBatch::NextBatch);
        if fills_up || !sampler.queries_pretext_batches() {
            continue;
        }
        (1..spec.rounds.count).for_each(|round| asked[spec.pretext_batch_of(round)] += spec.rounds.query);
        let remedy = "lower `rounds.initial` and `rounds.query`, change `pretext.batches`, or set `pretext.short-batch` to \
                      \"next-batch\", which takes what is missing from the next batch";
        if let Some(batch) = (0..batches).find(|&batch| asked[batch] > size(batch)) {
            bail!(
                "a pretext batch has {} images ({pool} in {batches} batches), but the rounds of {} query {} \
                 images of batch {batch}; {remedy}",
                size(batch),
                sampler.label(),
                asked[batch]
            );
        }
        if spec.initial_set(sampler).needs_losses() {
            continue;
        }
        if let Some(batch) = (0..batches).find(|&batch| asked[batch] > 0 && asked[batch] + initial > size(batch)) {
            bail!(
                "a pretext batch has {} images ({pool} in {batches} batches), and the rounds of {} query {} images of batch {batch}. \
                 The {initial} initial labels are not chosen by batch here and could lie in it: {remedy}",
                size(batch),
                sampler.label(),
                asked[batch]
            );
        }
    }
    Ok(())
}
