//! The device of tensors. One binary serves CPU and CUDA: it links only libtorch's CPU libraries. On a machine with an NVIDIA
//! GPU, this module loads the CUDA libraries from the folder of libtorch_cpu.

pub mod graph;

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, bail, ensure};
use tch::Device;

use pt4al_results::spec::Precision;

/// The value of `--device`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The first GPU if CUDA can be loaded, else the CPU.
    Auto,
    Cpu,
    /// The GPU with this number, from 0.
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
    /// Returns the device of this choice on this machine, and loads CUDA if needed.
    ///
    /// # Errors
    /// If CUDA is requested and not available; the message says what is missing.
    pub fn resolve(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Auto => Ok(match load_cuda() {
                Ok(()) => Device::Cuda(0),
                Err(reason) => {
                    if has_driver() {
                        pt4al_results::machine::say(&format!(
                            "warning: this machine has an NVIDIA driver, but CUDA cannot be used ({reason}); running on the CPU"
                        ));
                    }
                    Device::Cpu
                }
            }),
            Self::Cuda(number) => {
                if let Err(reason) = load_cuda() {
                    bail!("--device cuda: CUDA cannot be used ({reason}); use --device cpu");
                }
                let count = tch::Cuda::device_count();
                ensure!(
                    (number as i64) < count,
                    "--device cuda:{number}: this machine has {count} GPUs; use a number less than {count}"
                );
                Ok(Device::Cuda(number))
            }
        }
    }
}

/// Prepares this thread for work on a device in a precision. Call it before any other work on the device.
///
/// # Errors
/// If CUDA reports an error.
pub fn prepare(device: Device, precision: Precision) -> Result<()> {
    match device {
        Device::Cuda(number) => graph::prepare(number, precision == Precision::Tf32),
        _ => Ok(()),
    }
}

/// Returns the name of a device as in `--device` and in the records: `cpu`, `cuda:0`.
pub fn name(device: Device) -> String {
    match device {
        Device::Cuda(number) => format!("cuda:{number}"),
        _ => "cpu".into(),
    }
}

/// Returns the model of the first GPU, as `nvidia-smi` names it.
pub fn gpu_model() -> String {
    let query = ["--query-gpu=name", "--format=csv,noheader"];
    let output = std::process::Command::new("nvidia-smi").args(query).output().ok();
    let names = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    names.lines().next().unwrap_or("unknown GPU").trim().to_owned()
}

/// Loads libtorch's CUDA libraries, once per process. The error is the reason why CUDA cannot be used.
fn load_cuda() -> Result<(), String> {
    static LOADED: std::sync::OnceLock<Result<(), String>> = std::sync::OnceLock::new();
    LOADED
        .get_or_init(|| {
            // Nothing may ask libtorch about CUDA before this library is loaded: libtorch remembers the answer "no".
            let library = libtorch_folder().ok_or("the folder of libtorch cannot be found")?.join("libtorch_cuda.so");
            if !has_driver() {
                return Err("no NVIDIA driver".into());
            }
            if !library.exists() {
                return Err(format!("{} is missing; remove .libtorch and run make again", library.display()));
            }
            // SAFETY: the library's initialisers register CUDA's kernels with libtorch, which is already loaded. PyTorch
            // loads the same file in the same way.
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

/// Returns the folder of this process's libtorch_cpu, without symbolic links. CUDA's libraries find each other relative to it.
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
    fn device_names_are_those_of_the_device_option() {
        assert_eq!("cuda:2".parse(), Ok(Choice::Cuda(2)));
        assert_eq!("cuda".parse(), Ok(Choice::Cuda(0)));
        assert!("cuda:x".parse::<Choice>().is_err() && "gpu".parse::<Choice>().is_err());
        assert_eq!(name(Device::Cuda(2)), "cuda:2");
        assert_eq!(Choice::Cpu.resolve().unwrap(), Device::Cpu);
    }
}
