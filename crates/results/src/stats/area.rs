//! The area under a budget curve: one number for a whole curve.

/// The area under the straight lines between points (labels, value), divided by the range of labels: the mean of the
/// curve over the budget, in the unit of the values. Zhan et al. ("A Comparative Survey: Benchmarking for Pool-based
/// Active Learning", IJCAI 2021) call it AUBC. The area of a single point is its value. Returns `None` without points,
/// if a number is not finite, and if the labels do not ascend.
///
/// It differs from the mean of the values: rounds that are far apart weigh more than rounds that are close together.
pub fn area(points: &[(f64, f64)]) -> Option<f64> {
    let (&(first, value), &(last, _)) = (points.first()?, points.last()?);
    let finite = points.iter().all(|(labels, value)| labels.is_finite() && value.is_finite());
    let ascending = points.windows(2).all(|pair| pair[0].0 < pair[1].0);
    if !finite || !ascending {
        return None;
    }
    if points.len() == 1 {
        return Some(value);
    }
    // Halving before adding, and dividing before multiplying, keeps values near `f64::MAX` from overflowing.
    let part = |pair: &[(f64, f64)]| (pair[1].0 - pair[0].0) / (last - first) * (pair[0].1 / 2.0 + pair[1].1 / 2.0);
    Some(points.windows(2).map(part).sum::<f64>()).filter(|area| area.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    /// (100 x 0.4 + 200 x 0.525 + 600 x 0.625) / 900 labels = 520 / 900, as `numpy.trapezoid` 2.4.6 computes it.
    #[test]
    fn trapezoids_over_uneven_rounds() {
        let got = area(&[(100.0, 0.3), (200.0, 0.5), (400.0, 0.55), (1000.0, 0.7)]).unwrap();
        assert!((got - 0.5777777777777777).abs() < 1e-15, "{got}");
        assert_eq!(area(&[(100.0, 0.25), (300.0, 0.75)]), Some(0.5));
        assert_eq!(area(&[(100.0, 0.3)]), Some(0.3));
    }

    #[test]
    fn without_ascending_finite_points_there_is_no_area() {
        for points in [
            &[] as &[(f64, f64)],
            &[(1.0, f64::NAN)],
            &[(f64::INFINITY, 0.5)],
            &[(1.0, 0.5), (2.0, f64::INFINITY)],
            &[(1.0, 0.5), (1.0, 0.6)],
            &[(2.0, 0.5), (1.0, 0.6)],
        ] {
            assert_eq!(area(points), None, "{points:?}");
        }
    }

    proptest! {
        #[test]
        fn the_area_lies_between_the_least_and_the_greatest_value(
            steps in prop::collection::vec((1u32..1000, 0.0f64..1.0), 1..12),
            shift in -1.0f64..1.0,
        ) {
            let mut labels = 0;
            let mut points = Vec::new();
            for (step, value) in steps {
                labels += step;
                points.push((f64::from(labels), value));
            }
            let got = area(&points).unwrap();
            let least = points.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
            let greatest = points.iter().map(|p| p.1).fold(f64::NEG_INFINITY, f64::max);
            prop_assert!((least - 1e-12..=greatest + 1e-12).contains(&got));
            // Rescaling the labels changes nothing, and adding a constant to all values adds it to the area.
            let moved: Vec<_> = points.iter().map(|(labels, value)| (labels * 50.0 - 7.0, value + shift)).collect();
            prop_assert!((area(&moved).unwrap() - got - shift).abs() < 1e-12);
            prop_assert_eq!(area(&[points[0]]), Some(points[0].1));
        }
    }
}
