//! How far the pretext losses of several learners agree with those of a reference: `agreement.csv` and `README.md`.

use std::path::Path;

use anyhow::{Result, ensure};
use serde::Serialize;

use super::page::{Block, Cell, Column, Number, Page, Section, Table, link, markdown};
use super::place::write_over;
use crate::batches::split_into_batches;
use crate::spec::LossOrder;
use crate::stats::{bootstrap_95, spearman};
use crate::store::{Losses, write_csv};
use crate::words::counted;

/// How the title of its page begins.
const TITLE: &str = "Agreement of pretext losses with ";

/// Losses that are compared with a reference.
#[derive(Debug)]
pub struct Agreement {
    /// The name of the losses that all others are compared with.
    pub measure: String,
    pub of_measure: Losses,
    /// The other losses, by name.
    pub others: Vec<(String, Losses)>,
    /// The class of each image by its index; empty where classes are not known.
    pub classes: Vec<usize>,
    /// The names of the classes.
    pub names: Vec<String>,
    /// The number of pretext batches that all losses are cut into, highest losses first.
    pub batches: usize,
    /// Bootstrap resamples of the intervals.
    pub resamples: usize,
}

/// A line of `agreement.csv`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct Row {
    losses: String,
    /// Empty for all classes together.
    class: String,
    /// Images that both have losses of.
    images: usize,
    /// Spearman's rho of the two losses over these images; none if all losses of one kind are equal.
    spearman: Option<f64>,
    /// The 95 % interval over images.
    low: Option<f64>,
    high: Option<f64>,
    /// The share of the images that lie in the same pretext batch; only for all classes together.
    same_batch: Option<f64>,
    /// The share of pretext batch 0, the hardest images, that is in the other's batch 0, too.
    same_first_batch: Option<f64>,
}

impl Agreement {
    /// A row for each of the others, and one more for each class.
    ///
    /// # Errors
    /// If losses have no image in common with the measure, or fewer than there are batches, or two of them have one
    /// name; one line.
    fn rows(&self) -> Result<Vec<Row>> {
        for (at, (name, _)) in self.others.iter().enumerate() {
            ensure!(
                self.others[..at].iter().all(|(other, _)| other != name),
                "{name}: two files have this name, without their endings; name each file once, or rename one"
            );
        }
        let rows = self.others.iter().map(|(name, losses)| self.rows_of(name, losses));
        Ok(rows.collect::<Result<Vec<_>>>()?.concat())
    }

    /// The rows of one of the others.
    fn rows_of(&self, name: &str, losses: &Losses) -> Result<Vec<Row>> {
        // Both are sorted by index.
        let measure = |index: usize| {
            let at = self.of_measure.rows.binary_search_by_key(&index, |row| row.0).ok()?;
            Some(self.of_measure.rows[at].1)
        };
        let common: Vec<(usize, f64, f64)> =
            losses.rows.iter().filter_map(|&(index, loss)| Some((index, loss, measure(index)?))).collect();
        ensure!(
            common.len() >= self.batches,
            "{name}: has {} images in common with {}, fewer than {} pretext batches; compare losses of the same images",
            common.len(),
            self.measure,
            self.batches
        );
        let row = |class: &str, part: &[(usize, f64, f64)]| {
            let (x, y): (Vec<f64>, Vec<f64>) = part.iter().map(|of| (of.1, of.2)).unzip();
            let interval = bootstrap_95(&x, &y, self.resamples, 0);
            Row {
                losses: name.to_owned(),
                class: class.to_owned(),
                images: part.len(),
                spearman: spearman(&x, &y),
                low: interval.map(|interval| interval.0),
                high: interval.map(|interval| interval.1),
                same_batch: None,
                same_first_batch: None,
            }
        };
        let mut all = row("", &common);
        let batches = |loss: &dyn Fn(&(usize, f64, f64)) -> f64| {
            let rows = common.iter().map(|of| (of.0, loss(of))).collect();
            split_into_batches(&Losses { rows }, LossOrder::Loss, self.batches)
        };
        let (ours, theirs) = (batches(&|of| of.1), batches(&|of| of.2));
        let in_common = |(a, b): (&Vec<usize>, &Vec<usize>)| {
            let mut b = b.clone();
            b.sort_unstable();
            a.iter().filter(|index| b.binary_search(index).is_ok()).count()
        };
        let same: Vec<usize> = ours.iter().zip(&theirs).map(in_common).collect();
        all.same_batch = Some(same.iter().sum::<usize>() as f64 / common.len() as f64);
        all.same_first_batch = Some(same[0] as f64 / ours[0].len() as f64);
        let mut rows = vec![all];
        for (class, class_name) in self.names.iter().enumerate() {
            let part: Vec<_> = common.iter().filter(|of| self.classes.get(of.0) == Some(&class)).copied().collect();
            if part.len() > 1 {
                rows.push(row(class_name, &part));
            }
        }
        Ok(rows)
    }

    /// Writes `agreement.csv` and `README.md` into a folder, and returns the page's table as Markdown.
    ///
    /// # Errors
    /// As [`Agreement::rows`], and if the folder has another page or cannot be written.
    pub fn write(&self, folder: &Path) -> Result<String> {
        let rows = self.rows()?;
        let table = Block::Table(self.table(&rows));
        let text = markdown(std::slice::from_ref(&table));
        let mut sections = vec![Section::new("All images", vec![table, Block::paragraph(self.note())])];
        sections.extend((!self.names.is_empty()).then(|| self.by_class(&rows)));
        let lead = vec![Block::paragraph(self.found(&rows))];
        let page = Page::new(format!("{TITLE}{}", self.measure), lead, sections);
        write_over(&folder.join("README.md"), &format!("# {TITLE}"), &page.markdown())?;
        write_csv(&folder.join("agreement.csv"), &rows)?;
        Ok(text)
    }

    /// Which losses agree most with the measure, and which least.
    fn found(&self, rows: &[Row]) -> String {
        let of_all: Vec<&Row> = rows.iter().filter(|row| row.class.is_empty()).collect();
        let mut ranked: Vec<(&Row, f64)> = of_all.iter().filter_map(|row| Some((*row, row.spearman?))).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        let in_words = |(row, rho): &(&Row, f64)| {
            let number = Number::estimate(*rho, row.low.zip(row.high), 3);
            format!("Spearman's rho {number} over {}", counted(row.images, "image"))
        };
        let measure = &self.measure;
        match (ranked.as_slice(), of_all.len()) {
            ([], _) => format!("No rank correlation with {measure} is defined: all losses of one kind are equal."),
            ([only], 1) => format!("{} against {measure}: {}.", only.0.losses, in_words(only)),
            ([only], n) => format!(
                "Of {n} lists of losses, only {} has a rank correlation with {measure}: {}.",
                only.0.losses,
                in_words(only)
            ),
            ([first, .., last], n) => format!(
                "Of {n} lists of losses, {} agrees most with {measure} ({}), and {} least ({}).",
                first.0.losses,
                in_words(first),
                last.0.losses,
                in_words(last)
            ),
        }
    }

    /// A row for each learner.
    fn table(&self, rows: &[Row]) -> Table {
        let columns = ["losses", "images", "Spearman's rho", "95 % interval", "same batch", "batch 0 in common"];
        let mut table = Table::new("agreement", Column::all(columns));
        for row in rows.iter().filter(|row| row.class.is_empty()) {
            let percent = |part: f64| Number { unit: Some("%"), ..Number::mean(100.0 * part, None) }.into();
            let interval = row.low.zip(row.high).map(|(low, high)| Cell::text(format!("{low:.3} to {high:.3}")));
            let cells = [
                Cell::Count(row.images),
                Cell::or_missing(row.spearman.map(|rho| Cell::number(rho, 3))),
                Cell::or_missing(interval),
                Cell::or_missing(row.same_batch.map(percent)),
                Cell::or_missing(row.same_first_batch.map(percent)),
            ];
            table.push(row.losses.as_str(), cells);
        }
        table
    }

    /// What the numbers of the table are.
    fn note(&self) -> String {
        let (batches, chance) = (self.batches, 100.0 / self.batches as f64);
        format!(
            "All are compared with {}. Rho is over the images for which both have losses; its bootstrap interval is \
             over images, so it does not cover the variation between seeds of a learner. Both lists of losses are cut \
             into {batches} pretext batches, highest losses first: `same batch` is the share of the images that lie in \
             the same batch of both, and `batch 0 in common` the share of the hardest batch that is in both. By \
             chance, either would be {chance:.0} %. All numbers: {}.",
            self.measure,
            link("agreement.csv", "agreement.csv")
        )
    }

    /// A row for each learner, a column for each class.
    fn by_class(&self, rows: &[Row]) -> Section {
        let columns = std::iter::once("losses".to_owned()).chain(self.names.iter().cloned());
        let mut table = Table::new("agreement-by-class", Column::all(columns));
        for (name, _) in &self.others {
            let rho = |class: &String| {
                let row = rows.iter().find(|row| row.losses == *name && row.class == *class);
                Cell::or_missing(row.and_then(|row| row.spearman).map(|rho| Cell::number(rho, 2)))
            };
            table.push(name, self.names.iter().map(rho));
        }
        let note = "Spearman's rho within each class: the agreement that does not come from some classes being harder \
                    than others.";
        Section::new("By class", vec![Block::Table(table), Block::paragraph(note)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn losses(of: impl Fn(usize) -> f64) -> Losses {
        Losses { rows: (0..100).map(|i| (i, of(i))).collect() }
    }

    fn agreement(other: Losses) -> Agreement {
        Agreement {
            measure: "theirs".into(),
            of_measure: losses(|i| i as f64),
            others: vec![("ours".into(), other)],
            classes: (0..100).map(|i| i % 2).collect(),
            names: vec!["cat".into(), "dog".into()],
            batches: 10,
            resamples: 50,
        }
    }

    #[test]
    fn equal_orders_agree_and_reversed_ones_do_not() {
        let rows = agreement(losses(|i| (i as f64).exp2())).rows().unwrap();
        assert_eq!(rows.iter().map(|row| row.class.as_str()).collect::<Vec<_>>(), ["", "cat", "dog"]);
        assert!(rows.iter().all(|row| row.spearman == Some(1.0)));
        assert_eq!((rows[0].same_batch, rows[0].same_first_batch, rows[0].images), (Some(1.0), Some(1.0), 100));
        assert_eq!((rows[1].same_batch, rows[1].images), (None, 50));
        let rows = agreement(losses(|i| -(i as f64))).rows().unwrap();
        assert!(rows.iter().all(|row| row.spearman == Some(-1.0)));
        assert_eq!((rows[0].same_batch, rows[0].same_first_batch), (Some(0.0), Some(0.0)));
    }

    /// Neighbours are swapped in pairs, so that batches keep their images.
    #[test]
    fn images_in_common_alone_are_compared_and_batches_are_sets() {
        let swapped = losses(|i| (i ^ 1) as f64);
        let rows = agreement(swapped.clone()).rows().unwrap();
        assert_eq!(rows[0].same_batch, Some(1.0));
        assert!(rows[0].spearman.unwrap() < 1.0 && rows[0].low.unwrap() <= rows[0].spearman.unwrap());
        // Half of the images: a batch has 5 of them.
        let half = Losses { rows: swapped.rows.iter().filter(|row| row.0 < 50).copied().collect() };
        assert_eq!(agreement(half).rows().unwrap()[0].images, 50);
        let twice = Agreement { others: vec![("ours".into(), swapped.clone()); 2], ..agreement(swapped.clone()) };
        assert!(twice.rows().unwrap_err().to_string().starts_with("ours: two files have this name"));
        let few = Losses { rows: swapped.rows[..9].to_vec() };
        let error = agreement(few).rows().unwrap_err().to_string();
        assert!(error.starts_with("ours: has 9 images in common with theirs"), "{error}");
    }

    #[test]
    fn the_page_opens_on_which_losses_agree_most_and_least() {
        let found = |others: Vec<(String, Losses)>| {
            let agreement = Agreement { others, ..agreement(losses(|_| 0.0)) };
            agreement.found(&agreement.rows().unwrap())
        };
        let [same, reversed, flat] = [losses(|i| i as f64), losses(|i| -(i as f64)), losses(|_| 1.0)];
        let only = found(vec![("a".into(), same.clone())]);
        assert_eq!(only, "a against theirs: Spearman's rho 1.000 [1.000, 1.000] over 100 images.");
        let both = found(vec![("r".into(), reversed), ("a".into(), same.clone())]);
        let expected = "Of 2 lists of losses, a agrees most with theirs (Spearman's rho 1.000 [1.000, 1.000] over 100 images), \
                        and r least (Spearman's rho -1.000 [-1.000, -1.000] over 100 images).";
        assert_eq!(both, expected);
        assert!(
            found(vec![("f".into(), flat.clone()), ("a".into(), same)]).starts_with("Of 2 lists of losses, only a has")
        );
        assert!(found(vec![("f".into(), flat)]).starts_with("No rank correlation with theirs is defined"));
    }

    #[test]
    fn the_page_has_a_row_for_each_learner_and_each_class_a_column() {
        let folder = tempfile::tempdir().unwrap();
        let table = agreement(losses(|i| i as f64)).write(folder.path()).unwrap();
        assert!(table.contains("| ours") && table.contains("1.000") && table.contains("100.0 %"), "{table}");
        let page = std::fs::read_to_string(folder.path().join("README.md")).unwrap();
        assert!(
            page.contains("| losses |  cat |  dog |") && page.contains("By chance, either would be 10 %"),
            "{page}"
        );
        // Again, and over no other page.
        agreement(losses(|i| i as f64)).write(folder.path()).unwrap();
        let csv = std::fs::read_to_string(folder.path().join("agreement.csv")).unwrap();
        std::fs::write(folder.path().join("README.md"), "# Mine\n").unwrap();
        let error = agreement(losses(|i| i as f64)).write(folder.path()).unwrap_err().to_string();
        assert!(error.contains("is another page"), "{error}");
        assert!(
            csv.starts_with("losses,class,images,spearman,low,high,same_batch,same_first_batch\nours,,100,1.0"),
            "{csv}"
        );
    }
}
