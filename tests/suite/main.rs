//! Tests of the program through its command line, and of the library as a whole.

mod bad_input;
mod cifar10;
mod data_sets;
mod departures;
mod end_to_end;
mod experiments;
mod given;
mod golden;
mod interrupted;
mod library;
mod minibatches;
mod own_masks;
mod pictures;
mod queried;
mod real_images;
mod regression;
mod segmentation;
mod short_batch;
mod support;
mod terminal;
mod threads;
mod tidy;
mod time_limit;
mod watching;
