//! The styles of what moves people.

use super::Form::{Bowl, Box, Dome, Oval, Poly};
use super::Paint::{Dark, Light, Main, Second};
use super::*;

pub(super) const BOAT: [Style; PER_CLASS] = [
    // A sailing boat.
    Style {
        main: BROWN,
        second: BEIGE,
        parts: &[
            (Box(-0.08, -0.95, 0.04, 0.5), Dark),
            (Poly(&[(0.1, -0.9), (0.85, 0.3), (0.1, 0.3)]), Light),
            (Poly(&[(-0.15, -0.7), (-0.7, 0.3), (-0.15, 0.3)]), Second),
            (Poly(&[(-0.95, 0.45), (0.95, 0.45), (0.6, 0.95), (-0.6, 0.95)]), Main),
        ],
    },
    // A steamer.
    Style {
        main: BLUE,
        second: RED,
        parts: &[
            (Box(-0.15, -0.85, 0.2, 0.0), Second),
            (Box(-0.55, -0.15, 0.55, 0.35), Light),
            (Poly(&[(-1.0, 0.3), (1.0, 0.2), (0.75, 0.95), (-0.75, 0.95)]), Main),
        ],
    },
    // A rowing boat.
    Style {
        main: ORANGE,
        second: BROWN,
        parts: &[
            (Poly(&[(-0.3, -0.4), (-0.15, -0.4), (-0.75, 0.95), (-0.9, 0.95)]), Dark),
            (Bowl(0.0, 0.0, 0.98, 0.75), Main),
            (Box(-0.9, -0.05, 0.9, 0.12), Second),
        ],
    },
    // A junk with square sails.
    Style {
        main: [70.0, 50.0, 50.0],
        second: ORANGE,
        parts: &[
            (Box(-0.85, -0.75, -0.15, 0.3), Second),
            (Box(0.05, -0.95, 0.8, 0.3), Second),
            (Box(-0.9, -0.3, 0.85, -0.2), Dark),
            (Poly(&[(-1.0, 0.2), (-0.7, 0.45), (0.7, 0.45), (1.0, 0.2), (0.8, 0.95), (-0.8, 0.95)]), Main),
        ],
    },
];

pub(super) const CAR: [Style; PER_CLASS] = [
    // A saloon.
    Style {
        main: RED,
        second: TEAL,
        parts: &[
            (Poly(&[(-0.6, 0.0), (-0.35, -0.5), (0.35, -0.5), (0.6, 0.0)]), Light),
            (Box(-0.05, -0.5, 0.05, 0.0), Main),
            (Box(-0.98, -0.02, 0.98, 0.5), Main),
            (Oval(-0.55, 0.5, 0.27, 0.27), Dark),
            (Oval(0.55, 0.5, 0.27, 0.27), Dark),
        ],
    },
    // A beetle.
    Style {
        main: GREEN,
        second: GREY,
        parts: &[
            (Dome(0.0, 0.5, 0.95, 0.75), Main),
            (Dome(0.0, 0.1, 0.6, 0.65), Main),
            (Dome(0.05, 0.05, 0.42, 0.4), Light),
            (Oval(-0.5, 0.5, 0.27, 0.27), Dark),
            (Oval(0.5, 0.5, 0.27, 0.27), Dark),
        ],
    },
    // A racing car.
    Style {
        main: YELLOW,
        second: BLUE,
        parts: &[
            (Poly(&[(-0.95, 0.15), (0.95, 0.4), (0.95, 0.6), (-0.95, 0.6)]), Main),
            (Box(-0.98, -0.3, -0.6, -0.1), Second),
            (Box(-0.85, -0.2, -0.75, 0.3), Dark),
            (Dome(-0.05, 0.25, 0.25, 0.35), Second),
            (Oval(-0.6, 0.5, 0.37, 0.37), Dark),
            (Oval(0.6, 0.5, 0.37, 0.37), Dark),
        ],
    },
    // A pickup.
    Style {
        main: BROWN,
        second: ORANGE,
        parts: &[
            (Poly(&[(-0.1, 0.0), (0.0, -0.55), (0.4, -0.55), (0.6, 0.0)]), Light),
            (Box(-0.98, 0.0, 0.98, 0.45), Main),
            (Box(-0.98, -0.15, -0.15, 0.05), Second),
            (Oval(-0.55, 0.5, 0.27, 0.27), Dark),
            (Oval(0.55, 0.5, 0.27, 0.27), Dark),
        ],
    },
];

pub(super) const TRUCK: [Style; PER_CLASS] = [
    // A lorry.
    Style {
        main: BLUE,
        second: GREY,
        parts: &[
            (Box(-0.98, -0.7, 0.35, 0.5), Second),
            (Box(0.4, -0.25, 0.98, 0.5), Main),
            (Box(0.6, -0.12, 0.9, 0.15), Light),
            (Oval(-0.55, 0.6, 0.25, 0.25), Dark),
            (Oval(0.6, 0.6, 0.25, 0.25), Dark),
        ],
    },
    // A tanker.
    Style {
        main: RED,
        second: GREY,
        parts: &[
            (Box(-0.95, 0.2, 0.5, 0.5), Dark),
            (Oval(-0.3, -0.05, 0.68, 0.4), Second),
            (Box(0.45, -0.4, 0.98, 0.5), Main),
            (Box(0.62, -0.25, 0.9, 0.05), Light),
            (Oval(-0.55, 0.6, 0.25, 0.25), Dark),
            (Oval(0.6, 0.6, 0.25, 0.25), Dark),
        ],
    },
    // A tipper.
    Style {
        main: ORANGE,
        second: BROWN,
        parts: &[
            (Poly(&[(-1.0, -0.75), (0.35, -0.35), (0.2, 0.3), (-0.7, 0.3)]), Second),
            (Box(-0.85, 0.3, 0.98, 0.5), Dark),
            (Box(0.4, -0.3, 0.95, 0.5), Main),
            (Oval(-0.45, 0.6, 0.28, 0.28), Dark),
            (Oval(0.6, 0.6, 0.28, 0.28), Dark),
        ],
    },
    // A bus.
    Style {
        main: YELLOW,
        second: ORANGE,
        parts: &[
            (Box(-0.98, -0.6, 0.98, 0.55), Main),
            (Box(-0.85, -0.4, -0.4, -0.02), Dark),
            (Box(-0.25, -0.4, 0.2, -0.02), Dark),
            (Box(0.35, -0.4, 0.98, -0.02), Light),
            (Oval(-0.55, 0.6, 0.25, 0.25), Dark),
            (Oval(0.55, 0.6, 0.25, 0.25), Dark),
        ],
    },
];

pub(super) const ROCKET: [Style; PER_CLASS] = [
    // Out of a comic.
    Style {
        main: GREY,
        second: RED,
        parts: &[
            (Poly(&[(-0.25, 0.1), (-0.75, 0.7), (0.75, 0.7), (0.25, 0.1)]), Second),
            (Oval(0.0, -0.15, 0.38, 0.8), Main),
            (Poly(&[(-0.26, -0.65), (0.0, -1.0), (0.26, -0.65)]), Second),
            (Oval(0.0, -0.25, 0.15, 0.15), Dark),
            (Poly(&[(-0.2, 0.65), (0.0, 1.0), (0.2, 0.65)]), Main),
        ],
    },
    // A slim launcher.
    Style {
        main: [235.0, 235.0, 235.0],
        second: ORANGE,
        parts: &[
            (Box(-0.2, -0.6, 0.2, 0.7), Main),
            (Poly(&[(-0.2, -0.6), (0.0, -1.0), (0.2, -0.6)]), Dark),
            (Box(-0.45, 0.0, -0.2, 0.7), Dark),
            (Box(0.2, 0.0, 0.45, 0.7), Dark),
            (Poly(&[(-0.4, 0.7), (0.0, 1.0), (0.4, 0.7)]), Second),
        ],
    },
    // A space shuttle.
    Style {
        main: BEIGE,
        second: BROWN,
        parts: &[
            (Poly(&[(0.0, -0.5), (0.9, 0.7), (-0.9, 0.7)]), Dark),
            (Box(-0.28, -0.55, 0.28, 0.8), Main),
            (Dome(0.0, -0.5, 0.28, 0.45), Main),
            (Box(-0.28, 0.8, 0.28, 0.98), Second),
        ],
    },
    // A capsule.
    Style {
        main: TEAL,
        second: YELLOW,
        parts: &[
            (Poly(&[(-0.2, -0.6), (0.2, -0.6), (0.75, 0.45), (-0.75, 0.45)]), Main),
            (Box(-0.12, -0.95, 0.12, -0.6), Dark),
            (Bowl(0.0, 0.45, 0.8, 0.25), Dark),
            (Oval(0.0, 0.05, 0.18, 0.18), Light),
            (Poly(&[(-0.3, 0.7), (0.0, 1.0), (0.3, 0.7)]), Second),
        ],
    },
];
