//! Test images that are also in the train split, byte for byte: a model would be tested on images that it may have been
//! trained on.
//!
//! Real data sets have a few of them; they are noted in the results. If at least half of the test images are also
//! training images, one split was made from the other and no result would mean anything, so the data set is refused.

use std::collections::HashMap;
use std::hash::Hash;

use anyhow::{Result, bail};
use pt4al_results::words::thousands;

use super::index::{Found, Sum};

/// Test images that are also in the train split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overlap {
    /// The number of them.
    shared: usize,
    /// The number of images in the test split.
    tested: usize,
    /// The index of the first of them in the train split, and its index in the test split.
    example: [usize; 2],
}

impl Overlap {
    /// Compares the contents of two splits; `None` if they share no image.
    pub fn find<C: Eq + Hash>(train: &[C], test: &[C]) -> Option<Self> {
        // Only the test split, the smaller one, is held in memory: ImageNet has 1.3 million training images.
        let mut first_in_train: HashMap<&C, Option<usize>> = test.iter().map(|content| (content, None)).collect();
        for (index, content) in train.iter().enumerate() {
            if let Some(first) = first_in_train.get_mut(content) {
                first.get_or_insert(index);
            }
        }
        let mut shared = test.iter().enumerate().filter_map(|(index, content)| Some([first_in_train[content]?, index]));
        let example = shared.next()?;
        Some(Self { shared: 1 + shared.count(), tested: test.len(), example })
    }

    /// [`Overlap::find`] for files that were checked. Files whose contents were not looked at count as different.
    pub fn of_files(train: &[Option<Found>], test: &[Option<Found>]) -> Option<Self> {
        Self::find(&sums(train), &sums(test))
    }

    /// A sentence for readers of results. `name` gives the names of an image of the train split and of an image of the
    /// test split from their indices.
    ///
    /// # Errors
    /// If at least half of the test images are in the train split. `place` says where they are, and `remedy` what to do.
    pub fn note(self, place: &str, remedy: &str, name: impl FnOnce([usize; 2]) -> [String; 2]) -> Result<String> {
        let Self { shared, tested, example } = self;
        let [train, test] = name(example);
        let [count, all] = [shared, tested].map(thousands);
        let are = if shared == 1 { "is" } else { "are" };
        if 2 * shared >= tested {
            bail!(
                "{place}: {count} of the {all} test images {are} also in the train split, byte for byte (for instance \
                 {test} is {train}), so a model would be tested on images that it was trained on; {remedy}"
            );
        }
        Ok(format!(
            "{count} of the {all} test images {are} also in the train split, byte for byte (for instance {test} is {train})."
        ))
    }
}

fn sums(files: &[Option<Found>]) -> Vec<&Sum> {
    files.iter().flatten().map(|found| &found.sum).collect()
}

/// Joins two notes to one.
pub(super) fn joined(first: String, overlap: Option<String>) -> String {
    match overlap {
        Some(note) if first.is_empty() => note,
        Some(note) => format!("{first} {note}"),
        None => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(train: &[u8], test: &[u8]) -> Option<Result<String, String>> {
        let name = |[train, test]: [usize; 2]| [format!("train/{train}"), format!("val/{test}")];
        let found = Overlap::find(train, test);
        found.map(|overlap| overlap.note("/data/val", "replace it", name).map_err(|e| e.to_string()))
    }

    #[test]
    fn a_few_shared_images_are_counted_with_the_first_of_them() {
        assert_eq!(note(&[1, 2, 2], &[3, 4, 4]), None, "repeated within a split alone");
        assert_eq!(note(&[], &[1]), None);
        assert_eq!(note(&[1], &[]), None);
        let one = "1 of the 3 test images is also in the train split, byte for byte (for instance val/2 is train/1).";
        assert_eq!(note(&[9, 2, 2], &[3, 4, 2]), Some(Ok(one.into())));
        let two = "2 of the 5 test images are also in the train split, byte for byte (for instance val/1 is train/0).";
        assert_eq!(note(&[7], &[1, 7, 2, 7, 3]), Some(Ok(two.into())), "a test image counts each time");
    }

    #[test]
    fn half_of_the_test_images_are_too_many() {
        let refused = note(&[1, 2, 3], &[2, 9]).unwrap().unwrap_err();
        assert_eq!(
            refused,
            "/data/val: 1 of the 2 test images is also in the train split, byte for byte (for instance val/0 is \
             train/1), so a model would be tested on images that it was trained on; replace it"
        );
        assert!(note(&[1, 2, 3], &[1, 2, 3]).unwrap().unwrap_err().contains("3 of the 3 test images"));
        assert!(note(&[1], &[1, 2, 3]).unwrap().is_ok());
    }
}
