//! The program `pt4al`. Its code is in the library's module `cli`.

#![forbid(unsafe_code)]

fn main() {
    std::process::exit(pt4al::cli::main());
}
