//! Labels that people wrote into CSV files, for images whose labels are not known otherwise.
//!
//! A file has a line of column names, then a row for each label:
//!
//! ```text
//! path,label
//! cats/0001.jpg,cat
//! "dogs/a, b.jpg",dog
//! ```
//!
//! `path` is the name of an image ([`Ids`](crate::images::Ids)); an absolute path in the same folder is understood too. A data set
//! whose images have only numbers has the column `index` instead. `label` is the name of a class. Other columns are ignored, and so
//! is `index` beside `path`, because numbers change when images are added. Spaces around values, a byte order mark and line ends of
//! Windows do not matter.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::Read;
use crate::csv_text::CsvText;
use crate::images::{Ids, Labels, Split, Splits};
use pt4al_results::store::csv_fault;
use pt4al_results::words::{self, listed, nearest, thousands};

/// A file of labels.
#[derive(Clone, Debug)]
pub struct LabelFile {
    /// Where it is; messages name it.
    pub path: PathBuf,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Labeled images of a train split.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LabeledImages {
    /// The names of the classes, in the data set's order; if it knows none, those that occur, sorted.
    pub classes: Vec<String>,
    /// Index in the train split and class (an index into `classes`) of each labeled image, in the order of the rows.
    pub rows: Vec<(usize, u16)>,
}

/// The most names of classes that a message lists.
const LISTED: usize = 12;

impl LabelFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// If it cannot be read, or is no file.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let remedy = "name a CSV file with the columns path,label, or leave it out if nothing is labeled yet";
        let meta = std::fs::metadata(path).map_err(|e| anyhow!("{shown}: cannot read the labels ({e}); {remedy}"))?;
        // Reading a pipe could wait forever.
        ensure!(meta.is_file(), "{shown}: is no file; {remedy}");
        let bytes = std::fs::read(path).map_err(|e| anyhow!("{shown}: cannot read the labels ({e}); {remedy}"))?;
        Ok(Self { path: path.to_owned(), bytes })
    }
}

impl LabeledImages {
    /// Reads labels for images of the train split that are in the pool. Rows keep their order, file after file.
    ///
    /// # Errors
    /// At the first row that cannot be used: one line with the file, the line, what is wrong with it, and the nearest valid name.
    pub fn read(files: &[LabelFile], data: &Read) -> Result<Self> {
        // Values in quotes may have line breaks, and most messages quote one.
        Self::read_rows(files, data).map_err(words::error_on_one_line)
    }

    fn read_rows(files: &[LabelFile], data: &Read) -> Result<Self> {
        let Splits { train, test, classes, origin } = &data.splits;
        let mut rows = Vec::new();
        for file in files {
            rows.extend(rows_of(file, train)?);
        }
        let images = Images::new(train, test, &data.pool, &origin.name);
        let names = Classes::new(classes, &rows, &origin.name)?;
        let mut first: HashMap<usize, &Row> = HashMap::new();
        let mut labeled = Vec::with_capacity(rows.len());
        for row in &rows {
            let index = images.index_of(row).map_err(|why| anyhow!("{}: {why}", row.place()))?;
            if let Some(earlier) = first.insert(index, row) {
                bail!(
                    "{}: {} is labeled in {} already; remove one of the rows",
                    row.place(),
                    row.image(),
                    earlier.place()
                );
            }
            labeled.push((index, names.class_of(row)?));
        }
        Ok(Self { classes: names.names, rows: labeled })
    }

    /// The indices of the images, in the order of the rows.
    pub fn images(&self) -> Vec<usize> {
        self.rows.iter().map(|row| row.0).collect()
    }

    /// `[classes]`: the number of labels of each class.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        self.rows.iter().for_each(|&(_, class)| counts[usize::from(class)] += 1);
        counts
    }

    /// Writes the labels into a data set that was read without labels.
    pub fn apply(&self, splits: &mut Splits) {
        splits.classes.clone_from(&self.classes);
        if let Labels::Classes(labels) = &mut splits.train.labels {
            self.rows.iter().for_each(|&(index, class)| labels[index] = class);
        }
    }
}

/// A row of a file, as it stands there.
struct Row<'a> {
    file: &'a Path,
    line: usize,
    image: Image,
    label: String,
}

/// How a row names its image.
enum Image {
    Path(String),
    Index(String),
}

impl Row<'_> {
    /// The file and the line, for messages.
    fn place(&self) -> String {
        format!("{}:{}", self.file.display(), self.line)
    }

    /// The image, for messages.
    fn image(&self) -> String {
        match &self.image {
            Image::Path(path) => path.clone(),
            Image::Index(index) => format!("image {index}"),
        }
    }
}

/// The columns of a file that are read.
struct Columns {
    image: usize,
    is_path: bool,
    label: usize,
}

fn rows_of<'a>(file: &'a LabelFile, train: &Split) -> Result<Vec<Row<'a>>> {
    let shown = file.path.display();
    let text = CsvText::new(&file.bytes);
    let text = text.with_context(|| format!("{shown}: is not UTF-8 text; save it as CSV in UTF-8"))?;
    let fault = |e: csv::Error| anyhow!("{shown}: {}; write it as CSV", csv_fault(&e));
    let header = text.header().map_err(fault)?;
    let columns = columns(&header, train.ids.is_some()).map_err(|why| anyhow!("{shown}:1: {why}"))?;
    let mut rows = Vec::new();
    for record in text.records() {
        let (line, record) = record.map_err(fault)?;
        ensure!(
            record.len() == header.len(),
            "{shown}:{line}: has {}, but the first line has {}; put a value with a comma into double quotes",
            words::counted(record.len(), "column"),
            header.len()
        );
        let value = |column: usize| record[column].to_owned();
        let (image, label) = (value(columns.image), value(columns.label));
        ensure!(!image.is_empty(), "{shown}:{line}: names no image; name one, or remove the row");
        ensure!(
            !label.is_empty(),
            "{shown}:{line}: {image} has no label; write the name of its class, or remove the row"
        );
        let image = if columns.is_path { Image::Path(image) } else { Image::Index(image) };
        rows.push(Row { file: &file.path, line, image, label });
    }
    Ok(rows)
}

/// Finds the columns. `has_paths`: whether the images of the data set have names.
fn columns(header: &csv::StringRecord, has_paths: bool) -> Result<Columns, String> {
    let place = |name: &str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
    let needed = if has_paths { "path,label" } else { "index,label" };
    if header.iter().all(str::is_empty) {
        return Err(format!("is empty; begin with the line {needed}"));
    }
    if let [only] = header.iter().collect::<Vec<_>>()[..]
        && only.contains([';', '\t'])
    {
        let separator = if only.contains(';') { "semicolons" } else { "tabs" };
        return Err(format!("has columns that are separated by {separator}; save it with commas: {needed}"));
    }
    let found = || format!("the columns are {}", header.iter().collect::<Vec<_>>().join(","));
    let image = match (place("path").filter(|_| has_paths), place("index")) {
        (Some(path), _) => Some((path, true)),
        (None, index) => index.map(|index| (index, false)),
    };
    match (image, place("label"), place("path")) {
        (Some((image, is_path)), Some(label), _) => Ok(Columns { image, is_path, label }),
        (None, Some(_), Some(_)) => {
            Err("has paths, but the images of this data set have only numbers; use the columns \
                                         index,label"
                .into())
        }
        (None, ..) => Err(format!("{}, and none of them names images; use {needed}", found())),
        (Some(_), None, _) => Err(format!("{}, and none of them is `label`; use {needed}", found())),
    }
}

/// The images of a data set, to be found by the names in files.
struct Images<'a> {
    train: &'a Split,
    test: &'a Split,
    pool: &'a [usize],
    by_name: HashMap<String, usize>,
    /// The name of the data set.
    set: &'a str,
}

impl<'a> Images<'a> {
    fn new(train: &'a Split, test: &'a Split, pool: &'a [usize], set: &'a str) -> Self {
        let ids = train.ids.as_deref();
        let by_name = ids.map_or_else(HashMap::new, |ids| (0..train.len).map(|index| (ids.id(index), index)).collect());
        Self { train, test, pool, by_name, set }
    }

    /// The index of a row's image.
    ///
    /// # Errors
    /// If there is no such image, or it is not in the pool.
    fn index_of(&self, row: &Row) -> Result<usize> {
        let images = self.train.len;
        let index = match &row.image {
            Image::Path(path) => self.find(path)?,
            Image::Index(index) => match index.parse::<usize>() {
                Ok(index) if index < images => index,
                Ok(_) => bail!(
                    "there is no image {index}: {} has {} train images, counted from 0; correct it, or remove the row",
                    self.set,
                    thousands(images)
                ),
                Err(_) => bail!("`{index}` is no index of an image; write a whole number from 0"),
            },
        };
        ensure!(
            self.pool.binary_search(&index).is_ok(),
            "{} is a train image that is not in the pool; remove the row, or leave out `dataset.{}.pool`, which takes a part of \
             the train images",
            row.image(),
            self.set
        );
        Ok(index)
    }

    fn find(&self, path: &str) -> Result<usize> {
        let ids = self.train.ids.as_deref();
        let name = name_below(path, ids.and_then(Ids::folder));
        if let Some(&index) = self.by_name.get(name.as_deref().unwrap_or(path)) {
            return Ok(index);
        }
        let folder = ids.and_then(Ids::folder).map_or(String::new(), |folder| format!(" in {}", folder.display()));
        if is_in(&self.test.ids, self.test.len, path) {
            bail!("{path} is a test image, which is never labeled for training; remove the row");
        }
        // A file that moved keeps its own name.
        let own = path.rsplit('/').next().unwrap_or(path);
        let moved = self.by_name.keys().filter(|id| id.rsplit('/').next() == Some(own)).min();
        let near = moved.map(String::as_str).or_else(|| nearest(path, self.by_name.keys().map(String::as_str)));
        match near {
            Some(near) => bail!("there is no image {path}{folder}; did you mean {near}?"),
            None => bail!("there is no image {path}{folder}; correct the path, or remove the row"),
        }
    }
}

/// Whether a split has an image of this name.
fn is_in(ids: &Option<Arc<dyn Ids>>, len: usize, name: &str) -> bool {
    ids.as_ref().is_some_and(|ids| (0..len).any(|index| ids.id(index) == name))
}

/// The name of an image whose path was written in another way: with `./`, or as an absolute path; `None` if that is not so.
fn name_below(path: &str, folder: Option<&Path>) -> Option<String> {
    if let Some(rest) = path.strip_prefix("./") {
        return Some(rest.to_owned());
    }
    let (path, folder) = (Path::new(path), folder?);
    if !path.is_absolute() {
        return None;
    }
    let folder = std::path::absolute(folder).ok()?;
    let real = || Some(path.canonicalize().ok()?.strip_prefix(folder.canonicalize().ok()?).ok()?.to_owned());
    let below = path.strip_prefix(&folder).ok().map(Path::to_owned).or_else(real)?;
    let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// The classes, to be found by the names in files.
struct Classes<'a> {
    names: Vec<String>,
    numbers: HashMap<String, u16>,
    /// The name of the data set.
    set: &'a str,
}

impl<'a> Classes<'a> {
    /// The classes `known` of the data set, or the labels of all rows if it knows none.
    ///
    /// # Errors
    /// If there are more than labels can number.
    fn new(known: &[String], rows: &[Row], set: &'a str) -> Result<Self> {
        let mut names = known.to_vec();
        if known.is_empty() {
            names.extend(rows.iter().map(|row| row.label.clone()));
            names.sort_unstable();
            names.dedup();
        }
        let most = usize::from(crate::images::UNKNOWN);
        ensure!(names.len() <= most, "the labels have {} names; at most {most} are supported", thousands(names.len()));
        let numbers = (0..).zip(&names).map(|(number, name)| (name.clone(), number)).collect();
        Ok(Self { names, numbers, set })
    }

    fn class_of(&self, row: &Row) -> Result<u16> {
        let label = &row.label;
        if let Some(&class) = self.numbers.get(label) {
            return Ok(class);
        }
        let near = nearest(label, self.names.iter().map(String::as_str));
        let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
        let more = self.names.len().saturating_sub(LISTED);
        let known = match more {
            0 => listed(&self.names),
            _ => format!("{} and {} more", self.names[..LISTED].join(", "), thousands(more)),
        };
        bail!("{}: `{label}` is no class of {}; {near}The classes are {known}", row.place(), self.set)
    }
}

#[cfg(test)]
mod tests;
