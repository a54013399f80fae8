//! A sampler that is a command of the user's own. For each query it is started once, gets the query on its standard input and arrays
//! in a file, and prints the indices that it chooses. docs/own-sampler.md has the protocol.

mod answer;
mod arrays;
mod process;
#[cfg(test)]
pub(super) mod tests;

use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitStatus};

use anyhow::{Result, anyhow, bail};
use rand::RngCore;
use serde::Serialize;

use super::pool::{PoolView, Sampler};
use process::{Fault, Limits, Output};
use pt4al_results::files::create_below;
use pt4al_results::seed::Stream;
use pt4al_results::spec::{ArrayFormat, CommandSpec};

/// The version of the protocol. It changes if a request or an answer changes in a way that commands must know.
const PROTOCOL: u32 = 1;

/// A command as a spec names it.
pub(super) struct Command {
    pub command: CommandSpec,
    /// The folder for the request and its arrays. It is removed when the query has succeeded.
    pub files: PathBuf,
}

/// What the command gets on its standard input.
#[derive(Serialize)]
struct Request<'a> {
    protocol: u32,
    sampler: &'a str,
    /// The seed of the trial.
    seed: u64,
    round: usize,
    /// The number of images to choose.
    n: usize,
    /// A seed for the command's own random numbers.
    random_seed: u32,
    classes: usize,
    /// The file with the arrays.
    arrays: PathBuf,
    format: ArrayFormat,
    /// A folder in which the command may write; it is removed after the query.
    folder: &'a Path,
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<Names>,
}

/// The names of images, in the order of the arrays `unlabeled` and `labeled`.
#[derive(Serialize)]
struct Names {
    unlabeled: Vec<String>,
    labeled: Vec<String>,
}

impl Sampler for Command {
    fn query(&self, pool: &dyn PoolView, n: usize, stream: &mut Stream) -> Result<Vec<usize>> {
        let random_seed = stream.next_u32();
        // Not only before the run: the file may have been changed since.
        self.command.check_files()?;
        let folder = std::path::absolute(&self.files)?;
        let unwritable = |e: &dyn std::fmt::Display| {
            anyhow!("{}: cannot be written ({e}); free some space, then run again", folder.display())
        };
        let _ = std::fs::remove_dir_all(&folder);
        // `select` has no folder of a trial. The results folder is never made here: one that was removed must not come back.
        let above = folder.parent().map_or(Ok(()), create_below);
        above.and_then(|()| create_below(&folder)).map_err(|e| unwritable(&e))?;
        let path = folder.join(format!("arrays.{}", self.command.format.ending()));
        arrays::write(&path, self.command.format, &arrays::of(pool, &self.command)?)?;
        let request = Request {
            protocol: PROTOCOL,
            sampler: &self.command.name,
            seed: pool.seed(),
            round: pool.round(),
            n,
            random_seed,
            classes: pool.classes(),
            arrays: path,
            format: self.command.format,
            folder: &folder,
            ids: names(pool),
        };
        let mut text = serde_json::to_vec(&request)?;
        text.push(b'\n');
        std::fs::write(folder.join("request.json"), &text).map_err(|e| unwritable(&e))?;
        let chosen = self.run(text, n).and_then(|printed| answer::read(&printed, pool.unlabeled(), n));
        let chosen = chosen.map_err(|e| {
            anyhow!(
                "the sampler {}, query of round {}: {e:#}; earlier rounds are kept, and what it was asked is in {}",
                self.command.name,
                pool.round(),
                folder.display()
            )
        })?;
        // What stays does no harm; the next query removes it.
        let _ = std::fs::remove_dir_all(&folder);
        Ok(chosen)
    }
}

fn names(pool: &dyn PoolView) -> Option<Names> {
    let ids = |indices: &[usize]| indices.iter().map(|&index| pool.id(index)).collect::<Option<Vec<String>>>();
    Some(Names { unlabeled: ids(pool.unlabeled())?, labeled: ids(pool.labeled())? })
}

impl Command {
    /// Runs the command once. Returns what it printed.
    fn run(&self, request: Vec<u8>, n: usize) -> Result<Vec<u8>> {
        let CommandSpec { run, folder, time_limit, .. } = &self.command;
        let (program, arguments) = run.split_first().ok_or_else(|| anyhow!("`run` names no program"))?;
        let mut process = Process::new(program);
        process.args(arguments);
        if let Some(folder) = folder {
            process.current_dir(folder);
        }
        let limits = Limits { time: self.command.limit()?, printed: answer::longest(n) };
        match process::run(process, request, limits) {
            Ok(Output { status, printed, .. }) if status.success() => Ok(printed),
            Ok(Output { status, last_words, .. }) => {
                let said = last_words.map_or_else(
                    || "it wrote nothing on standard error".into(),
                    |line| format!("its last line on standard error: {line}"),
                );
                bail!("its command {}; {said}; correct it, then run the same command again", how_it_ended(status))
            }
            Err(Fault::NotStarted(e)) => bail!("{program} cannot be started ({e}); install it, or correct `run`"),
            Err(Fault::OutOfTime) => bail!(
                "its command took longer than {time_limit} and was stopped; raise its `time-limit`, or make it faster"
            ),
            Err(Fault::PrintedTooMuch) => bail!(
                "its command printed more than {} KiB on standard output and was stopped; print the indices alone, and everything else \
                 on standard error",
                limits.printed / 1024
            ),
            Err(Fault::Lost(e)) => bail!("its command was lost ({e}); run again"),
        }
    }
}

fn how_it_ended(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let guess = if signal == libc::SIGKILL { " (by hand, or for lack of memory)" } else { "" };
        return format!("was killed by signal {signal}{guess}");
    }
    status.code().map_or_else(|| format!("ended with {status}"), |code| format!("ended with exit code {code}"))
}
