use std::path::Path;

use super::*;
use crate::report::page::Shown;
use crate::report::testing::{assert_well_formed, findings, full, loaded, manifest, spec_text, write_folder};
use crate::spec::Spec;
use crate::store::{ClassCount, ClassShare, Sheet, Thumbnail};

const ROUNDS: usize = 3;

/// With 4 labels a round.
fn spec_with(tables: &str) -> Spec {
    loaded(&format!("{}{tables}\n", spec_text().replace("= 200", "= 4")), None)
}

fn spec() -> Spec {
    spec_with("")
}

/// A folder of `spec` in which every trial queried 4 images a round, counted up from its seed's first; arms of
/// another sampler than the first query 2 of the same in rounds 1 and 2.
fn folder(root: &Path, spec: &Spec, classes: usize) {
    let rows = full().into_iter().map(|row| crate::store::Record { labeled: 4 * (row.round + 1), ..row });
    write_folder(root, spec, rows.collect());
    let mut all = std::collections::BTreeSet::new();
    for trial in spec.trials() {
        let other = usize::from(trial.label() != spec.arms()[0].0);
        let first = 100 * trial.seed as usize;
        let index = |round: usize, rank: usize| {
            first + 10 * round + if round > 0 && rank > 1 { rank + 4 * other } else { rank }
        };
        let rounds: Vec<Vec<usize>> = (0..ROUNDS).map(|r| (0..4).map(|rank| index(r, rank)).collect()).collect();
        all.extend(rounds.iter().flatten().copied());
        Queries::of_rounds(rounds).write(&root.join("queries").join(format!("{}.csv", trial.key()))).unwrap();
    }
    let mut manifest = manifest(spec);
    manifest.data.classes =
        (0..classes).map(|c| ClassCount { name: format!("class <{c}>"), pool: 10 * (c + 1), test: 1 }).collect();
    manifest.write(&root.join("manifest.json")).unwrap();
    // Images queried in round 0 have all classes by turns, later ones class 0.
    let class = |index: usize| if index % 100 < 10 { index % classes } else { 0 };
    let share = |index: usize| ClassShare { index, class: format!("class <{}>", class(index)), share: 1.0 };
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 80);
    encoder.encode(&[90; 80 * 8 * 3], 80, 8, jpeg_encoder::ColorType::Rgb).unwrap();
    let tile = |(at, &index): (usize, &usize)| Thumbnail { index, x: 8 * at, y: 0, width: 8, height: 6 };
    let shown: Vec<usize> = all.iter().copied().filter(|index| *index < 100 && index % 10 < 2).collect();
    let sheet = Sheet { jpeg, width: 80, height: 8, tiles: shown.iter().enumerate().map(tile).collect() };
    QueriedImages { classes: all.into_iter().map(share).collect(), sheet: Some(sheet) }.write(root).unwrap();
}

fn section_of(root: &Path) -> Section {
    section(&Findings::read(root).unwrap()).unwrap()
}

fn figure<'a>(section: &'a Section, file: &str) -> Option<&'a str> {
    section.figures().find(|figure| figure.file == file).map(|figure| figure.svg.as_str())
}

/// Two classes: 2 of 4 each in round 0, then one alone, 50 % of whose labels would have to be of the other. Of 8 labels
/// after the common 4, 4 are in common; 8 of 996 by chance. The pool has 10 and 20.
#[test]
fn classes_overlap_and_pictures_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("small");
    folder(&root, &spec(), 2);
    let section = section_of(&root);
    let text = section.markdown();
    assert!(text.contains("| imbalance (%) | round 0 | round 1 | round 2 |"), "{text}");
    assert!(text.contains("| core-set      |     0.0 |    50.0 |    50.0 |"), "{text}");
    assert!(text.contains("The pool's imbalance is 16.7 %.") && text.contains("all 2 classes"), "{text}");
    assert!(text.contains("would have 0.8 % in common by chance (labels / pool). They started from"), "{text}");
    let files: Vec<&str> = section.figures().map(|figure| figure.file.as_str()).collect();
    assert_eq!(files, ["classes.svg", "overlap.svg", "thumbnails.svg"]);
    section.figures().for_each(|figure| assert_well_formed(&figure.svg));
    let classes = figure(&section, "classes.svg").unwrap();
    assert!(classes.contains(">\nclass &lt;1&gt;\n<") && classes.contains(">\npool\n<"));
    assert_eq!(figure(&section, "overlap.svg").unwrap().matches(">\n50\n<").count(), 2);
    // The first two of each round of two arms, from one embedded sheet.
    let thumbnails = figure(&section, "thumbnails.svg").unwrap();
    assert_eq!(thumbnails.matches("<use href=\"#queried-sheet\"/>").count(), 2 * ROUNDS * 2);
    assert_eq!(thumbnails.matches("data:image/jpeg;base64,/9j/").count(), 1);
    assert!(thumbnails.contains("viewBox=\"8 0 8 6\""));
    let Some(Block::Thumbnails(shown)) = section.blocks.last() else { panic!("{:?}", section.blocks.last()) };
    let (arm, rounds) = &shown.arms[1];
    let second = Shown { index: 1, class: "class <1>".into(), place: [8, 0, 8, 6] };
    assert_eq!((arm.as_str(), rounds.len(), rounds[0].len(), &rounds[0][1]), ("core-set", ROUNDS, 2, &second));
    assert!(shown.figure.has_photos && shown.longest() == 8);
}

#[test]
fn more_classes_than_colours_are_one_curve_an_arm() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("small");
    folder(&root, &spec(), 30);
    let section = section_of(&root);
    let classes = figure(&section, "classes.svg").unwrap();
    assert_well_formed(classes);
    assert!(classes.contains("imbalance of the classes (%)") && !classes.contains("class &lt;1&gt;"));
    // Only one class of 30: 29 / 30.
    let text = section.markdown();
    assert!(text.contains("| random        |    86.7 |    96.7 |    96.7 |"), "{text}");
}

#[test]
fn what_is_missing_is_a_sentence_and_what_is_damaged_an_error_of_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("small");
    folder(&root, &spec(), 2);
    let error = |file: &str| {
        let path = root.join(file);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, "oops\n1\n").unwrap();
        let error = format!("{:#}", section(&Findings::read(&root).unwrap()).unwrap_err());
        std::fs::write(&path, whole).unwrap();
        assert!(error.contains(file) && !error.contains('\n'), "{error}");
    };
    error("queries/random-seed0.csv");
    error("queried/classes.csv");

    // Cut, and with an image too many: left out by name.
    let path = root.join("queries/random-seed0.csv");
    let whole = std::fs::read_to_string(&path).unwrap();
    let cut = whole.lines().take(8).map(|line| format!("{line}\n")).collect::<String>();
    for odd in [cut, format!("{whole}2,4,7\n")] {
        std::fs::write(&path, odd).unwrap();
        let text = section_of(&root).markdown();
        let warning = "> **Warning:** queries that are missing, or not as many as the spec says, are left out here: those of \
                       random-seed0.\n\n";
        assert!(text.starts_with(warning), "{text}");
    }
    std::fs::write(&path, whole).unwrap();
    std::fs::remove_dir_all(root.join("queried")).unwrap();
    let without = section_of(&root);
    assert!(without.markdown().starts_with("Classes and thumbnails of the queried images are not in the folder"));
    assert!(figure(&without, "overlap.svg").is_some() && without.figures().count() == 1);
    std::fs::remove_dir_all(root.join("queries")).unwrap();
    let nothing = section_of(&root);
    assert!(nothing.markdown().contains("the folder has no `queries/`") && nothing.figures().count() == 0);
    assert_eq!(section(&findings(&spec(), Vec::new())).unwrap().markdown(), "");
}

#[test]
fn many_arms_of_long_names_and_one_round_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("small");
    let variants: String =
        (0..6).map(|i| format!("[variant.normalized-logits-{i}]\ntrain.epochs = {}\n", i + 2)).collect();
    let spec = spec_with(&variants);
    folder(&root, &spec, 10);
    for figure in section_of(&root).figures() {
        assert_well_formed(&figure.svg);
        assert!(figure.svg.contains("core-set@normalized-logits-5"), "{}", figure.file);
    }
}
