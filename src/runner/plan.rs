//! What an experiment would cost here.

use std::fmt;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use super::{Options, child, display::duration, memory};
use crate::data;
use crate::machine;
use crate::spec::{Spec, Storage, Work};
use crate::trial::Event;
use crate::words::{counted, thousands, whole};

/// Trials, work, and what they take on this machine.
#[derive(Clone, Debug)]
pub struct Plan {
    title: String,
    folder: String,
    hash: String,
    /// Samplers of each protocol, the experiment's own first.
    samplers: Vec<usize>,
    seeds: usize,
    pretext_learners: usize,
    budget: usize,
    pool: usize,
    test: usize,
    work: Work,
    jobs: usize,
    threads: usize,
    device: String,
    /// Images a second, all jobs together.
    train_rate: f64,
    score_rate: f64,
    /// Floating-point operations of a forward pass of one image, roughly.
    operations: f64,
    /// MiB of one trial, or of a pretext learner where that takes more.
    memory: f64,
    disk: f64,
    /// MB and folder of the decoded images, where they are kept on disk.
    cache: Option<(f64, String)>,
    data_problem: Option<String>,
    /// Whether images are decoded each time they are needed.
    streamed: bool,
}

/// Counts the work of a spec, and measures for some seconds how fast this machine does such work: as many workers
/// side by side as the run would have, each training the spec's network on made-up images.
///
/// # Errors
/// If the spec asks for more than the data set holds, or a worker fails.
pub fn plan(spec: &Spec, options: &Options) -> Result<Plan> {
    let (size, problem) = data::size(spec, &options.data)?;
    let problem = problem.map(|e| format!("{e:#}"));
    let data_problem = problem.map(|list| list.lines().next().unwrap_or_default().to_owned());
    spec.check_pool(size.pool, size.test)?;
    data::storage::check_memory(&spec.dataset, size.bytes)?;
    memory::check(spec, &size, &options.device)?;
    let (jobs, threads) =
        options.jobs.divide(spec.trials().len(), &options.device, spec.threads, None, memory::trial_mb(spec, &size));
    let trials: Work = spec.trials().iter().map(|t| spec.trial_work(t, size.pool, size.test)).sum();
    let learners: Vec<&Spec> = learners(spec);
    let pretext_learners = learners.len() * spec.seeds.len();
    let of_seed: Work = learners.iter().map(|protocol| protocol.pretext_work(size.pool)).sum();
    let pretext: Work = spec.seeds.iter().map(|_| of_seed).sum();
    let speeds = calibrate(spec, &size, options, jobs, threads)?;
    // What was measured has the task model's step in it, not the pretext learner's.
    let pretext_mb = learners.iter().map(|p| p.pretext_step_mb(size.pool) - spec.step_mb()).fold(0.0, f64::max);
    let measured_mb = speeds.iter().map(|s| s.2).fold(0.0, f64::max);
    let budget = spec.rounds.labeled(spec.rounds.count - 1);
    let rows = spec.rounds.count * spec.rows_of_a_round(size.classes);
    Ok(Plan {
        title: spec.title.clone(),
        folder: options.results.join(spec.folder_name()).display().to_string(),
        hash: spec.hash(),
        samplers: spec.protocols().map(|(_, protocol)| protocol.samplers.len()).collect(),
        seeds: spec.seeds.len(),
        pretext_learners,
        budget,
        pool: size.pool,
        test: size.test,
        work: trials + pretext,
        jobs,
        threads,
        device: options.device_name.clone(),
        train_rate: speeds.iter().map(|s| s.0).sum(),
        score_rate: speeds.iter().map(|s| s.1).sum(),
        operations: spec.operations(),
        memory: measured_mb + memory::data_mb(spec, &size) + pretext_mb,
        cache: (spec.dataset.storage() == Storage::Mapped)
            .then(|| (size.bytes as f64 / 1e6, data::cache_folder(&options.data).display().to_string())),
        // A row of records is about 140 bytes, one of queries 12, one of losses 26.
        disk: (2 * spec.trials().len() * (140 * rows + 12 * budget) + 2 * pretext_learners * 26 * size.pool) as f64
            / 1e6,
        data_problem,
        streamed: spec.dataset.storage() == Storage::Stream,
    })
}

/// The protocols whose pretext learners a run trains, each learner once.
fn learners(spec: &Spec) -> Vec<&Spec> {
    let mut names: Vec<Option<&str>> = Vec::new();
    for (variant, protocol) in spec.protocols() {
        let name = spec.losses_of(variant);
        if protocol.samplers.iter().any(|sampler| protocol.uses_pretext(sampler)) && !names.contains(&name) {
            names.push(name);
        }
    }
    let protocols = names.into_iter().map(|name| spec.protocol(name));
    protocols.filter(|protocol| protocol.learner().is_some()).collect()
}

impl Plan {
    /// Seconds that the whole experiment would take.
    pub fn seconds(&self) -> f64 {
        self.work.train as f64 / self.train_rate + (self.work.evaluate + self.work.score) as f64 / self.score_rate
    }

    /// Floating-point operations a second of one process, in training; a step is worth three forward passes.
    pub(super) fn operations_of_process(&self) -> f64 {
        3.0 * self.train_rate * self.operations / self.jobs as f64
    }

    /// For instance `412 h (17 days)`.
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
            "speed     {} images/s trained, {} images/s scored: {} side by side on {}, {} each (just measured)",
            whole(self.train_rate),
            whole(self.score_rate),
            self.jobs,
            self.device,
            counted(self.threads, "thread")
        )?;
        let decoding = if self.streamed { ", if decoding keeps up" } else { "" };
        writeln!(f, "time      about {}{decoding}", self.duration())?;
        let available = machine::available_mb().map_or(String::new(), |mb| format!("; {} MiB are free", whole(mb)));
        writeln!(
            f,
            "memory    {} MiB a process, {} MiB side by side{available}",
            whole(self.memory),
            whole(self.memory * self.jobs as f64)
        )?;
        write!(f, "disk      {:.1} MB in {}", self.disk, self.folder)?;
        if let Some((megabytes, folder)) = &self.cache {
            write!(f, "\n          {} MB of decoded images in {folder}", whole(*megabytes))?;
        }
        if let Some(problem) = &self.data_problem {
            write!(f, "\nwarning: the data cannot be read yet: {problem}")?;
        }
        Ok(())
    }
}

/// `27 = 9 arms x 3 seeds (3 samplers under 3 protocols)`: what is shown multiplies out.
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

/// (images/s trained, images/s scored, peak MiB) of each of `jobs` workers side by side.
pub(super) fn calibrate(
    spec: &Spec,
    size: &data::Size,
    options: &Options,
    jobs: usize,
    threads: usize,
) -> Result<Vec<(f64, f64, f64)>> {
    let dir = tempfile::tempdir().context("cannot create a temporary folder; set TMPDIR")?;
    let path = dir.path().join("spec.toml");
    crate::store::write_atomically(&path, |out| {
        out.write_all(toml::to_string(spec).map_err(std::io::Error::other)?.as_bytes())
    })?;
    let start = |_| {
        let mut command = child::worker(&options.device, (jobs, threads))?;
        command.arg("calibrate").arg("--spec").arg(&path).arg("--dimensions");
        command.args([size.height, size.width, size.classes].map(|n| n.to_string()));
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        child.context("cannot start a worker process; lower --jobs")
    };
    let children = (0..jobs).map(start).collect::<Result<Vec<_>>>()?;
    let mut speeds = Vec::new();
    for mut child in children {
        // Held, so that the worker is not told to end.
        let _stdin = child.stdin.take();
        let output = child.wait_with_output().context("a calibration worker was lost")?;
        let text = String::from_utf8_lossy(&output.stdout);
        match text.lines().filter_map(|l| serde_json::from_str(l).ok()).next_back() {
            Some(Event::Speed { train, score, peak_rss_mb }) => speeds.push((train, score, peak_rss_mb)),
            Some(Event::Failed { error }) => bail!("calibration failed: {error}"),
            _ => bail!(
                "calibration failed ({}): {}",
                output.status,
                String::from_utf8_lossy(&output.stderr).trim().replace('\n', " ")
            ),
        }
    }
    Ok(speeds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_multiply_out() {
        assert_eq!(trials_in_words(&[4], 5), "20 = 4 samplers x 5 seeds");
        assert_eq!(trials_in_words(&[1], 1), "1 = 1 sampler x 1 seed");
        assert_eq!(trials_in_words(&[3, 3, 3], 3), "27 = 9 arms x 3 seeds (3 samplers under 3 protocols)");
        assert_eq!(
            trials_in_words(&[4, 1, 2], 200),
            "1,400 = 7 arms x 200 seeds (4 + 1 + 2 samplers under 3 protocols)"
        );
    }
}
