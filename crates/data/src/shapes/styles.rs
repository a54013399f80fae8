//! The looks of the objects as data: ten classes with four styles each.
//!
//! Coordinates go from -1 to 1 across the object, x to the right, y downwards. Parts are painted in their order.

mod vehicles;

use Form::{Bowl, Box, Dome, Oval, Poly, Ring};
use Paint::{Dark, Light, Main, Second};
use vehicles::{BOAT, CAR, ROCKET, TRUCK};

/// The outline of a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// Left, top, right, bottom.
    Box(f32, f32, f32, f32),
    /// Center x and y, half axes.
    Oval(f32, f32, f32, f32),
    /// The upper half of an oval.
    Dome(f32, f32, f32, f32),
    /// The lower half of an oval.
    Bowl(f32, f32, f32, f32),
    /// Center x and y, outer and inner radius.
    Ring(f32, f32, f32, f32),
    /// Corners, either way round.
    Poly(&'static [(f32, f32)]),
}

/// Red, green, blue, 0 to 255.
pub type Colour = [f32; 3];

/// The colour of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// The style's first colour.
    Main,
    /// The style's second colour.
    Second,
    Dark,
    Light,
}

/// One look of a class.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub main: Colour,
    pub second: Colour,
    pub parts: &'static [(Form, Paint)],
}

/// The number of styles of each class.
pub const PER_CLASS: usize = 4;

/// The name and the styles of each class, common styles first.
pub const STYLES: [(&str, [Style; PER_CLASS]); 10] = [
    ("house", HOUSE),
    ("tree", TREE),
    ("mushroom", MUSHROOM),
    ("umbrella", UMBRELLA),
    ("boat", BOAT),
    ("car", CAR),
    ("truck", TRUCK),
    ("rocket", ROCKET),
    ("person", PERSON),
    ("mug", MUG),
];

/// The class that each class is most easily taken for.
pub const CONFUSABLE: [usize; 10] = [6, 7, 3, 2, 9, 6, 5, 1, 7, 4];

const RED: Colour = [200.0, 60.0, 50.0];
const ORANGE: Colour = [225.0, 140.0, 50.0];
const YELLOW: Colour = [225.0, 205.0, 80.0];
const GREEN: Colour = [60.0, 140.0, 60.0];
const TEAL: Colour = [50.0, 150.0, 150.0];
const BLUE: Colour = [60.0, 90.0, 190.0];
const PURPLE: Colour = [140.0, 70.0, 160.0];
const PINK: Colour = [225.0, 130.0, 160.0];
const BROWN: Colour = [120.0, 80.0, 45.0];
const BEIGE: Colour = [215.0, 190.0, 150.0];
const GREY: Colour = [140.0, 140.0, 145.0];

/// Colours that an object may have instead of its own.
pub const ODD_COLOURS: [Colour; 11] = [RED, ORANGE, YELLOW, GREEN, TEAL, BLUE, PURPLE, PINK, BROWN, BEIGE, GREY];

/// The colour of a part in a style painted with `main` and `second`.
pub fn colour(paint: Paint, main: Colour, second: Colour) -> Colour {
    match paint {
        Main => main,
        Second => second,
        Dark => [35.0, 32.0, 40.0],
        Light => [240.0, 238.0, 225.0],
    }
}

const HOUSE: [Style; PER_CLASS] = [
    // A gabled cottage.
    Style {
        main: BEIGE,
        second: RED,
        parts: &[
            (Box(-0.7, -0.1, 0.7, 0.95), Main),
            (Poly(&[(-0.95, -0.1), (0.0, -0.95), (0.95, -0.1)]), Second),
            (Box(-0.15, 0.35, 0.2, 0.95), Dark),
            (Box(-0.55, 0.1, -0.25, 0.4), Light),
        ],
    },
    // A block of flats.
    Style {
        main: GREY,
        second: BROWN,
        parts: &[
            (Box(-0.65, -0.9, 0.65, 0.95), Main),
            (Box(-0.75, -1.0, 0.75, -0.8), Second),
            (Box(-0.45, -0.6, -0.1, -0.3), Light),
            (Box(0.1, -0.6, 0.45, -0.3), Light),
            (Box(-0.45, -0.1, -0.1, 0.2), Light),
            (Box(0.1, -0.1, 0.45, 0.2), Light),
            (Box(-0.2, 0.5, 0.2, 0.95), Dark),
        ],
    },
    // A castle.
    Style {
        main: GREY,
        second: PURPLE,
        parts: &[
            (Box(-0.5, 0.0, 0.5, 0.95), Main),
            (Box(-0.95, -0.4, -0.45, 0.95), Main),
            (Box(0.45, -0.4, 0.95, 0.95), Main),
            (Poly(&[(-1.0, -0.4), (-0.7, -1.0), (-0.4, -0.4)]), Second),
            (Poly(&[(0.4, -0.4), (0.7, -1.0), (1.0, -0.4)]), Second),
            (Dome(0.0, 0.95, 0.25, 0.5), Dark),
        ],
    },
    // A round hut.
    Style {
        main: BROWN,
        second: YELLOW,
        parts: &[
            (Box(-0.75, 0.2, 0.75, 0.95), Main),
            (Dome(0.0, 0.25, 0.95, 0.9), Second),
            (Dome(0.0, 0.95, 0.25, 0.65), Dark),
        ],
    },
];

const TREE: [Style; PER_CLASS] = [
    // An oak.
    Style {
        main: GREEN,
        second: BROWN,
        parts: &[(Box(-0.15, 0.1, 0.15, 0.98), Second), (Oval(0.0, -0.3, 0.8, 0.68), Main)],
    },
    // A fir.
    Style {
        main: [40.0, 100.0, 60.0],
        second: BROWN,
        parts: &[
            (Box(-0.12, 0.6, 0.12, 0.98), Second),
            (Poly(&[(-0.8, 0.7), (0.0, -0.2), (0.8, 0.7)]), Main),
            (Poly(&[(-0.6, 0.15), (0.0, -0.6), (0.6, 0.15)]), Main),
            (Poly(&[(-0.4, -0.35), (0.0, -1.0), (0.4, -0.35)]), Main),
        ],
    },
    // A palm.
    Style {
        main: [110.0, 160.0, 50.0],
        second: BROWN,
        parts: &[
            (Poly(&[(0.1, -0.5), (0.28, -0.5), (0.0, 0.98), (-0.25, 0.98)]), Second),
            (Poly(&[(0.2, -0.65), (-0.9, -0.45), (-0.7, -0.9)]), Main),
            (Poly(&[(0.2, -0.65), (-0.75, 0.15), (-0.25, -0.7)]), Main),
            (Poly(&[(0.15, -0.65), (1.0, -0.35), (0.85, -0.85)]), Main),
            (Poly(&[(0.2, -0.65), (0.85, 0.2), (0.5, -0.65)]), Main),
        ],
    },
    // A bare tree in winter.
    Style {
        main: BROWN,
        second: GREY,
        parts: &[
            (Poly(&[(-0.12, -0.3), (0.12, -0.3), (0.22, 0.98), (-0.22, 0.98)]), Main),
            (Poly(&[(-0.12, 0.2), (-0.85, -0.6), (-0.7, -0.7), (0.05, -0.05)]), Main),
            (Poly(&[(0.12, 0.1), (0.85, -0.7), (0.7, -0.8), (-0.05, -0.1)]), Main),
            (Poly(&[(-0.1, -0.2), (-0.2, -0.98), (-0.02, -0.98), (0.12, -0.2)]), Main),
        ],
    },
];

const MUSHROOM: [Style; PER_CLASS] = [
    // A toadstool.
    Style {
        main: RED,
        second: BEIGE,
        parts: &[
            (Box(-0.25, 0.0, 0.25, 0.95), Second),
            (Dome(0.0, 0.15, 0.9, 0.95), Main),
            (Oval(-0.35, -0.25, 0.17, 0.17), Light),
            (Oval(0.3, -0.35, 0.17, 0.17), Light),
        ],
    },
    // A champignon.
    Style {
        main: BEIGE,
        second: [235.0, 225.0, 205.0],
        parts: &[
            (Poly(&[(-0.25, 0.0), (0.25, 0.0), (0.4, 0.95), (-0.4, 0.95)]), Second),
            (Dome(0.0, 0.2, 0.75, 0.8), Main),
        ],
    },
    // A chanterelle.
    Style {
        main: ORANGE,
        second: YELLOW,
        parts: &[
            (Poly(&[(-0.8, -0.45), (0.8, -0.45), (0.2, 0.35), (0.25, 0.95), (-0.25, 0.95), (-0.2, 0.35)]), Second),
            (Oval(0.0, -0.5, 0.9, 0.3), Main),
        ],
    },
    // Two thin ones.
    Style {
        main: PURPLE,
        second: GREY,
        parts: &[
            (Box(-0.55, -0.2, -0.4, 0.95), Second),
            (Dome(-0.48, -0.1, 0.5, 0.7), Main),
            (Box(0.42, 0.3, 0.57, 0.95), Second),
            (Dome(0.5, 0.4, 0.45, 0.55), Main),
        ],
    },
];

const UMBRELLA: [Style; PER_CLASS] = [
    // Open, with a hook.
    Style {
        main: BLUE,
        second: BROWN,
        parts: &[
            (Box(-0.07, -0.8, 0.07, 0.85), Dark),
            (Bowl(0.17, 0.75, 0.24, 0.25), Dark),
            (Dome(0.0, 0.05, 0.98, 0.85), Main),
        ],
    },
    // A striped parasol.
    Style {
        main: RED,
        second: BEIGE,
        parts: &[
            (Box(-0.07, -0.3, 0.07, 0.98), Second),
            (Poly(&[(-1.0, 0.0), (0.0, -0.95), (1.0, 0.0)]), Main),
            (Poly(&[(-0.4, 0.0), (0.0, -0.95), (0.4, 0.0)]), Light),
        ],
    },
    // Folded.
    Style {
        main: PURPLE,
        second: BROWN,
        parts: &[
            (Box(-0.06, 0.3, 0.06, 0.98), Dark),
            (Bowl(0.15, 0.8, 0.22, 0.2), Dark),
            (Poly(&[(0.0, -1.0), (0.35, 0.45), (0.1, 0.6), (-0.1, 0.6), (-0.35, 0.45)]), Main),
            (Box(-0.35, 0.1, 0.35, 0.25), Light),
        ],
    },
    // Blown inside out.
    Style {
        main: TEAL,
        second: GREY,
        parts: &[
            (Box(-0.07, -0.4, 0.07, 0.85), Dark),
            (Bowl(-0.17, 0.75, 0.24, 0.25), Dark),
            (Poly(&[(-0.95, -0.9), (-0.3, -0.5), (0.3, -0.5), (0.95, -0.9), (0.35, 0.1), (-0.35, 0.1)]), Main),
        ],
    },
];

const SKIN: Colour = [215.0, 165.0, 130.0];

const PERSON: [Style; PER_CLASS] = [
    // Standing, in trousers.
    Style {
        main: TEAL,
        second: SKIN,
        parts: &[
            (Oval(0.0, -0.68, 0.27, 0.3), Second),
            (Box(-0.4, -0.38, 0.4, 0.25), Main),
            (Box(-0.32, 0.25, -0.05, 0.98), Dark),
            (Box(0.05, 0.25, 0.32, 0.98), Dark),
        ],
    },
    // In a dress.
    Style {
        main: PINK,
        second: SKIN,
        parts: &[
            (Oval(0.0, -0.65, 0.36, 0.35), Dark),
            (Oval(0.0, -0.62, 0.22, 0.25), Second),
            (Poly(&[(-0.15, -0.4), (0.15, -0.4), (0.6, 0.6), (-0.6, 0.6)]), Main),
            (Box(-0.25, 0.6, -0.08, 0.98), Second),
            (Box(0.08, 0.6, 0.25, 0.98), Second),
        ],
    },
    // With raised arms.
    Style {
        main: ORANGE,
        second: SKIN,
        parts: &[
            (Oval(0.0, -0.6, 0.24, 0.28), Second),
            (Poly(&[(-0.95, -0.9), (-0.75, -1.0), (-0.2, -0.2), (-0.3, 0.1)]), Main),
            (Poly(&[(0.95, -0.9), (0.75, -1.0), (0.2, -0.2), (0.3, 0.1)]), Main),
            (Box(-0.3, -0.3, 0.3, 0.3), Main),
            (Poly(&[(-0.3, 0.3), (0.0, 0.3), (-0.35, 0.98), (-0.6, 0.98)]), Dark),
            (Poly(&[(0.3, 0.3), (0.0, 0.3), (0.35, 0.98), (0.6, 0.98)]), Dark),
        ],
    },
    // In a coat and a hat.
    Style {
        main: BROWN,
        second: SKIN,
        parts: &[
            (Box(-0.25, -0.7, 0.25, -0.35), Second),
            (Box(-0.5, -0.75, 0.5, -0.62), Dark),
            (Box(-0.28, -1.0, 0.28, -0.7), Dark),
            (Poly(&[(-0.45, -0.35), (0.45, -0.35), (0.55, 0.8), (-0.55, 0.8)]), Main),
            (Box(-0.05, -0.35, 0.05, 0.8), Dark),
            (Box(-0.4, 0.8, 0.4, 0.98), Dark),
        ],
    },
];

const MUG: [Style; PER_CLASS] = [
    // A mug.
    Style {
        main: YELLOW,
        second: BROWN,
        parts: &[
            (Ring(0.5, 0.1, 0.45, 0.25), Main),
            (Box(-0.7, -0.55, 0.5, 0.85), Main),
            (Oval(-0.1, -0.55, 0.6, 0.2), Second),
        ],
    },
    // A cup on a saucer.
    Style {
        main: [230.0, 230.0, 235.0],
        second: BLUE,
        parts: &[
            (Ring(0.6, 0.05, 0.35, 0.18), Main),
            (Bowl(-0.1, -0.3, 0.75, 1.05), Main),
            (Box(-0.85, -0.35, 0.65, -0.15), Second),
            (Oval(-0.1, 0.8, 0.85, 0.14), Second),
        ],
    },
    // A teapot.
    Style {
        main: PURPLE,
        second: PINK,
        parts: &[
            (Ring(-0.6, 0.15, 0.38, 0.22), Main),
            (Poly(&[(0.3, 0.5), (0.8, -0.45), (1.0, -0.4), (0.6, 0.6)]), Main),
            (Oval(0.0, 0.25, 0.65, 0.6), Main),
            (Dome(0.0, -0.2, 0.35, 0.3), Second),
            (Oval(0.0, -0.55, 0.12, 0.14), Dark),
        ],
    },
    // A goblet.
    Style {
        main: TEAL,
        second: BEIGE,
        parts: &[
            (Bowl(0.0, -0.8, 0.6, 1.05), Main),
            (Box(-0.6, -0.9, 0.6, -0.7), Second),
            (Box(-0.1, 0.2, 0.1, 0.85), Main),
            (Dome(0.0, 0.95, 0.5, 0.2), Main),
        ],
    },
];
