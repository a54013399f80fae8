//! Specs that are based on another file.

use super::*;

const BASE: &str = r#"title = "base"
seeds = [0, 1]
samplers = ["random"]
dataset.shapes = { pool = 100, test = 20, side = 16, seed = 0 }
rounds = { count = 2, initial = 10, query = 10 }
model = { arch = "resnet18", width = 4 }
[train]
start = "fresh"
epochs = 10
minibatch = 32
augment = []
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }
schedule.steps = { at = [8], factor = 0.1 }
select = { query = "last", record = ["last"] }
[correlation]
folds = 2
points = 10
resamples = 10
[profile.small]
train.epochs = 9
correlation.folds = 3
[profile.other]
seeds = [7]
"#;

/// A folder with `base.toml`, and `x.toml` with this text.
fn folder(text: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("base.toml"), BASE).unwrap();
    std::fs::write(dir.path().join("x.toml"), text).unwrap();
    dir
}

fn load_from(dir: &tempfile::TempDir, profile: Option<&str>, sets: &[&str]) -> Result<Spec> {
    let sets = sets.iter().map(|&set| set.to_owned()).collect();
    load(&Source { path: dir.path().join("x.toml"), profile: profile.map(str::to_owned), sets })
}

/// Loads a spec and returns its error without the folder's name.
fn message(text: &str, profile: Option<&str>) -> String {
    let dir = folder(text);
    let message = format!("{:#}", load_from(&dir, profile, &[]).unwrap_err());
    assert!(!message.contains('\n'), "{message}");
    message.replace(&format!("{}/", dir.path().display()), "")
}

#[test]
fn a_file_changes_its_base_and_profiles_change_both() {
    let dir = folder("base = 'base.toml'\ntitle = 'x'\ntrain.minibatch = 8\n[profile.small]\ntrain.minibatch = 4\n");
    let numbers = |profile: Option<&str>, sets: &[&str]| {
        let spec = load_from(&dir, profile, sets).unwrap();
        (spec.title.clone(), spec.seeds.len(), spec.train.epochs, spec.train.minibatch, spec.correlation.unwrap().folds)
    };
    assert_eq!(numbers(None, &[]), ("x".into(), 2, 10, 8, 2));
    assert_eq!(numbers(Some("small"), &[]), ("x".into(), 2, 9, 4, 3));
    assert_eq!(numbers(Some("small+other"), &["train.epochs=11"]), ("x".into(), 1, 11, 4, 3));
    assert_eq!(profiles(&dir.path().join("x.toml")).unwrap(), ["small", "other"]);
    let spec = load_from(&dir, Some("small"), &[]).unwrap();
    assert_eq!((spec.identity(), spec.folder_name()), (("x", "small"), "x-small".to_owned()));
    // The resolved spec does not have the base, and reads back.
    let resolved = dir.path().join("spec.toml");
    std::fs::write(&resolved, spec.to_toml().unwrap()).unwrap();
    assert_eq!(load_resolved(&resolved).unwrap(), spec);
}

#[test]
fn keys_of_without_are_not_taken_over_from_tables_profiles_and_variants() {
    let dir = folder("base = 'base.toml'\nwithout = ['correlation', 'profile.other']\n");
    for profile in [None, Some("small")] {
        assert_eq!(load_from(&dir, profile, &[]).unwrap().correlation, None);
    }
    assert_eq!(profiles(&dir.path().join("x.toml")).unwrap(), ["small"]);
    let text = "base = 'base.toml'\nwithout = ['train.schedule']\n";
    assert!(message(text, None).starts_with("base.toml:7: `train.schedule` is missing"), "{}", message(text, None));
}

#[test]
fn a_base_has_a_base_and_none_leads_back() {
    let dir = folder("base = 'middle.toml'\ntrain.minibatch = 8\n");
    std::fs::write(dir.path().join("middle.toml"), "base = 'base.toml'\ntrain.epochs = 20\ntitle = 'middle'\n")
        .unwrap();
    let spec = load_from(&dir, None, &[]).unwrap();
    assert_eq!((spec.title.as_str(), spec.train.epochs, spec.train.minibatch), ("middle", 20, 8));
    std::fs::write(dir.path().join("middle.toml"), "base = 'x.toml'\n").unwrap();
    let message = format!("{:#}", load_from(&dir, None, &[]).unwrap_err());
    assert!(
        message.contains("middle.toml:1: `base` leads back to ") && message.contains("based on itself"),
        "{message}"
    );
}

#[test]
fn paths_of_a_base_are_relative_to_its_folder() {
    let dir = folder("");
    let below = dir.path().join("below");
    std::fs::create_dir(&below).unwrap();
    std::fs::write(dir.path().join("losses.csv"), "index,loss\n0,1\n").unwrap();
    let base = format!("{BASE}[variant.file]\npretext = {{ losses.file = 'losses.csv', order = 'loss' }}\n");
    std::fs::write(dir.path().join("base.toml"), base).unwrap();
    let path = below.join("x.toml");
    std::fs::write(&path, "base = '../base.toml'\n").unwrap();
    let spec = load(&Source { path, ..Source::default() }).unwrap();
    let file = &spec.protocol(Some("file")).loss_file().unwrap().file;
    assert_eq!(file.canonicalize().unwrap(), dir.path().join("losses.csv").canonicalize().unwrap());
}

#[test]
fn errors_name_the_file_and_the_line_that_wrote_the_key() {
    let based = |text: &str| format!("base = 'base.toml'\n{text}");
    let check = |text: &str, profile: Option<&str>, wanted: &str| {
        let message = message(text, profile);
        assert!(message.starts_with(wanted), "{message:?} does not begin with {wanted:?}");
    };
    check(&based("train.epochs = 'ten'"), None, "x.toml:2: `train.epochs` is \"ten\"");
    check(&based("train.epochs = 5"), None, "base.toml:13: `train.schedule.steps.at` has 8, but `train.epochs` is 5");
    check(&based("bsae = 1"), None, "x.toml:2: unknown key `bsae`; did you mean `base`?");
    check(&based("[profile.small]\ntrain.epohcs = 5"), Some("small"), "x.toml:3: unknown key `train.epohcs`");
    check(&based("[profile.small]\nmodel.width = 0"), Some("small"), "x.toml:3: `model.width` is 0");
    check(&based("train.minibatch = 8"), Some("big"), "x.toml: no profile `big`; it has small, other");
    check("base = 'none.toml'", None, "x.toml:1: `base`: none.toml cannot be read");
    check("base = 7", None, "x.toml:1: `base` is 7; it must be a spec file");
    check("title = 'x'\nwithout = ['train']", None, "x.toml:2: `without` names keys of a base, but");
    check(&based("without = 'train'"), None, "x.toml:2: `without` is \"train\"; it must be a list");
    check(&based("without = ['trian']"), None, "x.toml:2: `without` names `trian`, which the base does not have");

    let dir = folder("base = 'base.toml'\n");
    let set = format!("{:#}", load_from(&dir, None, &["base=other.toml"]).unwrap_err());
    assert_eq!(set, "--set base=other.toml: `base` cannot be set; write it in the file");
    std::fs::write(dir.path().join("base.toml"), BASE.replace("epochs = 10", "epohcs = 10")).unwrap();
    let unknown = format!("{:#}", load_from(&dir, None, &[]).unwrap_err());
    assert!(unknown.contains("/base.toml:9: unknown key `train.epohcs`; did you mean `epochs`?"), "{unknown}");
    std::fs::write(dir.path().join("base.toml"), "title = = 1").unwrap();
    let syntax = format!("{:#}", load_from(&dir, None, &[]).unwrap_err());
    assert!(syntax.contains("/base.toml:1: not valid TOML"), "{syntax}");
}

/// Hashes of the protocol and of its profile cpu.
const HASHES: [(&str, &str, &str); 7] = [
    ("cifar10-departures", "ccc24c99b149373d", "a191f7da634779bb"),
    ("cifar10-imbalanced", "cb398ef49bff9be3", "ba2726751eeb7100"),
    ("cifar10-published", "3c3ad282bf06481a", "aa6b4fd5b2e70849"),
    ("cold-start", "579c5e8641695a9e", "e71bf06d2ba2c876"),
    ("official-losses", "2d73b0a929147280", "a0e897efa2d1fdd8"),
    ("pretext-ablation", "865203cf71a11bb8", "5cf7f4afdbe7da09"),
    ("sampler-ablation", "865203cf71a11bb8", "539592cab70890b4"),
];

/// A spec that changes its hash separates the experiment from its results. Values are those of the same protocols written in full.
#[test]
fn experiments_with_a_base_keep_their_protocols() {
    for (experiment, own, cpu) in HASHES {
        let hash = |profile: Option<&str>| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../experiments/{experiment}.toml"));
            load(&Source { path, profile: profile.map(str::to_owned), sets: Vec::new() }).unwrap().hash()
        };
        assert_eq!((hash(None).as_str(), hash(Some("cpu")).as_str()), (own, cpu), "{experiment}");
    }
}

/// A pipe would be waited for, and a device may never end.
#[test]
fn a_base_that_is_no_file_is_not_read() {
    for base in ["/dev/zero", "."] {
        let message = message(&format!("base = '{base}'\n"), None);
        assert!(message.starts_with("x.toml:1: `base`: ") && message.contains(" is no file; name a spec"), "{message}");
    }
}
