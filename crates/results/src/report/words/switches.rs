//! Where a protocol differs from the paper's description.

use super::value;
use crate::spec::{
    Channels, Confidence, EvaluationImages, Filters, FirstQuery, LossOrder, PretextForward, ShortBatch, Spec,
};
use crate::words::code;

/// The protocol's switches that do not have their described values, as the spec has them, and the queries that are
/// replayed: a line each, or none. What the page says of every protocol (the start of a round, precision) is not
/// repeated.
pub(crate) fn switches(spec: &Spec) -> Vec<String> {
    let mut set = Vec::new();
    let mut push = |key: &str, value: String| set.push(code(&format!("{key} = {value}")));
    if spec.channels != Channels::default() {
        push("channels", value(&spec.channels));
    }
    if spec.confidence != Confidence::default() {
        push("confidence", value(&spec.confidence));
    }
    if spec.train.select.images != EvaluationImages::default() {
        push("train.select.images", value(&spec.train.select.images));
    }
    if let Some(network) = spec.model.network().filter(|network| network.filters != Filters::default()) {
        push("model.filters", value(&network.filters));
    }
    if let Some(initial) = &spec.initial_set {
        push("initial-set", value(initial));
    }
    if let Some(pretext) = spec.pretext.as_ref().filter(|_| spec.needs_pretext()) {
        if pretext.order != LossOrder::Loss {
            push("pretext.order", value(&pretext.order));
        }
        if let Some(batches) = pretext.batches {
            push("pretext.batches", value(&batches));
        }
        if pretext.first_query != FirstQuery::default() {
            push("pretext.first-query", value(&pretext.first_query));
        }
        if pretext.short_batch != ShortBatch::default() {
            push("pretext.short-batch", value(&pretext.short_batch));
        }
        if let Some(learner) = pretext.learner() {
            match learner.forward {
                PretextForward::SeparateUnshuffled | PretextForward::OneRotation => {
                    push("pretext.forward", value(&learner.forward));
                }
                PretextForward::Separate | PretextForward::Together => {}
            }
            if !learner.augment.is_empty() {
                push("pretext.augment", value(&learner.augment));
            }
        }
    }
    let set = (!set.is_empty()).then(|| format!("Switches: {}.", set.join(", ")));
    let replay = spec.replay.as_ref().map(|replay| {
        format!("Replay: trained on the queries of {} (SHA-256 {}).", replay.queries.display(), replay.sha256)
    });
    set.into_iter().chain(replay).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{loaded, spec};
    use crate::spec::{ModelSpec, NetworkSpec, Replay};

    const SPEC: &str = r#"
title = "t"
seeds = [0]
samplers = ["pretext-batch"]
dataset.shapes = { pool = 1000, test = 20, side = 16, seed = 0 }
channels = "CHANNELS"
confidence = "CONFIDENCE"
rounds = { count = 2, initial = 200, query = 200 }
INITIAL
model = { arch = "resnet18", width = 4 }
[train]
start = "continue"
epochs = 1
minibatch = 32
augment = []
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }
schedule = "constant"
select = { query = "last", record = ["last"], images = "IMAGES" }
[pretext]
task = "rotation"
epochs = 1
minibatch = 32
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }
schedule = "constant"
checkpoint = "last"
forward = "FORWARD"
order = "ORDER"
EXTRA
"#;

    fn spec_of(values: [&str; 7]) -> Spec {
        let names = ["CHANNELS", "CONFIDENCE", "INITIAL", "IMAGES", "FORWARD", "ORDER", "EXTRA"];
        let text = names.iter().zip(values).fold(SPEC.to_owned(), |text, (name, value)| text.replace(name, value));
        loaded(&text, None)
    }

    #[test]
    fn described_values_are_not_named() {
        for forward in ["separate", "together"] {
            let described = spec_of(["rgb", "logits", "", "test", forward, "loss", "augment = []"]);
            assert!(switches(&described).is_empty());
        }
        assert!(switches(&spec()).is_empty());
    }

    #[test]
    fn every_other_value_is_named() {
        let mut official = spec_of([
            "bgr",
            "normalized-logits",
            "initial-set.pretext-stride = { batch = 1, stride = 2 }",
            "train",
            "separate-unshuffled",
            "published-string-sort",
            "augment = ['flip']\nbatches = 4\nfirst-query = 'batch-0'",
        ]);
        let with_filters = |filters| {
            ModelSpec::Network(NetworkSpec { filters, ..official.model.network().expect("a network").clone() })
        };
        let (normal, uniform) = (with_filters(Filters::NormalFanOut), with_filters(Filters::default()));
        official.model = normal;
        let all = "Switches: `channels = \"bgr\"`, `confidence = \"normalized-logits\"`, `train.select.images = \"train\"`, \
                   `model.filters = \"normal-fan-out\"`, `initial-set = { pretext-stride = { batch = 1, stride = 2 } \
                   }`, `pretext.order = \
                   \"published-string-sort\"`, `pretext.batches = 4`, `pretext.first-query = \"batch-0\"`, \
                   `pretext.forward = \"separate-unshuffled\"`, \
                   `pretext.augment = [\"flip\"]`.";
        assert_eq!(switches(&official), [all]);
        // Recorded queries need no pretext losses.
        official.replay = Some(Replay { queries: "/elsewhere/queries".into(), sha256: "12ab".into() });
        official.channels = Channels::Rgb;
        official.initial_set = None;
        official.model = uniform;
        let few = "Switches: `confidence = \"normalized-logits\"`, `train.select.images = \"train\"`.";
        assert_eq!(switches(&official), [few, "Replay: trained on the queries of /elsewhere/queries (SHA-256 12ab)."]);
    }
}
