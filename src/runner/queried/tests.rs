use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::bail;

use super::*;
use pt4al_data::images::{IGNORED, Labels, Records, Source};
use pt4al_results::{spec, store};

/// Images of 8 x 8: image i is of class 0, except for i rows of class 1; image 4 has no labels. The image with the stored
/// index is broken.
#[derive(Debug)]
struct Files(AtomicUsize);

impl Source for Files {
    fn fill(&self, index: usize, record: &mut [u8]) -> Result<()> {
        if index == self.0.load(Ordering::Relaxed) {
            bail!("image{index}.png: is empty; restore it");
        }
        let (pixels, map) = record.split_at_mut(8 * 8 * 3);
        pixels.fill(index as u8 * 20);
        map.fill(0);
        map[..8 * index].fill(1);
        if index == 4 {
            map.fill(IGNORED);
        }
        Ok(())
    }
}

#[test]
fn known_classes_are_not_read_again_and_unreadable_images_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/demo.toml");
    let spec = spec::load(&spec::Source { path, ..spec::Source::default() }).unwrap();
    let mut splits = pt4al_data::validate(&spec, dir.path()).unwrap().splits;
    let files = Arc::new(Files(AtomicUsize::new(usize::MAX)));
    let records = Records::Source(Arc::clone(&files) as Arc<dyn Source>);
    splits.train = Split { height: 8, width: 8, len: 6, labels: Labels::Maps, records, ids: None };
    splits.classes = vec!["road".into(), "sky".into()];
    let folder = Folder::open(&dir.path().join("results"), &spec, &splits.origin, &[]).unwrap();
    let root = folder.root().to_owned();
    let made = || {
        update(&spec, &folder, &splits);
        QueriedImages::read(&root).unwrap()
    };
    assert_eq!(made(), None);

    // Only the second seed has queries.
    let trials = spec.trials();
    let trial = trials.iter().find(|trial| trial.seed == spec.seeds[1]).unwrap();
    let commit = |rounds: &[&[usize]]| {
        let rounds = rounds.iter().map(|query| query.to_vec()).collect();
        let (records, epochs) = (store::Records::default(), store::Epochs::default());
        folder.trial(trial).commit_round(&records, &Queries::of_rounds(rounds), &epochs, None).unwrap();
    };
    commit(&[&[4, 2], &[0]]);
    let first = made().unwrap();
    let row = |index, class: &str, share| ClassShare { index, class: class.into(), share };
    assert_eq!(first.classes, [row(0, "road", 1.0), row(2, "road", 0.75), row(2, "sky", 0.25)]);
    assert_eq!(first.sheet.as_ref().unwrap().tiles.iter().map(|tile| tile.index).collect::<Vec<_>>(), [0, 2, 4]);

    // The classes of image 2 are known; no sheet can be made without it.
    files.0.store(2, Ordering::Relaxed);
    assert_eq!(made().as_ref(), Some(&first));
    commit(&[&[4, 2], &[0, 5]]);
    let more = made().unwrap();
    assert_eq!((more.classes.len(), more.sheet), (5, None));
    let left = || std::fs::read_dir(root.join("queried")).unwrap().count();
    assert_eq!(left(), 1);
    // Once the classes are gone, they cannot be made either.
    std::fs::remove_file(root.join("queried/classes.csv")).unwrap();
    assert_eq!((made(), left()), (None, 0));
    files.0.store(usize::MAX, Ordering::Relaxed);
    assert_eq!(made().unwrap().classes, more.classes);
    // Queries of other data.
    commit(&[&[6]]);
    assert_eq!((made(), left()), (None, 0));
}
