//! The inputs that a run begins with: files of the project, and small ones of the formats that it has no files of.

use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::FileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::TARGETS;
use crate::place::{project, read};

/// The largest part of a text file: longer inputs are slow and tell no more.
const LONGEST: usize = 4096;

/// Writes `<folder>/<target>/<name>` for every target.
pub fn write(folder: &Path) {
    for (target, _) in TARGETS {
        let folder = folder.join(target);
        std::fs::create_dir_all(&folder).expect("a folder for seeds");
        for (number, bytes) in seeds(target).into_iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number:02}")), bytes).expect("room for seeds");
        }
    }
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let demo = |name: &str| vec![beginning(read(&format!("results/baseline/demo/{name}")))];
    match target {
        "spec" => {
            let others = ["base = \"demo.toml\"\nwithout = [\"pretext\"]\nsamplers = [\"random\"]\n", FEATURES, LOSSES];
            let texts = others.iter().map(|text| text.as_bytes().to_vec());
            whole_files("experiments", "toml").into_iter().chain(texts).collect()
        }
        "set" => strings(&[
            "\ntrain.epochs=10\nseeds=[0]",
            "quick\nmodel.width=16",
            "\nsamplers=[\"random\", { pretext-batch = { within = \"entropy\" } }]",
            "\nvariant.a.train.epochs=3\ntrain.optimizer={ sgd = { lr = 0.1 } }\npretext.losses.file=losses.csv",
        ]),
        "resolved" => ["demo", "cifar10-cpu", "cityscapes-cpu", "cifar10-departures-cpu"]
            .map(|name| read(&format!("results/baseline/{name}/spec.toml")))
            .into(),
        "records" | "results" => {
            let old = beginning(read("results/baseline/cityscapes-cpu/records.csv"));
            [demo("records.csv"), vec![old, Vec::new()]].concat()
        }
        "epochs" => strings(&["experiment,profile,sampler,seed,round,training,epoch,lr,loss,metric,value\n\
             demo,,random,0,0,all-labels,1,0.1,2.5,accuracy,\ndemo,,random,0,0,not-held-out,2,1e-3,0.5,accuracy,0.25\n"]),
        "queries" => {
            let other =
                ["metric,value\naccuracy,0.5\n", "round,rank,index,id\n0,0,5,\"a b/5,\u{fc}.png\"\n0,1,3,3.png\n"];
            [demo("queries/core-set-seed0.csv"), strings(&other)].concat()
        }
        "losses" => {
            let official = "0.09868380427360535_./DATA/train/8/2.png\n1.9401080862735398e-05_./DATA/train/8/1.png\n\
                            0.02291061542928219_./DATA/train/0/0.png\n";
            [demo("pretext/seed-0.csv"), strings(&[official, "index,loss\n0,0.5\n1,1e-3\n2,-4\n"])].concat()
        }
        "pairs" => strings(&["index,pretext_loss,task_loss,held_out_loss\n0,0.5,0.25,1.5\n7,1e-3,2,3\n"]),
        "manifest" => {
            let progress = "{\"command\": \"pt4al run x.toml\", \"only\": null, \"started\": \"2026-11-26T10:00:00Z\", \"updated\": \
                            \"2026-11-26T10:00:01Z\", \"seconds_left\": 9.5, \"running\": [{\"name\": \"random-seed0\", \"at\": \
                            \"round 3\", \"done\": 0.25}]}";
            let folders = ["demo", "cityscapes-cpu", "cifar10-departures-cpu"];
            let manifests = folders.map(|name| read(&format!("results/baseline/{name}/manifest.json")));
            manifests.into_iter().chain(strings(&[progress])).collect()
        }
        "queried" => {
            let classes = "index,class,share\n0,cat,1\n3,cat,0.25\n3,dog,0.75\n";
            let tiles = "index,x,y,width,height\n0,0,0,4,4\n3,4,0,4,4\n";
            let sheet = read("crates/data/tests/fixtures/decode/colour.jpg");
            vec![[classes.as_bytes(), &[0], tiles.as_bytes(), &[0], &sheet].concat(), classes.into()]
        }
        "checksums" => {
            let (one, two) = ("16e226bd959e03eae3bf29a8340e162753a56a4a503f5a20ec5b1198451efe7d", "0".repeat(64));
            strings(&[
                &format!("{one}  spec.toml\n"),
                &format!("{two}  records.csv\n# being written: {one}  records.csv\n# being written: {two}  ../x.csv\n"),
            ])
        }
        "published" => whole_files("results/reference", "csv").into_iter().map(beginning).collect(),
        "splice" => strings(&[
            "# Title\n\n<!-- table: demo accuracy-last -->\nold\n<!-- /table -->\ntext\n",
            "<!-- table: demo claims rows=core.* -->\n<!-- /table -->\n",
            "<!-- table: nowhere x -->\n<!-- /table -->\n",
        ]),
        "shell" => strings(&["plain", "samplers=[\"random\"]", "a'b\\c $(x) `y`\n\u{1b}[1m", "\u{fc} \t"]),
        "answer" => strings(&["{\"indices\": [8, 2]}\n", "Loading\n{\"indices\": [8.5, \"2\"]}", "{\"indices\": 3}"]),
        "features" => {
            vec![npz(), npz_of(CompressionMethod::Deflated, "'<f8'", 8), npy("'<f4'", "(3, 2)", 24), safetensors()]
        }
        "labels" => strings(&[
            "path,label\na.png,cat\n\"b/x, y.png\",dog\n",
            "\u{feff}index, label\r\n0, cat\r\n\r\n2,dog\r\n",
            "index,path,label,rank\n0,./a.png,cat,1\n",
            "path;label\na.png;cat\n",
        ]),
        "folder-csv" => strings(&[
            "path,label,split\na/1.png,cat,train\nb/1.png,dog,train\na/2.png,cat,test\nb/2.png,dog,test\n",
            "path,label\r\n./a/1.png,cat\r\n\"b/1.png\",dog\r\n",
        ]),
        "imagenet" => strings(&[
            "ImageId,PredictionString\nILSVRC2012_val_00000001,n01440764 85 1 499 272\nILSVRC2012_val_00000002,n01443537 1 2 3 4\n",
            "1\n3\n1001\n2\n",
        ]),
        "mat" => ["imagenet/tests/meta.mat", "svhn/tests/train_32x32.mat", "svhn/tests/test_32x32.mat"]
            .map(|name| read(&format!("crates/data/src/{name}")))
            .into(),
        "cifar" => vec![cifar(2), cifar(1)],
        "checked" => vec![checked()],
        "image" => ["decode", "formats"]
            .iter()
            .flat_map(|folder| ["jpg", "png", "webp", "tiff", "bmp"].map(|ending| (folder, ending)))
            .flat_map(|(folder, ending)| whole_files(&format!("crates/data/tests/fixtures/{folder}"), ending))
            .collect(),
        other => panic!("no seeds for the target {other}"),
    }
}

const FEATURES: &str = "base = \"demo.toml\"\nwithout = [\"model\", \"pretext\"]\nsamplers = [\"random\"]\n[model]\nfeatures = \"features.npz\"\n";
const LOSSES: &str =
    "base = \"demo.toml\"\nwithout = [\"pretext\"]\n[pretext]\nlosses = { file = \"losses.csv\" }\norder = \"loss\"\n";

fn strings(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// The first lines of a text.
fn beginning(mut text: Vec<u8>) -> Vec<u8> {
    if text.len() > LONGEST {
        let end = text[..LONGEST].iter().rposition(|&byte| byte == b'\n').map_or(LONGEST, |at| at + 1);
        text.truncate(end);
    }
    text
}

/// The files of a folder of the project with this ending, in order.
fn whole_files(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(project(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == ending));
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a file of the project")).collect()
}

/// A file of CIFAR-10 with this many records.
pub fn cifar(records: usize) -> Vec<u8> {
    (0..records).flat_map(|record| std::iter::once(record as u8).chain((0..3072).map(|at| (at % 251) as u8))).collect()
}

/// A small picture; another one for each number.
pub fn png(number: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 8, 8);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("a small picture");
    writer.write_image_data(&[number * 16; 8 * 8 * 3]).expect("a small picture");
    writer.finish().expect("a small picture");
    bytes
}

/// An array as numpy writes it, with zeros as values.
fn npy(kind: &str, shape: &str, bytes: usize) -> Vec<u8> {
    let header = format!("{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), &vec![0; bytes]].concat()
}

/// Features of two train images and one test image, with the names of the train images.
pub fn npz() -> Vec<u8> {
    npz_of(CompressionMethod::Stored, "'<f4'", 4)
}

fn npz_of(compression: CompressionMethod, kind: &str, bytes: usize) -> Vec<u8> {
    let mut file = ZipWriter::new(Cursor::new(Vec::new()));
    let options = FileOptions::default().compression_method(compression);
    let arrays = [
        ("train", npy(kind, "(2, 3)", 6 * bytes)),
        ("test", npy(kind, "(1, 3)", 3 * bytes)),
        ("train_ids", npy("'<U2'", "(2,)", 16)),
    ];
    for (name, array) in arrays {
        file.start_file(format!("{name}.npy"), options).expect("room in memory");
        file.write_all(&array).expect("room in memory");
    }
    file.finish().expect("room in memory").into_inner()
}

fn safetensors() -> Vec<u8> {
    let header = "{\"test\":{\"dtype\":\"F32\",\"shape\":[1,3],\"data_offsets\":[0,12]},\
                  \"train\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[12,36]}}";
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &[0; 36]].concat()
}

/// The body of a file of checked images, with one that is there and one that is not. The target adds the checksum.
fn checked() -> Vec<u8> {
    let entry = |path: &str| {
        let length = (path.len() as u32).to_le_bytes();
        [&length[..], path.as_bytes(), &75_u64.to_le_bytes(), &[0; 8], &[7; 32], &[0; 8]].concat()
    };
    [b"pt4al checked files 3\n", &2_u64.to_le_bytes()[..], &entry("a/1.png"), &entry("z/9.png")].concat()
}
