//! The time limit of a command: which work still fits into it, and what is printed if none does.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::time_left::Kind;
use crate::limit::{Deadline, HEADROOM, enough_for};
use crate::trial::{Event, OutOfTime};
use pt4al_results::machine;
use pt4al_results::words::{counted, duration};

/// A kind of task under one protocol. Tasks of the same sort run about equally fast.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sort {
    pub kind: Kind,
    pub variant: Option<String>,
}

/// The pace that a worker reported when it ended (see [`Event::Pace`]).
#[derive(Clone, Copy, Debug)]
struct Pace {
    per_second: Option<f64>,
    start_up: f64,
}

/// Work that did not fit.
#[derive(Clone, Debug, PartialEq)]
struct Shortfall {
    what: String,
    /// Seconds of the command that had passed before it.
    before: f64,
    /// Seconds that it takes.
    seconds: f64,
}

/// Watches the time that a driver has left. Without a deadline everything fits.
#[derive(Debug)]
pub(super) struct Watch {
    deadline: Option<Deadline>,
    jobs: usize,
    /// Seconds between two checkpoints of a training, if they are written.
    checkpoints: Option<f64>,
    /// Forward passes of all workers that have ended.
    done: u64,
    paces: HashMap<Sort, Pace>,
    /// Seconds of the command that had passed when the first worker started.
    prepared: Option<f64>,
    /// Seconds of the command that had passed when the last worker of each sort started.
    started: HashMap<Sort, f64>,
    /// The work that did not fit and needs the shortest limit.
    shortfall: Option<Shortfall>,
    /// Whether anything did not fit.
    pub is_over: bool,
    /// Whether a checkpoint keeps a part of work that did not fit.
    is_kept: bool,
}

/// A command that its time limit has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Halt {
    /// Whether anything was finished, or a checkpoint written. If so, the same command continues; if not, it would get no further.
    pub progressed: bool,
    /// The line to print.
    pub line: String,
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl std::error::Error for Halt {}

impl Shortfall {
    /// Seconds from the start of the command to the end of the work.
    fn end(&self) -> f64 {
        self.before + self.seconds
    }
}

impl Watch {
    /// A watch for `jobs` processes side by side, whose trainings have checkpoints `minutes` apart (0: none).
    pub fn new(deadline: Option<&Deadline>, jobs: usize, minutes: usize) -> Self {
        Self {
            deadline: deadline.cloned(),
            jobs: jobs.max(1),
            checkpoints: (minutes > 0).then_some(60.0 * minutes as f64),
            done: 0,
            paces: HashMap::new(),
            prepared: None,
            started: HashMap::new(),
            shortfall: None,
            is_over: false,
            is_kept: false,
        }
    }

    /// The mean number of forward passes of a process so far, by which [`Clock::Work`](crate::limit::Clock::Work) tells the time.
    fn done(&self) -> u64 {
        self.done / self.jobs as u64
    }

    /// Whether learners start before the trials that need none. With a time limit they do not: a learner that does not fit
    /// would take the time from the trials in every session.
    pub fn learners_first(&self) -> bool {
        self.deadline.is_none()
    }

    /// Whether a task whose first useful piece has `units` forward passes can finish that piece in time, or write a checkpoint of it.
    /// Until tasks of its sort were measured, the answer is yes. `name` names the piece in the message that it does not fit.
    pub fn fits(&mut self, sort: &Sort, units: u64, name: impl FnOnce() -> String) -> bool {
        let Some(deadline) = &self.deadline else { return true };
        let before = deadline.elapsed(self.done());
        let left = deadline.seconds_of_work() - before;
        let pace = self.paces.get(sort);
        let seconds = pace.and_then(|pace| Some(pace.start_up + HEADROOM * units as f64 / pace.per_second?));
        let start_up = pace.map_or(0.0, |pace| pace.start_up);
        let until_kept = self.checkpoints.map_or(f64::INFINITY, |seconds| start_up + seconds);
        let fits = left > seconds.unwrap_or(start_up).min(until_kept);
        if let Some(seconds) = seconds.filter(|_| !fits) {
            self.fell_short(Shortfall { what: name(), before, seconds });
        }
        fits
    }

    fn fell_short(&mut self, shortfall: Shortfall) {
        if self.shortfall.as_ref().is_none_or(|least| shortfall.end() < least.end()) {
            self.shortfall = Some(shortfall);
        }
    }

    /// The arguments about the time limit for a worker that starts now.
    pub fn arguments(&mut self, sort: &Sort) -> Vec<String> {
        let done = self.done();
        let Some(deadline) = &self.deadline else { return Vec::new() };
        let elapsed = deadline.elapsed(done);
        self.prepared.get_or_insert(elapsed);
        self.started.insert(sort.clone(), elapsed);
        let ends = serde_json::to_string(&deadline.for_worker(done)).expect("plain data serialises");
        vec!["--ends".into(), ends]
    }

    /// Takes note of what a worker says about its pace.
    pub fn event(&mut self, sort: &Sort, event: &Event) {
        if let &Event::Pace { done, per_second, start_up } = event {
            self.done += done;
            self.paces.insert(sort.clone(), Pace { per_second, start_up });
        }
    }

    /// Takes note that the worker of the task `name` ended because work did not fit.
    pub fn out_of_time(&mut self, sort: &Sort, name: &str, out: &OutOfTime) {
        self.is_over = true;
        self.is_kept |= out.kept;
        let start_up = self.paces.get(sort).map_or(0.0, |pace| pace.start_up);
        if let Some(seconds) = out.seconds {
            let (what, before) = (format!("{} of {name}", out.what), self.started.get(sort).copied().unwrap_or(0.0));
            self.fell_short(Shortfall { what, before, seconds: start_up + seconds });
        }
    }

    /// The last line of a command that leaves work: `left` names that work with its verb, `again` is the command.
    pub fn halt(&self, progressed: bool, left: &str, again: &str) -> Halt {
        let progressed = progressed || self.is_kept;
        let line = if progressed {
            format!("stopped by --time-limit {}: {left} left; the same command continues: {again}", self.limit())
        } else {
            format!("error: nothing was finished within --time-limit {}: {}", self.limit(), self.remedy())
        };
        Halt { progressed, line }
    }

    fn limit(&self) -> &str {
        self.deadline.as_ref().map_or("", |deadline| deadline.limit().text())
    }

    /// What to do about it: how long the limit must be.
    fn remedy(&self) -> String {
        match &self.shortfall {
            Some(Shortfall { what, before, seconds }) => format!(
                "{what} takes about {} here; use --time-limit {} or more",
                duration(*seconds),
                enough_for(before + seconds)
            ),
            None => format!(
                "preparing took {}, and no round ran long enough to be measured; use a longer limit",
                duration(self.prepared.unwrap_or_else(|| self.deadline.as_ref().map_or(0.0, |d| d.elapsed(0))))
            ),
        }
    }
}

impl OutOfTime {
    /// The line about a task that ended so.
    pub(super) fn in_words(&self) -> String {
        let takes =
            self.seconds.map_or(String::new(), |seconds| format!(" (it takes about {} here)", duration(seconds)));
        let what = &self.what;
        if self.kept {
            format!("{what} stops here: it cannot end in time{takes}; its checkpoint is kept")
        } else if self.given_up {
            format!("{what} is given up: it cannot end in time{takes}")
        } else {
            format!("{what} is not started: it would not end in time{takes}")
        }
    }
}

/// The remaining work with its verb: `3 rounds of 2 trials and 1 pretext learner are`.
pub(super) fn left_in_words(rounds: usize, trials: usize, learners: usize) -> String {
    let rounds_of_trials = format!("{} of {}", counted(rounds, "round"), counted(trials, "trial"));
    let learner = counted(learners, "pretext learner");
    match (rounds, learners) {
        (1, 0) => format!("{rounds_of_trials} is"),
        (_, 0) => format!("{rounds_of_trials} are"),
        (0, 1) => format!("{learner} is"),
        (0, _) => format!("{learner} are"),
        _ => format!("{rounds_of_trials} and {learner} are"),
    }
}

/// While this exists, the process ends when its time limit is over. Reading images for the first time may take longer than
/// the limit.
#[derive(Debug)]
pub(super) struct Preparing(Arc<AtomicBool>);

impl Preparing {
    pub fn until(deadline: Option<&Deadline>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let Some((deadline, left)) = deadline.and_then(|deadline| Some((deadline, deadline.left()?))) else {
            return Self(over);
        };
        let (limit, seen) = (deadline.limit().text().to_owned(), over.clone());
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs_f64(left.max(0.0)));
            if seen.load(Ordering::SeqCst) {
                return;
            }
            machine::say(&format!(
                "error: --time-limit {limit} was over before the images were read; use a longer limit, or none for the first \
                 run, which checks new files and decodes them if the spec says so"
            ));
            // Not exit(): that would run destructors while other threads use what they destroy.
            // SAFETY: it ends the process; files are complete at every moment.
            unsafe { libc::_exit(1) }
        });
        Self(over)
    }
}

impl Drop for Preparing {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort(kind: Kind) -> Sort {
        Sort { kind, variant: None }
    }

    #[test]
    fn without_a_deadline_everything_fits() {
        let mut watch = Watch::new(None, 1, 0);
        watch.event(&sort(Kind::Trial), &Event::Pace { done: 5, per_second: Some(1e-9), start_up: 1e9 });
        assert!(
            watch.fits(&sort(Kind::Trial), u64::MAX, String::new) && watch.arguments(&sort(Kind::Trial)).is_empty()
        );
    }

    #[test]
    fn measured_paces_decide_which_tasks_start() {
        let deadline = Deadline::from_now("10000s".parse().unwrap());
        let mut watch = Watch::new(Some(&deadline), 1, 0);
        // Nothing is measured yet, so the task may start.
        assert!(watch.fits(&sort(Kind::Trial), u64::MAX, String::new));
        watch.event(&sort(Kind::Trial), &Event::Pace { done: 5, per_second: Some(10.0), start_up: 100.0 });
        assert!(watch.fits(&sort(Kind::Trial), 80_000, String::new));
        assert!(!watch.fits(&sort(Kind::Trial), 1_000_000, || "a round of a".into()));
        assert!(!watch.fits(&sort(Kind::Trial), 200_000, || "a round of b".into()));
        // Nothing is measured for learners and for trials of another variant.
        assert!(watch.fits(&sort(Kind::Pretext), u64::MAX, String::new));
        assert!(watch.fits(&Sort { variant: Some("wide".into()), ..sort(Kind::Trial) }, u64::MAX, String::new));
        let halt = watch.halt(false, "", "");
        assert_eq!(
            halt.line,
            "error: nothing was finished within --time-limit 10000s: a round of b takes about 5.9 h here; use --time-limit 371m \
             or more"
        );
        let out = OutOfTime { what: "round 0".into(), given_up: true, kept: false, seconds: Some(14.0 * 60.0 - 100.0) };
        watch.out_of_time(&sort(Kind::Trial), "random-seed0", &out);
        let line = watch.halt(false, "", "").line;
        assert!(
            line.ends_with("round 0 of random-seed0 takes about 14 min here; use --time-limit 16m or more"),
            "{line}"
        );
        let line = watch.halt(true, "3 rounds of 2 trials are", "pt4al run x.toml").line;
        assert_eq!(
            line,
            "stopped by --time-limit 10000s: 3 rounds of 2 trials are left; the same command continues: pt4al run x.toml"
        );
        // A checkpoint is progress, too.
        watch.out_of_time(&sort(Kind::Trial), "random-seed0", &OutOfTime { kept: true, ..out });
        assert!(watch.halt(false, "1 round of 1 trial is", "").progressed);
    }

    #[test]
    fn with_checkpoints_a_training_need_not_fit() {
        let deadline = Deadline::from_now("10000s".parse().unwrap());
        for (minutes, fits) in [(0, false), (10, true), (160, true), (170, false)] {
            let mut watch = Watch::new(Some(&deadline), 1, minutes);
            for kind in [Kind::Trial, Kind::Pretext] {
                watch.event(&sort(kind), &Event::Pace { done: 5, per_second: Some(10.0), start_up: 100.0 });
                assert_eq!(watch.fits(&sort(kind), 1_000_000, String::new), fits, "{minutes}");
            }
        }
    }

    #[test]
    fn remaining_work_in_words() {
        for (counts, words) in [
            ((1, 1, 0), "1 round of 1 trial is"),
            ((3, 2, 0), "3 rounds of 2 trials are"),
            ((3, 2, 1), "3 rounds of 2 trials and 1 pretext learner are"),
            ((0, 0, 1), "1 pretext learner is"),
        ] {
            assert_eq!(left_in_words(counts.0, counts.1, counts.2), words);
        }
    }
}
