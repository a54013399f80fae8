//! Curves of several folders in one picture: what stands above and beneath them, and those of a baseline.

use super::{Plot, Published, Series};
use crate::report::page::Badge;

impl Plot {
    /// The same curves under another title and with another scale badge.
    pub(crate) fn with_heading(self, title: &str, badge: &Badge) -> Self {
        Self { title: title.to_owned(), badge: badge.line(), ..self }
    }

    /// The same curves beside those of a baseline, which are grey and take the place of published numbers. An arm has the
    /// marker of its namesake.
    pub(crate) fn beside(self, baseline: &Self, heading: String) -> Self {
        let curve = |series: &Series| {
            let theirs = baseline.ours.iter().find(|theirs| theirs.name == series.name)?;
            let name = format!("{} (baseline)", theirs.name);
            let points = theirs.points.iter().map(|point| (point.labeled, point.value)).collect();
            Some(Published { source: name.clone(), name, points })
        };
        let published = self.ours.iter().filter_map(curve).collect();
        Self { published, published_heading: heading, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::svg;
    use super::*;
    use crate::report::testing::{assert_well_formed, findings, full, spec};
    use crate::results::Rule;
    use crate::spec::Metric;
    use crate::store::Record;

    #[test]
    fn a_baselines_curves_take_the_place_of_published_numbers() {
        let plot = |rows| Plot::of(&findings(&spec(), rows), Metric::ACCURACY, Rule::Own).unwrap();
        let random: Vec<Record> = full().into_iter().filter(|row| row.sampler == "random").collect();
        let badge = Badge::new(vec!["shared".into()]);
        let plot = plot(full()).beside(&plot(random), "Those before".into()).with_heading("Now <and> then", &badge);
        assert_eq!((plot.ours.len(), plot.published.len()), (2, 1));
        let drawn = svg(&plot).unwrap();
        assert_well_formed(&drawn);
        for part in ["Those before", "Now &lt;and&gt; then", "shared"] {
            assert!(drawn.contains(part), "{part:?} is not in {drawn}");
        }
    }
}
