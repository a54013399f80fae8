//! Files of data sets: features, labels, and the containers of published data sets.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use pt4al_data::fuzzing;
use pt4al_data::images::{Ids, Images, Split, Splits};
use pt4al_data::labeled::{LabelFile, LabeledImages};
use pt4al_results::feature_file::{self, Features};
use pt4al_results::spec::{self, Source, Spec};
use pt4al_results::store::DataOrigin;
use sha2::{Digest, Sha256};

use crate::place::{self, told, told_in_words, told_with_list};

/// Features of images: NPZ or safetensors.
pub fn features(data: &[u8]) {
    let dimension = told(feature_file::dimension(data));
    let path = place::put("features.npz", data);
    let Some(features) = told(Features::read(&path, &format!("{:x}", Sha256::digest(data)))) else { return };
    assert_eq!(dimension, Some(features.dimension), "the header says another dimension");
    for rows in [&features.train, &features.test] {
        assert_eq!(rows.values.len() % features.dimension, 0, "rows of unequal length");
        assert!(rows.values.iter().all(|value| value.is_finite()), "a value that is not finite");
    }
}

#[derive(Debug)]
struct Names;

impl Ids for Names {
    fn id(&self, index: usize) -> String {
        ["a.png", "b/x, y.png", "b/z.png", "c/photo 1.png"][index].to_owned()
    }
}

/// Labels that a person wrote, for images with names and for images with numbers.
pub fn labels(data: &[u8]) {
    let read = |has_names: bool, classes: &[&str]| {
        let pixels = |len: usize| Images { height: 1, width: 1, pixels: vec![0; 3 * len], labels: vec![0; len] };
        let (mut train, test) = (Split::from(pixels(4)), Split::from(pixels(1)));
        train.ids = has_names.then(|| Arc::new(Names) as _);
        train.forget_classes();
        let origin = DataOrigin {
            name: "farm".into(),
            pool: 3,
            test: 1,
            fingerprint: String::new(),
            files: Vec::new(),
            classes: Vec::new(),
            note: String::new(),
        };
        let classes = classes.iter().map(|&name| name.to_owned()).collect();
        pt4al_data::Read { splits: Splits { train, test, classes, origin }, pool: vec![0, 1, 2] }
    };
    let file = LabelFile { path: PathBuf::from("labels.csv"), bytes: data.to_vec() };
    for data in [read(true, &["cat", "dog"]), read(false, &[])] {
        if let Some(labeled) = told(LabeledImages::read(std::slice::from_ref(&file), &data)) {
            assert!(labeled.images().iter().all(|index| data.pool.contains(index)), "an image that is not in the pool");
            assert_eq!(labeled.counts().iter().sum::<usize>(), labeled.rows.len());
        }
    }
}

/// The demo's spec with another data set.
fn spec_of(name: &str, dataset: &str) -> Spec {
    let demo = String::from_utf8(place::read("experiments/demo.toml")).expect("it is text");
    let (before, rest) = demo.split_once("[dataset.shapes]").expect("the demo has shapes");
    let (_, after) = rest.split_once("[rounds]").expect("the demo has rounds");
    let text = format!("{before}{dataset}\n[rounds]{after}");
    let path = place::put(&format!("specs/{name}.toml"), text.as_bytes());
    spec::load(&Source { path, ..Source::default() }).unwrap_or_else(|error| panic!("{error:#}"))
}

/// Six pictures in three folders.
fn put_pictures(folder: &str) {
    for (number, name) in ["a/1.png", "a/2.png", "b/1.png", "b/2.png", "c/1.png", "c/2.png"].into_iter().enumerate() {
        place::put(&format!("{folder}/{name}"), &crate::seeds::png(number as u8));
    }
}

/// A CSV that says the classes of a researcher's own images.
pub fn folder_csv(data: &[u8]) {
    static SPEC: LazyLock<Spec> = LazyLock::new(|| {
        put_pictures("own");
        let options = "path = \"own\"\nlabels = \"labels.csv\"\ninput = { resize = 8, crop = 8 }";
        spec_of("folder", &format!("[dataset.folder]\n{options}\n"))
    });
    LazyLock::force(&SPEC);
    place::put("own/labels.csv", data);
    told_with_list(pt4al_data::names(&SPEC, &place::path("")));
}

/// The ground truth of ImageNet's validation images: Kaggle's CSV, or the devkit's list of numbers.
pub fn imagenet(data: &[u8]) {
    static META: LazyLock<Vec<u8>> = LazyLock::new(|| place::read("crates/data/src/imagenet/tests/meta.mat"));
    let kaggle = place::put("imagenet/LOC_val_solution.csv", data);
    told(fuzzing::imagenet_truth(kaggle.parent().expect("it is below a folder")));
    let devkit = "flat/ILSVRC2012_devkit_t12/data";
    place::put(&format!("{devkit}/meta.mat"), &META);
    place::put(&format!("{devkit}/ILSVRC2012_validation_ground_truth.txt"), data);
    told(fuzzing::imagenet_truth(&place::path("flat")));
}

/// MATLAB 5 files, as SVHN and ImageNet have them.
pub fn mat(data: &[u8]) {
    if let Some(images) = told_in_words(fuzzing::svhn(data)) {
        assert_eq!(images.pixels.len(), images.len() * 32 * 32 * 3);
    }
    told_in_words(fuzzing::wnids(data));
}

/// A file of CIFAR-10 with two records, in place of 10,000.
pub fn cifar(data: &[u8]) {
    static OTHERS: LazyLock<()> = LazyLock::new(|| {
        let names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
        place::put("cifar/batches.meta.txt", names.join("\n").as_bytes());
        for name in ["data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"] {
            place::put(&format!("cifar/{name}.bin"), &crate::seeds::cifar(2));
        }
    });
    LazyLock::force(&OTHERS);
    let folder = place::put("cifar/data_batch_1.bin", data);
    told_with_list(fuzzing::cifar10(folder.parent().expect("it is below a folder"), 2));
}

/// The file that remembers which images passed their check. Its checksum is made right, so that the rest is reached.
pub fn checked(data: &[u8]) {
    static SPEC: LazyLock<Spec> = LazyLock::new(|| {
        put_pictures("kept/images");
        let drawn = "path = \"images\"\ntest = 0.5\nsplit-seed = 0\ninput = { resize = 8, crop = 8 }";
        spec_of("checked", &format!("[dataset.folder]\n{drawn}\n"))
    });
    static CACHE: LazyLock<PathBuf> = LazyLock::new(|| {
        pt4al_data::validate(&SPEC, &place::path("kept")).expect("good pictures");
        let entries = std::fs::read_dir(place::path("kept/.pt4al-cache")).expect("a cache");
        entries.map(|entry| entry.expect("a file").path()).next().expect("a file of checked images")
    });
    let with_sum = [data, &Sha256::digest(data)].concat();
    std::fs::write(&*CACHE, with_sum).expect("room in memory");
    told_with_list(pt4al_data::validate(&SPEC, &place::path("kept"))).expect("a cache never makes good images bad");
}
