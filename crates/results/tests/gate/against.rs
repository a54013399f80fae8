//! Tests `pt4al check --against`.

use crate::support::{Cell, SPEC, Workplace, usual};

/// Makes the results `base` and `now`; `now` has the seeds 10 to 14 and a drop.
fn both(drop: &'static (dyn Fn(&Cell) -> f64 + Sync)) -> Workplace {
    let place = Workplace::new();
    place.results("base", &[], &usual);
    place.results("now", &["seeds=[10,11,12,13,14]"], &|cell| usual(cell) - drop(cell));
    place
}

#[test]
fn equal_values_and_equal_curves_of_other_seeds_held() {
    let place = both(&|_| 0.0);
    let same = place.pt4al("check base --against base");
    same.says(
        0,
        &["held: all values are the same (test accuracy: 4 samplers x 3 rounds, 5 seeds against 5, seed by seed)"],
    );
    same.warns(&["base: is compared with itself"]);
    let other = place.pt4al("check now --against base");
    let head = "| labels   |  100 |  200 |  300 | area |";
    let held = "held: no curve moved significantly (test accuracy: 4 samplers x 3 rounds, 5 seeds against 5)";
    other.says(0, &[head, held, "Only test accuracy is tested; other recorded metrics are not."]);
    // 4 samplers x (3 rounds and an area), and the mean.
    let level = "a level of 5 % for all 17 cells together (4 samplers x (3 rounds + area) + the mean over samplers), for which each p";
    other.says(0, &[level, "Measured changes smaller than these are not significant: "]);
    assert_eq!(other.err, "");
}

#[test]
fn a_drop_of_one_sampler_is_named_in_every_form() {
    let place = both(&|cell| if cell.arm == "entropy" && cell.round == 2 { 0.15 } else { 0.0 });
    let found = place.pt4al("check now --against base --markdown pages/check.md --junit pages/check.xml");
    found.says(1, &["moved: entropy at 300 labels: -1", "points (p < 0.001)", " worse |", "**What moved**"]);
    found.says(
        1,
        &["(test accuracy; each p is corrected for all 17 cells together (4 samplers x (3", "| counts from (points) |"],
    );
    let page = place.read("pages/check.md");
    assert!(page.starts_with("# Check of now against base\n\n*full protocol · generated images · f32 · "), "{page}");
    assert!(page.contains("\n- **moved**: ") && page.contains(", most clearly entropy at 300 labels: -1"), "{page}");
    // Each cell of 4 samplers, and the mean.
    assert_eq!(page.split("\n## Every cell\n").nth(1).unwrap().matches("\n| ").count(), 2 + 17, "{page}");
    let xml = place.read("pages/check.xml");
    assert!(xml.contains("<testsuite name=\"pt4al.check.now\"") && xml.contains("tests=\"17\""), "{xml}");
    assert!(xml.contains("name=\"entropy, 300 labels\" time=\"0\">\n      <failure type=\"worse\""), "{xml}");
    assert!(!xml.contains("random, 300 labels\" time=\"0\">"), "{xml}");

    let better = place.pt4al("check base --against now");
    better.says(1, &["moved: entropy at 300 labels: +1", " better |"]);
}

#[test]
fn a_page_has_the_outcome_beside_the_curves_of_both() {
    let place = both(&|cell| if cell.arm == "entropy" && cell.round == 2 { 0.15 } else { 0.0 });
    for _ in 0..2 {
        place.pt4al("check now --against base --page page").says(1, &["moved: entropy at 300 labels"]);
    }
    place.pt4al("check now --against base --page one/check.html").says(1, &[]);
    let html = place.read("page/report.html");
    assert_eq!(place.read("one/check.html"), html);
    for part in [
        "<h1>Check of now against base</h1>",
        "<strong class=\"verdict failed\">moved</strong>",
        "\"published_heading\":\"Baseline\"",
        "entropy (baseline)",
        "<h2>Every cell</h2>",
    ] {
        assert!(html.contains(part), "{part:?} is not in {html}");
    }
    assert!(place.read("page/README.md").contains("](curve.svg)"));
    let picture = place.read("page/curve.svg");
    assert!(picture.contains("Baseline") && picture.contains("Check of now"), "{picture}");
    assert!(place.path("page/curve.png").is_file());
    // Nothing is drawn of what could not be compared, and the old picture goes.
    place.results("now", &["train.epochs=20"], &usual);
    place.pt4al("check now --against base --page page").fails(2, &["train.epochs"]);
    let html = place.read("page/report.html");
    assert!(html.contains("<strong class=\"verdict unmeasured\">could not compare</strong>"), "{html}");
    assert!(!place.path("page/curve.svg").exists() && !place.path("page/curve.png").exists());
}

#[test]
fn a_change_that_is_too_small_to_count_has_held() {
    let place = Workplace::new();
    place.results("base", &["check.smallest-difference=0.2"], &usual);
    place.results("now", &["seeds=[10,11,12,13,14]"], &|cell| usual(cell) - 0.15);
    let says = ["changes from 20.0 points on count, as the baseline's spec says", "17 cells changed significantly"];
    place.pt4al("check now --against base").says(0, &says).says(0, &["are not significant, or do not count: "]);
    // It is the baseline's that counts.
    place.pt4al("check base --against now").says(1, &["moved: ", "every significant change counts"]);
}

#[test]
fn other_protocols_are_refused_by_key_unless_they_are_allowed() {
    let place = Workplace::new();
    place.results("base", &[], &usual);
    let sets = ["train.epochs=20", "train.augment=[]", "title=\"Another\"", "check.smallest-difference=0.1"];
    place.results("now", &sets, &usual);
    let check = |more: &str| place.pt4al(&format!("check now --against base {more}"));
    let keys = ["train.augment: [\"flip\"] -> []", "train.epochs: 30 -> 20", "--allow KEY"];
    let refused = check("--junit check.xml");
    refused.fails(2, &keys).fails(2, &["could not compare: "]);
    assert!(!refused.err.contains("title") && !refused.err.contains("smallest"), "{}", refused.err);
    assert!(refused.out.contains("- train.epochs: 30 -> 20 (not allowed)\n"), "{}", refused.out);
    let xml = place.read("check.xml");
    assert!(xml.contains("errors=\"1\"") && xml.contains("[&quot;flip&quot;] -&gt; []"), "{xml}");

    check("--allow train.epochs").fails(2, &["these differ: train.augment: [\"flip\"] -> [];"]);
    check("--allow train.epochs --allow train.augment").says(0, &["- train.epochs: 30 -> 20 (allowed)\n", "held: "]);
    // A key covers whole words, not beginnings of words.
    check("--allow train --allow tra").says(0, &["held: "]).warns(&["--allow tra: does not differ"]);
    check("--allow model.width").fails(2, &["train.epochs"]).warns(&["--allow model.width: does not differ"]);
}

#[test]
fn variants_have_protocols_of_their_own() {
    let place = Workplace::new();
    let with = |epochs: usize| format!("{SPEC}[variant.other]\nsamplers = ['random']\ntrain.epochs = {epochs}\n");
    place.results_of("base", &with(3), &[], &usual);
    place.results_of("now", &with(4), &[], &usual);
    let check = |more: &str| place.pt4al(&format!("check now --against base {more}"));
    check("").fails(2, &["these differ: variant.other.train.epochs: 3 -> 4;"]);
    for allowed in ["variant.other", "variant.other.train", "train.epochs"] {
        check(&format!("--allow {allowed}")).says(0, &["held: ", "| random@other |"]);
    }
    // A difference that the experiment has too is listed once.
    place.results_of("now", &with(3), &["model.width=8"], &usual);
    check("").fails(2, &["these differ: model.width: 4 -> 8; run"]);
}

#[test]
fn results_without_common_cells_are_refused_whatever_is_allowed() {
    let place = Workplace::new();
    place.results("base", &[], &usual);
    for (set, allowed, part) in [
        ("rounds.count=2", "rounds", "rounds.count: 3 -> 2"),
        ("rounds.initial=50", "rounds", "rounds.initial: 100 -> 50"),
        ("train.select.query=\"best-on-test\"", "train", "train.select.query: \"last\" -> \"best-on-test\""),
        ("train.select.images=\"train\"", "train", "train.select.images: not set -> \"train\""),
    ] {
        place.results("now", &[set], &usual);
        let found = place.pt4al(&format!("check now --against base --allow {allowed}"));
        found.fails(2, &["could not compare: they have no cells in common", part]);
    }
}

#[test]
fn other_data_and_samplers_that_are_gone_must_be_allowed() {
    let place = Workplace::new();
    place.results("base", &[], &usual);
    place.results("now", &["samplers=[\"random\",\"entropy\",\"least-confidence\"]"], &usual);
    place.edit("now/manifest.json", "0123abcd", "ffff");
    place.edit("now/manifest.json", "a processor", "another processor");
    let check = |more: &str| place.pt4al(&format!("check now --against base {more}"));
    check("").fails(2, &["data: 0123abcd -> ffff", "samplers: core-set, margin -> not there"]);
    check("--allow data").fails(2, &["these differ: samplers: "]);
    check("--allow data --allow samplers").says(
        0,
        &[
            "held: all values are the same (test accuracy: 2 samplers",
            "- not compared, as the baseline has none: least-confidence\n",
            "- processors: a processor, 2 logical cores -> another processor, 2 logical cores\n",
        ],
    );
}

#[test]
fn manifests_that_are_missing_or_from_elsewhere_must_be_allowed() {
    let place = both(&|_| 0.0);
    let check = |more: &str| place.pt4al(&format!("check now --against base {more}"));
    let hash = pt4al_results::results::Results::read(&place.path("now")).unwrap().spec.hash();
    place.edit("now/manifest.json", &hash, "cafe");
    let line = "these differ: manifest: of spec.toml -> of the protocol cafe, not of spec.toml; run";
    check("").fails(2, &[line]);
    check("--allow data").fails(2, &[line]).warns(&["--allow data: does not differ"]);
    check("--allow manifest").says(0, &["held: ", "of the protocol cafe, not of spec.toml (allowed)\n"]);
    place
        .pt4al("check base --against now")
        .fails(2, &["manifest: of the protocol cafe, not of spec.toml -> of spec.toml"]);

    std::fs::remove_file(place.path("now/manifest.json")).unwrap();
    check("").fails(2, &["these differ: data: 0123abcd -> not known; run"]);
    check("--allow data").says(0, &["held: "]).warns(&["now: There is no manifest.json"]);
    place.pt4al("check base --against now").fails(2, &["these differ: data: not known -> 0123abcd; run"]);
    std::fs::remove_file(place.path("base/manifest.json")).unwrap();
    check("").fails(2, &["these differ: data: not known -> not known; run"]);
}

#[test]
fn one_round_has_values_and_no_areas() {
    let place = Workplace::new();
    place.results("base", &["rounds.count=1"], &usual);
    place.results("now", &["rounds.count=1"], &|cell| usual(cell) - 0.2);
    let found = place.pt4al("check now --against base --markdown check.md --junit check.xml");
    found.says(
        1,
        &[
            "Mean value over samplers: -20.0 points (p < 0.001, worse)",
            "mean over samplers at 100 labels: -20.0 points",
        ],
    );
    let (page, xml) = (place.read("check.md"), place.read("check.xml"));
    assert!(page.contains("| mean over samplers | 100 labels |") && !page.contains("area"), "{page}");
    assert!(xml.contains("name=\"mean over samplers, 100 labels\"") && !xml.contains("area"), "{xml}");
}

#[test]
fn trials_that_failed_or_are_missing_are_refused_or_left_out_and_named() {
    let place = both(&|_| 0.0);
    let error = "made-up,,random,11,1,200,,,,0,0,0,0,0,0,cpu,\"training diverged\"\n";
    let records = place.read("now/records.csv");
    let without = |trials: &[&str]| {
        let is_removed = |line: &&str| trials.iter().any(|trial| line.starts_with(&format!("made-up,,{trial},")));
        let kept: Vec<&str> = records.lines().filter(|line| !is_removed(line)).collect();
        kept.join("\n") + "\n"
    };
    std::fs::write(place.path("now/records.csv"), without(&["random,11,1", "random,11,2", "margin,13"]) + error)
        .unwrap();
    let refused = "trials: all complete -> not complete: random-seed11, margin-seed13";
    place.pt4al("check now --against base").fails(2, &[refused]);
    let found = place.pt4al("check now --against base --allow trials");
    found.says(0, &["3 seeds against 5", "; 2 seeds of these results left out)"]);
    found.warns(&["now: seeds 11, 13 are left out of the test", "random-seed11, margin-seed13; 1 of them failed"]);
    // Incomplete trials on both sides are counted separately.
    let base = place.read("base/records.csv");
    let kept: Vec<&str> = base.lines().filter(|line| !line.starts_with("made-up,,margin,0,")).collect();
    std::fs::write(place.path("base/records.csv"), kept.join("\n") + "\n").unwrap();
    let sides = "; 1 seed of the baseline and 2 seeds of these results left out)";
    place.pt4al("check now --against base --allow trials").says(0, &["3 seeds against 4", sides]);
    place.pt4al("check base --against base --allow trials").says(0, &["; 1 seed of the baseline and 1 seed of these"]);
    std::fs::write(place.path("base/records.csv"), base).unwrap();

    std::fs::write(place.path("now/records.csv"), without(&["random,10", "random,11,1", "margin,13"])).unwrap();
    let few = "could not compare: now: 2 of 5 seeds have every round of every sampler, and at least 3 are needed";
    place.pt4al("check now --against base --allow trials").fails(2, &[few]);
    place.pt4al("check base --against now").fails(2, &[few]);
}

#[test]
fn files_that_cannot_be_read_are_named_on_either_side() {
    for (at, other) in [("now", "base"), ("base", "now")] {
        let place = both(&|_| 0.0);
        let check = || place.pt4al("check now --against base --junit check.xml");
        let records = place.read(&format!("{at}/records.csv"));
        let write = |text: &str| std::fs::write(place.path(&format!("{at}/records.csv")), text).unwrap();
        let line = records.lines().nth(3).unwrap();
        let fields: Vec<&str> = line.split(',').collect();
        let with_value = |value: &str| records.replacen(line, &line.replace(fields[8], value), 1);
        write(&with_value("NaN"));
        check().fails(2, &["could not compare: ", &format!("{at}/records.csv:4: "), "is NaN"]);
        assert!(place.read("check.xml").contains("errors=\"1\""));
        write(&format!("{records}{line}\n"));
        check().fails(2, &[&format!("{at}/records.csv:122: repeats line 4")]);
        write("name,age\nAda,36\n");
        check().fails(2, &[&format!("{at}/records.csv:1: not the records of a trial")]);
        std::fs::remove_file(place.path(&format!("{at}/records.csv"))).unwrap();
        check().fails(2, &[&format!("{at}/records.csv: not there yet")]);
        std::fs::remove_dir_all(place.path(at)).unwrap();
        check().fails(2, &[&format!("{at}: no such results folder")]);
        assert!(place.path(other).exists());
    }
    let place = both(&|_| 0.0);
    std::fs::write(place.path("a-file"), "").unwrap();
    place.pt4al("check now --against base --junit a-file/x.xml").fails(2, &["a-file/x.xml: cannot be written"]);
}

#[test]
fn four_samplers_of_twenty_seeds_and_ten_rounds_take_a_second() {
    let place = Workplace::new();
    let seeds = |from: u64| format!("seeds={:?}", (from..from + 20).collect::<Vec<_>>());
    let sets = |from| [seeds(from), "rounds.count=10".into()];
    place.results("base", &sets(0).each_ref().map(|set| set.as_str()), &|cell| usual(cell) / 2.0);
    place.results("now", &sets(20).each_ref().map(|set| set.as_str()), &|cell| usual(cell) / 2.0 - 0.1);
    let start = std::time::Instant::now();
    place.pt4al("check now --against base").says(1, &["moved: "]);
    // A wide margin for busy machines and builds without optimisation.
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn pages_are_never_written_into_the_results() {
    let place = both(&|_| 0.0);
    let records = place.read("now/records.csv");
    place.pt4al("check now --against base --markdown now/records.csv").fails(2, &["is in the results folder now"]);
    assert_eq!(place.read("now/records.csv"), records);
    place.pt4al("check now --against base --markdown same --junit same").fails(2, &["name the same file"]);
    place
        .pt4al("check now --against base --page same --junit same")
        .fails(2, &["--junit and --page name the same file"]);
    place.pt4al("check now --against base --page base").fails(2, &["base: is in the results folder base"]);
    std::fs::create_dir(place.path("mine")).unwrap();
    std::fs::write(place.path("mine/README.md"), "# Mine\n").unwrap();
    place.pt4al("check now --against base --page mine").fails(2, &["mine/README.md: is another page"]);
    std::fs::write(place.path("notes.txt"), "").unwrap();
    place.pt4al("check now --against base --page .").fails(2, &["holds other files, which a check would overwrite"]);
}
