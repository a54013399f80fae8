use super::super::testing::{accuracy, full, spec, spec_with, write_folder};
use super::super::{Figure, Findings, report};
use super::figure::inline;
use super::markdown::{Inliner, html_of};
use crate::spec::Spec;
use crate::store::Record;

fn rendered(text: &str) -> String {
    html_of(text, &[], &mut Inliner::default())
}

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
fn markup_in_a_text_is_text() {
    for text in [
        "a <script>alert(1)</script> b",
        "<script>alert(1)</script>\n",
        "<div>\n\n<!-- x -->\n",
        "| <b> |\n| - |\n| <i> |\n",
    ] {
        let html = rendered(text);
        for tag in ["<script", "<div>", "<!--", "<b>", "<i>"] {
            assert!(!html.contains(tag), "{html}");
        }
        assert!(html.contains("&lt;"), "{html}");
    }
    assert_eq!(rendered("[a](javascript:alert(1)) ![b](data:text/html,x)\n"), "<p>a b</p>\n");
    assert_eq!(rendered("[s](summary.csv)\n"), "<p><a href=\"summary.csv\">s</a></p>\n");
    assert_eq!(rendered("![an old one](old.svg)\n"), "<p><a href=\"old.svg\">an old one</a></p>\n");
}

#[test]
fn outcomes_warnings_tables_and_headings_have_marks() {
    let html = rendered(
        "| claim | verdict |\n| :- | -: |\n| a | **did not hold** |\n\n> **Warning:** b\n\n**C (%), d**\n\n**e** f\n",
    );
    for part in [
        "<div class=\"table verdict\" role=\"region\"",
        "<td style=\"text-align: right\"><strong class=\"outcome failed\">did not hold</strong></td>",
        "<blockquote class=\"warning\">\n<p><strong>Warning:</strong> b</p>",
        "<h3>C (%), d</h3>",
        "<p><strong>e</strong> f</p>",
    ] {
        assert!(html.contains(part), "{part:?} is not in {html}");
    }
    assert!(rendered("| a |\n| - |\n| b |\n").contains("<div class=\"table\" "));
    assert!(rendered("> **all of it**\n").contains("<p><strong>all of it</strong></p>"));
}

#[test]
fn a_figure_stands_in_the_page_under_its_name() {
    let svg =
        "<?xml version=\"1.0\"?>\n<svg width=\"9\" xmlns=\"http://www.w3.org/2000/svg\" role=\"none\"><g/></svg>\n";
    let figure = Figure { file: "a.svg".into(), alt: "what \"it\" is".into(), svg: svg.into() };
    let mut inliner = Inliner::default();
    let html = html_of(&format!("before\n\n{}", figure.markdown()), &[figure], &mut inliner);
    let expected = "<svg role=\"img\" aria-label=\"what &quot;it&quot; is\" width=\"9\"><g/></svg>";
    assert!(html.contains(expected) && !html.contains("<?xml") && !html.contains("<img"), "{html}");
}

#[test]
fn ids_of_figures_and_what_refers_to_them_get_a_prefix_and_nothing_else() {
    let svg = "<svg><!-- id=\"a\" --><style>.x{clip-path:url(#a)}</style><clipPath id='a'/>\
               <g clip-path=\"url(#a)\" data-id=\"a\" title=\"1 > 0\"><use href=\"#a\"/><use xlink:href=\"#a\" x = \"1\"/>\
               <image href=\"data:image/jpeg;base64,aWQ9Ig==\"/><text>id=\"a\" #a</text></g></svg>";
    let expected = "<svg role=\"img\" aria-label=\"n\"><!-- id=\"a\" --><style>.x{clip-path:url(#f1-a)}</style>\
                    <clipPath id='f1-a'/><g clip-path=\"url(#f1-a)\" data-id=\"a\" title=\"1 > 0\"><use href=\"#f1-a\"/>\
                    <use xlink:href=\"#f1-a\" x =\"1\"/><image href=\"data:image/jpeg;base64,aWQ9Ig==\"/>\
                    <text>id=\"a\" #a</text></g></svg>";
    assert_eq!(inline(svg, "n", "f1-"), expected);
    // What is not whole stays as it is.
    assert!(inline("<svg id=\"a", "n", "p-").contains("id=\"a"));
    assert_eq!(inline("no picture", "n", "p-"), "no picture");
}

#[test]
fn the_page_has_the_sections_the_files_and_the_chart() {
    let page = page_of(&spec(), full());
    let places = [
        "<h2>Verdict",
        "<h2>Learning curves",
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
        "<a href=\"#s-learning-curves\">Learning curves</a>",
        "<section id=\"s-learning-curves\">",
        "<noscript>\n<p><span class=\"picture\"",
        "weight-decay = 0.0005",
        "&quot;fingerprint&quot;: &quot;0123abcd&quot;",
        "pt4al run experiments/small.toml",
        "<a href=\"summary.csv\">summary.csv</a>",
    ] {
        assert!(page.contains(part), "{part:?} is not in the page");
    }
    let curve = page.split_once("<noscript>").unwrap().1.split_once("</noscript>").unwrap().0;
    assert_eq!(curve.matches("<svg").count(), 1, "the picture of the curves, for those without JavaScript");
    assert_eq!(page.matches("Bars are 95 % intervals").count(), 1);

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
fn rules_and_train_images_are_told_apart() {
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
    let page = super::super::readme::page(&findings, &findings.tables(), Vec::new()).unwrap();
    let start = std::time::Instant::now();
    let html = super::html(&findings, &page).unwrap();
    // Unoptimised, on a busy machine: optimised it takes a millisecond.
    assert!(start.elapsed().as_millis() < 1000, "{:?}", start.elapsed());
    assert!(html.len() < 100_000);
}
