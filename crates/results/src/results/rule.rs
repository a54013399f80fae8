//! The selection rule under which values of arms are compared.

use super::Results;

/// The selection rule whose values a table, a figure or a comparison uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule<'a> {
    /// For each arm, the rule that it queries with.
    Own,
    /// The same rule for every arm, by its name in the records.
    One(&'a str),
}

impl Rule<'_> {
    /// The name in files: `own` for [`Rule::Own`].
    pub fn name(&self) -> &str {
        match self {
            Self::Own => "own",
            Self::One(rule) => rule,
        }
    }
}

impl Results {
    /// The rule that is reported first: the rule that all arms query with, or [`Rule::Own`] if they differ.
    pub fn rule(&self) -> Rule<'static> {
        let query = self.spec.train.select.query;
        let shared = self.spec.arms().iter().all(|(_, spec)| spec.train.select.query == query);
        if shared { Rule::One(query.name()) } else { Rule::Own }
    }

    /// The rules under which a metric can be reported: [`Results::rule`], then each other recorded rule, starting with
    /// the rule that the experiment queries with.
    pub fn rules_of(&self, metric: &str) -> Vec<Rule<'_>> {
        let (first, query) = (self.rule(), self.spec.train.select.query.name());
        let mut recorded = self.rules(metric).into_iter().collect::<Vec<_>>();
        recorded.sort_by_key(|rule| *rule != query);
        let others = recorded.into_iter().map(Rule::One).filter(|rule| *rule != first);
        std::iter::once(first).chain(others).collect()
    }

    /// The name in the records of the selection rule that `rule` means for an arm.
    pub fn select_of<'a>(&self, arm: &super::Arm, rule: Rule<'a>) -> &'a str {
        match rule {
            Rule::Own => arm.rule(),
            Rule::One(select) => select,
        }
    }
}
