//! The hidden parameters of a picture, drawn from its random stream.

use rand::Rng;

use super::Split;
use super::styles::{CONFUSABLE, Colour, ODD_COLOURS, PER_CLASS, STYLES};
use pt4al_results::seed::{Purpose, Stream, stream};

/// The part of the pictures that are near-duplicates of a prototype, by split.
const REDUNDANT: [f32; 2] = [0.5, 0.15];
/// The number of prototypes of each class, all in the two most common styles.
const PROTOTYPES: u32 = 8;
/// The frequency of each style in the other pictures, by split.
const STYLE_SHARES: [[f32; PER_CLASS]; 2] = [[0.4, 0.25, 0.2, 0.15], [0.25, 0.25, 0.25, 0.25]];
/// The first number in the names of the prototypes' streams; the streams of the splits have 0 and 1.
const PROTOTYPE_STREAMS: u64 = 2;

/// The hidden parameters of one picture. Coordinates go from -1 to 1 across the picture, y downwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The label: an index into [`STYLES`].
    pub class: usize,
    /// An index into the class's styles.
    pub style: usize,
    /// From 0, the easiest, to 1.
    pub difficulty: f32,
    pub object: Object,
    /// A fainter object of a class that is easily confused, and its opacity (0 to 1).
    pub ghost: Option<(Object, f32)>,
    pub sky: Colour,
    pub ground: Colour,
    /// The y where the ground begins.
    pub horizon: f32,
    /// The strength of light from above: brightness is multiplied by `1 - light y`.
    pub light: f32,
    /// Patches behind the object.
    pub clutter: Vec<Patch>,
    /// A patch in front of the object.
    pub occluder: Option<Patch>,
    /// The opacity of the object against the background, 0 to 1.
    pub contrast: f32,
    /// The standard deviation of the noise, in grey levels of 0 to 255.
    pub noise: f32,
}

/// An object: a style, its colours and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    pub class: usize,
    pub style: usize,
    pub main: Colour,
    pub second: Colour,
    /// The center.
    pub x: f32,
    pub y: f32,
    /// Half its height.
    pub scale: f32,
    /// Width by height.
    pub aspect: f32,
    /// The tangent of half the angle by which it leans.
    pub lean: f32,
    pub mirrored: bool,
}

/// A plain oval or box of one colour.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    pub round: bool,
    pub x: f32,
    pub y: f32,
    /// Half its width and height.
    pub half: (f32, f32),
    pub colour: Colour,
}

impl Scene {
    /// Draws the scene of a picture of `split` from the picture's stream.
    pub fn draw(seed: u64, split: Split, stream: &mut Stream) -> Self {
        let class = stream.random_range(0..STYLES.len() as u32) as usize;
        if chance(stream, REDUNDANT[split as usize]) {
            let prototype = stream.random_range(0..PROTOTYPES);
            return Self::prototype(seed, class, prototype).jittered(stream);
        }
        let style = pick(stream, &STYLE_SHARES[split as usize]);
        // A product of two, so that most pictures are easy.
        let difficulty = uniform(stream) * uniform(stream);
        Self::with_object(class, style, difficulty, stream)
    }

    /// An easy scene, of which many pictures are near-duplicates.
    fn prototype(seed: u64, class: usize, number: u32) -> Self {
        let place = [PROTOTYPE_STREAMS, class as u64, u64::from(number)];
        // One prototype has the second style, the others have the first.
        let style = usize::from(number + 1 == PROTOTYPES);
        Self::with_object(class, style, 0.0, &mut stream(seed, Purpose::Shapes, &place))
    }

    /// The same scene with small changes of place, size and light.
    fn jittered(mut self, stream: &mut Stream) -> Self {
        self.object.x += within(stream, 0.04);
        self.object.y += within(stream, 0.04);
        self.object.scale *= 1.0 + within(stream, 0.03);
        self.light += within(stream, 0.05);
        self
    }

    /// Draws a scene with an object of this class, style and difficulty.
    fn with_object(class: usize, style: usize, difficulty: f32, stream: &mut Stream) -> Self {
        let d = difficulty;
        let object = Object::draw(class, style, d, stream);
        let ghost = chance(stream, 0.4 * d).then(|| {
            let style = stream.random_range(0..PER_CLASS as u32) as usize;
            (Object::draw(CONFUSABLE[class], style, d, stream), 0.2 + 0.3 * uniform(stream))
        });
        let sky = shaded(stream, [150.0, 155.0, 160.0], 70.0);
        // Half of the backgrounds are plain; the others have a ground of another colour.
        let ground = if chance(stream, 0.5) { sky } else { shaded(stream, sky, 60.0) };
        let patches = (d * 7.0 * uniform(stream)) as usize;
        let clutter = (0..patches).map(|_| Patch::anywhere(0.15, 0.4, stream)).collect();
        Self {
            class,
            style,
            difficulty,
            object,
            ghost,
            sky,
            ground,
            horizon: 0.3 + within(stream, 0.6),
            light: 0.05 + within(stream, 0.15),
            clutter,
            occluder: chance(stream, 0.5 * d).then(|| Patch::anywhere(0.2, 0.5, stream)),
            contrast: 1.0 - 0.7 * d * uniform(stream),
            noise: 5.0 + 30.0 * d * uniform(stream),
        }
    }
}

impl Object {
    /// Draws an object of this class and style for a picture of difficulty `d`.
    fn draw(class: usize, style: usize, d: f32, stream: &mut Stream) -> Self {
        let own = STYLES[class].1[style];
        let mut dye = |own: Colour| {
            let odd = ODD_COLOURS[stream.random_range(0..ODD_COLOURS.len() as u32) as usize];
            let colour = if chance(stream, 0.15 + 0.4 * d) { odd } else { own };
            shaded(stream, colour, 25.0)
        };
        let (main, second) = (dye(own.main), dye(own.second));
        let scale = 0.85 - 0.1 * uniform(stream) - 0.35 * d * uniform(stream);
        Self {
            class,
            style,
            main,
            second,
            x: within(stream, 1.1 - scale),
            y: 0.05 + within(stream, 0.95 - scale),
            scale,
            aspect: 1.0 + within(stream, 0.1 + 0.2 * d),
            lean: within(stream, 0.03 + 0.15 * d),
            mirrored: chance(stream, 0.5),
        }
    }
}

impl Patch {
    /// Draws a patch whose half sides are between `least` and `most`.
    fn anywhere(least: f32, most: f32, stream: &mut Stream) -> Self {
        let mut half = || least + (most - least) * uniform(stream);
        let half = (half(), half());
        let colour = ODD_COLOURS[stream.random_range(0..ODD_COLOURS.len() as u32) as usize];
        Self {
            round: chance(stream, 0.5),
            x: within(stream, 0.9),
            y: within(stream, 0.9),
            half,
            colour: shaded(stream, colour, 30.0),
        }
    }
}

/// Draws a number from 0 to 1.
fn uniform(stream: &mut Stream) -> f32 {
    stream.random()
}

/// Draws a number from `-most` to `most`.
fn within(stream: &mut Stream, most: f32) -> f32 {
    most * (2.0 * uniform(stream) - 1.0)
}

fn chance(stream: &mut Stream, probability: f32) -> bool {
    uniform(stream) < probability
}

/// Draws an index with the probability in `shares`, whose sum is 1.
fn pick(stream: &mut Stream, shares: &[f32]) -> usize {
    let mut left = uniform(stream);
    for (index, share) in shares.iter().enumerate() {
        left -= share;
        if left < 0.0 {
            return index;
        }
    }
    0
}

/// Draws a colour near `colour`: each channel differs by up to `most`, half of it in the same direction for all channels.
fn shaded(stream: &mut Stream, colour: Colour, most: f32) -> Colour {
    let together = within(stream, 0.5 * most);
    colour.map(|channel| channel + together + within(stream, 0.5 * most))
}
