//! `pt4al queries`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail, ensure};
use clap::Args;
use serde::Serialize;

use crate::results::Results;
use crate::spec::Trial;
use crate::store::{Queries, TrialFiles};
use crate::words::{counted, nearest};

#[derive(Debug, Args)]
pub struct QueriesArgs {
    /// The results folder, for instance results/demo
    pub folder: PathBuf,
    /// The arm, for instance pretext-batch [default: the only one]
    #[arg(long, value_name = "ARM")]
    pub arm: Option<String>,
    /// The seed of the trial [default: the only one]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The round, counted from 0, the initial labels [default: all rounds]
    #[arg(long, value_name = "N")]
    pub round: Option<usize>,
    /// Print CSV: round, rank, index, and id if the images have names
    #[arg(long)]
    pub csv: bool,
}

/// Prints the images that a trial queried, and returns the exit code.
pub(super) fn queries(args: &QueriesArgs) -> Result<i32> {
    let listed = Listed::read(args)?;
    let text = if args.csv { listed.csv()? } else { listed.text() };
    super::print(text.trim_end_matches('\n'))?;
    Ok(0)
}

/// The queries of one trial, or of one round of it.
#[derive(Debug)]
struct Listed {
    trial: Trial,
    queries: Queries,
    /// The rounds that are listed, ascending.
    rounds: Vec<usize>,
}

#[derive(Serialize)]
struct Row<'a> {
    round: usize,
    rank: usize,
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

impl Listed {
    fn read(args: &QueriesArgs) -> Result<Self> {
        let spec = Results::read_early(&args.folder)?.spec;
        let trial = choose(spec.trials(), args)?;
        let count = spec.rounds.count;
        if let Some(round) = args.round {
            ensure!(round < count, "--round {round}: {} has the rounds 0 to {}", args.folder.display(), count - 1);
        }
        let files = TrialFiles::below(&args.folder, &trial);
        let queries = files.all_queries()?;
        let there = queries.rounds.len();
        let rounds = match args.round {
            Some(round) => round..round + 1,
            None => 0..there.max(1),
        };
        if rounds.end > there {
            let has = match there {
                0 => "it is not there yet".to_owned(),
                1 => "it has only round 0 so far".to_owned(),
                _ => format!("it has the rounds 0 to {} so far", there - 1),
            };
            bail!(
                "{}: no queries of round {}: {has}; let `pt4al run` go on, and see with `pt4al status` how far it is",
                files.queries_path().display(),
                rounds.start
            );
        }
        Ok(Self { trial, queries, rounds: rounds.collect() })
    }

    fn rows(&self, round: usize) -> impl Iterator<Item = Row<'_>> {
        let has_ids = self.queries.has_ids();
        let id = move |index| has_ids.then(|| self.queries.ids.get(index).map_or("", String::as_str));
        self.queries.rounds[round].iter().enumerate().map(move |(rank, index)| Row {
            round,
            rank,
            index: *index,
            id: id(index),
        })
    }

    fn csv(&self) -> Result<String> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        for row in self.rounds.iter().flat_map(|&round| self.rows(round)) {
            csv.serialize(row)?;
        }
        Ok(String::from_utf8(csv.into_inner().map_err(|e| anyhow!("{e}"))?)?)
    }

    /// What a person reads.
    fn text(&self) -> String {
        let mut text = String::new();
        for &round in &self.rounds {
            let labels = if round == 0 { "the initial labels" } else { "asked for by the model of the round before" };
            let count = counted(self.queries.rounds[round].len(), "image");
            text += &format!("{}, seed {}, round {round}: {count}, {labels}\n", self.trial.label(), self.trial.seed);
            text += &format!("{:>6}  {:>8}{}\n", "rank", "index", if self.queries.has_ids() { "  id" } else { "" });
            for Row { rank, index, id, .. } in self.rows(round) {
                let id = id.map_or(String::new(), |id| format!("  {}", id.replace(char::is_control, "?")));
                text += &format!("{rank:>6}  {index:>8}{id}\n");
            }
            text += "\n";
        }
        text
    }
}

/// The trial that the arguments name.
fn choose(trials: Vec<Trial>, QueriesArgs { folder, arm, seed, .. }: &QueriesArgs) -> Result<Trial> {
    let mut arms: Vec<String> = Vec::new();
    trials.iter().map(Trial::label).for_each(|arm| {
        if !arms.contains(&arm) {
            arms.push(arm);
        }
    });
    let seeds: BTreeSet<u64> = trials.iter().map(|trial| trial.seed).collect();
    let arm = one("arm", arm.as_deref(), &arms, folder)?;
    let seed = one(
        "seed",
        seed.map(|seed| seed.to_string()).as_deref(),
        &seeds.iter().map(u64::to_string).collect::<Vec<_>>(),
        folder,
    )?;
    let wanted = |trial: &Trial| trial.label() == arm && trial.seed.to_string() == seed;
    trials
        .into_iter()
        .find(wanted)
        .ok_or_else(|| anyhow!("{}: has no trial of {arm} with seed {seed}", folder.display()))
}

/// The value of an option that has these `values` in the folder.
fn one(option: &str, given: Option<&str>, values: &[String], folder: &Path) -> Result<String> {
    let listed = values.join(", ");
    let Some(given) = given else {
        ensure!(values.len() == 1, "{}: has several {option}s; name one with --{option} ({listed})", folder.display());
        return Ok(values[0].clone());
    };
    if values.iter().any(|value| value == given) {
        return Ok(given.to_owned());
    }
    let meant = nearest(given, values.iter().map(String::as_str));
    let meant = meant.map_or(String::new(), |meant| format!("; did you mean `{meant}`?"));
    bail!("--{option} {given}: {} has no such {option}{meant} (it has {listed})", folder.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{full, spec, write_folder};

    /// A folder of three arms and three seeds, in which core-set with seed 1 has queried two rounds.
    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        write_folder(dir.path(), &spec(), full());
        let mut queries = Queries::of_rounds(vec![vec![7, 3], vec![5]]);
        let path = dir.path().join("queries/core-set-seed1.csv");
        queries.take_ids(Some(&|index| format!("a/{index}.jpg")), &path, "").unwrap();
        queries.write(&path).unwrap();
        dir
    }

    fn args(dir: &Path, arm: &str, seed: u64, round: Option<usize>) -> QueriesArgs {
        QueriesArgs { folder: dir.into(), arm: Some(arm.into()), seed: Some(seed), round, csv: false }
    }

    #[track_caller]
    fn error(args: &QueriesArgs) -> String {
        let error = Listed::read(args).expect_err("no error").to_string();
        assert!(!error.contains('\n'), "{error}");
        error.replace(&args.folder.display().to_string(), "DIR")
    }

    #[test]
    fn a_round_is_listed_with_its_names_for_people_and_as_csv() {
        let dir = folder();
        let listed = Listed::read(&args(dir.path(), "core-set", 1, Some(0))).unwrap();
        assert_eq!(
            listed.text(),
            "core-set, seed 1, round 0: 2 images, the initial labels\n  rank     index  id\n     0         7  a/7.jpg\n     1         \
             3  a/3.jpg\n\n"
        );
        assert_eq!(listed.csv().unwrap(), "round,rank,index,id\n0,0,7,a/7.jpg\n0,1,3,a/3.jpg\n");
        let all = Listed::read(&args(dir.path(), "core-set", 1, None)).unwrap();
        let file = std::fs::read_to_string(dir.path().join("queries/core-set-seed1.csv")).unwrap();
        assert_eq!(all.csv().unwrap(), file);
        assert!(all.text().contains("core-set, seed 1, round 1: 1 image, asked for"), "{}", all.text());
    }

    #[test]
    fn images_without_names_have_only_indices() {
        let dir = folder();
        Queries::of_rounds(vec![vec![4]]).write(&dir.path().join("queries/random-seed0.csv")).unwrap();
        let listed = Listed::read(&args(dir.path(), "random", 0, None)).unwrap();
        assert_eq!(listed.csv().unwrap(), "round,rank,index\n0,0,4\n");
        assert!(listed.text().ends_with("  rank     index\n     0         4\n\n"), "{}", listed.text());
    }

    #[test]
    fn wrong_names_are_answered_with_the_valid_ones() {
        let dir = folder();
        let asked = |arm, seed, round| args(dir.path(), arm, seed, round);
        assert_eq!(
            error(&asked("coreset", 1, None)),
            "--arm coreset: DIR has no such arm; did you mean `core-set`? (it has random, core-set)"
        );
        assert_eq!(error(&asked("core-set", 9, None)), "--seed 9: DIR has no such seed (it has 0, 1, 2)");
        assert_eq!(error(&asked("core-set", 1, Some(3))), "--round 3: DIR has the rounds 0 to 2");
        let no_arm = QueriesArgs { arm: None, ..asked("", 1, None) };
        assert_eq!(error(&no_arm), "DIR: has several arms; name one with --arm (random, core-set)");
        assert!(error(&asked("core-set", 1, Some(2))).starts_with(
            "DIR/queries/core-set-seed1.csv: no queries of round 2: it has the rounds 0 to 1 so far; let `pt4al run` go on"
        ));
        assert!(
            error(&asked("random", 1, None)).contains("random-seed1.csv: no queries of round 0: it is not there yet; ")
        );
        let nowhere = args(&dir.path().join("x"), "random", 1, None);
        assert!(error(&nowhere).contains("no such results folder; `pt4al run` makes it"));
    }
}
