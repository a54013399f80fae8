//! The trainings of one round, and the values and weights that the selection rules choose from them.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::Reporter;
use crate::dataset::{Data, Dataset};
use crate::model::{Network, Snapshot};
use crate::task::Metrics;
use crate::train::{self, Fit, Learner, Step};
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::{EvaluationImages, Select, Spec};
use pt4al_results::store::Training;

/// One value of a round.
#[derive(Debug)]
pub(super) struct Value {
    pub metric: String,
    pub select: Select,
    pub value: f64,
}

/// One epoch of a round.
#[derive(Debug)]
pub(super) struct Epoch {
    pub training: Training,
    pub trained: train::Epoch,
    /// The primary metric after the epoch, if it was evaluated.
    pub value: Option<f64>,
}

/// Seconds of a round's stages.
#[derive(Clone, Copy, Debug, Default)]
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
#[derive(Debug, Default)]
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
struct Best {
    epoch: usize,
    metrics: Metrics,
    /// The weights of that epoch, if they are needed later.
    weights: Option<Snapshot>,
}

/// Trains for one round and evaluates by every recorded selection rule.
///
/// `last` and `best-on-test` share a training on all labels. `best-on-held-out` has its own training on the labels that are not
/// held out; sharing it would take the held-out labels from the other rules.
pub(super) fn train(
    learner: &Learner,
    inputs: &Round,
    network: &mut Network,
    report: &mut Reporter,
) -> Result<Trained> {
    let select = &inputs.spec.train.select;
    let mut out = Trained::default();
    let mut queries: Option<Snapshot> = None;
    // If the rule that queries belongs to the first training, its weights are kept until the second has ended.
    for part in [Training::AllLabels, Training::NotHeldOut] {
        let rules: Vec<Select> = select.record.iter().copied().filter(|&rule| serves(part, rule)).collect();
        if rules.is_empty() {
            continue;
        }
        let weights = one_training(learner, inputs, part, &rules, network, report, &mut out)?;
        queries = queries.or(weights);
    }
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

/// Does one training and its evaluations. Returns the weights of the rule that queries, if that is one of `rules`.
fn one_training(
    learner: &Learner,
    inputs: &Round,
    part: Training,
    rules: &[Select],
    network: &mut Network,
    report: &mut Reporter,
    out: &mut Trained,
) -> Result<Option<Snapshot>> {
    let &Round { spec, seed, round, labeled, before, evaluated } = inputs;
    let query = spec.train.select.query;
    let evaluated = evaluated.map(|images| evaluation_images(learner.data, images));
    let (trained_on, held_out) = match part {
        Training::AllLabels => (labeled.to_vec(), Vec::new()),
        Training::NotHeldOut => hold_out(labeled, spec.held_out(labeled.len()), seed, round),
    };
    let every = spec.evaluated_epochs();
    let chooses = rules.iter().any(|&rule| rule != Select::Last);
    let last_epoch = spec.train.epochs;
    let (mut best, mut last): (Option<Best>, Option<Metrics>) = (None, None);
    let mut evaluating = 0.0;
    let start = Instant::now();
    match before {
        Some(weights) => network.restore(weights),
        None => network.initialise(seed, Purpose::Weights, round as u64),
    }
    // This number names the training's random streams.
    let number = match part {
        Training::AllLabels => 0,
        Training::NotHeldOut => 1,
    };
    let fit = Fit { labeled: &trained_on, seed, round: round as u64, part: number };
    let mut epochs = Vec::new();
    learner.fit(network, fit, &mut |step| {
        let (trained, network) = match step {
            Step::Minibatch { epoch, images } => return report.epoch(round, epoch, last_epoch, 3 * images as u64),
            Step::Epoch(epoch, network) => (epoch, network),
        };
        let epoch = trained.number;
        epochs.push(Epoch { training: part, trained, value: None });
        // On a GPU, minibatches are reported before they are done; only now is it known how long they took.
        report.epoch(round, epoch, last_epoch, 0)?;
        if !(epoch == last_epoch || chooses && every.contains(&epoch)) {
            return Ok(());
        }
        let begun = Instant::now();
        let (split, images) = match (part, &evaluated) {
            (Training::NotHeldOut, _) => (learner.data.train.as_ref(), &held_out),
            (Training::AllLabels, Some((split, images))) => (*split, images),
            (Training::AllLabels, None) => return Ok(()),
        };
        let metrics = learner.evaluate(network, split, images)?;
        let diverged = metrics.iter().find(|metric| !metric.1.is_finite());
        ensure!(
            diverged.is_none(),
            "training diverged in round {round}: {} is not a number after epoch {epoch}; lower `{}`",
            diverged.map_or("", |metric| metric.0.as_str()),
            learner.train.optimizer.lr_key("train")
        );
        if let Some(noted) = epochs.last_mut() {
            noted.value = Some(metrics[0].1);
        }
        if chooses && best.as_ref().is_none_or(|b| metrics[0].1 > b.metrics[0].1) {
            let needed = part == Training::NotHeldOut || query == Select::BestOnTest;
            best = Some(Best { epoch, metrics: metrics.clone(), weights: needed.then(|| network.snapshot()) });
        }
        if epoch == last_epoch {
            last = Some(metrics);
        }
        evaluating += begun.elapsed().as_secs_f64();
        report.done(images.len() as u64);
        Ok(())
    })?;
    out.epochs.extend(epochs);
    let mut weights = None;
    for &rule in rules {
        match (rule, &mut best) {
            (Select::Last, _) => {
                if let Some(last) = &last {
                    out.add(rule, last_epoch, last);
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
                if let Some((split, images)) = &evaluated {
                    out.add(rule, best.epoch, &learner.evaluate(network, *split, images)?);
                    report.done(images.len() as u64);
                }
                out.held_out = Some(std::mem::take(&mut best.metrics));
                evaluating += begun.elapsed().as_secs_f64();
                if rule == query {
                    weights = Some(chosen);
                }
            }
            (_, None) => unreachable!("the last epoch is evaluated"),
        }
    }
    out.timing.evaluate += evaluating;
    out.timing.train += start.elapsed().as_secs_f64() - evaluating;
    Ok(weights)
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
