use super::test::FolderComparison;
use super::*;
use crate::findings::What;
use crate::report::testing::{accuracy, assert_well_formed, full, loaded, spec, spec_of, spec_text, write_folder};
use crate::store::Record;

/// `base`, and `other` under a profile whose spec differs in one key; its values lie `by` above those of `base`, a
/// point more in each seed.
fn two(by: f64) -> (tempfile::TempDir, Vec<PathBuf>) {
    let dir = tempfile::tempdir().unwrap();
    let folders = vec![dir.path().join("base"), dir.path().join("other")];
    write_folder(&folders[0], &spec(), full());
    let moved = |mut row: Record| {
        row.profile = "tiny".into();
        row.value = row.value.map(|v| v + by + 0.01 * row.seed as f64);
        row
    };
    write_folder(&folders[1], &spec_of(Some("tiny")), full().into_iter().map(moved).collect());
    (dir, folders)
}

fn compared(folders: &[PathBuf]) -> Vec<FolderComparison> {
    comparisons(&Compared::read(folders).unwrap())
}

#[test]
fn one_table_one_picture_and_the_keys_that_differ() {
    let (dir, folders) = two(0.1);
    let out = dir.path().join("out");
    let text = compare(&folders, &out).unwrap().text;
    for part in [
        "- base -> other: `train.epochs`: 1 -> 2.",
        "- base -> other, the program: pt4al 0.1.0 at abc1234 with local changes in both, which need not be the same",
        "| base: random    | 30.0 ± 2.5 (n=3) | 40.0 ± 2.5 (n=3) | 50.0 ± 2.5 (n=3) |",
        "| other: core-set |",
        // 10, 11 and 12 points: 11 ± 4.302652729911275 / sqrt(3).
        "+11.0 ± 2.5",
        "3 pairs",
        "the fewest here are 3.",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    let svg = read("curve.svg");
    assert_well_formed(&svg);
    assert!(svg.contains("base: random") && svg.contains("other: core-set"));
    assert!(out.join("curve.png").exists());
    assert!(read("README.md").starts_with("# base against other\n") && read("README.md").contains("(curve.svg)"));
    assert_eq!(read("curves.csv").lines().count(), 1 + 2 * 2 * 3);
    let header = "metric,arm,results,versus,what,labeled,test,n,versus_n,mean,low,high,t,p,p_holm";
    assert_eq!(read("comparisons.csv").lines().next(), Some(header));
    assert_eq!(read("comparisons.csv").lines().count(), 1 + 2 * 2);
}

/// The lead as Markdown, without its warnings.
fn opening_of(folders: &[PathBuf]) -> String {
    let compared = Compared::read(folders).unwrap();
    let lead = crate::report::page::markdown(&opening::lead(&compared, &comparisons(&compared)));
    lead.lines().filter(|line| !line.starts_with('>') && !line.is_empty()).map(|line| format!("{line}\n")).collect()
}

/// t = 19.05 and p = 0.00274, twice that over two arms, for areas as for last rounds.
#[test]
fn the_page_opens_on_what_was_found_and_on_the_keys_that_differ() {
    let (dir, folders) = two(0.1);
    let keys = "- The specs differ in 1 key: `train.epochs`.\n  - base -> other: `train.epochs`: 1 -> 2.\n";
    let found = |arm: &str| {
        format!(
            "- Over the whole curve, {arm} is 11.0 ± 2.5 points higher in other than in base (3 pairs, corrected p = 0.005).\n"
        )
    };
    let opening = opening_of(&folders);
    assert!(opening.contains(&found("random")) && opening.contains(&found("core-set")), "{opening}");
    assert!(opening.ends_with(keys) && opening.lines().count() == 4, "{opening}");
    // A warning that both share names both, and the badge says what they share.
    compare(&folders, &dir.path().join("out")).unwrap();
    let page = std::fs::read_to_string(dir.path().join("out/README.md")).unwrap();
    assert!(
        page.starts_with("# base against other\n\n*generated images · f32 · CPU · n = 3 seeds · differs: scale*\n"),
        "{page}"
    );
    assert!(page.contains("> **Warning:** base and other: The program was built with local changes"), "{page}");
    let rows = |scale: &str| {
        page.lines()
            .any(|line| line.contains(scale) && line.contains(" generated images |") && line.contains("n = 3 seeds"))
    };
    assert!(rows(" full protocol |") && rows(" profile tiny |"), "{page}");
    let svg = std::fs::read_to_string(dir.path().join("out/curve.svg")).unwrap();
    assert!(svg.contains("differs: scale") && svg.contains("base against other"), "{svg}");
    let html = std::fs::read_to_string(dir.path().join("out/report.html")).unwrap();
    assert!(
        html.contains("<summary><span>The specs differ in 1 key: <code>train.epochs</code>.</span></summary>"),
        "{html}"
    );
    assert!(html.contains("<div class=\"shown\">\n<div id=\"chart\">"), "{html}");
}

#[test]
fn what_is_not_significant_folds_out() {
    let (_dir, folders) = two(-0.01);
    let found = opening_of(&folders);
    let expected = "- Over the whole curve, no difference is significant (2 comparisons, 3 pairs each at most).\n  - ";
    assert!(found.starts_with(expected) && found.contains("  - random is 0.0 ± 2.5 points"), "{found}");
    // One of two arms differs.
    let rows = full().into_iter().map(|mut row| {
        row.profile = "tiny".into();
        let more = if row.sampler == "random" { 0.1 + 0.01 * row.seed as f64 } else { 0.01 * row.seed as f64 - 0.01 };
        row.value = row.value.map(|value| value + more);
        row
    });
    write_folder(&folders[1], &spec_of(Some("tiny")), rows.collect());
    let found = opening_of(&folders);
    assert!(found.starts_with("- Over the whole curve, random is 11.0 ± 2.5 points higher in other"), "{found}");
    assert!(
        found.contains("\n- Over the whole curve, no other difference is significant (1 comparison, 3 pairs"),
        "{found}"
    );
}

/// `one` shares a single number of labels with the others, so that there is no area.
#[test]
fn a_pair_without_an_area_is_compared_in_its_last_round() {
    let (dir, mut folders) = two(0.1);
    let one = loaded(&spec_text().replace("count = 3", "count = 1"), None);
    let rows = full().into_iter().filter(|row| row.round == 0).map(|row| {
        let value = row.value.map(|value| value - 0.2 - 0.01 * row.seed as f64);
        Record { value, ..row }
    });
    folders.push(dir.path().join("one"));
    write_folder(&folders[2], &one, rows.collect());
    let found = opening_of(&folders);
    for part in [
        "- With 200 labels, random is 32.0 ± 5.0 points lower in one than in other (3 pairs",
        "- With 200 labels, random is 21.0 ± 2.5 points lower in one than in base ",
        "- Over the whole curve, 2 more differences are significant.\n  - ",
        "  - random is 11.0 ± 2.5 points higher in other than in base ",
        "- base -> one: `rounds.count`: 3 -> 1.",
    ] {
        assert!(found.contains(part), "{part:?} is not in {found}");
    }
    let page = Compared::read(&folders).unwrap();
    assert_eq!(opening::title(&page), "base against other and one");
}

/// t = 11 / (1 / sqrt(3)) = 19.05 at 2 degrees of freedom: p = 0.00274, twice that by Holm over two arms.
#[test]
fn seeds_in_common_are_paired_and_others_are_not() {
    let (_dir, folders) = two(0.1);
    let found = compared(&folders);
    let last = found.iter().find(|c| c.what == What::LastRound && c.arm == "random").unwrap();
    assert_eq!((last.test, last.n, last.labeled), (test::Test::Paired, 3, Some(600)));
    assert!((last.mean - 0.11).abs() < 1e-12 && (last.p.unwrap() - 0.002743).abs() < 1e-5, "{last:?}");
    assert!((last.p_holm.unwrap() - 2.0 * last.p.unwrap()).abs() < 1e-12);

    // The same values under other seeds.
    let mut spec = spec_of(Some("tiny"));
    spec.seeds = vec![10, 11, 12];
    let rows = full().into_iter().map(|row| Record { seed: row.seed + 10, profile: "tiny".into(), ..row }).collect();
    write_folder(&folders[1], &spec, rows);
    let found = compared(&folders);
    assert!(found.iter().all(|c| (c.test, c.n, c.versus_n) == (test::Test::Welch, 3, 3)), "{found:?}");
    assert!(found.iter().all(|c| c.mean.abs() < 1e-12 && (c.p.unwrap() - 1.0).abs() < 1e-9), "{found:?}");
}

#[test]
fn what_the_runs_differ_in_is_told_a_line_each() {
    let (dir, folders) = two(0.1);
    let text = || compare(&folders, &dir.path().join("out")).unwrap().text;
    let path = folders[1].join("manifest.json");
    let manifest = std::fs::read_to_string(&path).unwrap();
    let other = manifest
        .replace("\"threads\": 2", "\"threads\": 8")
        .replace("a processor (2 cores)", "another, 8 logical cores");
    std::fs::write(&path, other).unwrap();
    let told = text();
    for part in [
        "- base -> other, the threads of a process: 2 -> 8 (sums over another number of threads round differently).\n",
        "- base -> other, the processor: a processor (2 cores) -> another (instruction sets round differently).\n",
    ] {
        assert!(told.contains(part), "{part:?} is not in {told}");
    }
    assert!(!told.contains(": nothing."), "{told}");
    std::fs::remove_file(&path).unwrap();
    let told = text();
    assert!(told.contains("- base -> other: not known, because there is no manifest.json in other.\n"), "{told}");
    let page = std::fs::read_to_string(dir.path().join("out/README.md")).unwrap();
    assert!(
        page.contains("\n## How the runs differ\n\nEach of these can change values, also where the specs are equal.\n\n- base -> other: not known"),
        "{page}"
    );
}

#[test]
fn areas_are_over_the_labels_that_both_have() {
    let (_dir, folders) = two(0.0);
    let spec = loaded(&spec_text().replace("count = 3", "count = 2"), Some("tiny"));
    let rows = full().into_iter().filter(|r| r.round < 2).map(|r| Record { profile: "tiny".into(), ..r });
    write_folder(&folders[1], &spec, rows.collect());
    let found = compared(&folders);
    assert_eq!(found.len(), 4);
    // Equal up to 400 labels.
    assert!(found.iter().all(|c| c.mean.abs() < 1e-12), "{found:?}");
    assert_eq!(found[2].labeled, Some(400));
}

#[test]
fn what_cannot_be_compared_is_one_line() {
    let (dir, folders) = two(0.0);
    let message = |folders: &[PathBuf]| {
        let message = format!("{:#}", compare(folders, &dir.path().join("out")).unwrap_err());
        assert!(!message.contains('\n') && !dir.path().join("out").exists(), "{message}");
        message
    };
    assert!(message(&folders[..1]).contains("name two or more"));
    assert!(message(&[folders[0].clone(), folders[0].join("../base")]).contains("base: is named twice"));
    assert!(message(&[folders[0].clone(), dir.path().join("none")]).contains("no such results folder"));
    // One that has not begun is enough.
    write_folder(&folders[1], &spec_of(Some("tiny")), Vec::new());
    assert!(message(&folders).contains("other/records.csv: no round has finished yet"));
}

#[test]
fn a_comparison_writes_over_its_own_files_and_no_others() {
    let (dir, folders) = two(0.1);
    let message = format!("{:#}", compare(&folders, &folders[0]).unwrap_err());
    assert!(message.contains("base: holds other files") && message.contains("--out"), "{message}");
    assert!(!folders[0].join("curves.csv").exists());
    let out = dir.path().join("out");
    compare(&folders, &out).unwrap();
    compare(&folders, &out).unwrap();
}

#[test]
fn one_seed_is_shown_and_not_tested() {
    let (_dir, folders) = two(0.0);
    write_folder(&folders[0], &spec(), vec![accuracy("random", 0, 0, 0.5)]);
    let found = compared(&folders);
    assert!(found.iter().all(|c| c.p.is_none()), "{found:?}");
}

#[test]
fn folders_of_one_name_are_called_by_their_paths() {
    let folders = ["a/demo", "b/demo", "b/other"].map(PathBuf::from);
    assert_eq!(names(&folders), ["a/demo", "b/demo", "other"]);
    assert_eq!(default_folder(&folders[1..]), Path::new("b/comparison-demo-other"));
    assert_eq!(default_folder(&folders[..2]), Path::new("a/comparison-a-demo-b-demo"));
}

#[test]
fn folders_of_train_images_are_marked_beside_those_of_test_images() {
    let (dir, folders) = two(0.1);
    let text = spec_text().replace("every = 1", "every = 1, images = 'train'");
    let rows = full().into_iter().map(|row| Record { profile: "tiny".into(), ..row }).collect();
    write_folder(&folders[1], &loaded(&text, Some("tiny")), rows);
    let text = compare(&folders, &dir.path().join("out")).unwrap().text;
    for part in [
        "some values are of TRAIN images",
        "| other: random [TRAIN images] ",
        "| base: random ",
        "| random   | other [TRAIN images] |",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    let svg = std::fs::read_to_string(dir.path().join("out/curve.svg")).unwrap();
    assert!(svg.contains("other: random [TRAIN") && svg.contains("labels among TRAIN images were trained on"));
}
