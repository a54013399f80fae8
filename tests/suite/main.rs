//! Tests of the program as its users meet it.

mod bad_input;
mod cifar10;
mod end_to_end;
mod experiments;
mod golden;
mod interrupted;
mod support;
mod tidy;
