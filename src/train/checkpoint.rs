//! Checkpoints: all that a training needs to go on after an epoch, as one file in the safetensors format.
//!
//! The file's metadata are `format`, what the training is (its identity: names and values), `state` (the part that is not tensors, in
//! TOML, which keeps every bit of a number) and `sha256`, the SHA-256 of everything else. A file that is damaged, or that is of
//! another training, is never used.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, View};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tch::{Device, Tensor};

use crate::limit::Clock;
use pt4al_results::files::checksums::Staged;

/// The version of what is in the files. Raise it if a field or a tensor changes its meaning: older files are then not used.
const FORMAT: &str = "pt4al checkpoint 1";

/// The longest head of a safetensors file, in bytes, as its library has it.
const LONGEST_HEAD: u64 = 100_000_000;

/// What a training is: names and values. All must be equal for a checkpoint to be used.
pub(crate) type Identity = Vec<(&'static str, String)>;

/// Tensors of a checkpoint by name, on the CPU.
pub(crate) type Tensors = HashMap<String, Tensor>;

/// Returns the file for the checkpoint of a training whose result goes to the file `out`.
pub(crate) fn beside(out: &Path) -> PathBuf {
    out.with_extension("checkpoint.safetensors")
}

/// The checkpoints of one training: one file, which each replaces.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    /// What is trained, in words: `round 3`.
    what: String,
    path: PathBuf,
    identity: Identity,
    /// Seconds between two checkpoints; `None` if none are written.
    every: Option<f64>,
    clock: Clock,
    /// The time of the last one, or of the start.
    last: f64,
}

impl Checkpoints {
    /// Checkpoints in the file `path`, `minutes` apart (0: none). The training begins now, when its process has done `done` forward
    /// passes.
    pub fn new(what: String, path: PathBuf, identity: Identity, minutes: usize, done: u64) -> Self {
        let clock = Clock::from_environment();
        let every = (minutes > 0).then_some(60.0 * minutes as f64);
        Self { what, path, identity, every, clock, last: clock.now(done) }
    }

    /// The same checkpoints, one after each epoch.
    #[cfg(test)]
    pub fn after_each_epoch(self) -> Self {
        Self { every: Some(0.0), ..self }
    }

    /// Returns the seconds between two checkpoints; `None` if none are written.
    pub fn every(&self) -> Option<f64> {
        self.every
    }

    /// Lets `resume` take up the state that an earlier process left, and return it with its number of epochs. A file that cannot be
    /// used is removed. `say` and the log get a line about which of the two it was, and why.
    pub fn find<S: DeserializeOwned, T>(
        &self,
        say: impl FnOnce(String),
        resume: impl FnOnce(S, Tensors) -> Result<(T, usize)>,
    ) -> Option<T> {
        let Self { what, path, .. } = self;
        if !path.exists() {
            return None;
        }
        let (found, line) = match self.read(resume) {
            Ok((found, epochs)) => (Some(found), format!("{what} goes on after epoch {epochs}, from its checkpoint")),
            Err(why) => {
                self.remove();
                let unused = format!("the checkpoint of {what} is not used, and removed ({why:#})");
                (None, format!("{unused}; the training starts from its beginning"))
            }
        };
        eprintln!("{}: {line}", path.display());
        say(line);
        found
    }

    /// Does what [`Checkpoints::find`] does, without a word.
    ///
    /// # Errors
    /// As for [`read`], and if `resume` fails.
    pub fn read<S: DeserializeOwned, T>(&self, resume: impl FnOnce(S, Tensors) -> Result<T>) -> Result<T> {
        let (state, tensors) = read(&self.path, &self.identity)?;
        resume(state, tensors)
    }

    /// Whether a checkpoint is due in a process that has done `done` forward passes.
    pub fn are_due(&self, done: u64) -> bool {
        self.every.is_some_and(|seconds| self.clock.now(done) - self.last >= seconds)
    }

    /// Writes a checkpoint. If that fails, the log says so and the training goes on: it needs none unless it is killed.
    pub fn write(&mut self, state: &impl Serialize, tensors: &[(String, &Tensor)], done: u64) {
        if let Err(error) = write(&self.path, &self.identity, state, tensors) {
            eprintln!("warning: no checkpoint was written: {error:#}");
        }
        self.last = self.clock.now(done);
    }

    /// Removes the file, if it is there. Errors are ignored: a file that stays is refused, because it is of another state.
    pub fn remove(&self) {
        let _ = std::fs::remove_file(&self.path);
    }

    #[cfg(test)]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Names what past steps left in the optimizer ([`Optimizer::past`](super::Optimizer::past)), for a checkpoint.
pub(crate) fn name_past<'a>(past: Vec<(&'static str, &'a Tensor)>) -> impl Iterator<Item = (String, &'a Tensor)> {
    past.into_iter().map(|(name, tensor)| (format!("{PAST}{name}"), tensor))
}

/// Returns what [`name_past`] named.
pub(crate) fn past(tensors: Tensors) -> Tensors {
    tensors.into_iter().filter_map(|(name, tensor)| Some((name.strip_prefix(PAST)?.to_owned(), tensor))).collect()
}

/// The beginning of the names of what past steps left in the optimizer.
const PAST: &str = "optimizer.";

/// Writes a checkpoint to a temporary file, and renames it to `path`. `tensors` are contiguous, on any device.
///
/// # Errors
/// If the file cannot be written.
fn write(path: &Path, identity: &Identity, state: &impl Serialize, tensors: &[(String, &Tensor)]) -> Result<()> {
    let mut metadata: BTreeMap<String, String> =
        identity.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    metadata.insert("format".into(), FORMAT.into());
    metadata.insert("state".into(), toml::to_string(state)?);
    let numbers: BTreeMap<&str, Numbers> =
        tensors.iter().map(|(name, tensor)| Ok((name.as_str(), Numbers::new(tensor)?))).collect::<Result<_>>()?;
    let digest = digest(&metadata, &numbers);
    metadata.insert("sha256".into(), digest);
    let metadata = Some(metadata.into_iter().collect());
    Staged::written_by(path, |aside| Ok(safetensors::serialize_to_file(numbers, &metadata, aside)?))?.put_in_place()
}

/// Reads a checkpoint of the training `identity`: its state, and its tensors by name, on the CPU.
///
/// # Errors
/// Why the file cannot be used, without its name: it cannot be read, is damaged, or is of another version or another training.
fn read<S: DeserializeOwned>(path: &Path, identity: &Identity) -> Result<(S, Tensors)> {
    let bytes = std::fs::read(path).context("it cannot be read")?;
    let damaged = || "it is damaged";
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| anyhow!(e)).with_context(damaged)?;
    let views = SafeTensors::deserialize(&bytes).map_err(|e| anyhow!(e)).with_context(damaged)?;
    let mut metadata: BTreeMap<String, String> = header.metadata().clone().unwrap_or_default().into_iter().collect();
    ensure!(metadata.get("format").is_some_and(|format| format == FORMAT), "another version of pt4al wrote it");
    let Some(sha256) = metadata.remove("sha256") else { bail!("it is damaged: its SHA-256 is missing") };
    let numbers: BTreeMap<String, _> = views.tensors().into_iter().collect();
    ensure!(digest(&metadata, &numbers) == sha256, "it is damaged: its SHA-256 is another one");
    for (name, value) in identity {
        let found = metadata.get(*name).map_or("unknown", String::as_str);
        ensure!(found == value, "its {name} is {found}, not {value}");
    }
    let state = metadata.get("state").map(String::as_str).unwrap_or_default();
    let state = toml::from_str(state).map_err(|e| anyhow!("{}", e.message())).context("its state cannot be read")?;
    let tensors = numbers.into_iter().map(|(name, view)| Ok((name, Tensor::try_from(view)?)));
    Ok((state, tensors.collect::<Result<_>>()?))
}

/// Returns the state in the head of a checkpoint, whose tensors may be damaged; `None` if it is not of this version, or does not have the
/// names and values of `identity`.
pub(crate) fn peek<S: DeserializeOwned>(path: &Path, identity: &Identity) -> Option<S> {
    let mut file = File::open(path).ok()?;
    let mut length = [0; 8];
    file.read_exact(&mut length).ok()?;
    let mut head = Vec::new();
    file.take(u64::from_le_bytes(length).min(LONGEST_HEAD)).read_to_end(&mut head).ok()?;
    let head: serde_json::Value = serde_json::from_slice(&head).ok()?;
    let metadata = &head["__metadata__"];
    let fits = metadata["format"] == FORMAT && identity.iter().all(|(name, value)| metadata[*name] == *value);
    fits.then(|| toml::from_str(metadata["state"].as_str()?).ok()).flatten()
}

/// Returns the SHA-256 of metadata and tensors, in hexadecimal digits.
fn digest<N: Ord + AsRef<str>, V: View>(metadata: &BTreeMap<String, String>, tensors: &BTreeMap<N, V>) -> String {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for (name, text) in metadata {
        add(name.as_bytes());
        add(text.as_bytes());
    }
    for (name, tensor) in tensors {
        add(name.as_ref().as_bytes());
        add(format!("{:?} {:?}", tensor.dtype(), tensor.shape()).as_bytes());
        add(&tensor.data());
    }
    pt4al_results::spec::hex(&hash.finalize())
}

/// A tensor as the format's library reads it.
struct Numbers {
    tensor: Tensor,
    dtype: Dtype,
    shape: Vec<usize>,
}

impl Numbers {
    fn new(tensor: &Tensor) -> Result<Self> {
        let tensor = tensor.detach().to_device(Device::Cpu).contiguous();
        let (dtype, shape) = (tensor.kind().try_into()?, tensor.size().iter().map(|&side| side as usize).collect());
        Ok(Self { tensor, dtype, shape })
    }
}

impl View for Numbers {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let mut bytes = vec![0; self.data_len()];
        self.tensor.copy_data_u8(&mut bytes, self.tensor.numel());
        bytes.into()
    }

    fn data_len(&self) -> usize {
        self.tensor.numel() * self.tensor.kind().elt_size_in_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn identity() -> Identity {
        vec![("trial", "random-seed0".into()), ("round", "3".into())]
    }

    /// Writes a checkpoint into a new folder.
    fn written() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        let (weights, steps) = (Tensor::from_slice(&[1.5f32, -2.0, 0.1]), Tensor::from(7.0));
        let state = BTreeMap::from([("loss", 0.1 + 0.2), ("best", 1.0 / 3.0)]);
        write(&path, &identity(), &state, &[("weights".into(), &weights), ("steps".into(), &steps)]).unwrap();
        (folder, path)
    }

    fn why(path: &Path, identity: &Identity) -> String {
        format!("{:#}", read::<BTreeMap<String, f64>>(path, identity).unwrap_err())
    }

    #[test]
    fn what_was_written_is_read_bit_for_bit() {
        let (folder, path) = written();
        let (state, tensors): (BTreeMap<String, f64>, _) = read(&path, &identity()).unwrap();
        assert_eq!((state["loss"], state["best"]), (0.1 + 0.2, 1.0 / 3.0));
        assert_eq!(peek(&path, &identity()), Some(state));
        assert_eq!(peek::<BTreeMap<String, f64>>(&path, &vec![("round", "4".into())]), None);
        assert_eq!(tensors["weights"], Tensor::from_slice(&[1.5f32, -2.0, 0.1]));
        assert_eq!((tensors["steps"].size(), tensors["steps"].double_value(&[])), (vec![], 7.0));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn no_byte_can_change_unnoticed() {
        let (_folder, path) = written();
        let bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            std::fs::write(&path, damaged).unwrap();
            assert!(read::<BTreeMap<String, f64>>(&path, &identity()).is_err(), "byte {at}");
        }
        for length in [0, 7, 100, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert!(why(&path, &identity()).starts_with("it is damaged"), "{length} bytes");
        }
    }

    #[test]
    fn a_checkpoint_of_another_training_or_version_is_refused_with_the_difference() {
        let (_folder, path) = written();
        let other = vec![("trial", "random-seed0".into()), ("round", "4".into())];
        assert_eq!(why(&path, &other), "its round is 3, not 4");
        let unknown = [identity(), vec![("device", "cpu".into())]].concat();
        assert_eq!(why(&path, &unknown), "its device is unknown, not cpu");
        let older = std::fs::read(&path).unwrap().iter().map(|&byte| char::from(byte)).collect::<String>();
        let older: Vec<u8> = older.replace(FORMAT, "pt4al checkpoint 0").chars().map(|byte| byte as u8).collect();
        std::fs::write(&path, older).unwrap();
        assert_eq!(why(&path, &identity()), "another version of pt4al wrote it");
        assert_eq!(why(Path::new("/dev/null/x"), &identity()).split(':').next(), Some("it cannot be read"));
    }
}
