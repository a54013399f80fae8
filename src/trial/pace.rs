//! How fast a process works, and whether the next piece of work fits into the time that it has.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limit::{Ends, HEADROOM};
use crate::rate::Rate;

/// A piece of work cannot be finished in the time that is left. The process then ends without having failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutOfTime {
    /// The piece of work: `round 3`, or `the query of round 4`.
    pub what: String,
    /// Whether it had started; its work since its last checkpoint is then lost.
    pub given_up: bool,
    /// Whether this process wrote a checkpoint of it.
    pub kept: bool,
    /// Seconds that all of it takes on this machine, if that was measured.
    pub seconds: Option<f64>,
}

impl fmt::Display for OutOfTime {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} cannot be finished in time", self.what)
    }
}

impl std::error::Error for OutOfTime {}

/// What becomes of a piece of work that is stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sort {
    /// A training that is lost.
    Training,
    /// A query, which is lost.
    Query,
    /// A training whose work is kept by checkpoints, which are this many seconds apart.
    Kept(f64),
}

/// A piece of work that is either finished or lost as a whole, but for its checkpoints.
#[derive(Debug)]
struct Piece {
    what: String,
    /// Its forward passes.
    units: u64,
    /// Forward passes that the process had done before.
    from: u64,
    /// The time when it started.
    since: f64,
    sort: Sort,
    /// The time of its last checkpoint of this process.
    kept: Option<f64>,
}

/// The measured pace of a process, and its time limit.
#[derive(Debug)]
pub(super) struct Pace {
    ends: Ends,
    begun: f64,
    /// Seconds from the start of the process to the end of its first step, which is slow, and the forward passes done by then.
    first_step: Option<(f64, u64)>,
    rate: Rate,
    /// The time up to which work was measured, and the forward passes done by then.
    mark: Option<(f64, u64)>,
    piece: Option<Piece>,
    /// Seconds of the longest query so far. Choosing may take longer than scoring, and forward passes do not count it.
    longest_query: f64,
}

impl Pace {
    pub fn new(ends: Ends) -> Self {
        Self {
            ends,
            begun: ends.clock.now(0),
            first_step: None,
            rate: Rate::default(),
            mark: None,
            piece: None,
            longest_query: 0.0,
        }
    }

    /// Forward passes per second, if measured, and the seconds that the process took to start up.
    pub fn measured(&self) -> (Option<f64>, f64) {
        let rate = self.rate.of_process();
        let (seconds, done) = self.first_step.unwrap_or((0.0, 0));
        (rate, (seconds - rate.map_or(0.0, |rate| done as f64 / rate)).max(0.0))
    }

    /// Starts a piece of `units` forward passes. The process has done `done` forward passes before.
    ///
    /// # Errors
    /// If neither the piece nor its first checkpoint would be done in time. Until a rate was measured, every piece may start before the
    /// time is over.
    pub fn begin(&mut self, what: String, units: u64, sort: Sort, done: u64) -> Result<(), OutOfTime> {
        let now = self.ends.clock.now(done);
        if let Some(before) = self.piece.take().filter(|piece| piece.sort == Sort::Query) {
            self.longest_query = self.longest_query.max(now - before.since);
        }
        let by_rate = self.rate.of_process().map(|rate| units as f64 / rate);
        let seconds = match sort == Sort::Query && self.longest_query > 0.0 {
            true => Some(by_rate.unwrap_or(0.0).max(self.longest_query)),
            false => by_rate,
        };
        let needed = HEADROOM * seconds.unwrap_or(0.0);
        let needed = if let Sort::Kept(every) = sort { needed.min(every) } else { needed };
        if now + needed > self.ends.until {
            return Err(OutOfTime { what, given_up: false, kept: false, seconds });
        }
        self.piece = Some(Piece { what, units, from: done, since: now, sort, kept: None });
        // The time since the last measurement was not spent on forward passes. The first step of a process is not measured.
        self.mark = self.first_step.map(|_| (now, done));
        Ok(())
    }

    /// Takes note that a checkpoint keeps what the piece has done, in a process that has done `done` forward passes.
    pub fn keep(&mut self, done: u64) {
        if let Some(piece) = &mut self.piece {
            piece.kept = Some(self.ends.clock.now(done));
        }
    }

    /// Takes note that the process has done `done` forward passes.
    ///
    /// # Errors
    /// If the rest of the piece can no longer be finished in time, and its next checkpoint is not due in time either.
    pub fn count(&mut self, done: u64) -> Result<(), OutOfTime> {
        let now = self.ends.clock.now(done);
        self.first_step.get_or_insert((now - self.begun, done));
        let (then, counted) = *self.mark.get_or_insert((now, done));
        if now > then {
            self.rate.add((done - counted) as f64, now - then);
            self.mark = Some((now, done));
        }
        let Some(piece) = &self.piece else { return Ok(()) };
        let left = piece.units.saturating_sub(done - piece.from) as f64;
        let rate = self.rate.of_process();
        let at_least = rate.map_or(0.0, |rate| left / rate / self.rate.at_most_times());
        let at_least = match piece.sort {
            Sort::Kept(every) => at_least.min((piece.kept.unwrap_or(piece.since) + every - now).max(0.0)),
            Sort::Training | Sort::Query => at_least,
        };
        if now + at_least > self.ends.until {
            let (what, seconds) = (piece.what.clone(), rate.map(|rate| piece.units as f64 / rate));
            return Err(OutOfTime { what, given_up: true, kept: piece.kept.is_some(), seconds });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::Clock;

    /// A pace at 100 forward passes per second, with `until` seconds of time.
    fn pace(until: f64) -> Pace {
        let clock = Clock::Work { begun: 0.0, per_second: 100.0 };
        Pace::new(Ends { clock, until, at_the_latest: f64::INFINITY })
    }

    /// Does a round in steps of 10 forward passes, and returns the forward passes done by its end.
    fn work(pace: &mut Pace, name: &str, units: u64, done: u64) -> Result<u64, (OutOfTime, u64)> {
        pace.begin(name.into(), units, Sort::Training, done).map_err(|out| (out, done))?;
        for step in 1..=units / 10 {
            pace.count(done + 10 * step).map_err(|out| (out, done + 10 * step))?;
        }
        Ok(done + units)
    }

    #[test]
    fn rounds_that_fit_are_run_and_the_next_does_not_start() {
        let mut pace = pace(25.0);
        let done = work(&mut pace, "round 0", 1000, 0).unwrap();
        let done = work(&mut pace, "round 1", 1000, done).unwrap();
        let (out, at) = work(&mut pace, "round 2", 1000, done).unwrap_err();
        assert_eq!(at, done, "no work of it was done");
        let OutOfTime { what, given_up, kept, seconds } = out;
        assert_eq!((what.as_str(), given_up, kept), ("round 2", false, false));
        assert!((seconds.unwrap() - 10.0).abs() < 1e-6);
    }

    #[test]
    fn the_first_round_is_given_up_as_soon_as_its_rate_is_known() {
        let (out, at) = work(&mut pace(25.0), "round 0", 10_000, 0).unwrap_err();
        assert!(out.given_up && !out.kept && (out.seconds.unwrap() - 100.0).abs() < 1e-6, "{out:?}");
        // Three measured seconds after the first step, which older seconds count slightly less to.
        assert_eq!(at, 320);
        // Without a rate it is given up at the end of the time.
        let (out, at) = work(&mut pace(2.0), "round 0", 10_000, 0).unwrap_err();
        assert_eq!((out.seconds, at), (None, 210));
        assert_eq!(work(&mut pace(100.0), "round 0", 10_000, 0), Ok(10_000));
        // After the end of the time it does not start.
        let (out, at) = work(&mut pace(-1.0), "round 0", 10, 0).unwrap_err();
        assert_eq!((out.given_up, at), (false, 0));
    }

    #[test]
    fn a_round_that_may_just_fit_is_not_given_up_in_its_first_seconds() {
        // 110 seconds of work in 100 seconds, at 50 forward passes per second.
        let clock = Clock::Work { begun: 0.0, per_second: 50.0 };
        let mut slow = Pace::new(Ends { clock, until: 100.0, at_the_latest: f64::INFINITY });
        slow.begin("round 0".into(), 5500, Sort::Training, 0).unwrap();
        // After ten seconds the measured rate says that the work takes 10 % too long, but it may be wrong by that much.
        (1..=10).try_for_each(|second| slow.count(50 * second)).unwrap();
        assert_eq!(slow.measured().0.map(f64::round), Some(50.0));
        let (at, out) = (11..).find_map(|second| Some((second, slow.count(50 * second).err()?))).unwrap();
        assert!((20..50).contains(&at) && out.given_up, "{at}");
    }

    #[test]
    fn a_query_takes_at_least_as_long_as_the_longest_before() {
        let mut pace = pace(40.0);
        let done = work(&mut pace, "round 0", 1000, 0).unwrap();
        // The query counts as one second of work, but takes ten.
        pace.begin("the query of round 1".into(), 100, Sort::Query, done).unwrap();
        let done = work(&mut pace, "round 1", 1000, done + 1000).unwrap();
        let out = pace.begin("the query of round 2".into(), 100, Sort::Query, done).unwrap_err();
        assert!((out.seconds.unwrap() - 10.0).abs() < 1e-6, "{out:?}");
        // It does not change the measured rate of training.
        assert!((pace.measured().0.unwrap() - 100.0).abs() < 1e-6);
    }

    #[test]
    fn a_round_that_does_not_fit_runs_as_long_as_a_checkpoint_can_be_written() {
        let mut pace = pace(100.0);
        let done = work(&mut pace, "round 0", 1000, 0).unwrap();
        // The round would take 1000 seconds.
        pace.begin("round 1".into(), 100_000, Sort::Kept(30.0), done).unwrap();
        let mut kept = 0;
        // A checkpoint is written at the end of an epoch, every 33 seconds.
        let stopped = (1..).find_map(|second| {
            let now = done + 100 * second;
            if second % 33 == 0 {
                pace.keep(now);
                kept += 1;
            }
            Some((second, pace.count(now).err()?))
        });
        let (second, out) = stopped.unwrap();
        assert!(out.given_up && out.kept && (out.seconds.unwrap() - 1000.0).abs() < 1e-6, "{out:?}");
        assert_eq!((kept, second), (2, 66), "24 seconds are left, and the next checkpoint is due in 30");
        // Another round begins only if its first checkpoint fits.
        let done = done + 6600;
        assert!(pace.begin("round 1".into(), 100_000, Sort::Kept(30.0), done).is_err());
        assert!(pace.begin("round 1".into(), 100_000, Sort::Kept(20.0), done).is_ok());
    }
}
