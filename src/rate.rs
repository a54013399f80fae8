//! How fast processes work, measured.

/// Forward passes and the seconds that processes took for them; older ones count less.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    units: f64,
    seconds: f64,
}

/// A rate is used only after this many measured seconds.
const ENOUGH: f64 = 3.0;
/// Work measured this many seconds ago counts 1/e as much as work measured now.
const MEMORY: f64 = 900.0;

impl Rate {
    /// Adds `units` forward passes that took `seconds`.
    pub fn add(&mut self, units: f64, seconds: f64) {
        let kept = (-seconds / MEMORY).exp();
        self.units = self.units * kept + units;
        self.seconds = self.seconds * kept + seconds;
    }

    /// Forward passes per second of one process; `None` until enough was measured.
    pub fn of_process(self) -> Option<f64> {
        (self.seconds >= ENOUGH && self.units > 0.0).then(|| self.units / self.seconds)
    }

    /// How many times faster than measured a process may be: 2 after three seconds, close to 1 after minutes. A rate of a few
    /// seconds says little, since other processes may start at the same time.
    pub fn at_most_times(self) -> f64 {
        1.0 + ENOUGH / self.seconds.max(ENOUGH)
    }
}
