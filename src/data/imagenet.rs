//! To be written.

use std::path::Path;

use anyhow::Result;

use super::Reader;
use super::images::Splits;
use crate::spec::ImagenetSpec;

impl Reader for ImagenetSpec {
    fn read(&self, _dir: &Path) -> Result<Splits> {
        todo!()
    }
}
