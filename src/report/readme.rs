//! The page of a results folder.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Findings;
use super::arm::Images;
use super::metric::{select_in_words, thousands};
use super::switches::switches;
use crate::spec::{EvaluationImages, Imbalance, LossSource, Spec, Stem};
use crate::store::{Manifest, Session};

/// `README.md`: what ran, on what, and what came out.
///
/// `curves` are the labels and files of the pictures.
pub(super) fn readme(findings: &Findings, tables: &str, curves: &[(String, String)]) -> String {
    let mut page = format!("# {}\n\n", findings.spec.title.replace(['\n', '\r'], " "));
    for line in protocol(findings) {
        page += &format!("- {line}\n");
    }
    if let Some(manifest) = &findings.manifest {
        let mut commands: Vec<&str> = Vec::new();
        for session in &manifest.sessions {
            if !commands.contains(&session.command.as_str()) {
                commands.push(&session.command);
            }
        }
        let commands: String = commands.into_iter().map(|c| format!("{c}\n")).collect();
        page += &format!("\n```sh\n{commands}```\n");
    }
    page += &format!("\n## Results\n\n{tables}");
    for (label, file) in curves {
        page += &format!("\n![Learning curves: {label}]({file})\n");
    }
    if !curves.is_empty() {
        page += "\nBars are 95 % intervals of the mean. They, and single published numbers, stand a few pixels aside of their number of \
                 labels, so that they do not hide each other. A bar without a cap goes on beyond the picture.\n";
    }
    if let Some(classes) = super::table::classes(findings) {
        page += &format!("\n{classes}");
    }
    page += "\nEvery number, in full precision: [summary.csv](summary.csv).";
    if !findings.differences.is_empty() {
        page += " Differences of variants: [differences.csv](differences.csv).";
    }
    page += " Each trial's: [records.csv](records.csv).\n";
    page
}

/// A few lines; the resolved spec has all of it.
fn protocol(findings: &Findings) -> Vec<String> {
    let spec = &findings.spec;
    let (experiment, profile) = spec.identity();
    let profile = if profile.is_empty() { String::new() } else { format!(", profile `{profile}`") };
    let seeds: Vec<String> = spec.seeds.iter().map(u64::to_string).collect();
    let (rounds, train) = (&spec.rounds, &spec.train);
    let mut lines = vec![
        format!("Experiment `{experiment}`{profile}; protocol `{}`, all of it in [spec.toml](spec.toml).", spec.hash()),
        format!("Seeds: {}.", seeds.join(", ")),
        format!(
            "Rounds: {} of {} labels at first and {} more each.",
            rounds.count,
            thousands(rounds.initial),
            thousands(rounds.query)
        ),
        format!(
            "Task model: {}{} of width {} on images of {} x {}, {} weights, {} epochs, minibatch {}; queried with: {}.",
            name(&spec.model.arch),
            if spec.model.stem == Stem::Large { " with the 7x7 stem" } else { "" },
            spec.model.width,
            spec.trained_size()[0],
            spec.trained_size()[1],
            name(&train.start),
            train.epochs,
            train.minibatch,
            select_in_words(train.select.query.name(), images(spec))
        ),
    ];
    if let Some(pretext) = spec.pretext.as_ref().filter(|_| spec.needs_pretext()) {
        lines.push(match &pretext.losses {
            LossSource::Learner(learner) => format!(
                "Pretext task: {}, {} epochs, minibatch {}.",
                name(&learner.task),
                learner.epochs,
                learner.minibatch
            ),
            LossSource::File(losses) => {
                format!("Pretext losses: the file {} (SHA-256 {}).", losses.file.display(), losses.sha256)
            }
        });
    }
    lines.extend(switches(spec));
    lines.extend(spec.imbalance.as_ref().map(imbalance));
    match &findings.manifest {
        Some(manifest) => lines.extend(origin(manifest)),
        None => lines.push("No manifest.json: where and on which data this ran is not known.".into()),
    }
    lines.extend(findings.cost.in_words());
    lines
}

/// Those of the experiment's own protocol.
fn images(spec: &Spec) -> Images {
    match spec.train.select.images {
        EvaluationImages::Test => Images::Test,
        EvaluationImages::Train => Images::Train,
    }
}

fn imbalance(imbalance: &Imbalance) -> String {
    match imbalance {
        Imbalance::LongTail(tail) => format!("Imbalance: long tail with ratio {}.", tail.ratio),
        Imbalance::Step(step) => {
            format!("Imbalance: {} of the classes cut to a part of {}.", step.classes, 1.0 / step.ratio)
        }
        Imbalance::Linear(linear) => format!("Imbalance: class k keeps {} (k + 1) images.", linear.step),
    }
}

fn origin(manifest: &Manifest) -> Vec<String> {
    let data = &manifest.data;
    let each = |value: fn(&Session) -> String| {
        let values: BTreeSet<String> = manifest.sessions.iter().map(value).filter(|v| !v.is_empty()).collect();
        values.into_iter().collect::<Vec<_>>().join(", ")
    };
    let note = data.note.trim().trim_end_matches('.');
    let note = if note.is_empty() { String::new() } else { format!(" {note}.") };
    let mut lines = vec![format!(
        "Data: {}, pool of {}, {} test images, fingerprint `{}`.{note}",
        data.name,
        thousands(data.pool),
        thousands(data.test),
        data.fingerprint
    )];
    if let (Some(first), Some(last)) = (manifest.sessions.first(), manifest.sessions.last()) {
        let finished = match last.finished.as_str() {
            "" => "an end that is not recorded (it still runs, or was killed)",
            finished => finished,
        };
        let sessions = match manifest.sessions.len() {
            1 => String::new(),
            n => format!(", in {n} sessions"),
        };
        lines.push(format!("Ran from {} to {finished}{sessions}.", first.started));
        lines.push(format!("Device: {}; processor: {}; host: {}.", each(device), each(cpu), each(host)));
        lines.push(format!("Program: {}; libtorch {}.", each(program), each(libtorch)));
    }
    lines
}

fn device(session: &Session) -> String {
    session.device.clone()
}

fn cpu(session: &Session) -> String {
    session.cpu.clone()
}

fn host(session: &Session) -> String {
    session.host.clone()
}

fn libtorch(session: &Session) -> String {
    session.libtorch.clone()
}

fn program(session: &Session) -> String {
    let revision = match (session.revision.as_str(), session.dirty) {
        ("", _) => String::new(),
        (revision, false) => format!(" at {revision}"),
        (revision, true) => format!(" at {revision} with local changes"),
    };
    format!("pt4al {}{revision}", session.pt4al)
}

/// The name that the spec has for a value of a closed set, without its options.
fn name(value: &impl Serialize) -> String {
    let name = match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Some(name),
        Ok(serde_json::Value::Object(options)) => options.keys().next().cloned(),
        _ => None,
    };
    name.unwrap_or_else(|| "another".into())
}
