//! Results folders as text files, written by hand, and the program run on them.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// A results folder of an experiment that never ran; it goes when the test ends.
pub struct Folder {
    dir: TempDir,
    name: &'static str,
}

/// One value: arm, seed, round, metric, selection rule, value (0 to 1).
pub type Value<'a> = (&'a str, u64, usize, &'a str, &'a str, f64);

impl Folder {
    /// Makes the folder of the spec `<name>.toml` with these `values`, `labels` for each round.
    pub fn new(name: &'static str, spec: &str, labels: usize, values: &[Value]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join(format!("{name}.toml"));
        std::fs::write(&source, spec).unwrap();
        let source = pt4al_results::spec::Source { path: source, profile: None, sets: Vec::new() };
        let resolved = toml::to_string(&pt4al_results::spec::load(&source).unwrap()).unwrap();
        let folder = Self { dir, name };
        std::fs::create_dir_all(folder.path()).unwrap();
        folder.write("spec.toml", &resolved);
        let mut records = "experiment,profile,sampler,seed,round,labeled,metric,select,value,train_seconds,\
                           evaluate_seconds,score_seconds,query_seconds,wait_seconds,peak_rss_mb,device,error\n"
            .to_owned();
        for (arm, seed, round, metric, select, value) in values {
            let labeled = labels * (round + 1);
            records +=
                &format!("{name},,{arm},{seed},{round},{labeled},{metric},{select},{value},1,1,0,0,0,100,cpu,\n");
        }
        folder.write("records.csv", &records);
        folder
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join(self.name)
    }

    /// A file of the folder, or of one beside it (`../reference/x.csv`).
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// `pt4al report` on it; the page.
    pub fn report(&self) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_pt4al-results")).arg("report").arg(self.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.read("report.html")
    }
}

/// A spec without its title, seeds, samplers and number of rounds.
pub const REST: &str = r#"
dataset.shapes = { pool = 9000, test = 20, side = 16, seed = 0 }
[model]
arch = "resnet18"
width = 4
[train]
start = "fresh"
epochs = 1
minibatch = 32
augment = []
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }
schedule = "constant"
select = { query = "last", record = ["last", "best-on-test"], every = 1 }
"#;
