//! What a command prints: the indices that it chooses.

use std::collections::HashSet;

use anyhow::{Result, bail, ensure};
use serde_json::Value;

/// The most bytes that a command may print for `n` indices. Each has at most 20 digits, and spaces or line breaks around it.
pub(super) fn longest(n: usize) -> usize {
    64 * 1024 + 64 * n
}

/// Reads `{"indices": [...]}`: `n` different indices of `unlabeled` (ascending).
///
/// # Errors
/// What is wrong with it, and what to do; without the name of the sampler.
pub(super) fn read(printed: &[u8], unlabeled: &[usize], n: usize) -> Result<Vec<usize>> {
    let text = String::from_utf8_lossy(printed);
    let Some(values) = indices(&text) else { bail!("{}", why_no_answer(&text)) };
    let mut chosen = Vec::with_capacity(values.len());
    for (place, value) in values.iter().enumerate() {
        let Some(index) = value.as_u64().and_then(|index| usize::try_from(index).ok()) else {
            bail!(
                "entry {place} of `indices` is {}; write whole numbers, for instance with int() in Python",
                shortened(&value.to_string())
            );
        };
        chosen.push(index);
    }
    ensure!(chosen.len() == n, "it chose {} images, not {n}; choose as many as `n` of the request says", chosen.len());
    let mut seen = HashSet::new();
    if let Some(index) = chosen.iter().find(|&&index| !seen.insert(index)) {
        bail!("it chose image {index} twice; choose different images");
    }
    if let Some(index) = chosen.iter().find(|index| unlabeled.binary_search(index).is_err()) {
        bail!(
            "it chose image {index}, which is labeled or not in the pool; choose values of the array `unlabeled`, not places in it"
        );
    }
    Ok(chosen)
}

/// Returns the list `indices` of a JSON object.
fn indices(text: &str) -> Option<Vec<Value>> {
    match serde_json::from_str::<Value>(text).ok()?.get_mut("indices")?.take() {
        Value::Array(indices) => Some(indices),
        _ => None,
    }
}

/// Says what was printed in place of an answer, or beside it.
fn why_no_answer(text: &str) -> String {
    let is_answer = |line: &str| indices(line).is_some();
    let foreign = text.lines().map(str::trim).find(|line| !line.is_empty() && !is_answer(line));
    match foreign {
        None if text.trim().is_empty() => {
            "its command printed nothing on standard output; print {\"indices\": [...]} there".into()
        }
        None => "its command printed several answers on standard output; print one".into(),
        Some(line) if text.lines().any(is_answer) => format!(
            "its command printed {:?} on standard output beside the answer; print such lines on standard error (in Python: print(..., \
             file=sys.stderr))",
            shortened(line)
        ),
        Some(line) => format!(
            "its command printed {:?} on standard output; print {{\"indices\": [...]}} there, and everything else on standard error",
            shortened(line)
        ),
    }
}

/// The beginning of a line.
fn shortened(line: &str) -> String {
    const MOST: usize = 80;
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNLABELED: [usize; 5] = [2, 3, 5, 8, 13];

    fn fault(printed: &str) -> String {
        read(printed.as_bytes(), &UNLABELED, 2).unwrap_err().to_string()
    }

    #[test]
    fn an_answer_is_n_different_unlabeled_images_in_the_order_of_choice() {
        for printed in [
            "{\"indices\": [8, 2]}",
            "{\"indices\":[8,2]}\n\n",
            "{\n  \"indices\": [\n    8,\n    2\n  ],\n  \"scores\": [0.5, 0.25]\n}\n",
        ] {
            assert_eq!(read(printed.as_bytes(), &UNLABELED, 2).unwrap(), [8, 2], "{printed}");
        }
    }

    #[test]
    fn every_other_answer_is_explained() {
        for (printed, part) in [
            ("", "printed nothing"),
            (" \n", "printed nothing"),
            ("[8, 2]", "printed \"[8, 2]\" on standard output; print {\"indices\": [...]} there"),
            ("{\"indices\": 8}", "print {\"indices\": [...]} there"),
            ("Loading...\n{\"indices\": [8, 2]}\n", "printed \"Loading...\" on standard output beside the answer"),
            ("{\"indices\": [8, 2]}\ndone\n", "printed \"done\" on standard output beside the answer"),
            ("{\"indices\": [8, 2]}\n{\"indices\": [8, 2]}\n", "several answers"),
            ("{\"indices\": [8]}", "it chose 1 images, not 2"),
            ("{\"indices\": [8, 2, 3]}", "it chose 3 images, not 2"),
            ("{\"indices\": [8, 8]}", "it chose image 8 twice"),
            ("{\"indices\": [8, 4]}", "it chose image 4, which is labeled or not in the pool"),
            ("{\"indices\": [8, -1]}", "entry 1 of `indices` is -1"),
            ("{\"indices\": [8.0, 2]}", "entry 0 of `indices` is 8.0"),
            ("{\"indices\": [\"8\", 2]}", "entry 0 of `indices` is \"8\""),
        ] {
            let message = fault(printed);
            assert!(message.contains(part) && !message.contains('\n'), "{printed:?}: {message}");
        }
        let long = fault(&"x".repeat(1000));
        assert!(long.len() < 300, "{long}");
        assert!(read(b"\xff\xfe", &UNLABELED, 2).is_err());
    }
}
