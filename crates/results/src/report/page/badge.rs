//! The scale badge.

/// What numbers hold for, in a few words each without markup: scale, data, precision, device, seeds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Badge(Vec<String>);

impl Badge {
    pub fn new(facts: Vec<String>) -> Self {
        Self(facts)
    }

    pub fn facts(&self) -> &[String] {
        &self.0
    }

    /// All facts on one line; empty without facts.
    pub fn line(&self) -> String {
        self.0.join(" · ")
    }
}
