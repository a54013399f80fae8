use super::*;
use crate::report::figures::picture::{Line, svg, width};
use crate::report::testing::assert_well_formed;

/// Half an interval of 0 means that there is none.
fn effect(name: &str, mean: f64, half: f64, n: usize) -> Effect {
    Effect {
        name: name.into(),
        mark: "",
        arm: name.into(),
        versus: "random".into(),
        mean,
        interval: (half > 0.0).then_some((mean - half, mean + half)),
        n,
        p: None,
        significant: false,
        shown: format!("{mean:+.1} <{n}>"),
        words: Vec::new(),
    }
}

fn effects(rows: Vec<Effect>) -> Effects {
    let axis = axis(&rows.iter().collect::<Vec<_>>());
    Effects {
        measure: "area",
        label: "area".into(),
        title: "Differences & <more>".into(),
        subtitle: "s".into(),
        badge: "a badge".into(),
        x_label: "points".into(),
        axis: (axis.low, axis.high),
        ticks: axis.ticks.iter().map(|&tick| (tick, axis.label(tick))).collect(),
        caption: "what it means".into(),
        groups: vec![Group { heading: "to random".into(), rows }],
    }
}

fn range(rows: &[Effect]) -> (f64, f64) {
    let axis = axis(&rows.iter().collect::<Vec<_>>());
    assert!(axis.ticks.contains(&0.0), "{axis:?}");
    let margin = (axis.high - axis.low) * 0.04 / 1.08;
    (((axis.low + margin) * 100.0).round() / 100.0, ((axis.high - margin) * 100.0).round() / 100.0)
}

#[test]
fn the_axis_holds_zero_the_means_and_the_intervals_that_leave_them_apart() {
    // All intervals fit.
    assert_eq!(range(&[effect("a", 2.0, 1.0, 4), effect("b", 1.0, 0.5, 4)]), (0.0, 3.0));
    // Means on one side of zero; half of the intervals fit, however long.
    assert_eq!(range(&[effect("a", -1.0, 6.0, 4)]), (-7.0, 5.0));
    // An interval far longer than the others is cut at one and a half times the span of the means.
    assert_eq!(range(&[effect("a", 2.0, 50.0, 3), effect("b", 1.0, 1.0, 3), effect("c", 1.5, 1.0, 3)]), (-3.0, 5.0));
    // Intervals of two pairs make no room.
    assert_eq!(range(&[effect("a", 2.0, 50.0, 2), effect("b", 1.0, 40.0, 2)]), (-3.0, 5.0));
    // They make room if no other row has an interval; without any interval the axis is 2 points wide.
    assert_eq!(range(&[effect("a", 0.0, 3.0, 2)]), (-3.0, 3.0));
    let lonely = axis(&[&effect("a", 0.0, 0.0, 1)]);
    assert_eq!((lonely.low, lonely.high), (-1.0, 1.0));
}

#[test]
fn rows_are_sorted_by_their_means_and_lie_inside_the_picture_which_can_be_read() {
    let long = "pretext-batch-class-balanced@published-2021-string-sort";
    let mut rows: Vec<Effect> =
        (0..16).map(|i| effect(&format!("{long}-{i}"), f64::from(i % 5) - 2.0, 0.7, 4)).collect();
    rows[3].mark = "[TRAIN images]";
    rows[3].significant = true;
    let forest = Forest::of(effects(rows)).unwrap();
    let means: Vec<f64> = forest.rows.iter().map(|row| row.effect.mean).collect();
    assert!(means.is_sorted_by(|a, b| a >= b), "{means:?}");
    let middles: Vec<f64> = forest.rows.iter().map(|row| row.middle).collect();
    assert!(middles.windows(2).all(|pair| pair[1] - pair[0] > 20.0), "{middles:?}");
    assert!(forest.lines.0 < middles[0] && middles[15] < forest.lines.1 && forest.lines.1 < forest.legend);
    let names: Vec<&str> = forest.rows[0].name.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(names[0], "pretext-batch-class-balanced@");
    for row in &forest.rows {
        let right = |line: &Line| line.left + width(&line.text, line.size);
        assert!(row.name.iter().all(|line| right(line) < forest.axis.0));
        let (low, high) = row.effect.interval.unwrap();
        let (low, high) = (forest.x(low), forest.x(high));
        assert!(forest.axis.0 < low && low < high && high < forest.numbers, "{low} {high}");
    }
    let svg = svg(&forest).unwrap();
    assert_well_formed(&svg);
    for text in ["Differences &amp; &lt;more&gt;", "to random", "+2.0 &lt;4&gt;", "what it means"] {
        assert!(svg.contains(text), "{text} is not in {svg}");
    }
    // Where the page shows it 830 pixels wide, all text has at least 11; its coordinates are fine ones.
    let sizes = svg.split("font-size=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse::<f64>().unwrap());
    let least = sizes.fold(f64::INFINITY, f64::min) / 4.0 * 830.0 / forest.size.0;
    assert!(least >= 11.0, "{least}");
    // Each marker is a disk, and a smaller one in white unless it is significant; so are the two of the legend.
    let white = svg.matches("<circle").count() - 18;
    assert_eq!(white, 15 + 1);
}

#[test]
fn intervals_that_go_on_have_arrows_and_one_pair_has_none() {
    // The ground of the heading is a polygon, too.
    let polygons =
        |rows: Vec<Effect>| svg(&Forest::of(effects(rows)).unwrap()).unwrap().matches("<polygon").count() - 1;
    assert_eq!(polygons(vec![effect("a", 2.0, 1.0, 3), effect("b", 1.0, 0.0, 1)]), 0);
    assert_eq!(polygons(vec![effect("a", 2.0, 50.0, 2), effect("b", -1.0, 0.0, 1)]), 2);
}
