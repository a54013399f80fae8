//! The page of a results folder.

use anyhow::Result;
use serde::Serialize;

use super::Findings;
use super::arm::Images;
use super::metric::select_in_words;
use super::page::{Figure, Page, Section};
use super::switches::switches;
use crate::spec::{EvaluationImages, Imbalance, LossSource, PretextSpec, Spec, Stem};
use crate::store::{Manifest, Session};
use crate::words::{code, counted, duration, thousands};

/// The pictures that a page may have beside its curves. One that is not made any more is of records that are gone.
pub(super) const FIGURES: [&str; 5] = ["penalties.svg", "classes.svg", "overlap.svg", "thumbnails.svg", "losses.svg"];

/// What was claimed and what came out, what ran, and on what.
///
/// # Errors
/// If a file that a section reads is damaged, or a picture cannot be drawn; one line.
pub(super) fn page(findings: &Findings, tables: &str, curves: Vec<Figure>) -> Result<Page> {
    Ok(Page {
        title: findings.spec().title.clone(),
        sections: vec![
            super::verdict::section(findings),
            learning_curves(curves),
            results(findings, tables),
            super::reference::section(findings),
            super::against::section(findings)?,
            super::efficiency::section(findings),
            super::queried::section(findings)?,
            super::losses::section(findings)?,
            super::time::section(findings),
            Section::of("Protocol", protocol(findings).iter().map(|line| format!("- {line}\n")).collect()),
            Section::of("Command", findings.manifest().map(commands).unwrap_or_default()),
        ],
    })
}

/// What a reader of the pictures of curves must know.
pub(super) const OF_STATIC_CURVES: &str = "\
Bars are 95 % intervals of the mean. They, and single published numbers, stand a few pixels aside of their number of \
labels, so that they do not hide each other. A bar without a cap goes on beyond the picture.
";

fn learning_curves(curves: Vec<Figure>) -> Section {
    let mut section = Section::of("Learning curves", String::new());
    let any = !curves.is_empty();
    curves.into_iter().for_each(|curve| section.push(curve));
    if any {
        section.text += &format!("\n{OF_STATIC_CURVES}");
    }
    section
}

fn results(findings: &Findings, tables: &str) -> Section {
    let mut text = tables.to_owned();
    if let Some(classes) = super::table::classes(findings) {
        text += &format!("\n{classes}");
    }
    text += "\nEvery number, in full precision: [summary.csv](summary.csv).";
    if !findings.comparisons.is_empty() {
        text += " Arms against each other: [comparisons.csv](comparisons.csv).";
    }
    text += &format!(" Each trial's: [records.csv]({}records.csv).\n", findings.files);
    Section::of("Results", text)
}

/// A few lines; the resolved spec has all of it.
fn protocol(findings: &Findings) -> Vec<String> {
    let spec = findings.spec();
    let seeds: Vec<String> = spec.seeds.iter().map(u64::to_string).collect();
    let (rounds, train) = (&spec.rounds, &spec.train);
    let mut lines = vec![
        format!("{}, all of it in [spec.toml]({}spec.toml).", identity(spec), findings.files),
        format!("Seeds: {}.", seeds.join(", ")),
        format!(
            "Rounds: {} of {} labels at first and {} more each.",
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
            select_in_words(train.select.query.name(), images(spec))
        ),
    ];
    lines.extend(spec.pretext.as_ref().filter(|_| spec.needs_pretext()).map(pretext));
    let pool = findings.manifest().map(|manifest| manifest.data.pool).or(spec.dataset.pool());
    lines.extend(pool.map(|pool| super::drawn::batches(spec, pool)).unwrap_or_default());
    lines.extend(switches(spec));
    lines.extend(spec.imbalance.as_ref().map(imbalance));
    lines.extend(super::drawn::shared(spec));
    lines.extend(origin(findings.manifest()));
    lines.extend(findings.cost.in_words());
    lines
}

/// Experiment, profile and protocol.
pub(super) fn identity(spec: &Spec) -> String {
    let (experiment, profile) = spec.identity();
    let profile = if profile.is_empty() { String::new() } else { format!(", profile {}", code(profile)) };
    format!("Experiment {}{profile}; protocol `{}`", code(experiment), spec.hash())
}

/// The network and what it sees.
pub(super) fn network(spec: &Spec) -> String {
    let [height, width] = spec.trained_size();
    let stem = if spec.model.stem == Stem::Large { " with the 7x7 stem" } else { "" };
    format!("{}{stem} of width {} on images of {height} x {width} pixels", name(&spec.model.arch), spec.model.width)
}

/// Where the pretext losses are from.
pub(super) fn pretext(pretext: &PretextSpec) -> String {
    match &pretext.losses {
        LossSource::Learner(learner) => format!(
            "Pretext task: {}, {}, {}, minibatch {}.",
            name(&learner.task),
            code(&name(&learner.precision)),
            counted(learner.epochs, "epoch"),
            learner.minibatch
        ),
        LossSource::File(losses) => {
            format!("Pretext losses: the file {} (SHA-256 {}).", losses.file.display(), losses.sha256)
        }
    }
}

/// Those of the experiment's own protocol.
fn images(spec: &Spec) -> Images {
    match spec.train.select.images {
        EvaluationImages::Test => Images::Test,
        EvaluationImages::Train => Images::Train,
    }
}

pub(super) fn imbalance(imbalance: &Imbalance) -> String {
    match imbalance {
        Imbalance::LongTail(tail) => format!("Imbalance: long tail with ratio {}.", tail.ratio),
        Imbalance::Step(step) => {
            format!("Imbalance: {} of the classes cut to a part of {}.", step.classes, 1.0 / step.ratio)
        }
        Imbalance::Linear(linear) => format!("Imbalance: class k keeps {} (k + 1) images.", linear.step),
    }
}

/// The commands that made the results, each once, as a block.
pub(super) fn commands(manifest: &Manifest) -> String {
    let mut commands: Vec<&str> = Vec::new();
    for session in &manifest.sessions {
        if !commands.contains(&session.command.as_str()) {
            commands.push(&session.command);
        }
    }
    // A line break is inside quotes, and part of what is pasted.
    let shown = |c: &str| c.replace(|c: char| c.is_control() && c != '\n', " ") + "\n";
    let commands: String = commands.into_iter().map(shown).collect();
    // Longer than any that is in a command.
    let longest = commands.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}sh\n{commands}{fence}\n")
}

/// Where, when and on which data it ran.
pub(super) fn origin(manifest: Option<&Manifest>) -> Vec<String> {
    let Some(manifest) = manifest else {
        return vec!["No manifest.json: where and on which data this ran is not known.".into()];
    };
    let data = &manifest.data;
    let each = |value: fn(&Session) -> String| manifest.each(value).into_iter().collect::<Vec<_>>().join(", ");
    let note = data.note.trim().trim_end_matches('.');
    let note = if note.is_empty() { String::new() } else { format!(" {note}.") };
    let mut lines = vec![format!(
        "Data: {}, pool of {} images, {} test images, fingerprint `{}`.{note}",
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
        lines.extend(manifest.sessions.iter().filter_map(took));
        lines.push(format!(
            "Device: {}; processor: {}; host: {}.",
            each(|s| s.device.clone()),
            each(|s| s.cpu.clone()),
            each(|s| s.host.clone())
        ));
        lines.push(format!(
            "Threads of a process on the CPU: {}. Values on a CPU repeat bit for bit only on the same processor type with the \
             same number of threads.",
            each(|s| s.threads.to_string())
        ));
        lines.push(format!("Program: {}; libtorch {}.", each(Session::program), each(|s| s.libtorch.clone())));
    }
    lines
}

/// What a session was to take, and what it took; `None` where either is not known.
fn took(session: &Session) -> Option<String> {
    let (estimate, seconds) = (session.estimate?, session.seconds()?);
    let how = if estimate.measured { "as measured just before it" } else { "by the amount of work" };
    Some(format!(
        "The session of {} was to take {}, {how}. It took {}.",
        session.started,
        estimate.in_words(),
        duration(seconds)
    ))
}

/// The name that the spec has for a value of a closed set, without its options.
pub(super) fn name(value: &impl Serialize) -> String {
    let name = match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Some(name),
        Ok(serde_json::Value::Object(options)) => options.keys().next().cloned(),
        _ => None,
    };
    name.unwrap_or_else(|| "another".into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{manifest, spec};
    use super::*;
    use crate::store::Estimate;

    /// It ran for an hour.
    #[test]
    fn what_a_session_was_to_take_stands_beside_what_it_took() {
        let mut session = manifest(&spec()).sessions.remove(0);
        assert_eq!(took(&session), None);
        let mut said = |seconds, measured| {
            session.estimate = Some(Estimate { seconds, measured });
            took(&session).unwrap()
        };
        let of = "The session of 2026-01-02T03:04:05Z was to take";
        assert_eq!(said(3000.0, true), format!("{of} about 50 min, as measured just before it. It took 60 min."));
        assert_eq!(said(7200.0, false), format!("{of} at most 2.0 h, by the amount of work. It took 60 min."));
        session.finished.clear();
        assert_eq!(took(&session), None);
    }
}
