mod browser;
mod pictures;

use super::testing::{accuracy, assert_well_formed, full, png_size, spec, spec_of, spec_with, write_folder};
use super::*;
use crate::store::Record;

/// `results/small` in a folder of its own, reported.
fn reported(rows: Vec<Record>) -> (tempfile::TempDir, std::path::PathBuf, String) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("small");
    write_folder(&folder, &spec(), rows);
    let text = report(&folder, None).unwrap().text;
    (dir, folder, text)
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn message(folder: &Path) -> String {
    let message = format!("{:#}", report(folder, None).unwrap_err());
    assert!(!message.contains('\n'), "{message}");
    message
}

#[test]
fn a_folder_is_reported() {
    let (_dir, folder, text) = reported(full());
    assert!(text.contains("| core-set | 35.0 ± 2.5 | 50.0 ± 2.5 | 65.0 ± 2.5 |"), "{text}");

    let summary = read(&folder, "summary.csv");
    let mut lines = summary.lines();
    assert_eq!(lines.next(), Some("experiment,profile,sampler,round,labeled,metric,select,n,mean,sd,low,high"));
    assert_eq!(lines.clone().count(), 6);
    assert!(lines.next().unwrap().starts_with("small,,random,0,200,accuracy,last,3,0.3"), "{summary}");

    let svg = read(&folder, "curve.svg");
    assert_well_formed(&svg);
    let parts = [">\nrandom\n<", ">\ncore-set\n<", "small &lt;experiment&gt; &amp; its", "n = 3 seeds, 95 %", "labels"];
    for part in parts {
        assert!(svg.contains(part), "{part}");
    }
    let (width, height) = png_size(&folder.join("curve.png"));
    // The PNG has twice the size at which the SVG is shown.
    let attributes = format!("<svg width=\"{}\" height=\"{}\"", width / 2, height / 2);
    assert!(svg.starts_with(&attributes), "{}", &svg[..90]);

    let readme = read(&folder, "README.md");
    for part in [
        "# A small <experiment> & its curves\n",
        &spec().hash(),
        "Seeds: 0, 1, 2.",
        "Rounds: 3, with 200 labels in the first and 200 more in each later round.",
        "resnet18 of width 4 on images of 16 x 16 pixels, `f32`, fresh weights",
        "generated pictures, not photographs",
        "Ran from 2026-01-02T03:04:05Z to 2026-01-02T04:04:05Z.",
        "Threads of a process on the CPU: 2. Values on a CPU repeat bit for bit only on the same processor type with the same",
        "pt4al 0.1.0 at abc1234 with local changes",
        "```sh\npt4al run experiments/small.toml\n```",
        "(curve.svg)",
        // What is printed: what was found, the tables, and what is significant.
        text.split_once("\n**Test").unwrap().0,
        &text[text.find("**Test").unwrap()..text.find("\n- Areas").unwrap()],
        &text[text.find("- Areas").unwrap()..],
    ] {
        assert!(readme.contains(part), "{part:?} is not in {readme}");
    }
}

#[test]
fn published_numbers_beside_the_folder_are_drawn_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, reference) = (dir.path().join("small-tiny"), dir.path().join("reference"));
    let mut rows = full();
    rows.iter_mut().for_each(|r| r.profile = "tiny".into());
    write_folder(&folder, &spec_of(Some("tiny")), rows);
    std::fs::create_dir(&reference).unwrap();
    let header = "source,sampler,labeled,metric,value,trials,note\n";
    let inside =
        "a paper,random,200,accuracy,31,,\na paper,random,400,accuracy,41,,\nanother paper,random,500,accuracy,52,,\n";
    let outside = "a third paper,random,601,accuracy,99,,\n";
    std::fs::write(reference.join("small.csv"), format!("{header}{inside}{outside}")).unwrap();
    let text = report(&folder, None).unwrap().text;
    assert!(text.contains("| random [published 1] |         31 |         41 |          - |"), "{text}");
    let svg = read(&folder, "curve.svg");
    assert_well_formed(&svg);
    assert!(svg.contains("a paper: random") && svg.contains("another paper: random"));
    assert!(svg.contains("Published numbers (full protocol)") && !svg.contains("third"));

    std::fs::write(reference.join("small.csv"), format!("{header}{inside}oops\n")).unwrap();
    assert!(message(&folder).contains("small.csv:5: not a published number"));
}

/// All files of a folder, by name.
fn files(folder: &Path) -> std::collections::BTreeMap<std::ffi::OsString, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name(), std::fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn nothing_that_is_there_gives_way_to_nothing() {
    let (_dir, folder, _) = reported(full());
    let failed = |round| Record {
        error: "out of\nmemory".into(),
        value: None,
        metric: String::new(),
        select: String::new(),
        ..accuracy("random", 1, round, 0.0)
    };
    let header = read(&folder, "records.csv").split_inclusive('\n').next().unwrap().to_owned();
    let damages: [&dyn Fn(); 5] = [
        &|| std::fs::write(folder.join("records.csv"), "").unwrap(),
        &|| std::fs::write(folder.join("records.csv"), &header).unwrap(),
        &|| super::testing::records(vec![failed(0)]).write(&folder.join("records.csv")).unwrap(),
        &|| std::fs::remove_file(folder.join("records.csv")).unwrap(),
        &|| std::fs::remove_file(folder.join("spec.toml")).unwrap(),
    ];
    let lost = "records.csv: has no finished round, but the summary.csv beside it was made from some; restore the file";
    for (damage, part) in damages.iter().zip([lost, lost, lost, "records.csv: not there yet", "spec.toml"]) {
        write_folder(&folder, &spec(), full());
        damage();
        let before = files(&folder);
        let told = message(&folder);
        assert!(told.contains(part), "{told}");
        assert_eq!(files(&folder), before, "{part}");
    }
}

#[test]
fn before_the_first_round_nothing_is_written_and_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("small");
    write_folder(&folder, &spec(), Vec::new());
    let before = files(&folder);
    assert!(message(&folder).contains("small/records.csv: no round has finished yet; wait for the first one"));
    // As versions before this one left it.
    std::fs::write(folder.join("records.csv"), "").unwrap();
    assert!(message(&folder).contains("no round has finished yet"));
    write_folder(&folder, &spec(), Vec::new());
    assert_eq!(files(&folder), before);
    let failed = Record {
        error: "out of\nmemory".into(),
        value: None,
        metric: String::new(),
        select: String::new(),
        ..accuracy("random", 1, 0, 0.0)
    };
    write_folder(&folder, &spec(), vec![failed]);
    let told =
        "no round has finished yet, and 1 trial failed (the first: random, seed 1: out of memory); fix the cause";
    assert!(message(&folder).contains(told), "{}", message(&folder));
    assert_eq!(files(&folder).len(), before.len());
}

#[test]
fn a_single_arm_has_a_file_of_comparisons_with_its_header() {
    let (_dir, folder, _) = reported(full().into_iter().filter(|row| row.sampler == "random").collect());
    let comparisons = read(&folder, "comparisons.csv");
    assert!(comparisons.starts_with("experiment,profile,metric,") && comparisons.lines().count() == 1, "{comparisons}");
}

/// Whatever a page links to, or shows, is there.
fn assert_links_lead_somewhere(folder: &Path) {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let place = |url: &str| {
        let bytes = url.replace("%20", " ").replace("%28", "(").replace("%29", ")");
        assert!(!bytes.contains('%') && folder.join(&bytes).is_file(), "{url} leads nowhere");
    };
    let mut seen = 0;
    for event in Parser::new_ext(&read(folder, "README.md"), Options::ENABLE_TABLES) {
        if let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event {
            place(&dest_url);
            seen += 1;
        }
    }
    let html = read(folder, "report.html");
    for link in html.split("<a href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        if !link.starts_with('#') {
            place(link);
            seen += 1;
        }
    }
    assert!(seen >= 10, "{seen} links");
}

#[test]
fn a_report_elsewhere_is_the_same_and_leaves_the_results_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("results (old)/small");
    write_folder(&folder, &spec(), full());
    let before = files(&folder);
    let out = dir.path().join("pages/small");
    let written = report(&folder, Some(&out)).unwrap();
    assert_eq!(written.page, out.join("report.html"));
    assert_eq!(files(&folder), before);
    assert_links_lead_somewhere(&out);
    assert!(read(&out, "README.md").contains("[spec.toml](../../results%20%28old%29/small/spec.toml)"));
    // Once more over its own, and then beside the results.
    report(&folder, Some(&out)).unwrap();
    let (elsewhere, told) = (files(&out), report(&folder, None).unwrap());
    assert_eq!((told.page, told.text), (folder.join("report.html"), written.text));
    assert_links_lead_somewhere(&folder);
    let beside = files(&folder);
    let made: Vec<_> = beside.keys().filter(|name| !before.contains_key(*name)).collect();
    assert_eq!(made, elsewhere.keys().collect::<Vec<_>>());
    for name in made.into_iter().filter(|name| *name != "README.md" && *name != "report.html") {
        assert_eq!(beside[name], elsewhere[name], "{name:?}");
    }
}

#[test]
fn variants_are_compared_on_the_page_in_the_picture_and_in_a_file_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("small");
    let spec = spec_with("[variant.other]\ntrain.select = { query = 'best-on-test', images = 'train' }");
    let mut rows = full();
    rows.extend(full().into_iter().filter(|r| r.sampler == "random").map(|mut row| {
        row.sampler += "@other";
        row.select = "best-on-test".into();
        row.value = row.value.map(|v| v + 0.25);
        row
    }));
    write_folder(&folder, &spec, rows);
    let text = report(&folder, None).unwrap().text;
    let readme = read(&folder, "README.md");
    let tables = &text[text.find("**Accuracy").unwrap()..text.find("\n- Areas").unwrap()];
    assert!(readme.contains(tables), "{text}");
    assert!(text.contains("**Variants**\n\n- other (protocol"), "{text}");
    assert!(text.contains("\n> **Warning:** [TRAIN images]: the values are of TRAIN images"), "{text}");
    assert!(text.contains("`train.select.query`: \"last\" -> \"best-on-test\""), "{text}");
    assert!(readme.contains("(summary.csv). Differences between arms: [comparisons.csv](comparisons.csv). Values"));
    let alt = "![Learning curves, accuracy on test images, TRAIN where marked (%): random ends at 50.0, core-set at 65.0, \
               random@other TRAIN images at 75.0 with 600 labels.](curve.svg)";
    assert!(readme.contains(alt), "{readme}");

    let svg = read(&folder, "curve.svg");
    assert_well_formed(&svg);
    for part in
        ["random@other [TRAIN images]", "TRAIN where marked (%)", "each under the rule", "labels among TRAIN images"]
    {
        assert!(svg.contains(part), "{part}");
    }
    assert!(!svg.contains("test accuracy"));

    let comparisons = read(&folder, "comparisons.csv");
    let header = "experiment,profile,metric,select,arm,versus,what,round,labeled,n,mean,sd,low,high,t,p,p_holm,improvement,\
                  improvement_low,improvement_high";
    assert_eq!(comparisons.lines().next(), Some(header));
    for start in ["area,,,3,0.2", "last-round,2,600,3,0.25", "round,0,200,3,0.25"] {
        let row = format!("\nsmall,,accuracy,own,random@other,random,{start}");
        assert!(comparisons.contains(&row), "{row} is not in {comparisons}");
    }
}

#[test]
fn files_that_are_missing_or_foreign_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("small");
    assert!(message(&folder).contains("no such results folder"));
    std::fs::create_dir(&folder).unwrap();
    assert!(message(&folder).contains("spec.toml"));
    write_folder(&folder, &spec(), full());
    std::fs::remove_file(folder.join("records.csv")).unwrap();
    assert!(message(&folder).contains("records.csv: not there yet; `pt4al run`"));
    std::fs::write(folder.join("records.csv"), "name,age\nAda,36\n").unwrap();
    assert!(message(&folder).contains("records.csv:1: not the records of a trial: the column `experiment` is missing"));
    let nan = "experiment,profile,sampler,seed,round,labeled,metric,select,value,train_seconds,evaluate_seconds,\
               score_seconds,query_seconds,peak_rss_mb,device,error\n\
               small,,random,0,0,200,accuracy,last,NaN,1,1,0,0,1,cpu,\n";
    std::fs::write(folder.join("records.csv"), nan).unwrap();
    assert!(message(&folder).contains("records.csv:2: the accuracy of random, seed 0, round 0 is NaN"));
    assert!(!folder.join("README.md").exists());
    // A folder without a manifest still has its numbers.
    write_folder(&folder, &spec(), full());
    std::fs::remove_file(folder.join("manifest.json")).unwrap();
    report(&folder, None).unwrap();
    assert!(read(&folder, "README.md").contains("No manifest.json"));
}

#[test]
fn odd_shapes_are_drawn() {
    let one = vec![accuracy("random", 0, 0, 0.5)];
    let constant = (0..6).map(|i| accuracy("random", i / 3, i as usize % 3, 0.5)).collect();
    let gap = full().into_iter().filter(|r| !(r.round == 1 && r.sampler == "random")).collect();
    for (rows, legend) in [(one, "n = 1 seed, no intervals"), (constant, "n = 2 seeds"), (gap, "n = 3 seeds")] {
        let (_dir, folder, _) = reported(rows);
        let svg = read(&folder, "curve.svg");
        assert_well_formed(&svg);
        assert!(svg.contains(legend) && !svg.contains("NaN"), "{legend}");
        assert!(png_size(&folder.join("curve.png")).0 > 1000);
    }
}

#[test]
fn twelve_arms_of_twenty_seeds_and_ten_rounds_are_reported_in_seconds() {
    let variants: String =
        (1..6).map(|v| format!("[variant.a-name-of-many-words-{v}]\ntrain.start = 'continue'\n")).collect();
    let text = super::testing::spec_text().replace("[0, 1, 2]", &format!("{:?}", (0..20).collect::<Vec<_>>()));
    let spec = super::testing::loaded(
        &format!("{}{variants}", text.replace("count = 3", "count = 10").replace("200", "90")),
        None,
    );
    let mut rows = Vec::new();
    for (arm, (label, _)) in spec.arms().iter().enumerate() {
        for (seed, round) in (0..20).flat_map(|seed| (0..10).map(move |round| (seed, round))) {
            // Seeds lie apart in no order, so that differences have a spread.
            let off = (seed * 7 + arm * 5) % 11;
            let value = 0.3 + 0.05 * round as f64 + 0.004 * arm as f64 + 0.001 * off as f64;
            rows.push(Record { labeled: 90 * (round + 1), ..accuracy(label, seed as u64, round, value) });
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("small");
    write_folder(&folder, &spec, rows);
    let start = std::time::Instant::now();
    let text = report(&folder, None).unwrap().text;
    // Unoptimised, on a busy machine: far more than it takes, far less than something quadratic in the records.
    assert!(start.elapsed().as_secs() < 60);
    assert!(text.matches("| random").count() >= 6 && text.contains("comparisons are significant"), "{text}");
    let svg = read(&folder, "curve.svg");
    let named = (1..6).filter(|v| svg.contains(&format!("random@a-name-of-many-words-{v}")));
    assert!((1..6).contains(&named.count()) && svg.contains("6 other arms, grey"), "{svg}");
}
