//! Which class each value of a mask stands for.

use crate::images::IGNORED;
use crate::label_maps::Classes;
use pt4al_results::spec::FolderMasksSpec;

/// The most unknown values that a message lists.
const LISTED: usize = 8;

/// `[256]`: the class of each value of a mask, [`IGNORED`] for no class; `None` for values that must not occur.
#[derive(Clone, Debug)]
pub(super) struct Table([Option<u8>; 256]);

impl Table {
    pub fn new(spec: &FolderMasksSpec) -> Self {
        let mut table = [None; 256];
        for (class, value) in (0..).zip(spec.values()) {
            table[usize::from(value)] = Some(class);
        }
        spec.ignore.iter().for_each(|&value| table[usize::from(value)] = Some(IGNORED));
        Self(table)
    }

    /// A table that accepts every value.
    pub fn any() -> Self {
        Self([Some(IGNORED); 256])
    }

    /// The values that may occur: `0 to 10, 255`.
    pub fn known(&self) -> String {
        let known: Vec<u8> = (0..=u8::MAX).filter(|&value| self.0[usize::from(value)].is_some()).collect();
        ranges(&known)
    }

    /// Says which values of a mask have no class.
    fn strangers(&self, map: &[u8], width: usize) -> Option<String> {
        let first = map.iter().position(|&value| self.0[usize::from(value)].is_none())?;
        let mut seen = [false; 256];
        map.iter().for_each(|&value| seen[usize::from(value)] = true);
        let is_stranger = |value: &u8| seen[usize::from(*value)] && self.0[usize::from(*value)].is_none();
        let strangers: Vec<u8> = (0..=u8::MAX).filter(is_stranger).collect();
        let mut listed: String = strangers.iter().take(LISTED).map(u8::to_string).collect::<Vec<_>>().join(", ");
        if strangers.len() > LISTED {
            listed += &format!(" and {} more", strangers.len() - LISTED);
        }
        let (value, row, column) = (map[first], first / width, first % width);
        Some(format!(
            "has values without a class: {listed} ({value} in row {row}, column {column}); give them a class in \
             `dataset.folder-masks.classes` and `values`, or list them in `dataset.folder-masks.ignore` (now known: {})",
            self.known()
        ))
    }
}

impl Classes for Table {
    fn to_classes(&self, map: &mut [u8], width: usize) -> Result<(), String> {
        if let Some(why) = self.strangers(map, width) {
            return Err(why);
        }
        map.iter_mut().for_each(|value| *value = self.0[usize::from(*value)].unwrap_or(IGNORED));
        Ok(())
    }
}

/// Ascending values with `to` between the ends of a range: `0 to 10, 255`.
fn ranges(values: &[u8]) -> String {
    let runs = values.chunk_by(|a, b| u16::from(*a) + 1 == u16::from(*b));
    let run = |run: &[u8]| match run {
        [one] => one.to_string(),
        [first, last] => format!("{first}, {last}"),
        [first, .., last] => format!("{first} to {last}"),
        [] => String::new(),
    };
    runs.map(run).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_values_are_shortened() {
        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[0, 1, 2, 3, 7, 9, 10, 255]), "0 to 3, 7, 9, 10, 255");
        assert_eq!(ranges(&(0..=255).collect::<Vec<_>>()), "0 to 255");
    }
}
