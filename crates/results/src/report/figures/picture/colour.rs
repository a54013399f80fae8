//! Colours that stand for numbers and for classes; the colour-blind can tell them apart, too.

use plotters::style::RGBColor;

/// Okabe and Ito, "Color Universal Design" (2008), without their yellow, which white paper swallows. Neighbours differ
/// in lightness.
pub(crate) const COLORS: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0x00, 0x00, 0x00),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0xcc, 0x79, 0xa7),
];

/// From nearly white to dark blue for 0 to 1; colours differ in lightness.
pub(crate) fn ramp(part: f64) -> RGBColor {
    between(&[RGBColor(0xf7, 0xfa, 0xfd), RGBColor(0x7f, 0xb8, 0xdc), RGBColor(0x08, 0x3a, 0x75)], part)
}

/// From violet by green to yellow for 0 to 1 (viridis, by van der Walt and Smith): also neighbours of many steps
/// differ.
pub(crate) fn sequence(part: f64) -> RGBColor {
    let stops = [
        RGBColor(0x44, 0x01, 0x54),
        RGBColor(0x3b, 0x52, 0x8b),
        RGBColor(0x21, 0x91, 0x8c),
        RGBColor(0x5e, 0xc9, 0x62),
        RGBColor(0xf0, 0xd9, 0x2a),
    ];
    between(&stops, part)
}

/// The colour of the i-th of at most 21 classes: the curves' colours (grey in place of black), then lighter, then
/// darker ones.
pub(crate) fn category(i: usize) -> RGBColor {
    let base = COLORS[i % COLORS.len()];
    let base = if base == RGBColor(0, 0, 0) { RGBColor(0x80, 0x80, 0x80) } else { base };
    match i / COLORS.len() % 3 {
        0 => base,
        1 => mixed(base, RGBColor(0xff, 0xff, 0xff), 0.6),
        _ => mixed(base, RGBColor(0x00, 0x00, 0x00), 0.5),
    }
}

/// The colour of text on a coloured ground.
pub(crate) fn ink_on(color: RGBColor) -> RGBColor {
    // ITU-R BT.709, on values as they are stored: good enough to choose one of two.
    let light = 0.2126 * f64::from(color.0) + 0.7152 * f64::from(color.1) + 0.0722 * f64::from(color.2);
    if light > 130.0 { RGBColor(0x11, 0x11, 0x11) } else { RGBColor(0xfe, 0xfe, 0xfe) }
}

/// A colour for text on white: the same, or as much darker as reading needs (a contrast of 4.5, WCAG 2.1's level AA).
pub(crate) fn ink_of(color: RGBColor) -> RGBColor {
    let black = RGBColor(0x00, 0x00, 0x00);
    let darker = |step: u8| mixed(color, black, f64::from(step) / 20.0);
    (0..=20).map(darker).find(|color| contrast_with_white(*color) >= 4.5).unwrap_or(black)
}

/// The contrast of WCAG 2.1, 1 to 21.
fn contrast_with_white(color: RGBColor) -> f64 {
    let linear = |channel: u8| {
        let part = f64::from(channel) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * linear(color.0) + 0.7152 * linear(color.1) + 0.0722 * linear(color.2);
    1.05 / (luminance + 0.05)
}

/// The colour at `part` of the way through the stops, 0 to 1.
fn between(stops: &[RGBColor], part: f64) -> RGBColor {
    let at = part.clamp(0.0, 1.0) * (stops.len() - 1) as f64;
    let i = (at as usize).min(stops.len() - 2);
    mixed(stops[i], stops[i + 1], at - i as f64)
}

fn mixed(a: RGBColor, b: RGBColor, part: f64) -> RGBColor {
    let channel = |a: u8, b: u8| (f64::from(a) + part * (f64::from(b) - f64::from(a))).round() as u8;
    RGBColor(channel(a.0, b.0), channel(a.1, b.1), channel(a.2, b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middles_are_the_stops() {
        assert_eq!(ramp(0.0), RGBColor(0xf7, 0xfa, 0xfd));
        assert_eq!(ramp(0.5), RGBColor(0x7f, 0xb8, 0xdc));
        assert_eq!((ramp(1.0), ramp(2.0)), (RGBColor(0x08, 0x3a, 0x75), RGBColor(0x08, 0x3a, 0x75)));
        assert_eq!((sequence(0.25), sequence(1.0)), (RGBColor(0x3b, 0x52, 0x8b), RGBColor(0xf0, 0xd9, 0x2a)));
        assert_eq!(mixed(RGBColor(0, 10, 200), RGBColor(100, 20, 100), 0.5), RGBColor(50, 15, 150));
    }

    #[test]
    fn text_in_the_colour_of_a_curve_can_be_read() {
        assert!((contrast_with_white(RGBColor(0x77, 0x77, 0x77)) - 4.48).abs() < 0.01);
        assert_eq!(ink_of(COLORS[0]), COLORS[0]);
        let inks: Vec<RGBColor> = COLORS.into_iter().map(ink_of).collect();
        assert!(inks.iter().all(|ink| contrast_with_white(*ink) >= 4.5), "{inks:?}");
        assert!((0..inks.len()).all(|i| !inks[..i].contains(&inks[i])), "{inks:?}");
    }

    #[test]
    fn twenty_classes_look_different_and_text_is_read_on_any_colour() {
        let colors: std::collections::HashSet<_> = (0..20).map(category).map(|c| (c.0, c.1, c.2)).collect();
        assert_eq!(colors.len(), 20);
        assert!(!colors.contains(&(0, 0, 0)) && !colors.contains(&(255, 255, 255)));
        assert_eq!(ink_on(ramp(0.0)), RGBColor(0x11, 0x11, 0x11));
        assert_eq!(ink_on(ramp(1.0)), RGBColor(0xfe, 0xfe, 0xfe));
    }
}
