//! To be written.

use std::path::Path;

use anyhow::Result;

use super::Reader;
use super::images::Splits;
use crate::spec::CityscapesSpec;

impl Reader for CityscapesSpec {
    fn read(&self, _dir: &Path) -> Result<Splits> {
        todo!()
    }
}
