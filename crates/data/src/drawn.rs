//! Test splits that are drawn, for data sets without one.

use pt4al_results::seed::{self, Purpose};

/// The drawn splits: indices into all images, ascending.
pub(crate) struct Drawn {
    pub train: Vec<u32>,
    pub test: Vec<u32>,
    /// Classes with a single image, which is in neither split.
    pub single: Vec<usize>,
}

/// Draws the part `test` of each class as the test split, rounded, but at least one image and not all. The draw of a
/// class depends on no other class.
pub(crate) fn split(labels: &[u16], classes: usize, test: f64, seed: u64) -> Drawn {
    let mut by_class = vec![Vec::new(); classes];
    labels.iter().enumerate().for_each(|(i, &class)| by_class[usize::from(class)].push(i));
    let mut drawn = Drawn { train: Vec::new(), test: Vec::new(), single: Vec::new() };
    for (class, images) in by_class.iter().enumerate() {
        match images.len() {
            0 => {}
            1 => drawn.single.push(class),
            count => {
                let n = ((test * count as f64).round() as usize).clamp(1, count - 1);
                let order = seed::sample(images, count, &mut seed::stream(seed, Purpose::Split, &[class as u64]));
                drawn.test.extend(order[..n].iter().map(|&i| i as u32));
                drawn.train.extend(order[n..].iter().map(|&i| i as u32));
            }
        }
    }
    drawn.train.sort_unstable();
    drawn.test.sort_unstable();
    drawn
}
