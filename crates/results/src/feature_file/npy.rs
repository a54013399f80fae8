//! Arrays of an NPZ file: a header in the NPY format (numpy's `numpy.lib.format`, versions 1 to 3), then the numbers.

use std::io::Read;
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use half::{bf16, f16};
use regex::Regex;
use safetensors::Dtype;

use crate::words::one_line;

/// The first bytes of an array.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";
/// The longest header that is read. Numpy's own headers have some hundred bytes.
const LONGEST: usize = 1 << 16;

static TYPE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"'descr'\s*:\s*'([^']*)'").expect("a fixed pattern"));
static ORDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"'fortran_order'\s*:\s*(True|False)").expect("a fixed pattern"));
static SHAPE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"'shape'\s*:\s*\(([0-9, ]*)\)").expect("a fixed pattern"));

/// The type of the values, all little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    F16,
    Bf16,
    F32,
    F64,
    /// Text of this many characters, four bytes each (UTF-32), filled up with zeros.
    Text(usize),
}

impl Kind {
    pub fn is_float(self) -> bool {
        !matches!(self, Self::Text(_))
    }

    fn bytes(self) -> Option<usize> {
        match self {
            Self::F16 | Self::Bf16 => Some(2),
            Self::F32 => Some(4),
            Self::F64 => Some(8),
            Self::Text(characters) => characters.checked_mul(4),
        }
    }
}

/// The type and the shape of an array.
#[derive(Debug)]
pub(super) struct Header {
    /// `None` if this program does not read the type.
    pub kind: Option<Kind>,
    /// The type as the file writes it.
    pub written: String,
    /// Whether the numbers lie column by column (Fortran's order).
    pub columns_first: bool,
    pub shape: Vec<usize>,
}

impl Header {
    /// Reads the header of an array; the numbers follow.
    pub fn read(file: &mut impl Read) -> Result<Self> {
        let mut start = [0; 8];
        file.read_exact(&mut start)?;
        ensure!(start.starts_with(MAGIC), "it is not in the NPY format");
        let length = if start[6] == 1 {
            let mut length = [0; 2];
            file.read_exact(&mut length)?;
            usize::from(u16::from_le_bytes(length))
        } else {
            let mut length = [0; 4];
            file.read_exact(&mut length)?;
            u32::from_le_bytes(length) as usize
        };
        ensure!(length <= LONGEST, "its header is too long");
        let mut text = vec![0; length];
        file.read_exact(&mut text)?;
        Self::parse(&String::from_utf8_lossy(&text))
    }

    /// Reads the text of a header: `{'descr': '<f4', 'fortran_order': False, 'shape': (50000, 512), }`.
    fn parse(text: &str) -> Result<Self> {
        let part = |pattern: &Regex| pattern.captures(text).map(|found| found[1].to_owned());
        let columns_first = part(&ORDER).context("its header names no order")? == "True";
        let shape = part(&SHAPE).context("its header names no shape")?;
        let numbers = shape.split(',').map(str::trim).filter(|number| !number.is_empty());
        let shape = numbers.map(str::parse).collect::<Result<_, _>>().context("its shape is too large")?;
        // The type of a table with named columns is a list.
        let written = part(&TYPE).map(|kind| one_line(&kind)).unwrap_or_else(|| "a table with columns".into());
        let kind = match written.as_str() {
            "<f2" => Some(Kind::F16),
            "<f4" => Some(Kind::F32),
            "<f8" => Some(Kind::F64),
            other => other.strip_prefix("<U").and_then(|characters| characters.parse().ok()).map(Kind::Text),
        };
        Ok(Self { kind, written, columns_first, shape })
    }

    /// The number of bytes of all values; `None` if it is too large or the type is not known.
    pub fn bytes(&self) -> Option<usize> {
        let values = self.shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side))?;
        values.checked_mul(self.kind?.bytes()?)
    }

    /// Converts `bytes` to floats, row by row. `None` if they are text.
    pub fn floats(&self, bytes: &[u8]) -> Option<Vec<f32>> {
        let halves = bytes.as_chunks::<2>().0.iter().copied();
        let values: Vec<f32> = match self.kind? {
            Kind::F16 => halves.map(|b| f16::from_le_bytes(b).to_f32()).collect(),
            Kind::Bf16 => halves.map(|b| bf16::from_le_bytes(b).to_f32()).collect(),
            Kind::F32 => bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
            Kind::F64 => bytes.as_chunks::<8>().0.iter().map(|&b| f64::from_le_bytes(b) as f32).collect(),
            Kind::Text(_) => return None,
        };
        match self.shape[..] {
            [rows, columns] if self.columns_first => {
                Some((0..rows * columns).map(|at| values[at % columns * rows + at / columns]).collect())
            }
            _ => Some(values),
        }
    }

    /// Converts `bytes` to text. `None` if they are numbers or not text.
    pub fn texts(&self, bytes: &[u8]) -> Option<Vec<String>> {
        let Kind::Text(characters) = self.kind? else { return None };
        if characters == 0 {
            return Some(vec![String::new(); self.shape.iter().product()]);
        }
        let text = |value: &[u8]| {
            let codes = value.as_chunks::<4>().0.iter().map(|&b| u32::from_le_bytes(b));
            codes.take_while(|&code| code != 0).map(char::from_u32).collect()
        };
        bytes.chunks_exact(4 * characters).map(text).collect()
    }
}

pub(super) fn kind_of_safetensors(kind: Dtype) -> Option<Kind> {
    match kind {
        Dtype::F16 => Some(Kind::F16),
        Dtype::BF16 => Some(Kind::Bf16),
        Dtype::F32 => Some(Kind::F32),
        Dtype::F64 => Some(Kind::F64),
        _ => None,
    }
}

/// Writes a shape as `50000 x 512`.
pub(super) fn shape_in_words(shape: &[usize]) -> String {
    let sides: Vec<String> = shape.iter().map(usize::to_string).collect();
    if sides.is_empty() { "of a single number".into() } else { sides.join(" x ") }
}
