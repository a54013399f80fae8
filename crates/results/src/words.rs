//! Formats numbers and names for messages and pages.

/// Formats a number with thousands separators: `12,345`.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Formats a non-negative number, rounded to a whole one: `1,235`.
pub fn whole(value: f64) -> String {
    thousands(value.round() as usize)
}

/// Formats a count with its noun: `1 seed`, `1,000 seeds`.
pub fn counted(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", thousands(n), if n == 1 { "" } else { "s" })
}

/// Formats a list: `A`, `A and B`, `A, B and C`; empty without names.
pub fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Writes text on one line: line breaks and other control characters, which any file may have, become spaces.
pub fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// The text of a panic: what `catch_unwind` or a hook got.
pub fn panic_text(cause: &(dyn std::any::Any + Send)) -> &str {
    let text = cause.downcast_ref::<String>().map(String::as_str).or(cause.downcast_ref::<&str>().copied());
    text.unwrap_or("no message")
}

/// Joins an error and its contexts on one line ([`one_line`]).
pub fn error_on_one_line(error: anyhow::Error) -> anyhow::Error {
    anyhow::anyhow!("{}", one_line(&format!("{error:#}")))
}

/// Formats text as inline code in Markdown, on one line. No text can end the code early.
pub fn code(text: &str) -> String {
    let text = one_line(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Returns the name that is most like `given`, if one is like it.
pub fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Jaro-Winkler favours equal beginnings, Damerau-Levenshtein swapped letters.
    let likeness =
        |name: &&str| strsim::jaro_winkler(given, name).max(strsim::normalized_damerau_levenshtein(given, name));
    let nearest = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|name| likeness(name) > 0.65);
    // A single letter is like any name that begins with it.
    nearest.filter(|_| given.len() > 1)
}

/// Formats seconds with a readable unit: `45 s`, `12 min`, `3.5 h`, `480 h (20 days)`.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s if s < 5.0 * 86_400.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.0} h ({:.0} days)", s / 3600.0, s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_formatted_for_people() {
        let shown: Vec<String> = [0, 999, 1000, 50_000, 1_234_567].map(thousands).to_vec();
        assert_eq!(shown, ["0", "999", "1,000", "50,000", "1,234,567"]);
        assert_eq!((whole(0.4), whole(1234.5)), ("0".into(), "1,235".into()));
        assert_eq!(
            [counted(0, "seed"), counted(1, "seed"), counted(1000, "seed")],
            ["0 seeds", "1 seed", "1,000 seeds"]
        );
    }

    #[test]
    fn no_text_can_end_its_code_early() {
        use pulldown_cmark::{Event, Options, Parser};
        assert_eq!(code("train.epochs = 3"), "`train.epochs = 3`");
        for text in ["a`b", "`", "``a`", "a``", "a|b", "$(id) <b> **c** \\", "two\nlines"] {
            let expected = text.replace('\n', " ");
            let codes_in = |markdown: &str| {
                let codes = Parser::new_ext(markdown, Options::ENABLE_TABLES).filter_map(|event| match event {
                    Event::Code(code) => Some(code.to_string()),
                    _ => None,
                });
                codes.collect::<Vec<_>>()
            };
            assert_eq!(codes_in(&format!("see {} there\n", code(text))), [expected.as_str()]);
        }
    }
}
