//! Finds differences between two results other than their values, and decides whether the results can be compared.

use std::collections::BTreeSet;

use crate::report::{Change, changes};
use crate::results::{Arm, Results};
use crate::store::Session;

/// Keys that may never differ, even if allowed: cells would not match, or would mean different things.
const NEVER: [&str; 4] = ["rounds", "metric", "train.select.query", "train.select.images"];

/// The keys that may differ. A key covers all keys below it.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    keys: Vec<String>,
    everything: bool,
}

impl Allowed {
    /// Allows dotted keys of a spec, also of a variant (`train.epochs`, `variant.continue.train`), and these special
    /// keys: `data` for the bytes of the data set, known or not; `manifest` for a manifest with another protocol than
    /// its `spec.toml`; `samplers` for arms that are gone; `trials` for trials that failed or lack rounds.
    pub fn new(keys: &[String]) -> Self {
        Self { keys: keys.to_vec(), everything: false }
    }

    /// Allows every difference that leaves cells to compare.
    pub(super) fn everything() -> Self {
        Self { keys: Vec::new(), everything: true }
    }

    /// Whether `key` is the allowed key or below it.
    fn is_covered_by(allowed: &str, key: &str) -> bool {
        key.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    fn covers(&self, difference: &Difference) -> bool {
        self.everything || self.keys.iter().any(|allowed| difference.is_named_by(allowed))
    }
}

/// A key in which two results differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The key, as in [`Allowed::new`], or `metric` for the primary metric.
    pub key: String,
    /// The baseline's value, as written in a spec.
    pub was: String,
    /// The value of the current results, as written in a spec.
    pub is: String,
    /// Whether this difference is allowed.
    pub allowed: bool,
}

impl Difference {
    fn of(key: impl Into<String>, was: impl Into<String>, is: impl Into<String>) -> Self {
        Self { key: key.into(), was: was.into(), is: is.into(), allowed: false }
    }

    /// Whether an allowed key is this difference's key, or above it.
    fn is_named_by(&self, allowed: &str) -> bool {
        Allowed::is_covered_by(allowed, &self.key) || Allowed::is_covered_by(allowed, self.in_protocol())
    }

    /// The key without the name of the variant.
    fn in_protocol(&self) -> &str {
        let in_variant = self.key.strip_prefix("variant.").and_then(|rest| rest.split_once('.'));
        in_variant.map_or(&self.key, |(_, key)| key)
    }

    fn is_never_allowed(&self) -> bool {
        NEVER.iter().any(|key| Allowed::is_covered_by(key, self.in_protocol()))
    }
}

/// Shows a difference as `train.epochs: 30 -> 20`.
impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}: {} -> {}", self.key, self.was, self.is)
    }
}

/// All differences that prevent a comparison unless they are allowed: the primary metric, the protocols of shared arms,
/// manifests that do not belong to their spec, the data, arms of the baseline that are gone, and incomplete trials of
/// shared arms.
pub(super) fn differences(baseline: &Results, current: &Results, allowed: &Allowed) -> Vec<Difference> {
    let mut found = Vec::new();
    let metric = |results: &Results| results.spec.dataset.task().primary_metric().name;
    if metric(baseline) != metric(current) {
        found.push(Difference::of("metric", metric(baseline), metric(current)));
    }
    found.extend(protocol_differences(baseline, current));
    found.extend(manifest_difference(baseline, current));
    let data = |results: &Results| results.manifest.as_ref().map(|manifest| manifest.data.fingerprint.clone());
    let (was, is) = (data(baseline), data(current));
    if was.is_none() || was != is {
        let shown = |data: Option<String>| data.unwrap_or_else(|| "not known".into());
        found.push(Difference::of("data", shown(was), shown(is)));
    }
    let gone = only_in(baseline, current);
    if !gone.is_empty() {
        found.push(Difference::of("samplers", gone.join(", "), "not there"));
    }
    // A change that makes trials fail must not pass because those trials are missing. Trials of the baseline were
    // looked at when it was accepted.
    let shared: Vec<String> =
        baseline.spec.arms().into_iter().map(|(label, _)| label).filter(|label| !gone.contains(label)).collect();
    let lacking = super::cells::incomplete(current, &shared, current.spec.dataset.task().primary_metric());
    if !lacking.is_empty() {
        let names: Vec<String> = lacking.iter().take(6).map(|(_, trial)| trial.clone()).collect();
        let more = if lacking.len() > 6 { format!(" and {} more", lacking.len() - 6) } else { String::new() };
        found.push(Difference::of("trials", "all complete", format!("not complete: {}{more}", names.join(", "))));
    }
    for difference in &mut found {
        difference.allowed = allowed.covers(difference) && !difference.is_never_allowed();
    }
    found
}

/// The difference if a manifest does not belong to its spec. Then neither the data nor the protocol of the run is
/// known.
fn manifest_difference(baseline: &Results, current: &Results) -> Option<Difference> {
    let is_foreign = |results: &Results| results.manifest.as_ref().is_some_and(|m| m.spec_hash != results.spec.hash());
    let shown = |results: &Results| match &results.manifest {
        Some(manifest) if is_foreign(results) => format!("of the protocol {}, not of spec.toml", manifest.spec_hash),
        Some(_) => "of spec.toml".into(),
        None => "not there".into(),
    };
    (is_foreign(baseline) || is_foreign(current)).then(|| Difference::of("manifest", shown(baseline), shown(current)))
}

/// The arms that only `one` has, in its spec's order.
pub(super) fn only_in(one: &Results, other: &Results) -> Vec<String> {
    let others: BTreeSet<String> = other.spec.arms().into_iter().map(|(label, _)| label).collect();
    one.spec.arms().into_iter().map(|(label, _)| label).filter(|label| !others.contains(label)).collect()
}

/// The keys in which the protocols of shared arms differ. A difference of a variant that the experiment has too is
/// listed once.
fn protocol_differences(baseline: &Results, current: &Results) -> Vec<Difference> {
    let mut found: Vec<Difference> = Vec::new();
    let mut seen = BTreeSet::new();
    for arm in baseline.arms() {
        let Some(now) = current.arms().into_iter().find(|now| now.label == arm.label) else { continue };
        found.extend(command_difference(&arm, &now).filter(|difference| !found.contains(difference)));
        if arm.protocol.hash() == now.protocol.hash() || !seen.insert(arm.variant) {
            continue;
        }
        for Change { key, was, is } in changes(&arm.protocol.hashed(), &now.protocol.hashed()) {
            let difference = Difference::of(key.as_str(), was, is);
            if !found.contains(&difference) {
                let key = arm.variant.map_or(key.clone(), |name| format!("variant.{name}.{key}"));
                found.push(Difference { key, ..difference });
            }
        }
    }
    found
}

/// The difference if an arm is of a command, and of another one now.
fn command_difference(was: &Arm, now: &Arm) -> Option<Difference> {
    let (then, now) = (was.sampler.command()?, now.sampler.command()?);
    then.difference(now).map(|(key, was, is)| Difference::of(format!("samplers.{}.{key}", then.name), was, is))
}

/// Says in one line why nothing is compared; `None` if all differences are allowed.
pub(super) fn refusal(differences: &[Difference]) -> Option<String> {
    let listed = |is_listed: &dyn Fn(&&Difference) -> bool| {
        differences.iter().filter(is_listed).map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let never = listed(&|d| d.is_never_allowed());
    if !never.is_empty() {
        return Some(format!(
            "they have no cells in common, as these differ: {never}; run what the baseline ran, or name another baseline"
        ));
    }
    let refused = listed(&|d| !d.allowed);
    (!refused.is_empty()).then(|| {
        format!("these differ: {refused}; run what the baseline ran, or name each key that may differ with --allow KEY")
    })
}

/// Other differences: the experiment's name, where it ran, and new arms.
pub(super) fn notes(baseline: &Results, current: &Results) -> Vec<String> {
    let mut found = Vec::new();
    let name = |results: &Results| {
        let (experiment, profile) = results.spec.identity();
        if profile.is_empty() { experiment.to_owned() } else { format!("{experiment}, profile {profile}") }
    };
    let mut note = |what: &str, was: String, is: String| {
        if was != is {
            let shown = |text: String| if text.is_empty() { "not known".to_owned() } else { text };
            found.push(format!("{what}: {} -> {}", shown(was), shown(is)));
        }
    };
    note("experiment", name(baseline), name(current));
    note("devices", baseline.devices.join(", "), current.devices.join(", "));
    for (what, value) in [
        ("processors", (|s| s.cpu.clone()) as fn(&Session) -> String),
        ("threads", |s| s.threads.to_string()),
        ("libtorch", |s| s.libtorch.clone()),
        ("pt4al", |s| s.pt4al.clone()),
        ("revisions", |s| if s.dirty { format!("{} with local changes", s.revision) } else { s.revision.clone() }),
    ] {
        note(what, session_values(baseline, value), session_values(current, value));
    }
    let new = only_in(current, baseline);
    if !new.is_empty() {
        found.push(format!("not compared, as the baseline has none: {}", new.join(", ")));
    }
    found
}

/// The distinct values of all sessions, sorted.
fn session_values(results: &Results, value: fn(&Session) -> String) -> String {
    let values = results.manifest.as_ref().map(|manifest| manifest.each(value)).unwrap_or_default();
    values.into_iter().collect::<Vec<_>>().join(", ")
}

/// Warnings about either side, and about allowed keys that do not differ.
pub(super) fn warnings(
    baseline: &Results,
    current: &Results,
    allowed: &Allowed,
    differences: &[Difference],
) -> Vec<String> {
    let mut found = Vec::new();
    for results in [baseline, current] {
        found.extend(results.warnings().into_iter().map(|warning| format!("{}: {warning}", results.folder.display())));
    }
    let folders = [baseline, current].map(|results| results.folder.canonicalize().ok());
    if folders[0].is_some() && folders[0] == folders[1] {
        found.push(format!("{}: is compared with itself.", current.folder.display()));
    }
    for key in &allowed.keys {
        if !differences.iter().any(|difference| difference.is_named_by(key)) {
            found.push(format!("--allow {key}: does not differ"));
        }
    }
    found
}
