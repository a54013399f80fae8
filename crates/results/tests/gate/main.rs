//! The gate as its users meet it: exit codes, messages and files, on results that are made up. Needs no libtorch.

mod accept;
mod against;
mod expectations;
mod pages;
mod support;
