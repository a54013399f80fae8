use std::fs;

use super::*;
use crate::spec::{SamplerSpec, Source, Spec, load};

const SPEC: &str = r#"
title = "Own"
seeds = [0]
dataset.shapes = { pool = 100, test = 20, side = 16, seed = 0 }
rounds = { count = 3, initial = 20, query = 20 }
model = { arch = "resnet18", width = 4 }
[train]
start = "fresh"
epochs = 1
minibatch = 16
augment = []
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }
schedule = "constant"
select = { query = "last", record = ["last"] }
"#;

/// A folder with `mine.py`, `helpers.py` and the executable `mine.sh`.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in ["mine.py", "helpers.py", "mine.sh"] {
        fs::write(dir.path().join(name), name).unwrap();
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(dir.path().join("mine.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    }
    dir
}

fn loaded(dir: &Path, options: &str, more: &str) -> Result<Spec> {
    let path = dir.join("own.toml");
    fs::write(&path, format!("samplers = ['random', {{ command = {{ {options} }} }}]\n{SPEC}{more}")).unwrap();
    load(&Source { path, ..Source::default() })
}

fn command(dir: &Path, options: &str) -> Result<CommandSpec> {
    Ok(loaded(dir, options, "")?.samplers[1].command().unwrap().clone())
}

fn hash(text: &str) -> String {
    use sha2::Digest;
    crate::spec::hex(&sha2::Sha256::digest(text))
}

#[test]
fn files_of_a_command_are_found_in_its_folder_and_hashed() {
    let dir = folder();
    let own = |name: &str| dir.path().join(name);
    let word = |name: &str| own(name).display().to_string();
    let found = command(dir.path(), "name = 'mine', run = ['python3', 'mine.py', '--k', '3']").unwrap();
    assert_eq!(found.run, ["python3", word("mine.py").as_str(), "--k", "3"]);
    assert_eq!((&found.files, &found.sha256), (&vec![own("mine.py")], &hash("mine.py")));
    assert_eq!(found.folder.as_deref(), Some(dir.path()));
    assert_eq!(found.in_words(), "python3 mine.py --k 3");
    assert_eq!((found.reads.len(), found.limit().unwrap().as_secs()), (2, 600));
    let more = command(dir.path(), "name = 'mine', run = ['python3', 'mine.py'], files = ['helpers.py']").unwrap();
    assert_eq!(more.files, [own("mine.py"), own("helpers.py")]);
    assert_ne!(more.sha256, found.sha256);
    // The program counts if it lies in the folder, or if nothing else does.
    let script = command(dir.path(), "name = 'mine', run = ['mine.sh', 'helpers.py']").unwrap();
    assert_eq!(script.files, [own("mine.sh"), own("helpers.py")]);
    let alone = command(dir.path(), &format!("name = 'mine', run = ['{}']", word("mine.sh"))).unwrap();
    assert_eq!(alone.sha256, hash("mine.sh"));
    let interpreter = command(dir.path(), &format!("name = 'mine', run = ['{}', 'mine.py']", word("mine.sh"))).unwrap();
    assert_eq!(interpreter.sha256, hash("mine.py"));
    let inline = command(dir.path(), "name = 'mine', run = ['sh', '-c', 'echo mine.py']").unwrap();
    assert_eq!((inline.files.len(), inline.sha256.as_str()), (0, ""));
    fs::create_dir(own("inner")).unwrap();
    fs::write(own("inner/other.py"), "other").unwrap();
    let inner = command(dir.path(), "name = 'mine', run = ['python3', 'other.py'], folder = 'inner'").unwrap();
    assert_eq!((inner.sha256, inner.folder), (hash("other"), Some(own("inner"))));
}

#[test]
fn a_missing_file_is_refused_unless_its_hash_is_stated() {
    let dir = folder();
    let missing = "name = 'mine', run = ['python3', 'gone.py']";
    let error = command(dir.path(), missing).unwrap_err().to_string();
    assert!(error.contains("own.toml:1: `samplers` has the command mine, which needs the file"), "{error}");
    assert!(error.contains("gone.py, but it is not there; put it there, or correct `run` or `files`"), "{error}");
    let stated = format!("{missing}, sha256 = '{}'", hash("here"));
    let found = command(dir.path(), &stated).unwrap();
    assert_eq!(found.sha256, hash("here"));
    let error = found.check_start().unwrap_err().to_string();
    assert!(error.contains("gone.py, but it is not there"), "{error}");
    fs::write(dir.path().join("gone.py"), "here").unwrap();
    assert_eq!(command(dir.path(), &stated).unwrap().files.len(), 1);
    fs::write(dir.path().join("gone.py"), "other").unwrap();
    let error = command(dir.path(), &stated).unwrap_err().to_string();
    assert!(error.contains("whose `sha256` is") && error.contains("gone.py is now"), "{error}");
    let error = command(dir.path(), "name = 'mine', run = ['x'], sha256 = '00'").unwrap_err().to_string();
    assert!(error.contains("but it names no file"), "{error}");
}

#[test]
fn a_command_that_cannot_be_one_is_refused_in_one_line() {
    let dir = folder();
    for (options, part) in [
        ("run = ['python3', 'mine.py']", "`samplers[1].command.name` is missing; add it"),
        ("name = 'Mine', run = ['x']", "use up to 60 lower-case letters, digits and `-`"),
        ("name = '', run = ['x']", "use up to 60 lower-case letters"),
        ("name = 'entropy', run = ['x']", "which a sampler of the program has"),
        ("name = 'pretext-batch-entropy', run = ['x']", "which a sampler of the program has, or may have"),
        ("name = 'random', run = ['x']", "which a sampler of the program has"),
        ("name = 'mine', run = []", "whose `run` names no program"),
        ("name = 'mine', run = ['']", "whose `run` names no program"),
        ("name = 'mine', run = 'python3 mine.py'", "must be a list of texts"),
        ("name = 'mine', run = ['x'], reads = ['labels']", "logits"),
        ("name = 'mine', run = ['x'], reads = ['logits', 'logits']", "names logits twice"),
        ("name = 'mine', run = ['x'], reads = ['pretext-losses']", "the sampler mine needs a [pretext] table"),
        ("name = 'mine', run = ['x'], time-limit = 'soon'", "whose `time-limit` is \"soon\"; use a time"),
        ("name = 'mine', run = ['x'], time-limit = '5M'", "use a time of at least a second"),
        ("name = 'mine', run = ['x'], time-limit = '10ms'", "use a time of at least a second"),
        ("name = 'mine', run = ['x'], format = 'csv'", "npz"),
        ("name = 'mine', run = ['x'], fiels = []", "did you mean `files`?"),
    ] {
        let error = format!("{:#}", command(dir.path(), options).unwrap_err());
        assert!(error.contains(part) && !error.contains('\n'), "{options}: {error}");
    }
    let twice = "name = 'mine', run = ['x'] } }, { command = { name = 'mine', run = ['y']";
    let error = loaded(dir.path(), twice, "").unwrap_err().to_string();
    assert!(error.contains("`samplers` names mine twice"), "{error}");
}

#[test]
fn what_a_command_reads_must_exist() {
    let dir = folder();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/cityscapes.toml");
    let with = |options: &str| {
        let set = format!("samplers=[{{ command = {{ name = 'mine', run = ['x']{options} }} }}]");
        load(&Source { path: path.clone(), sets: vec![set], ..Source::default() }).map(drop)
    };
    let error = with("").unwrap_err().to_string();
    assert!(error.contains("reads logits, but cityscapes has a class for each pixel"), "{error}");
    with(", reads = ['features']").unwrap();
    fs::write(dir.path().join("losses.csv"), "index,loss\n0,1\n").unwrap();
    let file = "[pretext]\nlosses = { file = 'losses.csv' }\norder = 'loss'\n";
    let reads = |reads: &str| loaded(dir.path(), &format!("name = 'mine', run = ['x'], reads = ['{reads}']"), file);
    let error = reads("pretext-features").unwrap_err().to_string();
    assert!(error.contains("`pretext.losses` is a file, which has none"), "{error}");
    let spec = reads("pretext-losses").unwrap();
    assert!(spec.needs_pretext() && !spec.needs_features());
}

#[test]
fn programs_are_found_before_anything_runs() {
    let dir = folder();
    fs::write(dir.path().join("mine.sh"), "#!/bin/sh\n").unwrap();
    let start = |options: &str| command(dir.path(), options).unwrap().check_start().map_err(|e| e.to_string());
    start("name = 'mine', run = ['sh', 'mine.sh']").unwrap();
    start("name = 'mine', run = ['mine.sh']").unwrap();
    let error = start("name = 'mine', run = ['no-such-program', 'mine.py']").unwrap_err();
    assert!(error.contains("whose program no-such-program is not in `PATH`; install it"), "{error}");
    let error = start("name = 'mine', run = ['bin/python', 'mine.py']").unwrap_err();
    assert!(error.contains("bin/python is not there; correct the first word of `run`"), "{error}");
    let error = start("name = 'mine', run = ['sh', '-c', 'x'], folder = 'elsewhere'").unwrap_err();
    assert!(error.contains("elsewhere, but that is not a folder"), "{error}");
    #[cfg(unix)]
    {
        let error = start("name = 'mine', run = ['mine.py']").unwrap_err();
        assert!(error.contains("mine.py is not executable; run `chmod +x "), "{error}");
        // A shell would run it as its own.
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(dir.path().join("mine.py"), executable).unwrap();
        let error = start("name = 'mine', run = ['mine.py']").unwrap_err();
        assert!(error.contains("mine.py does not say what runs it; name its interpreter first in `run`"), "{error}");
    }
    let found = command(dir.path(), "name = 'mine', run = ['sh', 'mine.sh']").unwrap();
    fs::write(dir.path().join("mine.sh"), "changed").unwrap();
    let error = found.check_files().unwrap_err().to_string();
    assert!(error.contains("mine.sh changed since the run began"), "{error}");
}

#[test]
fn only_what_decides_the_choice_makes_another_command() {
    let (here, there) = (folder(), folder());
    let options = "name = 'mine', run = ['python3', 'mine.py', '--k=3']";
    let first = command(here.path(), options).unwrap();
    let other = |options: &str| {
        let second = command(there.path(), options).unwrap();
        assert_eq!(first.difference(&second).is_some(), second.difference(&first).is_some(), "{options}");
        first.difference(&second).map(|difference| difference.0)
    };
    assert_eq!(other(options), None);
    assert_eq!(other(&format!("{options}, time-limit = '1h'")), None);
    assert_eq!(other(&options.replace("python3", "/usr/bin/python3")), None);
    assert_eq!(other(&options.replace("=3", "=4")), Some("run"));
    assert_eq!(other(&options.replace(", '--k=3'", "")), Some("run"));
    assert_eq!(other(&format!("{options}, reads = ['logits']")), Some("reads"));
    assert_eq!(other(&format!("{options}, format = 'safetensors'")), Some("format"));
    fs::write(there.path().join("mine.py"), "changed").unwrap();
    assert_eq!(other(options), Some("sha256"));
    // A spec that states the hash, where the file is not.
    fs::remove_file(there.path().join("mine.py")).unwrap();
    assert_eq!(other(&format!("{options}, sha256 = '{}'", hash("mine.py"))), None);
}

/// The hash covers no sampler, so that one can be added. The resolved spec has the hash of the files, also in variants.
#[test]
fn a_resolved_spec_is_read_where_the_files_are_not() {
    let dir = folder();
    let variant = "[variant.other]\nsamplers = [{ command = { name = 'mine', run = ['sh', 'mine.sh'] } }]\n";
    let spec = loaded(dir.path(), "name = 'mine', run = ['python3', 'mine.py']", variant).unwrap();
    let mut alone = spec.clone();
    alone.samplers.truncate(1);
    assert_eq!(spec.hash(), alone.hash());
    assert_eq!(
        spec.trials().iter().map(crate::spec::Trial::label).collect::<Vec<_>>(),
        ["random", "mine", "mine@other"]
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("spec.toml");
    fs::write(&path, spec.to_toml().unwrap()).unwrap();
    drop(dir);
    let read = crate::spec::load_resolved(&path).unwrap();
    assert_eq!((&read.samplers, read.hash()), (&spec.samplers, spec.hash()));
    let of_variant = |spec: &Spec| spec.protocol(Some("other")).samplers.clone();
    assert_eq!(of_variant(&read), of_variant(&spec));
    assert_eq!(of_variant(&read)[0].command().unwrap().sha256, hash("mine.sh"));
}

#[test]
fn files_of_a_base_are_those_of_its_folder() {
    let dir = folder();
    loaded(dir.path(), "name = 'mine', run = ['python3', 'mine.py'], files = ['helpers.py']", "").unwrap();
    fs::create_dir(dir.path().join("inner")).unwrap();
    fs::write(dir.path().join("inner/mine.py"), "another").unwrap();
    let path = dir.path().join("inner/based.toml");
    fs::write(&path, "base = '../own.toml'\n").unwrap();
    let based = load(&Source { path, ..Source::default() }).unwrap();
    let found = based.samplers[1].command().unwrap();
    let own = std::path::absolute(dir.path().join("inner/../mine.py")).unwrap();
    assert!(found.files[0].canonicalize().unwrap() == own.canonicalize().unwrap(), "{found:?}");
    assert_eq!((found.files.len(), found.run[1].ends_with("mine.py")), (2, true));
}

#[test]
fn a_query_of_a_command_costs_what_it_reads() {
    let reading =
        |reads: &[Reading]| SamplerSpec::Command(CommandSpec { reads: reads.to_vec(), ..CommandSpec::default() });
    for (reads, scored, pretext) in [
        (vec![], 0, false),
        (vec![Reading::Logits], 90, false),
        (vec![Reading::Features], 100, false),
        (vec![Reading::Logits, Reading::Features], 100, false),
        (vec![Reading::PretextLosses], 0, true),
        (vec![Reading::PretextFeatures, Reading::Logits], 90, true),
    ] {
        let sampler = reading(&reads);
        assert_eq!((sampler.scored(90, 10, 20), sampler.needs_pretext()), (scored, pretext), "{reads:?}");
        assert!(!sampler.queries_pretext_batches());
        assert_eq!(sampler.initial_set(), crate::spec::InitialSet::Random);
    }
}
