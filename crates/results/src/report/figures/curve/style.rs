//! Colours, markers and dashes.

use plotters::style::RGBColor;

use crate::report::figures::picture::COLORS;

/// How a curve looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Style {
    pub color: RGBColor,
    pub marker: Marker,
    /// Lengths of dash, gap, dash, gap ... in shown pixels; empty for a solid line.
    pub dashes: &'static [f64],
    /// Width of the line in shown pixels.
    pub width: f64,
    /// Whether the marker is hollow, if its shape can be.
    pub hollow: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    Circle,
    Square,
    TriangleUp,
    Diamond,
    Cross,
    TriangleDown,
    Plus,
    Pentagon,
}

pub(crate) const MARKERS: [Marker; 8] = [
    Marker::Circle,
    Marker::Square,
    Marker::TriangleUp,
    Marker::Diamond,
    Marker::Cross,
    Marker::TriangleDown,
    Marker::Plus,
    Marker::Pentagon,
];

const DASHES: [&[f64]; 5] = [&[], &[9.0, 4.0], &[2.5, 2.5], &[9.0, 3.0, 2.5, 3.0], &[16.0, 4.0]];

/// Published numbers are thinner, in grey, and their markers hollow.
const PUBLISHED_DASHES: [&[f64]; 4] = [&[5.0, 4.0], &[2.0, 3.0], &[10.0, 4.0], &[8.0, 3.0, 2.0, 3.0]];
const PUBLISHED_GREYS: [RGBColor; 2] = [RGBColor(0x70, 0x70, 0x70), RGBColor(0x9a, 0x9a, 0x9a)];
/// Arms that are not among the coloured ones: lighter than any colour, so that they stay behind in print.
const OTHERS_GREY: RGBColor = RGBColor(0xb4, 0xb4, 0xb4);

impl Style {
    /// The style of the i-th sampler. The numbers of colours, markers and dashes have no common divisor, so that there
    /// are 280 styles.
    pub fn ours(i: usize) -> Self {
        Self {
            color: COLORS[i % COLORS.len()],
            marker: MARKERS[i % MARKERS.len()],
            dashes: DASHES[i % DASHES.len()],
            width: 2.0,
            hollow: false,
        }
    }

    /// The style of an arm that is not among the coloured ones: a line without markers.
    pub fn grey() -> Self {
        Self { color: OTHERS_GREY, marker: Marker::Circle, dashes: &[], width: 1.2, hollow: false }
    }

    /// The styles of arms. The chosen ones have the first styles, so that no two of them share a colour.
    pub fn of_arms(chosen: &[bool]) -> Vec<Self> {
        let first_other = chosen.iter().filter(|is_chosen| **is_chosen).count();
        let (mut next_chosen, mut next_other) = (0, first_other);
        let style = |is_chosen: &bool| {
            let next = if *is_chosen { &mut next_chosen } else { &mut next_other };
            *next += 1;
            Self::ours(*next - 1)
        };
        chosen.iter().map(style).collect()
    }

    /// The style of the i-th source of published numbers.
    pub fn published(i: usize) -> Self {
        let round = i / MARKERS.len();
        Self {
            color: PUBLISHED_GREYS[round % PUBLISHED_GREYS.len()],
            marker: MARKERS[i % MARKERS.len()],
            // A marker that comes again has other dashes.
            dashes: PUBLISHED_DASHES[(i + round) % PUBLISHED_DASHES.len()],
            width: 1.2,
            hollow: true,
        }
    }
}

impl Marker {
    /// Whether its shape has an inside to leave white.
    pub fn has_inside(self) -> bool {
        !matches!(self, Self::Cross | Self::Plus)
    }

    /// Corners of a marker about (0, 0), in units of its size.
    pub fn corners(self) -> Vec<(f64, f64)> {
        let regular = |n: usize, radius: f64, first_degrees: f64| {
            let corner = move |i: usize| {
                let angle = (first_degrees + 360.0 * i as f64 / n as f64).to_radians();
                (radius * angle.cos(), radius * angle.sin())
            };
            (0..n).map(corner).collect::<Vec<_>>()
        };
        match self {
            Self::Circle => regular(24, 1.0, 0.0),
            Self::Square => regular(4, 1.27, 45.0),
            Self::TriangleUp => regular(3, 1.4, -90.0),
            Self::TriangleDown => regular(3, 1.4, 90.0),
            Self::Diamond => regular(4, 1.4, 0.0),
            Self::Pentagon => regular(5, 1.2, -90.0),
            Self::Plus => plus(),
            Self::Cross => {
                let half = std::f64::consts::FRAC_1_SQRT_2;
                plus().into_iter().map(|(x, y)| ((x - y) * half, (x + y) * half)).collect()
            }
        }
    }
}

fn plus() -> Vec<(f64, f64)> {
    let (a, b) = (0.42, 1.35);
    vec![(a, a), (a, b), (-a, b), (-a, a), (-b, a), (-b, -a), (-a, -a), (-a, -b), (a, -b), (a, -a), (b, -a), (b, a)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_arms_look_different_and_so_do_twenty_sources() {
        for (n, style) in [(16, Style::ours as fn(usize) -> Style), (20, Style::published)] {
            for i in 0..n {
                for j in 0..i {
                    let (a, b) = (style(i), style(j));
                    // Single points have no dashes: near ones must differ in their markers.
                    assert!(i - j >= 8 || a.marker != b.marker, "{i} and {j} have the same marker");
                    assert!((a.marker, a.dashes) != (b.marker, b.dashes), "{i} and {j} look the same in grey");
                }
            }
        }
    }
}
