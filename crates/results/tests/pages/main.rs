//! Tests of the pages that the program writes. They need no libtorch: `cargo test --no-default-features --test pages`.

mod browser;
mod claims;
mod folder;
