//! Writes the folder of libtorch into the binaries (rpath), so that they run without `LD_LIBRARY_PATH`,
//! and the git revision into the manifest.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Whatever makes the checkout differ from its revision.
    for path in ["src", "Cargo.toml", "Cargo.lock", ".git/index", ".git/HEAD"] {
        println!("cargo:rerun-if-changed={path}");
    }
    println!("cargo:rerun-if-changed=.git/logs/HEAD");
    println!("cargo:rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    if let Ok(lib) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{lib}");
    }
    println!("cargo:rustc-env=PT4AL_REVISION={}", git(&["rev-parse", "HEAD"]).unwrap_or_default());
    let dirty = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|s| !s.is_empty());
    println!("cargo:rustc-env=PT4AL_DIRTY={dirty}");
}

fn git(args: &[&str]) -> Option<String> {
    let out = Command::new("git").args(args).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}
