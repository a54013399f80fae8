//! `pt4al new`.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail, ensure};
use clap::Args;

use pt4al_data::draft::{self, Draft};
use pt4al_results::shell;
use pt4al_results::spec;
use pt4al_results::words::{counted, thousands};

/// The file of the JSON Schema for editors, beside the specs.
const SCHEMA: &str = "pt4al.schema.json";

#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// The name of the experiment; the spec is NAME.toml
    name: String,
    /// The folder of your images, or of a data set [default: generated images]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The data set to take, if the folder has several, for instance cifar10
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// The folder that the spec is written to
    #[arg(long, value_name = "DIR", default_value = "experiments")]
    dir: PathBuf,
    /// Also write the JSON Schema of specs beside it, with which editors complete and check keys
    #[arg(long)]
    schema: bool,
}

/// Writes a spec that fits a data folder, and prints how to go on.
pub(super) fn new(args: &NewArgs) -> Result<i32> {
    let name = args.name.strip_suffix(".toml").unwrap_or(&args.name);
    ensure!(
        !name.is_empty() && Path::new(name).file_name() == Some(OsStr::new(name)),
        "{:?} is not the name of a file; name the experiment, for instance `pt4al new mine`, and its folder with --dir",
        args.name
    );
    let path = args.dir.join(format!("{name}.toml"));
    spec::experiment_name(&path)?;
    let there = || anyhow!("{}: is there already; choose another name, or remove it", path.display());
    if path.symlink_metadata().is_ok() {
        return Err(there());
    }
    let schema = args.dir.join(SCHEMA);
    let directive = (args.schema || schema.is_file()).then(|| format!("./{SCHEMA}"));
    let draft = draft::draft(name, args.data.as_deref(), args.dataset.as_deref(), directive.as_deref())?;

    let unwritable = |path: &Path, e: &std::io::Error| {
        anyhow!("{}: cannot be written ({e}); name another folder with --dir", path.display())
    };
    std::fs::create_dir_all(&args.dir).map_err(|e| unwritable(&args.dir, &e))?;
    if args.schema {
        let text = serde_json::to_string_pretty(&spec::schema_for_editors())? + "\n";
        std::fs::write(&schema, text).map_err(|e| unwritable(&schema, &e))?;
    }
    // Never over a file that another program has just written.
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
    match file.and_then(|mut file| file.write_all(draft.text.as_bytes())) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => return Err(there()),
        Err(e) => bail!(unwritable(&path, &e)),
        Ok(()) => {}
    }
    super::print(told(&path, &draft, args.data.as_deref()))?;
    Ok(0)
}

/// What was written, and the commands to go on.
fn told(path: &Path, draft: &Draft, data: Option<&Path>) -> String {
    let found = &draft.found;
    let command = |verb: &str| {
        let mut words = vec![OsStr::new("pt4al"), OsStr::new(verb), path.as_os_str()];
        if draft.has_smaller {
            words.extend(["--profile", "auto"].map(OsStr::new));
        }
        if let Some(data) = data {
            words.extend([OsStr::new("--data"), data.as_os_str()]);
        }
        shell::command(words)
    };
    format!(
        "wrote {}: {}, {} to train on and {} to test on, {} classes\n\
         what it would cost:  {}\n\
         run it:              {}",
        path.display(),
        found.dataset.name(),
        counted(found.pool, "image"),
        thousands(found.test),
        thousands(found.classes),
        command("plan"),
        command("run"),
    )
}
