//! Splits as minibatches of tensors, for training and scoring.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::features;
use pt4al_data::Read;
use pt4al_data::images::{Ids, Labels, Records, Source, Split};
use pt4al_data::labeled::LabeledImages;
use pt4al_results::spec::{Augment, Channels, Cut, Labeled, Normalize, Spec};

/// Images with their labels.
#[derive(Debug)]
pub struct Minibatch {
    /// uint8 `[n, height, width, 3]`, RGB. If the spec has features in place of a network: their rows, float32 `[n, d]`.
    pub images: Tensor,
    /// The labels, known to the oracle: int64 `[n]` classes, or uint8 `[n, height, width]` label maps with
    /// [`pt4al_data::images::IGNORED`].
    pub targets: Tensor,
}

/// An iterator over minibatches in a given order.
pub type Minibatches<'a> = Box<dyn Iterator<Item = Result<Minibatch>> + 'a>;

/// One split of a data set on a device.
pub trait Dataset {
    /// The number of images in the split.
    fn len(&self) -> usize;

    /// Whether there are no images.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Height and width of the images; 1 and d for rows of d features.
    fn size(&self) -> [usize; 2];

    /// The device of the minibatches.
    fn device(&self) -> Device;

    /// The images with the indices `order`, cut into minibatches.
    ///
    /// # Errors
    /// A minibatch is an error if one of its files can no longer be read.
    fn minibatches<'a>(&'a self, order: &'a [usize], cut: Cut) -> Minibatches<'a>;

    /// The whole split, if it is in the device's memory.
    fn resident(&self) -> Option<&Resident> {
        None
    }

    /// The time spent waiting for minibatches so far.
    fn waited(&self) -> Duration {
        Duration::ZERO
    }
}

/// Turns images into the input of a network.
#[derive(Debug)]
pub struct Input {
    /// float32 `[3]` on the device: `(x / 255 - mean) / std = x scale + shift`.
    scale: Tensor,
    shift: Tensor,
    /// Height and width of the center that is taken; `None` for the whole image.
    center: Option<[usize; 2]>,
    channels: Channels,
    /// Whether the images are rows of features, which are passed on as they are.
    are_features: bool,
}

impl Input {
    /// The input for scoring and evaluation under a spec: for classification the center, in the size that the network is
    /// trained on; for segmentation whole images.
    pub fn of(spec: &Spec, device: Device) -> Self {
        let trained_on = spec.train.augment.iter().find_map(Augment::size);
        let center = trained_on.filter(|_| spec.dataset.task().labels() == Labeled::Images);
        let are_features = spec.model.features().is_some();
        Self { channels: spec.channels, are_features, ..Self::new(&spec.dataset.normalize(), center, device) }
    }

    /// Takes the `center` (height, width) of images on `device`, and normalises it. Channels stay RGB.
    pub fn new(normalize: &Normalize, center: Option<[usize; 2]>, device: Device) -> Self {
        let scale = normalize.std.map(|std| (1.0 / (255.0 * std)) as f32);
        let shift = [0, 1, 2].map(|channel| (-normalize.mean[channel] / normalize.std[channel]) as f32);
        // Copied once here, because each copy to a GPU waits for the GPU.
        let constant = |values: &[f32]| Tensor::from_slice(values).to_device(device);
        Self { scale: constant(&scale), shift: constant(&shift), center, channels: Channels::Rgb, are_features: false }
    }

    /// Turns uint8 `[n, h, w, 3]` into normalised float32 `[n, 3, h', w']`, channels last in memory. Rows of features stay as they are.
    pub fn prepare(&self, images: &Tensor) -> Tensor {
        if self.are_features {
            return images.shallow_clone();
        }
        self.normalized(&self.centered(images))
    }

    /// Normalises RGB `[n, h, w, 3]` from 0 to 255 to float32 `[n, 3, h, w]`, channels last in memory. With
    /// [`Channels::Bgr`], mean and deviation of red are applied to blue, as by code that reads BGR and takes it for RGB.
    pub fn normalized(&self, images: &Tensor) -> Tensor {
        let images = match self.channels {
            Channels::Rgb => images.to_kind(Kind::Float),
            Channels::Bgr => images.flip([3]).to_kind(Kind::Float),
        };
        (images * &self.scale + &self.shift).permute([0, 3, 1, 2])
    }

    /// The center of uint8 `[n, h, w, 3]`, or the whole image if [`Input`] has no center.
    pub fn centered(&self, images: &Tensor) -> Tensor {
        let Some([height, width]) = self.center else { return images.shallow_clone() };
        let (height, width) = (height as i64, width as i64);
        let (_, h, w, _) = images.size4().expect("images have four dimensions");
        images.narrow(1, (h - height) / 2, height).narrow(2, (w - width) / 2, width)
    }
}

/// A data set on a device.
pub struct Data {
    /// The train split.
    pub train: Box<dyn Dataset>,
    /// The test split.
    pub test: Box<dyn Dataset>,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// Indices into `train` of the images that form the pool, ascending.
    pub pool: Vec<usize>,
    /// How images are prepared for the network.
    pub input: Input,
    /// The names of the images of the train split; `None` if they have only numbers.
    pub ids: Option<Arc<dyn Ids>>,
}

impl Data {
    /// Returns the height and width of the images that the task model is trained on and evaluated on, if images have the labels.
    pub fn size(&self) -> [usize; 2] {
        self.input.center.unwrap_or_else(|| self.train.size())
    }

    /// The time spent waiting for images so far, in seconds.
    pub fn waited(&self) -> f64 {
        (self.train.waited() + self.test.waited()).as_secs_f64()
    }
}

/// Reads the data set of a spec below the folder `dir` and puts it on `device`.
///
/// # Errors
/// As [`pt4al_data::read`].
pub fn load(spec: &Spec, dir: &Path, device: Device) -> Result<Data> {
    to_device(spec, pt4al_data::read(spec, dir)?, device)
}

/// As [`load`], for results whose manifest has this `fingerprint` of the data.
///
/// # Errors
/// As [`load`], and if the fingerprint of the data is another one.
pub fn open(spec: &Spec, dir: &Path, device: Device, fingerprint: &str) -> Result<Data> {
    let read = pt4al_data::read(spec, dir)?;
    ensure_unchanged(&read, dir, fingerprint)?;
    to_device(spec, read, device)
}

/// As [`open`], but of the train split only the images of `labeled` have labels; nothing reads those of the others.
///
/// # Errors
/// As [`open`], and as [`pt4al_data::read_unlabeled`].
pub fn open_labeled(
    spec: &Spec,
    dir: &Path,
    device: Device,
    fingerprint: &str,
    labeled: &LabeledImages,
) -> Result<Data> {
    let mut read = pt4al_data::read_unlabeled(spec, dir)?;
    ensure_unchanged(&read, dir, fingerprint)?;
    labeled.apply(&mut read.splits);
    to_device(spec, read, device)
}

fn ensure_unchanged(read: &Read, dir: &Path, fingerprint: &str) -> Result<()> {
    let found = &read.splits.origin.fingerprint;
    ensure!(
        found == fingerprint,
        "{}: the data changed since the results were begun (fingerprint {fingerprint}, now {found}); restore it, then \
         run the same command again",
        dir.display()
    );
    Ok(())
}

fn to_device(spec: &Spec, read: Read, device: Device) -> Result<Data> {
    if let Some(file) = spec.model.features() {
        return features::to_device(spec, file, read, device);
    }
    let Read { splits, pool } = read;
    let ids = splits.train.ids.clone();
    Ok(Data {
        pool,
        train: on_device(splits.train, device),
        test: on_device(splits.test, device),
        classes: splits.classes,
        input: Input::of(spec, device),
        ids,
    })
}

/// Puts a split on `device`. If its records are in memory, all of them are copied there; otherwise records are read and
/// decoded some minibatches ahead of their use.
pub fn on_device(split: Split, device: Device) -> Box<dyn Dataset> {
    match split.records {
        Records::Memory(ref records) => Box::new(Resident::new(&split, records, device)),
        Records::Source(ref source) => {
            let source = Arc::clone(source);
            Box::new(Fetched { split, source, device, waited: Cell::new(Duration::ZERO) })
        }
    }
}

/// A split in the device's memory.
#[derive(Debug)]
pub struct Resident {
    /// uint8 `[n, h, w, 3]`, or float32 `[n, d]`.
    images: Tensor,
    /// int64 `[n]` or uint8 `[n, h, w]`.
    targets: Tensor,
}

impl Resident {
    fn new(split: &Split, records: &[u8], device: Device) -> Self {
        let Minibatch { images, targets } = tensors(split, records, &(0..split.len).collect::<Vec<_>>());
        Self { images: images.to_device(device), targets: targets.to_device(device) }
    }

    /// A split of images or rows of features with their targets, on one device.
    pub(super) fn of(images: Tensor, targets: Tensor) -> Self {
        Self { images, targets }
    }

    /// The images with the given indices, int64 `[n]` on the device.
    pub(crate) fn at(&self, indices: &Tensor) -> Minibatch {
        Minibatch { images: self.images.index_select(0, indices), targets: self.targets.index_select(0, indices) }
    }
}

impl Dataset for Resident {
    fn len(&self) -> usize {
        self.images.size()[0] as usize
    }

    fn size(&self) -> [usize; 2] {
        match self.images.size()[..] {
            [_, height, width, _] => [height as usize, width as usize],
            ref size => [1, size[1] as usize],
        }
    }

    fn device(&self) -> Device {
        self.images.device()
    }

    fn minibatches<'a>(&'a self, order: &'a [usize], cut: Cut) -> Minibatches<'a> {
        if order.is_empty() {
            return Box::new(std::iter::empty());
        }
        let lengths: Vec<i64> = cut.lengths(order.len()).into_iter().map(|n| n as i64).collect();
        let order: Vec<i64> = order.iter().map(|&i| i as i64).collect();
        // One copy to the device for all minibatches.
        let parts = Tensor::from_slice(&order).to_device(self.device()).split_with_sizes(&lengths, 0);
        Box::new(parts.into_iter().map(|indices| Ok(self.at(&indices))))
    }

    fn resident(&self) -> Option<&Resident> {
        Some(self)
    }
}

/// The number of minibatches that are decoded ahead.
const AHEAD: usize = 4;

/// A split that stays in files: a thread decodes records some minibatches ahead.
struct Fetched {
    split: Split,
    source: Arc<dyn Source>,
    device: Device,
    waited: Cell<Duration>,
}

impl Dataset for Fetched {
    fn len(&self) -> usize {
        self.split.len
    }

    fn size(&self) -> [usize; 2] {
        [self.split.height, self.split.width]
    }

    fn device(&self) -> Device {
        self.device
    }

    fn minibatches<'a>(&'a self, order: &'a [usize], cut: Cut) -> Minibatches<'a> {
        let records = fetch(Arc::clone(&self.source), order.to_vec(), cut, self.split.record());
        Box::new(parts(order, cut).map(move |indices| {
            let start = Instant::now();
            let lost = || anyhow!("the thread that decodes images ended; run the same command again");
            let bytes = records.recv().unwrap_or_else(|_| Err(lost()))?;
            let Minibatch { images, targets } = tensors(&self.split, &bytes, indices);
            let ready = Minibatch { images: images.to_device(self.device), targets: targets.to_device(self.device) };
            self.waited.set(self.waited.get() + start.elapsed());
            Ok(ready)
        }))
    }

    fn waited(&self) -> Duration {
        self.waited.get()
    }
}

/// The indices of each minibatch.
fn parts(mut order: &[usize], cut: Cut) -> impl Iterator<Item = &[usize]> {
    cut.lengths(order.len()).into_iter().map(move |n| order.split_off(..n).expect("lengths add up to the order's"))
}

/// Starts a thread that makes the records of `order`, minibatch by minibatch. It ends when the receiver is dropped.
fn fetch(source: Arc<dyn Source>, order: Vec<usize>, cut: Cut, record: usize) -> Receiver<Result<Vec<u8>>> {
    let (sender, receiver) = sync_channel(AHEAD);
    std::thread::spawn(move || {
        for indices in parts(&order, cut) {
            let mut bytes = vec![0; indices.len() * record];
            let filled: Vec<Result<()>> = bytes
                .par_chunks_exact_mut(record)
                .zip(indices)
                .map(|(record, &index)| source.fill(index, record))
                .collect();
            let filled: Result<()> = filled.into_iter().collect();
            let failed = filled.is_err();
            if sender.send(filled.map(|()| bytes)).is_err() || failed {
                return;
            }
        }
    });
    receiver
}

/// The images with these indices as tensors on the CPU; `bytes` has their records one after the other.
fn tensors(split: &Split, bytes: &[u8], indices: &[usize]) -> Minibatch {
    let (n, h, w) = (indices.len() as i64, split.height as i64, split.width as i64);
    let records = Tensor::from_slice(bytes);
    match &split.labels {
        Labels::Classes(classes) => {
            let targets: Vec<i64> = indices.iter().map(|&i| classes[i].into()).collect();
            Minibatch { images: records.reshape([n, h, w, 3]), targets: Tensor::from_slice(&targets) }
        }
        Labels::Maps => {
            let parts = records.reshape([n, 4 * h * w]).split_with_sizes([3 * h * w, h * w], 1);
            Minibatch {
                // A copy, because a view would keep the bytes of the labels in memory too.
                images: parts[0].reshape([n, h, w, 3]).contiguous(),
                targets: parts[1].reshape([n, h, w]).contiguous().to_kind(Kind::Uint8),
            }
        }
    }
}

#[cfg(test)]
mod tests;
