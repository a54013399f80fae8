//! `pt4al plan`: what an experiment would cost on this machine.

use std::fmt;

use anyhow::Result;

use super::calibrate::{self, Measured};
use super::learners::protocols_with_learner;
use super::options::Options;
use super::{advice, cost, given, memory, sharing};
use pt4al_data as data;
use pt4al_results::machine;
use pt4al_results::spec::{Spec, Storage, Work};
use pt4al_results::words::{counted, duration, thousands, whole};

/// The trials and the work of an experiment, and what they take on this machine.
#[derive(Clone, Debug)]
pub struct Plan {
    title: String,
    folder: String,
    hash: String,
    /// The number of samplers of each protocol, the experiment's own first.
    samplers: Vec<usize>,
    seeds: usize,
    pretext_learners: usize,
    budget: usize,
    pool: usize,
    test: usize,
    work: Work,
    /// Estimated seconds, including the start-up of processes.
    seconds: f64,
    measured: Measured,
    threads: usize,
    device: String,
    /// Rough number of floating-point operations of a forward pass of one image.
    operations: f64,
    /// MiB of memory of a process: of a trial, or of a pretext learner if that takes more.
    memory: f64,
    /// MB of disk space of the results.
    disk: f64,
    /// MB of the checkpoints of all processes that run side by side.
    checkpoints: f64,
    /// MB and folder of the decoded images, if they are kept on disk.
    cache: Option<(f64, String)>,
    /// Why the data cannot be read yet.
    data_problem: Option<String>,
    /// Whether images are decoded each time they are used.
    streamed: bool,
    /// Lines about other choices, each with its label.
    advice: Vec<(&'static str, String)>,
}

/// Counts the work of a spec and measures for some seconds how fast this machine does it: workers train the spec's network
/// on made-up images side by side, in the number that is fastest here. With `advise`, other threads and another precision
/// are measured too if the experiment is long.
///
/// # Errors
/// If the spec asks for more than the data set holds, a command that is a sampler cannot be started, or a worker fails.
pub fn plan(spec: &Spec, options: &Options, advise: bool) -> Result<Plan> {
    let (size, problem) = data::size(spec, &options.data)?;
    let problem = problem.map(|e| format!("{e:#}"));
    let data_problem = problem.map(|list| list.lines().next().unwrap_or_default().to_owned());
    spec.check_pool(size.pool, size.test)?;
    given::check_commands(spec, options, None)?;
    if spec.trains_on_images() {
        data::storage::check_memory(&spec.dataset, size.bytes)?;
    }
    memory::check(spec, &size, &options.device)?;
    let trial_mb = memory::trial_mb(spec, &size);
    let room = options.jobs.divide(spec.trials().len(), &options.device, spec.threads, None, trial_mb);
    let learners = protocols_with_learner(spec);
    let pretext_learners = learners.len() * spec.seeds.len();
    let learner_work = spec.seeds.iter().flat_map(|_| learners.iter().map(|protocol| protocol.pretext_work(size.pool)));
    let trial_work = spec.trials().into_iter().map(|trial| spec.trial_work(&trial, size.pool, size.test));
    let tasks: Vec<Work> = learner_work.chain(trial_work).collect();
    let mps = sharing::start(options, room.most);
    let measured = calibrate::measure(spec, &size, options, room, &mps, |_| true)?;
    let threads = room.threads(measured.jobs);
    let measured_mb = measured.speeds.iter().map(|speed| speed.peak_rss_mb).fold(0.0, f64::max);
    let checkpoint_mb = spec.protocols().map(|(_, protocol)| protocol.checkpoint_mb()).fold(0.0, f64::max);
    let checkpoints = checkpoint_mb * measured.jobs as f64;
    let budget = spec.rounds.labeled(spec.rounds.count - 1);
    let rows = spec.rounds.count * spec.rows_of_a_round(size.classes);
    let mut plan = Plan {
        title: spec.title.clone(),
        folder: options.results.join(spec.folder_name()).display().to_string(),
        hash: spec.hash(),
        samplers: spec.protocols().map(|(_, protocol)| protocol.samplers.len()).collect(),
        seeds: spec.seeds.len(),
        pretext_learners,
        budget,
        pool: size.pool,
        test: size.test,
        work: tasks.iter().copied().sum(),
        seconds: cost::estimated_seconds(options, measured.jobs, &measured.of_process(), &[tasks]),
        measured,
        threads,
        device: options.device_name.clone(),
        operations: spec.operations(),
        memory: measured_mb + memory::data_mb(spec, &size) + memory::learner_extra_mb(spec, &size),
        cache: (spec.dataset.storage() == Storage::Mapped && spec.trains_on_images())
            .then(|| (size.bytes as f64 / 1e6, data::cache_folder(&options.data).display().to_string())),
        // A row of records is about 140 bytes, one of queries 12, one of losses 26.
        disk: (2 * spec.trials().len() * (140 * rows + 12 * budget) + 2 * pretext_learners * 26 * size.pool) as f64
            / 1e6,
        checkpoints,
        data_problem,
        streamed: spec.dataset.storage() == Storage::Stream && spec.trains_on_images(),
        advice: Vec::new(),
    };
    if advise && plan.seconds() > advice::WORTH {
        plan.advice = advice::measure(spec, &size, options, &plan.measured, threads, &mps);
    }
    Ok(plan)
}

impl Plan {
    /// Seconds that the whole experiment would take.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// The parts of the time: `88 % training, 8 % evaluating, 4 % scoring the pool`.
    fn parts(&self) -> String {
        let score = self.measured.together(|speed| speed.score);
        let seconds = [
            self.work.train as f64 / self.train_rate(),
            self.work.evaluate as f64 / score,
            self.work.score as f64 / score,
        ];
        let all = seconds.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let [train, evaluate, score] = seconds.map(|seconds| 100.0 * seconds / all);
        format!("{train:.0} % training, {evaluate:.0} % evaluating, {score:.0} % scoring the pool")
    }

    /// Floating-point operations per second of one process in training; a step counts as three forward passes.
    pub fn operations_per_second(&self) -> f64 {
        3.0 * self.train_rate() * self.operations / self.measured.jobs as f64
    }

    /// Images per second that all processes train together.
    fn train_rate(&self) -> f64 {
        self.measured.together(|speed| speed.train)
    }

    /// The time of the whole experiment in words: `412 h (17 days)`.
    pub fn duration(&self) -> String {
        duration(self.seconds())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Work { train, evaluate, score } = self.work;
        writeln!(f, "{} (spec {})", self.title, self.hash)?;
        let each = self.pretext_learners / self.seeds.max(1);
        writeln!(
            f,
            "trials    {}, and {}{}",
            trials_in_words(&self.samplers, self.seeds),
            counted(self.pretext_learners, "pretext learner"),
            if each > 1 { format!(" ({each} for each seed)") } else { String::new() }
        )?;
        let [budget, pool, test] = [self.budget, self.pool, self.test].map(thousands);
        writeln!(f, "labels    {budget} of a pool of {pool} images; test split of {test} images")?;
        writeln!(f, "train on  {} image passes", millions(train))?;
        writeln!(f, "score     {} image passes, and evaluate {}", millions(score), millions(evaluate))?;
        writeln!(
            f,
            "speed     {} images/s trained, {} images/s scored: {} on {}, {} each (just measured)",
            whole(self.train_rate()),
            whole(self.measured.together(|speed| speed.score)),
            calibrate::side_by_side(self.measured.jobs),
            self.device,
            counted(self.threads, "thread")
        )?;
        if let Some(tried) = self.measured.others() {
            writeln!(f, "          {tried}")?;
        }
        for (label, line) in &self.advice {
            writeln!(f, "{label:<9} {line}")?;
        }
        let decoding = if self.streamed { ", if decoding keeps up" } else { "" };
        writeln!(f, "time      about {}{decoding}: {}", self.duration(), self.parts())?;
        let available = machine::available_mb().map_or(String::new(), |mb| format!("; {} MiB are free", whole(mb)));
        writeln!(
            f,
            "memory    {} MiB a process, {} MiB side by side{available}",
            whole(self.memory),
            whole(self.memory * self.measured.jobs as f64)
        )?;
        if let Some((trial_mb, free_mb)) = self.measured.gpu {
            writeln!(f, "          {} MiB of GPU memory a process; {} MiB are free", whole(trial_mb), whole(free_mb))?;
        }
        write!(f, "disk      {:.1} MB in {}", self.disk, self.folder)?;
        if self.checkpoints > 0.0 {
            let each = calibrate::side_by_side(self.measured.jobs);
            write!(f, "\n          {:.1} MB of checkpoints while it runs, {each}", self.checkpoints)?;
        }
        if let Some((megabytes, folder)) = &self.cache {
            write!(f, "\n          {} MB of decoded images in {folder}", whole(*megabytes))?;
        }
        if let Some(problem) = &self.data_problem {
            write!(f, "\nwarning: the data cannot be read yet: {problem}")?;
        }
        Ok(())
    }
}

/// The number of trials as a product that works out: `27 = 9 arms x 3 seeds (3 samplers under 3 protocols)`.
fn trials_in_words(samplers: &[usize], seeds: usize) -> String {
    let arms: usize = samplers.iter().sum();
    let (trials, seeds) = (thousands(arms * seeds), counted(seeds, "seed"));
    match samplers {
        [_] => format!("{trials} = {} x {seeds}", counted(arms, "sampler")),
        [first, others @ ..] if others.iter().all(|n| n == first) => {
            format!(
                "{trials} = {arms} arms x {seeds} ({} under {} protocols)",
                counted(*first, "sampler"),
                samplers.len()
            )
        }
        _ => {
            let each: Vec<String> = samplers.iter().map(usize::to_string).collect();
            let protocols = samplers.len();
            format!("{trials} = {arms} arms x {seeds} ({} samplers under {protocols} protocols)", each.join(" + "))
        }
    }
}

fn millions(images: u64) -> String {
    if images >= 10_000_000 { format!("{:.0} M", images as f64 / 1e6) } else { format!("{:.2} M", images as f64 / 1e6) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_trials_is_shown_as_a_product() {
        assert_eq!(trials_in_words(&[4], 5), "20 = 4 samplers x 5 seeds");
        assert_eq!(trials_in_words(&[1], 1), "1 = 1 sampler x 1 seed");
        assert_eq!(trials_in_words(&[3, 3, 3], 3), "27 = 9 arms x 3 seeds (3 samplers under 3 protocols)");
        assert_eq!(
            trials_in_words(&[4, 1, 2], 200),
            "1,400 = 7 arms x 200 seeds (4 + 1 + 2 samplers under 3 protocols)"
        );
    }
}
