//! The reference as Markdown: `docs/spec.md`.

use std::collections::HashMap;

use super::{Entry, NamedValue, all};

const INTRODUCTION: &str = "\
# Every key of a spec

A spec is a TOML file that describes one experiment (`experiments/` has examples). This page lists every key with its
meaning, type, default, example and source. `pt4al explain --markdown` writes it from the program's own documentation;
`pt4al explain KEY` shows one key in the terminal.

How a spec is read:

1. The file is merged over its [`base`](#base), if it has one.
2. `--profile P` applies the table `[profile.P]`, and `--set KEY=VALUE` a single key.
3. The result is checked as a whole. An unknown key, a missing key and a value that cannot be are errors with file and
   line.

Tables are merged key by key; lists and other values are replaced. A value that is one of several names is written as
the name (`schedule = \"cosine\"`), with its options as a table with one key
(`schedule = { steps = { at = [160], factor = 0.1 } }`). A change that gives another name replaces the options, too.

Paper: Yi, Seo, Park and Choi, \"PT4AL: Using Self-Supervised Pretext Tasks for Active Learning\", ECCV 2022. Official
code: github.com/johnsk95/PT4AL at 9a0da4a, or at the commit that is named.
";

/// Returns the whole reference.
pub fn markdown() -> String {
    let mut page = Page { text: INTRODUCTION.to_owned(), seen: HashMap::new() };
    for entry in all() {
        page.entry(&entry, 2);
    }
    page.text
}

struct Page {
    text: String,
    /// Types whose values or keys are already on the page, with the path where they are.
    seen: HashMap<&'static str, String>,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn entry(&mut self, entry: &Entry, level: usize) {
        self.line(&format!("\n{} `{}`\n", "#".repeat(level.min(4)), entry.path));
        for paragraph in &entry.meaning {
            self.line(&format!("{paragraph}\n"));
        }
        self.line(&format!("- Type: {}", entry.kind));
        if let Some(default) = &entry.default {
            self.line(&format!("- Default: {default}"));
        }
        if let Some(example) = &entry.example {
            self.line(&format!("- Example: `{example}`"));
        }
        if let Some(source) = &entry.source {
            self.line(&format!("- Source: {source}"));
        }
        if entry.values.is_empty() && entry.keys.is_empty() {
            return;
        }
        if let Some(first) = entry.type_name.and_then(|name| self.first_place(name, &entry.path)) {
            let what = if entry.values.is_empty() { "Keys" } else { "Values" };
            self.line(&format!("- {what}: as for {}", link(&first)));
            return;
        }
        if !entry.values.is_empty() {
            self.line("\nValues:\n");
            entry.values.iter().for_each(|value| self.value(value));
        }
        for value in &entry.values {
            self.keys(&value.options, level + 1);
        }
        self.keys(&entry.keys, level + 1);
    }

    fn keys(&mut self, entries: &[Entry], level: usize) {
        entries.iter().for_each(|entry| self.entry(entry, level));
    }

    fn value(&mut self, value: &NamedValue) {
        let source = value.source.iter().map(|source| format!("Source: {source}"));
        let text: Vec<String> = value.meaning.iter().cloned().chain(source).collect();
        self.line(&format!("- `{}`: {}", value.written, text.join(" ")));
    }

    /// Returns where a type already is on the page; otherwise notes that it is now at `path`.
    fn first_place(&mut self, type_name: &'static str, path: &str) -> Option<String> {
        let first = self.seen.get(type_name).cloned();
        if first.is_none() {
            self.seen.insert(type_name, path.to_owned());
        }
        first
    }
}

/// A link to the heading of a key: its anchor has no dots.
fn link(path: &str) -> String {
    format!("[`{path}`](#{})", path.replace('.', ""))
}
