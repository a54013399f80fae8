//! `report.html` of whole folders.

use super::super::testing::{accuracy, full, spec, spec_with, write_folder};
use super::super::{Curves, Findings, document, extras, report, sections};
use crate::spec::Spec;
use crate::store::Record;

/// `report.html` of `results/small`.
fn page_of(spec: &Spec, rows: Vec<Record>) -> String {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("small");
    write_folder(&folder, spec, rows);
    report(&folder, None).unwrap();
    std::fs::read_to_string(folder.join("report.html")).unwrap()
}

/// What the chart is drawn from.
fn chart(page: &str) -> serde_json::Value {
    let start = page.find("id=\"chart-data\">").unwrap() + "id=\"chart-data\">".len();
    let text = &page[start..];
    serde_json::from_str(&text[..text.find("</script>").unwrap()]).unwrap()
}

#[test]
fn the_page_has_the_sections_the_files_and_the_chart() {
    let page = page_of(&spec(), full());
    let places = [
        "class=\"badge\"",
        "class=\"lead\"",
        "id=\"chart\"",
        "<h2>Results",
        "<h2>Protocol",
        "<h2>Command",
        "<h2>The resolved spec",
        "<h2>The manifest",
    ];
    let found: Vec<Option<usize>> = places.iter().map(|part| page.find(part)).collect();
    assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{found:?}");
    for part in [
        "<h1>A small &lt;experiment&gt; &amp; its curves</h1>",
        "<a href=\"#s-results\">Results</a>",
        "<section id=\"s-results\">",
        "<noscript>\n<div class=\"picture\"",
        "weight-decay = 0.0005",
        "&quot;fingerprint&quot;: &quot;0123abcd&quot;",
        "pt4al run experiments/small.toml",
        "<a href=\"summary.csv\">summary.csv</a>",
    ] {
        assert!(page.contains(part), "{part:?} is not in the page");
    }
    let curve = page.split_once("<noscript>").unwrap().1.split_once("</noscript>").unwrap().0;
    assert_eq!(curve.matches("<img").count(), 1, "the picture of the curves, for those without JavaScript");
    assert_eq!(page.matches("Bands are 95 % intervals").count(), 1);

    let chart = chart(&page);
    assert_eq!(chart["arms"][1]["name"], "core-set");
    assert_eq!(chart["arms"][1]["look"]["color"], "#e69f00");
    assert_eq!(chart["views"].as_array().unwrap().len(), 1);
    let points = &chart["views"][0]["arms"][0]["points"];
    // Half an interval is 0.01 * 4.3027 / sqrt(3).
    assert_eq!(points[0], serde_json::json!([200, 30.0, 27.5159, 32.4841, 3]));
}

#[test]
fn no_name_ends_the_element_of_the_data() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("small");
    write_folder(&folder, &spec(), full());
    let reference = dir.path().join("reference");
    std::fs::create_dir(&reference).unwrap();
    let rows = "source,sampler,labeled,metric,value,trials,note\n</script><!--<script>,random,200,accuracy,31,,\n";
    std::fs::write(reference.join("small.csv"), rows).unwrap();
    report(&folder, None).unwrap();
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    assert_eq!(chart(&page)["published"][0]["name"], "</script><!--<script>: random");
    assert_eq!(page.matches("</script>").count(), 2);
}

#[test]
fn rules_and_train_images_have_views_and_marks_of_their_own() {
    let mut rows = full();
    rows.extend(full().into_iter().map(|mut row| {
        row.sampler += "@other";
        row.select = "best-on-test".into();
        row
    }));
    let spec = spec_with("[variant.other]\ntrain.select = { query = 'best-on-test', images = 'train' }");
    let chart = chart(&page_of(&spec, rows));
    let rules: Vec<&str> = chart["views"].as_array().unwrap().iter().map(|v| v["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["own", "last", "best-on-test"]);
    assert_eq!(chart["arms"][3]["name"], "core-set@other [TRAIN images]");
    assert_eq!((&chart["views"][1]["arms"][0]["arm"], &chart["views"][2]["arms"][0]["arm"]), (&0.into(), &2.into()));
    assert!(chart["views"][0]["warning"].as_str().unwrap().contains("TRAIN images"));
    assert_eq!(chart["views"][1]["warning"], serde_json::Value::Null);
}

#[test]
fn the_page_is_made_in_no_time() {
    let mut spec = spec();
    // Seeds are not in the hash that the file states.
    spec.seeds = (0..20).collect();
    let mut rows = Vec::new();
    for (sampler, seed) in ["random", "core-set"].iter().flat_map(|s| (0..20).map(move |seed| (s, seed))) {
        let value = |round: usize| 0.3 + 0.05 * round as f64 + 0.001 * seed as f64;
        rows.extend((0..3).map(|round| accuracy(sampler, seed, round, value(round))));
    }
    let dir = tempfile::tempdir().unwrap();
    write_folder(dir.path(), &spec, rows);
    let findings = Findings::read(dir.path()).unwrap();
    let page = sections::page(&findings, Curves::default()).unwrap().page;
    let start = std::time::Instant::now();
    let html = document(&page, &extras(&findings).unwrap());
    // Unoptimised, on a busy machine: optimised it takes a millisecond.
    assert!(start.elapsed().as_millis() < 1000, "{:?}", start.elapsed());
    // Scripts and styles, mostly.
    assert!(html.len() < 150_000);
}
