//! `report.html` as a browser shows it, used as a reader would.

use crate::folder::{Folder, REST, Value};
use crate::window::{checks, chromium, framed, open, skip, with_scripts};

/// Opens a copy of the page in frames as wide as a desk's window, a tablet's and a phone's, and runs `check.js` in it with what it is to find.
fn check(folder: &Folder, wanted: &serde_json::Value) {
    let page = folder.report();
    assert_self_contained(&page);
    let Some(chromium) = chromium() else {
        return skip("no Chromium here: name one in PT4AL_CHROMIUM, or `apt-get install chromium`");
    };
    for width in [1280, 768, 360] {
        let mut wanted = wanted.clone();
        wanted["width"] = width.into();
        let script = include_str!("check.js").replace("WANTED", &wanted.to_string());
        let copy = with_scripts(&page, &[&script]);
        folder.write("checked.html", &framed(&copy, (width, 900)));
        let found = open(&chromium, &folder.path().join("checked.html"));
        let checks = checks(&found).unwrap_or_else(|| panic!("the checks did not end at {width}: {found}"));
        let failed: Vec<&str> = checks.lines().filter(|line| line.starts_with("FAILED")).collect();
        assert!(failed.is_empty(), "at {width}: {failed:#?}");
        assert!(checks.lines().filter(|line| line.starts_with("ok")).count() > 25, "{checks}");
    }
}

/// No element loads anything: addresses on the web stand in links alone.
fn assert_self_contained(page: &str) {
    for (at, _) in page.match_indices("://") {
        let before = &page[..at];
        let line = before.rfind('\n').map_or(0, |n| n + 1);
        let is_link = before.rfind("<a href=\"").is_some_and(|start| !before[start + 9..].contains('"'));
        let is_namespace = before[line..].contains("xmlns") || before[line..].contains("const SVG");
        let is_text = before.rfind('<').is_none_or(|tag| before[tag..].contains('>'));
        assert!(is_link || is_namespace || is_text, "{}", &page[line..at + 20]);
    }
    for part in ["@import", "<link rel=\"stylesheet", "<script src", "<iframe", "url(http"] {
        assert!(!page.contains(part), "{part}");
    }
}

/// Two samplers and a variant, 3 seeds and 3 rounds, two metrics under two rules, published numbers.
#[test]
fn a_reader_can_use_the_page() {
    let spec = format!(
        "title = \"Small <script>window.alive = 1</script> & <b>bold</b>\"\nseeds = [0, 1, 2]\n\
         samplers = [\"random\", \"core-set\"]\nrounds = {{ count = 3, initial = 200, query = 200 }}\n{REST}\
         [variant.other]\ntrain.select = {{ query = \"best-on-test\", record = [\"last\", \"best-on-test\"], images = \"train\" }}\n\
         [[expect]]\nclaim = \"a claim <i>of</i> somebody\"\nsource = \"a paper\"\nsampler = \"random\"\nat = \"last-round\"\n\
         band = [0.4, 0.6]\n\
         [[expect]]\nclaim = \"another\"\nsource = \"a paper\"\nsampler = \"random\"\nat = \"last-round\"\nband = [0.8, 0.9]\n"
    );
    let mut values: Vec<Value> = Vec::new();
    for (i, arm) in ["random", "core-set", "random@other", "core-set@other"].into_iter().enumerate() {
        for (seed, round) in (0..3).flat_map(|seed| (0..3).map(move |round| (seed, round))) {
            let value = 0.3 + 0.05 * i as f64 + 0.1 * round as f64 + 0.01 * (seed as f64 - 1.0);
            for (rule, more) in [("last", 0.0), ("best-on-test", 0.02)] {
                values.push((arm, seed, round, "accuracy", rule, value + more));
                values.push((arm, seed, round, "balanced-accuracy", rule, value + more - 0.1));
            }
        }
    }
    let folder = Folder::new("small", &spec, 200, &values);
    let published =
        "a paper,random,200,accuracy,31,,\na paper,random,600,accuracy,52,,\nanother,random,400,accuracy,45,,\n";
    folder.write("../reference/small.csv", &format!("source,sampler,labeled,metric,value,trials,note\n{published}"));
    let wanted = serde_json::json!({
        "arms": 4, "published": 2, "rounds": 3, "seeds": 3, "metrics": 2, "rules": 3,
        // Half an interval is 0.01 * 4.3027 / sqrt(3).
        "tip": "200 labels, n = 3 seeds, in % | core-set@other [TRAIN images] 47.00 ± 2.48 | \
                random@other [TRAIN images] 42.00 ± 2.48 | core-set 35.00 ± 2.48 | a paper: random 31.00 | \
                random 30.00 ± 2.48 | 95 % interval 27.52 to 32.48",
        // The variant's core-set is compared with core-set alone.
        "reference": { "arms": 3, "arm": "arm-1", "values": [5, 5, 5] },
        // Two variants and two samplers; the variants add 10 points, and their rule 2.
        "forest": { "rows": 4, "first": "+12.0 points", "reordered": false, "measure": "last round (600 labels)" },
    });
    check(&folder, &wanted);
    let page = folder.read("report.html");
    assert!(page.contains("<strong class=\"verdict held\">held</strong>"));
    assert!(page.contains("<strong class=\"verdict failed\">did not hold</strong>"));
    assert!(page.contains("&lt;script&gt;window.alive") && !page.contains("<script>window.alive"));
}

#[test]
fn one_point_is_a_page_too() {
    let spec = format!(
        "title = \"One\"\nseeds = [0]\nsamplers = [\"random\"]\nrounds = {{ count = 1, initial = 50, query = 50 }}\n{REST}"
    );
    let folder = Folder::new("one", &spec, 50, &[("random", 0, 0, "accuracy", "last", 0.5)]);
    let wanted = serde_json::json!({
        "arms": 1, "published": 0, "rounds": 1, "seeds": 1, "metrics": 1, "rules": 1, "names": ["random"],
        "tip": "50 labels, n = 1 seed, in % | random 50.00",
    });
    check(&folder, &wanted);
}

/// Four arms, 3 seeds, more published numbers than a picture shows at first.
#[test]
fn a_single_round_is_a_row_for_each_arm() {
    let arms = ["random", "random@class-balanced", "random@core-set", "random@typical"];
    let mut spec = format!(
        "title = \"One round\"\nseeds = [0, 1, 2]\nsamplers = [\"random\"]\nrounds = {{ count = 1, initial = 50, query = 50 }}\n{REST}"
    );
    let mut values: Vec<Value> = Vec::new();
    for (i, arm) in arms.into_iter().enumerate() {
        if let Some((_, variant)) = arm.split_once('@') {
            spec += &format!("[variant.{variant}]\ntrain.epochs = {}\n", i + 2);
        }
        values
            .extend((0..3).map(|seed| (arm, seed, 0, "accuracy", "last", 0.5 - 0.02 * i as f64 + 0.01 * seed as f64)));
    }
    let folder = Folder::new("row", &spec, 50, &values);
    let published: String = (0..7).map(|i| format!("source {i},random,50,accuracy,4{i},,\n")).collect();
    folder.write("../reference/row.csv", &format!("source,sampler,labeled,metric,value,trials,note\n{published}"));
    let wanted = serde_json::json!({
        "arms": 4, "published": 0, "folded": 7, "rounds": 1, "seeds": 3, "metrics": 1, "rules": 1,
        "names": arms, "short": ["random", "@class-balanced", "@core-set", "@typical"],
        "tip": "50 labels, n = 3 seeds, in % | random 51.00 ± 2.48 | 95 % interval 48.52 to 53.48",
        "reference": { "arms": 4, "arm": "arm-2", "values": [-4] },
        "forest": { "rows": 3, "first": "-2.0 points", "reordered": false },
    });
    check(&folder, &wanted);
}

/// Fourteen arms over forty rounds, of which some trials lack some.
#[test]
fn many_arms_of_many_rounds_are_a_page_too() {
    let variants: Vec<String> = (0..13).map(|i| format!("a-variant-with-a-long-name-{i}")).collect();
    let mut spec = format!(
        "title = \"Many\"\nseeds = [0, 1]\nsamplers = [\"random\"]\nrounds = {{ count = 40, initial = 100, query = 100 }}\n{REST}"
    );
    for (i, name) in variants.iter().enumerate() {
        spec += &format!("[variant.{name}]\ntrain.epochs = {}\n", i + 2);
    }
    let arms: Vec<String> =
        std::iter::once("random".to_owned()).chain(variants.iter().map(|name| format!("random@{name}"))).collect();
    let mut values: Vec<Value> = Vec::new();
    for (i, arm) in arms.iter().enumerate() {
        for (seed, round) in (0..2).flat_map(|seed| (0..40).map(move |round| (seed, round))) {
            if (i, seed) == (3, 1) && round > 20 || i == 5 && round == 7 {
                continue;
            }
            let value = 0.2 + 0.015 * round as f64 + 0.004 * i as f64 + 0.003 * seed as f64;
            values.push((arm, seed, round, "accuracy", "last", value));
        }
    }
    let folder = Folder::new("many", &spec, 100, &values);
    let wanted = serde_json::json!({
        "arms": 14, "published": 0, "rounds": 40, "seeds": 2, "metrics": 1, "rules": 1,
        // Two seeds make nothing significant: only the reference arm has a colour.
        "grey": 13, "reference": { "arms": 14, "arm": "arm-1", "values": vec![0.4; 40] },
        // One of 13 variants has no area.
        "forest": { "rows": 12, "first": "+5.2 points", "reordered": true, "measure": "round 0 (100 labels)" },
    });
    check(&folder, &wanted);
}
