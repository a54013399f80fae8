//! Readers of image data sets: files on disk to checked images and labels in bytes, without tensors.
//!
//! The data set and its options come from a spec ([`pt4al_results::spec`]). Three calls do the work:
//!
//! - [`size()`]: how many images there are, from the names of the files alone;
//! - [`validate`]: checks all files, and lists all that are not usable ([`problems::ProblemList`]);
//! - [`read()`]: [`validate`], then decodes the images into the storage that the spec asks for.
//!
//! [`features::read`] reads fixed features of the images in their place, if the spec names a file of them.
//!
//! [`catalogue::KNOWN`] lists the data sets, with what to cite and how to get the files. The modules [`caltech101`],
//! [`cifar10`], [`cifar100`], [`cityscapes`], [`folder`], [`folder_masks`], [`imagenet`], [`shapes`], [`svhn`] and
//! [`tiny_imagenet`] say how the files of each one must lie on disk.
//!
//! Images come as [`images::Splits`]: per image `[height, width, 3]` bytes and a class, or a class for each pixel.
//! Whatever is drawn (the pool, an imbalance, a split) depends on seeds in the spec alone.
//!
//! # Example
//!
//! The generated data set needs no files:
//!
//! ```
//! use pt4al_data::shapes;
//! use pt4al_results::spec::{Normalize, ShapesSpec};
//!
//! let normalize = Normalize { mean: [0.5; 3], std: [0.25; 3] };
//! let splits = shapes::generate(&ShapesSpec { pool: 100, test: 20, side: 16, seed: 7, normalize });
//! assert_eq!((splits.train.len(), splits.test.len()), (100, 20));
//!
//! // 16 x 16 pixels of red, green and blue, row by row, and the name of the class.
//! let pixels = splits.train.image(3);
//! assert_eq!(pixels.len(), 16 * 16 * 3);
//! let class = &splits.classes[usize::from(splits.train.labels[3])];
//! println!("image 3 is a {class}; its first pixel is {:?}", &pixels[..3]);
//! ```
//!
//! Any data set of a spec, with its pool:
//!
//! ```
//! use std::path::Path;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/demo.toml");
//! let spec = pt4al_results::spec::load(&pt4al_results::spec::Source { path, ..Default::default() })?;
//! let data = pt4al_data::read(&spec, Path::new("data"))?;
//! let first = data.pool[0];
//! println!("{} images, {} of them in the pool", data.size().train, data.pool.len());
//! println!("image {first} has the classes {:?}", data.splits.train.shares(first)?);
//! # Ok(())
//! # }
//! ```

pub mod caltech101;
pub mod catalogue;
mod cifar;
pub mod cifar10;
pub mod cifar100;
pub mod cityscapes;
mod csv_text;
pub mod decode;
pub mod draft;
mod drawn;
pub mod features;
pub mod fetch;
pub mod folder;
pub mod folder_masks;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod imagenet;
pub mod images;
pub mod imbalance;
pub mod index;
mod known;
mod label_maps;
pub mod labeled;
mod mat;
mod overlap;
pub mod problems;
mod reader;
pub mod shapes;
pub mod stats;
pub mod storage;
pub mod svhn;
pub mod tiny_imagenet;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use rayon::prelude::*;

use catalogue::reader;
use images::{Records, Split, Splits};
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::{DatasetSpec, Labeled, Spec, Storage, short_hash};
use pt4al_results::store::{ClassCount, DataOrigin};
pub(crate) use reader::{Look, Reader};

/// The numbers of images, their size, and the number of classes of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// The number of images in the train split.
    pub train: usize,
    /// The number of images of the train split that form the pool.
    pub pool: usize,
    /// The number of images in the test split.
    pub test: usize,
    /// Height of the images after reading, in pixels.
    pub height: usize,
    /// Width of the images after reading, in pixels.
    pub width: usize,
    /// The number of classes.
    pub classes: usize,
    /// Bytes of all images and label maps after reading.
    pub bytes: u64,
}

/// A data set, and which images of its train split form the pool.
#[derive(Debug)]
pub struct Read {
    /// Both splits. `origin.pool` counts the pool, not the whole train split.
    pub splits: Splits,
    /// Indices into the train split, ascending.
    pub pool: Vec<usize>,
}

impl Read {
    /// The size of what was read.
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

/// Checks all files of a spec's data set without keeping the images in memory. `dir` is the data folder.
///
/// # Errors
/// If the data set is not there; with the list of all files that are not usable; if the spec's imbalance or pool does
/// not fit; or if the images do not fit into memory and the spec has them there.
pub fn validate(spec: &Spec, dir: &Path) -> Result<Read> {
    let read = with_pool(spec, reader(&spec.dataset).checked(dir)?)?;
    // Images that are in memory already did fit, and features take the place of images.
    if matches!(read.splits.train.records, Records::Source(_)) && spec.trains_on_images() {
        storage::check_memory(&spec.dataset, read.size().bytes)?;
    }
    Ok(read)
}

/// [`validate`] without the labels of the train split: each of its images has the class [`images::UNKNOWN`]. The images, their
/// order and the pool are those of [`validate`] if the data set has labels.
///
/// # Errors
/// As for [`validate`]; and if the spec needs labels to say what the pool is, or if pixels have the labels.
pub fn validate_unlabeled(spec: &Spec, dir: &Path) -> Result<Read> {
    ensure!(
        spec.dataset.task().labels() == Labeled::Images,
        "{} has a class for each pixel, but single labels can be given to whole images only; name a data set for \
         classification",
        spec.dataset.name()
    );
    ensure!(
        spec.imbalance.is_none(),
        "`imbalance` leaves out images by their class, which nobody knows before they are labeled; remove it"
    );
    let mut splits = reader(&spec.dataset).unlabeled(dir, &Look::Contents { cache: cache_folder(dir) })?;
    let pool = draw_pool(&spec.dataset, (0..splits.train.len).collect())?;
    splits.origin.pool = pool.len();
    splits.origin.classes.clear();
    let read = Read { splits, pool };
    if matches!(read.splits.train.records, Records::Source(_)) {
        storage::check_memory(&spec.dataset, read.size().bytes)?;
    }
    Ok(read)
}

/// [`validate_unlabeled`], then moves the images to the storage that the spec asks for.
///
/// # Errors
/// As for [`validate_unlabeled`], and if the storage has no room for the images.
pub fn read_unlabeled(spec: &Spec, dir: &Path) -> Result<Read> {
    hold(spec, dir, validate_unlabeled(spec, dir)?)
}

/// Checks that the cache folder can be written if [`share`] will need it, before files are checked for hours.
///
/// # Errors
/// If it cannot be written, with the remedy.
pub fn check_place(spec: &Spec, dir: &Path) -> Result<()> {
    match spec.dataset.storage() {
        Storage::Mapped if spec.trains_on_images() => storage::check_writable(&cache_folder(dir)),
        Storage::Mapped | Storage::Memory | Storage::Stream => Ok(()),
    }
}

fn with_pool(spec: &Spec, mut splits: Splits) -> Result<Read> {
    let pool = pool(spec, &splits)?;
    count_classes_of_images(&mut splits, &pool);
    Ok(Read { splits, pool })
}

/// [`validate`], then moves the images to the storage that the spec asks for. If the spec has features in place of a network, images
/// are not decoded: the splits keep labels, sizes and names, and have no records.
///
/// # Errors
/// As for [`validate`], and if the storage has no room for the images.
pub fn read(spec: &Spec, dir: &Path) -> Result<Read> {
    let read = validate(spec, dir)?;
    if spec.trains_on_images() { hold(spec, dir, read) } else { Ok(without_records(read)) }
}

/// Makes the file of decoded images that all trials share, if the spec asks for one. `checked` comes from [`validate`].
///
/// # Errors
/// If the disk has no room for the images.
pub fn share(spec: &Spec, dir: &Path, checked: Read) -> Result<Read> {
    match spec.dataset.storage() {
        Storage::Mapped if spec.trains_on_images() => hold(spec, dir, checked),
        Storage::Mapped | Storage::Memory | Storage::Stream => Ok(checked),
    }
}

fn without_records(mut read: Read) -> Read {
    let Splits { train, test, .. } = &mut read.splits;
    [train, test].into_iter().for_each(|split| split.records = Records::Memory(Vec::new()));
    read
}

fn hold(spec: &Spec, dir: &Path, read: Read) -> Result<Read> {
    let Read { splits, pool } = read;
    let Splits { train, test, classes, origin } = splits;
    let hold_split = |split, name: &str| {
        let key = format!("{}-{name}-{}", spec.dataset.name(), storage_key(spec, &origin, name));
        storage::hold(split, spec.dataset.storage(), &cache_folder(dir), &key)
    };
    let (train, test) = (hold_split(train, "train")?, hold_split(test, "test")?);
    Ok(Read { splits: Splits { train, test, classes, origin }, pool })
}

/// Raise it when a change of the program, or of the libraries that decode for it, changes decoded bytes.
const RECORDS: u32 = 2;

/// Changes with any byte of the decoded records.
fn storage_key(spec: &Spec, origin: &DataOrigin, name: &str) -> String {
    short_hash(&(RECORDS, spec.dataset.for_decoding(), &origin.fingerprint, name))
}

/// The folder in which decoded images and the results of checks are cached: `PT4AL_CACHE`, or `.pt4al-cache` in the data
/// folder.
pub fn cache_folder(dir: &Path) -> PathBuf {
    let named = std::env::var_os("PT4AL_CACHE").filter(|name| !name.is_empty());
    named.map_or_else(|| dir.join(".pt4al-cache"), PathBuf::from)
}

/// The indices of the pool, ascending: the images of the train split that the spec's imbalance keeps, or `pool` of
/// them. The pool is the same for all trials, because it belongs to the experiment's data and not to a trial's luck.
fn pool(spec: &Spec, splits: &Splits) -> Result<Vec<usize>> {
    let kept: Vec<usize> = match (&spec.imbalance, splits.train.classes()) {
        (Some(imbalance), Some(labels)) => imbalance::keep(labels, &splits.classes, imbalance)?,
        (Some(_), None) => bail!("`imbalance` needs a class for each image; leave it out for segmentation"),
        (None, _) => (0..splits.train.len).collect(),
    };
    let pool = draw_pool(&spec.dataset, kept)?;
    if let (Some(_), Some(labels)) = (&spec.imbalance, splits.train.classes()) {
        let mut empty = vec![true; splits.classes.len()];
        pool.iter().for_each(|&i| empty[usize::from(labels[i])] = false);
        if let Some(class) = empty.iter().position(|&empty| empty) {
            let (name, class) = (spec.dataset.name(), &splits.classes[class]);
            bail!("`dataset.{name}.pool` leaves no image of {class}, one of the rare classes; raise it");
        }
    }
    Ok(pool)
}

/// Draws as many of the images `kept` as the data set's `pool` says; all of them if it says nothing.
fn draw_pool(set: &DatasetSpec, kept: Vec<usize>) -> Result<Vec<usize>> {
    let Some(size) = set.pool() else { return Ok(kept) };
    let (name, images) = (set.name(), kept.len());
    ensure!(
        size <= images,
        "`dataset.{name}.pool` is {size}, but there are only {images} images to draw it from; lower it or leave it out"
    );
    if size == images {
        return Ok(kept);
    }
    let mut pool = seed::sample(&kept, size, &mut seed::stream(set.pool_seed(), Purpose::PoolSubset, &[]));
    pool.sort_unstable();
    Ok(pool)
}

/// Writes into the origin how many images the pool has, and how many each class has, if images have the labels.
fn count_classes_of_images(splits: &mut Splits, pool: &[usize]) {
    splits.origin.pool = pool.len();
    let (Some(train), Some(test)) = (splits.train.classes(), splits.test.classes()) else { return };
    let mut counts: Vec<ClassCount> =
        splits.classes.iter().map(|name| ClassCount { name: name.clone(), pool: 0, test: 0 }).collect();
    pool.iter().for_each(|&i| counts[usize::from(train[i])].pool += 1);
    test.iter().for_each(|&class| counts[usize::from(class)].test += 1);
    splits.origin.classes = counts;
}

/// For each class, the number of images of the pool and of the test split in which it occurs, if pixels have the labels.
/// Reads all label maps.
///
/// # Errors
/// If a file can no longer be read.
pub fn count_classes_of_pixels(read: &Read) -> Result<Vec<ClassCount>> {
    let Splits { train, test, classes, .. } = &read.splits;
    let pool = count_occurrences(train, &read.pool, classes.len())?;
    let test = count_occurrences(test, &(0..test.len).collect::<Vec<_>>(), classes.len())?;
    let counts = classes.iter().zip(pool).zip(test);
    Ok(counts.map(|((name, pool), test)| ClassCount { name: name.clone(), pool, test }).collect())
}

/// `[classes]`: the number of the images `indices` in which each class occurs.
fn count_occurrences(split: &Split, indices: &[usize], classes: usize) -> Result<Vec<usize>> {
    let classes_in_image = |&index: &usize| {
        let mut seen = [false; 256];
        split.label_map(index)?.into_iter().for_each(|class| seen[usize::from(class)] = true);
        Ok(seen)
    };
    let images = indices.par_iter().map(classes_in_image).collect::<Result<Vec<_>>>()?;
    Ok((0..classes).map(|class| images.iter().filter(|seen| seen[class]).count()).collect())
}

/// The size of a spec's data set, from the names of its files; nothing is decoded. If the size is known without files
/// (CIFAR-10, generated images), the files may be missing: the second value then says why they are not usable.
///
/// # Errors
/// If the size depends on the files, and the data set is not there or its file names are wrong.
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

/// Both splits of a spec's data set, from the names of its files; nothing is decoded or checked. [`Split::ids`] are the names.
///
/// # Errors
/// If the data set is not there or its file names are wrong.
pub fn names(spec: &Spec, dir: &Path) -> Result<Splits> {
    reader(&spec.dataset).read(dir, &Look::Names)
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
    fn without_labels_images_and_pool_are_the_same_and_every_class_is_unknown() {
        let mut spec = spec(80, 5.0);
        let refused = validate_unlabeled(&spec, Path::new("/nowhere")).unwrap_err().to_string();
        assert!(refused.starts_with("`imbalance` leaves out images by their class"), "{refused}");
        spec.imbalance = None;
        let [known, unknown] = [read, read_unlabeled].map(|read| read(&spec, Path::new("/nowhere")).unwrap());
        assert_eq!(
            (unknown.splits.train.classes().unwrap(), unknown.pool),
            ([images::UNKNOWN; 80].as_slice(), known.pool)
        );
        assert_eq!(unknown.splits.train.image(79).unwrap(), known.splits.train.image(79).unwrap());
        assert_eq!(unknown.splits.test.classes(), known.splits.test.classes());
        assert_eq!(unknown.splits.origin.fingerprint, known.splits.origin.fingerprint);
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
