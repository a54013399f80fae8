//! `pt4al completions` and `pt4al man`: the command line described for shells and for `man`.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use pt4al_results::store::write_atomically;

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell: bash, zsh, fish, elvish or powershell
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Write the pages of all verbs into this folder, instead of printing the first page; the folder is created
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The command line without the verbs that people do not type.
fn command() -> Command {
    let all = Cli::command();
    let shown = all.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned();
    let about = all.get_about().cloned().unwrap_or_default();
    Command::new("pt4al").version(env!("CARGO_PKG_VERSION")).about(about).subcommand_required(true).subcommands(shown)
}

/// Prints the script for a shell.
pub(super) fn completions(args: &CompletionsArgs) -> Result<i32> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "pt4al", &mut script);
    super::print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(0)
}

/// Prints the program's page, or writes the pages of all verbs.
pub(super) fn man(args: &ManArgs) -> Result<i32> {
    let mut command = command();
    command.build();
    let Some(folder) = &args.out else {
        super::print(String::from_utf8_lossy(&page(&command)?).trim_end())?;
        return Ok(0);
    };
    let mut pages = 0;
    write_pages(&command, "pt4al", folder, &mut pages)?;
    super::print(format!(
        "{}: {pages} pages; to read the first: man -l {}",
        folder.display(),
        folder.join("pt4al.1").display()
    ))?;
    Ok(0)
}

/// Writes the page of a verb and the pages of the verbs below it.
fn write_pages(command: &Command, name: &str, folder: &Path, pages: &mut usize) -> Result<()> {
    let page = page(command)?;
    write_atomically(&folder.join(format!("{name}.1")), |out| out.write_all(&page))?;
    *pages += 1;
    // The `help` verb that clap adds would repeat the pages.
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        write_pages(verb, &format!("{name}-{}", verb.get_name()), folder, pages)?;
    }
    Ok(())
}

fn page(command: &Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command.clone()).render(&mut page);
    rendered.map_err(|e| anyhow!("the manual page cannot be generated ({e}); report this bug"))?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn completions_have_the_verbs_that_people_type_and_no_other() {
        for shell in Shell::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut command(), "pt4al", &mut script);
            let script = String::from_utf8(script).unwrap();
            for verb in ["report", "compare", "check", "baseline", "data", "pretext", "completions", "man"] {
                assert!(script.contains(verb), "{shell} lacks {verb}");
            }
            assert!(!script.contains("worker") && !script.contains("watch-stdin"), "{shell} has the hidden verb");
        }
    }

    #[test]
    fn every_verb_has_a_page() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("man");
        man(&ManArgs { out: Some(folder.clone()) }).unwrap();
        let page = |name: &str| std::fs::read_to_string(folder.join(format!("{name}.1"))).unwrap();
        assert!(page("pt4al").contains("accuracy curves"));
        assert!(page("pt4al-check").contains("against"));
        assert!(page("pt4al-pretext-split").contains("published\\-string\\-sort"));
        assert!(page("pt4al-data-fetch").contains("\\-\\-url"));
        let names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        assert!(names.iter().all(|name| !name.contains("worker") && !name.contains("help")), "{names:?}");
    }
}
