//! A split that lives on the device as one uint8 tensor.

use tch::{Device, Kind, Tensor};

use super::Dataset;
use super::images::Images;

/// Images and labels in the device's memory.
#[derive(Debug)]
pub struct Resident {
    /// uint8 `[n, height, width, 3]`.
    pixels: Tensor,
    /// int64 `[n]`.
    targets: Tensor,
}

impl Resident {
    /// Moves a decoded split to `device`.
    pub fn new(images: &Images, device: Device) -> Self {
        let size = [images.len() as i64, images.height as i64, images.width as i64, 3];
        Self {
            pixels: Tensor::from_slice(&images.pixels).reshape(size).to_device(device),
            targets: Tensor::from_slice(&images.labels).to_kind(Kind::Int64).to_device(device),
        }
    }
}

impl Dataset for Resident {
    fn len(&self) -> usize {
        self.pixels.size()[0] as usize
    }

    fn device(&self) -> Device {
        self.pixels.device()
    }

    fn images(&self, indices: &Tensor) -> Tensor {
        self.pixels.index_select(0, indices)
    }

    fn targets(&self, indices: &Tensor) -> Tensor {
        self.targets.index_select(0, indices)
    }
}
