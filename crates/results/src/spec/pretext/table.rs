//! `[pretext]` as a spec writes it: the keys of a learner, or `losses`, and how losses become pretext batches.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    FirstQuery, LearnerSpec, LossFile, LossOrder, LossSource, PretextCheckpoint, PretextForward, PretextSpec,
    PretextTask, ShortBatch,
};
use crate::spec::{Augment, Optimizer, Precision, Schedule, schema};

/// The pretext losses, and how they become pretext batches. Either a learner (`task`, `epochs`, ...) or `losses`, a file.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PretextTable {
    /// The self-supervised task that the pretext learner is trained on.
    ///
    /// Default: none; required unless `losses` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-learner" = true))]
    task: Option<PretextTask>,
    /// The number of epochs of the pretext learner, 1 to 1,000,000.
    ///
    /// Default: none; required unless `losses` is given.
    ///
    /// Source: 15 in the official code (`rotation.py`); 120 until 79b8279 (2023-01-01), which its README calls a mistake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 15, extend("x-learner" = true))]
    epochs: Option<usize>,
    /// The number of images in a step, 1 to 65,536. Each image enters the step once for each of its transformations (see
    /// `pretext.forward`).
    ///
    /// Default: none; required unless `losses` is given.
    ///
    /// Source: 256 in the official code (`rotation.py`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 256, extend("x-learner" = true))]
    minibatch: Option<usize>,
    /// The number format of the learner's training and losses.
    ///
    /// Default: `"f32"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-learner" = true))]
    precision: Option<Precision>,
    /// The optimizer of the pretext learner.
    ///
    /// Default: none; required unless `losses` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-learner" = true))]
    optimizer: Option<Optimizer>,
    /// The learning rate of the pretext learner over its epochs.
    ///
    /// Default: none; required unless `losses` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-learner" = true))]
    schedule: Option<Schedule>,
    /// The epoch whose pretext learner gives the losses.
    ///
    /// Default: none; required unless `losses` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-learner" = true))]
    checkpoint: Option<PretextCheckpoint>,
    /// How the transformed copies of a minibatch pass through the pretext learner in training. It matters for `task = "rotation"`
    /// alone.
    ///
    /// Default: none; required unless `losses` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-learner" = true))]
    forward: Option<PretextForward>,
    /// Random changes of the pretext learner's training images, in this order. `simsiam` makes its views with them, also when it
    /// scores.
    ///
    /// Default: none (`[]`).
    ///
    /// Source: none in the official code since 7656fce (2021-11-24; `rotation.py` defines crop and flip but does not use them);
    /// crop and flip before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = ["crop-4", "flip"], extend("x-learner" = true))]
    augment: Option<Vec<Augment>>,
    /// A file with losses that were computed elsewhere, in place of a learner.
    ///
    /// Default: none; a learner gives the losses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    losses: Option<LossFile>,
    /// The order in which the pool is split into pretext batches.
    order: LossOrder,
    /// The number of pretext batches. If there are fewer than rounds, consecutive rounds share one; if there are more, no round queries
    /// the last ones.
    ///
    /// Default: `rounds.count`.
    ///
    /// Source: 10 in the official code (`make_batches.py`), one for each round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 10)]
    batches: Option<usize>,
    /// The pretext batch of the first query, in round 1.
    #[serde(default, skip_serializing_if = "crate::spec::is_default")]
    #[schemars(!skip_serializing_if)]
    first_query: FirstQuery,
    /// What happens if a pretext batch has fewer unlabeled images than its round queries.
    #[serde(default, skip_serializing_if = "crate::spec::is_default")]
    #[schemars(!skip_serializing_if)]
    short_batch: ShortBatch,
}

impl TryFrom<PretextTable> for PretextSpec {
    type Error = String;

    /// The messages have serde's form, so that they are explained with file and line as serde's own are.
    fn try_from(table: PretextTable) -> Result<Self, String> {
        let learner_key = first_learner_key(&table);
        let losses = match table.losses {
            Some(file) => {
                if let Some(key) = learner_key {
                    return Err(format!(
                        "`losses` takes the place of a learner, but `{key}` is one's; remove one of them"
                    ));
                }
                LossSource::File(file)
            }
            None => LossSource::Learner(LearnerSpec {
                task: required("task", table.task)?,
                epochs: required("epochs", table.epochs)?,
                minibatch: required("minibatch", table.minibatch)?,
                precision: table.precision.unwrap_or_default(),
                optimizer: required("optimizer", table.optimizer)?,
                schedule: required("schedule", table.schedule)?,
                checkpoint: required("checkpoint", table.checkpoint)?,
                forward: required("forward", table.forward)?,
                augment: table.augment.unwrap_or_default(),
            }),
        };
        let PretextTable { order, batches, first_query, short_batch, .. } = table;
        Ok(Self { losses, order, batches, first_query, short_batch })
    }
}

/// Returns the first key in the table that describes a learner.
fn first_learner_key(table: &PretextTable) -> Option<String> {
    let written = toml::Table::try_from(table).expect("plain data serialises");
    written.into_iter().map(|(key, _)| key).find(|key| schema::is_learner_key(key))
}

fn required<T>(key: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("missing field `{key}`"))
}

impl From<PretextSpec> for PretextTable {
    fn from(spec: PretextSpec) -> Self {
        let (learner, losses) = match spec.losses {
            LossSource::Learner(learner) => (Some(learner), None),
            LossSource::File(file) => (None, Some(file)),
        };
        let mut table = Self {
            task: None,
            epochs: None,
            minibatch: None,
            precision: None,
            optimizer: None,
            schedule: None,
            checkpoint: None,
            forward: None,
            augment: None,
            losses,
            order: spec.order,
            batches: spec.batches,
            first_query: spec.first_query,
            short_batch: spec.short_batch,
        };
        if let Some(learner) = learner {
            table.task = Some(learner.task);
            table.epochs = Some(learner.epochs);
            table.minibatch = Some(learner.minibatch);
            table.precision = (learner.precision != Precision::default()).then_some(learner.precision);
            table.optimizer = Some(learner.optimizer);
            table.schedule = Some(learner.schedule);
            table.checkpoint = Some(learner.checkpoint);
            table.forward = Some(learner.forward);
            table.augment = (!learner.augment.is_empty()).then_some(learner.augment);
        }
        table
    }
}
