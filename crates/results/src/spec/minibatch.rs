//! How images are cut into minibatches, and the smallest minibatch that a network can be trained on.

use super::{Arch, Augment, Labeled, LearnerSpec, Precision, Spec, Stem};

/// How a sequence of images is cut into minibatches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The number of images in a minibatch; the last one may have fewer.
    pub size: usize,
    /// A last minibatch of fewer images than this is merged into the one before it.
    pub least: usize,
}

impl Cut {
    /// Cuts minibatches of `size` images, and a last one of the remaining images.
    pub fn of(size: usize) -> Self {
        Self { size, least: 1 }
    }

    /// Returns the number of images in each minibatch.
    pub fn lengths(self, images: usize) -> Vec<usize> {
        let mut lengths = vec![self.size; images / self.size];
        let left = images % self.size;
        match lengths.last_mut() {
            Some(last) if left < self.least => *last += left,
            _ if left > 0 => lengths.push(left),
            _ => {}
        }
        lengths
    }
}

impl LearnerSpec {
    /// Returns the height and width of what the network of the learner sees of images of the size `whole`.
    pub fn seen_size(&self, whole: [usize; 2]) -> [usize; 2] {
        let whole = self.augment.iter().find_map(Augment::size).unwrap_or(whole);
        self.task.options().seen().size(whole)
    }
}

impl Spec {
    /// Returns the minibatches of the task model. In training, batch norm needs more than one value of each channel. If the network's
    /// smallest feature map has one pixel, an image gives one value there, so a single remaining image joins the minibatch before it.
    /// (PyTorch stops with an error, or drops the last minibatch with `drop_last`, which would leave out a label.)
    pub fn minibatches(&self) -> Cut {
        let one_pixel = self.has_one_pixel(self.trained_size());
        Cut { size: self.train.minibatch, least: if one_pixel { 2 } else { 1 } }
    }

    /// Returns the minibatches of a pretext learner of this protocol, in images, by the same rule as for the task model. SimSiam's head
    /// has batch norm over vectors, which are one value of each channel. If all rotations of an image pass together, an image gives
    /// several values.
    pub fn pretext_minibatches(&self, learner: &LearnerSpec) -> Cut {
        let whole = match self.dataset.task().labels() {
            Labeled::Images => self.trained_size(),
            Labeled::Pixels => self.dataset.stored().0,
        };
        let task = learner.task.options();
        let single = task.normalises_vectors()
            || !task.passes_together(learner.forward) && self.has_one_pixel(learner.seen_size(whole));
        Cut { size: learner.minibatch, least: if single { 2 } else { 1 } }
    }

    /// Returns the precisions of the networks that this protocol trains.
    pub fn precisions(&self) -> impl Iterator<Item = Precision> {
        std::iter::once(self.train.precision).chain(self.learner().map(|learner| learner.precision))
    }

    /// Whether the network's smallest feature map has one pixel for images of this height and width. Each halving rounds up. A head on
    /// features has no batch norm, which would need more than one.
    fn has_one_pixel(&self, size: [usize; 2]) -> bool {
        let Some(network) = self.model.network() else { return false };
        let halvings = match (network.arch, network.stem) {
            (Arch::ResNet18 | Arch::ResNet50, Stem::Large) => 5,
            (Arch::ResNet18 | Arch::ResNet50, Stem::Small) | (Arch::DrnD22, _) => 3,
            (Arch::WideResNet28, _) => 2,
        };
        size.iter().all(|side| side.div_ceil(1 << halvings) == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remaining_images_are_a_minibatch_or_join_the_last_one() {
        assert_eq!(Cut::of(4).lengths(9), [4, 4, 1]);
        assert_eq!(Cut { size: 4, least: 2 }.lengths(9), [4, 5]);
        assert_eq!(Cut { size: 4, least: 2 }.lengths(10), [4, 4, 2]);
        assert_eq!(Cut { size: 4, least: 2 }.lengths(8), [4, 4]);
        assert_eq!(Cut { size: 4, least: 2 }.lengths(3), [3]);
        // There is no minibatch to join.
        assert_eq!(Cut { size: 4, least: 2 }.lengths(1), [1]);
        assert_eq!(Cut::of(4).lengths(0), [0; 0]);
    }

    /// The smallest feature map decides; SimSiam's head has batch norm without one.
    #[test]
    fn a_single_image_joins_the_minibatch_before_it_where_batch_norm_needs_two() {
        use crate::spec::{Source, load};
        let loaded = |experiment: &str, sets: &[&str]| {
            let path =
                std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../experiments/{experiment}.toml"));
            load(&Source { path, sets: sets.iter().map(|set| (*set).into()).collect(), ..Source::default() }).unwrap()
        };
        let least = |experiment: &str, sets: &[&str]| loaded(experiment, sets).minibatches().least;
        assert_eq!(least("cifar10", &[]), 1);
        assert_eq!(least("cifar10", &["model.stem=7x7"]), 2);
        let side = |side: usize| format!("dataset.imagenet.input={{resize={side},crop={side}}}");
        let crop = |side: usize| format!("train.augment=[{{random-resized-crop={{side={side},area=[0.5,1.0]}}}}]");
        let imagenet = |stored: usize, seen: usize| least("imagenet", &[&side(stored), &crop(seen)]);
        assert_eq!((imagenet(33, 33), imagenet(33, 32), imagenet(16, 16)), (1, 2, 2));
        let map = |height: usize| least("cityscapes", &[&format!("train.augment=[{{crop=[{height},8]}}]")]);
        assert_eq!((map(8), map(9)), (2, 1));

        let pretext = |sets: &[&str]| {
            let spec = loaded("cifar10", sets);
            spec.pretext_minibatches(spec.learner().unwrap()).least
        };
        let large = "model.stem=7x7";
        assert_eq!((pretext(&[]), pretext(&[large])), (1, 2));
        assert_eq!(pretext(&[large, "pretext.forward=together"]), 1);
        assert_eq!(pretext(&["pretext.task={simsiam={views=1,dimension=8}}", "pretext.augment=['flip']"]), 2);
        assert_eq!(pretext(&[large, "pretext.task={jigsaw={grid=3,permutations=5}}"]), 2);
    }
}
