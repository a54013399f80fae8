//! Draws a scene as pixels.

use rand::Rng;

use super::scene::{Object, Patch, Scene};
use super::styles::{Colour, Form, STYLES, colour};
use pt4al_results::seed::Stream;

/// A pixel's colour is the mean of this many points across and as many down, so that edges are smooth.
const SAMPLES: usize = 4;

/// Draws the scene into `pixels`, `[side, side, 3]`; the noise comes from `stream`.
pub fn render(scene: &Scene, side: usize, stream: &mut Stream, pixels: &mut [u8]) {
    let points = side * SAMPLES;
    let coordinate = |point: usize| (2 * point + 1) as f32 / points as f32 - 1.0;
    for (index, pixel) in pixels.chunks_exact_mut(3).enumerate() {
        let (row, column) = (index / side, index % side);
        let mut sum = [0.0; 3];
        for sample in 0..SAMPLES * SAMPLES {
            let x = coordinate(column * SAMPLES + sample % SAMPLES);
            let y = coordinate(row * SAMPLES + sample / SAMPLES);
            let seen = at(scene, x, y);
            sum = [sum[0] + seen[0], sum[1] + seen[1], sum[2] + seen[2]];
        }
        for (value, sum) in pixel.iter_mut().zip(sum) {
            let mean = sum / (SAMPLES * SAMPLES) as f32;
            // The cast limits values to 0 to 255.
            *value = (mean + scene.noise * gaussian(stream) + 0.5) as u8;
        }
    }
}

/// The colour at one point.
fn at(scene: &Scene, x: f32, y: f32) -> Colour {
    let background = if y < scene.horizon { scene.sky } else { scene.ground };
    let mut seen = scene.clutter.iter().filter(|patch| patch.covers(x, y)).fold(background, |_, patch| patch.colour);
    if let Some((ghost, opacity)) = &scene.ghost
        && let Some(colour) = ghost.colour_at(x, y)
    {
        seen = mixed(seen, colour, *opacity);
    }
    if let Some(colour) = scene.object.colour_at(x, y) {
        seen = mixed(seen, colour, scene.contrast);
    }
    if let Some(occluder) = scene.occluder.as_ref().filter(|patch| patch.covers(x, y)) {
        seen = occluder.colour;
    }
    // Light from above falls on everything.
    seen.map(|channel| channel * (1.0 - scene.light * y))
}

impl Object {
    /// The colour of the object at a point of the picture; `None` outside the object.
    fn colour_at(&self, x: f32, y: f32) -> Option<Colour> {
        // To the object's own coordinates: move, rotate, scale. The rotation uses the tangent of half its angle instead of
        // sine and cosine, which differ between platforms.
        let (x, y) = (x - self.x, y - self.y);
        let square = self.lean * self.lean;
        let (cos, sin) = ((1.0 - square) / (1.0 + square), 2.0 * self.lean / (1.0 + square));
        let (x, y) = (x * cos + y * sin, y * cos - x * sin);
        let (x, y) = (x / (self.scale * self.aspect), y / self.scale);
        let x = if self.mirrored { -x } else { x };

        let style = &STYLES[self.class].1[self.style];
        let top = style.parts.iter().rev().find(|(form, _)| form.covers(x, y));
        top.map(|(_, paint)| colour(*paint, self.main, self.second))
    }
}

impl Patch {
    fn covers(&self, x: f32, y: f32) -> bool {
        let (x, y) = ((x - self.x) / self.half.0, (y - self.y) / self.half.1);
        if self.round { x * x + y * y < 1.0 } else { x.abs() < 1.0 && y.abs() < 1.0 }
    }
}

impl Form {
    fn covers(&self, x: f32, y: f32) -> bool {
        let oval = |cx: f32, cy: f32, rx: f32, ry: f32| {
            let (x, y) = ((x - cx) / rx, (y - cy) / ry);
            x * x + y * y < 1.0
        };
        match *self {
            Self::Box(left, top, right, bottom) => left < x && x < right && top < y && y < bottom,
            Self::Oval(cx, cy, rx, ry) => oval(cx, cy, rx, ry),
            Self::Dome(cx, cy, rx, ry) => y < cy && oval(cx, cy, rx, ry),
            Self::Bowl(cx, cy, rx, ry) => y > cy && oval(cx, cy, rx, ry),
            Self::Ring(cx, cy, outer, inner) => oval(cx, cy, outer, outer) && !oval(cx, cy, inner, inner),
            Self::Poly(corners) => inside(corners, x, y),
        }
    }
}

/// Whether a ray to the right of the point crosses the outline an odd number of times.
fn inside(corners: &[(f32, f32)], x: f32, y: f32) -> bool {
    let from = corners.iter().cycle().skip(corners.len() - 1);
    let crossings = from
        .zip(corners)
        .filter(|&(&(x0, y0), &(x1, y1))| (y0 > y) != (y1 > y) && x < x0 + (x1 - x0) * (y - y0) / (y1 - y0));
    crossings.count() % 2 == 1
}

/// Mixes `over`, with opacity `part`, on top of `under`.
fn mixed(under: Colour, over: Colour, part: f32) -> Colour {
    std::array::from_fn(|i| under[i] + part * (over[i] - under[i]))
}

/// Draws an approximately normal number with mean 0 and deviation 1: a sum of four uniform ones, each of variance 1/12.
fn gaussian(stream: &mut Stream) -> f32 {
    const SQRT_3: f32 = 1.732_050_8;
    let sum: f32 = (0..4).map(|_| stream.random::<f32>()).sum();
    SQRT_3 * (sum - 2.0)
}
