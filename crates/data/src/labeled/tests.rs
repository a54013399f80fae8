use super::*;
use crate::images::{Images as Bytes, UNKNOWN};
use pt4al_results::store::DataOrigin;

/// Names that do not belong to files.
#[derive(Debug)]
struct Names {
    folder: PathBuf,
    names: Vec<&'static str>,
}

impl Ids for Names {
    fn id(&self, index: usize) -> String {
        self.names[index].to_owned()
    }

    fn folder(&self) -> Option<&Path> {
        Some(&self.folder)
    }
}

const FOLDER: &str = "/images/farm/train";

/// Five train images, of which the last is not in the pool, and a test image. `classes` is what the data set knows of classes.
fn data(has_names: bool, classes: &[&str]) -> Read {
    let split = |names: Vec<&'static str>| {
        let len = names.len();
        let mut split = Split::from(Bytes { height: 1, width: 1, pixels: vec![0; 3 * len], labels: vec![0; len] });
        split.ids = has_names.then(|| Arc::new(Names { folder: FOLDER.into(), names }) as _);
        split
    };
    let mut train = split(vec!["a.png", "b/x, y.png", "b/z.png", "c/photo 1.png", "c/late.png"]);
    train.forget_classes();
    let origin = DataOrigin {
        name: "farm".into(),
        pool: 4,
        test: 1,
        fingerprint: String::new(),
        files: Vec::new(),
        classes: Vec::new(),
        note: String::new(),
    };
    let classes = classes.iter().map(|&name| name.to_owned()).collect();
    Read { splits: Splits { train, test: split(vec!["t/0.png"]), classes, origin }, pool: vec![0, 1, 2, 3] }
}

fn read_all(texts: &[&[u8]], data: &Read) -> Result<LabeledImages> {
    let file =
        |(number, text): (usize, &&[u8])| LabelFile { path: format!("l{number}.csv").into(), bytes: text.to_vec() };
    LabeledImages::read(&texts.iter().enumerate().map(file).collect::<Vec<_>>(), data)
}

fn read(text: &str, data: &Read) -> Result<LabeledImages> {
    read_all(&[text.as_bytes()], data)
}

#[test]
fn rows_keep_their_order_and_classes_that_the_data_set_does_not_know_are_those_that_occur() {
    let labeled = read("path,label\nb/z.png,pig\na.png,cow\n", &data(true, &[])).unwrap();
    assert_eq!(labeled.classes, ["cow", "pig"]);
    assert_eq!(labeled.rows, [(2, 1), (0, 0)]);
    assert_eq!((labeled.images(), labeled.counts()), (vec![2, 0], vec![1, 1]));
    // The classes that the data set knows have its order, with or without labels.
    let labeled = read("path,label\nb/z.png,pig\n", &data(true, &["sheep", "pig", "cow"])).unwrap();
    assert_eq!((labeled.rows.as_slice(), labeled.counts()), ([(2, 1)].as_slice(), vec![0, 1, 0]));
}

#[test]
fn labels_are_known_after_they_are_applied_and_all_others_are_not() {
    let mut data = data(true, &[]);
    let labeled = read("path,label\nb/z.png,pig\na.png,cow\n", &data).unwrap();
    labeled.apply(&mut data.splits);
    assert_eq!(data.splits.train.classes(), Some([0, UNKNOWN, 1, UNKNOWN, UNKNOWN].as_slice()));
    assert_eq!(data.splits.classes, ["cow", "pig"]);
}

/// What spreadsheets and people on other systems write.
#[test]
fn the_same_labels_in_other_spellings() {
    let data = data(true, &["cow", "pig"]);
    let plain = read("path,label\n\"b/x, y.png\",pig\nc/photo 1.png,cow\n", &data).unwrap();
    assert_eq!(plain.rows, [(1, 1), (3, 0)]);
    for text in [
        "\u{feff}path,label\n\"b/x, y.png\",pig\nc/photo 1.png,cow\n",
        "path,label\r\n\"b/x, y.png\",pig\r\nc/photo 1.png,cow\r\n",
        " path , label \n\"b/x, y.png\" , pig\n c/photo 1.png , cow",
        "Path,Label\n\n\"b/x, y.png\",\"pig\"\n\n\"c/photo 1.png\",cow\n\n",
        "rank,index,path,label\n0,999,\"b/x, y.png\",pig\n1,7,c/photo 1.png,cow\n",
        "label,path\npig,\"./b/x, y.png\"\ncow,/images/farm/train/c/photo 1.png\n",
        "index,label\n1,pig\n3,cow\n",
    ] {
        assert_eq!(read(text, &data).unwrap(), plain, "{text:?}");
    }
    let halves: [&[u8]; 3] = [b"path,label\n\"b/x, y.png\",pig\n", b"path,label\n", b"label,index\ncow,3\n"];
    assert_eq!(read_all(&halves, &data).unwrap(), plain, "several files");
}

#[test]
fn nothing_is_labeled_without_rows_and_without_files() {
    let data = data(true, &["cow", "pig"]);
    for labeled in
        [read("path,label\n", &data).unwrap(), read("path,label", &data).unwrap(), read_all(&[], &data).unwrap()]
    {
        assert_eq!((labeled.rows.len(), labeled.classes.len()), (0, 2));
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_the_nearest_name() {
    let named = data(true, &["cow", "pig"]);
    for (text, says) in [
        ("", "l0.csv:1: is empty; begin with the line path,label"),
        (
            "path;label\na.png;cow\n",
            "l0.csv:1: has columns that are separated by semicolons; save it with commas: path,label",
        ),
        (
            "image,class\na.png,cow\n",
            "l0.csv:1: the columns are image,class, and none of them names images; use path,label",
        ),
        (
            "path,class\na.png,cow\n",
            "l0.csv:1: the columns are path,class, and none of them is `label`; use path,label",
        ),
        ("a.png,cow\n", "l0.csv:1: the columns are a.png,cow, and none of them names images; use path,label"),
        (
            "path,label\n\na.png\n",
            "l0.csv:3: has 1 column, but the first line has 2; put a value with a comma into double quotes",
        ),
        ("path,label\nb/x, y.png,cow\n", "l0.csv:2: has 3 columns"),
        ("path,label\r\na.png,cow\r\nb/z.png,\r\n", "l0.csv:3: b/z.png has no label"),
        ("path,label\n,cow\n", "l0.csv:2: names no image; name one, or remove the row"),
        ("path,label\na.png,\n", "l0.csv:2: a.png has no label; write the name of its class, or remove the row"),
        ("path,label\na.pgn,cow\n", "l0.csv:2: there is no image a.pgn in /images/farm/train; did you mean a.png?"),
        ("path,label\nz.png,cow\n", "l0.csv:2: there is no image z.png in /images/farm/train; did you mean b/z.png?"),
        (
            "path,label\n/other/a.png,cow\n",
            "l0.csv:2: there is no image /other/a.png in /images/farm/train; did you mean a.png?",
        ),
        (
            "path,label\nt/0.png,cow\n",
            "l0.csv:2: t/0.png is a test image, which is never labeled for training; remove the row",
        ),
        (
            "path,label\nc/late.png,cow\n",
            "l0.csv:2: c/late.png is a train image that is not in the pool; remove the row, or",
        ),
        (
            "path,label\na.png,cow\nb/z.png,Cow\n",
            "l0.csv:3: `Cow` is no class of farm; did you mean `cow`? The classes are cow and pig",
        ),
        (
            "path,label\na.png,cow\n./a.png,pig\n",
            "l0.csv:3: ./a.png is labeled in l0.csv:2 already; remove one of the rows",
        ),
        ("index,label\n5,cow\n", "l0.csv:2: there is no image 5: farm has 5 train images, counted from 0; correct it"),
        ("index,label\n-1,cow\n", "l0.csv:2: `-1` is no index of an image; write a whole number from 0"),
    ] {
        let error = format!("{:#}", read(text, &named).expect_err(text));
        assert!(error.starts_with(says) && !error.contains('\n'), "{text:?}: {error}");
    }
    let error = read_all(&[b"path,label\na.png,cow\n", b"path,label\na.png,cow\n"], &named).unwrap_err().to_string();
    assert_eq!(error, "l1.csv:2: a.png is labeled in l0.csv:2 already; remove one of the rows");
    let error = read_all(&[b"path,label\na.png,k\xfch\n"], &named).unwrap_err().to_string();
    assert_eq!(error, "l0.csv: is not UTF-8 text; save it as CSV in UTF-8");
    let error = read("path,label\na.png,cow\n", &data(false, &["cow"])).unwrap_err().to_string();
    assert_eq!(
        error,
        "l0.csv:1: has paths, but the images of this data set have only numbers; use the columns index,label"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = LabelFile::read(Path::new("/nowhere/labels.csv")).unwrap_err().to_string();
    assert!(
        error.starts_with("/nowhere/labels.csv: cannot read the labels (") && error.contains("; name a CSV"),
        "{error}"
    );
    assert!(LabelFile::read(Path::new("/")).unwrap_err().to_string().starts_with("/: is no file; name a CSV"));
}

#[test]
fn a_value_with_a_line_break_does_not_break_the_message() {
    for text in ["path,label\n\"a\nb.png\",cat\n", "path,label\na.png,\"c\nat\"\n", "\"pa\nth\",label\nx,y\n"] {
        let error = format!("{:#}", read(text, &data(true, &["cat"])).unwrap_err());
        assert!(!error.contains('\n'), "{error:?}");
    }
    let error = read("path,label\n\"a\nb.png\",cat\n", &data(true, &["cat"])).unwrap_err().to_string();
    assert!(error.starts_with("l0.csv:2: there is no image a b.png"), "{error}");
}
