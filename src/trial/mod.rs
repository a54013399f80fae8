//! The active-learning loop of one trial: one sampler, one seed, all rounds. A trial is a process of its own, which
//! continues where its files end.

mod initial;
mod progress;
mod round;
mod task_losses;
mod view;

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use tch::{Device, Tensor};

use crate::data::{self, Data};
use crate::model::Network;
use crate::sampler::{self, PoolView};
use crate::seed::{self, Purpose};
use crate::spec::{Spec, Start, Trial};
use crate::store::{Losses, Manifest, Queries, Record, TrialFiles, losses_path};
use crate::task;
use crate::train::Learner;

pub use progress::{Event, Reporter};
pub use task_losses::{LossJob, run as task_losses};
use view::Pool;

/// What a trial's process is told.
#[derive(Debug)]
pub struct Job<'a> {
    /// The results folder.
    pub folder: &'a Path,
    pub spec: &'a Spec,
    pub trial: &'a Trial,
    /// Where data sets lie.
    pub data: &'a Path,
    pub device: Device,
    /// Where the features of the trial's pretext learner lie, if its initial set needs them.
    pub features: Option<&'a Path>,
}

/// Runs the rounds of a trial that are not finished yet, and commits each before the next one starts.
///
/// # Errors
/// If data, pretext losses or the trial's files cannot be read or written, or if training diverges. Finished rounds
/// stay as they are.
pub fn run(job: &Job, report: &mut Reporter) -> Result<()> {
    let files = TrialFiles::below(job.folder, job.trial);
    let _lock = files.lock()?;
    let mut records = files.records()?;
    let mut queries = files.queries()?;
    let spec = job.spec.protocol_of(job.trial);
    let count = spec.rounds.count;
    let finished = records.finished_rounds();
    if finished >= count {
        return Ok(());
    }
    let data = data::open(spec, job.data, job.device, &Manifest::data_of(job.folder)?)?;
    spec.check_pool(data.pool.len(), data.test.len())?;
    let pretext = Pretext::of(job, spec, &data)?;
    let recorded = spec.replay.as_ref().map(|replay| Queries::read(&replay.file_of(job.trial))).transpose()?;
    let task = task::task(spec, &data.classes);
    let learner = Learner { data: &data, task: task.as_ref(), train: &spec.train };
    let sampler = sampler::sampler(&job.trial.sampler);
    let mut network = Network::new(&spec.model, task.head(), job.device);

    if queries.rounds.is_empty() {
        let pool = Pool::before_training(&data, &pretext);
        let labels = match &recorded {
            Some(recorded) => of_round(recorded, 0)?,
            None => initial::labels(spec, job.trial, &data, &pool)?,
        };
        check_query(&labels, &pool, spec.rounds.initial)?;
        queries.rounds.push(labels);
    }
    // What a round continues from; none where each starts anew.
    let mut before = match spec.train.start {
        Start::Continue if finished > 0 => {
            network.load(&files.weights_path(finished - 1))?;
            Some(network.snapshot())
        }
        Start::Continue | Start::Fresh => None,
    };
    for round in finished..count {
        let labeled = queries.rounds[..=round].concat();
        ensure!(
            labeled.len() == spec.rounds.labeled(round),
            "the queries of {} add up to {} labels in round {round}, not {}; remove the trial's files and run again",
            job.trial.key(),
            labeled.len(),
            spec.rounds.labeled(round)
        );
        let waited = data.waited();
        let inputs = round::Round { spec, seed: job.trial.seed, round, labeled: &labeled, before: before.as_ref() };
        let trained = round::train(&learner, &inputs, &mut network, report)?;
        let mut timing = trained.timing;
        queries.rounds.truncate(round + 1);
        if round + 1 < count {
            let start = Instant::now();
            let pool = Pool::after_training(&learner, &network, &pretext, &labeled, spec, round + 1);
            let mut stream = seed::stream(job.trial.seed, Purpose::Query, &[round as u64 + 1]);
            let asked = match &recorded {
                Some(recorded) => of_round(recorded, round + 1)?,
                None => sampler.query(&pool, spec.rounds.query, &mut stream)?,
            };
            check_query(&asked, &pool, spec.rounds.query)?;
            timing.score = pool.seconds();
            timing.query = start.elapsed().as_secs_f64() - timing.score;
            queries.rounds.push(asked);
            if spec.train.start == Start::Continue {
                before = Some(network.snapshot());
                network.save(&files.weights_path(round))?;
            }
        }
        timing.wait = data.waited() - waited;
        let (experiment, profile) = spec.identity();
        records.rows.extend(trained.values.into_iter().map(|value| Record {
            experiment: experiment.into(),
            profile: profile.into(),
            sampler: job.trial.label(),
            seed: job.trial.seed,
            round,
            labeled: labeled.len(),
            metric: value.metric,
            select: value.select.name().into(),
            value: Some(value.value),
            train_seconds: timing.train,
            evaluate_seconds: timing.evaluate,
            score_seconds: timing.score,
            query_seconds: timing.query,
            wait_seconds: timing.wait,
            peak_rss_mb: crate::machine::peak_rss_mb(),
            device: crate::device::name(job.device),
            error: String::new(),
        }));
        files.commit(&records, &queries)?;
        // Only now: a round that is run again needs them.
        if let Some(older) = round.checked_sub(1) {
            files.remove_weights(older);
        }
        report.finished_round(spec, round, &records.rows);
    }
    Ok(())
}

/// What a trial knows from the pretext learner.
#[derive(Default)]
struct Pretext {
    batches: Vec<Vec<usize>>,
    /// Float `[pool, d]`.
    features: Option<Tensor>,
}

impl Pretext {
    /// Of the trial's seed; empty where its sampler and its initial set need none.
    fn of(job: &Job, spec: &Spec, data: &Data) -> Result<Self> {
        let Some(pretext) = spec.pretext.as_ref().filter(|_| spec.uses_pretext(&job.trial.sampler)) else {
            return Ok(Self::default());
        };
        let variant = job.spec.losses_of(job.trial.variant.as_deref());
        let path = losses_path(job.folder, variant, job.trial.seed);
        let losses = Losses::read(&path)?;
        let same = losses.rows.iter().map(|r| r.0).eq(data.pool.iter().copied());
        ensure!(same, "{}: its images are not those of the pool; remove the file and run again", path.display());
        let batches = crate::pretext::split_into_batches(&losses, pretext.order, spec.pretext_batches());
        let features = match job.features {
            Some(path) if spec.initial_set(&job.trial.sampler).needs_features() => {
                let features = crate::pretext::read_features(path)?.to_device(job.device);
                ensure!(
                    features.size()[0] as usize == data.pool.len(),
                    "{}: features of {} images, but the pool has {}; remove the file and run again",
                    path.display(),
                    features.size()[0],
                    data.pool.len()
                );
                Some(features)
            }
            _ => None,
        };
        Ok(Self { batches, features })
    }
}

/// The recorded queries of a round; the driver has checked that they are there.
fn of_round(recorded: &Queries, round: usize) -> Result<Vec<usize>> {
    let asked = recorded.rounds.get(round).cloned();
    asked.ok_or_else(|| anyhow::anyhow!("the recorded queries have no round {round}; replay a finished trial"))
}

/// Every sampler is held to this, so that a fault in one cannot reach the results.
fn check_query(asked: &[usize], pool: &Pool, n: usize) -> Result<()> {
    let mut sorted = asked.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    ensure!(
        sorted.len() == n && asked.len() == n,
        "the sampler chose {} different images in round {}, not {n}; its candidates do not suffice: lower `rounds.query`",
        sorted.len(),
        pool.round()
    );
    let stranger = sorted.iter().find(|i| pool.unlabeled().binary_search(i).is_err());
    ensure!(
        stranger.is_none(),
        "the sampler chose image {stranger:?}, which is labeled or not in the pool; report this fault"
    );
    Ok(())
}
