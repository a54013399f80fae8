/// Images in the train split.
pub const TRAIN: usize = 50_000;
