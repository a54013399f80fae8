//! `pt4al gpu-check`: whether a GPU computes what the CPU does, and how fast. Run it before trusting a machine.

use std::fmt::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::calibrate::{Speed, Workers, add_dimensions, temporary_spec};
use super::crew::Crew;
use super::mps::Mps;
use super::options::Options;
use super::tool::{Fault, output_of};
use super::worker::{self, Ended, Message, Share};
use super::{gpu, sharing};
use crate::train::speed::First;
use crate::trial::Event;
use pt4al_data::{self as data, Size};
use pt4al_results::machine;
use pt4al_results::spec::{Precision, Spec};
use pt4al_results::words::whole;

/// Epochs of each of the two trainings whose losses are compared.
const EPOCHS: usize = 3;
/// The numbers of processes side by side that are measured.
const SIDE_BY_SIDE: [usize; 3] = [1, 2, 4];
/// The largest permitted relative difference of the first loss from the CPU's in `f32`. On an H100 it was 5e-7 in `f32`, 1.3e-4
/// in `tf32` and 1.9e-3 in `bf16`.
fn tolerance(precision: Precision) -> f64 {
    match precision {
        Precision::F32 | Precision::F64 => 2e-5,
        Precision::Tf32 => 2e-3,
        Precision::Bf16 => 2e-2,
    }
}
/// The largest permitted relative difference of the mean loss of the first epoch from the CPU's. Rounding errors grow with every
/// step.
const EPOCH_TOLERANCE: f64 = 0.05;
/// The largest permitted relative difference between losses of recorded and of launched steps. On an H100 they were equal.
const RECORDED_TOLERANCE: f64 = 1e-3;
/// Time limit for a process that computes losses, and for PyTorch's measurement.
const LIMIT: Duration = Duration::from_secs(180);

/// The result of the check.
#[derive(Debug)]
pub struct GpuCheck {
    /// A page in Markdown.
    pub page: String,
    /// Everything that is wrong, a line each.
    pub faults: Vec<String>,
}

/// Compares the losses of CPU and CUDA and of launched and recorded steps, and measures the speed of each precision and number of
/// processes, with the network of `spec` on made-up images. `python` names a Python whose PyTorch is measured for comparison.
///
/// # Errors
/// If the spec's images have no known size, or a process cannot be started.
pub fn gpu_check(spec: &Spec, options: &Options, python: Option<&str>) -> Result<GpuCheck> {
    let (size, _) = data::size(spec, &options.data)?;
    let mut check = GpuCheck { page: String::new(), faults: Vec::new() };
    let _ = write!(
        check.page,
        "## {} and {}, {}\n\nThe network and minibatch of `{}` on made-up {}; {}.\n",
        options.device_name,
        machine::cpu(),
        machine::now(),
        spec.folder_name(),
        spec.model.features().map_or_else(
            || format!("images of {} x {} pixels", size.height, size.width),
            |features| format!("rows of {} features", features.dimension)
        ),
        pt4al_results::store::program(env!("CARGO_PKG_VERSION"), env!("PT4AL_REVISION"), env!("PT4AL_DIRTY") == "true")
    );
    if options.on_cpu() {
        check.page += "\nThere is no GPU here: CUDA, graphs and MPS are left out.\n";
    }
    add_losses(spec, &size, options, &mut check)?;
    add_speeds(spec, &size, options, &mut check);
    if let Some(python) = python {
        check.page += &pytorch_section(python);
    }
    if !check.faults.is_empty() {
        let lines: String = check.faults.iter().map(|fault| format!("- {fault}\n")).collect();
        check.page += &format!("\n### Faults\n\n{lines}");
    }
    Ok(check)
}

/// Adds the table of losses.
fn add_losses(spec: &Spec, size: &Size, options: &Options, check: &mut GpuCheck) -> Result<()> {
    if options.on_cpu() {
        check.page += "\n### The first loss\n\n| | |\n| :-- | --: |\n";
        for precision in measured(spec, &[Precision::F32, Precision::Bf16]) {
            let First { losses, .. } = first_losses(spec, size, ("cpu", precision, false), 0)?;
            let _ = writeln!(check.page, "| cpu, {} | {:.6} |", precision.name(), losses[0]);
        }
        return Ok(());
    }
    let reference = first_losses(spec, size, ("cpu", Precision::F32, false), EPOCHS)?;
    let _ = write!(
        check.page,
        "\n### The same losses\n\nThe loss of the first step, and the mean losses of {} epochs.\n\n| | first | first epochs | first against the CPU's | \
         recorded against launched |\n| :-- | --: | :-- | --: | --: |\n| cpu, f32 | {} | | |\n",
        2 * EPOCHS,
        loss_cells(&reference.losses)
    );
    for precision in measured(spec, &[Precision::F32, Precision::Tf32, Precision::Bf16]) {
        let what = format!("{}, {}", options.device, precision.name());
        let run = |recorded| first_losses(spec, size, (&options.device, precision, recorded), EPOCHS);
        let pair = std::thread::scope(|scope| {
            let launched = scope.spawn(|| run(false));
            let recorded = run(true);
            launched.join().expect("it does not panic").and_then(|launched| Ok((launched, recorded?)))
        });
        match pair {
            Ok((launched, recorded)) => {
                let (found, faults) = compare(&what, precision, &reference, (&launched, &recorded));
                let _ = writeln!(check.page, "| {what} | {} | {found} |", loss_cells(&launched.losses));
                check.faults.extend(faults);
            }
            Err(why) => check.faults.push(format!("{what}: {why:#}")),
        }
    }
    Ok(())
}

/// The precisions in which the model can be trained.
fn measured<'a>(spec: &'a Spec, precisions: &'a [Precision]) -> impl Iterator<Item = Precision> + 'a {
    precisions.iter().copied().filter(|&precision| spec.model.computes_in(precision))
}

/// Two cells of a row: the first loss, and the mean losses of the first epochs: `a | b, c, d`.
fn loss_cells(losses: &[f64]) -> String {
    let epochs: Vec<String> = losses[1..].iter().take(EPOCHS).map(|loss| format!("{loss:.5}")).collect();
    format!("{:.6} | {}", losses[0], epochs.join(", "))
}

/// The last two cells of a row, and what is wrong.
fn compare(
    what: &str,
    precision: Precision,
    cpu: &First,
    (launched, recorded): (&First, &First),
) -> (String, Vec<String>) {
    let mut faults = Vec::new();
    let first = relative_difference(cpu.losses[0], launched.losses[0]);
    if is_beyond(first, tolerance(precision)) {
        faults
            .push(format!("{what}: the first loss differs from the CPU's by {first:.1e}, more than rounding explains"));
    }
    let epoch = relative_difference(cpu.losses[1], launched.losses[1]);
    if is_beyond(epoch, EPOCH_TOLERANCE) {
        faults.push(format!("{what}: the loss of the first epoch differs from the CPU's by {epoch:.1e}"));
    }
    let mut worst = 0.0;
    for (&a, &b) in launched.losses.iter().zip(&recorded.losses) {
        let difference = relative_difference(a, b);
        if is_beyond(difference, worst) {
            worst = difference;
        }
    }
    if is_beyond(worst, RECORDED_TOLERANCE) {
        faults.push(format!("{what}: losses of recorded steps differ from those of launched ones by {worst:.1e}"));
    }
    if recorded.recorded == 0 {
        faults.push(format!(
            "{what}: no step was recorded; `PT4AL_GRAPHS=1 pt4al run` writes the reason into a trial's log.txt"
        ));
    }
    let worst = if worst == 0.0 { "equal".to_owned() } else { format!("{worst:.1e}") };
    (format!("{first:.1e} | {worst}"), faults)
}

/// Whether a difference is larger than permitted; NaN is.
fn is_beyond(difference: f64, most: f64) -> bool {
    difference.is_nan() || difference > most
}

/// The relative difference; NaN if one of the numbers is.
fn relative_difference(a: f64, b: f64) -> f64 {
    (a - b).abs() / a.abs().max(1e-12)
}

/// The first losses of a training in a worker process, with deterministic sums as far as cuDNN offers them.
///
/// # Errors
/// If the worker cannot be started, fails, or takes too long.
fn first_losses(
    spec: &Spec,
    size: &Size,
    (device, precision, recorded): (&str, Precision, bool),
    epochs: usize,
) -> Result<First> {
    let folder = temporary_spec(&spec.in_precision(precision))?;
    let threads = if device == "cpu" { machine::cores() } else { 1 };
    let mut command = worker::command(Share { device, jobs: 1, threads, mps: &Mps::default() })?;
    command.arg("steps").arg("--spec").arg(folder.path().join("spec.toml")).args(["--epochs", &epochs.to_string()]);
    add_dimensions(&mut command, size);
    command.env("PT4AL_DETERMINISTIC", "1").env("PT4AL_GRAPHS", if recorded { "1" } else { "0" });
    let mut crew = Crew::new();
    crew.spawn(command, &folder.path().join("log.txt"))?;
    let limit = Instant::now() + LIMIT;
    let mut first = None;
    // Waits for the end of the process, so that it is not measured beside the next one.
    loop {
        match crew.receive(Some(limit)) {
            Some((_, Message::Event(Event::Steps { losses, recorded }))) if losses.len() == 1 + 2 * epochs => {
                first = Some(First { losses, recorded });
            }
            Some((_, Message::Event(_))) => {}
            Some((_, Message::Ended(Ended::Badly(why)))) => bail!("{}", why.with_log_text()),
            Some((_, Message::Ended(_))) => return first.context("no losses came back; report this bug"),
            None => {
                crew.end(Instant::now());
                bail!("no answer within {} s", LIMIT.as_secs())
            }
        }
    }
}

/// Adds the table of speeds.
fn add_speeds(spec: &Spec, size: &Size, options: &Options, check: &mut GpuCheck) {
    let _ = write!(
        check.page,
        "\n### Images per second, trained and scored\n\n| precision | steps | side by side | trained, together | scored, together | MiB of \
         the GPU, each |\n| :-- | :-- | --: | --: | --: | --: |\n"
    );
    let mps = sharing::start(options, SIDE_BY_SIDE[SIDE_BY_SIDE.len() - 1]);
    let alone = Mps::default();
    let mut runs: Vec<(Precision, bool, &Mps, &str, &[usize])> = vec![
        (Precision::Bf16, true, &mps, "recorded", &SIDE_BY_SIDE),
        (Precision::Tf32, true, &mps, "recorded", &SIDE_BY_SIDE[..2]),
        (Precision::F32, true, &mps, "recorded", &SIDE_BY_SIDE[..2]),
        (Precision::Bf16, false, &mps, "launched", &SIDE_BY_SIDE[..2]),
        (Precision::Bf16, true, &alone, "recorded, without MPS", &SIDE_BY_SIDE[1..2]),
    ];
    if options.on_cpu() {
        // Some processors are very slow in bf16, so one process is enough.
        runs = vec![
            (Precision::F32, false, &mps, "", &SIDE_BY_SIDE[..2]),
            (Precision::Bf16, false, &mps, "", &SIDE_BY_SIDE[..1]),
        ];
    }
    runs.retain(|run| spec.model.computes_in(run.0));
    for (precision, recorded, mps, how, numbers) in runs {
        if let Err(why) = add_rows(&spec.in_precision(precision), size, options, (recorded, mps, numbers), &mut |row| {
            let _ = writeln!(check.page, "| {} | {how} | {row}", precision.name());
        }) {
            check.faults.push(format!("{}, {how}: {why:#}", precision.name()));
        }
    }
}

/// Measures processes side by side, and passes on a row for each number of processes.
fn add_rows(
    spec: &Spec,
    size: &Size,
    options: &Options,
    (recorded, mps, numbers): (bool, &Mps, &[usize]),
    add_row: &mut dyn FnMut(String),
) -> Result<()> {
    let free = gpu::free_mb(&options.device);
    let mut workers = Workers::new(spec, size, options, 1, mps)?.with("PT4AL_GRAPHS", if recorded { "1" } else { "0" });
    for &number in numbers.iter().filter(|&&number| number <= machine::cores()) {
        workers.grow(number)?;
        let speeds = workers.measure()?;
        let together = |rate: fn(&Speed) -> f64| whole(speeds.iter().map(rate).sum());
        let memory =
            free.zip(gpu::free_mb(&options.device)).map(|(before, after)| whole((before - after) / number as f64));
        add_row(format!(
            "{number} | {} | {} | {} |",
            together(|speed| speed.train),
            together(|speed| speed.score),
            memory.unwrap_or_default()
        ));
    }
    Ok(())
}

/// The speed of PyTorch on the same machine, as its script prints it.
fn pytorch_section(python: &str) -> String {
    let script = include_str!("../../benches/pytorch.py");
    let measured = output_of(Command::new(python).args(["-c", script, "--brief"]), LIMIT);
    let text = match measured {
        Ok(text) => text,
        Err(Fault::Missing) => format!("There is no `{python}` here: PyTorch is left out."),
        Err(Fault::Failed(why)) => format!("PyTorch is left out: {why}."),
    };
    format!("\n### PyTorch beside it\n\n{text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(losses: &[f64], recorded: usize) -> First {
        First { losses: losses.to_vec(), recorded }
    }

    fn faults(precision: Precision, launched: &[f64], recorded: &[f64], records: usize) -> Vec<String> {
        let cpu = run(&[2.0, 2.5, 2.4], 0);
        compare("cuda:0", precision, &cpu, (&run(launched, 0), &run(recorded, records))).1
    }

    #[test]
    fn losses_that_differ_by_more_than_rounding_are_a_fault() {
        let good = [2.000_01, 2.51, 2.3];
        assert_eq!(faults(Precision::F32, &good, &good, 2), [""; 0]);
        for (precision, launched, recorded, records, fault) in [
            // A difference as TF32 makes it.
            (Precision::F32, [2.000_3, 2.5, 2.4], [2.000_3, 2.5, 2.4], 2, "more than rounding explains"),
            (Precision::Bf16, [2.000_3, 2.9, 2.4], [2.000_3, 2.9, 2.4], 2, "the loss of the first epoch differs"),
            (Precision::F32, good, [2.000_01, 2.51, 2.31], 2, "recorded steps differ"),
            (Precision::F32, good, [2.000_01, 2.51, f64::NAN], 2, "recorded steps differ"),
            (Precision::F32, [f64::NAN, 2.5, 2.4], [f64::NAN, 2.5, 2.4], 2, "more than rounding explains"),
            (Precision::F32, good, good, 0, "no step was recorded"),
        ] {
            let found = faults(precision, &launched, &recorded, records);
            assert!(found.iter().any(|line| line.contains(fault)), "{fault}: {found:?}");
        }
        let cpu = run(&[2.0, 2.5], 0);
        assert_eq!(compare("", Precision::F32, &cpu, (&cpu, &run(&[2.0, 2.5], 1))).0, "0.0e0 | equal");
    }
}
