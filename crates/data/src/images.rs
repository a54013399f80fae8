//! Images and labels as data sets hand them on, before any tensor.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use anyhow::Result;

use pt4al_results::store::DataOrigin;

/// Small images of one size in memory, with a class each.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    pub height: usize,
    pub width: usize,
    /// `[n, height, width, 3]`, row by row: red, green, blue of each pixel, 0 to 255.
    pub pixels: Vec<u8>,
    /// `[n]`: an index into [`Splits::classes`].
    pub labels: Vec<u8>,
}

impl Images {
    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Bytes of one image.
    pub fn stride(&self) -> usize {
        self.height * self.width * 3
    }

    /// `[height, width, 3]` of image `index`.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * self.stride()..][..self.stride()]
    }
}

/// One split of a data set: images of one size with their labels, wherever they are held.
///
/// Image and label map make up a record: `[height, width, 3]` bytes of pixels (red, green, blue) and, where each pixel
/// has a label, `[height, width]` bytes of classes, [`IGNORED`] for none.
#[derive(Clone, Debug)]
pub struct Split {
    pub height: usize,
    pub width: usize,
    /// Images in the split.
    pub len: usize,
    pub labels: Labels,
    pub records: Records,
}

/// The class of a pixel that has none: neither trained on nor counted.
pub const IGNORED: u8 = 255;

/// What the labels of a split are.
#[derive(Clone, Debug, PartialEq)]
pub enum Labels {
    /// `[n]`: a class for each image, an index into [`Splits::classes`].
    Classes(Vec<u16>),
    /// A class for each pixel, in the records.
    Maps,
}

/// Where the records of a split are.
#[derive(Clone, Debug)]
pub enum Records {
    /// All of them, one after the other.
    Memory(Vec<u8>),
    /// In files: each is made when it is asked for.
    Source(Arc<dyn Source>),
}

/// Random access to records; every call for an index gives the same bytes.
pub trait Source: Debug + Send + Sync {
    /// Writes record `index`, whose length is [`Split::record`].
    ///
    /// # Errors
    /// If its file cannot be read or decoded any more.
    fn fill(&self, index: usize, record: &mut [u8]) -> Result<()>;
}

impl Split {
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of one image.
    pub fn image_bytes(&self) -> usize {
        self.height * self.width * 3
    }

    /// Bytes of one record.
    pub fn record(&self) -> usize {
        match self.labels {
            Labels::Classes(_) => self.image_bytes(),
            Labels::Maps => self.height * self.width * 4,
        }
    }

    /// `[height, width]`: the class of each pixel of image `index`; empty where images have the labels.
    ///
    /// # Errors
    /// If its file cannot be read any more.
    pub fn label_map(&self, index: usize) -> Result<Vec<u8>> {
        if self.labels != Labels::Maps {
            return Ok(Vec::new());
        }
        Ok(self.bytes(index)?[self.image_bytes()..].to_vec())
    }

    /// `[height, width, 3]`: the pixels of image `index`.
    ///
    /// # Errors
    /// If its file cannot be read any more.
    pub fn image(&self, index: usize) -> Result<Vec<u8>> {
        Ok(self.bytes(index)?[..self.image_bytes()].to_vec())
    }

    /// The classes of image `index`, ascending, each with its share of the pixels that have one: a single class where images
    /// have the labels, and none where all pixels are [`IGNORED`].
    ///
    /// # Errors
    /// If its file cannot be read any more.
    pub fn shares(&self, index: usize) -> Result<Vec<(usize, f64)>> {
        if let Some(classes) = self.classes() {
            return Ok(vec![(classes[index].into(), 1.0)]);
        }
        let mut pixels = [0_usize; IGNORED as usize];
        let map = self.label_map(index)?;
        map.iter().filter(|&&class| class != IGNORED).for_each(|&class| pixels[usize::from(class)] += 1);
        let labelled: usize = pixels.iter().sum();
        let occurring = pixels.iter().enumerate().filter(|(_, n)| **n > 0);
        Ok(occurring.map(|(class, &n)| (class, n as f64 / labelled as f64)).collect())
    }

    /// Record `index`.
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

    /// The class of each image; `None` where pixels have the labels.
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
        }
    }
}

/// A data set: what the pool is drawn from, what is evaluated on, and where both came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Splits<S = Split> {
    pub train: S,
    pub test: S,
    /// The classes' names; a label is an index into them.
    pub classes: Vec<String>,
    pub origin: DataOrigin,
}

impl From<Splits<Images>> for Splits {
    fn from(splits: Splits<Images>) -> Self {
        let Splits { train, test, classes, origin } = splits;
        Self { train: train.into(), test: test.into(), classes, origin }
    }
}
