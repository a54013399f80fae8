//! Opens the data set of a spec: quick checks first, so that a command fails before it does hours of decoding.

use std::path::Path;

use anyhow::Result;

use super::deadline::Preparing;
use super::options::Options;
use pt4al_data::{self as data, Read, Size};
use pt4al_results::spec::Spec;
use pt4al_results::store::DataOrigin;

/// A data set that is being opened. Until [`Opening::done`] the time limit ends the process.
pub(super) struct Opening {
    pub read: Read,
    preparing: Preparing,
}

impl Opening {
    /// Validates the files of the data set; `options.data` names its folder.
    ///
    /// # Errors
    /// If the data set is missing or damaged.
    pub fn validate(spec: &Spec, options: &Options) -> Result<Self> {
        Self::validate_by(data::validate, spec, options)
    }

    /// As [`Opening::validate`], without the labels of the train split ([`data::validate_unlabeled`]).
    ///
    /// # Errors
    /// As for [`Opening::validate`], and if the spec cannot do without the labels.
    pub fn validate_unlabeled(spec: &Spec, options: &Options) -> Result<Self> {
        Self::validate_by(data::validate_unlabeled, spec, options)
    }

    fn validate_by(check: fn(&Spec, &Path) -> Result<Read>, spec: &Spec, options: &Options) -> Result<Self> {
        data::check_place(spec, &options.data)?;
        let preparing = Preparing::until(options.deadline.as_ref());
        let read = check(spec, &options.data)?;
        Ok(Self { read, preparing })
    }

    pub fn origin(&self) -> &DataOrigin {
        &self.read.splits.origin
    }

    pub fn size(&self) -> Size {
        self.read.size()
    }

    /// Decodes the images into the cache if the spec asks for it, which may take hours.
    ///
    /// # Errors
    /// If images cannot be decoded, or the cache cannot be written.
    pub fn share(self, spec: &Spec, options: &Options) -> Result<Self> {
        let Self { read, preparing } = self;
        Ok(Self { read: data::share(spec, &options.data, read)?, preparing })
    }

    /// The data set. From now on the time limit no longer ends the process.
    pub fn done(self) -> Read {
        drop(self.preparing);
        self.read
    }
}
