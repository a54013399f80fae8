//! Pictures against stored ones, within a tolerance: looks are checked by eye once, and then kept.

use std::path::PathBuf;

/// A picture in shades of grey, at half the size at which it is shown.
#[derive(Debug, PartialEq)]
struct Grey {
    width: usize,
    pixels: Vec<u8>,
}

/// Fails if a PNG does not look like the stored picture of this name. With `PT4AL_ACCEPT_PICTURES` set, it is stored
/// instead: look at it then.
pub fn assert_looks_like(name: &str, png: &[u8]) {
    let found = Grey::of(png);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("src/report/testing/{name}.png"));
    if std::env::var_os("PT4AL_ACCEPT_PICTURES").is_some() {
        std::fs::write(&path, found.png()).unwrap();
    }
    let stored = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}; set PT4AL_ACCEPT_PICTURES", path.display()));
    if let Err(why) = found.compared_with(&Grey::read(&stored)) {
        let made = std::env::temp_dir().join(format!("pt4al-{name}.png"));
        std::fs::write(&made, png).unwrap();
        panic!("{name}: {why}; it is in {}. If it looks right, set PT4AL_ACCEPT_PICTURES", made.display());
    }
}

/// Whether two PNGs look alike, for tests of the comparison itself.
pub fn look_alike(a: &[u8], b: &[u8]) -> bool {
    Grey::of(a).compared_with(&Grey::of(b)).is_ok()
}

impl Grey {
    /// A PNG in colour, which has twice the size shown; each pixel is the mean of 4 x 4.
    fn of(png: &[u8]) -> Self {
        let (width, rgb) = decoded(png);
        let (columns, rows) = (width / 4, rgb.len() / 3 / width / 4);
        let mean = |column: usize, row: usize| {
            let inside = (0..16).map(|i| (4 * row + i / 4) * width + 4 * column + i % 4);
            let sum: usize =
                inside.map(|at| rgb[3 * at..3 * at + 3].iter().map(|&v| usize::from(v)).sum::<usize>()).sum();
            (sum / 48) as u8
        };
        let pixels = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
        Self { width: columns, pixels: pixels.map(|(column, row)| mean(column, row)).collect() }
    }

    fn read(png: &[u8]) -> Self {
        let (width, pixels) = decoded(png);
        Self { width, pixels }
    }

    fn png(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = ::png::Encoder::new(&mut file, self.width as u32, (self.pixels.len() / self.width) as u32);
        encoder.set_color(::png::ColorType::Grayscale);
        encoder.set_compression(::png::Compression::Best);
        encoder.write_header().unwrap().write_image_data(&self.pixels).unwrap();
        file
    }

    /// Processors may round the edge of a letter in another way; a curve that moved is a hundred such pixels.
    fn compared_with(&self, other: &Self) -> Result<(), String> {
        if (self.width, self.pixels.len()) != (other.width, other.pixels.len()) {
            return Err("it has another size".into());
        }
        let differing = self.pixels.iter().zip(&other.pixels).filter(|(a, b)| a.abs_diff(**b) > 24).count();
        let share = differing as f64 / self.pixels.len() as f64;
        if share > 0.0005 { Err(format!("{differing} pixels ({:.2} %) differ", 100.0 * share)) } else { Ok(()) }
    }
}

/// The width and the bytes of the pixels.
fn decoded(png: &[u8]) -> (usize, Vec<u8>) {
    let mut reader = ::png::Decoder::new(png).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size()];
    let info = reader.next_frame(&mut pixels).unwrap();
    pixels.truncate(info.buffer_size());
    (info.width as usize, pixels)
}
