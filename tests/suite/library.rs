//! The library as `examples/own_sampler.rs` uses it.

use std::path::Path;

use pt4al::sampler::{initial_labels, sampler};
use pt4al::train::{Fit, Learner};
use pt4al::trial::{Pool, Pretext, Ties, check_query};
use pt4al::{dataset, task};
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::{self, InitialSet, SamplerSpec, Source};
use pt4al_results::store::{Queries, Records};
use tch::Device;

use crate::support::{TINY, Workplace, in_double_precision};

/// Runs the loop of the example. Returns the query of each round and the first metric after it.
fn loop_of_the_example(path: &Path, of: &SamplerSpec, seed: u64) -> (Vec<Vec<usize>>, Vec<f64>) {
    let spec = spec::load(&Source { path: path.to_owned(), ..Source::default() }).unwrap();
    let data = dataset::load(&spec, Path::new("/nowhere"), Device::Cpu).unwrap();
    let task = task::task(&spec, &data.classes);
    let learner = Learner::new(&data, task.as_ref(), &spec.train, spec.minibatches());
    let mut network = learner.network(&spec.model).unwrap();
    let test: Vec<usize> = (0..data.test.len()).collect();
    let (pretext, ties) = (Pretext::default(), Ties::new(&data.pool, seed));
    let mut stream = seed::stream(seed, Purpose::InitialLabels, &[]);
    let pool = Pool::before_training(&data, &pretext, &ties);
    let mut queries = vec![initial_labels(InitialSet::Random, &pool, spec.rounds.initial, &mut stream).unwrap()];
    let mut values = Vec::new();
    for round in 0..spec.rounds.count {
        let labeled = queries.concat();
        network.initialise(seed, Purpose::Weights, round as u64);
        let fit = Fit { labeled: &labeled, seed, round: round as u64, part: 0 };
        learner.fit(&mut network, fit, &mut |_| Ok(())).unwrap();
        values.push(learner.evaluate(&network, data.test.as_ref(), &test).unwrap()[0].1);
        if round + 1 < spec.rounds.count {
            let pool = Pool::after_training(&learner, &network, (&pretext, &ties), &labeled, &spec, round + 1);
            let mut stream = seed::stream(seed, Purpose::Query, &[round as u64 + 1]);
            let queried = sampler(of, Path::new("/nowhere")).query(&pool, spec.rounds.query, &mut stream).unwrap();
            check_query(&queried, &pool, spec.rounds.query).unwrap();
            assert!(check_query(&queried[1..], &pool, spec.rounds.query).is_err());
            assert!(check_query(&labeled[..spec.rounds.query], &pool, spec.rounds.query).is_err());
            queries.push(queried);
        }
    }
    (queries, values)
}

#[test]
fn the_loop_of_the_example_gives_what_a_trial_gives() {
    let place = Workplace::with(&in_double_precision(TINY));
    place.succeeds("run tiny.toml --device cpu --only ^(entropy|core-set)-seed1");
    let folder = place.path("results/tiny");
    let rows = Records::read(&folder.join("records.csv")).unwrap().rows;
    tch::set_num_threads(1);
    for of in [SamplerSpec::Entropy, SamplerSpec::CoreSet] {
        let name = of.label();
        let (queries, values) = loop_of_the_example(&place.path("tiny.toml"), &of, 1);
        assert_eq!(Queries::read(&folder.join(format!("queries/{name}-seed1.csv"))).unwrap().rounds, queries, "{name}");
        let recorded = rows.iter().filter(|row| row.sampler == name && row.metric == "accuracy");
        assert_eq!(recorded.map(|row| row.value.unwrap()).collect::<Vec<_>>(), values, "{name}");
    }
}
