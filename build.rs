//! Writes the folder of libtorch into the binaries (rpath), so that they run without `LD_LIBRARY_PATH`; passes on the git revision
//! and libtorch's version for manifests; and compiles the library that records CUDA graphs, if CUDA's headers are installed.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Changes of these make the checkout differ from its revision.
    for path in ["src", "crates", "Cargo.toml", "Cargo.lock", ".git/index", ".git/HEAD", LIBTORCH_SCRIPT] {
        println!("cargo:rerun-if-changed={path}");
    }
    println!("cargo:rerun-if-changed=.git/logs/HEAD");
    println!("cargo:rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    if let Ok(lib) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{lib}");
    }
    graphs();
    println!("cargo:rustc-env=PT4AL_REVISION={}", git(&["rev-parse", "HEAD"]).unwrap_or_default());
    let dirty = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|s| !s.is_empty());
    println!("cargo:rustc-env=PT4AL_DIRTY={dirty}");
    println!("cargo:rustc-env=PT4AL_LIBTORCH={}", libtorch_version());
}

/// Installs libtorch, and is the one place that names its version.
const LIBTORCH_SCRIPT: &str = "scripts/libtorch.sh";

/// Major and minor version of libtorch, for instance `2.11`.
fn libtorch_version() -> String {
    let script = std::fs::read_to_string(LIBTORCH_SCRIPT).expect("the script is part of the checkout");
    let version = script.lines().find_map(|line| line.strip_prefix("VERSION=")).expect("the script sets VERSION");
    let (major_and_minor, _patch) = version.rsplit_once('.').expect("VERSION has three parts");
    major_and_minor.to_owned()
}

fn git(args: &[&str]) -> Option<String> {
    let out = Command::new("git").args(args).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

const SOURCE: &str = "src/device/graph.cpp";

/// Compiles `graph.so` in `OUT_DIR`, which `src/device/graph.rs` includes in the program. If that fails, the file is empty,
/// `PT4AL_NO_GRAPHS` is the reason, and the program runs without CUDA graphs.
fn graphs() {
    for variable in ["CXX", "CUDA_HOME"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("Cargo sets it"));
    let (library, stamp) = (out.join("graph.so"), out.join("graph.stamp"));
    let made = compile(&library, &stamp);
    if made.is_err() {
        std::fs::write(&library, []).expect("OUT_DIR can be written");
        let _ = std::fs::remove_file(&stamp);
    }
    println!("cargo:rustc-env=PT4AL_NO_GRAPHS={}", made.err().unwrap_or_default());
}

/// Compiles the library unless the one in place was made from the same source by the same command. The error is one line.
fn compile(library: &Path, stamp: &Path) -> Result<(), String> {
    let torch = std::env::var("DEP_TCH_LIBTORCH_LIB").map_err(|_| "the build did not say where libtorch is")?;
    let torch = Path::new(&torch).parent().unwrap_or(Path::new("/")).to_owned();
    // A libtorch that was installed again may have headers that were missing before.
    println!("cargo:rerun-if-changed={}", torch.join("made-from").display());
    let home = std::env::var_os("CUDA_HOME").map(PathBuf::from).unwrap_or("/usr/local/cuda".into());
    let places = [torch.join("cuda"), home.join("include")];
    let cuda = places.iter().find(|place| place.join("cuda_runtime_api.h").exists() && place.join("crt").exists());
    let cuda = cuda.ok_or("CUDA's headers were missing at build time")?;
    let compiler = cc::Build::new().cpp(true).opt_level(1).warnings(false).try_get_compiler();
    let one_line = |e: cc::Error| e.to_string().lines().next().unwrap_or_default().to_owned();
    let mut command = compiler.map_err(one_line)?.to_command();
    command.args(["-std=c++17", "-shared", "-fPIC", "-w"]);
    for place in [torch.join("include"), torch.join("include/torch/csrc/api/include"), cuda.clone()] {
        command.arg("-I").arg(place);
    }
    command.arg(SOURCE).arg("-o").arg(library);
    let source = std::fs::read_to_string(SOURCE).map_err(|e| format!("{SOURCE}: {e}"))?;
    let wanted = format!("{command:?}\n{source}");
    if std::fs::read_to_string(stamp).is_ok_and(|made| made == wanted) && library.exists() {
        return Ok(());
    }
    let output = command.output().map_err(|e| format!("the C++ compiler did not start ({e})"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = text.lines().find(|line| line.contains("error")).unwrap_or("no message");
        return Err(format!("it did not compile ({line})"));
    }
    std::fs::write(stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))
}
