use super::*;

/// A simulated run.
struct Run {
    jobs: usize,
    /// Seconds that each process takes to start up.
    start_up: f64,
    /// Kind, units, and units per second of each task.
    tasks: Vec<(Kind, u64, f64)>,
    /// Units between two progress messages.
    event: u64,
}

impl Run {
    /// Simulates the run; returns (seconds, estimate) at each message, and when the run ended.
    fn play(&self) -> (Vec<(f64, Option<f64>)>, f64) {
        let mut left = TimeLeft::new(self.jobs);
        let waiting = |from: usize| -> Vec<Waiting> {
            self.tasks[from..].iter().map(|&(kind, units, _)| Waiting { kind, units, saved: 0 }).collect()
        };
        // (when, id, units done so far): the next message of each running task.
        let mut words: Vec<(f64, usize, u64)> = Vec::new();
        let mut estimates = Vec::new();
        let (mut next, mut now) = (0, 0.0);
        left.set_waiting(waiting(0));
        loop {
            while words.len() < self.jobs && next < self.tasks.len() {
                let (kind, units, rate) = self.tasks[next];
                left.started(next, Waiting { kind, units, saved: 0 }, now);
                let first = self.event.min(units);
                words.push((now + self.start_up + first as f64 / rate, next, first));
                next += 1;
                left.set_waiting(waiting(next));
            }
            let Some(at) = (0..words.len()).min_by(|&a, &b| words[a].0.total_cmp(&words[b].0)) else { break };
            let (when, id, done) = words.swap_remove(at);
            now = when;
            let (_, units, rate) = self.tasks[id];
            if done < units {
                left.progress(id, done, now);
                let more = self.event.min(units - done);
                words.push((now + more as f64 / rate, id, done + more));
            } else {
                left.ended(id, true, now);
            }
            estimates.push((now, left.seconds(now)));
        }
        (estimates, now)
    }

    /// Asserts that every estimate is within a factor of 2 of the truth, except in the last seconds; returns when the first
    /// estimate appeared.
    fn holds(&self, what: &str) -> f64 {
        let (estimates, end) = self.play();
        let first = estimates.iter().position(|e| e.1.is_some());
        let first = first.unwrap_or_else(|| panic!("{what}: no estimate in {end} seconds"));
        for &(now, estimate) in &estimates[first..] {
            let (estimate, left) = (estimate.unwrap_or_else(|| panic!("{what}: the estimate is gone")), end - now);
            assert!(
                estimate <= 2.0 * left + 5.0 && estimate >= 0.5 * left - 5.0,
                "{what}, after {now:.0} s of {end:.0}: estimated {estimate:.0} s, took {left:.0} s"
            );
        }
        estimates[first].0
    }
}

fn trials(n: usize, units: u64, rate: f64) -> Vec<(Kind, u64, f64)> {
    vec![(Kind::Trial, units, rate); n]
}

#[test]
fn start_up_is_not_mistaken_for_slowness() {
    // 12 trials of 10 seconds, after 20 seconds in which libtorch and the images are loaded: at first, done / seconds
    // would be wrong by a factor of a hundred.
    let run = Run { jobs: 2, start_up: 20.0, tasks: trials(12, 10_000, 1000.0), event: 500 };
    let appeared = run.holds("long start-up");
    assert!(appeared < 25.0, "{appeared}");
    let run = Run { jobs: 4, start_up: 0.5, tasks: trials(40, 100_000, 1000.0), event: 5000 };
    run.holds("short start-up");
}

#[test]
fn estimates_hold_when_fewer_tasks_than_processes_are_left() {
    // At the end one long task is left and three of four processes are idle.
    let mut tasks = trials(9, 20_000, 1000.0);
    tasks.push((Kind::Trial, 200_000, 1000.0));
    Run { jobs: 4, start_up: 3.0, tasks, event: 1000 }.holds("a long last task");
    // Fewer tasks than processes.
    Run { jobs: 8, start_up: 3.0, tasks: trials(2, 60_000, 1000.0), event: 1000 }
        .holds("two tasks for eight processes");
    Run { jobs: 1, start_up: 3.0, tasks: trials(6, 20_000, 1000.0), event: 1000 }.holds("one process");
}

#[test]
fn estimates_hold_for_tasks_of_different_sizes_speeds_and_kinds() {
    let mut tasks = vec![(Kind::Pretext, 80_000, 700.0); 3];
    tasks.extend((1..=12u64).map(|i| (Kind::Trial, 10_000 * i, 900.0 + 20.0 * i as f64)));
    Run { jobs: 2, start_up: 2.0, tasks, event: 1500 }.holds("learners, then trials");
}

#[test]
fn estimates_hold_for_a_resumed_run() {
    // The first three trials have one round left.
    let mut tasks = trials(3, 2_000, 500.0);
    tasks.extend(trials(9, 50_000, 500.0));
    Run { jobs: 3, start_up: 6.0, tasks, event: 500 }.holds("resumed");
}

#[test]
fn tasks_that_end_before_their_first_message_are_measured_whole() {
    let run = Run { jobs: 2, start_up: 0.7, tasks: trials(60, 100, 1000.0), event: 100 };
    let appeared = run.holds("short tasks");
    assert!(appeared < 5.0, "{appeared}");
}

#[test]
fn there_is_no_estimate_before_a_rate_is_measured() {
    let mut left = TimeLeft::new(2);
    left.set_waiting(vec![Waiting { kind: Kind::Trial, units: 1000, saved: 0 }]);
    assert_eq!(left.seconds(100.0), None);
    left.started(0, Waiting { kind: Kind::Trial, units: 1000, saved: 0 }, 100.0);
    left.progress(0, 10, 160.0);
    assert_eq!(left.seconds(160.0), None, "the first message comes after the start-up");
    left.progress(0, 110, 170.0);
    assert_eq!(left.seconds(170.0).map(f64::round), Some(159.0), "1000 units after a start-up of 59 s");
    assert_eq!(left.units(), (110, 2000));
    // A failed task says nothing about the rate, and its remaining work is dropped.
    left.ended(0, false, 175.0);
    assert_eq!(left.seconds(175.0).map(f64::round), Some(159.0));
}

#[test]
fn what_a_checkpoint_saves_is_done_from_the_beginning_and_says_nothing_about_the_rate() {
    let mut left = TimeLeft::new(1);
    let task = Waiting { kind: Kind::Trial, units: 1000, saved: 600 };
    left.set_waiting(vec![task]);
    assert_eq!(left.units(), (600, 1000));
    left.started(0, task, 0.0);
    assert_eq!(left.units(), (1200, 2000));
    // 10 units of work after a start-up of 5 seconds, then 10 in each second.
    left.progress(0, 610, 6.0);
    left.progress(0, 710, 16.0);
    assert_eq!(left.units(), (710 + 600, 2000));
    // 290 of the running task and 400 of the other, at 10 units a second, and its start-up.
    assert_eq!(left.seconds(16.0).map(f64::round), Some(29.0 + 40.0 + 5.0));
    // A task that ends before its first message did only what was left.
    let mut left = TimeLeft::new(1);
    left.started(0, task, 0.0);
    left.ended(0, true, 40.0);
    left.set_waiting(vec![task]);
    assert_eq!(left.seconds(40.0).map(f64::round), Some(40.0));
}

#[test]
fn tasks_side_by_side_take_as_long_as_the_last_to_end() {
    assert_eq!(side_by_side(1, [1.0, 2.0, 3.0]), 6.0);
    assert_eq!(side_by_side(2, [1.0, 2.0, 3.0]), 4.0);
    assert_eq!(side_by_side(8, [1.0, 2.0, 3.0]), 3.0);
    assert_eq!(side_by_side(2, []), 0.0);
}
