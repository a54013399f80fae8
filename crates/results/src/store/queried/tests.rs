use jpeg_encoder::{ColorType, Encoder};

use super::*;

/// Two images on a sheet of 16 x 8 pixels; the first has two classes.
fn queried() -> QueriedImages {
    let share = |index, class: &str, share| ClassShare { index, class: class.into(), share };
    let tile = |index, x| Thumbnail { index, x, y: 0, width: 8, height: 8 };
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, 80).encode(&[90; 16 * 8 * 3], 16, 8, ColorType::Rgb).unwrap();
    QueriedImages {
        classes: vec![share(3, "road, wet", 1.0 / 3.0), share(3, "sky", 2.0 / 3.0), share(7, "car", 1.0)],
        sheet: Some(Sheet { jpeg, width: 16, height: 8, tiles: vec![tile(3, 0), tile(7, 8)] }),
    }
}

#[test]
fn what_is_written_can_be_read_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(QueriedImages::read(dir.path()).unwrap(), None);
    QueriedImages::remove(dir.path()).unwrap();
    let whole = queried();
    whole.write(dir.path()).unwrap();
    assert_eq!(QueriedImages::read(dir.path()).unwrap(), Some(whole.clone()));
    let classes = std::fs::read_to_string(dir.path().join("queried/classes.csv")).unwrap();
    assert!(classes.starts_with("index,class,share\n3,\"road, wet\",0.333") && classes.ends_with("7,car,1.0\n"));
    let tiles = std::fs::read_to_string(dir.path().join("queried/thumbnails.csv")).unwrap();
    assert_eq!(tiles, "index,x,y,width,height\n3,0,0,8,8\n7,8,0,8,8\n");

    // One of the two files of a sheet is no sheet, and writing without a sheet leaves neither.
    std::fs::remove_file(dir.path().join("queried/thumbnails.csv")).unwrap();
    let without = QueriedImages { sheet: None, ..whole };
    assert_eq!(QueriedImages::read(dir.path()).unwrap(), Some(without.clone()));
    without.write(dir.path()).unwrap();
    assert!(!dir.path().join("queried/thumbnails.jpg").exists());
    QueriedImages::default().write(dir.path()).unwrap();
    assert_eq!(QueriedImages::read(dir.path()).unwrap(), Some(QueriedImages::default()));
    QueriedImages::remove(dir.path()).unwrap();
    assert_eq!(QueriedImages::read(dir.path()).unwrap(), None);
}

#[test]
fn a_damaged_file_is_an_error_of_one_line_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let error = |name: &str, bytes: &[u8]| {
        queried().write(dir.path()).unwrap();
        // Without checksums only the contents tell that something is wrong.
        std::fs::remove_file(dir.path().join(CHECKSUMS)).unwrap();
        std::fs::write(dir.path().join("queried").join(name), bytes).unwrap();
        let error = format!("{:#}", QueriedImages::read(dir.path()).unwrap_err());
        assert!(error.contains(name) && error.ends_with(REMEDY) && !error.contains('\n'), "{error}");
        error
    };
    let wrong = |name, text: &str, place: &str, part: &str| {
        let error = error(name, text.as_bytes());
        assert!(error.contains(&format!("{name}:{place}: ")) && error.contains(part), "{text}: {error}");
    };
    let classes = "classes.csv";
    wrong(classes, "index,class,share,more\n3,a,1,1\n", "1", "the columns index,class,share,more");
    wrong(classes, "index,\"cl\nass\",share\n", "1", "the columns index,cl ass,share");
    wrong(classes, "index,class,share\n3,\"a\nb\",1.5\n", "2", "the share of a b in image 3 is 1.5");
    wrong(classes, "index,share\n", "1", "not index,class,share");
    wrong(classes, "index,class,share\n3,a,1\n-4,a,1\n", "3", "does not fit");
    wrong(classes, "index,class,share\n3,a\n", "2", "does not fit");
    wrong(classes, "index,class,share\n3,a,NaN\n", "2", "is NaN");
    wrong(classes, "index,class,share\n3,a,1.5\n", "2", "is 1.5");
    wrong(classes, "index,class,share\n3,a,-0.5\n3,b,1.5\n", "2", "is -0.5");
    wrong(classes, "index,class,share\n3,,1\n", "2", "without a name");
    wrong(classes, "index,class,share\n3,a,1\n4,a,0.5\n4,a,0.5\n", "4", "repeated for image 4");
    wrong(classes, "index,class,share\n3,a,0.5\n3,b,0.4\n", "3", "add up to 0.9");
    wrong(classes, "index,class,share\n4,a,1\n3,b,1\n", "3", "image 3 is out of order");
    let tiles = "thumbnails.csv";
    wrong(tiles, "index,x,y\n3,0,0\n", "1", "the columns index,x,y");
    wrong(tiles, "index,x,y,width,height\n3,0,0,8,8\n3,8,0,8,8\n", "3", "image 3 is repeated");
    wrong(tiles, "index,x,y,width,height\n3,9,0,8,8\n", "2", "not on the sheet of 16 x 8");
    wrong(tiles, "index,x,y,width,height\n3,0,0,8,9\n", "2", "not on the sheet");
    wrong(tiles, "index,x,y,width,height\n3,0,0,0,8\n", "2", "not on the sheet");
    wrong(tiles, "index,x,y,width,height\n3,18446744073709551615,0,8,8\n", "2", "not on the sheet");
    let jpeg = queried().sheet.unwrap().jpeg;
    for bytes in [&jpeg[..jpeg.len() - 9], &jpeg[..40], b"", b"\x89PNG"] {
        let error = error("thumbnails.jpg", bytes);
        assert!(error.contains("not a whole JPEG"), "{error}");
    }
}
