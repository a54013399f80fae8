use super::chosen::chosen_arms;
use super::*;
use crate::report::testing::{accuracy, assert_well_formed, findings, full, spec, spec_with};
use crate::spec::Metric;

/// A plot of so many arms `arm-0`, `arm-1`, ... at 100, 200 and 300 labels; the trials of a mean are as far from it as
/// `off` says.
fn plot(arms: usize, off: &[f64]) -> Plot {
    let point = |arm: usize, round: usize| {
        let value = 40.0 + 5.0 * round as f64 + 0.1 * arm as f64;
        let trials: Vec<f64> = off.iter().map(|off| value + off).collect();
        Point::of(100 * (round + 1), Summary::of(&trials).unwrap(), trials)
    };
    let series = |arm: usize| Series {
        name: format!("arm-{arm}"),
        points: (0..3).map(|round| point(arm, round)).collect(),
        is_chosen: true,
    };
    Plot {
        title: "t".into(),
        subtitle: "s".into(),
        badge: String::new(),
        x_label: "labels".into(),
        y_label: "test accuracy (%)".into(),
        ours: (0..arms).map(series).collect(),
        published: Vec::new(),
        published_heading: "Published numbers".into(),
        possible: (0.0, 100.0),
    }
}

fn published(name: &str, points: &[(f64, f64)]) -> Published {
    Published { name: format!("{name}: random"), source: name.into(), points: points.to_vec() }
}

/// One element of an SVG.
struct Element<'a> {
    tag: &'a str,
    text: &'a str,
}

impl Element<'_> {
    fn attribute(&self, name: &str) -> &str {
        let rest = self.tag.split_once(&format!(" {name}=\"")).map(|(_, rest)| rest);
        rest.and_then(|rest| rest.split('"').next()).unwrap_or_default()
    }

    fn number(&self, name: &str) -> f64 {
        self.attribute(name).parse().unwrap()
    }

    fn points(&self) -> Vec<(f64, f64)> {
        let pair = |pair: &str| pair.split_once(',').map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()));
        self.attribute("points").split_whitespace().filter_map(pair).collect()
    }
}

fn elements<'a>(svg: &'a str, name: &str) -> Vec<Element<'a>> {
    let all = svg.split('<').filter_map(|part| part.split_once('>'));
    all.filter(|(tag, _)| tag.split(' ').next() == Some(name))
        .map(|(tag, text)| Element { tag, text: text.trim() })
        .collect()
}

/// Where the numbers of labels are: the grid's upright lines.
fn grid(svg: &str) -> Vec<f64> {
    let lines = elements(svg, "line");
    let grid = lines.iter().filter(|line| line.attribute("stroke") == "#E4E4E4");
    grid.filter(|line| line.attribute("x1") == line.attribute("x2")).map(|line| line.number("x1")).collect()
}

fn middle(points: &[(f64, f64)]) -> f64 {
    let (low, high) = points.iter().fold((f64::INFINITY, 0.0f64), |(low, high), (x, _)| (low.min(*x), high.max(*x)));
    (low + high) / 2.0
}

#[test]
fn nothing_is_beside_its_number_of_labels() {
    let mut plot = plot(5, &[-1.0, 0.0, 1.5]);
    plot.published = (0..6).map(|i| published("p", &[(300.0, 50.0 + 0.2 * f64::from(i))])).collect();
    let svg = svg(&plot).unwrap();
    assert_well_formed(&svg);
    let grid = grid(&svg);
    assert_eq!(grid.len(), 3);
    let is_at_one = |x: f64| grid.iter().any(|at| (at - x).abs() <= 2.0);
    // Below the axes, there is the legend.
    let bottom = elements(&svg, "text").iter().find(|text| text.text == "labels").unwrap().number("y");
    let markers: Vec<Vec<(f64, f64)>> = elements(&svg, "polygon").iter().map(Element::points).collect();
    let markers: Vec<_> = markers.iter().filter(|points| points.iter().all(|(_, y)| *y < bottom)).collect();
    // A rim or an inside and a shape each.
    assert_eq!(markers.len(), 2 * (5 * 3 + 6));
    assert!(markers.iter().all(|points| is_at_one(middle(points))));
    let lines: Vec<Vec<(f64, f64)>> = elements(&svg, "polyline").iter().map(Element::points).collect();
    let bars = lines.iter().filter(|points| points.len() == 2 && points[0].0 == points[1].0);
    let bars: Vec<f64> = bars.map(|points| points[0].0).filter(|x| is_at_one(*x)).collect();
    // A bar for each mean, and the ticks of the axis.
    assert_eq!(bars.len(), 5 * 3 + 3);
}

#[test]
fn up_to_six_arms_are_named_at_their_ends_and_more_in_a_legend() {
    let place = |arms: usize| {
        let svg = svg(&plot(arms, &[-1.0, 0.0, 1.5])).unwrap();
        let texts = elements(&svg, "text");
        let names: Vec<&Element> = texts.iter().filter(|text| text.text.starts_with("arm-")).collect();
        assert_eq!(names.len(), arms);
        let mut at: Vec<f64> = names.iter().map(|name| name.number("y")).collect();
        let is_rising = at.is_sorted();
        at.sort_by(f64::total_cmp);
        assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= names[0].number("font-size")), "{at:?}");
        (is_rising, names.iter().all(|name| name.attribute("fill") == "#222222"))
    };
    // The last arm ends highest, so its name is highest; a legend is in the order of the arms.
    assert_eq!((place(6), place(7)), ((false, false), (true, true)));
}

#[test]
fn a_name_that_moved_has_a_line_to_its_end() {
    let lines = |plot: &Plot| {
        let svg = svg(plot).unwrap();
        elements(&svg, "polyline").iter().filter(|line| line.attribute("stroke-width") == "3").count()
    };
    let mut near = plot(2, &[-1.0, 0.0, 1.5]);
    assert_eq!(lines(&near), 2);
    near.ours[1].points.iter_mut().for_each(|point| point.value += 20.0);
    assert_eq!(lines(&near), 0);
    // An arm that is not yet as far as the other.
    near.ours[1].points.pop();
    assert_eq!(lines(&near), 1);
}

#[test]
fn intervals_are_bands_of_few_arms_and_bars_of_more() {
    let shown = |arms: usize| {
        let svg = svg(&plot(arms, &[-1.0, 0.0, 1.5])).unwrap();
        elements(&svg, "polygon").iter().filter(|polygon| polygon.attribute("opacity") == "0.13").count()
    };
    assert_eq!((shown(1), shown(4), shown(5)), (1, 4, 0));
    assert!(plot(4, &[-1.0, 0.0, 1.5]).note().starts_with("Bands are 95 %"));
    assert!(plot(5, &[-1.0, 0.0, 1.5]).note().starts_with("Bars are 95 %"));
    assert_eq!(plot(5, &[0.0]).note(), "");
}

#[test]
fn two_trials_are_two_dots_and_no_interval_fills_the_plot() {
    let two = plot(2, &[-1.0, 1.0]);
    let drawn = svg(&two).unwrap();
    assert_eq!(elements(&drawn, "circle").len(), 2 * 3 * 2);
    assert!(elements(&drawn, "polygon").iter().all(|polygon| polygon.attribute("opacity") == "1"));
    // The interval would be 9 points to each side.
    let ticks: Vec<f64> = elements(&drawn, "text").iter().filter_map(|text| text.text.parse().ok()).collect();
    assert!(!ticks.contains(&35.0) && !ticks.contains(&55.0) && ticks.contains(&50.0), "{ticks:?}");
    assert!(two.note().starts_with("Small dots are the two trials of a mean"));
    assert_eq!(elements(&svg(&plot(2, &[-1.0, 0.0, 1.5])).unwrap(), "circle").len(), 0);
}

#[test]
fn of_more_than_eight_arms_some_are_coloured_and_the_others_grey() {
    let mut many = plot(9, &[-1.0, 0.0, 1.5]);
    many.ours.iter_mut().enumerate().for_each(|(i, series)| series.is_chosen = [0, 3, 8].contains(&i));
    let drawn = svg(&many).unwrap();
    let texts = elements(&drawn, "text");
    let names: Vec<&str> = texts.iter().map(|text| text.text).filter(|text| text.contains("arm")).collect();
    assert_eq!(names, ["arm-0", "arm-3", "arm-8", "6 other arms, grey"]);
    // Colours are by the arm's place, whatever is chosen.
    assert_eq!(elements(&drawn, "polygon").iter().filter(|p| p.attribute("fill") == "#E69F00").count(), 4);
    // Six curves, and a sample in the legend.
    assert_eq!(elements(&drawn, "polyline").iter().filter(|line| line.attribute("stroke") == "#B4B4B4").count(), 7);
    let alt = describe::alt(&many);
    assert_eq!(
        alt,
        "Learning curves, test accuracy (%): arm-0 ends at 50.2, arm-3 at 50.5, arm-8 at 51.0, 6 other arms from 50.3 to \
         50.9 with 300 labels."
    );
    assert!(many.note().contains("Coloured, at most six"));
}

#[test]
fn many_single_published_numbers_are_ticks_with_one_label() {
    let mut crowded = plot(2, &[-1.0, 0.0, 1.5]);
    crowded.published = (0..8).map(|i| published("p", &[(300.0, 50.0 + f64::from(i))])).collect();
    crowded.published.push(published("a curve", &[(100.0, 40.0), (300.0, 60.0)]));
    assert!(crowded.crowds().is_empty() && crowded.marked_published().count() == 9);
    crowded.published.push(published("q", &[(300.0, 47.04)]));
    let drawn = svg(&crowded).unwrap();
    let texts: Vec<&str> = elements(&drawn, "text").iter().map(|text| text.text).collect();
    assert!(texts.contains(&"9 published: 47.0 to 57.0 %"), "{texts:?}");
    assert!(texts.contains(&"9 published: 47.0 to 57.0 %. Sources: p; q"), "{texts:?}");
    assert!(texts.contains(&"a curve: random") && !texts.contains(&"p: random"), "{texts:?}");
    assert_eq!(crowded.marked_published().count(), 1);
}

#[test]
fn one_number_of_labels_is_a_row_for_each_arm() {
    let rows = full().into_iter().filter(|row| row.round == 1).collect();
    let found = findings(&spec(), rows);
    let mut plot = Plot::of(&found, Metric::ACCURACY, found.rule()).unwrap();
    plot.published = vec![published("a paper", &[(400.0, 45.25)])];
    let drawn = svg(&plot).unwrap();
    assert_well_formed(&drawn);
    let texts = elements(&drawn, "text");
    let y = |text: &str| texts.iter().find(|t| t.text == text).unwrap_or_else(|| panic!("{text}")).number("y");
    let rows = [("random", "40.0 ± 2.5"), ("core-set", "50.0 ± 2.5"), ("a paper: random", "45.25")];
    for (name, value) in rows {
        assert_eq!(y(name), y(value));
    }
    assert!(rows.map(|(name, _)| y(name)).is_sorted());
    assert!(y("Published numbers") > y("core-set") && y("Published numbers") < y("a paper: random"));
    assert!(texts.iter().any(|text| text.text == "test accuracy (%) with 400 labels"));
    // The trials of each arm, beneath its mean.
    let circles = elements(&drawn, "circle");
    assert_eq!(circles.len(), 2 * 3);
    assert!(
        circles
            .iter()
            .all(|circle| rows.iter().any(|(name, _)| (1.0..60.0).contains(&(circle.number("cy") - y(name)))))
    );
    assert_eq!(
        describe::alt(&plot),
        "Test accuracy (%) with 400 labels: random 40.0 ± 2.5, core-set 50.0 ± 2.5. Beside them: a published number, 45.2."
    );
    assert_eq!(
        plot.note(),
        "Bars are 95 % intervals of the mean; a bar without a cap extends beyond the picture. Small dots are single trials."
    );
}

#[test]
fn pictures_say_how_seeds_differ_and_where_curves_end() {
    let two = full().into_iter().filter(|row| row.seed < 2 && !(row.round == 2 && row.sampler == "random"));
    let found = findings(&spec(), two.collect());
    let plot = Plot::of(&found, Metric::ACCURACY, found.rule()).unwrap();
    assert_eq!(plot.subtitle, "n = 2 seeds, dots are single trials; last epoch");
    assert_eq!(
        describe::alt(&plot),
        "Learning curves, test accuracy (%): random ends at 39.5 (400 labels), core-set at 64.5 with 600 labels."
    );
    let parts = [("one", &found), ("other", &found)];
    let several = Plot::of_several(&parts, Metric::ACCURACY).unwrap();
    assert_eq!(several.ours[3].name, "other: core-set");
    assert!(several.subtitle.starts_with("n = 2 seeds, dots are single trials; each under"), "{}", several.subtitle);
}

#[test]
fn text_is_large_enough_in_a_readme_and_long_names_are_whole() {
    let long = |i: usize| format!("pretext-batch-class-balanced@string-sort-{i:02}");
    for arms in [2, 7, 16] {
        let mut plot = plot(arms, &[-1.0, 0.0, 1.5]);
        let mark = |i: usize| if arms > 6 { format!("{} [TRAIN images]", long(i)) } else { format!("random-{i}") };
        plot.ours.iter_mut().enumerate().for_each(|(i, series)| series.name = mark(i));
        plot.published = (0..5).map(|i| published("a source of many words", &[(300.0, 50.0 + f64::from(i))])).collect();
        let single = Plot { ours: plot.ours.iter().map(first_round).collect(), ..plot.clone() };
        for drawn in [svg(&plot).unwrap(), svg(&single).unwrap()] {
            let (width, height) =
                (elements(&drawn, "svg")[0].number("width"), elements(&drawn, "svg")[0].number("height"));
            let shown = 830.0 / width.max(830.0);
            for text in elements(&drawn, "text") {
                let size = text.number("font-size") / f64::from(picture::FINE) * shown;
                assert!(size >= 11.0, "{} is {size} pixels high, in a picture of {width}", text.text);
                assert!(text.number("y") < 4.0 * height);
            }
        }
        if arms > 6 {
            let drawn = svg(&plot).unwrap();
            let names: Vec<&str> = elements(&drawn, "text").iter().map(|text| text.text).collect();
            assert!((0..arms).all(|i| names.iter().any(|name| name.split(' ').next() == Some(&long(i)))), "{names:?}");
        }
    }
}

fn first_round(series: &Series) -> Series {
    Series { points: series.points[..1].to_vec(), ..series.clone() }
}

#[test]
fn many_arms_of_findings_have_the_chosen_ones_in_colour() {
    let variants: String =
        (1..9).map(|v| format!("[variant.v-{v}]\nsamplers = ['random']\ntrain.start = 'continue'\n")).collect();
    let spec = spec_with(&variants);
    let mut rows = full();
    for v in 1..9 {
        rows.extend((0..9).map(|i| accuracy(&format!("random@v-{v}"), i / 3, i as usize % 3, 0.4)));
    }
    let found = findings(&spec, rows);
    let plot = Plot::of(&found, Metric::ACCURACY, found.rule()).unwrap();
    assert_eq!(plot.ours.len(), 10);
    let arms: Vec<&str> = plot.ours.iter().map(|series| series.name.as_str()).collect();
    let chosen: Vec<bool> = plot.ours.iter().map(|series| series.is_chosen).collect();
    assert_eq!(chosen, chosen_arms(&found, &arms));
    assert!(chosen[0] && chosen.contains(&false));
}
