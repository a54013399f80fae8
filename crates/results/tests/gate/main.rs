//! Tests the gate as its users see it: exit codes, messages and files, on made-up results.

mod accept;
mod against;
mod commands;
mod expectations;
mod pages;
mod support;
