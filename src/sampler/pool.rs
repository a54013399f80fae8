//! What a sampler is, and what it may see of the pool.

use anyhow::Result;
use tch::Tensor;

use pt4al_results::seed::Stream;
use pt4al_results::spec::Uncertainty;

/// The pool before a query, as a sampler sees it: images, scores and features, and the classes of labeled images, but no labels of
/// unlabeled ones. Images are named by their index in the train split.
///
/// [`trial::Pool`](crate::trial::Pool) is the one that trials use. A test can implement the trait over plain numbers.
pub trait PoolView {
    /// Returns the round that the query is for: 1 or later, and 0 for the initial labels.
    fn round(&self) -> usize;

    /// Returns the indices of the images without a label, ascending.
    fn unlabeled(&self) -> &[usize];

    /// Returns the rank of an image of the pool in a random order that all samplers of a seed share. Of images with equal
    /// scores, a sampler queries the one with the lowest rank first. Indices would be no fair order: in many data sets they
    /// go by class.
    fn tie_rank(&self, index: usize) -> usize;

    /// Returns the indices of the labeled images, in the order in which they were queried.
    fn labeled(&self) -> &[usize];

    /// Returns the classes of [`labeled`](PoolView::labeled), in its order, as the labels that were asked for in earlier rounds told
    /// them; `None` for segmentation, where an image has no single class.
    ///
    /// # Errors
    /// If images cannot be read any more.
    fn known_classes(&self) -> Result<Option<Vec<usize>>>;

    /// Returns the seed of the trial.
    fn seed(&self) -> u64;

    /// Returns the name of an image: the path of its file in the data set's folder. `None` if the data set has only numbers.
    fn id(&self, index: usize) -> Option<String>;

    /// Returns how unsure the task model of the last round is of each image of `indices`, higher for less sure. The units are
    /// those of [`Uncertainty`]. Each call runs the task model on these images.
    ///
    /// # Errors
    /// If there is no task model yet, images cannot be read any more, or the model's outputs are not finite.
    fn uncertainty(&self, kind: Uncertainty, indices: &[usize]) -> Result<Vec<f64>>;

    /// Returns the features before the head of the task model of the last round: float `[n, d]`, a row for each image of
    /// `indices`. For segmentation they are the mean of the map. Each call runs the task model on these images.
    ///
    /// # Errors
    /// As for [`PoolView::uncertainty`], and if features are so large that squared distances are not finite.
    fn features(&self, indices: &[usize]) -> Result<Tensor>;

    /// Returns the features and the outputs of the task model of the last round, a row for each image of `indices`, in one pass.
    ///
    /// # Errors
    /// As for [`PoolView::uncertainty`].
    fn outputs(&self, indices: &[usize]) -> Result<Outputs>;

    /// Returns the class (0 to [`classes`](PoolView::classes) - 1) that the task model of the last round predicts for each image
    /// of `indices`. Each call runs the task model on these images.
    ///
    /// # Errors
    /// As for [`PoolView::uncertainty`], and for segmentation, where an image has no single class.
    fn predicted(&self, indices: &[usize]) -> Result<Vec<usize>>;

    /// Returns the number of classes.
    fn classes(&self) -> usize;

    /// Returns the number of pretext batches; 0 without a pretext learner.
    fn pretext_batches(&self) -> usize;

    /// Returns the indices of a pretext batch, in the batch's order. Labeled images are among them.
    ///
    /// # Errors
    /// If there is no such batch.
    fn pretext_batch(&self, batch: usize) -> Result<&[usize]>;

    /// Returns the pretext batch that this round queries.
    fn batch_of_round(&self) -> usize;

    /// Returns the pretext losses of images of the pool, in the order of `indices`.
    ///
    /// # Errors
    /// If there are none, or an image is not in the pool.
    fn pretext_losses(&self, indices: &[usize]) -> Result<Vec<f64>>;

    /// Returns the features of the pretext learner, float `[n, d]`: a row for each image of `indices`. They are there only if the
    /// initial set or the sampler needs them.
    ///
    /// # Errors
    /// If there are none, or an image is not in the pool.
    fn pretext_features(&self, indices: &[usize]) -> Result<Tensor>;
}

/// What the task model computes of some images.
#[derive(Debug)]
pub struct Outputs {
    /// Float `[n, d]`; for segmentation the mean of the map.
    pub features: Tensor,
    /// The outputs before the softmax: float `[n, classes]`, or `[n, classes, height, width]` for segmentation.
    pub logits: Tensor,
}

/// A rule that chooses which images to label next.
pub trait Sampler {
    /// Returns the indices of `n` different images of `pool.unlabeled()`, the first choice first. All randomness must come from
    /// `stream`, so that a resumed trial makes the same query.
    ///
    /// # Errors
    /// If `pool` gives an error.
    fn query(&self, pool: &dyn PoolView, n: usize, stream: &mut Stream) -> Result<Vec<usize>>;
}

/// Returns the rows `0..indices.len()` in the order of the [`PoolView::tie_rank`] of their images.
pub(super) fn by_tie_rank(pool: &dyn PoolView, indices: &[usize]) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..indices.len()).collect();
    rows.sort_by_cached_key(|&row| pool.tie_rank(indices[row]));
    rows
}

/// Returns the given rows of `features`, float `[n, d]`, in the order of `rows`.
pub(super) fn in_order(features: &Tensor, rows: &[usize]) -> Tensor {
    let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
    features.index_select(0, &Tensor::from_slice(&rows).to_device(features.device()))
}
