//! To be written.

use std::path::Path;

use anyhow::Result;

use super::Reader;
use super::images::Splits;
use crate::spec::Caltech101Spec;

impl Reader for Caltech101Spec {
    fn read(&self, _dir: &Path) -> Result<Splits> {
        todo!()
    }
}
