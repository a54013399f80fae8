//! Images and labels as bytes, as readers of data sets return them.

use std::borrow::Cow;
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::index::Sum;
use pt4al_results::store::DataOrigin;

/// Images of one size in memory, each with a class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Images {
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
    /// `[n, height, width, 3]`, row by row: red, green, blue of each pixel, 0 to 255.
    pub pixels: Vec<u8>,
    /// `[n]`: the class of each image, an index into [`Splits::classes`].
    pub labels: Vec<u8>,
}

impl Images {
    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The number of bytes of one image.
    pub fn stride(&self) -> usize {
        self.height * self.width * 3
    }

    /// `[n]`: the checksum of each image's pixels.
    pub(crate) fn sums(&self) -> Vec<Sum> {
        self.pixels.par_chunks_exact(self.stride()).map(|image| Sha256::digest(image).into()).collect()
    }

    /// `[height, width, 3]`: the pixels of image `index`.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * self.stride()..][..self.stride()]
    }
}

/// One split of a data set: images of one size with their labels, in memory or in files.
///
/// An image and its label map are a record: `[height, width, 3]` bytes of pixels (red, green, blue) and, where each pixel
/// has a label, `[height, width]` bytes of classes, with [`IGNORED`] for pixels without a class.
#[derive(Clone, Debug)]
pub struct Split {
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
    /// The number of images.
    pub len: usize,
    /// The classes, or that they are in the records.
    pub labels: Labels,
    /// The images, and the label maps if there are any.
    pub records: Records,
    /// The names of the images; `None` if they have only numbers.
    pub ids: Option<Arc<dyn Ids>>,
}

/// The value of a pixel without a class: it is neither trained on nor counted.
pub const IGNORED: u8 = 255;

/// The class of an image whose class nobody knows.
pub const UNKNOWN: u16 = u16::MAX;

/// The labels of a split.
#[derive(Clone, Debug, PartialEq)]
pub enum Labels {
    /// `[n]`: a class for each image, an index into [`Splits::classes`].
    Classes(Vec<u16>),
    /// Each pixel has a class; the label maps are in the records.
    Maps,
}

/// Where the records of a split are.
#[derive(Clone, Debug)]
pub enum Records {
    /// In memory, one after the other.
    Memory(Vec<u8>),
    /// In files: each record is read and decoded when it is needed.
    Source(Arc<dyn Source>),
}

/// Random access to records. Every call with the same index gives the same bytes.
pub trait Source: Debug + Send + Sync {
    /// Writes record `index` into `record`, whose length is [`Split::record`].
    ///
    /// # Errors
    /// If its file can no longer be read or decoded.
    fn fill(&self, index: usize, record: &mut [u8]) -> Result<()>;
}

/// The names of a split's images. A name does not change when images are added to a data set or removed from it, as a
/// number does.
pub trait Ids: Debug + Send + Sync {
    /// Returns the name of image `index`: the path of its file in the data set's folder, with `/` between names.
    ///
    /// # Panics
    /// If there is no such image.
    fn id(&self, index: usize) -> String;

    /// Returns the folder that the names are paths in; `None` if they are in no single folder.
    fn folder(&self) -> Option<&Path> {
        None
    }
}

impl Split {
    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of bytes of one image.
    pub fn image_bytes(&self) -> usize {
        self.height * self.width * 3
    }

    /// The number of bytes of one record.
    pub fn record(&self) -> usize {
        match self.labels {
            Labels::Classes(_) => self.image_bytes(),
            Labels::Maps => self.height * self.width * 4,
        }
    }

    /// `[height, width]`: the class of each pixel of image `index`; empty if images have the labels.
    ///
    /// # Errors
    /// If its file can no longer be read.
    pub fn label_map(&self, index: usize) -> Result<Vec<u8>> {
        if self.labels != Labels::Maps {
            return Ok(Vec::new());
        }
        Ok(self.bytes(index)?[self.image_bytes()..].to_vec())
    }

    /// `[height, width, 3]`: the pixels of image `index`.
    ///
    /// # Errors
    /// If its file can no longer be read.
    pub fn image(&self, index: usize) -> Result<Vec<u8>> {
        Ok(self.bytes(index)?[..self.image_bytes()].to_vec())
    }

    /// The classes of image `index`, ascending, each with its share of the pixels that have a class. If images have the
    /// labels, this is a single class; if all pixels are [`IGNORED`], there is none.
    ///
    /// # Errors
    /// If its file can no longer be read.
    pub fn shares(&self, index: usize) -> Result<Vec<(usize, f64)>> {
        if let Some(classes) = self.classes() {
            return Ok(vec![(classes[index].into(), 1.0)]);
        }
        let mut pixels = [0_usize; IGNORED as usize];
        let map = self.label_map(index)?;
        map.iter().filter(|&&class| class != IGNORED).for_each(|&class| pixels[usize::from(class)] += 1);
        let labeled: usize = pixels.iter().sum();
        let occurring = pixels.iter().enumerate().filter(|(_, n)| **n > 0);
        Ok(occurring.map(|(class, &n)| (class, n as f64 / labeled as f64)).collect())
    }

    /// The bytes of record `index`.
    fn bytes(&self, index: usize) -> Result<Cow<'_, [u8]>> {
        let size = self.record();
        match &self.records {
            Records::Memory(all) => Ok(Cow::Borrowed(&all[index * size..][..size])),
            Records::Source(source) => {
                let mut record = vec![0; size];
                source.fill(index, &mut record)?;
                Ok(Cow::Owned(record))
            }
        }
    }

    /// Forgets the class of every image. Label maps stay, because they are in the records.
    pub fn forget_classes(&mut self) {
        if let Labels::Classes(classes) = &mut self.labels {
            classes.fill(UNKNOWN);
        }
    }

    /// `[n]`: the class of each image; `None` if pixels have the labels.
    pub fn classes(&self) -> Option<&[u16]> {
        match &self.labels {
            Labels::Classes(classes) => Some(classes),
            Labels::Maps => None,
        }
    }
}

impl From<Images> for Split {
    fn from(images: Images) -> Self {
        Self {
            height: images.height,
            width: images.width,
            len: images.len(),
            labels: Labels::Classes(images.labels.iter().map(|&label| label.into()).collect()),
            records: Records::Memory(images.pixels),
            ids: None,
        }
    }
}

/// A data set: its two splits, its classes, and what is known of its files.
#[derive(Clone, Debug, PartialEq)]
pub struct Splits<S = Split> {
    /// The train split, which the pool is drawn from.
    pub train: S,
    /// The test split, which models are evaluated on.
    pub test: S,
    /// The names of the classes; a label is an index into them.
    pub classes: Vec<String>,
    /// Where the data comes from: name, sizes, fingerprint, files, and a note for readers of results.
    pub origin: DataOrigin,
}

impl From<Splits<Images>> for Splits {
    fn from(splits: Splits<Images>) -> Self {
        let Splits { train, test, classes, origin } = splits;
        Self { train: train.into(), test: test.into(), classes, origin }
    }
}
