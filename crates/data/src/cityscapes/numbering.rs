//! Whether label files have the numbering that their names say.
//!
//! A value means another class in the other numbering (7 is road as a label id, and traffic sign as a train id), so files
//! under the wrong name would be trained on without an error. What the values tell:
//!
//! - 19 to 33 are label ids alone: sky, vegetation, cars and people are among them, so that nearly every street scene has
//!   some. In a file of train ids they are refused one by one ([`super::labels::to_classes`]).
//! - 255 is what train ids have for everything ignored, in nearly every file (the car's bonnet is in each image of
//!   Cityscapes). As a label id it is a licence plate, and where there is one, there is a vehicle: 26 or more.
//! - 1 to 6, 9, 10, 14 to 16 and 18 are classes as train ids, and are ignored as label ids (0 is either).
//!
//! So a file that is said to have label ids contradicts that if it has 255, none of 19 to 33, and a value that would be
//! ignored. A split is refused where at least half of its files do; or where no file has any of 19 to 33, and at least 10
//! of the values below occur, which is what train ids are where nothing is ignored. What is not certain is accepted: other
//! data sets than Cityscapes may have a few classes alone, or 255 beside label ids. Label ids below 19 in files named as
//! train ids cannot be told from them.

use super::labels::CLASSES;
use crate::images::IGNORED;
use crate::index::Mark;
use pt4al_results::spec::LabelFiles;

/// The bit of the value 255; bit n is that of the value n.
const OF_255: Mark = 1 << 63;
/// Those of the values that both numberings have, 0 to 18.
const SHARED: Mark = (1 << CLASSES.len()) - 1;
/// How many of these a split of train ids without any 255 has at least.
const TELLING: u32 = 10;

/// Which values a label file has: a bit for each of 0 to 33, and one for 255. Others are not asked for.
pub(super) fn values(map: &[u8]) -> Mark {
    let mut seen = [false; 256];
    map.iter().for_each(|&value| seen[usize::from(value)] = true);
    let of_255 = if seen[usize::from(IGNORED)] { OF_255 } else { 0 };
    (0..63).filter(|&value| seen[value]).fold(of_255, |mark, value| mark | 1 << value)
}

/// Why the files of a split cannot have the numbering that their names say, if so; `files` is what [`values`] gave of
/// each.
pub(super) fn contradiction(labels: LabelFiles, files: &[Mark]) -> Option<String> {
    if labels == LabelFiles::LabelTrainIds || files.is_empty() {
        return None;
    }
    let high = |file: Mark| file & !(SHARED | OF_255);
    let as_train_ids = files.iter().filter(|&&file| file & OF_255 > 0 && high(file) == 0 && file & ignored_ids() > 0);
    let (as_train_ids, all) = (as_train_ids.count(), files.iter().fold(0, |all, file| all | file));
    let seen = if 2 * as_train_ids >= files.len() {
        format!("{as_train_ids} of {} files have the value 255 and none of the label ids 19 to 33", files.len())
    } else if high(all) == 0 && (all & SHARED).count_ones() >= TELLING {
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

/// The values below 19 that no class has as its label id, without 0.
fn ignored_ids() -> Mark {
    let of_classes = CLASSES.iter().fold(0, |ids, (_, id)| ids | 1 << id);
    SHARED & !of_classes & !1
}

/// For instance `0 to 5, 7 and 255`.
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
    fn train_ids_named_as_label_ids_are_told_from_either_sign() {
        let camvid: &[u8] = &[0, 1, 2, 4, 5, 7, 8, 10, 11, 12, 13, 255];
        let why = against(&[camvid, &[0, 1, 2, 8, 255], &[0, 2, 8, 10]]).unwrap();
        assert!(why.contains("2 of 3 files have the value 255 and none of the label ids 19 to 33"), "{why}");
        assert!(why.contains("the values are 0 to 2, 4, 5, 7, 8, 10 to 13 and 255; rename them"), "{why}");
        // Nothing is ignored, so there is no 255; ten values in all files together.
        let why = against(&[&[0, 1, 2, 3, 4, 5], &[0, 8, 10, 11, 13]]).unwrap();
        assert!(why.contains("none of the 2 files has one of the label ids 19 to 33"), "{why}");
        // Half of the cities were converted.
        assert!(against(&[camvid, &[1, 7, 11, 23, 26]]).is_some());
    }

    #[test]
    fn label_ids_are_accepted_whatever_the_data_set() {
        let accepted: [&[&[u8]]; 9] = [
            // All of Cityscapes, and one image of it.
            &[&(0..34).collect::<Vec<u8>>(), &[1, 3, 4, 7, 8, 11, 17, 20, 21, 23, 26, 255]],
            &[&[1, 3, 7, 11, 21, 23, 26]],
            // CamVid as label ids.
            &[&[0, 7, 8, 11, 13, 17, 20, 21, 23, 24, 25, 26], &[0, 7, 8, 11, 21, 23]],
            // 255 in the place of 0, in every file, with few classes.
            &[&[7, 8, 11, 21, 23, 255], &[7, 8, 23, 255]],
            &[&[7, 255], &[7, 8, 255]],
            // Roads alone, and 9 values below 19.
            &[&[0, 7], &[0, 7]],
            &[&[0, 1, 2, 3, 4, 5, 6, 7, 8], &[0, 7]],
            // One odd file of three.
            &[&[0, 1, 2, 255], &[1, 7, 23], &[1, 7, 11, 26]],
            &[],
        ];
        for files in accepted {
            assert_eq!(against(files), None, "{files:?}");
        }
        assert_eq!(contradiction(LabelFiles::LabelTrainIds, &[values(&[0, 1, 2, 255])]), None);
    }
}
