//! The ranges of the axes and their ticks.

use crate::report::figures::picture::{Axis, TICK, width};
use crate::words::thousands;

/// The most steps between the ticks of an axis of values.
const TICKS: usize = 8;

/// Our numbers of labels, as many of them as there is room for on `room` shown pixels. `ends` are the parts of their
/// range that are left free before the first and after the last.
pub(super) fn labels_axis(mut at: Vec<f64>, room: f64, ends: (f64, f64)) -> Axis {
    at.sort_by(f64::total_cmp);
    at.dedup();
    let (first, last) = (at.first().copied().unwrap_or(0.0), at.last().copied().unwrap_or(1.0));
    let (low, high) = (padded(first, last, ends.0).0, padded(first, last, ends.1).1);
    let pixel = |x: f64| (x - low) / (high - low) * room;
    let half = |x: f64| width(&thousands(x as usize), TICK) / 2.0;
    let mut ticks = Vec::new();
    // Where the name of a tick ends, and where that of the last number starts, which always has one.
    let (mut end, most) = (f64::NEG_INFINITY, pixel(last) - half(last));
    for x in at {
        let next = pixel(x) + half(x) + 10.0;
        if pixel(x) - half(x) >= end && (x == last || next <= most) {
            end = next;
            ticks.push(x);
        }
    }
    Axis { low, high, ticks }
}

/// A range that holds all values, with round ticks. Intervals may take as much room beside the values as those take
/// themselves, or as half of the intervals take, and none beyond what is possible: one of few seeds can be many times
/// as long as a curve is high.
pub(super) fn value_axis(values: &[f64], intervals: &[(f64, f64)], possible: (f64, f64)) -> Axis {
    let outermost = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
        pairs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (a, b)| (low.min(a), high.max(b)))
    };
    let (low, high) = outermost(&mut values.iter().map(|&value| (value, value)));
    let outer = outermost(&mut intervals.iter().map(|(a, b)| (a.max(possible.0), b.min(possible.1))));
    let mut halves: Vec<f64> = intervals.iter().map(|(a, b)| (b - a) / 2.0).collect();
    halves.sort_by(f64::total_cmp);
    let room = halves.get(halves.len() / 2).map_or(0.0, |half| half.max(high - low));
    let (low, high) = padded(low.min(outer.0.max(low - room)), high.max(outer.1.min(high + room)), 0.05);
    Axis::spanning(low, high, TICKS)
}

/// `low..high` with a margin that is `part` of it; a range of no width gets one about its value.
fn padded(low: f64, high: f64, part: f64) -> (f64, f64) {
    let margin = if high > low { (high - low) * part } else { (0.02 * low.abs()).max(1.0) };
    (low - margin, high + margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_of_values_fits_them_with_a_margin_and_has_round_ticks() {
        let values = |values: &[f64]| value_axis(values, &[], (0.0, 100.0));
        let axis = values(&[40.0, 80.0]);
        assert_eq!((axis.low, axis.high), (38.0, 82.0));
        assert_eq!(axis.ticks, [40.0, 50.0, 60.0, 70.0, 80.0]);
        let narrow = values(&[90.01, 90.07]);
        assert!((4..=8).contains(&narrow.ticks.len()), "{narrow:?}");
        let constant = values(&[50.0, 50.0]);
        assert!(constant.low < 50.0 && constant.high > 50.0 && constant.ticks.contains(&50.0), "{constant:?}");
    }

    #[test]
    fn intervals_fit_unless_they_would_press_the_curves_flat() {
        let axis = |points: &[(f64, f64)]| {
            let values: Vec<f64> = points.iter().map(|(value, _)| *value).collect();
            let intervals: Vec<(f64, f64)> = points.iter().map(|(value, half)| (value - half, value + half)).collect();
            let axis = value_axis(&values, &intervals, (0.0, 100.0));
            (axis.low.round(), axis.high.round())
        };
        assert_eq!(axis(&[(50.0, 20.0)]), (28.0, 72.0));
        assert_eq!(axis(&[(40.0, 5.0), (60.0, 15.0)]), (33.0, 77.0));
        // One interval is of another size than the rest, and one leaves what is possible.
        assert_eq!(axis(&[(20.0, 3.0), (25.0, 2.0), (30.0, 60.0)]), (9.0, 42.0));
        assert_eq!(axis(&[(10.0, 30.0), (90.0, 30.0)]), (-5.0, 105.0));
    }

    #[test]
    fn numbers_of_labels_are_named_as_far_as_there_is_room() {
        crate::report::figures::picture::register_font().unwrap();
        let at: Vec<f64> = (1..=20).map(|i| 1000.0 * f64::from(i)).collect();
        assert_eq!(labels_axis(at.clone(), 2000.0, (0.05, 0.05)).ticks, at);
        let few = labels_axis(at, 500.0, (0.1, 0.0));
        assert!(few.ticks.len() < 12 && few.ticks[0] == 1000.0, "{few:?}");
        assert_eq!(few.ticks.last(), Some(&20_000.0));
        assert_eq!((few.low, few.high), (-900.0, 20_000.0));
    }
}
