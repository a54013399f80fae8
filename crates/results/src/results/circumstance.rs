//! What decides the bits of values besides the spec: where, by what and on what they were computed.

use std::collections::BTreeSet;

use super::Results;
use crate::store::{Manifest, Session};

/// Something in which two runs of one spec can differ, so that their values do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circumstance {
    Device,
    Threads,
    Processor,
    Libtorch,
    Program,
    Data,
}

impl Circumstance {
    pub const ALL: [Self; 6] =
        [Self::Device, Self::Threads, Self::Processor, Self::Libtorch, Self::Program, Self::Data];

    /// In sentences.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Device => "the device",
            Self::Threads => "the threads of a process",
            Self::Processor => "the processor",
            Self::Libtorch => "the version of libtorch",
            Self::Program => "the program",
            Self::Data => "the data (fingerprint)",
        }
    }

    /// How it changes values.
    pub fn why(self) -> &'static str {
        match self {
            Self::Device => "devices round differently",
            Self::Threads => "sums over another number of threads round differently",
            Self::Processor => "instruction sets round differently",
            Self::Libtorch => "its versions may compute in another order",
            Self::Program => "another revision may compute something else",
            Self::Data => "other images give other values",
        }
    }

    /// The values that sessions of a manifest have, sorted; none where it does not say.
    pub fn of(self, manifest: &Manifest) -> BTreeSet<String> {
        match self {
            Self::Device => manifest.each(|session| without_number(&session.device)),
            // On a GPU they change nothing.
            Self::Threads => manifest.each(|session| match session.device == "cpu" {
                true => session.threads.to_string(),
                false => String::new(),
            }),
            Self::Processor => manifest.each(|session| model(&session.cpu).to_owned()),
            Self::Libtorch => manifest.each(|session| session.libtorch.clone()),
            Self::Program => manifest.each(Session::program),
            Self::Data => BTreeSet::from([manifest.data.fingerprint.clone()]),
        }
    }
}

/// A circumstance that is not the same, or not known, in two results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    pub circumstance: Circumstance,
    pub was: String,
    pub is: String,
}

impl Results {
    /// The circumstances that are not known to be those of `other`, which comes second; none where either has no manifest,
    /// so that nothing is known.
    pub fn differing(&self, other: &Self) -> Option<Vec<Differing>> {
        let (ours, theirs) = (self.manifest.as_ref()?, other.manifest.as_ref()?);
        let found = Circumstance::ALL.into_iter().filter_map(|circumstance| {
            let (was, is) = (circumstance.of(ours), circumstance.of(theirs));
            let unknown = || Differing { circumstance, was: listed(&was), is: listed(&is) };
            let doubtful = match circumstance {
                // Of sessions on GPUs there is nothing to know.
                Circumstance::Threads if was.is_empty() || is.is_empty() => {
                    return (ours.sessions.is_empty() || theirs.sessions.is_empty()).then(unknown);
                }
                // Local changes of one revision need not be the same.
                Circumstance::Program => [ours, theirs].iter().any(|manifest| !manifest.sessions.iter().all(is_named)),
                _ => was.is_empty(),
            };
            (was != is || doubtful).then(unknown)
        });
        Some(found.collect())
    }
}

/// Whether a session says all of its program.
fn is_named(session: &Session) -> bool {
    !session.dirty && !session.revision.is_empty()
}

fn listed(values: &BTreeSet<String>) -> String {
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    if values.is_empty() { "not known".into() } else { values.join(" and ") }
}

/// How many cores there are decides no value: the number of threads does.
fn model(cpu: &str) -> &str {
    match cpu.rsplit_once(", ") {
        Some((model, cores)) if cores.ends_with(" logical cores") => model,
        _ => cpu,
    }
}

/// `cuda:1 (NVIDIA H100)` as `cuda (NVIDIA H100)`: one of several alike computes as the other.
pub(super) fn without_number(device: &str) -> String {
    match device.strip_prefix("cuda:") {
        Some(rest) => format!("cuda{}", rest.trim_start_matches(|c: char| c.is_ascii_digit())),
        None => device.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::report::testing::{full, manifest, records, spec};

    fn results(change: impl Fn(&mut Manifest)) -> Results {
        let mut manifest = manifest(&spec());
        manifest.sessions[0].dirty = false;
        change(&mut manifest);
        Results::of(Path::new("small"), spec(), Some(manifest), records(full())).unwrap()
    }

    #[test]
    fn every_circumstance_that_can_change_values_is_told() {
        let base = results(|_| {});
        type Change = fn(&mut Manifest);
        let cases: [(Circumstance, &str, &str, Change); 6] = [
            (Circumstance::Device, "cpu", "cuda (H100)", |m| m.sessions[0].device = "cuda:0 (H100)".into()),
            (Circumstance::Threads, "2", "8", |m| m.sessions[0].threads = 8),
            (Circumstance::Processor, "a processor (2 cores)", "another", |m| {
                m.sessions[0].cpu = "another, 4 logical cores".into();
            }),
            (Circumstance::Libtorch, "2.11.0", "not known", |m| m.sessions[0].libtorch = String::new()),
            (Circumstance::Program, "pt4al 0.1.0 at abc1234", "pt4al 0.1.0 at def5678", |m| {
                m.sessions[0].revision = "def5678".into()
            }),
            (Circumstance::Data, "0123abcd", "ffff", |m| m.data.fingerprint = "ffff".into()),
        ];
        for (circumstance, was, is, change) in cases {
            let expected = Differing { circumstance, was: was.into(), is: is.into() };
            assert_eq!(base.differing(&results(change)), Some(vec![expected]));
        }
        let more = results(|m| {
            let session = Session { threads: 1, ..m.sessions[0].clone() };
            m.sessions.push(session);
        });
        assert_eq!(base.differing(&more).unwrap()[0].is, "1 and 2");
    }

    #[test]
    fn what_a_manifest_does_not_tell_is_not_held_for_equal() {
        let only = |change: fn(&mut Manifest)| {
            let found = results(change).differing(&results(change)).unwrap();
            found.into_iter().map(|differing| differing.circumstance).collect::<Vec<_>>()
        };
        assert_eq!(only(|m| m.sessions[0].dirty = true), [Circumstance::Program]);
        assert_eq!(only(|m| m.sessions[0].revision = String::new()), [Circumstance::Program]);
        assert_eq!(only(|m| m.sessions[0].libtorch = String::new()), [Circumstance::Libtorch]);
        // On a GPU another number of threads changes nothing.
        let gpu = |threads: usize| {
            results(move |m| (m.sessions[0].device, m.sessions[0].threads) = ("cuda:0 (H100)".into(), threads))
        };
        assert_eq!(gpu(1).differing(&gpu(16)), Some(Vec::new()));
    }

    #[test]
    fn what_changes_no_value_does_not_differ_and_nothing_is_known_without_a_manifest() {
        let cores = |n: usize| move |m: &mut Manifest| m.sessions[0].cpu = format!("AMD EPYC, {n} logical cores");
        assert_eq!(results(cores(2)).differing(&results(cores(64))), Some(Vec::new()));
        let gpu = |n: usize| move |m: &mut Manifest| m.sessions[0].device = format!("cuda:{n} (H100)");
        assert_eq!(results(gpu(0)).differing(&results(gpu(1))), Some(Vec::new()));
        let jobs = results(|m| (m.sessions[0].jobs, m.sessions[0].host) = (7, "there".into()));
        assert_eq!(results(|_| {}).differing(&jobs), Some(Vec::new()));
        let none = Results::of(Path::new("small"), spec(), None, records(full())).unwrap();
        assert_eq!((none.differing(&jobs), jobs.differing(&none)), (None, None));
    }
}
