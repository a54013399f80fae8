//! Options of images with label maps in a user's own folders.

use anyhow::{Result, bail, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Common, DatasetOptions, DatasetSpec, Normalize, Original, SMALLEST, Storage, check_pool};
use crate::spec::{TaskKind, is_default};

/// The largest side of images with a class for each pixel, so that a mistyped size is an error before it takes memory.
const LARGEST: usize = 8192;
/// The most classes: a pixel's class takes one byte, and 255 means none.
const MOST_CLASSES: usize = 255;
const KEY: &str = "dataset.folder-masks";

/// Your own images with a label map (mask) for each: `images/{train,test}/` and `masks/{train,test}/`, where a mask is a
/// PNG with the name of its image. docs/data.md describes the folders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FolderMasksSpec {
    /// The folder that has `images/` and `masks/`, below the data folder.
    ///
    /// Default: the data folder itself.
    #[serde(default = "here", skip_serializing_if = "is_here")]
    #[schemars(!skip_serializing_if, example = &"street-scenes")]
    pub path: String,
    /// The name of the folder in `images/` and `masks/` that models are evaluated on.
    ///
    /// Default: `test` or `val`, whichever is there. If both are there, name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"val")]
    pub test: Option<String>,
    /// Height and width that all images have on disk, 8 to 8192; images of another size are refused.
    ///
    /// Default: none; images may have any size, and `resize` must say which one they get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = [720, 960])]
    pub size: Option<[usize; 2]>,
    /// Height and width that images are resized to (bilinear; masks by nearest neighbour), 8 to 8192. Without `size`,
    /// images of another shape are distorted, and smaller images are enlarged.
    ///
    /// Default: none; images keep their `size`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = [360, 480])]
    pub resize: Option<[usize; 2]>,
    /// The names of the classes, at least 2.
    #[schemars(example = ["road", "sidewalk", "sky"])]
    pub classes: Vec<String>,
    /// The value in the masks that stands for each class, in the order of `classes`.
    ///
    /// Default: 0 for the first class, 1 for the second, and so on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(!skip_serializing_if, example = [7, 8, 23])]
    pub values: Vec<u8>,
    /// The values in the masks that stand for no class: these pixels are neither trained on nor counted. A mask with a
    /// value that is neither here nor of a class is refused.
    #[serde(default = "ignore", skip_serializing_if = "is_ignore")]
    #[schemars(!skip_serializing_if)]
    pub ignore: Vec<u8>,
    /// The normalisation of the images. `pt4al data stats` measures mean and std.
    ///
    /// Source: torchvision's constants for ImageNet.
    #[serde(default = "Normalize::imagenet")]
    pub normalize: Normalize,
    /// The number of images of the train split that form the pool, drawn at random.
    ///
    /// Default: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 1000)]
    pub pool: Option<usize>,
    /// The seed by which the pool is drawn. Experiments with the same data set, `pool` and `pool-seed` have the same pool.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(!skip_serializing_if)]
    pub pool_seed: u64,
    /// Where decoded images are held.
    #[serde(default)]
    pub storage: Storage,
}

fn here() -> String {
    ".".into()
}

fn is_here(path: &str) -> bool {
    path == here()
}

fn ignore() -> Vec<u8> {
    vec![255]
}

fn is_ignore(values: &[u8]) -> bool {
    values == ignore()
}

impl FolderMasksSpec {
    /// `[classes]`: the value in the masks that stands for each class.
    pub fn values(&self) -> Vec<u8> {
        if self.values.is_empty() { (0..=u8::MAX).take(self.classes.len()).collect() } else { self.values.clone() }
    }

    fn check_sizes(&self) -> Result<()> {
        let sides = SMALLEST..=LARGEST;
        for (key, size) in [("size", self.size), ("resize", self.resize)] {
            let Some([height, width]) = size else { continue };
            ensure!(
                sides.contains(&height) && sides.contains(&width),
                "`{KEY}.{key}` is [{height}, {width}]; height and width must be {SMALLEST} to {LARGEST}"
            );
        }
        match (self.size, self.resize) {
            (None, None) => bail!(
                "`{KEY}` has neither `size` nor `resize`; write `size = [height, width]` if all images have one size, or \
                 `resize = [height, width]`, the size that they get"
            ),
            (Some(size), Some([height, width])) => ensure!(
                height <= size[0] && width <= size[1],
                "`{KEY}.resize` is [{height}, {width}], larger than the [{}, {}] of `{KEY}.size`; lower it or leave it out",
                size[0],
                size[1]
            ),
            _ => {}
        }
        Ok(())
    }

    fn check_classes(&self) -> Result<()> {
        let (classes, values) = (&self.classes, self.values());
        ensure!(
            (2..=MOST_CLASSES).contains(&classes.len()),
            "`{KEY}.classes` has {} names; it must have 2 to {MOST_CLASSES}",
            classes.len()
        );
        for (index, name) in classes.iter().enumerate() {
            ensure!(
                !name.trim().is_empty() && !name.contains(char::is_control),
                "`{KEY}.classes[{index}]` is {name:?}; name the class on one line"
            );
            ensure!(
                !classes[..index].contains(name),
                "`{KEY}.classes` has `{name}` twice; give each class a name of its own"
            );
        }
        ensure!(
            values.len() == classes.len(),
            "`{KEY}.values` has {} values, but `{KEY}.classes` has {} names; give each class one value, in the order of the names",
            values.len(),
            classes.len()
        );
        for (index, value) in values.iter().enumerate() {
            let class = &classes[index];
            if let Some(other) = values[..index].iter().position(|other| other == value) {
                bail!(
                    "`{KEY}.values` has {value} twice, for `{}` and `{class}`; give each class a value of its own",
                    classes[other]
                );
            }
            ensure!(
                !self.ignore.contains(value),
                "`{KEY}.ignore` has {value}, which is the value of the class `{class}`; remove it from one of the two"
            );
        }
        Ok(())
    }

    fn check_folders(&self) -> Result<()> {
        let is_plain = |name: &str| !name.contains(char::is_control) && !name.is_empty();
        ensure!(
            is_plain(&self.path),
            "`{KEY}.path` is {:?}; name a folder, or leave it out for the data folder itself",
            self.path
        );
        if let Some(test) = &self.test {
            ensure!(
                is_plain(test) && !test.contains(['/', '\\']) && ![".", "..", "train"].contains(&test.as_str()),
                "`{KEY}.test` is {test:?}; it must be the name of a folder beside `train`, for instance \"val\""
            );
        }
        Ok(())
    }
}

impl DatasetOptions for FolderMasksSpec {
    fn name(&self) -> &'static str {
        "folder-masks"
    }

    fn original(&self) -> Option<Original> {
        None
    }

    fn task(&self) -> TaskKind {
        TaskKind::Segmentation
    }

    fn common(&self) -> Common {
        Common { normalize: self.normalize, pool: self.pool, pool_seed: self.pool_seed, storage: Some(self.storage) }
    }

    fn stored(&self) -> ([usize; 2], &'static str) {
        match (self.resize, self.size) {
            (Some(size), _) => (size, "`dataset.folder-masks.resize`"),
            // Without both, `check` fails.
            (None, size) => (size.unwrap_or([SMALLEST; 2]), "`dataset.folder-masks.size`"),
        }
    }

    fn check(&self) -> Result<()> {
        self.check_folders()?;
        self.check_sizes()?;
        self.check_classes()?;
        check_pool(self.name(), self.pool)
    }

    fn hashed(&self) -> DatasetSpec {
        DatasetSpec::FolderMasks(Self { path: here(), storage: Storage::default(), ..self.clone() })
    }

    fn for_decoding(&self) -> DatasetSpec {
        // The fingerprint tells apart what lies in other folders.
        DatasetSpec::FolderMasks(Self {
            path: here(),
            test: None,
            normalize: Normalize::half(),
            pool: None,
            pool_seed: 0,
            storage: Storage::default(),
            ..self.clone()
        })
    }
}
