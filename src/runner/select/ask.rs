//! What a selection needs to know before it starts: the arm, the round and the number of images; and what it refuses.

use std::path::Path;

use anyhow::{Result, anyhow, bail, ensure};

use super::Asked;
use pt4al_data::Read;
use pt4al_data::labeled::LabeledImages;
use pt4al_results::spec::{
    EvaluationImages, InitialSet, PretextStride, SamplerSpec, Select, ShortBatch, Spec, Start, arm_label,
};
use pt4al_results::words::{nearest, thousands};

/// The arm that chooses.
#[derive(Debug)]
pub(super) struct Arm<'a> {
    /// Its name, as in records.
    pub label: String,
    pub protocol: &'a Spec,
    pub sampler: &'a SamplerSpec,
}

impl<'a> Arm<'a> {
    /// Finds the arm of a name; without a name, the spec's only arm.
    ///
    /// # Errors
    /// If there is none of that name, or there are several and no name says which; the message lists them.
    pub fn find(spec: &'a Spec, name: Option<&str>) -> Result<Self> {
        let arms = spec.protocols().flat_map(|(variant, protocol)| {
            let arm = move |sampler| Arm { label: arm_label(sampler, variant), protocol, sampler };
            protocol.samplers.iter().map(arm)
        });
        let mut arms: Vec<Self> = arms.collect();
        let known = arms.iter().map(|arm| arm.label.as_str()).collect::<Vec<_>>().join(", ");
        let Some(name) = name else {
            ensure!(arms.len() == 1, "the spec has several arms; name one with --arm: {known}");
            return Ok(arms.remove(0));
        };
        let Some(at) = arms.iter().position(|arm| arm.label == name) else {
            let near = nearest(name, arms.iter().map(|arm| arm.label.as_str()));
            let near = near.map_or(String::new(), |near| format!(" did you mean {near}?"));
            bail!("--arm {name}: the spec has no such arm;{near} (known: {known})");
        };
        Ok(arms.swap_remove(at))
    }
}

/// The round of a selection, and the number of images to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    /// 0 before anything is labeled.
    pub round: usize,
    pub n: usize,
}

impl Ask {
    /// Checks that what is asked for can be done with the labels and the data.
    ///
    /// # Errors
    /// One line that says what cannot be done, and what to change.
    pub fn check(arm: &Arm, asked: &Asked, labeled: &LabeledImages, data: &Read) -> Result<Self> {
        let (spec, labels, pool) = (arm.protocol, labeled.rows.len(), data.pool.len());
        ensure!(spec.replay.is_none(), "`replay` has its queries already, so there is nothing to choose; remove it");
        let round = match asked.round {
            None => round_of(spec, labels),
            Some(0) if labels > 0 => {
                bail!("--round 0 is before anything is labeled, but there are {labels} labels; name round 1 or later")
            }
            Some(round) if round > 0 && labels == 0 => {
                bail!(
                    "--round {round} needs labels, but nothing is labeled; name a file with --labeled, or leave --round out"
                )
            }
            Some(round) => round,
        };
        let left = pool - labels;
        ensure!(left > 0, "every image of the pool has a label; there is nothing to choose");
        let by_spec = if round == 0 { spec.rounds.initial } else { spec.rounds.query };
        let n = asked.n.unwrap_or(by_spec);
        ensure!(n > 0, "--n is 0; choose at least 1 image");
        ensure!(
            n <= left,
            "{n} images are to be chosen, but only {} of the pool have no label; lower --n",
            thousands(left)
        );
        let ask = Self { round, n };
        ask.check_batches(arm, pool)?;
        if round > 0 {
            ask.check_training(spec, labeled, data)?;
        }
        Ok(ask)
    }

    /// Whether pretext losses are read.
    pub fn needs_pretext(self, arm: &Arm) -> bool {
        arm.protocol.uses_pretext(arm.sampler) && (self.round == 0 || arm.sampler.needs_pretext())
    }

    /// Whether features of the pretext learner are read.
    pub fn needs_features(self, arm: &Arm) -> bool {
        self.round == 0 && arm.protocol.learned_initial_set(arm.sampler) || arm.sampler.needs_pretext_features()
    }

    /// Checks pretext batches and the initial set.
    fn check_batches(self, arm: &Arm, pool: usize) -> Result<()> {
        let Self { round, n } = self;
        let spec = arm.protocol;
        let initial = spec.initial_set(arm.sampler);
        ensure!(
            round > 0 || initial != InitialSet::ClassBalanced,
            "`initial-set` is \"class-balanced\", which needs the classes of images that nobody has labeled; choose another, for \
             instance --set \"initial-set='random'\""
        );
        if !self.needs_pretext(arm) {
            return Ok(());
        }
        if let Some(learner) = spec.learner() {
            let least = spec.pretext_minibatches(learner).least;
            ensure!(pool >= least, "the pool has {pool} image, but the pretext learner needs {least}; add images");
        }
        let batches = spec.pretext_batches();
        ensure!(
            batches <= pool,
            "there are {batches} pretext batches, but the pool has {pool} images; lower `pretext.batches`"
        );
        let size = |batch: usize| pool / batches + usize::from(batch < pool % batches);
        if round == 0 {
            if let InitialSet::PretextStride(PretextStride { batch, stride }) = initial {
                let spanned = stride.map_or(n, |stride| (n - 1).saturating_mul(stride).saturating_add(1));
                ensure!(
                    spanned <= size(batch),
                    "the first {n} images are to be chosen from pretext batch {batch}{}, which has {} of the {pool} images; lower \
                     --n{} or `pretext.batches`",
                    stride.map_or(String::new(), |stride| format!(", one in {stride}")),
                    size(batch),
                    if stride.is_some() { ", `initial-set.pretext-stride.stride`" } else { "" }
                );
            }
            return Ok(());
        }
        let batch = spec.pretext_batch_of(round);
        ensure!(
            batch < batches,
            "round {round} has no pretext batch: the last of {batches} was that of round {}; name an earlier --round, or choose \
             by another sampler",
            (1..round).rfind(|&earlier| spec.pretext_batch_of(earlier) < batches).unwrap_or(0)
        );
        let fills_up = spec.pretext.as_ref().is_some_and(|pretext| pretext.short_batch == ShortBatch::NextBatch);
        ensure!(
            fills_up || n <= size(batch),
            "{n} images are to be chosen from pretext batch {batch}, which has {} of the {pool} images; lower --n or \
             `pretext.batches`, or set `pretext.short-batch` to \"next-batch\"",
            size(batch)
        );
        Ok(())
    }

    /// Checks that the labels are enough to train on, and that the selection rules have images to choose by.
    fn check_training(self, spec: &Spec, labeled: &LabeledImages, data: &Read) -> Result<()> {
        let (labels, select) = (labeled.rows.len(), &spec.train.select);
        ensure!(
            self.round == 1 || spec.train.start == Start::Fresh,
            "`train.start` is \"continue\", but a single round has no weights of a round before; use --set \
             \"train.start='fresh'\""
        );
        let mut occurring = labeled.classes.iter().zip(labeled.counts()).filter(|(_, count)| *count > 0);
        if let (Some((only, _)), None) = (occurring.next(), occurring.next()) {
            bail!("all {labels} labels are `{only}`; label images of at least two classes");
        }
        let rule = Select::BestOnTest;
        if select.record.contains(&rule) {
            let why = match select.images {
                EvaluationImages::Train => {
                    Some("`train.select.images` names the train images, most of which have no label")
                }
                EvaluationImages::Test => {
                    data.splits.test.is_empty().then_some("the data set has no test images with labels")
                }
            };
            if let Some(why) = why {
                bail!(
                    "`train.select.record` has \"{}\", but {why}; use --set \"train.select.query='last'\" --set \
                     \"train.select.record=['last']\"",
                    rule.name()
                );
            }
        }
        let held_out = if select.record.contains(&Select::BestOnHeldOut) { spec.held_out(labels) } else { 0 };
        let least = spec.minibatches().least;
        ensure!(
            labels.saturating_sub(held_out) >= least,
            "there {}, {}but a training needs {least}; label more images",
            if labels == 1 { "is 1 label".into() } else { format!("are {labels} labels") },
            if held_out > 0 { format!("of which {held_out} is held out, ") } else { String::new() }
        );
        Ok(())
    }
}

/// The round that the spec's trials query when they have this many labels, rounded down: with fewer labels than the initial ones it
/// is round 1.
fn round_of(spec: &Spec, labels: usize) -> usize {
    match labels {
        0 => 0,
        _ => 1 + labels.saturating_sub(spec.rounds.initial) / spec.rounds.query.max(1),
    }
}

/// Checks that a file can be written, before anything is trained. Its folder is made if it is not there.
///
/// # Errors
/// If it cannot be written.
pub(super) fn ensure_writable(out: &Path) -> Result<()> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let attempt = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        tempfile::tempfile_in(folder).map(drop)
    };
    attempt().map_err(|e| anyhow!("--out {}: cannot be written ({e}); name a file that can", out.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pt4al_results::spec::{Source, load};

    /// The demo starts with 100 labels and adds 100 in each round.
    #[test]
    fn the_round_follows_from_the_number_of_labels() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/demo.toml");
        let spec = load(&Source { path, ..Source::default() }).unwrap();
        let rounds = [0, 1, 99, 100, 199, 200, 305].map(|labels| round_of(&spec, labels));
        assert_eq!(rounds, [0, 1, 1, 1, 1, 2, 3]);
    }

    #[test]
    fn arms_have_the_names_of_records() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/demo.toml");
        let sets = vec!["variant.wide.model.width=16".into()];
        let spec = load(&Source { path, sets, ..Source::default() }).unwrap();
        let arm = Arm::find(&spec, Some("entropy@wide")).unwrap();
        assert_eq!(
            (arm.label.as_str(), arm.protocol.model.network().unwrap().width, arm.sampler.label()),
            ("entropy@wide", 16, "entropy".into())
        );
        let error = Arm::find(&spec, Some("entropy@wild")).unwrap_err().to_string();
        assert!(error.contains("did you mean entropy@wide?"), "{error}");
    }
}
