use std::collections::BTreeMap;
pub const LEAST_PAIRS: usize = 3;
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    pub n: usize,
    pub mean: f64,
    pub sd: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub t: Option<f64>,
    pub p: Option<f64>,
}
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub value: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
}
#[derive(Clone, Debug, PartialEq)]
pub struct Penalties {
    pub matrix: Vec<Vec<Option<f64>>>,
    pub means: Vec<Option<f64>>,
}
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reach {
    Below(f64),
    At(f64),
    Beyond(f64),
}
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelsToReach {
    pub n: usize,
    pub labels: Reach,
    pub low: Option<Reach>,
    pub high: Option<Reach>,
}
pub fn area(points: &[(f64, f64)]) -> Option<f64> {
    points.first().map(|p| p.1)
}
pub fn paired(a: &BTreeMap<u64, f64>, b: &BTreeMap<u64, f64>) -> Option<Paired> {
    let s = super::Summary::of_differences(a, b)?;
    Some(Paired { n: s.n, mean: s.mean, sd: s.sd, low: s.low, high: s.high, t: None, p: None })
}
pub fn holm(p: &[Option<f64>]) -> Vec<Option<f64>> {
    p.to_vec()
}
pub fn penalties(_: &[Vec<BTreeMap<u64, f64>>]) -> Option<Penalties> {
    None
}
pub fn probability_of_improvement(_: &[(Vec<f64>, Vec<f64>)], _: usize, _: u64) -> Option<Estimate> {
    None
}
pub fn interquartile_mean(_: &[Vec<f64>], _: usize, _: u64) -> Option<Estimate> {
    None
}
pub fn labels_to_reach(_: &[(f64, BTreeMap<u64, f64>)], _: &BTreeMap<u64, f64>) -> Option<LabelsToReach> {
    None
}
pub fn detectable(_: f64, _: usize, _: f64, _: f64) -> Option<f64> {
    None
}
