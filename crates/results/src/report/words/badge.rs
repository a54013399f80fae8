//! The scale badge: in a few words each, what the numbers of a page or of a picture hold for.

use std::collections::BTreeSet;

use super::protocol::precision;
use super::{data_note, one_line};
use crate::report::page::Badge;
use crate::spec::Spec;
use crate::store::Manifest;
use crate::words::{counted, thousands};

/// The badge of results. `devices` are those of the records, and `seeds` are the least and the most seeds that a shown
/// value is a mean of; `None` before a round has finished.
pub(crate) fn badge(
    spec: &Spec,
    manifest: Option<&Manifest>,
    devices: &[String],
    seeds: Option<(usize, usize)>,
) -> Badge {
    Facts::of(spec, manifest, devices, seeds).badge()
}

/// A kind of fact that a badge states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    Scale,
    Data,
    Precision,
    Device,
    Seeds,
}

impl Fact {
    pub const ALL: [Self; 5] = [Self::Scale, Self::Data, Self::Precision, Self::Device, Self::Seeds];

    pub fn name(self) -> &'static str {
        match self {
            Self::Scale => "scale",
            Self::Data => "data",
            Self::Precision => "precision",
            Self::Device => "device",
            Self::Seeds => "seeds",
        }
    }
}

/// The facts of a badge by their kinds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Facts([Option<String>; Fact::ALL.len()]);

impl Facts {
    /// The arguments are those of [`badge`].
    pub fn of(spec: &Spec, manifest: Option<&Manifest>, devices: &[String], seeds: Option<(usize, usize)>) -> Self {
        let fact = |fact| match fact {
            Fact::Scale => Some(scale(spec)),
            Fact::Data => Some(Data::of(spec, manifest).in_words()),
            Fact::Precision => Some(precisions(spec)),
            Fact::Device => device(manifest, devices),
            Fact::Seeds => seeds.map(|seeds| in_words(seeds, spec.seeds.len())),
        };
        Self(Fact::ALL.map(fact))
    }

    /// The fact of a kind in words; `None` if it is not known.
    pub fn get(&self, fact: Fact) -> Option<&str> {
        self.0[fact as usize].as_deref()
    }

    pub fn badge(&self) -> Badge {
        Badge::new(Fact::ALL.into_iter().filter_map(|fact| self.get(fact)).map(str::to_owned).collect())
    }

    /// The badge of results that are shown together: what all of them share, and the kinds of facts in which they
    /// differ.
    pub fn shared(all: &[Self]) -> Badge {
        let (mut facts, mut differing) = (Vec::new(), Vec::new());
        for fact in Fact::ALL {
            match all.first().and_then(|first| first.get(fact)) {
                first if all.iter().any(|other| other.get(fact) != first) => differing.push(fact.name()),
                first => facts.extend(first.map(str::to_owned)),
            }
        }
        if !differing.is_empty() {
            facts.push(format!("differs: {}", differing.join(", ")));
        }
        Badge::new(facts)
    }
}

/// Whether a spec's images are those of the published data set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    Generated,
    /// A researcher's own images, which no published data set has.
    Own,
    /// All files have the checksums of the published ones.
    Official(&'static str),
    /// Not the published images, or not all of them; in words.
    Other(String),
    /// Nothing tells whether they are the published images.
    Unverified(&'static str),
}

impl Data {
    pub fn of(spec: &Spec, manifest: Option<&Manifest>) -> Self {
        let set = spec.dataset.options();
        let Some(original) = set.original() else {
            return if set.is_generated() { Self::Generated } else { Self::Own };
        };
        let Some(data) = manifest.map(|manifest| &manifest.data) else { return Self::Unverified(original.name) };
        let name = original.name;
        if !data.files.is_empty() {
            let is_official = data.files.iter().all(|file| file.official);
            return if is_official {
                Self::Official(name)
            } else {
                Self::Other(format!("not the official {name} files"))
            };
        }
        let classes = data.classes.len();
        if (1..original.classes).contains(&classes) {
            return Self::Other(format!("{classes} of {name}'s {} classes", thousands(original.classes)));
        }
        match original.test {
            Some(test) if test != data.test => Self::Other(format!("not the {name} images")),
            _ => Self::Unverified(name),
        }
    }

    /// Why the images are known not to be those of the published data set; `None` if that is not known.
    pub fn difference(&self) -> Option<&str> {
        match self {
            Self::Other(words) => Some(words),
            Self::Generated | Self::Own | Self::Official(_) | Self::Unverified(_) => None,
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Generated => "generated images".into(),
            Self::Own => "own images".into(),
            Self::Official(name) => format!("official {name} files"),
            Self::Other(words) => words.clone(),
            Self::Unverified(name) => format!("{name}, files not verified"),
        }
    }
}

/// The title of an experiment on one line. It says so if the images are not those of the published data set.
pub(crate) fn title(spec: &Spec, manifest: Option<&Manifest>) -> String {
    let title = one_line(&spec.title);
    match Data::of(spec, manifest).difference() {
        Some(difference) => format!("{title} ({difference})"),
        None => title,
    }
}

/// What a reader must know about images that are not those of the published data set. `None` for all other images; if
/// nothing tells whether they are official, the badge says so.
pub(crate) fn other_data_note(spec: &Spec, manifest: Option<&Manifest>) -> Option<String> {
    data_note(manifest).filter(|_| Data::of(spec, manifest).difference().is_some())
}

/// The profile, which is usually a smaller scale than the experiment's own.
fn scale(spec: &Spec) -> String {
    match spec.identity().1 {
        "" => "full protocol".into(),
        profile => format!("profile {profile}"),
    }
}

/// The precision of the networks of all protocols.
fn precisions(spec: &Spec) -> String {
    let all: BTreeSet<String> = spec.protocols().map(|(_, protocol)| precision(protocol)).collect();
    all.into_iter().collect::<Vec<_>>().join(" or ")
}

/// The names of GPUs, or `CPU`. The manifest knows a GPU's name; records know only its number.
fn device(manifest: Option<&Manifest>, devices: &[String]) -> Option<String> {
    let named: BTreeSet<String> = match manifest {
        Some(manifest) => manifest.sessions.iter().map(|session| device_name(&session.device)).collect(),
        None => devices.iter().map(|device| device_name(device)).collect(),
    };
    (!named.is_empty()).then(|| named.into_iter().collect::<Vec<_>>().join(" and "))
}

/// `NVIDIA H100` of `cuda:0 (NVIDIA H100)`, and `CPU` of `cpu`.
fn device_name(device: &str) -> String {
    let inside = device.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map(|(name, _)| name);
    match inside {
        Some(name) => name.to_owned(),
        None => device.split(':').next().unwrap_or(device).to_uppercase(),
    }
}

/// `n = 5 seeds`; `n = 3 of 5 seeds` while some are missing; `n = 2 to 3 of 5 seeds` if means are over different seeds.
fn in_words((least, most): (usize, usize), planned: usize) -> String {
    match (least == most, most < planned) {
        (true, false) => format!("n = {}", counted(most, "seed")),
        (true, true) => format!("n = {most} of {planned} seeds"),
        (false, _) => format!("n = {least} to {most} of {planned} seeds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{manifest, spec_of};
    use crate::store::{ClassCount, DataFile};

    fn experiment(name: &str) -> Spec {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../experiments/{name}.toml"));
        crate::spec::load(&crate::spec::Source { path, profile: None, sets: Vec::new() }).unwrap()
    }

    #[test]
    fn a_badge_names_scale_data_precision_device_and_seeds() {
        let spec = spec_of(Some("tiny"));
        let mut manifest = manifest(&spec);
        manifest.sessions[0].device = "cuda:0 (NVIDIA H100)".into();
        let found = badge(&spec, Some(&manifest), &[], Some((3, 3)));
        assert_eq!(found.line(), "profile tiny · generated images · f32 · NVIDIA H100 · n = 3 seeds");
        let found = badge(&spec_of(None), None, &["cpu".into()], Some((2, 2)));
        assert_eq!(found.line(), "full protocol · generated images · f32 · CPU · n = 2 of 3 seeds");
        assert_eq!(in_words((1, 2), 3), "n = 1 to 2 of 3 seeds");
        assert_eq!(badge(&spec, None, &[], None).facts().len(), 3);
    }

    #[test]
    fn a_shared_badge_has_what_all_share_and_names_what_differs() {
        let (spec, tiny) = (spec_of(None), spec_of(Some("tiny")));
        let cpu = Facts::of(&spec, None, &["cpu".into()], Some((3, 3)));
        assert_eq!(Facts::shared(&[cpu.clone(), cpu.clone()]), cpu.badge());
        let unknown = Facts::of(&tiny, None, &[], Some((2, 2)));
        let shared = Facts::shared(&[cpu.clone(), unknown.clone()]);
        assert_eq!(shared.line(), "generated images · f32 · differs: scale, device, seeds");
        assert_eq!(Facts::shared(std::slice::from_ref(&unknown)), unknown.badge());
        assert_eq!((cpu.get(Fact::Device), unknown.get(Fact::Device)), (Some("CPU"), None));
    }

    #[test]
    fn only_files_with_the_published_checksums_are_official() {
        let spec = experiment("cifar10");
        let mut manifest = manifest(&spec);
        let file = |official| DataFile { path: "a.bin".into(), bytes: 1, sha256: String::new(), official };
        manifest.data.files = vec![file(true), file(true)];
        assert_eq!(Data::of(&spec, Some(&manifest)).in_words(), "official CIFAR-10 files");
        manifest.data.files.push(file(false));
        assert_eq!(Data::of(&spec, Some(&manifest)).difference(), Some("not the official CIFAR-10 files"));
        assert_eq!(Data::of(&spec, None).in_words(), "CIFAR-10, files not verified");
    }

    #[test]
    fn own_images_are_not_generated_ones() {
        let mut spec = experiment("cityscapes");
        let own = r#"{ "size": [8, 8], "classes": ["a", "b"] }"#;
        spec.dataset = crate::spec::DatasetSpec::FolderMasks(serde_json::from_str(own).unwrap());
        let data = Data::of(&spec, Some(&manifest(&spec)));
        assert_eq!((data.in_words().as_str(), data.difference()), ("own images", None));
    }

    #[test]
    fn other_numbers_of_images_or_classes_are_not_the_published_data_set() {
        let spec = experiment("cityscapes");
        let mut manifest = manifest(&spec);
        (manifest.data.files, manifest.data.test) = (Vec::new(), 101);
        assert_eq!(Data::of(&spec, Some(&manifest)).in_words(), "not the Cityscapes images");
        manifest.data.test = 500;
        assert_eq!(Data::of(&spec, Some(&manifest)).in_words(), "Cityscapes, files not verified");
        let spec = experiment("imagenet");
        let class = |i: usize| ClassCount { name: i.to_string(), pool: 1, test: 1 };
        manifest.data.classes = (0..10).map(class).collect();
        assert_eq!(Data::of(&spec, Some(&manifest)).in_words(), "10 of ImageNet's 1,000 classes");
    }
}
