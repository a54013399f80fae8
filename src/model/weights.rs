//! All numbers of a network in one buffer: a snapshot is one copy of it, and an optimizer's step a few operations on it.

use std::sync::atomic::{AtomicUsize, Ordering};

use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::layers::Unit;
use pt4al_results::spec::Precision;

/// Every variable begins at a multiple of so many numbers, as memory that libtorch allocates does: kernels read vectors.
const ALIGNMENT: usize = 64;

/// Buffers that this process has made.
static BUFFERS: AtomicUsize = AtomicUsize::new(0);

/// The variables of a network, which are views of one buffer. Those that are trained come first, and among them the filters
/// of convolutions.
#[derive(Debug)]
pub(super) struct Weights {
    id: usize,
    store: VarStore,
    precision: Precision,
    parts: Vec<Part>,
    /// `[numbers]`, of the kind that weights are kept in.
    all: Tensor,
    /// How many of the numbers are trained.
    trained: i64,
    /// How many are filters.
    filters: i64,
    /// bf16 `[filters]`: what convolutions compute with under [`Precision::Bf16`].
    halves: Option<Tensor>,
    /// What losses are differentiated by, in the order of the buffer.
    leaves: Vec<Tensor>,
    /// `[trained]`: the last gradient.
    gradient: Tensor,
}

/// A variable, and where it lies.
#[derive(Debug)]
struct Part {
    name: String,
    start: i64,
    tensor: Tensor,
    /// Zeros for the numbers between it and the next variable, of the kind of its gradient; none where there are none.
    gap: Option<Tensor>,
}

impl Part {
    /// Numbers from its start to that of the next.
    fn room(&self) -> i64 {
        self.tensor.numel().next_multiple_of(ALIGNMENT) as i64
    }

    /// Its part of a buffer, in its shape. Filters are laid out as images are, channels last (tch has no memory format of its
    /// own): the layout decides in which order libtorch sums.
    fn view(&self, buffer: &Tensor) -> Tensor {
        let flat = buffer.narrow(0, self.start, self.tensor.numel() as i64);
        match self.tensor.size()[..] {
            [outputs, inputs, height, width] => {
                flat.view([outputs, height, width, inputs].as_slice()).permute([0, 3, 1, 2])
            }
            ref size => flat.view(size),
        }
    }
}

impl Weights {
    /// Moves the variables of `store` into a buffer. `units` are the network's, whose filters may have a copy in bf16.
    pub fn new(store: VarStore, mut units: Vec<&mut Unit>, precision: Precision) -> Self {
        let kind = match precision {
            Precision::F64 => Kind::Double,
            Precision::F32 | Precision::Tf32 | Precision::Bf16 => Kind::Float,
        };
        let mut variables: Vec<(String, Tensor)> = store.variables().into_iter().collect();
        // Filters in the order of their layers, the rest by name, and what is not trained (batch norm's statistics) last.
        let layer = |tensor: &Tensor| units.iter().position(|unit| unit.filters().data_ptr() == tensor.data_ptr());
        variables.sort_by_cached_key(|(name, tensor)| {
            (!tensor.requires_grad(), layer(tensor).unwrap_or(usize::MAX), name.clone())
        });
        let mut parts: Vec<Part> = Vec::new();
        let (mut trained, mut filters) = (0, 0);
        for (name, tensor) in variables {
            let start = parts.last().map_or(0, |part| part.start + part.room());
            let part = Part { name, start, tensor, gap: None };
            let end = start + part.room();
            if part.tensor.requires_grad() {
                trained = end;
            }
            if layer(&part.tensor).is_some() {
                filters = end;
            }
            parts.push(part);
        }
        let device = store.device();
        let numbers = parts.last().map_or(0, |part| part.start + part.room());
        let all = Tensor::zeros([numbers], (kind, device));
        for part in &mut parts {
            let mut view = part.view(&all);
            tch::no_grad(|| {
                view.copy_(&part.tensor);
                part.tensor.set_data(&view);
            });
        }
        let halves = (precision == Precision::Bf16).then(|| all.narrow(0, 0, filters).to_kind(Kind::BFloat16));
        let mut leaves: Vec<Tensor> =
            parts.iter().filter(|part| part.start < trained).map(|part| part.tensor.shallow_clone()).collect();
        for (at, unit) in units.iter_mut().enumerate() {
            unit.set_halves(halves.as_ref().map(|halves| {
                let half = parts[at].view(halves).detach().set_requires_grad(true);
                leaves[at] = half.shallow_clone();
                half
            }));
        }
        for (part, leaf) in parts.iter_mut().zip(&leaves) {
            let gap = part.room() - part.tensor.numel() as i64;
            part.gap = (gap > 0).then(|| Tensor::zeros([gap], (leaf.kind(), device)));
        }
        let gradient = Tensor::zeros([trained], (kind, device));
        let id = BUFFERS.fetch_add(1, Ordering::Relaxed);
        Self { id, store, precision, parts, all, trained, filters, halves, leaves, gradient }
    }

    /// The same in another precision.
    pub fn in_precision(self, units: Vec<&mut Unit>, precision: Precision) -> Self {
        Self::new(self.store, units, precision)
    }

    /// A number that no other buffer has.
    pub fn id(&self) -> usize {
        self.id
    }

    pub fn store(&self) -> &VarStore {
        &self.store
    }

    pub fn device(&self) -> Device {
        self.all.device()
    }

    /// That of weights, and of what is computed outside convolutions.
    pub fn kind(&self) -> Kind {
        self.all.kind()
    }

    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The variables by their names, in no order that means anything.
    pub fn variables(&self) -> Vec<(String, Tensor)> {
        self.parts.iter().map(|part| (part.name.clone(), part.tensor.shallow_clone())).collect()
    }

    /// The variables as they are on the CPU, after one copy.
    pub fn on_cpu(&self) -> Vec<(String, Tensor)> {
        let all = self.all.detach().to_device(Device::Cpu);
        self.parts.iter().map(|part| (part.name.clone(), part.view(&all))).collect()
    }

    /// The numbers that are trained, `[trained]`: writing to them needs [`Weights::written`] afterwards.
    pub fn trained(&self) -> Tensor {
        self.all.narrow(0, 0, self.trained)
    }

    /// A copy of all numbers.
    pub fn copy(&self) -> Tensor {
        self.all.copy()
    }

    /// Takes the numbers that [`Weights::copy`] gave of the same network.
    pub fn restore(&self, copy: &Tensor) {
        tch::no_grad(|| self.all.shallow_clone().copy_(copy));
        self.written();
    }

    /// Brings the bf16 copy of the filters up to date, after numbers were written to.
    pub fn written(&self) {
        // A guard: where libtorch panics, gradients are on again.
        let _off = tch::no_grad_guard();
        if let Some(halves) = &self.halves {
            halves.shallow_clone().copy_(&self.all.narrow(0, 0, self.filters));
        }
    }

    /// The gradient of a scalar by all trained numbers, `[trained]`. It is overwritten by the next one.
    pub fn gradient(&self, loss: &Tensor) -> &Tensor {
        let gradients = Tensor::run_backward(&[loss], &self.leaves, false, false);
        let mut pieces = Vec::with_capacity(2 * self.leaves.len());
        let mut first_of_rest = 0;
        for (part, gradient) in self.parts.iter().zip(gradients) {
            pieces.push(if gradient.dim() == 4 {
                gradient.permute([0, 2, 3, 1]).reshape([-1])
            } else {
                gradient.reshape([-1])
            });
            pieces.extend(part.gap.as_ref().map(Tensor::shallow_clone));
            if part.start < self.filters {
                first_of_rest = pieces.len();
            }
        }
        match &self.halves {
            None => _ = Tensor::cat_out(&self.gradient, &pieces, 0),
            Some(_) => {
                let (filters, rest) = pieces.split_at(first_of_rest);
                self.gradient.narrow(0, 0, self.filters).copy_(&Tensor::cat(filters, 0));
                _ = Tensor::cat_out(&self.gradient.narrow(0, self.filters, self.trained - self.filters), rest, 0);
            }
        }
        &self.gradient
    }
}
