//! A picture with the scale badge at its foot, so that it can stand alone.

use plotters::prelude::DrawingBackend;
use plotters::style::WHITE;

use super::text::{LINE, Line, text, wrap};
use super::{Area, Drawn, FAINT_INK, MARGIN, Picture, fine};

/// The size of the badge's text in shown pixels.
const SIZE: f64 = 15.0;

/// A picture above a line that says what its numbers hold for.
pub(crate) struct Badged<'a, P> {
    picture: &'a P,
    lines: Vec<String>,
}

impl<'a, P: Picture> Badged<'a, P> {
    /// Adds nothing if the badge is empty.
    pub fn of(picture: &'a P, badge: &str) -> Self {
        let lines = match badge {
            "" => Vec::new(),
            badge => wrap(badge, SIZE, picture.size().0 - 2.0 * MARGIN, 3),
        };
        Self { picture, lines }
    }

    /// The height of the badge's strip, whole.
    fn strip(&self) -> f64 {
        if self.lines.is_empty() { 0.0 } else { (self.lines.len() as f64 * SIZE * LINE + MARGIN).ceil() }
    }
}

impl<P: Picture> Picture for Badged<'_, P> {
    fn size(&self) -> (f64, f64) {
        let (width, height) = self.picture.size();
        (width, height + self.strip())
    }

    fn draw<DB: DrawingBackend>(&self, root: &Area<DB>) -> Drawn<DB> {
        let height = self.picture.size().1;
        let (above, below) = root.split_vertically(fine(height));
        if !self.lines.is_empty() {
            below.fill(&WHITE)?;
        }
        for (i, line) in self.lines.iter().enumerate() {
            let middle = (i as f64 + 0.5) * SIZE * LINE;
            text(&below, &Line { text: line.clone(), size: SIZE, left: MARGIN, middle }, FAINT_INK)?;
        }
        // Last, because a picture ends its document.
        self.picture.draw(&above)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::figures::picture::{register_font, svg};
    use crate::report::testing::assert_well_formed;

    struct Blank;

    impl Picture for Blank {
        fn size(&self) -> (f64, f64) {
            (200.0, 100.0)
        }

        fn draw<DB: DrawingBackend>(&self, root: &Area<DB>) -> Drawn<DB> {
            root.fill(&WHITE)?;
            root.present()
        }
    }

    #[test]
    fn the_badge_stands_below_the_picture_and_is_wrapped() {
        register_font().unwrap();
        let plain = svg(&Badged::of(&Blank, "")).unwrap();
        assert!(plain.contains("width=\"200\" height=\"100\"") && !plain.contains("<text"), "{plain}");
        let badged = svg(&Badged::of(&Blank, "profile cpu · official CIFAR-10 files · n = 5 seeds")).unwrap();
        assert_well_formed(&badged);
        assert!(badged.matches("<text").count() > 1 && badged.contains("profile cpu"), "{badged}");
        assert!(!badged.contains("height=\"100\""), "{badged}");
    }
}
