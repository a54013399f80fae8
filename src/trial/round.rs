//! The trainings of one round, and the values and weights that the selection rules choose from them.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::Reporter;
use super::checkpoint::{self, Halfway};
use crate::dataset::{Data, Dataset};
use crate::model::{Network, Snapshot};
use crate::task::Metrics;
use crate::train::checkpoint::Checkpoints;
use crate::train::{self, Begun, Fit, Learner, Step};
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::{EvaluationImages, Select, Spec};
use pt4al_results::store::Training;

/// One value of a round.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Value {
    pub metric: String,
    pub select: Select,
    pub value: f64,
}

/// One epoch of a round.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Epoch {
    pub training: Training,
    pub trained: train::Epoch,
    /// The primary metric after the epoch, if it was evaluated.
    pub value: Option<f64>,
}

/// Seconds of a round's stages.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Timing {
    pub train: f64,
    pub evaluate: f64,
    /// Seconds of waiting for images; part of the others.
    pub wait: f64,
}

/// The inputs of a round.
pub(super) struct Round<'a> {
    /// The protocol of the trial's arm.
    pub spec: &'a Spec,
    pub seed: u64,
    pub round: usize,
    /// Indices of the labeled images.
    pub labeled: &'a [usize],
    /// Weights to continue from; `None`: fresh weights.
    pub before: Option<&'a Snapshot>,
    /// The images that every selection rule is evaluated on; `None` if there are none with known labels. Then only rules that do
    /// not choose by them can be used, and they give no values.
    pub evaluated: Option<EvaluationImages>,
}

/// The results of a round's trainings. The network then holds the weights of the selection rule that queries.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Trained {
    pub values: Vec<Value>,
    pub epochs: Vec<Epoch>,
    /// The metrics on the held-out labels by which `best-on-held-out` chose its epoch.
    pub held_out: Option<Metrics>,
    pub timing: Timing,
}

impl Trained {
    fn add(&mut self, select: Select, epoch: usize, metrics: &Metrics) {
        let values = metrics.iter().cloned();
        self.values.extend(values.map(|(metric, value)| Value { metric, select, value }));
        self.values.push(Value { metric: "epoch".into(), select, value: epoch as f64 });
    }
}

/// The best epoch so far by the primary metric; the earliest of equal ones, as in the official code.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Best {
    epoch: usize,
    metrics: Metrics,
    /// The weights of that epoch, if they are needed later.
    #[serde(skip)]
    pub weights: Option<Snapshot>,
}

/// How far a round is after an epoch, beside its network and its optimizer.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The training in progress.
    pub part: Training,
    /// The number of its finished epochs.
    pub epoch: usize,
    /// Its best epoch so far, if a rule chooses one.
    pub best: Option<Best>,
    /// The weights that query, if the training before this one gave them.
    #[serde(skip)]
    pub queries: Option<Snapshot>,
    /// The forward passes of the round so far.
    pub units: u64,
    /// What is known of the results.
    pub results: Trained,
}

/// Trains for one round and evaluates by every recorded selection rule. With `from`, it goes on after an epoch of an earlier process.
/// `checkpoints` are written as the spec says.
///
/// `last` and `best-on-test` share a training on all labels. `best-on-held-out` has its own training on the labels that are not
/// held out; sharing it would take the held-out labels from the other rules.
pub(super) fn train(
    learner: &Learner,
    inputs: &Round,
    network: &mut Network,
    report: &mut Reporter,
    checkpoints: &mut Checkpoints,
    from: Option<Halfway>,
) -> Result<Trained> {
    let select = &inputs.spec.train.select;
    let (mut progress, mut begun) = (Progress::default(), None);
    if let Some(halfway) = from {
        network.restore(&halfway.weights);
        (progress, begun) = (halfway.progress, Some(halfway.begun));
    }
    let counted = [progress.units, report.units()];
    let mut course = Course { learner, inputs, report, counted, checkpoints, progress };
    // If the rule that queries belongs to the first training, its weights are kept until the second has ended.
    for part in [Training::AllLabels, Training::NotHeldOut] {
        let rules: Vec<Select> = select.record.iter().copied().filter(|&rule| serves(part, rule)).collect();
        if rules.is_empty() || begun.is_some() && part != course.progress.part {
            continue;
        }
        let weights = course.train(part, &rules, begun.take(), network)?;
        let kept = &mut course.progress.queries;
        *kept = kept.take().or(weights);
    }
    let Progress { queries, results: mut out, .. } = course.progress;
    if let Some(weights) = queries {
        network.restore(&weights);
    }
    out.values.sort_by_key(|value| select.record.iter().position(|&rule| rule == value.select));
    Ok(out)
}

/// The split to evaluate on, and the indices of its images.
fn evaluation_images(data: &Data, images: EvaluationImages) -> (&dyn Dataset, Vec<usize>) {
    match images {
        EvaluationImages::Test => (data.test.as_ref(), (0..data.test.len()).collect()),
        EvaluationImages::Train => (data.train.as_ref(), data.pool.clone()),
    }
}

/// Whether a selection rule uses a training.
fn serves(part: Training, rule: Select) -> bool {
    (part == Training::NotHeldOut) == (rule == Select::BestOnHeldOut)
}

/// A round in progress.
struct Course<'a> {
    learner: &'a Learner<'a>,
    inputs: &'a Round<'a>,
    report: &'a mut Reporter,
    /// The forward passes of the round in earlier processes, and those of this process before the round.
    counted: [u64; 2],
    checkpoints: &'a mut Checkpoints,
    progress: Progress,
}

/// What one training of a round evaluates, and when it began.
struct Stage<'a> {
    part: Training,
    /// Whether a rule chooses an epoch.
    chooses: bool,
    /// The images that its epochs are evaluated on: a split, and indices in it. `None` if there are none with known labels.
    judged_on: Option<(&'a dyn Dataset, &'a [usize])>,
    begun: Instant,
    /// Seconds of waiting for images of this process before.
    waited: f64,
    /// The round's seconds before.
    before: Timing,
}

impl Course<'_> {
    /// Does one training and its evaluations, after the epochs `begun`. Returns the weights of the rule that queries, if that is one of
    /// `rules`.
    fn train(
        &mut self,
        part: Training,
        rules: &[Select],
        begun: Option<Begun>,
        network: &mut Network,
    ) -> Result<Option<Snapshot>> {
        let &Round { spec, seed, round, labeled, before, evaluated } = self.inputs;
        let learner = self.learner;
        let evaluated = evaluated.map(|images| evaluation_images(learner.data, images));
        let (trained_on, held_out) = match part {
            Training::AllLabels => (labeled.to_vec(), Vec::new()),
            Training::NotHeldOut => hold_out(labeled, spec.held_out(labeled.len()), seed, round),
        };
        let judged_on = match part {
            Training::NotHeldOut => Some((learner.data.train.as_ref(), held_out.as_slice())),
            Training::AllLabels => evaluated.as_ref().map(|(split, images)| (*split, images.as_slice())),
        };
        let stage = Stage {
            part,
            chooses: rules.iter().any(|&rule| rule != Select::Last),
            judged_on,
            begun: Instant::now(),
            waited: learner.data.waited(),
            before: self.progress.results.timing,
        };
        if begun.is_none() {
            (self.progress.part, self.progress.epoch, self.progress.best) = (part, 0, None);
            match before {
                Some(weights) => network.restore(weights),
                None => network.initialise(seed, Purpose::Weights, round as u64),
            }
        }
        // This number names the training's random streams.
        let number = match part {
            Training::AllLabels => 0,
            Training::NotHeldOut => 1,
        };
        let fit = Fit { labeled: &trained_on, seed, round: round as u64, part: number };
        let mut last = None;
        learner.fit_from(begun.as_ref(), network, fit, &mut |step| self.after(&stage, step, &mut last))?;
        let weights = self.conclude(rules, evaluated.as_ref(), last.as_ref(), network)?;
        count_seconds(&mut self.progress.results.timing, &stage, learner.data);
        Ok(weights)
    }

    /// Reports a step. After an epoch, evaluates it if it is time, and writes a checkpoint if one is due. `last` gets the metrics after
    /// the last epoch.
    fn after(&mut self, stage: &Stage, step: Step, last: &mut Option<Metrics>) -> Result<()> {
        let (round, epochs) = (self.inputs.round, self.inputs.spec.train.epochs);
        let (trained, network, optimizer) = match step {
            Step::Minibatch { epoch, images } => return self.report.epoch(round, epoch, epochs, 3 * images as u64),
            Step::Epoch(epoch, network, optimizer) => (epoch, network, optimizer),
        };
        let epoch = trained.number;
        // On a GPU, minibatches are reported before they are done; only now is it known how long they took.
        self.report.epoch(round, epoch, epochs, 0)?;
        let value = self.evaluate(stage, epoch, network, last)?;
        self.progress.results.epochs.push(Epoch { training: stage.part, trained, value });
        self.progress.epoch = epoch;
        let done = self.report.units();
        // After the last epoch, nothing but a short evaluation is left of the training.
        if epoch < epochs && self.checkpoints.are_due(done) {
            let [earlier, others] = self.counted;
            self.progress.units = earlier + done - others;
            count_seconds(&mut self.progress.results.timing, stage, self.learner.data);
            checkpoint::write(self.checkpoints, &self.progress, network, optimizer, done);
            self.report.keep();
        }
        Ok(())
    }

    /// Evaluates the network after an epoch, if it is time, and returns the primary metric.
    fn evaluate(
        &mut self,
        stage: &Stage,
        epoch: usize,
        network: &Network,
        last: &mut Option<Metrics>,
    ) -> Result<Option<f64>> {
        let &Round { spec, round, .. } = self.inputs;
        let is_last = epoch == spec.train.epochs;
        let is_due =
            is_last || stage.chooses && spec.train.select.every.is_some_and(|every| epoch.is_multiple_of(every));
        let Some((split, images)) = stage.judged_on.filter(|_| is_due) else { return Ok(None) };
        let begun = Instant::now();
        let metrics = self.learner.evaluate(network, split, images)?;
        let diverged = metrics.iter().find(|metric| !metric.1.is_finite());
        ensure!(
            diverged.is_none(),
            "training diverged in round {round}: {} is not a number after epoch {epoch}; lower `{}`",
            diverged.map_or("", |metric| metric.0.as_str()),
            self.learner.train.optimizer.lr_key("train")
        );
        let value = metrics[0].1;
        let best = &mut self.progress.best;
        if stage.chooses && best.as_ref().is_none_or(|best| value > best.metrics[0].1) {
            let needed = stage.part == Training::NotHeldOut || spec.train.select.query == Select::BestOnTest;
            *best = Some(Best { epoch, metrics: metrics.clone(), weights: needed.then(|| network.snapshot()) });
        }
        if is_last {
            *last = Some(metrics);
        }
        self.progress.results.timing.evaluate += begun.elapsed().as_secs_f64();
        self.report.done(images.len() as u64);
        Ok(Some(value))
    }

    /// Adds the values of each rule after the last epoch, whose metrics are `last`. Returns the weights of the rule that queries, if it
    /// is one of `rules`.
    fn conclude(
        &mut self,
        rules: &[Select],
        evaluated: Option<&(&dyn Dataset, Vec<usize>)>,
        last: Option<&Metrics>,
        network: &mut Network,
    ) -> Result<Option<Snapshot>> {
        let spec = self.inputs.spec;
        let query = spec.train.select.query;
        let Progress { best, results: out, .. } = &mut self.progress;
        let mut weights = None;
        for &rule in rules {
            match (rule, &mut *best) {
                (Select::Last, _) => {
                    if let Some(last) = last {
                        out.add(rule, spec.train.epochs, last);
                    }
                    if rule == query {
                        weights = Some(network.snapshot());
                    }
                }
                (Select::BestOnTest, Some(best)) => {
                    out.add(rule, best.epoch, &best.metrics);
                    if rule == query {
                        weights = best.weights.take();
                    }
                }
                (Select::BestOnHeldOut, Some(best)) => {
                    let begun = Instant::now();
                    let chosen = best.weights.take().expect("kept for the test");
                    network.restore(&chosen);
                    if let Some((split, images)) = evaluated {
                        out.add(rule, best.epoch, &self.learner.evaluate(network, *split, images)?);
                        self.report.done(images.len() as u64);
                    }
                    out.held_out = Some(std::mem::take(&mut best.metrics));
                    out.timing.evaluate += begun.elapsed().as_secs_f64();
                    if rule == query {
                        weights = Some(chosen);
                    }
                }
                (_, None) => unreachable!("the last epoch is evaluated"),
            }
        }
        Ok(weights)
    }
}

/// Brings the round's seconds of training and waiting up to now. Those of evaluations are counted as they end.
fn count_seconds(timing: &mut Timing, stage: &Stage, data: &Data) {
    let Stage { begun, waited, before, .. } = stage;
    timing.train = before.train + begun.elapsed().as_secs_f64() - (timing.evaluate - before.evaluate);
    timing.wait = before.wait + data.waited() - waited;
}

/// Splits the labels at random into those to train on and `n` held-out ones.
fn hold_out(labeled: &[usize], n: usize, seed: u64, round: usize) -> (Vec<usize>, Vec<usize>) {
    let mut stream = seed::stream(seed, Purpose::HeldOut, &[round as u64]);
    let mut shuffled = seed::sample(labeled, labeled.len(), &mut stream);
    let held_out = shuffled.split_off(labeled.len() - n);
    (shuffled, held_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_out_labels_are_never_trained_on() {
        let labeled: Vec<usize> = (100..150).collect();
        let (trained_on, held_out) = hold_out(&labeled, 5, 0, 1);
        assert_eq!((trained_on.len(), held_out.len()), (45, 5));
        assert!(held_out.iter().all(|i| !trained_on.contains(i)));
        assert_ne!(hold_out(&labeled, 5, 0, 2).1, held_out);
    }

    #[test]
    fn every_selection_rule_uses_exactly_one_training() {
        for rule in [Select::Last, Select::BestOnTest, Select::BestOnHeldOut] {
            assert_ne!(serves(Training::AllLabels, rule), serves(Training::NotHeldOut, rule));
        }
    }
}
