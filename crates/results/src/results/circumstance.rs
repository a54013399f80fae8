//! Circumstances of a run, such as the device and the program, that can change its values although the spec is the
//! same.

use std::collections::BTreeSet;

use super::Results;
use crate::store::{Manifest, Session};

/// A circumstance that can change the values of a run of the same spec.
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

    /// The circumstance in words, for sentences.
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

    /// Why it can change values.
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

    /// The distinct values that the sessions of a manifest have, sorted; empty if the manifest does not say.
    pub fn of(self, manifest: &Manifest) -> BTreeSet<String> {
        match self {
            Self::Device => manifest.each(|session| without_number(&session.device)),
            // On a GPU the number of threads changes no value.
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

/// A circumstance that differs between two results, or is not known for one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    pub circumstance: Circumstance,
    /// Its values in the first results, in words.
    pub was: String,
    /// Its values in the second results, in words.
    pub is: String,
}

impl Results {
    /// The circumstances that differ, or may differ, from those of `other`. Returns `None` if either has no manifest,
    /// as nothing is known then.
    pub fn differing(&self, other: &Self) -> Option<Vec<Differing>> {
        let (ours, theirs) = (self.manifest.as_ref()?, other.manifest.as_ref()?);
        let found = Circumstance::ALL.into_iter().filter_map(|circumstance| {
            let (was, is) = (circumstance.of(ours), circumstance.of(theirs));
            let differing = || Differing { circumstance, was: listed(&was), is: listed(&is) };
            let is_unknown = match circumstance {
                // Sessions on GPUs have no value here.
                Circumstance::Threads if was.is_empty() || is.is_empty() => {
                    return (ours.sessions.is_empty() || theirs.sessions.is_empty()).then(differing);
                }
                // Two programs with local changes may differ although their revision is the same.
                Circumstance::Program => {
                    [ours, theirs].iter().any(|manifest| !manifest.sessions.iter().all(is_identified))
                }
                _ => was.is_empty(),
            };
            (was != is || is_unknown).then(differing)
        });
        Some(found.collect())
    }
}

/// Whether the program of a session is fully identified by its revision.
fn is_identified(session: &Session) -> bool {
    !session.dirty && !session.revision.is_empty()
}

fn listed(values: &BTreeSet<String>) -> String {
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    if values.is_empty() { "not known".into() } else { values.join(" and ") }
}

/// The processor without its number of cores, which changes no value (the number of threads does).
fn model(cpu: &str) -> &str {
    match cpu.rsplit_once(", ") {
        Some((model, cores)) if cores.ends_with(" logical cores") => model,
        _ => cpu,
    }
}

/// Shortens `cuda:1 (NVIDIA H100)` to `cuda (NVIDIA H100)`: GPUs of the same model compute the same values.
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
    fn every_circumstance_that_can_change_values_is_reported() {
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
    fn circumstances_that_a_manifest_does_not_tell_count_as_differing() {
        let differing = |change: fn(&mut Manifest)| {
            let found = results(change).differing(&results(change)).unwrap();
            found.into_iter().map(|found| found.circumstance).collect::<Vec<_>>()
        };
        assert_eq!(differing(|m| m.sessions[0].dirty = true), [Circumstance::Program]);
        assert_eq!(differing(|m| m.sessions[0].revision = String::new()), [Circumstance::Program]);
        assert_eq!(differing(|m| m.sessions[0].libtorch = String::new()), [Circumstance::Libtorch]);
        // On a GPU the number of threads changes no value.
        let gpu = |threads: usize| {
            results(move |m| (m.sessions[0].device, m.sessions[0].threads) = ("cuda:0 (H100)".into(), threads))
        };
        assert_eq!(gpu(1).differing(&gpu(16)), Some(Vec::new()));
    }

    #[test]
    fn what_changes_no_value_does_not_count_and_nothing_is_known_without_a_manifest() {
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
