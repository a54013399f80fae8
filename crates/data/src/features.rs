//! Features from a file (`model.features` of a spec), held against the images of a data set.

use anyhow::{Result, bail, ensure};

use crate::images::{Split, Splits};
use pt4al_results::feature_file::{Features, Rows};
use pt4al_results::spec::FeaturesSpec;
use pt4al_results::words::thousands;

/// Reads a spec's features, and checks that they are those of the images of both splits.
///
/// # Errors
/// One line that names the key and the file, if it cannot be read, if a split has another number of images than its array has
/// rows, or if the names of rows are not those of the images in their order.
pub fn read(spec: &FeaturesSpec, splits: &Splits) -> Result<Features> {
    let features = Features::read(&spec.file, &spec.sha256)?;
    let (train, test) = features.lengths();
    for (name, rows, length, split) in
        [("train", &features.train, train, &splits.train), ("test", &features.test, test, &splits.test)]
    {
        check(rows, length, split, name, &splits.origin.name)
            .map_err(|e| e.context(format!("`model.features`: {}", spec.file.display())))?;
    }
    Ok(features)
}

fn check(rows: &Rows, length: usize, split: &Split, name: &str, dataset: &str) -> Result<()> {
    ensure!(
        length == split.len,
        "`{name}` has {} rows, but the {name} split of {dataset} has {} images; give each image one row, in the order of the images",
        thousands(length),
        thousands(split.len)
    );
    let (Some(ids), Some(names)) = (&rows.ids, &split.ids) else { return Ok(()) };
    for (index, id) in ids.iter().enumerate() {
        let name_of_image = names.id(index);
        if *id != name_of_image {
            bail!(
                "row {index} of `{name}` is of {id:?} (`{name}_ids`), but image {index} of the {name} split is \
                 {name_of_image:?}; put the rows into the order of the images"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::images::{Ids, Labels, Records};

    #[derive(Debug)]
    struct Names;

    impl Ids for Names {
        fn id(&self, index: usize) -> String {
            format!("cats/{index}.jpg")
        }
    }

    fn split(has_names: bool) -> Split {
        let ids = has_names.then(|| Arc::new(Names) as Arc<dyn Ids>);
        let records = Records::Memory(Vec::new());
        Split { height: 2, width: 2, len: 3, labels: Labels::Classes(vec![0; 3]), records, ids }
    }

    fn rows(length: usize, ids: Option<[usize; 3]>) -> Rows {
        let ids = ids.map(|ids| ids.into_iter().map(|index| Names.id(index)).collect());
        Rows { values: vec![0.0; 2 * length], ids }
    }

    fn message(rows: &Rows, split: &Split) -> Option<String> {
        check(rows, rows.values.len() / 2, split, "train", "pets").err().map(|e| e.to_string())
    }

    #[test]
    fn each_image_needs_one_row() {
        assert_eq!(message(&rows(3, None), &split(true)), None);
        let wanted = "`train` has 4 rows, but the train split of pets has 3 images; give each image one row, in the order of the \
                      images";
        assert_eq!(message(&rows(4, None), &split(false)).as_deref(), Some(wanted));
    }

    #[test]
    fn rows_with_names_must_be_in_the_order_of_the_images() {
        assert_eq!(message(&rows(3, Some([0, 1, 2])), &split(true)), None);
        let wanted = "row 1 of `train` is of \"cats/2.jpg\" (`train_ids`), but image 1 of the train split is \"cats/1.jpg\"; put \
                      the rows into the order of the images";
        assert_eq!(message(&rows(3, Some([0, 2, 1])), &split(true)).as_deref(), Some(wanted));
        // Where images have only numbers, there is nothing to compare names with.
        assert_eq!(message(&rows(3, Some([0, 2, 1])), &split(false)), None);
    }
}
