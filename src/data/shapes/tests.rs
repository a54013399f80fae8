use super::*;
use crate::spec::Normalize;

fn spec(pool: usize, test: usize) -> ShapesSpec {
    ShapesSpec { pool, test, side: 16, seed: 7, normalize: Normalize { mean: [0.5; 3], std: [0.25; 3] } }
}

fn scene(seed: u64, split: Split, index: u64) -> Scene {
    Scene::draw(seed, split, &mut stream(seed, Purpose::Shapes, &[split as u64, index]))
}

/// For a person to look at, and for experiments outside: writes `sheet.ppm` and raw files to `$SHAPES_OUT`.
#[test]
#[ignore]
fn dump() {
    use std::fmt::Write as _;
    let out = std::path::PathBuf::from(std::env::var("SHAPES_OUT").expect("SHAPES_OUT names a folder"));
    let env = |name: &str, or: usize| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(or);
    let spec =
        ShapesSpec { side: env("SIDE", 16), seed: env("SEED", 7) as u64, ..spec(env("POOL", 2000), env("TEST", 2000)) };
    let started = std::time::Instant::now();
    let splits = generate(&spec);
    println!("{:?}", started.elapsed());
    for (name, split, images) in [("train", Split::Train, &splits.train), ("test", Split::Test, &splits.test)] {
        std::fs::write(out.join(format!("{name}.bin")), &images.pixels).unwrap();
        let mut csv = "class,style,difficulty\n".to_owned();
        for i in 0..images.len() {
            let s = scene(spec.seed, split, i as u64);
            writeln!(csv, "{},{},{}", s.class, s.style, s.difficulty).unwrap();
        }
        std::fs::write(out.join(format!("{name}.csv")), csv).unwrap();
    }
}
