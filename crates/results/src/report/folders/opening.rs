//! What the page of a comparison opens on: which differences were found, where the specs differ, and the warnings.

use std::collections::BTreeSet;

use super::Compared;
use super::test::{FolderComparison, Test};
use crate::findings::{What, p_in_words};
use crate::report::findings::Findings;
use crate::report::page::{Badge, Block, Number, Sentence, Text};
use crate::report::sections::opening::comparisons_in_words;
use crate::report::words::arm::Images;
use crate::report::words::badge::Facts;
use crate::report::words::capitalised;
use crate::report::words::change::{Change, changes, in_words};
use crate::spec::Spec;
use crate::words::{code, counted, listed, thousands};

/// The most significant differences that have a sentence each.
const MOST_SENTENCES: usize = 4;
/// The most differences that fold out of a sentence.
const MOST_DETAILS: usize = 12;
/// The most keys that a sentence names.
const MOST_KEYS: usize = 4;

/// `A against B`; `A against B and C`.
pub(super) fn title(compared: &Compared) -> String {
    let (first, others) = compared.names.split_first().expect("two folders are compared");
    format!("{first} against {}", listed(others))
}

/// What all folders share, and in which facts they differ.
pub(super) fn badge(compared: &Compared) -> Badge {
    Facts::shared(&compared.findings.iter().map(Findings::facts).collect::<Vec<_>>())
}

/// What was found, where the specs differ, and what a reader must know before trusting the numbers.
pub(super) fn lead(compared: &Compared, found: &[FolderComparison]) -> Vec<Block> {
    let mut sentences = differences(compared, found);
    sentences.push(specs(compared));
    let mut blocks = vec![Block::Sentences(sentences)];
    blocks.extend(warnings(compared).into_iter().map(Block::warning));
    blocks
}

/// The significant differences, largest first: of the areas, or of the last rounds where two folders have no area in
/// common.
fn differences(compared: &Compared, found: &[FolderComparison]) -> Vec<Sentence> {
    let pair = |c: &FolderComparison| (c.arm.clone(), c.results.clone(), c.versus.clone());
    let with_area: BTreeSet<_> = found.iter().filter(|c| c.what == What::Area).map(pair).collect();
    let is_shown = |c: &&FolderComparison| c.what == What::Area || !with_area.contains(&pair(c));
    let all: Vec<&FolderComparison> = found.iter().filter(is_shown).collect();
    if all.is_empty() {
        return vec![Sentence::new("No arm is in two folders at a common number of labels.", Vec::new())];
    }
    let mut tested: Vec<&FolderComparison> = all.iter().filter(|c| c.p.is_some()).copied().collect();
    if tested.is_empty() {
        let sentence = format!("{}no difference could be tested: too few trials, or no spread.", common_place(&all));
        return vec![Sentence::new(capitalised(&sentence), details(compared, &all))];
    }
    tested.sort_by(|a, b| b.mean.abs().total_cmp(&a.mean.abs()));
    let (significant, others): (Vec<&FolderComparison>, Vec<&FolderComparison>) =
        tested.iter().partition(|c| c.is_significant());
    let (shown, more) = significant.split_at(significant.len().min(MOST_SENTENCES));
    let sentence = |c: &&FolderComparison| format!("{}, {}.", place(c), in_a_sentence(compared, c));
    let mut sentences: Vec<Sentence> = shown.iter().map(|c| Sentence::new(sentence(c), Vec::new())).collect();
    if !more.is_empty() {
        let noun = if more.len() == 1 { "difference is" } else { "differences are" };
        let sentence = format!("{}{} more {noun} significant.", common_place(more), more.len());
        sentences.push(Sentence::new(capitalised(&sentence), details(compared, more)));
    }
    if !others.is_empty() {
        let other = if significant.is_empty() { "" } else { "other " };
        let sentence = format!("{}no {other}difference is significant ({}).", common_place(&others), family(&others));
        sentences.push(Sentence::new(capitalised(&sentence), details(compared, &others)));
    }
    sentences
}

/// `Over the whole curve, ` if all comparisons are of one place; else nothing.
fn common_place(comparisons: &[&FolderComparison]) -> String {
    let first = place(comparisons[0]);
    if comparisons.iter().all(|c| place(c) == first) { format!("{first}, ") } else { String::new() }
}

/// `4 comparisons, 3 pairs each at most`; only their number if not all are paired.
fn family(comparisons: &[&FolderComparison]) -> String {
    match comparisons.iter().map(|c| c.n).max() {
        Some(most) if comparisons.iter().all(|c| c.test == Test::Paired) => {
            comparisons_in_words(comparisons.len(), most)
        }
        _ => counted(comparisons.len(), "comparison"),
    }
}

fn place(c: &FolderComparison) -> String {
    match c.labeled {
        None => "Over the whole curve".into(),
        Some(labeled) => format!("With {} labels", thousands(labeled)),
    }
}

/// `random is 11.0 ± 2.5 points higher in B than in A (3 pairs, corrected p = 0.005)`.
fn in_a_sentence(compared: &Compared, c: &FolderComparison) -> String {
    let factor = compared.metric.factor;
    let half = c.half_width().map(|half| half * factor);
    let points = Number { unit: Some("points"), ..Number::mean(c.mean.abs() * factor, half) };
    let [results, versus] = [&c.results, &c.versus].map(|folder| compared.named(folder, &c.arm));
    let how_sure = n_in_words(c) + &c.p_holm.map(|p| format!(", corrected {}", p_in_words(p))).unwrap_or_default();
    let arm = &c.arm;
    let direction = match c.mean * factor {
        // It is shown as 0.0.
        mean if mean.abs() < 0.05 => "lower or higher",
        mean if mean < 0.0 => "lower",
        _ => "higher",
    };
    format!("{arm} is {points} {direction} in {results} than in {versus} ({how_sure})")
}

/// A line for each difference, as many as a reader will look at.
fn details(compared: &Compared, comparisons: &[&FolderComparison]) -> Vec<Text> {
    let has_common_place = !common_place(comparisons).is_empty();
    let line = |c: &&FolderComparison| match has_common_place {
        true => format!("{}.", in_a_sentence(compared, c)).into(),
        false => format!("{}, {}.", place(c), in_a_sentence(compared, c)).into(),
    };
    let mut lines: Vec<Text> = comparisons.iter().take(MOST_DETAILS).map(line).collect();
    if comparisons.len() > MOST_DETAILS {
        lines
            .push(format!("The other {} are in the section \"Differences\".", comparisons.len() - MOST_DETAILS).into());
    }
    lines
}

/// `3 pairs`, or `3 and 5 trials`.
fn n_in_words(c: &FolderComparison) -> String {
    match c.test {
        Test::Paired => counted(c.n, "pair"),
        Test::Welch => format!("{} and {}", c.n, counted(c.versus_n, "trial")),
    }
}

/// The keys that decide values and differ from the first folder's spec, in which the values fold out.
fn specs(compared: &Compared) -> Sentence {
    let protocol = |spec: &Spec| Spec {
        title: String::new(),
        expect: Vec::new(),
        check: None,
        checkpoint_minutes: Spec::CHECKPOINT_MINUTES,
        ..spec.clone()
    };
    let base = protocol(compared.findings[0].spec());
    let differing = |(name, findings)| (name, changes(&base, &protocol(Findings::spec(findings))));
    let all: Vec<(&str, Vec<Change>)> = compared.each().skip(1).map(differing).collect();
    let keys: BTreeSet<&str> = all.iter().flat_map(|(_, changes)| changes).map(|change| change.key.as_str()).collect();
    if keys.is_empty() {
        return Sentence::new("The specs do not differ in any key that decides values.", Vec::new());
    }
    let line = |(name, changes): &(&str, Vec<Change>)| {
        format!("{} -> {name}: {}.", compared.names[0], in_words(changes, "nothing")).into()
    };
    let named: Vec<String> = keys.iter().map(|key| code(key)).collect();
    let named = if keys.len() > MOST_KEYS { String::new() } else { format!(": {}", listed(&named)) };
    let sentence = format!("The specs differ in {}{named}.", counted(keys.len(), "key"));
    Sentence::new(sentence, all.iter().map(line).collect())
}

/// What a reader must know of each folder, and of all of them together.
fn warnings(compared: &Compared) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if compared.images() == Images::Mixed {
        found.push(
            "some values are of TRAIN images, whose labels were trained on, and others of test images: their \
             differences say nothing about samplers."
                .into(),
        );
    }
    let data = |findings: &Findings| findings.manifest().map(|m| m.data.fingerprint.clone());
    if compared.findings.windows(2).any(|pair| data(&pair[0]) != data(&pair[1])) {
        found.push("these results are not all from the same data (the fingerprints in their manifests differ).".into());
    }
    // Folders of one machine or of one data set have much in common.
    let mut of_folders: Vec<(String, Vec<String>)> = Vec::new();
    for (name, findings) in compared.each() {
        let note = findings.other_data_note();
        for warning in findings.results.warnings().into_iter().chain(findings.warning()).chain(note) {
            match of_folders.iter_mut().find(|(known, _)| *known == warning) {
                Some((_, names)) => names.push(name.to_owned()),
                None => of_folders.push((warning, vec![name.to_owned()])),
            }
        }
    }
    found.extend(of_folders.into_iter().map(|(warning, names)| format!("{}: {warning}", listed(&names))));
    found
}
