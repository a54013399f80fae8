//! Checks that label files have the numbering that their names say.
//!
//! A value means another class in the other numbering (7 is road as a label id, and traffic sign as a train id), so files
//! under the wrong name would be trained on without an error. The values show the numbering:
//!
//! - 19 to 33 are only label ids. Sky, vegetation, cars and people are among them, so nearly every street scene has some.
//!   In a file of train ids, [`super::labels::to_classes`] refuses each of these values.
//! - 255 as a train id is any ignored pixel, which nearly every file has (the car's bonnet is in each image of Cityscapes).
//!   As a label id it is a licence plate, and an image with a licence plate also has a vehicle: 26 or more.
//! - 1 to 6, 9, 10, 14 to 16 and 18 are classes as train ids, and ignored as label ids (0 may be either).
//!
//! So a file named as label ids contradicts its name if it has 255, none of 19 to 33, and a value that label ids ignore. A
//! split is refused if at least half of its files do. It is also refused if no file has any of 19 to 33 and at least 10 of
//! the values 0 to 18 occur: so look train ids without ignored pixels. Uncertain cases are accepted, because data sets
//! other than Cityscapes may have only a few classes, or 255 beside label ids. Label ids below 19 in files named as train
//! ids look like train ids, and are not found.

use super::labels::CLASSES;
use crate::images::IGNORED;
use crate::index::Mark;
use pt4al_results::spec::LabelFiles;

/// The bit for the value 255; bit n is for the value n.
const OF_255: Mark = 1 << 63;
/// The bits for the values that both numberings have, 0 to 18.
const SHARED: Mark = (1 << CLASSES.len()) - 1;
/// If this many of the values 0 to 18 occur in a split without 19 to 33, it has train ids.
const TELLING: u32 = 10;

/// The values that a label file has, as a set of bits: bit n for the value n below 63, and [`OF_255`] for 255.
pub(super) fn values(map: &[u8]) -> Mark {
    let mut seen = [false; 256];
    map.iter().for_each(|&value| seen[usize::from(value)] = true);
    let of_255 = if seen[usize::from(IGNORED)] { OF_255 } else { 0 };
    (0..63).filter(|&value| seen[value]).fold(of_255, |mark, value| mark | 1 << value)
}

/// Why the files of a split cannot have the numbering that their names say; `None` if they can. `files` has the
/// [`values`] of each file.
pub(super) fn contradiction(labels: LabelFiles, files: &[Mark]) -> Option<String> {
    if labels == LabelFiles::LabelTrainIds || files.is_empty() {
        return None;
    }
    let as_train_ids = files.iter().filter(|&&file| has_only_train_ids(file)).count();
    let all = files.iter().fold(0, |all, file| all | file);
    let seen = if 2 * as_train_ids >= files.len() {
        format!("{as_train_ids} of {} files have the value 255 and none of the label ids 19 to 33", files.len())
    } else if only_label_ids(all) == 0 && (all & SHARED).count_ones() >= TELLING {
        format!("none of the {} files has one of the label ids 19 to 33 (cars, people, trees, sky)", files.len())
    } else {
        return None;
    };
    Some(format!(
        "train ids under the name of label ids: {seen}; the values are {}; rename them to *_gtFine_labelTrainIds.png, and \
         set `dataset.cityscapes.labels` to \"label-train-ids\"",
        listed(all)
    ))
}

/// Whether a file named as label ids contradicts its name.
fn has_only_train_ids(file: Mark) -> bool {
    file & OF_255 > 0 && only_label_ids(file) == 0 && file & ignored_ids() > 0
}

/// The values among `values` that only label ids have: 19 to 33.
fn only_label_ids(values: Mark) -> Mark {
    values & !(SHARED | OF_255)
}

/// The values 1 to 18 that are ignored as label ids.
fn ignored_ids() -> Mark {
    let class_ids = CLASSES.iter().fold(0, |ids, (_, id)| ids | 1 << id);
    SHARED & !class_ids & !1
}

/// The values in words, for instance `0 to 5, 7 and 255`.
fn listed(values: Mark) -> String {
    let mut runs: Vec<[u32; 2]> = Vec::new();
    for value in (0..63).filter(|value| values & (1 << value) > 0) {
        match runs.last_mut() {
            Some([_, last]) if *last + 1 == value => *last = value,
            _ => runs.push([value, value]),
        }
    }
    let run = |[first, last]: &[u32; 2]| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first} to {last}"),
    };
    let list = runs.iter().map(run).collect::<Vec<_>>().join(", ");
    if values & OF_255 > 0 { format!("{list} and 255") } else { list }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn against(files: &[&[u8]]) -> Option<String> {
        let marks: Vec<Mark> = files.iter().map(|file| values(file)).collect();
        contradiction(LabelFiles::LabelIds, &marks)
    }

    #[test]
    fn values_are_listed_in_runs() {
        assert_eq!(listed(values(&[255, 3, 1, 2, 7, 8, 33, 3])), "1 to 3, 7, 8, 33 and 255");
        assert_eq!(listed(values(&[0])), "0");
        assert_eq!(listed(ignored_ids()), "1 to 6, 9, 10, 14 to 16, 18");
    }

    #[test]
    fn train_ids_named_as_label_ids_are_found_by_either_sign() {
        let camvid: &[u8] = &[0, 1, 2, 4, 5, 7, 8, 10, 11, 12, 13, 255];
        let why = against(&[camvid, &[0, 1, 2, 8, 255], &[0, 2, 8, 10]]).unwrap();
        assert!(why.contains("2 of 3 files have the value 255 and none of the label ids 19 to 33"), "{why}");
        assert!(why.contains("the values are 0 to 2, 4, 5, 7, 8, 10 to 13 and 255; rename them"), "{why}");
        // No pixel is ignored, so 255 does not occur; all files together have ten values.
        let why = against(&[&[0, 1, 2, 3, 4, 5], &[0, 8, 10, 11, 13]]).unwrap();
        assert!(why.contains("none of the 2 files has one of the label ids 19 to 33"), "{why}");
        // Half of the files were converted.
        assert!(against(&[camvid, &[1, 7, 11, 23, 26]]).is_some());
    }

    #[test]
    fn label_ids_are_accepted_whatever_the_data_set() {
        let accepted: [&[&[u8]]; 9] = [
            // All values of Cityscapes, and those of one image.
            &[&(0..34).collect::<Vec<u8>>(), &[1, 3, 4, 7, 8, 11, 17, 20, 21, 23, 26, 255]],
            &[&[1, 3, 7, 11, 21, 23, 26]],
            // CamVid as label ids.
            &[&[0, 7, 8, 11, 13, 17, 20, 21, 23, 24, 25, 26], &[0, 7, 8, 11, 21, 23]],
            // 255 instead of 0 in every file, with few classes.
            &[&[7, 8, 11, 21, 23, 255], &[7, 8, 23, 255]],
            &[&[7, 255], &[7, 8, 255]],
            // Only roads, and nine values below 19.
            &[&[0, 7], &[0, 7]],
            &[&[0, 1, 2, 3, 4, 5, 6, 7, 8], &[0, 7]],
            // Only one of three files contradicts its name.
            &[&[0, 1, 2, 255], &[1, 7, 23], &[1, 7, 11, 26]],
            &[],
        ];
        for files in accepted {
            assert_eq!(against(files), None, "{files:?}");
        }
        assert_eq!(contradiction(LabelFiles::LabelTrainIds, &[values(&[0, 1, 2, 255])]), None);
    }
}
