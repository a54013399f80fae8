use super::*;

const SMALL: &str = r#"
title = "t"
seeds = [0]
samplers = ["random", "pretext-batch"]
dataset.shapes = { pool = 100, test = 20, side = 16, seed = 0 }
[rounds]
count = 2
initial = 10
query = 10
[model]
arch = "resnet18"
width = 4
[train]
start = "fresh"
epochs = 1
minibatch = 32
augment = ["crop-4"]
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }
schedule = "constant"
select = { query = "last", record = ["last"] }
[pretext]
task = "rotation"
epochs = 1
minibatch = 32
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }
schedule = "constant"
checkpoint = "last"
forward = "separate"
order = "loss"
[profile.tiny]
train.epochs = 3
train.schedule.steps = { at = [2], factor = 0.1 }
dataset.shapes.pool = 50
[profile.typo]
train.epoch = 3
"#;

fn load_text(text: &str, profile: Option<&str>, sets: &[&str]) -> Result<Spec> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("small.toml");
    std::fs::write(&path, text).unwrap();
    let sets = sets.iter().map(|s| (*s).to_owned()).collect();
    load(&Source { path, profile: profile.map(str::to_owned), sets })
}

fn message(text: &str, profile: Option<&str>, sets: &[&str]) -> String {
    let message = format!("{:#}", load_text(text, profile, sets).unwrap_err());
    assert!(!message.contains('\n'), "{message}");
    message
}

/// `find` replaced in the small spec, and the parts that the error must name.
fn rejects(find: &str, replace: &str, parts: &[&str]) {
    assert!(SMALL.contains(find), "{find}");
    let message = message(&SMALL.replacen(find, replace, 1), None, &[]);
    for part in parts {
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
}

#[test]
fn a_profile_overrides_and_nothing_else_changes() {
    let base = load_text(SMALL, None, &[]).unwrap();
    let tiny = load_text(SMALL, Some("tiny"), &[]).unwrap();
    assert_eq!((base.train.epochs, tiny.train.epochs), (1, 3));
    assert_eq!(tiny.train.schedule, crate::spec::Schedule::Steps(crate::spec::Steps { at: vec![2], factor: 0.1 }));
    let crate::spec::DatasetSpec::Shapes(shapes) = &tiny.dataset else { panic!() };
    assert_eq!((shapes.pool, shapes.test), (50, 20));
    assert_ne!(base.hash(), tiny.hash());
    assert_eq!(tiny.folder_name(), "small-tiny");
}

#[test]
fn set_wins_over_the_profile() {
    let spec = load_text(SMALL, Some("tiny"), &["train.epochs=7", "title=two words"]).unwrap();
    assert_eq!((spec.train.epochs, spec.title.as_str()), (7, "two words"));
    assert!(message(SMALL, None, &["train.epoch=7"]).contains("--set train.epoch=7"));
}

#[test]
fn a_resolved_spec_reads_back_equal_and_notices_edits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spec.toml");
    let spec = load_text(SMALL, Some("tiny"), &[]).unwrap();
    std::fs::write(&path, toml::to_string(&spec).unwrap()).unwrap();
    assert_eq!(load_resolved(&path).unwrap(), spec);
    let edited = toml::to_string(&spec).unwrap().replace("epochs = 3", "epochs = 4");
    std::fs::write(&path, edited).unwrap();
    assert!(load_resolved(&path).unwrap_err().to_string().contains("hashes to"));
}

#[test]
fn minutes_between_checkpoints_are_in_no_hash_and_have_a_default() {
    let spec = |set: &[&str]| load_text(SMALL, None, set);
    let (usual, rare) = (spec(&[]).unwrap(), spec(&["checkpoint-minutes=60"]).unwrap());
    assert_eq!((usual.checkpoint_minutes, rare.checkpoint_minutes), (10, 60));
    assert_eq!((usual.hash(), usual.learner_hash()), (rare.hash(), rare.learner_hash()));
    assert!(rare.to_toml().unwrap().contains("checkpoint-minutes = 60"));
    assert!(!usual.to_toml().unwrap().contains("checkpoint-minutes"), "specs of older results stay as they are");
    let refused = spec(&["checkpoint-minutes=10001"]).unwrap_err().to_string();
    assert!(refused.contains("`checkpoint-minutes` is 10001; it is at most 10,000"), "{refused}");
    let shared = load_text(&format!("{SMALL}\n[variant.rare]\ncheckpoint-minutes = 5\n"), None, &[]);
    assert!(shared.unwrap_err().to_string().contains("checkpoint-minutes"));
}

#[test]
fn more_seeds_and_samplers_keep_the_hash() {
    let hash = |set: &[&str]| load_text(SMALL, None, set).unwrap().hash();
    assert_eq!(hash(&[]), hash(&["seeds=[0,1]"]));
    assert_eq!(hash(&[]), hash(&["samplers=['entropy']"]));
    assert_ne!(hash(&[]), hash(&["train.minibatch=31"]));
}

#[test]
fn bad_specs_are_explained_on_one_line() {
    rejects("epochs = 1", "epoch = 1", &["small.toml:15", "unknown key `train.epoch`", "did you mean `epochs`"]);
    rejects("title = \"t\"", "titel = \"t\"", &["small.toml:2", "`titel`", "did you mean `title`"]);
    rejects(
        "epochs = 1",
        "epochs = \"ten\"",
        &["small.toml:15", "`train.epochs`", "is \"ten\"", "a whole number from 0"],
    );
    rejects("epochs = 1", "epochs = -1", &["small.toml:15", "`train.epochs`", "-1"]);
    rejects("\"random\", ", "\"randm\", ", &["small.toml:4", "`samplers[0]`", "\"randm\"", "did you mean `random`"]);
    rejects(
        "\"pretext-batch\"",
        "{ pretext-batch = { withn = \"margin\" } }",
        &["small.toml:4", "withn", "did you mean `within`"],
    );
    rejects("lr = 0.1, ", "", &["small.toml:18", "`train.optimizer.sgd.lr` is missing"]);
    rejects("optimizer.sgd", "optimizer.sdg", &["small.toml:18", "\"sdg\"", "did you mean `sgd`"]);
    rejects("lr = 0.1", "lr = 0.0", &["small.toml:18", "above 0"]);
    rejects("count = 2", "count = 2 2", &["small.toml:7", "not valid TOML"]);
    rejects(
        "record = [\"last\"]",
        "record = [\"last\", \"best-on-test\"]",
        &["small.toml:20", "`train.select.every` is missing"],
    );
    rejects("seeds = [0]", "seeds = [0, 0]", &["small.toml:3", "twice"]);
    let typo = message(SMALL, Some("typo"), &[]);
    assert!(typo.contains("small.toml:35") && typo.contains("did you mean `epochs`"), "{typo}");
    assert!(message(SMALL, Some("huge"), &[]).contains("it has tiny, typo"));
    let missing = SMALL.split("[pretext]").next().unwrap();
    assert!(message(missing, None, &[]).contains("[pretext] table"));
}

#[test]
fn variants_are_whole_protocols_with_hashes_of_their_own() {
    let variants = "\n[variant.long]\ntrain.epochs = 9\n[variant.file]\npretext.losses = { file = \"l.csv\" }\n\
                    [profile.tiny.variant.long]\ntrain.epochs = 5\n";
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("l.csv"), "index,loss\n0,1\n").unwrap();
    let path = dir.path().join("small.toml");
    std::fs::write(&path, format!("{SMALL}{variants}")).unwrap();
    let load =
        |profile: Option<&str>| load(&Source { path: path.clone(), profile: profile.map(str::to_owned), sets: vec![] });
    let spec = load(None).unwrap();
    // The experiment's own hash is the one that it has without them: variants can be added to results.
    assert_eq!(spec.hash(), load_text(SMALL, None, &[]).unwrap().hash());
    let labels: Vec<String> = spec.arms().into_iter().map(|arm| arm.0).collect();
    assert_eq!(
        labels,
        ["random", "pretext-batch", "random@long", "pretext-batch@long", "random@file", "pretext-batch@file"]
    );
    let epochs = |spec: &Spec| spec.protocol(Some("long")).train.epochs;
    assert_eq!((spec.train.epochs, epochs(&spec), epochs(&load(Some("tiny")).unwrap())), (1, 9, 5));
    assert_ne!(spec.hash(), spec.protocol(Some("long")).hash());
    // Losses of a file take the place of the learner, and only they are not those of the other protocols.
    assert!(spec.protocol(Some("file")).pretext.as_ref().unwrap().learner().is_none());
    assert_eq!((spec.losses_of(Some("long")), spec.losses_of(Some("file"))), (None, Some("file")));
    // As a results folder has it.
    let resolved = dir.path().join("spec.toml");
    std::fs::write(&resolved, toml::to_string(&spec).unwrap()).unwrap();
    assert_eq!(load_resolved(&resolved).unwrap(), spec);
    let edited = toml::to_string(&spec).unwrap().replace("epochs = 9", "epochs = 8");
    std::fs::write(&resolved, edited).unwrap();
    assert!(load_resolved(&resolved).unwrap_err().to_string().contains("hashes to"));
}

#[test]
fn bad_variants_are_explained_on_one_line() {
    for (variant, parts) in [
        ("[variant.x]\ntrain.epoch = 9", &["small.toml:38", "`train.epoch`", "did you mean `epochs`"] as &[&str]),
        ("[variant.x]\ntrain.minibatch = 0", &["small.toml:38", "`train.minibatch` is 0"]),
        ("[variant.x]\nrounds.count = 9", &["small.toml:38", "`variant.x.rounds` cannot be"]),
        ("[variant.X]\ntrain.epochs = 9", &["small.toml:37", "lower-case letters"]),
        ("[variant.x]", &["small.toml:37", "changes nothing"]),
        ("[variant]\nx = 1", &["`variant.x` is not a table"]),
        ("[variant.x]\ninitial-set = \"class\"", &["small.toml:38", "\"class\"", "class-balanced"]),
    ] {
        let message = message(&format!("{SMALL}\n{variant}\n"), None, &[]);
        for part in parts {
            assert!(message.contains(part), "{message:?} lacks {part:?}");
        }
    }
}

#[test]
fn the_pool_limits_the_budget_and_the_batches() {
    let spec = load_text(SMALL, None, &[]).unwrap();
    assert!(spec.check_pool(100, 20).is_ok());
    assert!(spec.check_pool(19, 20).unwrap_err().to_string().contains("budget is 20"));
    let spec = load_text(SMALL, None, &["pretext.batches=20"]).unwrap();
    assert!(spec.check_pool(100, 20).unwrap_err().to_string().contains("of a pretext batch of 5 images"));
}

/// Names end up in names of files, in columns and on pages.
#[test]
fn names_of_results_are_plain() {
    let refused = |path: &Path, part: &str| {
        let message = load(&Source { path: path.to_owned(), ..Source::default() }).unwrap_err().to_string();
        assert!(message.contains(part) && message.ends_with("rename it"), "{message}");
        assert!(!message.contains(char::is_control), "{message:?}");
        assert_eq!(experiment_name(path).unwrap_err().to_string(), message);
    };
    refused(Path::new("a\nb.toml"), "a?b.toml: the file's name has a line break or another control character");
    refused(Path::new("red\u{1b}[31m.toml"), "red?[31m.toml: the file's name has a line break");
    for hidden in ["...toml", "..toml", "a/.x.toml"] {
        refused(Path::new(hidden), "begins with a dot");
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        refused(Path::new(std::ffi::OsStr::from_bytes(b"x\xff.toml")), "x\u{fffd}.toml: the file's name is not UTF-8");
    }
    assert_eq!(experiment_name(Path::new("a b/\u{e9}t\u{e9} 2.toml")).unwrap(), "\u{e9}t\u{e9} 2");

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/demo.toml");
    for name in ["p\nq", "../p", "cpu+\r"] {
        let source = Source { path: path.clone(), profile: Some(name.into()), ..Source::default() };
        let message = load(&source).unwrap_err().to_string();
        assert!(message.contains("names a folder, so it cannot have a `/`") || name.starts_with("cpu"), "{message}");
        assert!(!message.contains(char::is_control), "{message:?}");
    }
}

#[test]
fn a_key_with_a_line_break_does_not_break_the_message() {
    let key = |key: &str| message(&SMALL.replacen("title = \"t\"", &format!("title = \"t\"\n{key} = 1"), 1), None, &[]);
    let broken = key("\"a\\nb\"");
    assert!(broken.contains("unknown key `a b`"), "{broken}");
    assert!(key("\"\\n\"").contains("unknown key"));
    message(SMALL, None, &["train.epochs='a\nb'"]);
}

/// The program writes the key `replay`, so it is not among the names that a message proposes.
#[test]
fn a_value_that_is_called_like_a_generated_key_is_named() {
    let message = message(SMALL, None, &["channels=replay"]);
    assert!(message.contains("`channels` cannot be \"replay\"") && message.contains("known: rgb, bgr"), "{message}");
}

#[test]
fn lines_are_counted_at_any_byte() {
    assert_eq!((line_of("\u{e4}\n\u{e4}", 1), line_of("\u{e4}\n\u{e4}", 4), line_of("a\n", 99)), (1, 2, 2));
}
