//! Makes the queries of a trial: with its initial set and its sampler, or by replaying recorded queries.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::pretext::Pretext;
use super::view::{Pool, Ties};
use super::{Job, initial};
use crate::model::Network;
use crate::sampler::{self, PoolView, Sampler};
use crate::train::Learner;
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::Spec;
use pt4al_results::store::{Queries, TrialFiles};

/// Chooses the labels of each round.
pub(super) struct Chooser<'a> {
    job: &'a Job<'a>,
    /// The protocol of the trial's arm.
    spec: &'a Spec,
    learner: &'a Learner<'a>,
    sampler: Box<dyn Sampler>,
    pretext: Pretext,
    ties: Ties<'a>,
    recorded: Option<Queries>,
}

/// A query, and the seconds that it took.
#[derive(Debug)]
pub(super) struct Query {
    /// Indices of the images to label, the first choice first.
    pub labels: Vec<usize>,
    /// Seconds of scoring the pool.
    pub score_seconds: f64,
    /// Seconds of choosing among scored images.
    pub query_seconds: f64,
    /// Seconds of waiting for images; part of `score_seconds`.
    pub wait_seconds: f64,
}

impl<'a> Chooser<'a> {
    /// Opens everything that the queries need. `initial`: whether the labels of round 0 are still to be chosen.
    ///
    /// # Errors
    /// If pretext losses, features or recorded queries cannot be read.
    pub fn new(job: &'a Job, spec: &'a Spec, learner: &'a Learner, initial: bool) -> Result<Self> {
        Ok(Self {
            job,
            spec,
            learner,
            sampler: sampler::sampler(&job.trial.sampler, &TrialFiles::below(job.folder, job.trial).query_path()),
            pretext: Pretext::read(job, spec, learner.data, initial)?,
            ties: Ties::new(&learner.data.pool, job.trial.seed),
            recorded: spec.replay.as_ref().map(|replay| Queries::read(&replay.file_of(job.trial))).transpose()?,
        })
    }

    /// The indices of the `n` labels of round 0.
    ///
    /// # Errors
    /// If pretext losses or features are missing, or images can no longer be read.
    pub fn initial(&self, n: usize) -> Result<Vec<usize>> {
        let Self { job, spec, learner, pretext, ties, recorded, .. } = self;
        let pool = Pool::before_training(learner.data, pretext, ties);
        let labels = match recorded {
            Some(recorded) => recorded_query(recorded, 0)?,
            None => initial::labels(spec, job.trial, learner.data, &pool, n)?,
        };
        check_query(&labels, &pool, n)?;
        Ok(labels)
    }

    /// The query of `round` for `n` labels, with the model of the round before, which was trained on the images `labeled`.
    ///
    /// # Errors
    /// If images can no longer be read, or the model gives values that are not numbers.
    pub fn next(&self, network: &Network, labeled: &[usize], round: usize, n: usize) -> Result<Query> {
        let Self { job, spec, learner, sampler, pretext, ties, recorded } = self;
        let (start, waited) = (Instant::now(), learner.data.waited());
        let pool = Pool::after_training(learner, network, (pretext, ties), labeled, spec, round);
        let mut stream = seed::stream(job.trial.seed, Purpose::Query, &[round as u64]);
        let labels = match recorded {
            Some(recorded) => recorded_query(recorded, round)?,
            None => sampler.query(&pool, n, &mut stream)?,
        };
        check_query(&labels, &pool, n)?;
        let score_seconds = pool.seconds();
        Ok(Query {
            labels,
            score_seconds,
            query_seconds: start.elapsed().as_secs_f64() - score_seconds,
            wait_seconds: learner.data.waited() - waited,
        })
    }
}

impl Chooser<'_> {
    /// The pretext batches that the sampler sees; empty if it needs none.
    pub fn pretext_batches(&self) -> &[Vec<usize>] {
        &self.pretext.batches
    }
}

/// The recorded query of a round. The driver has checked that it exists.
fn recorded_query(recorded: &Queries, round: usize) -> Result<Vec<usize>> {
    let query = recorded.rounds.get(round).cloned();
    query.ok_or_else(|| anyhow::anyhow!("the recorded queries have no round {round}; replay a finished trial"))
}

/// Checks that `queried` are `n` different unlabeled images of the pool. The trial checks every query, so that a fault in a
/// sampler cannot reach the results. A spec whose rounds ask for more images than there are fails earlier
/// ([`Spec::check_pool`]).
///
/// # Errors
/// One line that says which of these does not hold.
pub fn check_query(queried: &[usize], pool: &dyn PoolView, n: usize) -> Result<()> {
    let mut sorted = queried.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    ensure!(
        sorted.len() == n && queried.len() == n,
        "the sampler chose {} different images in round {}, not {n}; report this bug; earlier rounds are kept",
        sorted.len(),
        pool.round()
    );
    let stranger = sorted.iter().find(|i| pool.unlabeled().binary_search(i).is_err());
    ensure!(
        stranger.is_none(),
        "the sampler chose image {}, which is labeled or not in the pool; report this bug; earlier rounds are kept",
        stranger.unwrap_or(&0)
    );
    Ok(())
}
