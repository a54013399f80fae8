//! A researcher's own images with label maps, and the names of images in queries.

use std::fs;
use std::path::Path;

use crate::damage::remove_checksums;
use crate::pictures::{cityscapes, png, tiny_cityscapes};
use crate::support::{Workplace, fails, in_double_precision, queries, stderr, stdout, values};

/// Lays the pictures of [`cityscapes`] out as `own/images/` and `own/masks/`, below the data folder.
fn lay_out(data: &Path) {
    for (split, n) in [("train", 20), ("val", 6)] {
        for frame in 0..n {
            let name = format!("{split}/town/town_{frame:06}_000019");
            for (from, ending, to) in [("leftImg8bit", "leftImg8bit", "images"), ("gtFine", "gtFine_labelIds", "masks")]
            {
                let path = data.join(format!("own/{to}/{name}.png"));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::copy(data.join(format!("cityscapes/{from}/{name}_{ending}.png")), path).unwrap();
            }
        }
    }
}

/// [`tiny_cityscapes`] on the files of [`lay_out`], with three classes.
fn tiny_own() -> String {
    let set = "[dataset.folder-masks]\npath = \"own\"\nsize = [16, 24]\nclasses = [\"road\", \"sky\", \"car\"]\n\
        values = [7, 23, 26]\nignore = [0]\n";
    let spec = tiny_cityscapes("memory").replace("count = 3", "count = 2");
    let start = spec.find("[dataset.cityscapes]").unwrap();
    let end = spec.find("storage = \"memory\"\n").unwrap() + "storage = \"memory\"\n".len();
    in_double_precision(&format!("{}{set}{}", &spec[..start], &spec[end..]))
}

/// A place with `data/own/`.
fn place() -> Workplace {
    let place = Workplace::with(&tiny_own());
    let data = place.path("data");
    cityscapes(&data, 20, 6);
    lay_out(&data);
    place
}

const RUN: &str = "run tiny.toml --device cpu --data data --only random-seed0";

#[test]
fn queries_name_the_images_and_are_listed_for_annotators() {
    let place = place();
    place.succeeds(RUN);
    let folder = place.path("results/tiny");
    let file = queries(&folder, "random-seed0");
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!((lines[0], lines.len()), ("round,rank,index,id", 9));
    for line in &lines[1..] {
        let fields: Vec<&str> = line.split(',').collect();
        let frame: usize = fields[2].parse().unwrap();
        assert_eq!(fields[3], format!("images/train/town/town_{frame:06}_000019.png"));
    }
    // Only the classes of the spec are measured.
    let rows = values(&folder);
    assert!(rows.iter().any(|row| row.contains(",iou/car,")) && !rows.iter().any(|row| row.contains("bicycle")));
    let page = fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(page.contains("own images"), "{page}");

    let list = |arguments: &str| stdout(&place.succeeds(&format!("queries results/tiny {arguments}")));
    assert_eq!(list("--arm random --seed 0 --csv").trim_end(), file.trim_end());
    let round = list("--arm random --seed 0 --round 1");
    assert!(round.starts_with("random, seed 0, round 1: 4 images, asked for"), "{round}");
    assert_eq!(round.trim_end().lines().count(), 2 + 4);
    fails(&place, "queries results/tiny --arm randm --seed 0", "did you mean `random`?");
    fails(&place, "queries results/tiny --seed 0", "has several arms; name one with --arm (random, entropy,");
    fails(
        &place,
        "queries results/tiny --arm entropy --seed 0 --round 1",
        "entropy-seed0.csv: no queries of round 1: ",
    );
}

#[test]
fn names_are_checked_when_a_trial_goes_on_and_when_queries_are_replayed() {
    let place = place();
    place.succeeds(RUN);
    let folder = place.path("results/tiny");
    let (rows, file) = (values(&folder), queries(&folder, "random-seed0"));
    let path = folder.join("queries/random-seed0.csv");
    // As if the run had been stopped in round 1.
    let stop = || {
        remove_checksums(&folder);
        let records = folder.join("trials/random-seed0/records.csv");
        let text = fs::read_to_string(&records).unwrap();
        let kept: Vec<&str> = text.lines().filter(|line| !line.contains(",random,0,1,")).collect();
        assert!(kept.len() > 1 && kept.len() < text.lines().count());
        fs::write(records, kept.join("\n") + "\n").unwrap();
        fs::remove_file(folder.join("records.csv")).unwrap();
    };

    stop();
    let (first, rest) = file.split_once("\n0,0,").unwrap();
    let line = rest.lines().next().unwrap();
    let edited = format!("{first}\n0,0,{}", rest.replacen(line, &line.replace("town_", "city_"), 1));
    fs::write(&path, edited).unwrap();
    let output = place.pt4al(RUN);
    let text = stderr(&output);
    assert!(!output.status.success() && text.contains("random-seed0.csv:2: image "), "{text}");
    assert!(text.contains("is named \"images/train/town/city_") && text.contains("restore the file, or"), "{text}");

    // A file of a version without names: it goes on, and gets them. The failed trial left no checksum of the wrong file.
    let without = file.lines().map(|line| line.rsplit_once(',').unwrap().0).collect::<Vec<_>>().join("\n") + "\n";
    fs::write(&path, without).unwrap();
    place.succeeds(RUN);
    assert_eq!((values(&folder), queries(&folder, "random-seed0")), (rows.clone(), file));

    let replay =
        format!("{RUN} --set samplers=[\"random\"] --set seeds=[0] --replay results/tiny/queries --results again");
    place.succeeds(&replay);
    assert_eq!(values(&place.path("again/tiny")), rows);
    let name = |tree: &str, name: &str| place.path(&format!("data/own/{tree}/train/town/{name}.png"));
    for tree in ["images", "masks"] {
        fs::rename(name(tree, "town_000000_000019"), name(tree, "town_000000_x")).unwrap();
    }
    // The order of the images is the same, and so are their indices.
    fails(
        &place,
        &replay.replace("again", "other"),
        "is named \"images/train/town/town_000000_000019.png\", but in this",
    );
    assert!(!place.path("other").exists(), "nothing may be written");
}

#[test]
fn bad_masks_are_listed_before_anything_runs() {
    let place = place();
    let own = place.path("data/own");
    png(&own.join("masks/train/town/town_000003_000019.png"), [16, 24], 3, &[7; 16 * 24 * 3]);
    png(&own.join("masks/train/town/town_000004_000019.png"), [16, 24], 1, &[33; 16 * 24]);
    fs::remove_file(own.join("masks/val/town/town_000001_000019.png")).unwrap();
    let output = place.pt4al(RUN);
    let text = stderr(&output);
    assert!(text.contains("error: 3 problems with the files of folder-masks; "), "{text}");
    for part in [
        "convert it to one class id",
        "without a class: 33 (33 in row 0, column 0)",
        "an image without its mask masks/val/",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!place.path("results").exists());
}

#[test]
fn colours_are_measured_of_a_folder_and_of_a_spec_alike() {
    let place = place();
    let of_folder = stdout(&place.succeeds("data stats data/own/images/train"));
    let of_spec = stdout(&place.succeeds("data stats --spec tiny.toml --data data"));
    let line = |text: &str| text.lines().find(|line| line.starts_with("normalize = { mean = [")).unwrap().to_owned();
    assert_eq!(line(&of_folder), line(&of_spec));
    assert!(
        of_folder.contains("20 images (20 .png)\nall of 24x16 (width x height)\n20 in colour, 0 in grey\n"),
        "{of_folder}"
    );
    // The line can be pasted into the spec.
    let pasted = tiny_own().replace("ignore = [0]\n", &format!("ignore = [0]\n{}\n", line(&of_spec)));
    fs::write(place.path("pasted.toml"), pasted).unwrap();
    place.succeeds("data stats --spec pasted.toml --data data");
    fails(&place, "data stats nowhere", "nowhere: no such folder");
}
