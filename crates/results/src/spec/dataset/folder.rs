//! Options of a researcher's own images with a class each.

use std::path::Path;

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Common, DatasetOptions, DatasetSpec, Input, Normalize, Original, Storage, check_pool};

/// Your own images, with a class each. By default the split and the class are in the path: `train/<class>/` and
/// `test/<class>/` (or `val/<class>/`). With `test`, each folder is a class, and a part of each class is drawn as the
/// test split. With `labels`, a CSV says the class of each image. See docs/data.md for the layouts and the formats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FolderSpec {
    /// The folder of the images, below the data folder.
    ///
    /// Default: `.`, the data folder itself.
    #[serde(default = "here", skip_serializing_if = "is_here")]
    #[schemars(!skip_serializing_if, example = &"birds")]
    pub path: String,
    /// How an image of any size becomes a square of a fixed size.
    pub input: Input,
    /// The fraction of each class that is the test split, between 0 and 1, rounded to whole images and at least one. With
    /// `split-seed`; the folders of the classes are then directly in `path`, or `labels` has no column `split`.
    ///
    /// Default: none; folders or `labels` say which images are the test split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 0.2)]
    pub test: Option<f64>,
    /// The seed by which the test split is drawn; the same for all trials. Only with `test`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 0)]
    pub split_seed: Option<u64>,
    /// A CSV with the class of each image, relative to `path`. Its header is `path,label` or `path,label,split`; paths
    /// are relative to `path`, and `split` is `train` or `test`. Without that column, `test` and `split-seed` draw the
    /// test split. Images that it does not list are left out.
    ///
    /// Default: none; folders are classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"labels.csv")]
    pub labels: Option<String>,
    /// The classes; their order numbers them. All of them must occur, and no others.
    ///
    /// Default: the classes that occur, in byte order of their names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = ["cat", "dog"])]
    pub classes: Option<Vec<String>>,
    /// Whether the orientation that a camera writes into EXIF data is applied.
    #[serde(default, skip_serializing_if = "crate::spec::is_default")]
    #[schemars(!skip_serializing_if)]
    pub orientation: Orientation,
    /// The number of images of the train split that form the pool, drawn once for all trials.
    ///
    /// Default: the whole train split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 5000)]
    pub pool: Option<usize>,
    /// The seed by which the pool is drawn. Experiments with the same `pool-seed` and the same `pool` have the same
    /// pool. Only with `pool`.
    #[serde(default, skip_serializing_if = "crate::spec::is_default")]
    #[schemars(!skip_serializing_if, example = 1)]
    pub pool_seed: u64,
    /// The normalisation of the images.
    ///
    /// Source: torchvision's constants for ImageNet.
    #[serde(default = "Normalize::imagenet")]
    pub normalize: Normalize,
    /// Where decoded images are held.
    #[serde(default)]
    pub storage: Storage,
}

/// What happens to the orientation that EXIF data of a JPEG, PNG or WebP names. That of a TIFF is part of the format and
/// always applied, as Pillow does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Orientation {
    /// It is ignored: pixels stay as the file has them.
    ///
    /// Source: torchvision's `ImageFolder`, which opens images with Pillow and does not turn them.
    #[default]
    AsStored,
    /// It is applied, so that images are upright, as viewers show them.
    Exif,
}

/// Where the class and the split of an image come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FolderLayout<'a> {
    /// `train/<class>/`, and `test/<class>/` or `val/<class>/`.
    Splits,
    /// `<class>/`; the test split is drawn.
    Classes(DrawnSplit),
    /// A CSV, relative to the folder of the images; the test split is drawn if the CSV does not say it.
    Labels(&'a str, Option<DrawnSplit>),
}

/// How a test split is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawnSplit {
    /// The fraction of each class.
    pub test: f64,
    /// The seed.
    pub seed: u64,
}

impl FolderSpec {
    /// The layout that the keys `labels`, `test` and `split-seed` describe.
    pub fn layout(&self) -> FolderLayout<'_> {
        let drawn = self.test.map(|test| DrawnSplit { test, seed: self.split_seed.unwrap_or_default() });
        match (&self.labels, drawn) {
            (Some(labels), drawn) => FolderLayout::Labels(labels, drawn),
            (None, Some(drawn)) => FolderLayout::Classes(drawn),
            (None, None) => FolderLayout::Splits,
        }
    }
}

impl DatasetOptions for FolderSpec {
    fn name(&self) -> &'static str {
        "folder"
    }

    fn original(&self) -> Option<Original> {
        None
    }

    fn common(&self) -> Common {
        Common { normalize: self.normalize, pool: self.pool, pool_seed: self.pool_seed, storage: Some(self.storage) }
    }

    fn stored(&self) -> ([usize; 2], &'static str) {
        ([self.input.crop; 2], "`dataset.folder.input.crop`")
    }

    fn drawn_once(&self) -> Option<String> {
        self.test?;
        Some(format!("the test split (`split-seed` {})", self.split_seed.unwrap_or_default()))
    }

    fn check(&self) -> Result<()> {
        self.input.check(self.name())?;
        check_pool(self.name(), self.pool)?;
        ensure!(
            !self.path.is_empty() && Path::new(&self.path).is_relative(),
            "`dataset.folder.path` is {:?}; it is relative to the data folder: name that with --data or PT4AL_DATA, and \
             here the folder in it, or \".\"",
            self.path
        );
        if let Some(labels) = &self.labels {
            ensure!(
                !labels.is_empty() && Path::new(labels).is_relative(),
                "`dataset.folder.labels` is {labels:?}; name a CSV, relative to the folder of the images"
            );
        }
        match (self.test, self.split_seed) {
            (Some(test), seed) => {
                ensure!(
                    test > 0.0 && test < 1.0,
                    "`dataset.folder.test` is {test}; it is a part of each class, between 0 and 1"
                );
                ensure!(
                    seed.is_some(),
                    "`dataset.folder.test` draws a test split, so it needs `split-seed` beside it, for instance 0"
                );
            }
            (None, Some(_)) => anyhow::bail!(
                "`dataset.folder.split-seed` draws nothing without `dataset.folder.test`; add that, or remove the seed"
            ),
            (None, None) => {}
        }
        self.classes.as_deref().map_or(Ok(()), check_classes)
    }

    fn hashed(&self) -> DatasetSpec {
        DatasetSpec::Folder(Self { path: here(), storage: Storage::default(), ..self.clone() })
    }

    fn for_decoding(&self) -> DatasetSpec {
        let (normalize, storage) = (Normalize::half(), Storage::default());
        DatasetSpec::Folder(Self { path: here(), pool: None, pool_seed: 0, normalize, storage, ..self.clone() })
    }
}

fn check_classes(classes: &[String]) -> Result<()> {
    ensure!(
        classes.len() >= 2,
        "`dataset.folder.classes` has {} names; name at least two classes, or leave it out to take those that occur",
        classes.len()
    );
    for (i, class) in classes.iter().enumerate() {
        ensure!(!class.trim().is_empty(), "`dataset.folder.classes` has an empty name; remove it");
        ensure!(!classes[..i].contains(class), "`dataset.folder.classes` has {class:?} twice; remove one");
    }
    Ok(())
}

fn here() -> String {
    ".".into()
}

fn is_here(path: &str) -> bool {
    path == "."
}
