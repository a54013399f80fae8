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
use crate::data::{self, Size};
use crate::machine;
use crate::spec::{Precision, Spec};
use crate::trial::Event;
use crate::words::whole;

/// Steps whose losses are compared between launched and recorded ones.
const STEPS: usize = 50;
/// Those that are compared between CPU and CUDA: rounding grows with every step.
const FIRST_STEPS: usize = 3;
/// Processes side by side that are measured.
const SIDE_BY_SIDE: [usize; 3] = [1, 2, 4];
/// The relative difference of losses that is no difference between CPU and CUDA in single precision, after so few steps. TF32
/// differs by some 1e-4 in the first.
const NEAR: f64 = 2e-5;
/// The most that recorded steps may differ from launched ones, where cuDNN's sums are not in one order.
const RECORDED: f64 = 0.02;
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
        super::program()
    );
    if !on_gpu {
        check.page += "\nThere is no GPU here: CUDA, graphs and MPS are left out.\n";
    }
    losses(spec, &size, options, &mut check)?;
    speeds(spec, &size, options, &mut check)?;
    if let Some(python) = python {
        check.page += &pytorch(python);
    }
    Ok(check)
}

/// The table of losses.
fn losses(spec: &Spec, size: &Size, options: &Options, check: &mut GpuCheck) -> Result<()> {
    let on_cpu = |precision| move || first_losses(spec, size, ("cpu", precision, true), FIRST_STEPS);
    let on_gpu = |precision, recorded| move || first_losses(spec, size, (&options.device, precision, recorded), STEPS);
    let precisions = [Precision::F32, Precision::Tf32, Precision::Bf16];
    // All at once: what they take of the machine does not matter here.
    let (reference, given) = std::thread::scope(|scope| {
        let reference = scope.spawn(on_cpu(Precision::F32));
        let given = precisions.map(|precision| {
            if options.device == "cpu" {
                [scope.spawn(on_cpu(precision)), scope.spawn(on_cpu(precision))]
            } else {
                [scope.spawn(on_gpu(precision, false)), scope.spawn(on_gpu(precision, true))]
            }
        });
        let joined = |handle: std::thread::ScopedJoinHandle<Result<Vec<f64>>>| handle.join().expect("no panic");
        (joined(reference), given.map(|pair| pair.map(joined)))
    });
    let reference = reference?;
    let shown = |losses: &[f64]| losses[..FIRST_STEPS].iter().map(|l| format!("{l:.6}")).collect::<Vec<_>>().join(", ");
    let _ = write!(
        check.page,
        "\n### The same losses\n\n| | first losses | first one against the CPU's | recorded against launched, {STEPS} steps |\n\
         | :-- | :-- | --: | --: |\n| cpu, f32 | {} | | |\n",
        shown(&reference)
    );
    for (precision, [launched, recorded]) in precisions.into_iter().zip(given) {
        let what = format!("{}, {}", options.device, precision.name());
        let (launched, recorded) = match (launched, recorded) {
            (Ok(launched), Ok(recorded)) => (launched, recorded),
            (Err(why), _) | (_, Err(why)) => {
                check.faults.push(format!("{what}: {why:#}"));
                continue;
            }
        };
        let (first, apart) = (difference(reference[0], launched[0]), largest_difference(&launched, &recorded));
        if precision == Precision::F32 && first > NEAR {
            check
                .faults
                .push(format!("{what}: the first loss differs from the CPU's by {first:.1e}, more than rounding does"));
        }
        if apart > RECORDED {
            check
                .faults
                .push(format!("{what}: losses of recorded steps differ from those of launched ones by {apart:.1e}"));
        }
        let apart = if apart == 0.0 { "equal".to_owned() } else { format!("{apart:.1e}") };
        let _ = writeln!(check.page, "| {what} | {} | {first:.1e} | {apart} |", shown(&launched));
    }
    Ok(())
}

fn difference(a: f64, b: f64) -> f64 {
    (a - b).abs() / a.abs().max(1e-12)
}

/// The largest relative difference between losses of the same steps.
fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| difference(a, b)).fold(0.0, f64::max)
}

/// What a process of its own computes, with sums in one order as far as cuDNN has them.
fn first_losses(
    spec: &Spec,
    size: &Size,
    (device, precision, recorded): (&str, Precision, bool),
    steps: usize,
) -> Result<Vec<f64>> {
    let folder = tempfile::tempdir().context("cannot create a temporary folder; set TMPDIR")?;
    let file = folder.path().join("spec.toml");
    crate::store::write_atomically(&file, |out| {
        let text = spec.in_precision(precision).to_toml().map_err(std::io::Error::other)?;
        out.write_all(text.as_bytes())
    })?;
    let threads = if device == "cpu" { machine::cores() } else { 1 };
    let mut command = child::worker(Share { device, jobs: 1, threads, mps: &Mps::default() })?;
    command.arg("steps").arg("--spec").arg(&file).args(["--steps", &steps.to_string(), "--dimensions"]);
    command.args([size.height, size.width, size.classes].map(|n| n.to_string()));
    command.env("PT4AL_DETERMINISTIC", "1").env("PT4AL_GRAPHS", if recorded { "1" } else { "0" });
    let printed = output_of(&mut command, LIMIT).map_err(|fault| match fault {
        Fault::Missing => anyhow!("no worker process can be started"),
        Fault::Failed(why) => anyhow!("{why}"),
    })?;
    for line in printed.lines() {
        match serde_json::from_str(line) {
            Ok(Event::Steps { losses }) if losses.len() == steps => return Ok(losses),
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
        runs.truncate(3);
        runs.remove(1);
    }
    for (precision, recorded, mps, how, numbers) in runs {
        if let Err(why) = measured(&spec.in_precision(precision), size, options, (recorded, mps, numbers), &mut |row| {
            let how = if on_gpu { how } else { "" };
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
