//! Options of Cityscapes.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Common, DatasetOptions, DatasetSpec, Normalize, Original, SMALLEST, Storage};
use crate::spec::TaskKind;

/// The largest side of images with a class for each pixel, so that a mistyped size is an error before it takes memory.
const LARGEST: usize = 8192;

/// Cityscapes (Cordts et al., CVPR 2016): `leftImg8bit/{train,val}/<city>/` with labels in `gtFine`; 19 classes,
/// everything else ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CityscapesSpec {
    /// Height and width that all images have on disk, 8 to 8192; images of another size are refused.
    ///
    /// Source: 1024 x 2048 in Cityscapes.
    #[schemars(example = [1024, 2048])]
    pub size: [usize; 2],
    /// Height and width that images are resized to (bilinear; labels by nearest neighbour). Images are never
    /// enlarged.
    ///
    /// Default: none; images keep their size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = [512, 1024])]
    pub resize: Option<[usize; 2]>,
    /// The label files that are read.
    pub labels: LabelFiles,
    /// The normalisation of the images.
    ///
    /// Source: torchvision's constants for ImageNet.
    #[serde(default = "Normalize::imagenet")]
    pub normalize: Normalize,
    /// Where decoded images are held.
    #[serde(default)]
    pub storage: Storage,
}

/// Which of the two numberings of Cityscapes' labels is on disk. Files with the other numbering are refused, as far
/// as their values show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LabelFiles {
    /// `*_gtFine_labelIds.png`: -1 to 33 as the official download has them (-1, a licence plate, is stored as 255).
    LabelIds,
    /// `*_gtFine_labelTrainIds.png`: 0 to 18, and 255 for what is ignored.
    LabelTrainIds,
}

impl DatasetOptions for CityscapesSpec {
    fn name(&self) -> &'static str {
        "cityscapes"
    }

    fn original(&self) -> Option<Original> {
        Some(Original { name: "Cityscapes", classes: 19, test: Some(500) })
    }

    fn task(&self) -> TaskKind {
        TaskKind::Segmentation
    }

    fn common(&self) -> Common {
        Common { storage: Some(self.storage), ..Common::new(self.normalize) }
    }

    fn stored(&self) -> ([usize; 2], &'static str) {
        match self.resize {
            Some(size) => (size, "`dataset.cityscapes.resize`"),
            None => (self.size, "`dataset.cityscapes.size`"),
        }
    }

    fn check(&self) -> Result<()> {
        let sides = SMALLEST..=LARGEST;
        for (key, size) in [("size", Some(self.size)), ("resize", self.resize)] {
            let Some([height, width]) = size else { continue };
            ensure!(
                sides.contains(&height) && sides.contains(&width),
                "`dataset.cityscapes.{key}` is [{height}, {width}]; height and width must be {SMALLEST} to {LARGEST}"
            );
        }
        if let Some([height, width]) = self.resize {
            ensure!(
                height <= self.size[0] && width <= self.size[1],
                "`dataset.cityscapes.resize` is [{height}, {width}], larger than the [{}, {}] of                  `dataset.cityscapes.size`; images are never enlarged: lower it or leave it out",
                self.size[0],
                self.size[1]
            );
        }
        Ok(())
    }

    fn hashed(&self) -> DatasetSpec {
        DatasetSpec::Cityscapes(Self { storage: Storage::default(), ..self.clone() })
    }

    fn for_decoding(&self) -> DatasetSpec {
        let (normalize, storage) = (Normalize::half(), Storage::default());
        DatasetSpec::Cityscapes(Self { normalize, storage, ..self.clone() })
    }
}
