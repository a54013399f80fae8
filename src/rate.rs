//! How fast processes work.

/// Forward passes, and the seconds that processes took for them; what is older counts less.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    units: f64,
    seconds: f64,
}

/// Measured seconds of processes after which a rate is taken for one.
const ENOUGH: f64 = 3.0;
/// What was measured this many seconds of processes ago counts 1/e as much as what is measured now.
const MEMORY: f64 = 900.0;

impl Rate {
    /// Counts what was done in some seconds.
    pub fn add(&mut self, units: f64, seconds: f64) {
        let kept = (-seconds / MEMORY).exp();
        self.units = self.units * kept + units;
        self.seconds = self.seconds * kept + seconds;
    }

    /// Forward passes a second of one process, once there is something to go by.
    pub fn of_process(self) -> Option<f64> {
        (self.seconds >= ENOUGH && self.units > 0.0).then(|| self.units / self.seconds)
    }

    /// How many times faster than measured processes may be: a rate of some seconds, in which other processes start too, says
    /// little. Twice after three seconds, hardly more than once after minutes.
    pub fn at_most_times(self) -> f64 {
        1.0 + ENOUGH / self.seconds.max(ENOUGH)
    }
}
