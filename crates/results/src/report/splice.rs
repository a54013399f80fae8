//! Tables of results pages inside documents. A document marks where a table stands:
//!
//! ```text
//! <!-- table: results/baseline/cifar10-cpu accuracy-last -->
//! <!-- /table -->
//! ```
//!
//! The first line names a results folder, or a folder of results folders that has a page of claims, and a table of its
//! page (the error for a wrong name lists them all). `rows=PATTERN` behind the name keeps only the rows whose name matches
//! the regular expression. The lines between the marks are replaced; a table gets the line ends of its first mark.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use regex::Regex;

use super::page::Page;
use super::{claims, page_of};
use crate::store::write_atomically;

const BEGIN: &str = "<!-- table:";
const END: &str = "<!-- /table -->";

/// Replaces the tables between the marks of the Markdown file `document`, and returns how many there are. Folders are
/// relative to the file's folder, or to the nearest folder above it that has them.
///
/// # Errors
/// If the file or a results folder cannot be read, a mark names no folder or table, or a table has no end; the message
/// has the file and the line. The file has not been changed then.
pub fn splice(document: &Path) -> Result<usize> {
    let text = read(document)?;
    let Spliced { text: new, tables } = spliced(document, &text)?;
    if new != text {
        write_atomically(document, |out| out.write_all(new.as_bytes()))?;
    }
    Ok(tables)
}

/// The number of the first line of `document` at which [`splice`] would change it; `None` if its tables are current.
///
/// # Errors
/// As for [`splice`].
pub fn outdated_line(document: &Path) -> Result<Option<usize>> {
    let text = read(document)?;
    let new = spliced(document, &text)?.text;
    if new == text {
        return Ok(None);
    }
    let same = lines(&text).zip(lines(&new)).take_while(|(old, new)| old == new).count();
    Ok(Some(same + 1))
}

/// The lines of a text with their ends, so that a document of any system stays as it is.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n')
}

fn read(document: &Path) -> Result<String> {
    std::fs::read_to_string(document)
        .map_err(|e| anyhow!("{}: cannot be read ({e}); name a Markdown file", document.display()))
}

/// What the first line of a table names.
struct Mark<'a> {
    folder: &'a str,
    table: &'a str,
    /// Matches every name if the mark has no pattern.
    rows: Regex,
}

impl<'a> Mark<'a> {
    /// # Errors
    /// What is wrong with the text behind [`BEGIN`], without a place.
    fn parse(text: &'a str) -> Result<Self, String> {
        let usage = || format!("write `{BEGIN} FOLDER TABLE -->`, for instance `{BEGIN} results/demo claims -->`");
        let text = text.trim().strip_suffix("-->").ok_or_else(usage)?.trim();
        let (names, pattern) = text.split_once(" rows=").unwrap_or((text, ""));
        let (folder, table) = names.rsplit_once(' ').ok_or_else(usage)?;
        let rows = Regex::new(pattern).map_err(|_| format!("rows={pattern} is no regular expression; correct it"))?;
        Ok(Self { folder: folder.trim(), table, rows })
    }
}

struct Spliced {
    text: String,
    tables: usize,
}

fn spliced(document: &Path, text: &str) -> Result<Spliced> {
    let file = document.display();
    let mut pages: BTreeMap<PathBuf, Page> = BTreeMap::new();
    let mut new = Spliced { text: String::with_capacity(text.len()), tables: 0 };
    let mut lines = lines(text).enumerate();
    while let Some((number, line)) = lines.next() {
        new.text += line;
        let Some(mark) = line.trim().strip_prefix(BEGIN) else { continue };
        let at = format!("{file}:{}", number + 1);
        let mark = Mark::parse(mark).map_err(|why| anyhow!("{at}: {why}"))?;
        let (folder, way) = find(document, mark.folder)
            .ok_or_else(|| anyhow!("{at}: there is no folder {} here or above; correct the mark", mark.folder))?;
        if !pages.contains_key(&folder) {
            pages.insert(folder.clone(), page(&folder).map_err(|e| anyhow!("{at}: {e:#}"))?);
        }
        let page = &pages[&folder];
        let found = page.table_with_rows(mark.table, &|name| mark.rows.is_match(name)).ok_or_else(|| {
            let (folder, names) = (folder.display(), page.table_names().join(", "));
            anyhow!("{at}: the page of {folder} has no table `{}`; it has {names}", mark.table)
        })?;
        let (_, end) = lines
            .find(|(_, line)| line.trim() == END)
            .ok_or_else(|| anyhow!("{at}: this table has no end; add a line `{END}` below it"))?;
        let table = links_from(&way, &found);
        new.text += &if line.ends_with("\r\n") { table.replace('\n', "\r\n") } else { table };
        new.text += end;
        new.tables += 1;
    }
    Ok(new)
}

/// The page of a results folder, or the page of claims of the results folders in a folder.
fn page(folder: &Path) -> Result<Page> {
    if folder.join("records.csv").exists() { page_of(folder) } else { Ok(claims::page(folder)?.page) }
}

/// `folder` below the folder of the document, or below the nearest one above that has it; and the way there from the
/// document, as links write it.
fn find(document: &Path, folder: &str) -> Option<(PathBuf, String)> {
    let document = std::path::absolute(document).ok()?;
    let mut above = document.ancestors().skip(1).enumerate();
    above.find_map(|(levels, above)| {
        let path = above.join(folder);
        path.is_dir().then(|| (path, format!("{}{}", "../".repeat(levels), folder.trim_end_matches('/'))))
    })
}

/// A table with its links to files beside its page written as links from the document.
fn links_from(way: &str, table: &str) -> String {
    let to_file = Regex::new(r"\]\(([^):/#][^):]*)\)").expect("the pattern is right");
    to_file.replace_all(table, |found: &regex::Captures| format!("]({way}/{})", &found[1])).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{full, spec, write_folder};
    use super::*;

    const DOCUMENT: &str = "Text.\n\n<!-- table: results/a accuracy-last -->\nold\n\nolder\n<!-- /table -->\n\nMore.\n";

    /// `docs/text.md` beside `results/a`.
    fn document(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        write_folder(&dir.path().join("results/a"), &spec(), full());
        let file = dir.path().join("docs/text.md");
        std::fs::create_dir(dir.path().join("docs")).unwrap();
        std::fs::write(&file, text).unwrap();
        (dir, file)
    }

    #[test]
    fn tables_between_marks_are_replaced_and_nothing_else() {
        let (_dir, file) = document(DOCUMENT);
        assert_eq!(outdated_line(&file).unwrap(), Some(4));
        assert_eq!(splice(&file).unwrap(), 1);
        let text = std::fs::read_to_string(&file).unwrap();
        let table = "<!-- table: results/a accuracy-last -->\n| labels   |        200 |        400 |        600 |\n";
        assert!(text.starts_with(&format!("Text.\n\n{table}")), "{text}");
        assert!(
            text.ends_with("| core-set | 35.0 ± 2.5 | 50.0 ± 2.5 | 65.0 ± 2.5 |\n<!-- /table -->\n\nMore.\n"),
            "{text}"
        );
        assert_eq!((outdated_line(&file).unwrap(), splice(&file).unwrap()), (None, 1));
    }

    #[test]
    fn line_ends_and_a_last_line_without_one_stay() {
        let unix = format!("{DOCUMENT}The last line");
        let windows = unix.replace('\n', "\r\n");
        let spliced = |text: &str| {
            let (_dir, file) = document(text);
            splice(&file).unwrap();
            assert_eq!(outdated_line(&file).unwrap(), None);
            std::fs::read_to_string(&file).unwrap()
        };
        let new = spliced(&unix);
        assert!(new.ends_with("More.\nThe last line"), "{new}");
        assert_eq!(spliced(&windows), new.replace('\n', "\r\n"));
        // What tests/fuzz found: `\r` without `\n` is part of the line.
        assert_eq!(spliced(" \r"), " \r");
    }

    #[test]
    fn links_to_files_beside_the_page_lead_there_from_the_document() {
        let table = "| [a](a/README.md) | [web](https://x.org/y) | [place](#there) | 1 (one) |";
        let expected = "| [a](../results/a/README.md) | [web](https://x.org/y) | [place](#there) | 1 (one) |";
        assert_eq!(links_from("../results", table), expected);
        let (_dir, file) = document(DOCUMENT);
        assert_eq!(find(&file, "results/a/").unwrap().1, "../results/a");
    }

    #[test]
    fn a_pattern_keeps_the_rows_that_it_matches() {
        let (_dir, file) = document(&DOCUMENT.replace("accuracy-last", "accuracy-last rows=^core"));
        splice(&file).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("| core-set | 35.0 ± 2.5 |") && !text.contains("| random"), "{text}");
    }

    #[test]
    fn a_mark_that_names_nothing_is_refused_with_its_line() {
        for (find, replace, said) in [
            ("accuracy-last", "values", "text.md:3: the page of "),
            ("accuracy-last", "values", "has no table `values`; it has results/accuracy-last"),
            ("results/a ", "results/b ", "text.md:3: there is no folder results/b here or above"),
            ("accuracy-last", "accuracy-last rows=(", "text.md:3: rows=( is no regular expression"),
            ("<!-- /table -->", "", "text.md:3: this table has no end"),
            ("results/a accuracy-last", "", "text.md:3: write `<!-- table: FOLDER TABLE -->`"),
        ] {
            let text = DOCUMENT.replace(find, replace);
            let (_dir, file) = document(&text);
            let error = splice(&file).unwrap_err().to_string();
            assert!(error.contains(said) && error.lines().count() == 1, "{error}");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
    }
}
