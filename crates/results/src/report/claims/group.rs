//! The claims of all folders, each with the folders that judge it.

use super::folders::Run;
use super::published::PublishedClaim;
use super::scale::{Against, against};
use crate::findings::{JudgedClaim, Verdict, judged_claims};
use crate::report::words::arm::{Images, images_of};
use crate::spec::Expectation;
use crate::words::counted;

/// What a source claims, whatever the criteria are.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    pub claim: String,
    pub source: String,
    /// Its lines of `claims.csv`.
    pub published: Vec<&'a PublishedClaim>,
    /// A part for each criterion: most claims have one.
    pub parts: Vec<Part<'a>>,
}

/// A criterion, and what was measured.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub expectation: Expectation,
    /// Rows at the scale of the source come first; then in the order of the folders' names.
    pub rows: Vec<Row<'a>>,
}

/// The result of one folder for a criterion.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub run: &'a Run,
    pub judged: JudgedClaim,
    pub against: Against,
}

impl Row<'_> {
    /// The images that its value is of.
    pub fn images(&self) -> Images {
        let expected = &self.judged.expectation;
        let arms = std::iter::once(&expected.sampler).chain(&expected.better_than);
        images_of(&self.run.results.spec, &arms.map(String::as_str).collect::<Vec<_>>())
    }

    /// `held`; `not measured at this scale` where the folder is of another one. What is of train images says so: it
    /// answers no claim of test images.
    pub fn verdict(&self) -> String {
        let verdict = match (self.judged.verdict, self.against) {
            (Verdict::NotMeasured, Against::Same) => "not measured yet",
            (Verdict::NotMeasured, _) => NOT_AT_THIS_SCALE,
            (verdict, _) => verdict.in_words(),
        };
        match self.images() {
            Images::Train | Images::Mixed if self.judged.measured.is_some() => format!("{verdict} on TRAIN images"),
            _ => verdict.to_owned(),
        }
    }
}

const NOT_AT_THIS_SCALE: &str = "not measured at this scale";

/// Whether two expectations are one criterion of one claim: everything but the rule and the metric, which follow from
/// source and task.
fn is_same(a: &Expectation, b: &Expectation) -> bool {
    (&a.claim, &a.source, &a.sampler, a.at, a.band, &a.better_than)
        == (&b.claim, &b.source, &b.sampler, b.at, b.band, &b.better_than)
}

/// All claims: first those of `claims.csv` in its order, with or without a folder that judges them, then the others in
/// the order in which the folders name them, that of their names.
pub(super) fn claims<'a>(runs: &'a [Run], published: &'a [PublishedClaim]) -> Vec<Claim<'a>> {
    let mut claims: Vec<Claim> = Vec::new();
    for line in published {
        place(&mut claims, &line.claim, &line.source).published.push(line);
    }
    for run in runs {
        for judged in judged_claims(&run.results) {
            let expected = judged.expectation.clone();
            let claim = place(&mut claims, &expected.claim, &expected.source);
            let row = Row { run, against: against(&run.results, &expected, &claim.published), judged };
            match claim.parts.iter_mut().find(|part| is_same(&part.expectation, &expected)) {
                Some(part) => part.rows.push(row),
                None => claim.parts.push(Part { expectation: expected, rows: vec![row] }),
            }
        }
    }
    for part in claims.iter_mut().flat_map(|claim| &mut claim.parts) {
        part.rows.sort_by_key(|row| row.against != Against::Same);
    }
    claims
}

/// The claim of that name, which is added if it is not there.
fn place<'a, 'b>(claims: &'b mut Vec<Claim<'a>>, claim: &str, source: &str) -> &'b mut Claim<'a> {
    let at = claims.iter().position(|known| known.claim == claim && known.source == source).unwrap_or_else(|| {
        let (claim, source) = (claim.to_owned(), source.to_owned());
        claims.push(Claim { claim, source, published: Vec::new(), parts: Vec::new() });
        claims.len() - 1
    });
    &mut claims[at]
}

/// What several folders together say about a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Held,
    DidNotHold,
    /// It held in one folder and not in another.
    Both,
    Undecided,
}

impl Answer {
    pub const ALL: [Self; 4] = [Self::Held, Self::DidNotHold, Self::Both, Self::Undecided];

    pub fn in_words(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::DidNotHold => "did not hold",
            Self::Both => "held in one folder and not in another",
            Self::Undecided => "undecided",
        }
    }
}

impl Claim<'_> {
    /// What the measurements of test images in the wanted folders say; `None` if there are none.
    pub fn answer(&self, is_wanted: &dyn Fn(&Row) -> bool) -> Option<Answer> {
        let rows = self.parts.iter().flat_map(|part| &part.rows);
        let is_answer = |row: &&Row| row.judged.measured.is_some() && row.images() == Images::Test;
        let verdicts: Vec<Verdict> =
            rows.filter(|row| is_wanted(row)).filter(is_answer).map(|row| row.judged.verdict).collect();
        let holds = |verdict| verdicts.contains(&verdict);
        match (holds(Verdict::Held), holds(Verdict::DidNotHold)) {
            _ if verdicts.is_empty() => None,
            (true, true) => Some(Answer::Both),
            (true, false) => Some(Answer::Held),
            (false, true) => Some(Answer::DidNotHold),
            (false, false) => Some(Answer::Undecided),
        }
    }

    /// The verdicts in the folders of a scale: `did not hold in 1 folder, undecided in 2`; none without such folders.
    pub fn standing(&self, against: Against) -> Option<String> {
        let mut verdicts: Vec<(String, usize)> = Vec::new();
        for row in self.parts.iter().flat_map(|part| &part.rows).filter(|row| row.against == against) {
            let verdict = row.verdict().replace(NOT_AT_THIS_SCALE, "not measured");
            match verdicts.iter_mut().find(|(known, _)| *known == verdict) {
                Some((_, n)) => *n += 1,
                None => verdicts.push((verdict, 1)),
            }
        }
        let (first, others) = verdicts.split_first()?;
        let others = others.iter().map(|(verdict, n)| format!(", {verdict} in {n}")).collect::<String>();
        Some(format!("{} in {}{others}", first.0, counted(first.1, "folder")))
    }

    /// The published numbers: `93.1 %`, or `none`.
    pub fn numbers(&self) -> String {
        let numbers: Vec<String> = self.published.iter().filter_map(|line| line.value_in_words()).collect();
        let mut notes: Vec<&str> =
            self.published.iter().map(|line| line.note.as_str()).filter(|n| !n.is_empty()).collect();
        notes.dedup();
        match (numbers.is_empty(), notes.is_empty()) {
            (false, _) => numbers.join(", "),
            (true, true) => "none".into(),
            (true, false) => format!("none ({})", notes.join("; ")),
        }
    }
}
