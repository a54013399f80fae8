//! Images of a data set that a reader can open.

use super::Figure;

/// Thumbnails: a figure, in whose place the browser shows buttons, each of which opens its image.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Thumbnails {
    pub figure: Figure,
    /// The bytes of a JPEG with all the images.
    pub jpeg: Vec<u8>,
    /// Width and height of the JPEG in pixels.
    pub size: (usize, usize),
    /// The name of an arm and its images, by round, in the order in which they were queried.
    pub arms: Vec<(String, Vec<Vec<Shown>>)>,
}

/// An image on the sheet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown {
    /// Its index in the train split.
    pub index: usize,
    /// Its class, or its most frequent classes with their shares; empty if they are not known.
    pub class: String,
    /// Left, top, width and height on the sheet in pixels.
    pub place: [usize; 4],
}

impl Thumbnails {
    /// The longest side of an image, in pixels of the sheet.
    pub fn longest(&self) -> usize {
        let shown = self.arms.iter().flat_map(|(_, rounds)| rounds.iter().flatten());
        shown.map(|Shown { place: [_, _, width, height], .. }| *width.max(height)).max().unwrap_or(1)
    }
}
