pub mod data;
pub mod report;
pub mod seed;
pub mod spec;
pub mod stats;
pub mod store;
