//! Cityscapes' two numberings of labels, and the 19 classes that are evaluated.

use crate::images::IGNORED;
use crate::label_maps::Classes;
use pt4al_results::spec::LabelFiles;

/// The classes in the order of their train ids, with the label id of each (cityscapesScripts, `helpers/labels.py`).
pub(super) const CLASSES: [(&str, u8); 19] = [
    ("road", 7),
    ("sidewalk", 8),
    ("building", 11),
    ("wall", 12),
    ("fence", 13),
    ("pole", 17),
    ("traffic light", 19),
    ("traffic sign", 20),
    ("vegetation", 21),
    ("terrain", 22),
    ("sky", 23),
    ("person", 24),
    ("rider", 25),
    ("car", 26),
    ("truck", 27),
    ("bus", 28),
    ("train", 31),
    ("motorcycle", 32),
    ("bicycle", 33),
];

/// The highest label id.
const LAST_ID: u8 = 33;
/// The value for ignored pixels in both numberings. Label id -1 (licence plate) is stored as this value.
const NONE: u8 = 255;

/// `[256]`: the class of each value of a label file, [`IGNORED`] for no class; `None` for values that must not occur.
type Table = [Option<u8>; 256];

static LABEL_IDS: Table = {
    let mut table = [None; 256];
    let mut id = 0;
    while id <= LAST_ID {
        table[id as usize] = Some(IGNORED);
        id += 1;
    }
    let mut class = 0;
    while class < CLASSES.len() {
        table[CLASSES[class].1 as usize] = Some(class as u8);
        class += 1;
    }
    table[NONE as usize] = Some(IGNORED);
    table
};

static TRAIN_IDS: Table = {
    let mut table = [None; 256];
    let mut class = 0;
    while class < CLASSES.len() {
        table[class] = Some(class as u8);
        class += 1;
    }
    table[NONE as usize] = Some(IGNORED);
    table
};

/// Replaces the values of a label file, `[height, width]`, by classes.
///
/// # Errors
/// Names the first value that this numbering does not have, and where it is.
pub(super) fn to_classes(files: LabelFiles, map: &mut [u8], width: usize) -> Result<(), String> {
    let (table, what, last) = match files {
        LabelFiles::LabelIds => (&LABEL_IDS, "label id", usize::from(LAST_ID)),
        LabelFiles::LabelTrainIds => (&TRAIN_IDS, "train id", CLASSES.len() - 1),
    };
    for (index, value) in map.iter_mut().enumerate() {
        let Some(class) = table[usize::from(*value)] else {
            let (row, column) = (index / width, index % width);
            let hint = match files {
                LabelFiles::LabelTrainIds if *value <= LAST_ID => ": is this a file of label ids (*_labelIds.png)?",
                LabelFiles::LabelIds | LabelFiles::LabelTrainIds => "",
            };
            return Err(format!(
                "{what} {value} is out of range 0 to {last} (row {row}, column {column}; 255 is none){hint}"
            ));
        };
        *value = class;
    }
    Ok(())
}

impl Classes for LabelFiles {
    fn to_classes(&self, map: &mut [u8], width: usize) -> Result<(), String> {
        to_classes(*self, map, width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `[256]`: the class of each possible value.
    fn classes_of_all_values(files: LabelFiles) -> Vec<Result<u8, String>> {
        let class_of = |value| {
            let mut map = [value];
            to_classes(files, &mut map, 1).map(|()| map[0])
        };
        (0..=255).map(class_of).collect()
    }

    /// The table of cityscapesScripts, by label id.
    #[test]
    fn label_ids_become_the_official_train_ids() {
        let got = classes_of_all_values(LabelFiles::LabelIds);
        let none = IGNORED;
        let official = [
            none, none, none, none, none, none, none, 0, 1, none, none, 2, 3, 4, none, none, none, 5, none, 6, 7, 8, 9,
            10, 11, 12, 13, 14, 15, none, none, 16, 17, 18,
        ];
        for (id, class) in official.into_iter().enumerate() {
            assert_eq!(got[id], Ok(class), "{id}");
        }
        assert!(got[34..255].iter().all(Result::is_err));
        assert_eq!(got[255], Ok(IGNORED));
    }

    #[test]
    fn train_ids_stay_as_they_are() {
        let got = classes_of_all_values(LabelFiles::LabelTrainIds);
        assert!((0..19).all(|id| got[usize::from(id)] == Ok(id)));
        assert!(got[19..255].iter().all(Result::is_err));
        assert_eq!(got[255], Ok(IGNORED));
    }

    #[test]
    fn a_value_out_of_range_is_named_with_its_place() {
        let mut map = [7, 7, 7, 8, 40, 7];
        let why = to_classes(LabelFiles::LabelIds, &mut map, 3).unwrap_err();
        assert_eq!(why, "label id 40 is out of range 0 to 33 (row 1, column 1; 255 is none)");
        let why = to_classes(LabelFiles::LabelTrainIds, &mut [0, 33], 1).unwrap_err();
        assert_eq!(
            why,
            "train id 33 is out of range 0 to 18 (row 1, column 0; 255 is none): is this a file of label ids \
             (*_labelIds.png)?"
        );
        let why = to_classes(LabelFiles::LabelTrainIds, &mut [34], 1).unwrap_err();
        assert_eq!(why, "train id 34 is out of range 0 to 18 (row 0, column 0; 255 is none)");
    }
}
