//! The data sets that experiments can name.

use std::path::Path;

use super::{cifar10, fetch};

/// One data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The name in specs and on the command line.
    pub name: &'static str,
    /// What the images are.
    pub what: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Its licence or terms, and what to cite.
    pub terms: &'static str,
    /// Its folder below the data folder; `None` if it needs no files.
    pub folder: Option<&'static str>,
}

/// All of them.
pub const KNOWN: [Known; 2] = [
    Known {
        name: "cifar10",
        what: "photos of 10 classes, 50,000 train + 10,000 test, 32x32",
        source: fetch::CIFAR10_URL,
        terms: "no licence is stated; cite Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        folder: Some(cifar10::FOLDER),
    },
    Known {
        name: "shapes",
        what: "generated pictures of 10 classes, any number, 12x12 to 64x64",
        source: "made by pt4al from the spec's seed",
        terms: "none; made on the spot",
        folder: None,
    },
];

impl Known {
    /// Whether its files are below `data_dir`, by name and size; their bytes are checked when they are read.
    /// Always, if it needs none.
    pub fn is_present(&self, data_dir: &Path) -> bool {
        match self.folder {
            None => true,
            Some(_) => cifar10::looks_complete(data_dir),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_is_told_from_the_files() {
        let dir = tempfile::tempdir().unwrap();
        let present = || KNOWN.map(|known| known.is_present(dir.path()));
        assert_eq!(present(), [false, true]);

        let folder = dir.path().join(cifar10::FOLDER);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(cifar10::META), "").unwrap();
        for (name, _) in cifar10::FILES {
            std::fs::File::create(folder.join(name)).unwrap().set_len(30_730_000).unwrap();
        }
        assert_eq!(present(), [true, true]);
        std::fs::write(folder.join("test_batch.bin"), "short").unwrap();
        assert_eq!(present(), [false, true]);
    }
}
