use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::report::testing::{full, loaded, spec_text, write_folder};
use crate::store::Record;

const LIST: &str = "claim,source,dataset,metric,labeled,select,value,pool,width,epochs,note\n";

/// A folder of results, and one of published numbers beside it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(place.dir()).unwrap();
        // Without it the published numbers would be those of the checkout that the tests run in.
        std::fs::create_dir_all(place.0.path().join("reference")).unwrap();
        place
    }

    fn dir(&self) -> PathBuf {
        self.0.path().join("baseline")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Results of `small` under a profile, with more tables in the spec.
    fn run(&self, name: &str, profile: &str, more: &str, rows: Vec<Record>) {
        let spec = loaded(&format!("{}\n{more}\n", spec_text()), Some(profile).filter(|p| !p.is_empty()));
        let under_profile = |row: Record| Record { profile: profile.into(), ..row };
        write_folder(&self.dir().join(name), &spec, rows.into_iter().map(under_profile).collect());
    }

    fn page(&self) -> String {
        page(&self.dir()).unwrap().page.markdown()
    }

    /// The rows of a section's tables without their padding, and its other lines.
    fn section(&self, heading: &str) -> Vec<String> {
        let page = self.page();
        let section = page.split("\n## ").find(|part| part.starts_with(heading)).unwrap_or_else(|| panic!("{page}"));
        let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        section.lines().skip(1).map(plain).filter(|line| !line.is_empty() && !line.starts_with("| :")).collect()
    }
}

/// Random sampling ends at 50 ± 2.5 %, under `last`.
fn claim(name: &str, rest: &str) -> String {
    format!("[[expect]]\nclaim = '{name}'\nsource = 'a paper'\nsampler = 'random'\n{rest}\n")
}

/// The same number of labels in fewer rounds gives another curve.
#[test]
fn as_many_labels_in_other_rounds_are_of_another_scale() {
    for (rounds, says) in
        [(3, "3 rounds; width 4; 1 epoch a round. At that scale: **held"), (2, "At that scale: **not measured")]
    {
        let place = Place::new();
        let list = LIST.replace("labeled,", "labeled,rounds,");
        place
            .write("reference/claims.csv", &format!("{list}half,a paper,shapes,accuracy,600,{rounds},,51,1000,4,1,\n"));
        place.run("a", "", &claim("half", "at = { labeled = 600 }\nband = [0.47, 0.53]"), full());
        let found = place.section("half");
        assert!(found.iter().any(|line| line.contains(says)), "{rounds}: {found:?}");
    }
}

#[test]
fn a_claim_has_a_row_for_each_folder_and_those_of_its_scale_come_first() {
    let place = Place::new();
    place.write("reference/claims.csv", &format!("{LIST}half,a paper,shapes,accuracy,600,,51,1000,4,1,\n"));
    let half = claim("half", "at = { labeled = 600 }\nband = [0.47, 0.53]");
    place.run("b-same", "", &half, full());
    place.run("a-other", "tiny", &half, full().into_iter().filter(|r| r.seed == 0).collect());
    let few = format!("{half}\n[profile.few]\nrounds.count = 1\n");
    place.run("c-few", "few", &few, full().into_iter().filter(|r| r.round == 0).collect());
    let started = full().into_iter().filter(|r| r.round < 2).collect();
    place.run("d-started", "", &half, started);
    let found = place.section("half");
    let cpu = "f32 | CPU a processor (2 cores), 2026-01-02 | shapes†; pool of 1,000 images;";
    let expected = [
        "Published by a paper: 51 %. Scale of the source: shapes; pool of 1,000 images; 600 labels; width 4; 1 epoch a round. \
         At that scale: **held in 1 folder, not measured yet in 1**."
            .to_owned(),
        "Criterion: test accuracy of random with 600 labels, within 47.0 to 53.0 %.".into(),
        "| folder | experiment | measured | n | rule | precision | hardware and day | scale | at the source's scale | verdict |"
            .into(),
        format!(
            "| [b-same](b-same/README.md) | `small` | 50.0 ± 2.5 % | 3 seeds | last epoch | {cpu} 200 to 600 labels; \
             resnet18 of \
             width 4; 1 epoch a round | yes | **held** |"
        ),
        format!(
            "| [d-started](d-started/README.md) | `small` | - | - | - | {cpu} 200 to 600 labels; resnet18 of width 4; \
             1 epoch a \
             round | yes | **not measured yet** |"
        ),
        format!(
            "| [a-other](a-other/README.md) | `small`, profile `tiny` | 49.0 % | 1 seed | last epoch | {cpu} 200 to \
             600 labels; \
             resnet18 of width 4; 2 epochs a round | no | **undecided** |"
        ),
        format!(
            "| [c-few](c-few/README.md) | `small`, profile `few` | - | - | - | {cpu} 200 labels; resnet18 of width 4; \
             1 epoch a \
             round | no | **not measured at this scale** |"
        ),
        "- [d-started](d-started/README.md): No trial of random has finished that round yet. Its largest number of \
         labels is 400, \
         with 40.0 ± 2.5 % (3 seeds; last epoch)."
            .into(),
        "- [a-other](a-other/README.md): One seed has no interval; at least 3 are needed.".into(),
        "- [c-few](c-few/README.md): No round has 600 labels: the only round here has 200. Its largest number of labels \
         is 200, with \
         30.0 ± 2.5 % (3 seeds; last epoch)."
            .into(),
    ];
    assert_eq!(found, expected);
    let short = "| half | a paper | 51 % | held in 1 folder, not measured yet in 1 | undecided in 1 folder, not \
                 measured in 1 | - |";
    assert!(place.section("In short").contains(&short.to_owned()), "{}", place.page());
    let tally =
        "# Claims and measurements\n\nOf 1 claim, 1 was measured at the scale of its source (1 held).\n\n## In short\n";
    assert!(place.page().starts_with(tally), "{}", place.page());
    assert!(place.section("Notes on the folders").iter().any(|l| l.starts_with("- Data: generated pictures")));
}

#[test]
fn claims_stand_in_the_order_of_the_list_and_then_of_the_folders() {
    let place = Place::new();
    let list = "third,a paper,shapes,accuracy,,,,,,,one above the other\nfirst,a paper,shapes,accuracy,,,,,,,\n";
    place.write("reference/claims.csv", &format!("{LIST}{list}"));
    let better = "at = 'area'\nbetter-than = 'core-set'";
    place.run("a", "", &[claim("second", better), claim("first", better)].concat(), full());
    let page = place.page();
    let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(headings, ["In short", "third", "first", "second", "Notes on the folders"]);
    let tally = "Of 3 claims, none was measured at the scale of its source, 2 only at another scale, or at one that cannot be \
                 compared (2 undecided), 1 not at all.";
    assert!(page.contains(tally), "{page}");
    let third = [
        "Published by a paper: none (one above the other). Scale of the source: not known here.",
        "No results folder here has this claim.",
    ];
    assert_eq!(place.section("third"), third);
    let row = &place.section("first")[3];
    assert!(
        row.contains("| -10.0 ± 0.0 points | 3 pairs | last epoch |") && row.ends_with("| not known | **undecided** |"),
        "{row}"
    );
    assert!(
        place.section("In short").contains(&"| third | a paper | none (one above the other) | - | - | - |".to_owned())
    );
}

/// Under best-on-test as much again, four points higher.
fn both_rules() -> Vec<Record> {
    let best = |row: Record| Record { select: "best-on-test".into(), value: row.value.map(|v| v + 0.04), ..row };
    full().into_iter().chain(full().into_iter().map(best)).collect()
}

#[test]
fn the_list_has_the_rule_where_the_spec_has_none() {
    let place = Place::new();
    place.write("reference/claims.csv", &format!("{LIST}half,a paper,shapes,accuracy,600,best-on-test,50,1000,4,1,\n"));
    let half = "at = { labeled = 600 }\nband = [0.47, 0.53]";
    place.run("a", "", &claim("half", half), both_rules());
    place.run("b", "", &claim("half", &format!("{half}\nselect = 'last'")), both_rules());
    let found = place.section("half");
    assert!(
        found[1].ends_with("within 47.0 to 53.0 %; the source reports the best epoch on the test images (optimistic).")
    );
    assert!(
        found[3].contains("| 54.0 ± 2.5 % | 3 seeds | best epoch on the test images (optimistic) |"),
        "{}",
        found[3]
    );
    assert!(found[3].ends_with("| **undecided** |") && found[4].contains("| 50.0 ± 2.5 % | 3 seeds | last epoch |"));
    let note = "Under the arm's own rule (last epoch), which does not decide: 50.0 ± 2.5 % (3 seeds).";
    assert!(found[5].starts_with("- [a](a/README.md): ") && found[5].ends_with(note), "{}", found[5]);
    assert_eq!(found.len(), 6);
}

#[test]
fn what_is_of_train_images_is_never_a_claim_that_held() {
    let place = Place::new();
    let half = claim("half", "at = 'last-round'\nband = [0.47, 0.53]");
    let own = spec_text().replace("every = 1 }", "every = 1, images = 'train' }");
    let spec = loaded(&format!("{own}\n{half}"), None);
    write_folder(&place.dir().join("a"), &spec, full());
    assert!(
        place.section("half").iter().any(|line| line.ends_with("| **held on TRAIN images** |")),
        "{}",
        place.page()
    );
    assert!(place.section("In short").iter().any(|line| line.contains("held on TRAIN images in 1 folder")));
    let tally = "\n\nOf 1 claim, none was measured at the scale of its source, 1 not at all.\n";
    assert!(place.page().contains(tally), "{}", place.page());
}

#[test]
fn what_others_published_of_the_number_stands_there_once() {
    let place = Place::new();
    let list = "half,a paper,shapes,accuracy,600,,50,1000,4,1,\nmore,a paper,shapes,accuracy,600,,60,1000,4,1,\n";
    place.write("reference/claims.csv", &format!("{LIST}{list}"));
    let others = "a user,random,600,accuracy,41.5,,\nb,random,600,accuracy,42,10,on train \
                  images\nc,core-set,600,accuracy,77,,\n\
                  d,random,400,accuracy,33,,\n";
    place.write("reference/shapes.csv", &format!("source,sampler,labeled,metric,value,trials,note\n{others}"));
    let at = "at = { labeled = 600 }";
    let claims =
        [claim("half", &format!("{at}\nband = [0.4, 0.6]")), claim("more", &format!("{at}\nband = [0.5, 0.7]"))];
    place.run("a", "", &claims.concat(), full());
    let found = place.section("half");
    let expected = [
        "All published values of random with 600 labels on shapes:",
        "| published by | value | mean of | note |",
        "| a user | 41.5 % | not said | |",
        "| b | 42 % | 10 trials | on train images |",
    ];
    assert_eq!(found[found.len() - 4..], expected);
    let more = place.section("more");
    assert_eq!(more.last().unwrap(), "Other published values of this number are listed under the claim above.");
}

const CORRELATION: &str = "[correlation]\nfolds = 2\npoints = 10\nresamples = 100\n";

#[test]
fn correlations_stand_beside_published_ones() {
    let place = Place::new();
    let published = "x,shapes,false,0.79,about\ny,shapes,true,0.42,\nz,cifar10,false,0.44,\n";
    place.write("reference/correlation.csv", &format!("source,dataset,imbalanced,spearman,note\n{published}"));
    let spec = loaded(&format!("{}\n{CORRELATION}", spec_text()), None);
    let folder = place.dir().join("c");
    write_folder(&folder, &spec, Vec::new());
    std::fs::remove_file(folder.join("records.csv")).unwrap();
    place.write("baseline/c/losses.csv", "index,pretext,task,held_out\n");
    let rows = "which,n,spearman,low,high,resamples,seed\ntask,1000,0.309,0.28,0.337,100,0\nheld-out,1000,,,,100,0\n";
    place.write("baseline/c/summary.csv", rows);
    let found = place.section("Rank correlation of pretext loss and task loss");
    assert_eq!(found[1], "**shapes.** Published: 0.79 (x; about).");
    assert!(
        found[3].starts_with("| [c](c/README.md) | `small` | 0.31 [0.28, 0.34] | - | 1,000 images | f32 |"),
        "{}",
        found[3]
    );
    let rest = [
        "**shapes, imbalanced pool.** Published: 0.42 (y).",
        "Ours: not measured.",
        "**cifar10.** Published: 0.44 (z).",
        "Ours: not measured.",
    ];
    assert_eq!(found[4..], rest);
    place.write("baseline/c/summary.csv", &rows.replace("0.309", "many"));
    let found = page(&place.dir()).unwrap();
    assert!(
        found.warnings[0].starts_with("c: left out of the page: c/summary.csv:2: not the summary"),
        "{:?}",
        found.warnings
    );
}

#[test]
fn a_folder_that_cannot_be_read_is_named_and_the_others_are_shown() {
    let place = Place::new();
    place.run("a", "", &claim("half", "at = 'last-round'\nband = [0.47, 0.53]"), full());
    place.run("b", "", "", full());
    place.write("baseline/b/records.csv", "name,age\nAda,36\n");
    place.write("baseline/no-results/notes.txt", "of no interest");
    let found = page(&place.dir()).unwrap();
    assert!(place.section("half").iter().any(|line| line.ends_with("| **held** |")));
    let told = place.section("Folders that could not be read");
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("- [b](b/README.md): b/records.csv:1: not the records of a trial"), "{told:?}");
    assert_eq!(found.warnings.len(), 1);
    assert!(
        !found.page.markdown().contains("no-results")
            && !found.page.markdown().contains(&*place.dir().to_string_lossy())
    );
}

#[test]
fn folders_without_claims_are_listed() {
    let place = Place::new();
    place.run("a", "", "", full());
    assert_eq!(place.section("Folders without claims"), ["- [a](a/README.md): A small <experiment> & its curves"]);
    assert!(place.page().contains("No results folder here makes a claim"));
}

#[test]
fn the_page_is_written_beside_the_folders_and_over_no_other_page() {
    let place = Place::new();
    place.run("a", "", &claim("half", "at = 'area'\nband = [0.4, 0.6]"), full());
    let fails = |dir: &Path, part: &str| {
        let message = format!("{:#}", write(dir).unwrap_err());
        assert!(message.contains(part) && !message.contains('\n'), "{message}");
    };
    let (written, _) = write(&place.dir()).unwrap();
    assert_eq!(std::fs::read_to_string(&written.page).unwrap(), place.page());
    write(&place.dir()).unwrap();
    place.write("baseline/README.md", "# My notes\n");
    fails(&place.dir(), "README.md: is another page, which would be overwritten");
    assert_eq!(std::fs::read_to_string(&written.page).unwrap(), "# My notes\n");
    fails(&place.dir().join("a"), "is a results folder itself");
    fails(place.0.path(), "holds no results folder");
    fails(&place.0.path().join("nowhere"), "no such folder");
    assert!(!place.0.path().join("README.md").exists() && !place.dir().join("a/README.md").exists());
    place.write("reference/claims.csv", &format!("{LIST}half,a paper,shapes,acc,600,,50,,,,\n"));
    fails(&place.dir(), "claims.csv:2: the metric `acc` is not known");
}
