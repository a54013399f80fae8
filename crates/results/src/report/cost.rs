//! The cost of the trials.

use crate::store::Records;
use crate::words::whole;

/// The cost of all trials together; processes may have worked side by side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Seconds in trainings, their evaluations left out.
    pub train: f64,
    pub evaluate: f64,
    /// Seconds of scoring pools and of choosing among the scores.
    pub query: f64,
    /// Seconds of waiting for images; part of the times above.
    pub wait: f64,
    /// The largest peak of a process, in MiB.
    pub peak_mb: f64,
}

impl Cost {
    /// Sums the cost of all finished rounds.
    pub fn of(records: &Records) -> Self {
        let mut cost = Self::default();
        for row in records.rounds() {
            cost.train += row.train_seconds;
            cost.evaluate += row.evaluate_seconds;
            cost.query += row.score_seconds + row.query_seconds;
            cost.wait += row.wait_seconds;
            cost.peak_mb = cost.peak_mb.max(row.peak_rss_mb);
        }
        cost
    }

    /// One line; `None` if no round has finished.
    pub fn in_words(&self) -> Option<String> {
        let all = self.train + self.evaluate + self.query;
        let part = |seconds: f64| 100.0 * seconds / all;
        (all > 0.0).then(|| {
            format!(
                "Rounds took {:.1} min in total, summed over processes: {:.0} % training, {:.0} % evaluating, {:.0} % \
                 choosing queries; {:.1} % of the total was spent waiting for images. Peak memory of a process: {} MiB.",
                all / 60.0,
                part(self.train),
                part(self.evaluate),
                part(self.query),
                part(self.wait),
                whole(self.peak_mb)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{accuracy, records};

    #[test]
    fn a_round_counts_once_and_errors_do_not() {
        let row = |seed, metric: &str, wait_seconds, error: &str| crate::store::Record {
            metric: metric.into(),
            train_seconds: 60.0,
            evaluate_seconds: 30.0,
            score_seconds: 20.0,
            query_seconds: 10.0,
            wait_seconds,
            error: error.into(),
            ..accuracy("random", seed, 0, 0.5)
        };
        let rows = vec![row(0, "accuracy", 6.0, ""), row(0, "loss", 6.0, ""), row(1, "accuracy", 12.0, "")];
        let failed = row(2, "", 0.0, "out of memory");
        let cost = Cost::of(&records(rows.into_iter().chain([failed]).collect()));
        assert_eq!(
            cost.in_words().unwrap(),
            "Rounds took 4.0 min in total, summed over processes: 50 % training, 25 % evaluating, 25 % choosing \
             queries; 7.5 % of the total was spent waiting for images. Peak memory of a process: 100 MiB."
        );
        assert_eq!(Cost::of(&records(Vec::new())).in_words(), None);
    }
}
