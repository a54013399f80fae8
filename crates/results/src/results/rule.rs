//! Under which selection rule the values of arms are looked at.

use super::Results;

/// Whose values a table, a picture or a comparison is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule<'a> {
    /// Each arm's under the rule that it queries with.
    Own,
    /// Every arm's under one rule, by its name in the records.
    One(&'a str),
}

impl Rule<'_> {
    /// In the files of results: `own` where each arm has its own.
    pub fn name(&self) -> &str {
        match self {
            Self::Own => "own",
            Self::One(rule) => rule,
        }
    }
}

impl Results {
    /// The rule that is reported first: the one that all arms query with, or else each arm's own.
    pub fn rule(&self) -> Rule<'static> {
        let query = self.spec.train.select.query;
        let shared = self.spec.arms().iter().all(|(_, spec)| spec.train.select.query == query);
        if shared { Rule::One(query.name()) } else { Rule::Own }
    }

    /// The rules that a metric can be looked at under: the first one, then each that is recorded, the one that the
    /// experiment queries with before the others.
    pub fn rules_of(&self, metric: &str) -> Vec<Rule<'_>> {
        let (first, query) = (self.rule(), self.spec.train.select.query.name());
        let mut recorded = self.rules(metric).into_iter().collect::<Vec<_>>();
        recorded.sort_by_key(|rule| *rule != query);
        let others = recorded.into_iter().map(Rule::One).filter(|rule| *rule != first);
        std::iter::once(first).chain(others).collect()
    }

    /// The name that a rule has in the records of an arm.
    pub fn select_of<'a>(&self, arm: &super::Arm, rule: Rule<'a>) -> &'a str {
        match rule {
            Rule::Own => arm.rule(),
            Rule::One(select) => select,
        }
    }
}
