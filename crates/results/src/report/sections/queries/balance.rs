//! The classes of the images that each round queried.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;

use super::ArmQueries;
use crate::report::figures::bars::{Bars, Stacks};
use crate::report::figures::curve::{self, Plot};
use crate::report::figures::{Drawing, figure};
use crate::report::findings::Findings;
use crate::report::page::{Block, Cell, Column, Figure, Table};
use crate::report::words::metric::seeds_in_words;
use crate::spec::Labeled;
use crate::stats::mean;
use crate::store::{QueriedImages, Queries};

/// The most classes that stacked bars can tell apart; with more, the imbalance is drawn instead.
const CLASSES_SHOWN: usize = 20;

/// The classes of the queried images.
pub(super) struct Balance {
    /// Names, in the data set's order.
    classes: Vec<String>,
    arms: Vec<ArmBalance>,
    /// The classes' shares of the pool; none if images have several classes, or if the pool's classes are not counted.
    pool: Option<Vec<f64>>,
}

/// The classes that one arm queried.
struct ArmBalance {
    label: String,
    /// The shares of the classes, which add up to 1, by round and then by seed. Empty if no class is known.
    rounds: Vec<Vec<Vec<f64>>>,
}

impl ArmBalance {
    /// The mean shares over seeds in each round.
    fn means(&self) -> Vec<Option<Vec<f64>>> {
        let means_of = |seeds: &Vec<Vec<f64>>| {
            let classes = seeds.first()?.len();
            let share = |class: usize| seeds.iter().map(|shares| shares[class]).sum::<f64>() / seeds.len() as f64;
            Some((0..classes).map(share).collect())
        };
        self.rounds.iter().map(means_of).collect()
    }
}

/// The part of the labels that would have to be of other classes for all classes to come equally often, 0 to 1: the
/// total variation distance to equal shares.
fn imbalance(shares: &[f64]) -> f64 {
    let equal = 1.0 / shares.len() as f64;
    shares.iter().map(|share| (share - equal).abs()).sum::<f64>() / 2.0
}

impl Balance {
    /// Returns `None` if the class of no queried image is known.
    pub fn of(findings: &Findings, images: &ArmQueries, queried: &QueriedImages) -> Option<Self> {
        let counted = findings.manifest().map(|m| m.data.classes.as_slice()).unwrap_or_default();
        let mut classes: Vec<String> = counted.iter().filter(|c| c.pool > 0).map(|c| c.name.clone()).collect();
        let known = classes.len();
        let mut place: HashMap<String, usize> = classes.iter().cloned().zip(0..).collect();
        let mut by_image: HashMap<usize, Vec<(usize, f64)>> = HashMap::new();
        for row in &queried.classes {
            let class = *place.entry(row.class.clone()).or_insert_with(|| {
                classes.push(row.class.clone());
                classes.len() - 1
            });
            by_image.entry(row.index).or_default().push((class, row.share));
        }
        let shares = |queried: &[usize]| {
            let mut sums = vec![0.0; classes.len()];
            queried.iter().filter_map(|i| by_image.get(i)).flatten().for_each(|&(class, share)| sums[class] += share);
            let all: f64 = sums.iter().sum();
            (all > 0.0).then(|| sums.iter().map(|sum| sum / all).collect::<Vec<f64>>())
        };
        let arm = |(label, by_seed): &(String, BTreeMap<u64, Queries>)| {
            let rounds = by_seed.values().map(|queries| queries.rounds.len()).max().unwrap_or(0);
            let round = |r: usize| by_seed.values().filter_map(|q| shares(q.rounds.get(r)?)).collect();
            ArmBalance { label: label.clone(), rounds: (0..rounds).map(round).collect() }
        };
        let arms: Vec<ArmBalance> = images.arms.iter().map(arm).collect();
        if arms.iter().all(|arm| arm.rounds.iter().all(Vec::is_empty)) {
            return None;
        }
        let of_images = findings.spec().dataset.task().labels() == Labeled::Images && known == classes.len();
        let all: usize = counted.iter().map(|c| c.pool).sum();
        let pool = counted.iter().filter(|c| c.pool > 0).map(|c| c.pool as f64 / all as f64).collect();
        Some(Self { pool: Some(pool).filter(|_| of_images && all > 0), classes, arms })
    }

    /// The figure and the table.
    ///
    /// # Errors
    /// If the figure cannot be drawn.
    pub fn blocks(&self, findings: &Findings) -> Result<Vec<Block>> {
        let what = match findings.spec().dataset.task().labels() {
            Labeled::Images => "images",
            Labeled::Pixels => "labelled pixels",
        };
        let seeds = seeds_in_words(self.arms.iter().flat_map(|arm| &arm.rounds).map(Vec::len).filter(|&n| n > 0));
        let title = format!("{}: classes of the queried images", findings.title());
        let figure = if self.classes.len() <= CLASSES_SHOWN {
            let subtitle = format!("Shares of the {what} that each round (0, 1, ...) queried, mean of {seeds}");
            let stacks: Vec<Stacks> =
                self.arms.iter().map(|arm| Stacks { label: arm.label.clone(), rounds: arm.means() }).collect();
            let bars = Bars::of(&title, &subtitle, &self.classes, self.pool.as_deref(), &stacks)?;
            let alt = "Classes of the images that each round queried, by sampler";
            Some(figure(Drawing::Classes, alt, &bars, &findings.badge())?.with_numbers(self.shares(&stacks)))
        } else if let Some(plot) = self.plot(findings, title) {
            let alt = "Imbalance of the classes that each round queried, by sampler";
            Some(Figure::new(Drawing::Classes.file(), alt, curve::svg(&plot)?))
        } else {
            None
        };
        let table = Block::Table(self.table());
        Ok(figure.map(Block::Figure).into_iter().chain([table, Block::paragraph(self.note(what))]).collect())
    }

    /// The shares that the bars show: a row for each arm and round.
    fn shares(&self, stacks: &[Stacks]) -> Table {
        let mut columns = vec![Column::with_unit("arm and round", "%")];
        columns.extend(self.classes.iter().map(|class| Column::new(class.as_str())));
        let mut table = Table::new("classes", columns);
        let push = |table: &mut Table, name: String, shares: &[f64]| {
            table.push(name, shares.iter().map(|share| Cell::number(100.0 * share, 1)));
        };
        if let Some(pool) = &self.pool {
            push(&mut table, "pool".into(), pool);
        }
        for stack in stacks {
            for (round, shares) in stack.rounds.iter().enumerate() {
                if let Some(shares) = shares {
                    push(&mut table, format!("{}, round {round}", stack.label), shares);
                }
            }
        }
        table
    }

    /// The imbalance over the number of labels.
    fn plot(&self, findings: &Findings, title: String) -> Option<Plot> {
        let rounds = &findings.spec().rounds;
        let series = self.arms.iter().map(|arm| {
            let point = |(round, seeds): (usize, &Vec<Vec<f64>>)| {
                (rounds.labeled(round), seeds.iter().map(|shares| 100.0 * imbalance(shares)).collect())
            };
            (arm.label.clone(), arm.rounds.iter().enumerate().map(point).collect())
        });
        let caption = "Of the labels that each round added, not of all so far";
        Plot::of_means(findings, title, caption, "imbalance of the classes (%)".into(), series.collect())
    }

    fn table(&self) -> Table {
        let rounds = self.arms.iter().map(|arm| arm.rounds.len()).max().unwrap_or(0);
        let mut columns = vec![Column::with_unit("imbalance", "%")];
        columns.extend((0..rounds).map(|round| Column::new(format!("round {round}"))));
        let mut table = Table::new("class-imbalance", columns);
        for arm in &self.arms {
            let imbalance_of = |round: usize| {
                let seeds = arm.rounds.get(round)?;
                let values: Vec<f64> = seeds.iter().map(|shares| 100.0 * imbalance(shares)).collect();
                mean(&values)
            };
            let cell = |round| Cell::or_missing(imbalance_of(round).map(|value| Cell::number(value, 1)));
            table.push(arm.label.as_str(), (0..rounds).map(cell));
        }
        table
    }

    /// A note on how imbalance is measured.
    fn note(&self, what: &str) -> String {
        let pool = self
            .pool
            .as_deref()
            .map_or(String::new(), |pool| format!(" The pool's imbalance is {:.1} %.", 100.0 * imbalance(pool)));
        format!(
            "Imbalance: the share of the {what} queried in a round that would have to be of other classes for all {} \
             classes to be equally frequent; mean over seeds.{pool} Small numbers of labels are imbalanced by chance, \
             too: compare with random sampling.",
            self.classes.len()
        )
    }
}
