//! The pretext task that a spec names.

use tch::Device;

use super::colorization::Colorization;
use super::jigsaw::Jigsaw;
use super::rotation::Rotation;
use super::simsiam::SimSiam;
use super::task::Pretext;
use pt4al_results::spec::{LearnerSpec, PretextTask};

/// Returns the task of `spec` for images on `device`.
pub(super) fn task(spec: &LearnerSpec, device: Device) -> Box<dyn Pretext> {
    match spec.task {
        PretextTask::Rotation => Box::new(Rotation { forward: spec.forward }),
        PretextTask::Colorization => Box::new(Colorization::new(device)),
        PretextTask::Jigsaw(options) => Box::new(Jigsaw::new(options, device)),
        PretextTask::Simsiam(options) => Box::new(SimSiam { options }),
    }
}
