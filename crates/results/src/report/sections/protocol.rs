//! What ran: the protocol in a few lines, and the commands.

use crate::report::findings::Findings;
use crate::report::page::{Block, Section, link};
use crate::report::words::arm::Images;
use crate::report::words::drawn;
use crate::report::words::metric::select_in_words;
use crate::report::words::origin::{commands as commands_of, origin};
use crate::report::words::protocol::{identity, imbalance, name, network, pretext};
use crate::report::words::sampler::commands as commands_in_words;
use crate::report::words::switches::switches;
use crate::report::words::training::training;
use crate::spec::{EvaluationImages, Spec};
use crate::words::{code, counted, thousands};

/// A few lines; the resolved spec has every key.
pub(super) fn section(findings: &Findings) -> Section {
    Section::new("Protocol", vec![Block::list(lines(findings))])
}

/// The commands that made the results; empty without a manifest.
pub(super) fn commands(findings: &Findings) -> Section {
    Section::new("Command", findings.manifest().map(commands_of).into_iter().collect())
}

fn lines(findings: &Findings) -> Vec<String> {
    let spec = findings.spec();
    let seeds: Vec<String> = spec.seeds.iter().map(u64::to_string).collect();
    let (rounds, train) = (&spec.rounds, &spec.train);
    let file = link("spec.toml", &format!("{}spec.toml", findings.files));
    let mut lines = vec![
        format!("{}; every key is in {file}.", identity(spec)),
        format!("Seeds: {}.", seeds.join(", ")),
        format!(
            "Rounds: {}, with {} labels in the first and {} more in each later round.",
            rounds.count,
            thousands(rounds.initial),
            thousands(rounds.query)
        ),
        format!(
            "Task model: {}, {}, {} weights, {}, minibatch {}; queried with: {}.",
            network(spec),
            code(&name(&train.precision)),
            name(&train.start),
            counted(train.epochs, "epoch"),
            train.minibatch,
            select_in_words(train.select.query.name(), own_images(spec))
        ),
    ];
    lines.extend(spec.pretext.as_ref().filter(|_| spec.needs_pretext()).map(pretext));
    lines.extend(training(spec));
    let pool = findings.manifest().map(|manifest| manifest.data.pool).or(spec.dataset.pool());
    lines.extend(pool.map(|pool| drawn::batches(spec, pool)).unwrap_or_default());
    lines.extend(commands_in_words(spec));
    lines.extend(switches(spec));
    lines.extend(spec.imbalance.as_ref().map(imbalance));
    lines.extend(drawn::shared(spec));
    lines.extend(origin(findings.manifest()));
    lines.extend(findings.cost.in_words());
    lines
}

/// The images that models are evaluated on under the experiment's own protocol, its variants left out.
fn own_images(spec: &Spec) -> Images {
    match spec.train.select.images {
        EvaluationImages::Test => Images::Test,
        EvaluationImages::Train => Images::Train,
    }
}
