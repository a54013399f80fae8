use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A departure of the official code: colours are read blue first, and normalised as if red came first.
#[test]
fn colour_order_bgr_has_the_statistics_of_rgb() {
    let normalize = Normalize { mean: [0.0, 0.2, 0.4], std: [1.0, 0.5, 0.25] };
    let pixel = Tensor::from_slice(&[255u8, 51, 0]).reshape([1, 1, 1, 3]);
    let seen = |channels| -> Vec<f32> {
        let input = Input { channels, ..Input::new(&normalize, None, Device::Cpu) };
        input.prepare(&pixel).reshape([3]).try_into().unwrap()
    };
    let is_near = |got: Vec<f32>, want: [f32; 3]| got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-5);
    // Red 1, green 0.2, blue 0.
    assert!(is_near(seen(Channels::Rgb), [1.0, 0.0, -1.6]));
    assert!(is_near(seen(Channels::Bgr), [0.0, 0.0, 2.4]));
}

/// A source whose record i is i, i + 1, i + 2, ...
#[derive(Debug)]
struct Counting;

impl Source for Counting {
    fn fill(&self, index: usize, record: &mut [u8]) -> Result<()> {
        anyhow::ensure!(index < 90, "image {index} is gone");
        (0..).zip(record).for_each(|(i, byte)| *byte = (index + i) as u8);
        Ok(())
    }
}

fn split(labels: Labels, in_memory: bool) -> Split {
    let mut split =
        Split { height: 2, width: 3, len: 50, labels, records: Records::Source(Arc::new(Counting)), ids: None };
    if in_memory {
        let mut all = vec![0; split.len * split.record()];
        let each = all.chunks_exact_mut(split.record());
        each.enumerate().for_each(|(i, record)| Counting.fill(i, record).unwrap());
        split.records = Records::Memory(all);
    }
    split
}

#[test]
fn fetched_and_resident_splits_give_the_same_minibatches() {
    let order = [7, 0, 49, 3, 3, 20, 11];
    for labels in [Labels::Maps, Labels::Classes((0..50).collect())] {
        let [fetched, resident] = [false, true].map(|m| on_device(split(labels.clone(), m), Device::Cpu));
        for (least, wanted) in [(1, [3, 3, 1].as_slice()), (2, &[3, 4])] {
            let cut = Cut { size: 3, least };
            let pairs: Vec<_> = fetched.minibatches(&order, cut).zip(resident.minibatches(&order, cut)).collect();
            let sizes: Vec<i64> = pairs.iter().map(|pair| pair.0.as_ref().unwrap().images.size()[0]).collect();
            assert_eq!(sizes, wanted);
            for (a, b) in pairs {
                let (a, b) = (a.unwrap(), b.unwrap());
                assert_eq!((a.images, a.targets), (b.images, b.targets));
            }
        }
        let first = resident.minibatches(&order, Cut::of(3)).next().unwrap().unwrap();
        assert_eq!(first.images.int64_value(&[2, 1, 0, 0]), 49 + 9);
        let target = match labels {
            Labels::Maps => first.targets.int64_value(&[2, 1, 0]) - (18 + 3),
            Labels::Classes(_) => first.targets.int64_value(&[2]),
        };
        assert_eq!(target, 49);
    }
}

#[test]
fn a_file_that_is_gone_is_an_error_and_dropping_the_rest_does_not_hang() {
    let data = on_device(Split { len: 100, ..split(Labels::Maps, false) }, Device::Cpu);
    let order: Vec<usize> = (0..100).collect();
    let mut batches = data.minibatches(&order, Cut::of(10));
    assert!(batches.next().unwrap().is_ok());
    drop(batches);
    let error = data.minibatches(&order, Cut::of(10)).find_map(Result::err).unwrap();
    assert_eq!(error.to_string(), "image 90 is gone");
    assert_eq!(data.minibatches(&[], Cut::of(10)).count(), 0);
}

/// A source that counts the records it makes.
#[derive(Debug, Default)]
struct Counted(AtomicUsize);

impl Source for Counted {
    fn fill(&self, _: usize, _: &mut [u8]) -> Result<()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[test]
fn only_some_minibatches_are_made_ahead() {
    let source = Arc::new(Counted::default());
    let records = Records::Source(source.clone());
    let data = on_device(Split { len: 400, records, ..split(Labels::Maps, false) }, Device::Cpu);
    let order: Vec<usize> = (0..400).collect();
    let made = || source.0.load(Ordering::SeqCst);
    let mut minibatches = data.minibatches(&order, Cut::of(2));
    assert!(minibatches.next().unwrap().is_ok());
    // The minibatch that was taken, those that are ready, and one that waits for a free place.
    let start = Instant::now();
    while made() < (1 + AHEAD) * 2 {
        assert!(start.elapsed() < Duration::from_secs(20), "{} records were made", made());
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(200));
    assert!(made() <= (1 + AHEAD + 1) * 2, "{} records were made", made());
    assert_eq!((minibatches.count(), made()), (199, 400));
}

#[test]
fn the_center_of_an_image_is_taken() {
    let images = Tensor::arange(5 * 4, (Kind::Uint8, Device::Cpu)).reshape([1, 5, 4, 1]).repeat([1, 1, 1, 3]);
    let input = Input::new(&Normalize { mean: [0.0; 3], std: [1.0; 3] }, Some([3, 2]), Device::Cpu);
    let rows: Vec<u8> = input.centered(&images).select(3, 0).reshape([-1]).try_into().unwrap();
    assert_eq!(rows, [5, 6, 9, 10, 13, 14]);
}

#[test]
fn normalised_images_have_the_stated_mean_and_channels_first() {
    let images = Tensor::from_slice(&[255u8, 0, 51]).reshape([1, 1, 1, 3]);
    let input = Input::new(&Normalize { mean: [0.5, 0.0, 0.2], std: [0.5, 1.0, 0.1] }, None, Device::Cpu);
    let out: Vec<f32> = input.prepare(&images).reshape([3]).try_into().unwrap();
    for (got, want) in out.iter().zip([1.0, 0.0, 0.0]) {
        assert!((got - want).abs() < 1e-6, "{out:?}");
    }
}
