//! placeholder
pub struct Folder;
pub struct TrialFiles;
