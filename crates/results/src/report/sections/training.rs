//! How the last round of each arm was trained, epoch by epoch.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::report::figures::training::{Panel, Trainings};
use crate::report::figures::{Drawing, figure};
use crate::report::findings::Findings;
use crate::report::page::{Block, Fold, Section, link};
use crate::stats::mean;
use crate::store::{Epoch, Epochs, Training};
use crate::words::counted;

/// The last finished round of an arm.
struct LastRound<'a> {
    arm: String,
    seeds: usize,
    labeled: usize,
    /// By epoch, one row for each seed.
    epochs: BTreeMap<usize, Vec<&'a Epoch>>,
}

/// Empty if the folder has no `epochs.csv`, as those of earlier versions, and if trainings have a single epoch.
///
/// # Errors
/// If the file is damaged, or the picture cannot be drawn; one line.
pub(super) fn section(findings: &Findings) -> Result<Section> {
    let heading = "Training";
    let epochs = Epochs::read(&findings.results.folder.join(Epochs::FILE))?;
    let arms = findings.results.arms();
    let rounds: Vec<LastRound> = arms.iter().filter_map(|arm| last_round(findings, &epochs, &arm.label)).collect();
    if rounds.iter().all(|round| round.epochs.len() < 2) {
        return Ok(Section::new(heading, Vec::new()));
    }
    let metric = findings.primary_metric();
    let mut panels = vec![panel("training loss (nats)".into(), 300.0, &rounds, &|row| Some(row.loss))];
    let values = panel(metric.label.into(), 240.0, &rounds, &|row| Some(metric.factor * row.value?));
    if values.lines.iter().any(|line| line.len() > 1) {
        panels.push(values);
    }
    panels.push(Panel { is_stepped: true, ..panel("learning rate".into(), 200.0, &rounds, &|row| Some(row.lr)) });
    let names: Vec<String> = rounds.iter().map(|round| findings.marked(&round.arm)).collect();
    let drawn = Trainings::of(&findings.title(), &subtitle(&rounds), &names, panels)?;
    let alt = "Training loss and learning rate by epoch, in the last round of each arm";
    let file = link(Epochs::FILE, &format!("{}{}", findings.files, Epochs::FILE));
    let note = format!(
        "Means over seeds. The loss is the mean over the images of an epoch, each in the step that it was trained on, so it is \
         of the weights during the epoch, and of augmented images. The file {file} has every round of every trial."
    );
    let blocks =
        vec![Block::Figure(figure(Drawing::Training, alt, &drawn, &findings.badge())?), Block::paragraph(note)];
    Ok(Section::new(heading, blocks).with_fold(Fold::Closed))
}

/// `None` if the arm has no finished round in the file.
fn last_round<'a>(findings: &Findings, epochs: &'a Epochs, arm: &str) -> Option<LastRound<'a>> {
    let rows = || epochs.rows.iter().filter(|row| row.sampler == arm && row.loss.is_finite() && row.lr.is_finite());
    let last = rows().map(|row| row.round).max()?;
    // An arm whose only rule holds labels out has no training on all labels.
    let training =
        if rows().any(|row| row.training == Training::AllLabels) { Training::AllLabels } else { Training::NotHeldOut };
    let mut by_epoch: BTreeMap<usize, Vec<&Epoch>> = BTreeMap::new();
    for row in rows().filter(|row| row.round == last && row.training == training) {
        by_epoch.entry(row.epoch).or_default().push(row);
    }
    let seeds = by_epoch.values().map(Vec::len).max()?;
    Some(LastRound { arm: arm.into(), seeds, labeled: findings.spec().rounds.labeled(last), epochs: by_epoch })
}

fn panel(label: String, height: f64, rounds: &[LastRound], value: &dyn Fn(&Epoch) -> Option<f64>) -> Panel {
    let line = |round: &LastRound| {
        let points = round.epochs.iter().filter_map(|(&epoch, rows)| {
            let values: Vec<f64> = rows.iter().filter_map(|row| value(row)).filter(|value| value.is_finite()).collect();
            Some((epoch as f64, mean(&values)?))
        });
        points.collect()
    };
    Panel { label, height, is_stepped: false, lines: rounds.iter().map(line).collect() }
}

/// `The round with 600 labels, mean of 3 seeds`, if all arms are that far.
fn subtitle(rounds: &[LastRound]) -> String {
    let shared = |value: &dyn Fn(&LastRound) -> usize| {
        let first = rounds.first().map(value)?;
        rounds.iter().all(|round| value(round) == first).then_some(first)
    };
    let round = match shared(&|round| round.labeled) {
        Some(labeled) => format!("The round with {}", counted(labeled, "label")),
        None => "The last finished round of each arm".into(),
    };
    match shared(&|round| round.seeds) {
        Some(1) => format!("{round}, one seed"),
        Some(seeds) => format!("{round}, mean of {}", counted(seeds, "seed")),
        None => format!("{round}, mean over its seeds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{findings, full, spec};

    /// Both arms with two epochs in the rounds of two seeds; core-set has one round fewer.
    fn epochs() -> Epochs {
        let mut rows = Vec::new();
        for (sampler, rounds) in [("random", 3), ("core-set", 2), ("unheard-of", 3)] {
            for (seed, round, epoch) in (0..8 * rounds).map(|i| (i as u64 % 2, i / 8, 1 + i / 2 % 4)) {
                let loss = 3.0 - 0.5 * epoch as f64 + 0.5 * seed as f64;
                let value = (epoch % 2 == 0).then_some(0.1 * epoch as f64);
                let sampler = sampler.to_owned();
                rows.push(Epoch { sampler, seed, round, epoch, lr: 0.1, loss, value, ..Epoch::default() });
            }
        }
        Epochs { rows }
    }

    #[test]
    fn an_arm_has_its_last_round_with_means_over_seeds() {
        let (findings, epochs) = (findings(&spec(), full()), epochs());
        let random = last_round(&findings, &epochs, "random").unwrap();
        assert_eq!((random.seeds, random.labeled, random.epochs.len()), (2, 600, 4));
        let core_set = last_round(&findings, &epochs, "core-set").unwrap();
        assert_eq!(core_set.labeled, 400);
        assert!(last_round(&findings, &epochs, "entropy").is_none());
        let rounds = [random, core_set];
        let loss = panel("loss".into(), 1.0, &rounds, &|row| Some(row.loss));
        assert_eq!(loss.lines[0], [(1.0, 2.75), (2.0, 2.25), (3.0, 1.75), (4.0, 1.25)]);
        // Only some epochs were evaluated.
        let value = panel("accuracy".into(), 1.0, &rounds, &|row| row.value);
        assert_eq!(value.lines[1], [(2.0, 0.2), (4.0, 0.4)]);
        assert_eq!(subtitle(&rounds), "The last finished round of each arm, mean of 2 seeds");
        assert_eq!(subtitle(&rounds[..1]), "The round with 600 labels, mean of 2 seeds");
    }

    #[test]
    fn a_folder_with_epochs_has_a_folded_section_and_one_without_has_none() {
        let dir = tempfile::tempdir().unwrap();
        let mut findings = findings(&spec(), full());
        findings.results.folder = dir.path().to_owned();
        assert!(section(&findings).unwrap().blocks.is_empty());
        epochs().write(&dir.path().join(Epochs::FILE)).unwrap();
        let made = section(&findings).unwrap();
        assert_eq!(made.fold, Fold::Closed);
        let figure = made.figures().next().unwrap();
        assert_eq!(figure.file, "training.svg");
        for label in [">\ntraining loss (nats)\n<", ">\ntest accuracy (%)\n<", ">\nlearning rate\n<", ">\nrandom\n<"] {
            assert!(figure.svg.contains(label), "{label} is not in the figure");
        }
        assert!(!figure.svg.contains("unheard-of") && made.markdown().contains("[epochs.csv](epochs.csv)"));
        // Lines through one point cannot be seen.
        let mut short = epochs();
        short.rows.retain(|row| row.epoch == 1);
        short.write(&dir.path().join(Epochs::FILE)).unwrap();
        assert!(section(&findings).unwrap().blocks.is_empty());
    }
}
