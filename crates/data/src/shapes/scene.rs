//! What is in a picture: the hidden parameters, drawn from its stream.

use rand::Rng;

use super::Split;
use super::styles::{CONFUSABLE, Colour, ODD_COLOURS, PER_CLASS, STYLES};
use pt4al_results::seed::{Purpose, Stream, stream};

/// Part of the pictures that are near-duplicates of a prototype.
const REDUNDANT: [f32; 2] = [0.5, 0.15];
/// Prototypes of each class, all of the commonest styles.
const PROTOTYPES: u32 = 8;
/// How often each style comes in the other pictures, by split.
const STYLE_SHARES: [[f32; PER_CLASS]; 2] = [[0.4, 0.25, 0.2, 0.15], [0.25, 0.25, 0.25, 0.25]];
/// The place of the prototypes' streams, beside those of the two splits.
const PROTOTYPE_STREAMS: u64 = 2;

/// One picture's hidden parameters. Lengths: the picture is from -1 to 1, y downwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The label: an index into [`STYLES`].
    pub class: usize,
    /// An index into the class's styles.
    pub style: usize,
    /// 0 for the easiest to 1.
    pub difficulty: f32,
    pub object: Object,
    /// A fainter object of a confusable class, and how much of it is seen (0 to 1).
    pub ghost: Option<(Object, f32)>,
    pub sky: Colour,
    pub ground: Colour,
    /// The y where the ground begins.
    pub horizon: f32,
    /// How much brighter the top is than the bottom, as part of the brightness.
    pub light: f32,
    /// Things that lie about, behind the object.
    pub clutter: Vec<Patch>,
    /// A thing before the object.
    pub occluder: Option<Patch>,
    /// How much of the object's difference from the background is left, 0 to 1.
    pub contrast: f32,
    /// The standard deviation of the noise, in steps of the 0 to 255.
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
    /// The scene of the picture of `split` whose stream this is.
    pub fn draw(seed: u64, split: Split, stream: &mut Stream) -> Self {
        let class = stream.random_range(0..STYLES.len() as u32) as usize;
        if chance(stream, REDUNDANT[split as usize]) {
            let prototype = stream.random_range(0..PROTOTYPES);
            return Self::prototype(seed, class, prototype).jittered(stream);
        }
        let style = pick(stream, &STYLE_SHARES[split as usize]);
        // Squared: most are easy.
        let difficulty = uniform(stream) * uniform(stream);
        Self::of(class, style, difficulty, stream)
    }

    /// An easy scene that many pictures are nearly equal to.
    fn prototype(seed: u64, class: usize, number: u32) -> Self {
        let place = [PROTOTYPE_STREAMS, class as u64, u64::from(number)];
        // One prototype is of the second style, the others are of the first.
        let style = usize::from(number + 1 == PROTOTYPES);
        Self::of(class, style, 0.0, &mut stream(seed, Purpose::Shapes, &place))
    }

    /// The same scene, photographed a moment later.
    fn jittered(mut self, stream: &mut Stream) -> Self {
        self.object.x += within(stream, 0.04);
        self.object.y += within(stream, 0.04);
        self.object.scale *= 1.0 + within(stream, 0.03);
        self.light += within(stream, 0.05);
        self
    }

    /// A scene with an object of this class and style, as hard as told.
    fn of(class: usize, style: usize, difficulty: f32, stream: &mut Stream) -> Self {
        let d = difficulty;
        let object = Object::of(class, style, d, stream);
        let ghost = chance(stream, 0.4 * d).then(|| {
            let style = stream.random_range(0..PER_CLASS as u32) as usize;
            (Object::of(CONFUSABLE[class], style, d, stream), 0.2 + 0.3 * uniform(stream))
        });
        let sky = shaded(stream, [150.0, 155.0, 160.0], 70.0);
        // Half of the backgrounds are plain; the others stand on something.
        let ground = if chance(stream, 0.5) { sky } else { shaded(stream, sky, 60.0) };
        let things = (d * 7.0 * uniform(stream)) as usize;
        let clutter = (0..things).map(|_| Patch::anywhere(0.15, 0.4, stream)).collect();
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
    fn of(class: usize, style: usize, d: f32, stream: &mut Stream) -> Self {
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
    /// A patch of half sides between `least` and `most`.
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

/// 0 to 1.
fn uniform(stream: &mut Stream) -> f32 {
    stream.random()
}

/// `-most` to `most`.
fn within(stream: &mut Stream, most: f32) -> f32 {
    most * (2.0 * uniform(stream) - 1.0)
}

fn chance(stream: &mut Stream, probability: f32) -> bool {
    uniform(stream) < probability
}

/// An index, as often as its share; the shares' sum is 1.
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

/// A colour whose channels are up to `most` away, half of it together.
fn shaded(stream: &mut Stream, colour: Colour, most: f32) -> Colour {
    let together = within(stream, 0.5 * most);
    colour.map(|channel| channel + together + within(stream, 0.5 * most))
}
