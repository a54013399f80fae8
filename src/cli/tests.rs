//! Wrong usage gives one line in plain words.

use clap::Parser;

use pt4al_results::cli::usage::one_line;

use super::Cli;

/// The error line about wrong arguments.
fn error_line(arguments: &[&str]) -> String {
    let error = Cli::try_parse_from(std::iter::once(&"pt4al").chain(arguments)).expect_err("refused");
    let line = one_line(&error.to_string(), "pt4al");
    for foreign in ["digit", "usize", "u64", "Option", "parse", "\n"] {
        assert!(!line.contains(foreign), "{line:?} contains {foreign:?}");
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
        assert_eq!(error_line(arguments), wanted);
    }
    let line = error_line(&["completions", "tcsh"]);
    assert!(line.contains("invalid value 'tcsh'") && line.contains("bash, elvish, fish"), "{line}");
}

#[test]
fn wrong_arguments_of_run_are_explained() {
    let run = |more: &[&'static str]| error_line(&[&["run", "x.toml"], more].concat());
    assert!(run(&["--jobs", "9999"]).contains("use auto, or a number from 1 to 1024"));
    assert!(run(&["--jobs", "-3"]).contains("use auto, or a number from 1 to 1024"));
    assert!(run(&["--device", "gpu"]).contains("use auto, cpu, cuda or cuda:<number>"));
    assert!(run(&["--only", "["]).contains("unclosed character class"));
    assert!(run(&["--set"]).contains("a value is required for '--set <KEY=VALUE>'"));
    assert!(run(&["--onyl", "a"]).contains("'--only'"));
    assert!(error_line(&["correlate", "x.toml", "--seed", "-1.5"]).contains("--seed"));
    assert!(error_line(&["correlate", "x.toml", "--seed", "x"]).contains("use a whole number from 0"));
}
