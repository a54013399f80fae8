//! The layers of the networks.

use tch::nn::{self, ModuleT, Path};
use tch::{Device, Kind, Tensor};

use pt4al_results::spec::Precision;

/// A network without its head: maps images `[n, 3, h, w]` to a map `[n, d, h', w']` of the same kind.
pub(super) trait Body: ModuleT {
    /// Prepares what is no variable for computing in a precision.
    fn convert(&mut self, _device: Device, _precision: Precision) {}

    /// Returns the convolutions of the body in the order in which images pass them.
    fn convolutions(&mut self) -> Vec<&mut Convolution>;
}

/// A convolution without bias.
#[derive(Debug)]
pub(super) struct Convolution {
    /// `[output, input, side, side]`.
    filters: Tensor,
    /// A copy of `filters` in bf16, used on minibatches in bf16.
    halves: Option<Tensor>,
    shape: Conv,
}

/// A convolution without bias, followed by batch norm.
#[derive(Debug)]
pub(super) struct Unit {
    convolution: Convolution,
    norm: nn::BatchNorm,
}

/// The shape of a convolution. The padding keeps height and width where the stride is 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conv {
    /// Input channels.
    pub input: i64,
    /// Output channels.
    pub output: i64,
    /// Height and width of the filters.
    pub side: i64,
    pub stride: i64,
    pub dilation: i64,
}

impl Convolution {
    /// A convolution with its variable at `path`.
    pub fn new(path: &Path, shape: &Conv) -> Self {
        let size = [shape.output, shape.input, shape.side, shape.side];
        Self { filters: path.var("weight", &size, nn::Init::Const(0.0)), halves: None, shape: *shape }
    }

    /// Returns the trained filters, `[output, input, side, side]`.
    pub fn filters(&self) -> &Tensor {
        &self.filters
    }

    /// Sets or removes the copy of the filters for minibatches in bf16.
    pub fn set_halves(&mut self, halves: Option<Tensor>) {
        self.halves = halves;
    }

    /// Convolves `[n, input, h, w]`.
    pub fn forward(&self, x: &Tensor) -> Tensor {
        let Conv { side, stride, dilation, .. } = self.shape;
        let filters = match &self.halves {
            Some(halves) if x.kind() == Kind::BFloat16 => halves,
            _ => &self.filters,
        };
        let padding = side / 2 * dilation;
        let convolve =
            |x: &Tensor, stride: i64| x.conv2d::<Tensor>(filters, None, [stride; 2], [padding; 2], [dilation; 2], 1);
        if side > 1 || stride == 1 {
            return convolve(x, stride);
        }
        // A 1x1 convolution with a stride reads one pixel in `stride`. Those pixels are taken beforehand, because in
        // libtorch 2.11 the gradient of such a convolution with few channels writes outside its memory (oneDNN for AVX2
        // with fewer than 8 channels on maps of any size, oneDNN for AVX-512 with 8 channels on large maps).
        convolve(&x.slice(2, None, None, stride).slice(3, None, None, stride), 1)
    }
}

impl Unit {
    /// A unit with the variables of its convolution at `conv` and those of its batch norm at `norm`.
    pub fn new(conv: &Path, norm: &Path, shape: &Conv) -> Self {
        Self { convolution: Convolution::new(conv, shape), norm: batch_norm(norm, shape.output) }
    }

    /// A unit whose variables are named as in a numbered sequence: the convolution is member 0, batch norm member 1.
    pub fn sequence(path: &Path, shape: &Conv) -> Self {
        Self::new(&(path / "0"), &(path / "1"), shape)
    }

    pub fn convolution(&mut self) -> &mut Convolution {
        &mut self.convolution
    }

    /// Convolution and batch norm, without an activation.
    pub fn linear(&self, x: &Tensor, train: bool) -> Tensor {
        self.norm.forward_t(&self.convolution.forward(x), train)
    }
}

/// Batch norm over maps `[n, channels, h, w]`, whose scale starts at 1.
pub(super) fn batch_norm(path: &Path, channels: i64) -> nn::BatchNorm {
    let ones = nn::BatchNormConfig { ws_init: nn::Init::Const(1.0), ..Default::default() };
    nn::batch_norm2d(path, channels, ones)
}

impl ModuleT for Unit {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        self.linear(x, train).relu_()
    }
}

/// A residual block: units one after the other, and a shortcut that is added before the last activation.
#[derive(Debug)]
pub(super) struct Residual {
    first: Vec<Unit>,
    last: Unit,
    shortcut: Option<Unit>,
}

impl Residual {
    /// A block of two 3x3 convolutions, the first with the stride.
    pub fn basic(path: &Path, input: i64, output: i64, stride: i64, dilation: i64) -> Self {
        let first = Conv { input, output, side: 3, stride, dilation };
        let last = Conv { input: output, output, side: 3, stride: 1, dilation };
        Self::new(path, &[first, last])
    }

    /// A block of 1x1, 3x3 and 1x1 convolutions with `inner`, `inner` and 4 x `inner` output channels; the 3x3 convolution
    /// has the stride.
    pub fn bottleneck(path: &Path, input: i64, inner: i64, stride: i64) -> Self {
        let narrow = Conv { input, output: inner, side: 1, stride: 1, dilation: 1 };
        let middle = Conv { input: inner, output: inner, side: 3, stride, dilation: 1 };
        let wide = Conv { input: inner, output: 4 * inner, side: 1, stride: 1, dilation: 1 };
        Self::new(path, &[narrow, middle, wide])
    }

    fn new(path: &Path, convs: &[Conv]) -> Self {
        let unit = |(i, conv): (usize, &Conv)| {
            Unit::new(&(path / format!("conv{}", i + 1)), &(path / format!("bn{}", i + 1)), conv)
        };
        let mut units: Vec<Unit> = convs.iter().enumerate().map(unit).collect();
        let last = units.pop().expect("a block has convolutions");
        let stride = convs.iter().map(|c| c.stride).product();
        let (input, output) = (convs[0].input, convs[convs.len() - 1].output);
        let shortcut = (stride != 1 || input != output)
            .then(|| Unit::sequence(&(path / "shortcut"), &Conv { input, output, side: 1, stride, dilation: 1 }));
        Self { first: units, last, shortcut }
    }

    /// Returns the convolutions of the block, that of the shortcut last.
    pub fn convolutions(&mut self) -> impl Iterator<Item = &mut Convolution> {
        self.first.iter_mut().chain([&mut self.last]).chain(&mut self.shortcut).map(Unit::convolution)
    }
}

impl ModuleT for Residual {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        let mut y = x.shallow_clone();
        for unit in &self.first {
            y = unit.forward_t(&y, train);
        }
        let mut y = self.last.linear(&y, train);
        y += match &self.shortcut {
            Some(unit) => unit.linear(x, train),
            None => x.shallow_clone(),
        };
        y.relu_()
    }
}

/// A linear layer whose weights are zero until they are drawn from a seeded stream.
pub(super) fn linear_later() -> nn::LinearConfig {
    nn::LinearConfig { ws_init: nn::Init::Const(0.0), bs_init: Some(nn::Init::Const(0.0)), bias: true }
}

/// As [`linear_later`], without a bias, which batch norm would cancel.
pub(super) fn linear_before_norm() -> nn::LinearConfig {
    nn::LinearConfig { bs_init: None, bias: false, ..linear_later() }
}

/// A convolution whose weights are zero until they are drawn from a seeded stream.
pub(super) fn conv_later() -> nn::ConvConfig {
    nn::ConvConfig { ws_init: nn::Init::Const(0.0), bs_init: nn::Init::Const(0.0), ..Default::default() }
}
