//! Image data sets: files to checked bytes, without tensors. [`validate`] looks at all files, [`read`] decodes them too.

pub mod caltech101;
pub mod catalogue;
pub mod cifar10;
pub mod cityscapes;
pub mod decode;
pub mod fetch;
pub mod imagenet;
pub mod images;
pub mod imbalance;
pub mod index;
mod overlap;
pub mod problems;
pub mod shapes;
pub mod storage;

use std::path::{Path, PathBuf};

use anyhow::Result;
use rayon::prelude::*;

use images::{Records, Split, Splits};
use index::{Files, Verified};
use problems::Problems;
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::{DatasetSpec, Spec, Storage};
use pt4al_results::store::{ClassCount, DataOrigin};

/// How one data set is read from disk, or made. Every data set is one file of this folder that implements it for its
/// part of the spec.
pub(crate) trait Reader {
    /// Reads the index and, if that is how closely to look, checks all files. Images that are files of their own may be
    /// left there: their records then come from a [`images::Source`], and [`read`] moves them to the storage that the
    /// spec asks for.
    ///
    /// # Errors
    /// Where there is no data set; or the list of all files that are not usable.
    fn read(&self, dir: &Path, look: &Look) -> Result<Splits>;

    /// [`Reader::read`] with a check of all files.
    ///
    /// # Errors
    /// As for it.
    fn checked(&self, dir: &Path) -> Result<Splits> {
        self.read(dir, &Look::Contents { cache: cache_folder(dir) })
    }

    /// The size of the whole data set, where that is known without its files.
    fn known_size(&self) -> Option<Size> {
        None
    }
}

/// How closely a data set is looked at.
pub(crate) enum Look {
    /// Which files there are. The fingerprint says nothing then, and no file is known to be like another.
    Names,
    /// What is in them; what was found good is remembered in the folder `cache`.
    Contents { cache: PathBuf },
}

impl Look {
    /// [`index::verify`], where contents are looked at.
    fn verify(&self, files: &Files, kind: &str, check: index::Check, problems: &Problems) -> Result<Verified> {
        match self {
            Self::Names => Ok(Verified { fingerprint: String::new(), bytes: 0, read: 0, found: Vec::new() }),
            Self::Contents { cache } => index::verify(files, kind, check, cache, problems),
        }
    }
}

/// The one place where data sets are told apart.
fn reader(spec: &DatasetSpec) -> &dyn Reader {
    match spec {
        DatasetSpec::Cifar10(set) => set,
        DatasetSpec::Shapes(set) => set,
        DatasetSpec::Caltech101(set) => set,
        DatasetSpec::Imagenet(set) => set,
        DatasetSpec::Cityscapes(set) => set,
    }
}

/// What a data set holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Images in the train split.
    pub train: usize,
    /// Those of them that form the pool.
    pub pool: usize,
    pub test: usize,
    /// Height and width of the images as they are held.
    pub height: usize,
    pub width: usize,
    pub classes: usize,
    /// Bytes of all images and label maps as they are held.
    pub bytes: u64,
}

/// A data set with the part of it that forms the pool.
#[derive(Debug)]
pub struct Read {
    /// `origin` counts the pool, not the whole train split.
    pub splits: Splits,
    /// Positions in the train split, ascending.
    pub pool: Vec<usize>,
}

impl Read {
    /// What was read.
    pub fn size(&self) -> Size {
        let Splits { train, test, classes, .. } = &self.splits;
        Size {
            train: train.len,
            pool: self.pool.len(),
            test: test.len,
            height: train.height,
            width: train.width,
            classes: classes.len(),
            bytes: (train.len * train.record() + test.len * test.record()) as u64,
        }
    }
}

/// Checks the whole data set without holding its images; `dir` is where data sets lie.
///
/// # Errors
/// Where there is no data set; or the list of all files that are not usable; or if the spec's imbalance does not fit, or
/// its storage does not hold the images.
pub fn validate(spec: &Spec, dir: &Path) -> Result<Read> {
    let read = with_pool(spec, reader(&spec.dataset).checked(dir)?)?;
    // What is in memory already had room there.
    if matches!(read.splits.train.records, Records::Source(_)) {
        storage::check_memory(&spec.dataset, read.size().bytes)?;
    }
    Ok(read)
}

/// Whether there is a place for what [`share`] makes; checking the files before it may take hours.
///
/// # Errors
/// If there is none, with the remedy.
pub fn check_place(spec: &Spec, dir: &Path) -> Result<()> {
    match spec.dataset.storage() {
        Storage::Mapped => storage::check_writable(&cache_folder(dir)),
        Storage::Memory | Storage::Stream => Ok(()),
    }
}

fn with_pool(spec: &Spec, mut splits: Splits) -> Result<Read> {
    let pool = pool(spec, &splits)?;
    describe(&mut splits, &pool);
    Ok(Read { splits, pool })
}

/// [`validate`], and holds the images in the storage that the spec asks for.
///
/// # Errors
/// As [`validate`], and if the storage cannot hold them.
pub fn read(spec: &Spec, dir: &Path) -> Result<Read> {
    hold(spec, dir, validate(spec, dir)?)
}

/// Makes what trials share of a data set that was checked: the file of decoded images, where the spec asks for one.
///
/// # Errors
/// If the storage cannot hold them.
pub fn share(spec: &Spec, dir: &Path, checked: Read) -> Result<Read> {
    match spec.dataset.storage() {
        Storage::Mapped => hold(spec, dir, checked),
        Storage::Memory | Storage::Stream => Ok(checked),
    }
}

fn hold(spec: &Spec, dir: &Path, read: Read) -> Result<Read> {
    let Read { splits, pool } = read;
    let Splits { train, test, classes, origin } = splits;
    let hold = |split, name: &str| {
        let key = format!("{}-{name}-{}", spec.dataset.name(), storage_key(spec, &origin, name));
        storage::hold(split, spec.dataset.storage(), &cache_folder(dir), &key)
    };
    let (train, test) = (hold(train, "train")?, hold(test, "test")?);
    Ok(Read { splits: Splits { train, test, classes, origin }, pool })
}

/// Raise it when a change of the program, or of the libraries that decode for it, changes decoded bytes.
const RECORDS: u32 = 2;

/// Changes with any byte that the storage holds.
fn storage_key(spec: &Spec, origin: &DataOrigin, name: &str) -> String {
    pt4al_results::spec::short_hash(&(RECORDS, spec.dataset.for_decoding(), &origin.fingerprint, name))
}

/// Where indices and decoded images are cached: `PT4AL_CACHE`, or `.pt4al-cache` in the data folder.
pub fn cache_folder(dir: &Path) -> PathBuf {
    let named = std::env::var_os("PT4AL_CACHE").filter(|name| !name.is_empty());
    named.map_or_else(|| dir.join(".pt4al-cache"), PathBuf::from)
}

/// The positions that form the pool, ascending: the train split without what the spec's imbalance leaves out, or the
/// part of that which the spec asks for. It is the same for all trials: it is the experiment's data, not a trial's
/// luck.
fn pool(spec: &Spec, splits: &Splits) -> Result<Vec<usize>> {
    let all: Vec<usize> = match (&spec.imbalance, splits.train.classes()) {
        (Some(imbalance), Some(labels)) => imbalance::keep(labels, &splits.classes, imbalance)?,
        (Some(_), None) => anyhow::bail!("`imbalance` needs a class for each image; leave it out for segmentation"),
        (None, _) => (0..splits.train.len).collect(),
    };
    let (name, images) = (spec.dataset.name(), all.len());
    if let Some(part) = spec.dataset.pool() {
        anyhow::ensure!(
            part <= images,
            "`dataset.{name}.pool` is {part}, but there are only {images} images to draw it from; lower it or leave it out"
        );
    }
    let pool = match spec.dataset.pool() {
        Some(part) if part < all.len() => {
            let mut pool =
                seed::sample(&all, part, &mut seed::stream(spec.dataset.pool_seed(), Purpose::PoolSubset, &[]));
            pool.sort_unstable();
            pool
        }
        _ => all,
    };
    if let (Some(_), Some(labels)) = (&spec.imbalance, splits.train.classes()) {
        let mut empty = vec![true; splits.classes.len()];
        pool.iter().for_each(|&i| empty[usize::from(labels[i])] = false);
        if let Some(class) = empty.iter().position(|&empty| empty) {
            let class = &splits.classes[class];
            anyhow::bail!("`dataset.{name}.pool` leaves no image of {class}, one of the rare classes; raise it");
        }
    }
    Ok(pool)
}

/// Writes the pool, and how many images each class has, into the origin.
fn describe(splits: &mut Splits, pool: &[usize]) {
    splits.origin.pool = pool.len();
    let (Some(train), Some(test)) = (splits.train.classes(), splits.test.classes()) else { return };
    let mut counts: Vec<ClassCount> =
        splits.classes.iter().map(|name| ClassCount { name: name.clone(), pool: 0, test: 0 }).collect();
    pool.iter().for_each(|&i| counts[usize::from(train[i])].pool += 1);
    test.iter().for_each(|&class| counts[usize::from(class)].test += 1);
    splits.origin.classes = counts;
}

/// The number of images in which each class occurs, where pixels have the classes: reads all label maps.
///
/// # Errors
/// If a file cannot be read any more.
pub fn count_classes_of_pixels(read: &Read) -> Result<Vec<ClassCount>> {
    let Splits { train, test, classes, .. } = &read.splits;
    let count = |split: &Split, positions: &[usize]| -> Result<Vec<usize>> {
        let occurring = positions.par_iter().map(|&position| {
            let mut seen = [false; 256];
            split.label_map(position)?.into_iter().for_each(|class| seen[usize::from(class)] = true);
            Ok(seen)
        });
        let occurring = occurring.collect::<Result<Vec<_>>>()?;
        Ok((0..classes.len()).map(|class| occurring.iter().filter(|seen| seen[class]).count()).collect())
    };
    let (pool, test) = (count(train, &read.pool)?, count(test, &(0..test.len).collect::<Vec<_>>())?);
    let counts = classes.iter().zip(pool).zip(test);
    Ok(counts.map(|((name, pool), test)| ClassCount { name: name.clone(), pool, test }).collect())
}

/// The size of a spec's data set: from the names of its files, or, where that is known without them, with why they are
/// not usable. Nothing is decoded.
///
/// # Errors
/// Where there is no data set, if the files are needed, or if their names do not make up one.
pub fn size(spec: &Spec, dir: &Path) -> Result<(Size, Option<anyhow::Error>)> {
    let known = reader(&spec.dataset).known_size().filter(|_| spec.imbalance.is_none());
    let found = reader(&spec.dataset).read(dir, &Look::Names).and_then(|splits| with_pool(spec, splits));
    match (found, known) {
        (Ok(read), _) => Ok((read.size(), None)),
        (Err(problem), Some(size)) => {
            let pool = spec.dataset.pool().map_or(size.pool, |part| part.min(size.pool));
            Ok((Size { pool, ..size }, Some(problem)))
        }
        (Err(problem), None) => Err(problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pt4al_results::spec::{Imbalance, LongTail, Normalize, ShapesSpec, Source};

    /// An imbalanced demo.
    fn spec(pool: usize, ratio: f64) -> Spec {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/demo.toml");
        let mut spec = pt4al_results::spec::load(&Source { path, ..Source::default() }).unwrap();
        let normalize = Normalize { mean: [0.5; 3], std: [0.25; 3] };
        spec.dataset = DatasetSpec::Shapes(ShapesSpec { pool, test: 50, side: 12, seed: 0, normalize });
        spec.imbalance = Some(Imbalance::LongTail(LongTail { ratio, seed: 0 }));
        spec
    }

    #[test]
    fn the_pool_is_what_an_imbalance_leaves_and_the_test_split_stays() {
        let read = validate(&spec(1000, 5.0), Path::new("/nowhere")).unwrap();
        assert!(read.pool.len() < 700 && read.pool.is_sorted());
        let origin = &read.splits.origin;
        assert_eq!((origin.pool, origin.test), (read.pool.len(), 50));
        assert_eq!(origin.classes.iter().map(|class| class.pool).sum::<usize>(), read.pool.len());
        assert_eq!(origin.classes.iter().map(|class| class.test).sum::<usize>(), 50);
        assert!(validate(&spec(100, 500.0), Path::new("/nowhere")).is_err(), "a class of 10 cannot be cut to a 500th");
    }
}
