//! Specs, manifests, metrics and claims in words. Reads no results.

pub(crate) mod arm;
pub(crate) mod badge;
pub(crate) mod change;
pub(crate) mod claim;
pub(crate) mod drawn;
pub(crate) mod metric;
pub(crate) mod origin;
pub(crate) mod protocol;
pub(crate) mod sampler;
pub(crate) mod switches;
pub(crate) mod training;
mod value;

pub(crate) use crate::words::one_line;
pub(crate) use value::value;

use crate::store::Manifest;

/// What `±` means, for values and differences alike.
pub(crate) const PLUS_MINUS: &str = "± is half the width of a 95 % t interval: of a mean over seeds, or of a mean \
                                     difference paired \
                                     by seed. Intervals are not corrected for multiple comparisons.";

/// The text with its first letter in upper case.
pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The text with its first letter in lower case.
pub(crate) fn uncapitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// What a reader must know of the data before comparing numbers.
pub(crate) fn data_note(manifest: Option<&Manifest>) -> Option<String> {
    let note = manifest.map(|m| m.data.note.trim().replace(char::is_control, " ")).filter(|n| !n.is_empty())?;
    Some(format!("Data: {}.", note.trim_end_matches('.')))
}
