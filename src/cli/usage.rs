//! Wrong usage, on one line as every other error; and values of arguments.

use std::str::FromStr;

use clap::error::ErrorKind;
use regex::Regex;

use crate::machine::say;

/// Says what clap has to say, and gives the exit code: 0 for help and version, 2 for wrong usage.
pub(super) fn tell(error: &clap::Error) -> i32 {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            drop(error.print())
        }
        _ => say(&format!("error: {}", one_line(&error.to_string()))),
    }
    error.exit_code()
}

/// clap's paragraphs without its usage, which `--help` shows.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut help = "pt4al --help".to_owned();
    for part in text.lines().map(str::trim).filter(|part| !part.is_empty()) {
        if let Some(usage) = part.strip_prefix("Usage: ") {
            let verbs: Vec<&str> = usage.split(' ').take_while(|word| !word.starts_with(['[', '<', '-'])).collect();
            help = format!("{} --help", verbs.join(" "));
            break;
        }
        if part.starts_with("For more information") {
            break;
        }
        // That a verb takes it as a value is hardly ever what was meant.
        if part.starts_with("tip: to pass") {
            continue;
        }
        let part = part.strip_prefix("error: ").unwrap_or(part);
        let separator = match line.chars().last() {
            None => "",
            Some(':') => " ",
            // The rest of a list, or of what is possible.
            Some(_) if part.starts_with(['<', '-', '[']) => " ",
            Some(_) => "; ",
        };
        line.push_str(separator);
        line.push_str(part.strip_prefix("tip: ").unwrap_or(part));
    }
    format!("{line}; see `{help}`")
}

/// A number of images, batches or the like, or a seed.
pub(super) fn whole_number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "use a whole number from 0, for instance 3".into())
}

/// The names of trials that are meant.
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
pub(super) fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| {
        let error = error.to_string();
        let why = error.lines().last().unwrap_or_default();
        let why = why.strip_prefix("error: ").unwrap_or(why);
        format!("it is not a pattern ({why}); write for instance --only 'core-set|seed0'")
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::Cli;
    use super::*;

    /// What is said of arguments that are refused.
    fn said(arguments: &[&str]) -> String {
        let error = Cli::try_parse_from(std::iter::once(&"pt4al").chain(arguments)).expect_err("refused");
        let line = one_line(&error.to_string());
        for foreign in ["digit", "usize", "u64", "Option", "parse", "\n"] {
            assert!(!line.contains(foreign), "{line:?} says {foreign:?}");
        }
        line
    }

    #[test]
    fn wrong_usage_is_one_line_in_plain_words() {
        for (arguments, wanted) in [
            (
                &["rprt"] as &[&str],
                "unrecognized subcommand 'rprt'; a similar subcommand exists: 'report'; see `pt4al --help`",
            ),
            (&["report"], "the following required arguments were not provided: <FOLDER>; see `pt4al report --help`"),
            (
                &["report", "x", "--aut", "y"],
                "unexpected argument '--aut' found; a similar argument exists: '--out'; see `pt4al report --help`",
            ),
            (&["check"], "the following required arguments were not provided: <RESULTS>; see `pt4al check --help`"),
            (
                &["pretext", "split", "--losses", "l.csv", "--batches", "-3", "--order", "loss", "--out", "o"],
                "invalid value '-3' for '--batches <N>': use a whole number from 0, for instance 3; see `pt4al --help`",
            ),
            (
                &["pretext", "split", "--losses", "l.csv", "--batches", "ten", "--order", "loss", "--out", "o"],
                "invalid value 'ten' for '--batches <N>': use a whole number from 0, for instance 3; see `pt4al --help`",
            ),
            (
                &["pretext", "split", "--losses", "l.csv", "--batches", "3", "--order", "up", "--out", "o"],
                "invalid value 'up' for '--order <O>': use loss, loss-low-first, published-string-sort or published-string-sort-low-first; see `pt4al --help`",
            ),
        ] {
            assert_eq!(said(arguments), wanted);
        }
        let told = said(&["completions", "tcsh"]);
        assert!(told.contains("invalid value 'tcsh'") && told.contains("bash, elvish, fish"), "{told}");
    }

    #[test]
    fn a_pattern_that_cannot_be_is_explained() {
        assert!(pattern("core-set|seed0").is_ok());
        assert_eq!(
            pattern("[").unwrap_err(),
            "it is not a pattern (unclosed character class); write for instance --only 'core-set|seed0'"
        );
        assert!(!pattern(&"(a{1000}){1000}".repeat(3)).unwrap_err().contains('\n'));
    }

    #[cfg(feature = "torch")]
    #[test]
    fn wrong_arguments_of_run_are_explained() {
        let run = |more: &[&'static str]| said(&[&["run", "x.toml"], more].concat());
        assert!(run(&["--jobs", "9999"]).contains("use auto, or a number from 1 to 1024"));
        assert!(run(&["--jobs", "-3"]).contains("use auto, or a number from 1 to 1024"));
        assert!(run(&["--device", "gpu"]).contains("use auto, cpu, cuda or cuda:<number>"));
        assert!(run(&["--only", "["]).contains("unclosed character class"));
        assert!(run(&["--set"]).contains("a value is required for '--set <KEY=VALUE>'"));
        assert!(run(&["--onyl", "a"]).contains("'--only'"));
        assert!(said(&["correlate", "x.toml", "--seed", "-1.5"]).contains("--seed"));
        assert!(said(&["correlate", "x.toml", "--seed", "x"]).contains("use a whole number from 0"));
    }
}
