//! Where tensors live. One binary serves CPU and CUDA: it links libtorch's CPU libraries alone, and the CUDA ones are
//! loaded here, from beside libtorch_cpu, where there is an NVIDIA GPU.

pub mod graph;

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, bail, ensure};
use tch::Device;

use pt4al_results::spec::Precision;

/// What `--device` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// CUDA where there is one, else the CPU.
    Auto,
    Cpu,
    Cuda(usize),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => match text.strip_prefix("cuda:").map(str::parse) {
                Some(Ok(number)) => Ok(Self::Cuda(number)),
                _ => Err("use auto, cpu, cuda or cuda:<number>".into()),
            },
        }
    }
}

impl Choice {
    /// The device that the choice comes to on this machine.
    ///
    /// # Errors
    /// If CUDA was asked for and there is none; the message says what is missing.
    pub fn resolve(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Auto => Ok(match load_cuda() {
                Ok(()) => Device::Cuda(0),
                Err(reason) => {
                    if has_driver() {
                        pt4al_results::machine::say(&format!(
                            "warning: there is an NVIDIA driver but no CUDA ({reason}); running on the CPU"
                        ));
                    }
                    Device::Cpu
                }
            }),
            Self::Cuda(number) => {
                if let Err(reason) = load_cuda() {
                    bail!("--device cuda: no CUDA here ({reason}); use --device cpu");
                }
                let count = tch::Cuda::device_count();
                ensure!(
                    (number as i64) < count,
                    "--device cuda:{number}: there are {count} GPUs; use a number below that"
                );
                Ok(Device::Cuda(number))
            }
        }
    }
}

/// Readies this thread for work on a device in a precision. Call it before any other work there.
///
/// # Errors
/// If the device refuses.
pub fn prepare(device: Device, precision: Precision) -> Result<()> {
    match device {
        Device::Cuda(number) => graph::prepare(number, precision == Precision::Tf32),
        _ => Ok(()),
    }
}

/// `cpu`, `cuda:0`: as `--device` takes it and as the records name it.
pub fn name(device: Device) -> String {
    match device {
        Device::Cuda(number) => format!("cuda:{number}"),
        _ => "cpu".into(),
    }
}

/// The model of the first GPU, as its driver names it.
pub fn gpu_model() -> String {
    let query = ["--query-gpu=name", "--format=csv,noheader"];
    let output = std::process::Command::new("nvidia-smi").args(query).output().ok();
    let names = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    names.lines().next().unwrap_or("unknown GPU").trim().to_owned()
}

/// Loads libtorch's CUDA libraries, once; says why when that cannot be.
fn load_cuda() -> Result<(), String> {
    static LOADED: std::sync::OnceLock<Result<(), String>> = std::sync::OnceLock::new();
    LOADED
        .get_or_init(|| {
            // Nothing may ask libtorch about CUDA before its library is loaded: the answer "no" would be kept for good.
            let library = libtorch_folder().ok_or("cannot tell where libtorch lies")?.join("libtorch_cuda.so");
            if !has_driver() {
                return Err("no NVIDIA driver".into());
            }
            if !library.exists() {
                return Err(format!("{} is missing; remove .libtorch and run make again", library.display()));
            }
            // SAFETY: the library's initialisers register CUDA's kernels with libtorch, which is already loaded; it
            // is the file that PyTorch itself loads in the same way.
            #[cfg(unix)]
            unsafe {
                use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
                let loaded = Library::open(Some(&library), RTLD_NOW | RTLD_GLOBAL);
                let loaded = loaded.map_err(|e| format!("{:#}", anyhow::Error::from(e)))?;
                // Never unloaded: its kernels stay registered.
                std::mem::forget(loaded);
            }
            if tch::Cuda::is_available() { Ok(()) } else { Err("libtorch finds no usable GPU".into()) }
        })
        .clone()
}

fn has_driver() -> bool {
    ["/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg"].iter().any(|p| std::path::Path::new(p).exists())
}

/// The real folder of the libtorch_cpu that this process runs with. CUDA's libraries find each other relative to it.
fn libtorch_folder() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let path = maps
        .lines()
        .find_map(|line| line.find('/').map(|at| &line[at..]).filter(|p| p.ends_with("/libtorch_cpu.so")))?;
    std::fs::canonicalize(path).ok()?.parent().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_as_they_are_asked_for() {
        assert_eq!("cuda:2".parse(), Ok(Choice::Cuda(2)));
        assert_eq!("cuda".parse(), Ok(Choice::Cuda(0)));
        assert!("cuda:x".parse::<Choice>().is_err() && "gpu".parse::<Choice>().is_err());
        assert_eq!(name(Device::Cuda(2)), "cuda:2");
        assert_eq!(Choice::Cpu.resolve().unwrap(), Device::Cpu);
    }
}
