//! The cost of a spec, counted in images.

use std::ops::{Add, AddAssign};

use super::{
    Arch, ExtraMetric, FeaturesSpec, Labeled, ModelSpec, NetworkSpec, Optimizer, Passes, Precision, SamplerSpec, Seen,
    Select, Spec, Stem, TaskKind, Trial,
};

/// The number of classes that the estimates of a head on features assume: as many as ImageNet has.
const MANY_CLASSES: f64 = 1000.0;
/// What is assumed of a network from a TorchScript file, which says neither: the numbers of ResNet-18 with the 7x7 stem and width 64.
const OPERATIONS_OF_A_PIXEL: f64 = 18.0 * 64.0 * 64.0;
const BYTES_OF_A_PIXEL: f64 = 7.0 * 64.0;

/// The number of images that pass through a network. A backward pass costs about two forward passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Images trained on: forward and backward.
    pub train: u64,
    /// Images evaluated (test and held-out): forward.
    pub evaluate: u64,
    /// Pool images scored for queries or losses: forward.
    pub score: u64,
}

impl Work {
    /// Returns the work in forward passes of one image.
    pub fn units(&self) -> u64 {
        self.train.saturating_mul(3).saturating_add(self.evaluate).saturating_add(self.score)
    }

    /// Returns what is left after `units` forward passes, which are taken from all parts in proportion.
    #[must_use]
    pub fn after(self, units: u64) -> Self {
        let all = u128::from(self.units()).max(1);
        let left = all.saturating_sub(u128::from(units));
        let part = |images: u64| (u128::from(images) * left / all) as u64;
        Self { train: part(self.train), evaluate: part(self.evaluate), score: part(self.score) }
    }

    /// Returns what is left of a round after `units` forward passes of its trainings. Its query, which scores images, comes after them.
    #[must_use]
    pub fn after_training(self, units: u64) -> Self {
        Self { score: self.score, ..Self { score: 0, ..self }.after(units) }
    }
}

impl Add for Work {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            train: self.train.saturating_add(other.train),
            evaluate: self.evaluate.saturating_add(other.evaluate),
            score: self.score.saturating_add(other.score),
        }
    }
}

impl AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Work {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), Add::add)
    }
}

impl Spec {
    /// Returns the epochs, counted from 1, after which a training is evaluated: every `every`-th and the last.
    pub fn evaluated_epochs(&self) -> Vec<usize> {
        let epochs = self.train.epochs;
        match self.train.select.every {
            Some(every) => (1..=epochs).filter(|e| e % every == 0 || *e == epochs).collect(),
            None => vec![epochs],
        }
    }

    /// Counts the [`Spec::evaluated_epochs`].
    fn evaluations(&self) -> usize {
        self.train.select.every.map_or(1, |every| self.train.epochs.div_ceil(every))
    }

    /// Counts the labels that a training on `labeled` holds out for [`Select::BestOnHeldOut`].
    pub fn held_out(&self, labeled: usize) -> usize {
        let part = self.train.select.held_out.unwrap_or(0.0);
        ((labeled as f64 * part).round() as usize).clamp(1, labeled.saturating_sub(1).max(1))
    }

    /// Returns the work of one round of a trial: its trainings, their evaluations, and the query that follows.
    pub fn round_work(&self, trial: &Trial, round: usize, pool: usize, test: usize) -> Work {
        self.protocol_of(trial).round_work_of(&trial.sampler, round, pool, test)
    }

    fn round_work_of(&self, sampler: &SamplerSpec, round: usize, pool: usize, test: usize) -> Work {
        let labeled = self.rounds.labeled(round);
        let mut work = self.training_work(labeled, self.evaluated_on(pool, test));
        if round + 1 < self.rounds.count && self.replay.is_none() {
            let batch = pool / self.pretext_batches().max(1);
            work.score += sampler.scored(pool - labeled, labeled, batch) as u64;
        }
        work
    }

    /// Returns the work of the trainings on `labeled` images, with their evaluations on `evaluated` images.
    fn training_work(&self, labeled: usize, evaluated: usize) -> Work {
        let rules = &self.train.select.record;
        let epochs = self.train.epochs as u64;
        let mut work = Work::default();
        if rules.iter().any(|&r| r != Select::BestOnHeldOut) {
            let evaluations = if rules.contains(&Select::BestOnTest) { self.evaluations() } else { 1 };
            work.train += labeled as u64 * epochs;
            work.evaluate += (evaluated * evaluations) as u64;
        }
        if rules.contains(&Select::BestOnHeldOut) {
            let held_out = self.held_out(labeled);
            work.train += (labeled - held_out) as u64 * epochs;
            work.evaluate += (held_out * self.evaluations() + evaluated) as u64;
        }
        work
    }

    /// Returns the work of one round of this protocol with a sampler, for a training on `labeled` images and a query of the rest, whatever
    /// `rounds` says.
    pub fn selection_work(&self, sampler: &SamplerSpec, labeled: usize, pool: usize, test: usize) -> Work {
        let mut work = self.training_work(labeled, self.evaluated_on(pool, test));
        let batch = pool / self.pretext_batches().max(1);
        work.score += sampler.scored(pool - labeled, labeled, batch) as u64;
        work
    }

    /// Returns the work of one trial, without its pretext learner.
    pub fn trial_work(&self, trial: &Trial, pool: usize, test: usize) -> Work {
        (0..self.rounds.count).map(|round| self.round_work(trial, round, pool, test)).sum()
    }

    /// Returns the height and width of the images that the task model is trained on.
    pub fn trained_size(&self) -> [usize; 2] {
        self.train.augment.iter().find_map(super::Augment::size).unwrap_or(self.dataset.stored().0)
    }

    /// Returns the number of pixels of an image that the pretext learner sees, relative to those that the task model is trained on. It
    /// differs from 1 for segmentation: the learner sees whole images, the task model crops.
    pub fn pretext_pixels(&self) -> f64 {
        let (Labeled::Pixels, Some(learner)) = (self.dataset.task().labels(), self.learner()) else { return 1.0 };
        let [height, width] = self.dataset.stored().0;
        let seen = match learner.task.options().seen() {
            Seen::Square | Seen::Tiles(_) => height.min(width).pow(2),
            Seen::Whole => height * width,
        };
        seen as f64 / self.trained_size().iter().product::<usize>() as f64
    }

    /// Returns `passes` forward passes of the pretext learner as a number of forward passes of the task model.
    pub fn pretext_units(&self, passes: u64) -> u64 {
        (passes as f64 * self.pretext_pixels()).round() as u64
    }

    /// Estimates roughly what a training step of the task model keeps in memory for the backward pass (activations), in MiB.
    pub fn step_mb(&self) -> f64 {
        self.largest_minibatch() as f64 * self.activations_mb(self.train.precision)
    }

    /// Counts the images of the task model's largest training step, in the last round, which has the most labels.
    pub fn largest_minibatch(&self) -> usize {
        self.train.minibatch.min(self.rounds.labeled(self.rounds.count - 1))
    }

    /// Estimates [`Spec::step_mb`] for the pretext learner on a pool of this many images; 0 without a learner. All transformations of an
    /// image wait for one backward pass.
    pub fn pretext_step_mb(&self, pool: usize) -> f64 {
        self.learner().map_or(0.0, |learner| {
            let passes = learner.minibatch.min(pool) * learner.passes().training;
            passes as f64 * self.pretext_pixels() * self.activations_mb(learner.precision)
        })
    }

    /// Estimates roughly the floating-point operations of a forward pass of one training image of the task model, under the protocol
    /// that takes most. ResNets are in proportion to the published counts (0.56 billion multiplications and additions for ResNet-18 on
    /// 32x32, 1.8 and 4.1 on 224x224 with the 7x7 stem; 5.2 for WRN-28-10 on 32x32), DRN-D-22 follows from its 16 million weights at
    /// output stride 8.
    pub fn operations(&self) -> f64 {
        let of_protocol = |spec: &Self| {
            let network = match &spec.model {
                ModelSpec::Network(network) => network,
                ModelSpec::Features(features) => return 2.0 * features.weights(),
                ModelSpec::Script(_) => {
                    return spec.trained_size().iter().product::<usize>() as f64 * OPERATIONS_OF_A_PIXEL;
                }
            };
            let of_pixel_and_squared_width = match (network.arch, network.stem) {
                (Arch::ResNet18, Stem::Small) => 265.0,
                (Arch::ResNet18, Stem::Large) => 18.0,
                (Arch::ResNet50, Stem::Small) => 620.0,
                (Arch::ResNet50, Stem::Large) => 40.0,
                (Arch::DrnD22, _) => 2000.0,
                (Arch::WideResNet28, _) => 400.0,
            };
            let pixels = spec.trained_size().iter().product::<usize>() as f64;
            pixels * (network.width as f64).powi(2) * of_pixel_and_squared_width
        };
        self.protocols().map(|(_, spec)| of_protocol(spec)).fold(0.0, f64::max)
    }

    /// Estimates the activations of one image in the task model, in MiB. The bytes per pixel were measured on the CPU (peaks at two
    /// minibatch sizes) for ResNet-18 of width 64 and DRN-D-22 of width 16; those of ResNet-50 and of the Wide ResNet are in proportion
    /// to their channels.
    fn activations_mb(&self, precision: Precision) -> f64 {
        let times = precision.bytes() as f64 / Precision::F32.bytes() as f64;
        let bytes = match &self.model {
            ModelSpec::Network(NetworkSpec { arch, stem, width, .. }) => {
                let of_pixel_and_width = match (arch, stem) {
                    (Arch::ResNet18, Stem::Small) => 70.0,
                    (Arch::ResNet18, Stem::Large) => 7.0,
                    (Arch::ResNet50, Stem::Small) => 280.0,
                    (Arch::ResNet50, Stem::Large) => 28.0,
                    (Arch::DrnD22, _) => 100.0,
                    (Arch::WideResNet28, _) => 150.0,
                };
                let pixels = self.trained_size().iter().product::<usize>() as f64;
                pixels * *width as f64 * of_pixel_and_width
            }
            ModelSpec::Script(_) => self.trained_size().iter().product::<usize>() as f64 * BYTES_OF_A_PIXEL,
            // The features, the hidden layer before and after its activation, and the outputs with their softmax.
            ModelSpec::Features(FeaturesSpec { dimension, hidden, .. }) => {
                4.0 * (*dimension as f64 + 2.0 * hidden.unwrap_or(0) as f64 + 2.0 * MANY_CLASSES)
            }
        };
        times * bytes / 1024.0 / 1024.0
    }

    /// Estimates the task model's weights, what the optimizer keeps of past steps (one number for each weight, with Adam two), and twice
    /// the gradients (one for each filter, and one buffer for all), in MiB. Nearly all parameters belong to convolutions between channels, so their number grows with the square of the width.
    pub fn weights_mb(&self) -> f64 {
        self.bytes_of_weights() * (3.0 + self.kept_by_optimizer()) / 1024.0 / 1024.0
    }

    /// Estimates the size of a checkpoint of a round, in MB: the weights, what the optimizer keeps of past steps, and the weights of the
    /// best epoch and of the training before, as far as the selection rules keep them. 0 if no checkpoints are written.
    pub fn checkpoint_mb(&self) -> f64 {
        let select = &self.train.select;
        let has_held_out = select.record.contains(&Select::BestOnHeldOut);
        let in_first = usize::from(select.query == Select::BestOnTest);
        // The second training keeps its best epoch, and the weights of the first if those query.
        let in_second = 1 + usize::from(select.query != Select::BestOnHeldOut);
        let snapshots = if has_held_out { in_second } else { in_first };
        let times = if self.checkpoint_minutes == 0 { 0.0 } else { 1.0 + self.kept_by_optimizer() + snapshots as f64 };
        self.bytes_of_weights() * times / 1e6
    }

    /// Estimates the bytes of the task model's weights.
    fn bytes_of_weights(&self) -> f64 {
        let parameters = match &self.model {
            ModelSpec::Network(NetworkSpec { arch, width, .. }) => {
                let (parameters, published) = match arch {
                    Arch::ResNet18 => (11.2e6, 64.0),
                    Arch::ResNet50 => (23.5e6, 64.0),
                    Arch::DrnD22 => (16.4e6, 16.0),
                    Arch::WideResNet28 => (36.5e6, 160.0),
                };
                parameters * (*width as f64 / published).powi(2)
            }
            ModelSpec::Features(features) => features.weights(),
            // The file has little else. Where it is not at hand, nothing is trained.
            ModelSpec::Script(script) => std::fs::metadata(&script.file).map_or(0.0, |file| file.len() as f64 / 4.0),
        };
        let bytes = match self.train.precision {
            Precision::F64 => 8.0,
            Precision::F32 | Precision::Tf32 | Precision::Bf16 => 4.0,
        };
        parameters * bytes
    }

    /// Returns how many numbers the optimizer keeps of past steps, for each weight.
    fn kept_by_optimizer(&self) -> f64 {
        match self.train.optimizer {
            Optimizer::Sgd(_) => 1.0,
            Optimizer::AdamW(_) => 2.0,
        }
    }

    /// Returns the work of one training of `pt4al correlate`: on the whole pool for `None`, or on the pool without one of `folds` folds,
    /// which the model then scores.
    pub fn correlation_work(&self, pool: usize, folds: Option<usize>) -> Work {
        let measured = folds.map_or(pool, |folds| pool / folds.max(1));
        let trained_on = folds.map_or(pool, |_| pool - measured);
        Work { train: (trained_on * self.train.epochs) as u64, evaluate: 0, score: measured as u64 }
    }

    /// Counts the rows that a round adds to the records if this many classes occur in the test split.
    pub fn rows_of_a_round(&self, classes: usize) -> usize {
        let rows = match self.dataset.task() {
            TaskKind::Classification => {
                let extra = |metric: &ExtraMetric| if *metric == ExtraMetric::PerClass { classes } else { 1 };
                // Accuracy and loss are always recorded.
                2 + self.metrics.iter().map(extra).sum::<usize>()
            }
            // Mean IoU, pixel accuracy, loss, and the IoU of each class.
            TaskKind::Segmentation => 3 + classes,
        };
        // One more for the epoch.
        self.train.select.record.len() * (rows + 1)
    }

    /// Returns the work of one pretext learner.
    pub fn pretext_work(&self, pool: usize) -> Work {
        let Some(learner) = self.learner() else { return Work::default() };
        let Passes { training, scoring } = learner.passes();
        let images = |passes: usize| (passes as f64 * pool as f64 * self.pretext_pixels()).round() as u64;
        // The evaluation that finds the best epoch is also the one that gives the losses.
        let scorings = match learner.checkpoint {
            super::PretextCheckpoint::Last => 1,
            super::PretextCheckpoint::BestOnPool => learner.epochs as u64,
        };
        let features = if self.needs_features() { images(1) } else { 0 };
        Work {
            train: images(training) * learner.epochs as u64,
            evaluate: 0,
            score: images(scoring) * scorings + features,
        }
    }
}

impl FeaturesSpec {
    /// Estimates the number of weights of a head for many classes.
    fn weights(&self) -> f64 {
        let hidden = self.hidden.unwrap_or(0) as f64 * self.dimension as f64;
        hidden + self.outputs() as f64 * MANY_CLASSES
    }
}

#[cfg(test)]
mod tests;
