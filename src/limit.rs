//! How long a command may take, and what time it is: machines that are there for minutes end without asking.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Seconds since a moment that all processes of a machine share while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// The machine's. No correction of the date moves it.
    Machine,
    /// For tests, whose outcome must not depend on how fast a machine is: it stands at `begun`, and goes on by a second
    /// for each `per_second` forward passes that are done.
    Work { begun: f64, per_second: f64 },
}

/// Names forward passes a second, for tests: time is then [`Clock::Work`].
const TEST_CLOCK: &str = "PT4AL_TEST_CLOCK";

impl Clock {
    /// The machine's, unless a test names another.
    fn of_environment() -> Self {
        let named = std::env::var(TEST_CLOCK).ok().and_then(|text| text.parse().ok()).filter(|rate| *rate > 0.0);
        named.map_or(Self::Machine, |per_second| Self::Work { begun: 0.0, per_second })
    }

    /// What time it is for a process that has done so many forward passes.
    pub fn now(self, done: u64) -> f64 {
        match self {
            Self::Machine => of_machine(),
            Self::Work { begun, per_second } => begun + done as f64 / per_second,
        }
    }

    /// The clock of a process that starts at a moment of this one.
    fn from(self, now: f64) -> Self {
        match self {
            Self::Machine => Self::Machine,
            Self::Work { per_second, .. } => Self::Work { begun: now, per_second },
        }
    }
}

fn of_machine() -> f64 {
    // The time in which a machine sleeps counts too, where the system can tell.
    #[cfg(target_os = "linux")]
    let id = libc::CLOCK_BOOTTIME;
    #[cfg(not(target_os = "linux"))]
    let id = libc::CLOCK_MONOTONIC;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it fills the struct that it is given, which is plain numbers.
    unsafe { libc::clock_gettime(id, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// What `--time-limit` says.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeLimit {
    text: String,
    seconds: f64,
}

impl FromStr for TimeLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // `M` would be months.
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
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// As it was typed.
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

/// By when a worker is to have ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ends {
    pub clock: Clock,
    /// What cannot be finished by then is not begun, or given up.
    pub until: f64,
    /// The process then ends, whatever it is at.
    pub at_the_latest: f64,
}

impl FromStr for Ends {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// Part of the time that is kept for merging records and making pages, and its bounds in seconds.
const RESERVE: (f64, f64, f64) = (0.03, 5.0, 60.0);
/// Work that has not begun must fit so many times: measured rates vary.
pub(crate) const HEADROOM: f64 = 1.05;

impl Deadline {
    /// That of a command which begins now.
    pub fn from_now(limit: TimeLimit) -> Self {
        let clock = Clock::of_environment();
        Self { limit, begun: clock.now(0), clock }
    }

    pub fn limit(&self) -> &TimeLimit {
        &self.limit
    }

    /// Seconds since the command began, where that time is a clock's after so many forward passes.
    pub fn elapsed(&self, done: u64) -> f64 {
        self.clock.now(done) - self.begun
    }

    /// Seconds of the command in which work may be done.
    pub fn seconds_of_work(&self) -> f64 {
        self.limit.seconds - reserve(self.limit.seconds)
    }

    /// For a worker that starts after so many forward passes.
    pub fn of_worker(&self, done: u64) -> Ends {
        let until = self.begun + self.seconds_of_work();
        Ends {
            clock: self.clock.from(self.clock.now(done)),
            until,
            at_the_latest: until + reserve(self.limit.seconds) / 2.0,
        }
    }

    /// Seconds until the command must have ended, where time goes on by itself.
    pub fn left(&self) -> Option<f64> {
        (self.clock == Clock::Machine).then(|| self.limit.seconds - self.elapsed(0))
    }
}

/// Seconds of a limit that are kept.
fn reserve(seconds: f64) -> f64 {
    let (part, least, most) = RESERVE;
    (part * seconds).clamp(least, most)
}

/// A limit into which so many seconds of work fit, as it is typed: in whole minutes, or in seconds where it is short.
pub(crate) fn enough_for(work: f64) -> String {
    let (part, least, most) = RESERVE;
    let seconds = HEADROOM * work + (HEADROOM * work * part / (1.0 - part)).clamp(least, most);
    if seconds < 120.0 { format!("{:.0}s", seconds.ceil()) } else { format!("{:.0}m", (seconds / 60.0).ceil()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_and_others_are_refused() {
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
    fn what_is_enough_leaves_room_for_the_work() {
        for work in [1.0, 20.0, 90.0, 113.0, 840.0, 3600.0, 40_000.0] {
            let limit: TimeLimit = enough_for(work).parse().unwrap();
            let left = limit.seconds() - reserve(limit.seconds());
            assert!(left >= HEADROOM * work - 1e-9, "{work}: {left}");
            assert!(limit.seconds() < 1.2 * work + 70.0, "{work}: {}", limit.text());
        }
        assert_eq!(enough_for(14.0 * 60.0), "16m");
    }

    #[test]
    fn a_clock_of_work_goes_on_by_work_alone() {
        let clock = Clock::Work { begun: 5.0, per_second: 100.0 };
        assert_eq!([clock.now(0), clock.now(50), clock.now(50)], [5.0, 5.5, 5.5]);
        let deadline = Deadline { limit: "100s".parse().unwrap(), begun: 5.0, clock };
        assert_eq!((deadline.elapsed(1000), deadline.seconds_of_work()), (10.0, 95.0));
        let ends = deadline.of_worker(1000);
        assert_eq!((ends.until, ends.at_the_latest, ends.clock.now(100)), (100.0, 102.5, 16.0));
        assert_eq!(serde_json::to_string(&ends).unwrap().parse::<Ends>().unwrap(), ends);
        assert_eq!(deadline.left(), None);
        assert!(Clock::Machine.now(0) <= Clock::Machine.now(0));
    }
}
