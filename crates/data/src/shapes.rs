//! The generated data set: ten classes of small pictures, made from a seed.
//!
//! It serves to compare samplers in minutes, on any machine and without a download. So it has the properties that make
//! samplers differ on photos:
//!
//! - **Redundancy.** Half of the pool are near-duplicates of a few easy prototypes, so labels for them are wasted.
//! - **A long tail.** Every class has several styles. Their frequencies are uneven in the pool but equal in the test
//!   split, so it pays to find the rare ones.
//! - **Difficulty.** Every picture has a hidden difficulty, mostly a low one. It decides how much contrast is lost, how
//!   much noise, clutter and occlusion there is, and whether an object of another class shows through.
//! - **An upright side.** Objects look different when they are rotated, and the background shows little of the rotation.
//!   So rotation can be predicted, but less well for harder pictures.
//!
//! Measured with 2,000 pictures of 16x16 in the pool, 1,000 in the test split, seed 7, and a CNN of three layers of
//! 16, 32 and 64 channels trained for 300 steps (5 seeds of the learner, +- their standard deviation):
//!
//! | labels | random | entropy | even over styles (needs the answers) |
//! | --- | --- | --- | --- |
//! | 100 | 49.3 +- 1.1 % | 49.3 +- 1.1 % | 49.3 +- 1.1 % |
//! | 300 | 68.0 +- 0.8 % | 73.3 +- 1.3 % | 77.6 +- 1.2 % |
//! | 600 | 74.5 +- 1.3 % | 81.0 +- 1.3 % | 83.0 +- 1.1 % |
//!
//! The same network predicts the rotation of 79 % of the test pictures after 6 epochs on the pool (chance: 25 %), and
//! the ranks of its losses correlate with the difficulties (0.4).
//!
//! Every picture has a random stream of its own ([`pt4al_results::seed`]), named by split and index. So it does not depend
//! on how many pictures are made or in which order, and a larger pool begins with the smaller one. Only additions,
//! multiplications and divisions of `f32` are used, which round the same way everywhere, so a seed gives the same bytes on
//! every platform.

mod draw;
mod scene;
mod styles;

use std::path::Path;

use anyhow::Result;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::images::{Images, Splits};
use crate::known::Known;
use crate::{Look, Reader, Size, storage};
use pt4al_results::seed::{Purpose, stream};
use pt4al_results::spec::{DatasetSpec, ShapesSpec};
use pt4al_results::store::DataOrigin;
use scene::Scene;
use styles::STYLES;

/// The catalogue's entry.
pub(crate) const KNOWN: Known = Known {
    name: "shapes",
    what: "generated pictures of 10 classes, any number, 12x12 to 64x64",
    source: "made by pt4al from the spec's seed",
    terms: "none; made on the spot",
    files: None,
};

/// Raise it when a change of the program changes the pictures that a seed gives.
const VERSION: u64 = 1;

/// The split that a picture belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Split {
    Train = 0,
    Test = 1,
}

impl Reader for ShapesSpec {
    fn read(&self, _: &Path, _: &Look) -> Result<Splits> {
        storage::check_memory(&DatasetSpec::Shapes(self.clone()), size(self).bytes)?;
        Ok(generate(self).into())
    }

    fn known_size(&self) -> Option<Size> {
        Some(size(self))
    }
}

fn size(spec: &ShapesSpec) -> Size {
    let ShapesSpec { pool, test, side, .. } = *spec;
    let bytes = ((pool + test) * side * side * 3) as u64;
    Size { train: pool, pool, test, height: side, width: side, classes: STYLES.len(), bytes }
}

/// Generates both splits: pictures of `[side, side, 3]` bytes, with classes drawn at random with equal probability. `spec`
/// must keep the rules of specs (`side` from 12 to 64).
///
/// # Panics
/// If there is not enough memory for the pictures.
pub fn generate(spec: &ShapesSpec) -> Splits<Images> {
    let origin = DataOrigin {
        name: "shapes".into(),
        pool: spec.pool,
        test: spec.test,
        fingerprint: fingerprint(spec),
        files: Vec::new(),
        note: String::new(),
        classes: Vec::new(),
    };
    Splits {
        train: images(spec, Split::Train, spec.pool),
        test: images(spec, Split::Test, spec.test),
        classes: STYLES.iter().map(|(class, _)| (*class).into()).collect(),
        origin,
    }
}

fn images(spec: &ShapesSpec, split: Split, n: usize) -> Images {
    let side = spec.side;
    let mut pixels = vec![0; n * side * side * 3];
    let labels = pixels
        .par_chunks_exact_mut(side * side * 3)
        .enumerate()
        .map(|(index, pixels)| {
            let mut stream = stream(spec.seed, Purpose::Shapes, &[split as u64, index as u64]);
            let scene = Scene::draw(spec.seed, split, &mut stream);
            draw::render(&scene, side, &mut stream, pixels);
            scene.class as u8
        })
        .collect();
    Images { height: side, width: side, pixels, labels }
}

/// The first 16 hexadecimal digits of the SHA-256 over the generator's version and the options.
fn fingerprint(spec: &ShapesSpec) -> String {
    let settings = serde_json::json!({ "version": VERSION, "spec": spec });
    pt4al_results::spec::hex(&Sha256::digest(settings.to_string())[..8])
}

#[cfg(test)]
mod tests;
