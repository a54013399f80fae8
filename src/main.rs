//! The program `pt4al`. Its code is in the library's module `cli`.

fn main() {
    std::process::exit(pt4al::cli::main());
}
