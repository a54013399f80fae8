//! Errors about wrong usage, in one line like every other error, and parsers of arguments.

use std::str::FromStr;

use clap::error::ErrorKind;
use regex::Regex;

use crate::machine::say;

/// Prints clap's help, version or error, and returns the exit code: 0 for help and version, 2 for wrong usage. `program` is the
/// program's name.
pub fn tell(error: &clap::Error, program: &str) -> i32 {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            drop(error.print())
        }
        _ => say(&format!("error: {}", one_line(&error.to_string(), program))),
    }
    error.exit_code()
}

/// clap's error in one line. Instead of the usage it names the `--help` that shows it.
pub fn one_line(text: &str, program: &str) -> String {
    let mut line = String::new();
    let mut help = format!("{program} --help");
    for part in text.lines().map(str::trim).filter(|part| !part.is_empty()) {
        if let Some(usage) = part.strip_prefix("Usage: ") {
            let verbs: Vec<&str> = usage.split(' ').take_while(|word| !word.starts_with(['[', '<', '-'])).collect();
            help = format!("{} --help", verbs.join(" "));
            break;
        }
        if part.starts_with("For more information") {
            break;
        }
        // The tip to pass an option as a value is hardly ever what the user meant.
        if part.starts_with("tip: to pass") {
            continue;
        }
        let part = part.strip_prefix("error: ").unwrap_or(part);
        let separator = match line.chars().last() {
            None => "",
            Some(':') => " ",
            // The rest of a list of arguments or of possible values.
            Some(_) if part.starts_with(['<', '-', '[']) => " ",
            Some(_) => "; ",
        };
        line.push_str(separator);
        line.push_str(part.strip_prefix("tip: ").unwrap_or(part));
    }
    format!("{line}; see `{help}`")
}

/// Parses a whole number that is not negative.
///
/// # Errors
/// If it is none; the text is the part of clap's message after the value.
pub fn whole_number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "use a whole number from 0, for instance 3".into())
}

/// Parses a pattern of trial names.
///
/// # Errors
/// If it is no regular expression; the text is the part of clap's message after the value.
pub fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| {
        let error = error.to_string();
        let why = error.lines().last().unwrap_or_default();
        let why = why.strip_prefix("error: ").unwrap_or(why);
        format!("it is not a pattern ({why}); write for instance --only 'core-set|seed0'")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_pattern_is_explained() {
        assert!(pattern("core-set|seed0").is_ok());
        assert_eq!(
            pattern("[").unwrap_err(),
            "it is not a pattern (unclosed character class); write for instance --only 'core-set|seed0'"
        );
        assert!(!pattern(&"(a{1000}){1000}".repeat(3)).unwrap_err().contains('\n'));
    }
}
