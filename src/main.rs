//! The program. What it does is in the library's `cli` room.

fn main() {
    std::process::exit(pt4al::cli::main());
}
