//! Classes that a CSV has: the columns `path` and `label`, and maybe `split`.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Component, Path};

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::by_folder::empty_classes;
use super::{Labeled, TRAIN, draw, numbered};
use crate::csv_text::CsvText;
use crate::index::{Files, has_image_ending, photos, read_small};
use crate::problems::Problems;
use pt4al_results::spec::{DrawnSplit, FolderSpec};
use pt4al_results::words::thousands;

/// The largest CSV: 4 million images with paths of 250 letters.
const MOST: u64 = 1 << 30;
const COLUMNS: &str = "the header must be path,label or path,label,split";

/// A line of the CSV.
struct Row {
    line: usize,
    path: String,
    label: String,
    is_test: bool,
}

/// The lines of the CSV that are usable.
struct Table {
    rows: Vec<Row>,
    has_split: bool,
}

/// Finds the images that `csv` lists, below `root`.
///
/// # Errors
/// If the CSV has no such columns or no lines, or the spec does not fit it. What is wrong with single lines becomes
/// problems.
pub(super) fn find(
    spec: &FolderSpec,
    root: &Path,
    csv: &Path,
    drawn: Option<DrawnSplit>,
    problems: &Problems,
) -> Result<Labeled> {
    let shown = csv.display();
    let Table { rows, has_split } = read(csv, root, problems)?;
    match (has_split, drawn) {
        (true, Some(_)) => {
            bail!("{shown}: has a column `split`, but `dataset.folder.test` draws another split; remove one of them")
        }
        (false, None) => bail!(
            "{shown}: no column `split`, so nothing says which images are the test split; add the column, or set \
             `dataset.folder.test` to 0.2 and `split-seed` to 0 to draw one"
        ),
        _ => {}
    }
    let listed: HashMap<&str, usize> = rows.iter().enumerate().map(|(i, row)| (row.path.as_str(), i)).collect();
    let others = Cell::new(0_usize);
    let wanted = |path: &str| {
        let is_listed = listed.contains_key(path);
        others.set(others.get() + usize::from(!is_listed && has_image_ending(path)));
        is_listed
    };
    let files = Files::scan(root, &wanted, problems)?;
    for row in rows.iter().filter(|row| files.index_of(&row.path).is_none()) {
        let hint = if row.path.contains('\\') { "; write / between names" } else { "" };
        problems.add(csv, format!("line {}: there is no file {} below {}{hint}", row.line, row.path, root.display()));
    }
    let names: BTreeSet<&str> = rows.iter().map(|row| row.label.as_str()).collect();
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    photos::check_count(csv, &names)?;
    // Problems of lines come first: they may be why a class seems to be missing.
    let classes = if problems.is_empty() { numbered(spec, names, csv)? } else { names };
    let numbers: HashMap<&str, u16> = classes.iter().map(String::as_str).zip(0..).collect();
    let row_of = |path: &str| listed.get(path).map(|&i| &rows[i]);
    let labels: Vec<u16> = files
        .iter()
        .map(|path| row_of(path).and_then(|row| numbers.get(row.label.as_str()).copied()).unwrap_or_default())
        .collect();
    let (mut train, mut test) = (Vec::new(), Vec::new());
    if let Some(drawn) = drawn {
        let place = |class: &str| (csv.to_owned(), format!("class {class:?}: "));
        [train, test] = draw(&labels, &classes, drawn, &place, problems);
    } else {
        for (index, path) in (0..).zip(files.iter()) {
            let is_test = row_of(path).is_some_and(|row| row.is_test);
            if is_test { test.push(index) } else { train.push(index) }
        }
        for (split, indices) in [(TRAIN, &train), ("test", &test)] {
            for class in empty_classes(&labels, indices, &classes) {
                let why = format!("class {class:?}: no image in the {split} split; add one, or remove the class");
                problems.add_consequence(csv, why);
            }
        }
    }
    let mut decided_by = Vec::new();
    for path in files.iter() {
        let Some(row) = row_of(path) else { continue };
        decided_by.extend(row.label.as_bytes());
        // No label has these bytes.
        decided_by.push(if row.is_test { 1 } else { 0 });
    }
    let notes = match others.into_inner() {
        0 => Vec::new(),
        n => vec![format!("{} images below the folder are not in the CSV of labels, and were left out.", thousands(n))],
    };
    Ok(Labeled { files, classes, labels, train, test, notes, decided_by })
}

/// Whether a CSV has the column `split`; `None` if it cannot be read.
pub(super) fn has_split(csv: &Path) -> Option<bool> {
    let folder = csv.parent()?;
    read(csv, folder, &Problems::default()).ok().map(|table| table.has_split)
}

fn read(csv: &Path, root: &Path, problems: &Problems) -> Result<Table> {
    let shown = csv.display();
    let bytes = read_small(csv, MOST).map_err(|why| {
        anyhow!("{shown}: {why}; `dataset.folder.labels` names a CSV, relative to {}", root.display())
    })?;
    let text = CsvText::new(&bytes).with_context(|| format!("{shown}: not UTF-8 text; save it as CSV in UTF-8"))?;
    // Text that is UTF-8 has no other faults, because lines may have any number of values.
    let fault = |_| anyhow!("{shown}: cannot be read as CSV; {COLUMNS}");
    let header: Vec<String> = text.header().map_err(fault)?.iter().map(str::to_owned).collect();
    let column = |name: &str| header.iter().position(|column| column == name);
    let (Some(path), Some(label)) = (column("path"), column("label")) else {
        let missing = if column("path").is_some() { "label" } else { "path" };
        bail!("{shown}: no column `{missing}` in line 1 ({:?}); {COLUMNS}", header.join(","));
    };
    let split = column("split");
    if let Some(other) = header.iter().find(|name| !["path", "label", "split"].contains(&name.as_str())) {
        bail!("{shown}: unknown column {other:?} in line 1; {COLUMNS}: rename or remove it");
    }
    ensure!(header.len() == 2 + usize::from(split.is_some()), "{shown}: a column comes twice in line 1; {COLUMNS}");
    let mut rows: Vec<Row> = Vec::new();
    let mut lines_of: HashMap<String, usize> = HashMap::new();
    let before = problems.len();
    for record in text.records() {
        let (line, record) = record.map_err(fault)?;
        let problem = |why: String| problems.add(csv, format!("line {line}: {why}"));
        if record.len() != header.len() {
            problem(format!(
                "{} values, not {}; put a value with a comma into double quotes",
                record.len(),
                header.len()
            ));
            continue;
        }
        let (stated, label) = (&record[path], &record[label]);
        let Some(path) = relative(stated) else {
            problem(format!("{stated:?} is not a path below {}; write it relative to that folder", root.display()));
            continue;
        };
        if label.is_empty() {
            problem(format!("no label for {path}; add it, or remove the line"));
            continue;
        }
        let is_test = match split.map(|split| &record[split]) {
            None | Some("train") => false,
            Some("test") => true,
            Some(other) => {
                problem(format!("{other:?} is not a split; write train or test"));
                continue;
            }
        };
        if let Some(first) = lines_of.insert(path.clone(), line) {
            problem(format!("{path} is in line {first} already; remove one of them"));
            continue;
        }
        rows.push(Row { line, path, label: label.to_owned(), is_test });
    }
    ensure!(
        !rows.is_empty() || problems.len() > before,
        "{shown}: no images, only a header; add a line for each image"
    );
    Ok(Table { rows, has_split: split.is_some() })
}

/// A path as the scan of a folder has it; `None` if it is empty, absolute or leads out of the folder.
fn relative(stated: &str) -> Option<String> {
    let mut names = Vec::new();
    for part in Path::new(stated).components() {
        match part {
            Component::Normal(name) => names.push(name.to_str()?),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!names.is_empty()).then(|| names.join("/"))
}
