//! Tests of the pages that the program writes. `cargo test -p pt4al-results --test pages` runs them.

mod browser;
mod claims;
mod committed;
mod folder;
mod live;
mod window;
