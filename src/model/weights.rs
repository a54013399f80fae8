//! All numbers of a network in one buffer: a snapshot is one copy, and an optimizer's step is a few operations.

use std::sync::atomic::{AtomicUsize, Ordering};

use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::layers::Convolution;
use pt4al_results::spec::Precision;

/// Every variable starts at a multiple of this many numbers, as memory that libtorch allocates does: kernels read vectors.
const ALIGNMENT: usize = 64;

/// The number of buffers that this process has made.
static BUFFERS: AtomicUsize = AtomicUsize::new(0);

/// The variables of a network, as views of one buffer. Trained variables come first, and the filters of convolutions come
/// first among them.
#[derive(Debug)]
pub(super) struct Weights {
    id: usize,
    store: VarStore,
    precision: Precision,
    parts: Vec<Part>,
    /// The buffer, `[numbers]`, of the kind of the weights.
    all: Tensor,
    /// The number of trained numbers, padding included.
    trained: i64,
    /// The number of those that are filters, padding included.
    filters: i64,
    /// bf16 `[filters]`: the copy that convolutions compute with under [`Precision::Bf16`].
    halves: Option<Tensor>,
    /// The tensors with respect to which losses are differentiated, in the order of the buffer.
    leaves: Vec<Tensor>,
    /// The last gradient, `[trained]`.
    gradient: Tensor,
}

/// A variable and its place in the buffer.
#[derive(Debug)]
struct Part {
    name: String,
    start: i64,
    tensor: Tensor,
    /// Zeros for the padding after the variable, of the kind of its gradient; `None` if there is no padding.
    gap: Option<Tensor>,
}

impl Part {
    /// The number of numbers from the start of this part to the start of the next.
    fn room(&self) -> i64 {
        self.tensor.numel().next_multiple_of(ALIGNMENT) as i64
    }

    /// Returns this part of a buffer in the shape of the variable. Filters are channels last in memory, as images are (tch has
    /// no memory formats): the layout decides in which order libtorch sums.
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
    /// Moves the variables of `store` into a buffer. In bf16 the `convolutions` of the network get a copy
    /// of their filters.
    pub fn new(store: VarStore, mut convolutions: Vec<&mut Convolution>, precision: Precision) -> Self {
        let kind = match precision {
            Precision::F64 => Kind::Double,
            Precision::F32 | Precision::Tf32 | Precision::Bf16 => Kind::Float,
        };
        let mut variables: Vec<(String, Tensor)> = store.variables().into_iter().collect();
        // Filters in the order of their layers, then the other trained variables by name, then batch norm's statistics.
        let layer = |tensor: &Tensor| convolutions.iter().position(|one| one.filters().data_ptr() == tensor.data_ptr());
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
        for (at, convolution) in convolutions.iter_mut().enumerate() {
            convolution.set_halves(halves.as_ref().map(|halves| {
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

    /// Returns the weights in another precision.
    pub fn in_precision(self, convolutions: Vec<&mut Convolution>, precision: Precision) -> Self {
        Self::new(self.store, convolutions, precision)
    }

    /// Returns a number that no other buffer of this process has.
    pub fn id(&self) -> usize {
        self.id
    }

    /// Returns the variables by name.
    pub fn store(&self) -> &VarStore {
        &self.store
    }

    /// Returns the device of the buffer.
    pub fn device(&self) -> Device {
        self.all.device()
    }

    /// Returns the kind of the weights, and of all computation outside convolutions.
    pub fn kind(&self) -> Kind {
        self.all.kind()
    }

    /// Returns the precision of the network.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Returns names and variables, in an order without meaning.
    pub fn variables(&self) -> Vec<(String, Tensor)> {
        self.parts.iter().map(|part| (part.name.clone(), part.tensor.shallow_clone())).collect()
    }

    /// Returns names and variables, copied to the CPU at once.
    pub fn on_cpu(&self) -> Vec<(String, Tensor)> {
        let all = self.all.detach().to_device(Device::Cpu);
        self.parts.iter().map(|part| (part.name.clone(), part.view(&all))).collect()
    }

    /// Returns a view of the trained numbers, `[trained]`. Call [`Weights::written`] after writing to it.
    pub fn trained(&self) -> Tensor {
        self.all.narrow(0, 0, self.trained)
    }

    /// Returns 16 hexadecimal digits that stand for the kind of the numbers and for the names, the shapes and the places of all
    /// variables in the buffer. The numbers of a buffer fit another one if these digits are equal.
    pub fn layout(&self) -> String {
        let places = self.parts.iter().map(|part| (&part.name, part.tensor.size(), part.start));
        pt4al_results::spec::short_hash(&(format!("{:?}", self.kind()), self.trained, places.collect::<Vec<_>>()))
    }

    /// Whether numbers have the size and the kind of a [`Weights::copy`].
    pub fn fits(&self, numbers: &Tensor) -> bool {
        numbers.size() == self.all.size() && numbers.kind() == self.kind()
    }

    /// Copies all numbers.
    pub fn copy(&self) -> Tensor {
        self.all.copy()
    }

    /// Sets all numbers to those of a [`Weights::copy`] of the same network.
    pub fn restore(&self, copy: &Tensor) {
        tch::no_grad(|| self.all.shallow_clone().copy_(copy));
        self.written();
    }

    /// Updates the bf16 copy of the filters. Call it after writing to the numbers.
    pub fn written(&self) {
        // A guard, so that gradients are switched on again if libtorch panics.
        let _off = tch::no_grad_guard();
        if let Some(halves) = &self.halves {
            halves.shallow_clone().copy_(&self.all.narrow(0, 0, self.filters));
        }
    }

    /// Returns the gradient of a scalar with respect to all trained numbers, `[trained]`. The next call overwrites it.
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
