//! Whether a device computes what it should, and how fast: what a machine with a GPU is tried with before it is trusted.

use std::fmt::Write;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use super::calibrate::{Speed, Workers};
use super::child::{self, Share};
use super::mps::Mps;
use super::tool::{Fault, output_of};
use super::{Options, gpu};
use crate::train::speed::First;
use crate::trial::Event;
use pt4al_data::{self as data, Size};
use pt4al_results::machine;
use pt4al_results::spec::{Precision, Spec};
use pt4al_results::words::whole;

/// Epochs of each of the two trainings whose losses are compared.
const EPOCHS: usize = 3;
/// Processes side by side that are measured.
const SIDE_BY_SIDE: [usize; 3] = [1, 2, 4];
/// The most that the first loss may differ from the CPU's in single precision, relatively: on an H100 it was 5e-7 in `f32`, 1.3e-4 in
/// `tf32` and 1.9e-3 in `bf16`.
fn near(precision: Precision) -> f64 {
    match precision {
        Precision::F32 | Precision::F64 => 2e-5,
        Precision::Tf32 => 2e-3,
        Precision::Bf16 => 2e-2,
    }
}
/// The most that the mean loss of the first epoch may differ from the CPU's: rounding grows with every step.
const NEAR_AFTER_AN_EPOCH: f64 = 0.05;
/// The most that losses of recorded steps may differ from those of launched ones: on an H100 they were equal.
const RECORDED: f64 = 1e-3;
const LIMIT: Duration = Duration::from_secs(180);

/// What the check found.
#[derive(Debug)]
pub struct GpuCheck {
    /// Markdown.
    pub page: String,
    /// What is not as it should be, a line each.
    pub faults: Vec<String>,
}

/// Compares losses of CPU and CUDA, of launched and recorded steps, and measures speeds of each precision and number of processes,
/// on the network of `spec` and made-up images; `python`, where given, is a Python whose torch is measured beside it.
///
/// # Errors
/// If the spec's images have no known size, or a process cannot be started.
pub fn gpu_check(spec: &Spec, options: &Options, python: Option<&str>) -> Result<GpuCheck> {
    let (size, _) = data::size(spec, &options.data)?;
    let mut check = GpuCheck { page: String::new(), faults: Vec::new() };
    let on_gpu = options.device != "cpu";
    let _ = write!(
        check.page,
        "## {} and {}, {}\n\nThe network and minibatch of `{}` on made-up images of {} x {} pixels; {}.\n",
        options.device_name,
        machine::cpu(),
        machine::now(),
        spec.folder_name(),
        size.height,
        size.width,
        pt4al_results::store::program(env!("CARGO_PKG_VERSION"), env!("PT4AL_REVISION"), env!("PT4AL_DIRTY") == "true")
    );
    if !on_gpu {
        check.page += "\nThere is no GPU here: CUDA, graphs and MPS are left out.\n";
    }
    losses(spec, &size, options, &mut check)?;
    speeds(spec, &size, options, &mut check)?;
    if let Some(python) = python {
        check.page += &pytorch(python);
    }
    if !check.faults.is_empty() {
        let lines: String = check.faults.iter().map(|fault| format!("- {fault}\n")).collect();
        check.page += &format!("\n### Faults\n\n{lines}");
    }
    Ok(check)
}

/// The table of losses.
fn losses(spec: &Spec, size: &Size, options: &Options, check: &mut GpuCheck) -> Result<()> {
    if options.device == "cpu" {
        check.page += "\n### The first loss\n\n| | |\n| :-- | --: |\n";
        for precision in [Precision::F32, Precision::Bf16] {
            let First { losses, .. } = first(spec, size, ("cpu", precision, false), 0)?;
            let _ = writeln!(check.page, "| cpu, {} | {:.6} |", precision.name(), losses[0]);
        }
        return Ok(());
    }
    let reference = first(spec, size, ("cpu", Precision::F32, false), EPOCHS)?;
    let _ = write!(
        check.page,
        "\n### The same losses\n\nOf the first step, and the means of {} epochs.\n\n| | first | first epochs | first against the CPU's | \
         recorded against launched |\n| :-- | --: | :-- | --: | --: |\n| cpu, f32 | {} | | |\n",
        2 * EPOCHS,
        shown(&reference.losses)
    );
    for precision in [Precision::F32, Precision::Tf32, Precision::Bf16] {
        let what = format!("{}, {}", options.device, precision.name());
        let run = |recorded| first(spec, size, (&options.device, precision, recorded), EPOCHS);
        let pair = std::thread::scope(|scope| {
            let launched = scope.spawn(|| run(false));
            let recorded = run(true);
            launched.join().expect("it does not panic").and_then(|launched| Ok((launched, recorded?)))
        });
        match pair {
            Ok((launched, recorded)) => {
                let (found, faults) = compared(&what, precision, &reference, (&launched, &recorded));
                let _ = writeln!(check.page, "| {what} | {} | {found} |", shown(&launched.losses));
                check.faults.extend(faults);
            }
            Err(why) => check.faults.push(format!("{what}: {why:#}")),
        }
    }
    Ok(())
}

/// The first losses for people: `a | b, c, d`.
fn shown(losses: &[f64]) -> String {
    let epochs: Vec<String> = losses[1..].iter().take(EPOCHS).map(|loss| format!("{loss:.5}")).collect();
    format!("{:.6} | {}", losses[0], epochs.join(", "))
}

/// The last two cells of a row, and what is not as it should be.
fn compared(
    what: &str,
    precision: Precision,
    cpu: &First,
    (launched, recorded): (&First, &First),
) -> (String, Vec<String>) {
    let mut faults = Vec::new();
    let first = difference(cpu.losses[0], launched.losses[0]);
    if is_beyond(first, near(precision)) {
        faults
            .push(format!("{what}: the first loss differs from the CPU's by {first:.1e}, more than rounding explains"));
    }
    let epoch = difference(cpu.losses[1], launched.losses[1]);
    if is_beyond(epoch, NEAR_AFTER_AN_EPOCH) {
        faults.push(format!("{what}: the loss of the first epoch differs from the CPU's by {epoch:.1e}"));
    }
    let pairs = launched.losses.iter().zip(&recorded.losses);
    let worst =
        pairs.map(|(&a, &b)| difference(a, b)).fold(0.0, |worst: f64, d| if is_beyond(d, worst) { d } else { worst });
    if is_beyond(worst, RECORDED) {
        faults.push(format!("{what}: losses of recorded steps differ from those of launched ones by {worst:.1e}"));
    }
    if recorded.recorded == 0 {
        faults.push(format!("{what}: no step was recorded; `PT4AL_GRAPHS=1 pt4al run` says why in a trial's log.txt"));
    }
    let worst = if worst == 0.0 { "equal".to_owned() } else { format!("{worst:.1e}") };
    (format!("{first:.1e} | {worst}"), faults)
}

/// Whether a difference is larger than it may be. One that is not a number is.
fn is_beyond(difference: f64, most: f64) -> bool {
    difference.is_nan() || difference > most
}

/// Relative; of what is no number it is none.
fn difference(a: f64, b: f64) -> f64 {
    (a - b).abs() / a.abs().max(1e-12)
}

/// What a process of its own computes, with sums in one order as far as cuDNN has them.
fn first(
    spec: &Spec,
    size: &Size,
    (device, precision, recorded): (&str, Precision, bool),
    epochs: usize,
) -> Result<First> {
    let folder = tempfile::tempdir().context("cannot create a temporary folder; set TMPDIR")?;
    let file = folder.path().join("spec.toml");
    pt4al_results::store::write_atomically(&file, |out| {
        let text = spec.in_precision(precision).to_toml().map_err(std::io::Error::other)?;
        out.write_all(text.as_bytes())
    })?;
    let threads = if device == "cpu" { machine::cores() } else { 1 };
    let mut command = child::worker(Share { device, jobs: 1, threads, mps: &Mps::default() })?;
    command.arg("steps").arg("--spec").arg(&file).args(["--epochs", &epochs.to_string(), "--dimensions"]);
    command.args([size.height, size.width, size.classes].map(|n| n.to_string()));
    command.env("PT4AL_DETERMINISTIC", "1").env("PT4AL_GRAPHS", if recorded { "1" } else { "0" });
    let printed = output_of(&mut command, LIMIT).map_err(|fault| match fault {
        Fault::Missing => anyhow!("no worker process can be started"),
        Fault::Failed(why) => anyhow!("{why}"),
    })?;
    for line in printed.lines() {
        match serde_json::from_str(line) {
            Ok(Event::Steps { losses, recorded }) if losses.len() == 1 + 2 * epochs => {
                return Ok(First { losses, recorded });
            }
            Ok(Event::Failed { error }) => bail!("{error}"),
            _ => {}
        }
    }
    bail!("no losses came back; report this fault")
}

/// The table of speeds.
fn speeds(spec: &Spec, size: &Size, options: &Options, check: &mut GpuCheck) -> Result<()> {
    let on_gpu = options.device != "cpu";
    let _ = write!(
        check.page,
        "\n### Images a second, trained and scored\n\n| precision | steps | side by side | trained, together | scored, together | MiB of \
         the GPU, each |\n| :-- | :-- | --: | --: | --: | --: |\n"
    );
    let mps = if on_gpu { Mps::start(options, SIDE_BY_SIDE[SIDE_BY_SIDE.len() - 1]) } else { Mps::default() };
    let alone = Mps::default();
    let mut runs: Vec<(Precision, bool, &Mps, &str, &[usize])> = vec![
        (Precision::Bf16, true, &mps, "recorded", &SIDE_BY_SIDE),
        (Precision::Tf32, true, &mps, "recorded", &SIDE_BY_SIDE[..2]),
        (Precision::F32, true, &mps, "recorded", &SIDE_BY_SIDE[..2]),
        (Precision::Bf16, false, &mps, "launched", &SIDE_BY_SIDE[..2]),
        (Precision::Bf16, true, &alone, "recorded, without MPS", &SIDE_BY_SIDE[1..2]),
    ];
    if !on_gpu {
        // Where bf16 is slow, it is very slow.
        runs = vec![
            (Precision::F32, false, &mps, "", &SIDE_BY_SIDE[..2]),
            (Precision::Bf16, false, &mps, "", &SIDE_BY_SIDE[..1]),
        ];
    }
    for (precision, recorded, mps, how, numbers) in runs {
        if let Err(why) = measured(&spec.in_precision(precision), size, options, (recorded, mps, numbers), &mut |row| {
            let _ = writeln!(check.page, "| {} | {how} | {row}", precision.name());
        }) {
            check.faults.push(format!("{}, {how}: {why:#}", precision.name()));
        }
    }
    Ok(())
}

/// Speeds of processes side by side, a row for each number of them.
fn measured(
    spec: &Spec,
    size: &Size,
    options: &Options,
    (recorded, mps, numbers): (bool, &Mps, &[usize]),
    row: &mut dyn FnMut(String),
) -> Result<()> {
    let free = gpu::free_mb(&options.device);
    let mut workers = Workers::new(spec, size, options, 1, mps)?.with("PT4AL_GRAPHS", if recorded { "1" } else { "0" });
    for &number in numbers.iter().filter(|&&number| number <= machine::cores()) {
        workers.grow(number)?;
        let speeds = workers.measure()?;
        let together = |rate: fn(&Speed) -> f64| whole(speeds.iter().map(rate).sum());
        let memory =
            free.zip(gpu::free_mb(&options.device)).map(|(before, after)| whole((before - after) / number as f64));
        row(format!(
            "{number} | {} | {} | {} |",
            together(|speed| speed.train),
            together(|speed| speed.score),
            memory.unwrap_or_default()
        ));
    }
    Ok(())
}

/// What the same machine's PyTorch does, in its own words.
fn pytorch(python: &str) -> String {
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
        compared("cuda:0", precision, &cpu, (&run(launched, 0), &run(recorded, records))).1
    }

    #[test]
    fn what_differs_by_more_than_rounding_is_a_fault() {
        let good = [2.000_01, 2.51, 2.3];
        assert_eq!(faults(Precision::F32, &good, &good, 2), [""; 0]);
        for (precision, launched, recorded, records, fault) in [
            // As TF32 would give it.
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
        assert_eq!(compared("", Precision::F32, &cpu, (&cpu, &run(&[2.0, 2.5], 1))).0, "0.0e0 | equal");
    }
}
