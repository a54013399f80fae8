//! The active-learning loop of one trial: one sampler, one seed, all rounds. A trial is a process of its own, which
//! continues where its files end.

mod progress;
mod round;
mod view;

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use tch::Device;

use crate::data::{self, Data};
use crate::model::Network;
use crate::sampler::{self, PoolView};
use crate::seed::{self, Purpose};
use crate::spec::{Spec, Trial};
use crate::store::{Losses, Manifest, Record, TrialFiles, losses_path};
use crate::task;
use crate::train::Learner;

pub use progress::{Event, Reporter};
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
    let count = job.spec.rounds.count;
    let finished = records.finished_rounds();
    if finished >= count {
        return Ok(());
    }
    let data = data::open(job.spec, job.data, job.device, &Manifest::data_of(job.folder)?)?;
    job.spec.check_pool(data.pool.len(), data.test.len())?;
    let batches = if job.trial.sampler.needs_pretext() { pretext_batches(job, &data)? } else { Vec::new() };
    let task = task::task(job.spec, &data.classes);
    let learner = Learner { data: &data, task: task.as_ref(), train: &job.spec.train };
    let sampler = sampler::sampler(&job.trial.sampler);
    let mut network = Network::new(&job.spec.model, task.head(), job.device);

    if queries.rounds.is_empty() {
        let pool = Pool::before_training(&data, &batches);
        let mut stream = seed::stream(job.trial.seed, Purpose::InitialLabels, &[]);
        queries.rounds.push(sampler.initial().choose(&pool, job.spec.rounds.initial, &mut stream)?);
    }
    for round in finished..count {
        let labeled = queries.rounds[..=round].concat();
        ensure!(
            labeled.len() == job.spec.rounds.labeled(round),
            "the queries of {} add up to {} labels in round {round}, not {}; remove the trial's files and run again",
            job.trial.key(),
            labeled.len(),
            job.spec.rounds.labeled(round)
        );
        let waited = data.waited();
        let trained = round::train(&learner, job, round, &labeled, &mut network, report)?;
        let mut timing = trained.timing;
        queries.rounds.truncate(round + 1);
        if round + 1 < count {
            let start = Instant::now();
            let pool = Pool::after_training(&learner, &network, &batches, &labeled, round + 1);
            let mut stream = seed::stream(job.trial.seed, Purpose::Query, &[round as u64 + 1]);
            let asked = sampler.query(&pool, job.spec.rounds.query, &mut stream)?;
            check_query(&asked, &pool, job.spec.rounds.query)?;
            timing.score = pool.seconds();
            timing.query = start.elapsed().as_secs_f64() - timing.score;
            queries.rounds.push(asked);
        }
        timing.wait = data.waited() - waited;
        let (experiment, profile) = job.spec.identity();
        records.rows.extend(trained.values.into_iter().map(|value| Record {
            experiment: experiment.into(),
            profile: profile.into(),
            sampler: job.trial.sampler.label(),
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
        report.finished_round(job.spec, round, &records.rows);
    }
    Ok(())
}

/// The pretext batches of the trial's seed.
fn pretext_batches(job: &Job, data: &Data) -> Result<Vec<Vec<usize>>> {
    let path = losses_path(job.folder, job.trial.seed);
    let losses = Losses::read(&path)?;
    let same = losses.rows.iter().map(|r| r.0).eq(data.pool.iter().copied());
    ensure!(same, "{}: its images are not those of the pool; remove the file and run again", path.display());
    let order = job.spec.pretext.as_ref().expect("checked with the spec").order;
    Ok(crate::pretext::split_into_batches(&losses, order, job.spec.pretext_batches()))
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
