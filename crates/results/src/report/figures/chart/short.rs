//! Names of arms for narrow windows: without the beginning that they share.

use std::collections::BTreeSet;

/// The beginning that is left out: `random` of `random@a`, `random@b` and `random@c`.
#[derive(Debug, PartialEq)]
pub(super) struct Short {
    prefix: Option<String>,
    /// The characters that follow it in names.
    boundaries: Vec<char>,
}

/// Names are shortened if at least this many share their beginning.
const LEAST: usize = 3;

impl Short {
    /// The longest beginning that all `names` share, except perhaps the one at the place `reference`. It ends where a
    /// name does, or before `@`, `-` or a space.
    pub fn of(names: &[String], reference: Option<usize>) -> Self {
        let others: Vec<&str> =
            names.iter().enumerate().filter(|(i, _)| Some(*i) != reference).map(|(_, name)| name.as_str()).collect();
        let ends = |name: &str| -> Vec<usize> { name.match_indices(is_boundary).map(|(end, _)| end).collect() };
        let longest = others.first().into_iter().flat_map(|name| {
            ends(name).into_iter().chain(std::iter::once(name.len())).map(|end| &name[..end]).collect::<Vec<_>>()
        });
        let is_shared = |prefix: &&str| {
            let fits = others.iter().all(|name| name == prefix || rest(name, prefix).is_some());
            fits && names.iter().filter(|name| rest(name, prefix).is_some()).count() >= LEAST
        };
        let prefix = longest.filter(is_shared).max_by_key(|prefix| prefix.len()).map(str::to_owned);
        let rests = prefix.iter().flat_map(|prefix| names.iter().filter_map(|name| rest(name, prefix)));
        let boundaries: BTreeSet<char> = rests.filter_map(|rest| rest.chars().next()).collect();
        Self { prefix, boundaries: boundaries.into_iter().collect() }
    }

    /// The short form of a name, if it has one.
    pub fn name(&self, name: &str) -> Option<String> {
        let rest = rest(name, self.prefix.as_deref()?)?;
        let boundary = rest.chars().next()?;
        Some(format!("{}{}", mark(boundary), &rest[boundary.len_utf8()..]))
    }

    /// What the short names leave out, in a sentence.
    pub fn note(&self) -> Option<String> {
        let prefix = self.prefix.as_deref()?;
        let stands = |boundary: &char| format!("“{}” stands for “{prefix}{boundary}”", mark(*boundary));
        let all: Vec<String> = self.boundaries.iter().map(stands).collect();
        Some(format!("In short names, {}.", all.join(" and ")))
    }
}

fn is_boundary(c: char) -> bool {
    matches!(c, '@' | '-' | ' ')
}

/// What follows the prefix, from its boundary on; none if nothing would be left of it.
fn rest<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    name.strip_prefix(prefix).filter(|rest| rest.len() > 1 && rest.starts_with(is_boundary) && !prefix.is_empty())
}

/// The sign that stands for the prefix and the boundary. Without a sign, the rest could be the name of another arm.
fn mark(boundary: char) -> char {
    if boundary == '@' { '@' } else { '…' }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(names: &[&str], reference: Option<usize>) -> (Vec<String>, Option<String>) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let short = Short::of(&names, reference);
        (names.iter().map(|name| short.name(name).unwrap_or_else(|| name.clone())).collect(), short.note())
    }

    #[test]
    fn variants_of_one_sampler_keep_what_differs() {
        let (names, note) = short(&["random", "random@class-balanced", "random@core-set", "random@typical"], Some(0));
        assert_eq!(names, ["random", "@class-balanced", "@core-set", "@typical"]);
        assert_eq!(note.unwrap(), "In short names, “@” stands for “random@”.");
    }

    #[test]
    fn a_short_name_is_never_the_name_of_another_arm() {
        let names = ["random", "pretext-batch", "pretext-batch-random", "pretext-batch-margin", "pretext-batch@five"];
        let (names, note) = short(&names, Some(0));
        assert_eq!(names, ["random", "pretext-batch", "…random", "…margin", "@five"]);
        assert_eq!(
            note.unwrap(),
            "In short names, “…” stands for “pretext-batch-” and “@” stands for “pretext-batch@”."
        );
    }

    #[test]
    fn the_longest_shared_beginning_is_left_out_and_words_stay_whole() {
        let names = ["small run: core-set", "small run: core-sets", "small run: coral"];
        assert_eq!(short(&names, None).0, ["…core-set", "…core-sets", "…coral"]);
    }

    #[test]
    fn two_names_or_names_that_share_nothing_stay() {
        for names in [
            &["a-b", "a-c"][..],
            &["random", "entropy", "core-set", "core-sets"],
            &["ab", "ac", "ad"],
            &["@a", "@b", "@c"],
            &[],
        ] {
            assert_eq!(short(names, None), (names.iter().map(|name| (*name).to_owned()).collect(), None));
        }
        // Only the reference may stand outside.
        let names = ["random", "entropy", "a-b", "a-c", "a-d"];
        assert_eq!(short(&names, Some(0)).1, None);
    }
}
