//! How far the trials of a results folder are, from its files alone: also while a run works on it, and in a folder that
//! was committed or copied.

use std::path::Path;
use std::time::SystemTime;

use anyhow::Result;
use serde::Serialize;

use crate::results::{Arm, Results};
use crate::spec::trial_key;
use crate::stats;
use crate::store::{Progress, RunningTask, is_running};
use crate::words::{counted, duration, thousands};

/// How far a results folder is. `pt4al status --json` prints it; docs/formats.md promises its fields.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// The path, as it was given.
    pub folder: String,
    pub experiment: String,
    /// Empty for a spec without a profile.
    pub profile: String,
    pub state: State,
    pub rounds_finished: usize,
    pub rounds_planned: usize,
    pub trials_finished: usize,
    pub trials_planned: usize,
    /// Seconds of the finished rounds, summed over trials, which may have run side by side.
    pub round_seconds: f64,
    /// The name of the primary metric, which `value` and `mean` are of.
    pub metric: &'static str,
    /// `None` if no run works on the folder, or if it has not said yet what it is doing.
    pub run: Option<Run>,
    /// In the spec's order.
    pub arms: Vec<ArmStatus>,
    /// The last command that worked on the folder, quoted for a shell; empty if it is not known.
    pub command: String,
}

/// The state of a results folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A run works on it.
    Running,
    /// All rounds of all trials are finished, and no run works on it.
    Finished,
    /// Something is left, and no run works on it.
    Unfinished,
}

/// What a run is doing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// The pattern of `--only`, if it runs only some trials. The time left is that of these trials.
    pub only: Option<String>,
    /// When it started its work, and when it last said what it is doing: RFC 3339, UTC.
    pub started: String,
    pub updated: String,
    /// Seconds since it started.
    pub seconds: f64,
    /// Estimated seconds until it has done everything; `None` until a rate was measured.
    pub seconds_left: Option<f64>,
    /// The trials and pretext learners that run now.
    pub running: Vec<RunningTask>,
}

/// How far an arm is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmStatus {
    /// The label, as in the records.
    pub sampler: String,
    /// The last round of which any trial has a value.
    pub latest: Option<Latest>,
    /// One for each seed, in the spec's order.
    pub trials: Vec<TrialStatus>,
}

/// The primary metric of an arm in a round, under the selection rule that the arm queries with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latest {
    pub round: usize,
    pub labeled: usize,
    /// The number of trials that have a value.
    pub n: usize,
    /// Their mean, in the unit of the records.
    pub mean: f64,
}

/// How far a trial is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrialStatus {
    pub seed: u64,
    pub state: TrialState,
    pub rounds_finished: usize,
    pub rounds_planned: usize,
    /// The primary metric of its last finished round, under the selection rule that it queries with.
    pub value: Option<f64>,
    /// Why it failed; `None` if it did not.
    pub error: Option<String>,
}

/// The state of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrialState {
    Finished,
    Running,
    Failed,
    /// It has not begun, or it was stopped.
    Waiting,
}

impl Status {
    /// Looks at a results folder, and writes nothing.
    ///
    /// # Errors
    /// If the folder is missing or is none, or if a file of it is damaged; one line with what to do.
    pub fn read(folder: &Path) -> Result<Self> {
        let results = Results::read_early(folder)?;
        Ok(Self::of(&results, is_running(folder), Progress::read(folder), SystemTime::now()))
    }

    /// The status of results at the time `now`, while a run works on them or not. What a run has left behind in
    /// `progress` counts only while it works.
    pub fn of(results: &Results, is_running: bool, progress: Option<Progress>, now: SystemTime) -> Self {
        let progress = progress.filter(|_| is_running);
        let running = progress.as_ref().map_or(&[] as &[RunningTask], |progress| &progress.running);
        let arms: Vec<ArmStatus> = results.arms().iter().map(|arm| arm_status(results, arm, running)).collect();
        let trials = || arms.iter().flat_map(|arm| &arm.trials);
        let (rounds_finished, rounds_planned) =
            (trials().map(|t| t.rounds_finished).sum(), trials().map(|t| t.rounds_planned).sum());
        let state = match (is_running, rounds_finished == rounds_planned) {
            (true, _) => State::Running,
            (false, true) => State::Finished,
            (false, false) => State::Unfinished,
        };
        let seconds =
            |r: &crate::store::Record| r.train_seconds + r.evaluate_seconds + r.score_seconds + r.query_seconds;
        let (experiment, profile) = results.spec.identity();
        let last_session = results.manifest.iter().flat_map(|manifest| &manifest.sessions).next_back();
        Self {
            folder: results.folder.display().to_string(),
            experiment: experiment.into(),
            profile: profile.into(),
            state,
            rounds_finished,
            rounds_planned,
            trials_finished: trials().filter(|trial| trial.state == TrialState::Finished).count(),
            trials_planned: trials().count(),
            round_seconds: results.records.rounds().map(seconds).sum(),
            metric: results.spec.dataset.task().primary_metric().name,
            command: last_session.map_or(String::new(), |session| session.command.clone()),
            run: progress.map(|progress| Run::of(progress, now)),
            arms,
        }
    }

    /// `7 of 20 rounds finished, about 12 min left`, or `..., about 12 min left for --only core-set`.
    pub fn in_words(&self) -> String {
        let (finished, planned) = (thousands(self.rounds_finished), counted(self.rounds_planned, "round"));
        let mut words = format!("{finished} of {planned} finished");
        if let Some((run, seconds)) = self.run.as_ref().and_then(|run| Some((run, run.seconds_left?))) {
            words += &format!(", about {} left", duration(seconds));
            words += &run.only.as_ref().map_or(String::new(), |only| format!(" for --only {only}"));
        }
        words
    }

    /// The trials that failed: their names, the round in which they failed, and the error.
    pub fn failures(&self) -> Vec<(String, usize, &str)> {
        let trials = self.arms.iter().flat_map(|arm| arm.trials.iter().map(|trial| (arm.sampler.as_str(), trial)));
        let failed = trials.filter_map(|(arm, trial)| {
            Some((trial_key(arm, trial.seed), trial.rounds_finished, trial.error.as_deref()?))
        });
        failed.collect()
    }
}

impl Run {
    fn of(progress: Progress, now: SystemTime) -> Self {
        let since = |time: &str| {
            let time = humantime::parse_rfc3339(time).ok();
            time.and_then(|time| now.duration_since(time).ok()).map_or(0.0, |passed| passed.as_secs_f64())
        };
        let passed = since(&progress.updated);
        Self {
            only: progress.only,
            seconds: since(&progress.started),
            seconds_left: progress.seconds_left.map(|left| (left - passed).max(0.0)),
            started: progress.started,
            updated: progress.updated,
            running: progress.running,
        }
    }
}

fn arm_status(results: &Results, arm: &Arm, running: &[RunningTask]) -> ArmStatus {
    let metric = results.spec.dataset.task().primary_metric().name;
    let (rounds, finished) = (results.spec.rounds.count, results.finished());
    let values = results.trials(&arm.label, metric, arm.rule());
    let trial = |&seed: &u64| {
        let rounds_finished =
            finished.get(&(arm.label.as_str(), seed)).and_then(|rounds| rounds.last()).map_or(0, |last| last + 1);
        let failure = results.failures.iter().find(|failure| failure.sampler == arm.label && failure.seed == seed);
        let is_running = running.iter().any(|task| task.name == trial_key(&arm.label, seed));
        let state = match failure {
            _ if rounds_finished == rounds => TrialState::Finished,
            _ if is_running => TrialState::Running,
            Some(_) => TrialState::Failed,
            None => TrialState::Waiting,
        };
        TrialStatus {
            seed,
            state,
            rounds_finished,
            rounds_planned: rounds,
            value: values.get(&seed).and_then(|rounds| rounds.last_key_value()).map(|(_, value)| *value),
            error: failure.filter(|_| state == TrialState::Failed).map(|failure| failure.error.clone()),
        }
    };
    let last = values.values().filter_map(|rounds| rounds.last_key_value()).map(|(&round, _)| round).max();
    let latest = last.and_then(|round| {
        let values: Vec<f64> = results.at_round(&arm.label, metric, arm.rule(), round).into_values().collect();
        let labeled = results.spec.rounds.labeled(round);
        Some(Latest { round, labeled, n: values.len(), mean: stats::mean(&values)? })
    });
    ArmStatus { sampler: arm.label.clone(), latest, trials: results.spec.seeds.iter().map(trial).collect() }
}

#[cfg(test)]
mod tests;
