//! The verbs of `pt4al` that need no tensors, as a program of their own.

#![forbid(unsafe_code)]

fn main() {
    std::process::exit(pt4al_results::cli::main());
}
