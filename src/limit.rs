//! The time limit of a command, for machines that are available only for minutes, and the clock that measures it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A clock that tells seconds since a moment that all processes of a machine share.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// The machine's clock; corrections of the date do not change it.
    Machine,
    /// A clock for tests, whose outcome must not depend on how fast a machine is. It starts at `begun` and advances by one
    /// second for every `per_second` forward passes.
    Work { begun: f64, per_second: f64 },
}

/// Environment variable for tests: a number of forward passes per second, for [`Clock::Work`].
const TEST_CLOCK: &str = "PT4AL_TEST_CLOCK";

impl Clock {
    /// The machine's clock, unless a test sets [`TEST_CLOCK`].
    pub(crate) fn from_environment() -> Self {
        let named = std::env::var(TEST_CLOCK).ok().and_then(|text| text.parse().ok()).filter(|rate| *rate > 0.0);
        named.map_or(Self::Machine, |per_second| Self::Work { begun: 0.0, per_second })
    }

    /// The time for a process that has done `done` forward passes.
    pub fn now(self, done: u64) -> f64 {
        match self {
            Self::Machine => machine_seconds(),
            Self::Work { begun, per_second } => begun + done as f64 / per_second,
        }
    }

    /// The clock of a process that starts at the time `now` of this clock.
    fn for_process_from(self, now: f64) -> Self {
        match self {
            Self::Machine => Self::Machine,
            Self::Work { per_second, .. } => Self::Work { begun: now, per_second },
        }
    }
}

/// Seconds since the machine started.
fn machine_seconds() -> f64 {
    // The time in which the machine sleeps counts too if the system can tell.
    #[cfg(target_os = "linux")]
    let id = libc::CLOCK_BOOTTIME;
    #[cfg(not(target_os = "linux"))]
    let id = libc::CLOCK_MONOTONIC;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call fills the struct that it is given, which holds plain numbers.
    unsafe { libc::clock_gettime(id, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The value of `--time-limit`.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeLimit {
    text: String,
    seconds: f64,
}

impl FromStr for TimeLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // humantime reads `M` as months.
        let duration = humantime::parse_duration(text).ok().filter(|_| !text.contains('M'));
        match duration {
            Some(duration) if duration.as_secs() >= 1 => {
                Ok(Self { text: text.to_owned(), seconds: duration.as_secs_f64() })
            }
            _ => Err("use a time of at least a second, for instance 9m, 90s or 1h30m".into()),
        }
    }
}

impl TimeLimit {
    /// The limit in seconds.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// The limit as it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A command's time limit, and when it began.
#[derive(Clone, Debug, PartialEq)]
pub struct Deadline {
    limit: TimeLimit,
    begun: f64,
    clock: Clock,
}

/// When a worker must have ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ends {
    pub clock: Clock,
    /// Work that cannot be finished by this time is not started, or given up.
    pub until: f64,
    /// The process ends at this time, whatever it is doing.
    pub at_the_latest: f64,
}

impl FromStr for Ends {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// The part of the time that is reserved for merging records and writing pages, with its least and most seconds.
const RESERVE: (f64, f64, f64) = (0.03, 5.0, 60.0);
/// Work starts only if it fits into the time left this many times, since measured rates vary.
pub(crate) const HEADROOM: f64 = 1.05;

impl Deadline {
    /// The deadline of a command that begins now.
    pub fn from_now(limit: TimeLimit) -> Self {
        let clock = Clock::from_environment();
        Self { limit, begun: clock.now(0), clock }
    }

    pub fn limit(&self) -> &TimeLimit {
        &self.limit
    }

    /// Seconds since the command began, for processes that have done `done` forward passes.
    pub fn elapsed(&self, done: u64) -> f64 {
        self.clock.now(done) - self.begun
    }

    /// Seconds of the command that are available for work.
    pub fn seconds_of_work(&self) -> f64 {
        self.limit.seconds - reserve(self.limit.seconds)
    }

    /// The end of a worker that starts after `done` forward passes.
    pub fn for_worker(&self, done: u64) -> Ends {
        let until = self.begun + self.seconds_of_work();
        Ends {
            clock: self.clock.for_process_from(self.clock.now(done)),
            until,
            at_the_latest: until + reserve(self.limit.seconds) / 2.0,
        }
    }

    /// Seconds until the command must have ended; `None` for [`Clock::Work`], which does not advance by itself.
    pub fn left(&self) -> Option<f64> {
        (self.clock == Clock::Machine).then(|| self.limit.seconds - self.elapsed(0))
    }
}

/// Reserved seconds of a limit.
fn reserve(seconds: f64) -> f64 {
    let (part, least, most) = RESERVE;
    (part * seconds).clamp(least, most)
}

/// A limit, as one types it, into which `work` seconds of work fit: in whole minutes, or in seconds if it is short.
pub(crate) fn enough_for(work: f64) -> String {
    let (part, least, most) = RESERVE;
    let seconds = HEADROOM * work + (HEADROOM * work * part / (1.0 - part)).clamp(least, most);
    if seconds < 120.0 { format!("{:.0}s", seconds.ceil()) } else { format!("{:.0}m", (seconds / 60.0).ceil()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_parsed_and_other_text_is_refused() {
        for (text, seconds) in
            [("9m", 540.0), ("90s", 90.0), ("1h30m", 5400.0), ("1h 30m", 5400.0), ("2days", 172_800.0)]
        {
            let limit: TimeLimit = text.parse().unwrap();
            assert_eq!((limit.seconds(), limit.text()), (seconds, text));
        }
        for text in ["", "9", "-9m", "9M", "0s", "5ms", "00:09:00", "nine", "99999999999999999999h", "1h30"] {
            assert!(text.parse::<TimeLimit>().unwrap_err().contains("9m, 90s or 1h30m"), "{text}");
        }
    }

    #[test]
    fn a_recommended_limit_leaves_room_for_the_work() {
        for work in [1.0, 20.0, 90.0, 113.0, 840.0, 3600.0, 40_000.0] {
            let limit: TimeLimit = enough_for(work).parse().unwrap();
            let left = limit.seconds() - reserve(limit.seconds());
            assert!(left >= HEADROOM * work - 1e-9, "{work}: {left}");
            assert!(limit.seconds() < 1.2 * work + 70.0, "{work}: {}", limit.text());
        }
        assert_eq!(enough_for(14.0 * 60.0), "16m");
    }

    #[test]
    fn a_clock_of_work_advances_only_by_work() {
        let clock = Clock::Work { begun: 5.0, per_second: 100.0 };
        assert_eq!([clock.now(0), clock.now(50), clock.now(50)], [5.0, 5.5, 5.5]);
        let deadline = Deadline { limit: "100s".parse().unwrap(), begun: 5.0, clock };
        assert_eq!((deadline.elapsed(1000), deadline.seconds_of_work()), (10.0, 95.0));
        let ends = deadline.for_worker(1000);
        assert_eq!((ends.until, ends.at_the_latest, ends.clock.now(100)), (100.0, 102.5, 16.0));
        assert_eq!(serde_json::to_string(&ends).unwrap().parse::<Ends>().unwrap(), ends);
        assert_eq!(deadline.left(), None);
        assert!(Clock::Machine.now(0) <= Clock::Machine.now(0));
    }
}
