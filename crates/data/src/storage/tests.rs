use std::path::PathBuf;

use super::*;
use crate::images::Labels;

/// A source of made-up records, which counts how many were made.
#[derive(Debug, Default)]
struct Made {
    calls: AtomicUsize,
    /// The indices of records that cannot be made.
    broken: Vec<usize>,
}

impl Source for Made {
    fn fill(&self, index: usize, record: &mut [u8]) -> Result<()> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        anyhow::ensure!(!self.broken.contains(&index), "{index}.jpg: is empty");
        record.iter_mut().enumerate().for_each(|(i, byte)| *byte = (index * 7 + i) as u8);
        Ok(())
    }
}

const LEN: usize = 50;
/// The number of records that are compared whenever a file is opened.
const LOOKS: usize = 3;

fn split(source: &Arc<Made>) -> Split {
    let labels = Labels::Classes(vec![0; LEN]);
    Split { height: 4, width: 5, len: LEN, labels, records: Records::Source(Arc::clone(source) as _), ids: None }
}

fn bytes(split: &Split) -> Vec<u8> {
    match &split.records {
        Records::Memory(bytes) => bytes.clone(),
        Records::Source(source) => {
            let mut bytes = vec![0; split.len * split.record()];
            bytes.chunks_mut(split.record()).enumerate().for_each(|(i, record)| source.fill(i, record).unwrap());
            bytes
        }
    }
}

fn mapped(source: &Arc<Made>, cache: &Path) -> Result<Split> {
    hold(split(source), Storage::Mapped, cache, "made-train-0")
}

/// The files in a folder, without the lock.
fn files(folder: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.extension().is_none_or(|end| end != "lock")).collect()
}

#[test]
fn every_storage_holds_the_same_bytes() {
    let cache = tempfile::tempdir().unwrap();
    let source = Arc::new(Made::default());
    let hold = |storage| hold(split(&source), storage, cache.path(), "made-train-0").unwrap();
    let stream = hold(Storage::Stream);
    assert_eq!(source.calls.load(Ordering::Relaxed), 0);
    let (memory, mapped) = (hold(Storage::Memory), hold(Storage::Mapped));
    assert!(matches!(memory.records, Records::Memory(_)) && matches!(mapped.records, Records::Source(_)));
    let expected = bytes(&stream);
    assert_eq!(expected[60..63], [7, 8, 9]);
    assert_eq!(bytes(&memory), expected);
    assert_eq!(bytes(&mapped), expected);
    let Records::Source(mapped) = mapped.records else { unreachable!() };
    assert!(mapped.fill(LEN, &mut [0; 60]).is_err());
}

#[test]
fn records_in_memory_stay_there() {
    let kept = Split { records: Records::Memory(vec![1; LEN * 60]), ..split(&Arc::default()) };
    let held = hold(kept, Storage::Mapped, Path::new("/nowhere"), "x").unwrap();
    assert_eq!(bytes(&held), vec![1; LEN * 60]);
}

#[test]
fn a_file_is_made_once_and_again_only_if_its_length_is_wrong() {
    let cache = tempfile::tempdir().unwrap();
    let folder = cache.path().join("new/folder");
    let source = Arc::new(Made::default());
    let first = bytes(&mapped(&source, &folder).unwrap());
    let path = folder.join("made-train-0.u8");
    let made = std::fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(bytes(&mapped(&source, &folder).unwrap()), first);
    assert_eq!(source.calls.load(Ordering::Relaxed), LEN + 2 * LOOKS);
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), made);

    OpenOptions::new().write(true).open(&path).unwrap().set_len(100).unwrap();
    assert_eq!(bytes(&mapped(&source, &folder).unwrap()), first);
    assert_eq!(source.calls.load(Ordering::Relaxed), 2 * LEN + 3 * LOOKS);
    assert_eq!(files(&folder), [path]);
}

#[test]
fn one_of_several_processes_makes_the_file() {
    let cache = tempfile::tempdir().unwrap();
    let source = Arc::new(Made::default());
    let all: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let open = || bytes(&mapped(&source, cache.path()).unwrap());
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(source.calls.load(Ordering::Relaxed), LEN + 4 * LOOKS);
    assert!(all.iter().all(|bytes| *bytes == all[0]));
}

#[test]
fn the_first_broken_record_is_named_and_no_file_is_left() {
    let cache = tempfile::tempdir().unwrap();
    let source = Arc::new(Made { broken: (3..LEN).step_by(2).collect(), ..Made::default() });
    for _ in 0..20 {
        for storage in [Storage::Memory, Storage::Mapped] {
            let error = hold(split(&source), storage, cache.path(), "made-train-0").unwrap_err();
            assert_eq!(error.to_string(), "3.jpg: is empty");
        }
    }
    assert!(files(cache.path()).is_empty());
}

#[test]
fn a_folder_that_cannot_be_written_is_named_with_the_remedy() {
    let cache = tempfile::tempdir().unwrap();
    let file = cache.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = mapped(&Arc::default(), &file.join("below")).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}/below: cannot be written (", file.display())), "{error}");
    assert!(error.ends_with("name another folder with PT4AL_CACHE"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_no_file_is_left() {
    let cache = tempfile::tempdir().unwrap();
    let part = cache.path().join("made-train-0.u8.part");
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    let error = mapped(&Arc::default(), cache.path()).unwrap_err().to_string();
    let expected = format!(
        "{}: cannot be written (No space left on device (os error 28)); free 1 MiB of disk space, or name another \
         folder with PT4AL_CACHE",
        part.display()
    );
    assert_eq!(error, expected);
    assert!(files(cache.path()).is_empty());
}

#[test]
fn a_file_whose_records_are_wrong_is_made_again() {
    let cache = tempfile::tempdir().unwrap();
    let source = Arc::new(Made::default());
    let right = bytes(&mapped(&source, cache.path()).unwrap());
    let path = &files(cache.path())[0];
    let length = std::fs::metadata(path).unwrap().len();
    std::fs::write(path, vec![0; length as usize]).unwrap();
    assert_eq!(bytes(&mapped(&source, cache.path()).unwrap()), right);
}

#[test]
fn a_damaged_record_is_found_when_it_is_read() {
    let cache = tempfile::tempdir().unwrap();
    let source = Arc::new(Made::default());
    let right = bytes(&mapped(&source, cache.path()).unwrap());
    let path = &files(cache.path())[0];
    let mut held = std::fs::read(path).unwrap();
    // A byte of the eighth record, which is not compared when the file is opened.
    held[7 * (60 + CHECKSUM) + 30] ^= 1;
    std::fs::write(path, held).unwrap();
    let Records::Source(source) = mapped(&source, cache.path()).unwrap().records else { unreachable!() };
    let mut record = vec![0; 60];
    source.fill(6, &mut record).unwrap();
    assert_eq!(record, right[6 * 60..7 * 60]);
    let error = source.fill(7, &mut record).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("{}: record 7 is damaged; remove the file, then run the same command again", path.display())
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_the_file_does_not_hang() {
    let cache = tempfile::tempdir().unwrap();
    let path = cache.path().join("made-train-0.u8");
    let name = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the name is a C string.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    let error = mapped(&Arc::default(), cache.path()).unwrap_err().to_string();
    assert!(error.contains("made-train-0.u8: cannot be written (it is not a file)"), "{error}");
}

#[test]
fn images_that_do_not_fit_into_free_memory_are_refused_with_both_numbers() {
    let normalize = pt4al_results::spec::Normalize::imagenet();
    let shapes = pt4al_results::spec::ShapesSpec { pool: 1000, test: 24, side: 32, seed: 0, normalize };
    let bytes = 1024 * 32 * 32 * 3;
    let shapes = DatasetSpec::Shapes(shapes);
    assert!(check_memory_of(&shapes, bytes, 3.0).is_ok());
    assert_eq!(
        check_memory_of(&shapes, bytes, 2.0).unwrap_err().to_string(),
        "`dataset.shapes.pool` and `dataset.shapes.test`: all images take 3 MiB of memory, but 2 MiB are free; lower them"
    );
    let photos = |storage| {
        let input = pt4al_results::spec::Input { resize: 8, crop: 8 };
        DatasetSpec::Imagenet(pt4al_results::spec::ImagenetSpec { input, pool: None, pool_seed: 0, normalize, storage })
    };
    let message = check_memory_of(&photos(Storage::Memory), 262 << 30, 20_000.0).unwrap_err().to_string();
    assert!(message.starts_with("`dataset.imagenet.storage`: all images take 268288 MiB"), "{message}");
    assert!(message.ends_with("set it to \"mapped\""), "{message}");
    for storage in [Storage::Mapped, Storage::Stream] {
        assert!(check_memory_of(&photos(storage), 262 << 30, 20_000.0).is_ok(), "they are not in memory");
    }
}
