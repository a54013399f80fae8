//! A sampler of your own, without a results folder: `cargo run --release --example own_sampler` (about a minute on a CPU).
//!
//! The loop below is that of `pt4al::trial::run`, for one seed and in memory. To run the sampler from specs, over many seeds
//! and beside the other samplers, add it to the program: CONTRIBUTING.md has the recipe.

use std::path::Path;

use pt4al::pt4al_results::seed::{self, Purpose, Stream};
use pt4al::pt4al_results::spec::{self, InitialSet, Source, Uncertainty};
use pt4al::sampler::{PoolView, Sampler, initial_labels};
use pt4al::train::{Fit, Learner};
use pt4al::trial::{Pool, Pretext, Ties, check_query};
use pt4al::{dataset, device, task};

/// Queries random images from the half of the pool that the task model is least sure of.
struct RandomAmongUncertain;

impl Sampler for RandomAmongUncertain {
    fn query(&self, pool: &dyn PoolView, n: usize, stream: &mut Stream) -> anyhow::Result<Vec<usize>> {
        let scores = pool.uncertainty(Uncertainty::Margin, pool.unlabeled())?;
        let mut images: Vec<(f64, usize)> = scores.into_iter().zip(pool.unlabeled().iter().copied()).collect();
        images.sort_by(|a, b| b.0.total_cmp(&a.0).then(pool.tie_rank(a.1).cmp(&pool.tie_rank(b.1))));
        let half: Vec<usize> = images[..n.max(images.len() / 2)].iter().map(|image| image.1).collect();
        Ok(seed::sample(&half, n, stream))
    }
}

fn main() -> anyhow::Result<()> {
    let sets = ["rounds.count=3", "train.epochs=10"].map(str::to_owned).into();
    let spec = spec::load(&Source { path: "experiments/demo.toml".into(), sets, ..Source::default() })?;
    tch::set_num_threads(spec.threads as i32);
    let device = device::Choice::Auto.resolve()?;
    device::prepare(device, spec.train.precision)?;
    let data = dataset::load(&spec, Path::new("data"), device)?;
    let task = task::task(&spec, &data.classes);
    let learner = Learner::new(&data, task.as_ref(), &spec.train, spec.minibatches());
    let mut network = learner.network(&spec.model)?;
    let test: Vec<usize> = (0..data.test.len()).collect();
    let seed = 0;
    // A sampler that needs pretext batches or features gets them here: `pt4al::pretext::losses` makes both.
    let (pretext, ties) = (Pretext::default(), Ties::new(&data.pool, seed));
    let pool = Pool::before_training(&data, &pretext, &ties);
    let mut stream = seed::stream(seed, Purpose::InitialLabels, &[]);
    let mut labeled = initial_labels(InitialSet::Random, &pool, spec.rounds.initial, &mut stream)?;
    for round in 0..spec.rounds.count {
        network.initialise(seed, Purpose::Weights, round as u64);
        learner.fit(&mut network, Fit { labeled: &labeled, seed, round: round as u64, part: 0 }, &mut |_| Ok(()))?;
        let (metric, value) = &learner.evaluate(&network, data.test.as_ref(), &test)?[0];
        println!("round {round}: {} labels, {metric} {value:.3}", labeled.len());
        if round + 1 < spec.rounds.count {
            let pool = Pool::after_training(&learner, &network, (&pretext, &ties), &labeled, &spec, round + 1);
            let mut stream = seed::stream(seed, Purpose::Query, &[round as u64 + 1]);
            let queried = RandomAmongUncertain.query(&pool, spec.rounds.query, &mut stream)?;
            check_query(&queried, &pool, spec.rounds.query)?;
            labeled.extend(queried);
        }
    }
    Ok(())
}
