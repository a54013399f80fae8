//! Image files, in all formats and with the orientation of EXIF data.

use pt4al_data::decode::{square_turned, whole};
use pt4al_data::fuzzing::{image_size, label_map, verify};
use pt4al_results::spec::{Input, Orientation};

use crate::place::told_in_words;

/// The most pixels that are decoded here. The reader's own limit is 100 million, at which an input takes seconds.
const MOST: usize = 1 << 20;

pub fn image(data: &[u8]) {
    let Some([height, width]) = told_in_words(image_size(data)) else { return };
    assert!(height > 0 && width > 0, "an image without pixels");
    if height * width > MOST {
        return;
    }
    let verified = told_in_words(verify(data)).is_some();
    let input = Input { resize: 8, crop: 6 };
    let mut out = [0; 6 * 6 * 3];
    for orientation in [Orientation::AsStored, Orientation::Exif] {
        let squared = told_in_words(square_turned(data, input, orientation, &mut out)).is_some();
        assert!(squared || !verified, "an image that passed the check cannot be read");
    }
    let mut pixels = vec![0; height * width * 3];
    told_in_words(whole(data, [height, width], None, &mut pixels));
    let mut map = vec![0; height * width];
    told_in_words(label_map(data, [height, width], &mut map));
}
