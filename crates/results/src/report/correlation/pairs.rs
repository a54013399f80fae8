//! The losses of each image, and their file.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use serde::{Deserialize, Serialize};

use crate::files::checksums::read_checked;

/// The losses of one image of the pool; a row of `losses.csv`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The image's index in the train split.
    pub index: usize,
    /// The loss of the pretext learner.
    #[serde(rename = "pretext_loss")]
    pub pretext: f64,
    /// The loss of the task model that was trained on the whole pool, including this image (nats).
    #[serde(rename = "task_loss")]
    pub task: f64,
    /// The loss of the task model that was trained on the pool without this image's fold (nats).
    #[serde(rename = "held_out_loss")]
    pub held_out: f64,
}

/// Reads a `losses.csv`: the columns `index,pretext_loss,task_loss,held_out_loss`, a row for each image.
///
/// # Errors
/// If a row does not fit, a loss is not finite or an image comes twice; the message names the file and the line.
pub fn read_pairs(path: &Path) -> Result<Vec<Pair>> {
    let file = path.display();
    let bytes = read_checked(path, |e| anyhow!("{file}: cannot be read ({e}); `pt4al correlate` writes it"))?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let mut pairs = Vec::new();
    for (i, row) in reader.deserialize().enumerate() {
        let pair: Pair = row.map_err(|e| {
            let why = crate::store::csv_fault(&e);
            anyhow!(
                "{file}:{}: not the losses of an image ({why}); restore the file, or remove it and run again",
                i + 2
            )
        })?;
        pairs.push(pair);
    }
    if let Some((i, fault)) = fault(&pairs) {
        return Err(anyhow!("{file}:{}: {fault}; restore the file, or remove it and run again", i + 2));
    }
    Ok(pairs)
}

/// # Errors
/// If nothing can be said of these losses, in one line.
pub(super) fn check(pairs: &[Pair]) -> Result<()> {
    if let Some((_, fault)) = fault(pairs) {
        return Err(anyhow!(
            "the losses cannot be correlated: {fault}; if a training diverged, lower its `lr` in the spec and run again"
        ));
    }
    let n = pairs.len();
    ensure!(n >= 2, "the losses cannot be correlated: images needed, 2; images in the pool, {n}; enlarge the pool");
    Ok(())
}

/// The first row that does not fit, counted from 0, and why.
fn fault(pairs: &[Pair]) -> Option<(usize, String)> {
    let mut seen = HashSet::new();
    pairs.iter().enumerate().find_map(|(i, pair)| {
        let named = [("pretext", pair.pretext), ("task", pair.task), ("held-out", pair.held_out)];
        let infinite = named.into_iter().find(|(_, loss)| !loss.is_finite());
        let fault = match infinite {
            Some((name, loss)) => format!("the {name} loss of image {} is {loss}", pair.index),
            None if !seen.insert(pair.index) => format!("image {} comes a second time", pair.index),
            None => return None,
        };
        Some((i, fault))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_read_back_exactly_and_in_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("losses.csv");
        let pairs = vec![
            Pair { index: 7, pretext: 0.1 + 0.2, task: 1e-17, held_out: 2.0 },
            Pair { index: 3, pretext: -0.5, task: f64::MIN_POSITIVE, held_out: 1.0 / 3.0 },
        ];
        crate::files::write_csv(&path, &pairs).unwrap();
        assert_eq!(read_pairs(&path).unwrap(), pairs);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("index,pretext_loss,task_loss,held_out_loss\n7,0.30000000000000004,1e-17,2.0\n"),
            "{text}"
        );
    }

    #[test]
    fn a_bad_line_is_explained_on_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("losses.csv");
        let header = "index,pretext_loss,task_loss,held_out_loss\n";
        for (text, part) in [
            (format!("{header}0,1,2,3\n1,1,two,3\n"), "losses.csv:3: not the losses of an image"),
            (format!("{header}0,1,2,3\n1,1,2\n"), "losses.csv:3: not the losses of an image"),
            (format!("{header}-1,1,2,3\n"), "losses.csv:2: not the losses of an image"),
            (format!("{header}0,1,2,3\n5,1,2,NaN\n"), "losses.csv:3: the held-out loss of image 5 is NaN"),
            (format!("{header}0,1,inf,3\n"), "losses.csv:2: the task loss of image 0 is inf"),
            (format!("{header}4,1,2,3\n5,1,2,3\n4,1,2,3\n"), "losses.csv:4: image 4 comes a second time"),
            ("index,loss\n0,1\n".into(), "losses.csv:2: not the losses of an image"),
        ] {
            std::fs::write(&path, &text).unwrap();
            let message = format!("{:#}", read_pairs(&path).unwrap_err());
            assert!(message.contains(part) && message.contains("; restore"), "{text}{message}");
            assert!(!message.contains('\n'), "{message}");
        }
        let message = read_pairs(&dir.path().join("none.csv")).unwrap_err().to_string();
        assert!(message.contains("none.csv: cannot be read") && message.contains("pt4al correlate"), "{message}");
    }
}
