//! How networks are trained, in words, where it is not as the paper describes it: plain SGD, steps of the learning rate or a plain
//! cosine, labels as they are.

use crate::spec::{AdamW, Augment, Cosine, OneCycle, Optimizer, RandAugment, Schedule, Sgd, Spec};
use crate::words::counted;

/// A line for the task model and one for the pretext learner, each if there is something to say.
pub(crate) fn training(spec: &Spec) -> Vec<String> {
    let train = &spec.train;
    let mut task_model = choices(&train.optimizer, &train.schedule, &train.augment);
    if train.label_smoothing > 0.0 {
        task_model.push(format!("label smoothing {}", train.label_smoothing));
    }
    let learner = spec.learner().filter(|_| spec.needs_pretext());
    let learner = learner.map(|learner| choices(&learner.optimizer, &learner.schedule, &learner.augment));
    [("Task model", task_model), ("Pretext learner", learner.unwrap_or_default())]
        .into_iter()
        .filter(|(_, choices)| !choices.is_empty())
        .map(|(network, choices)| format!("{network} trained with {}.", choices.join("; ")))
        .collect()
}

fn choices(optimizer: &Optimizer, schedule: &Schedule, augment: &[Augment]) -> Vec<String> {
    let operations = augment.iter().find_map(|augment| match augment {
        Augment::RandAugment(RandAugment { operations, magnitude }) => {
            Some(format!("RandAugment ({} of magnitude {magnitude})", counted(*operations, "operation")))
        }
        _ => None,
    });
    optimizer_in_words(optimizer, schedule).into_iter().chain(schedule_in_words(schedule)).chain(operations).collect()
}

/// `None` for SGD with plain momentum.
fn optimizer_in_words(optimizer: &Optimizer, schedule: &Schedule) -> Option<String> {
    let is_cycled = matches!(schedule, Schedule::OneCycle(_));
    match *optimizer {
        Optimizer::Sgd(Sgd { nesterov: false, .. }) => None,
        Optimizer::Sgd(Sgd { momentum, .. }) => {
            let momentum = if is_cycled { String::new() } else { format!(" {momentum}") };
            Some(format!("SGD with Nesterov momentum{momentum}"))
        }
        Optimizer::AdamW(AdamW { lr, betas: [first, second], weight_decay, .. }) => {
            let betas = if is_cycled { format!("second beta {second}") } else { format!("betas {first} and {second}") };
            Some(format!("AdamW (learning rate {lr}, {betas}, weight decay {weight_decay})"))
        }
    }
}

/// `None` for schedules that change the learning rate each epoch and have no warm-up.
fn schedule_in_words(schedule: &Schedule) -> Option<String> {
    match schedule {
        Schedule::Constant | Schedule::Steps(_) => None,
        Schedule::Cosine(cosine) if *cosine == Cosine::default() => None,
        Schedule::Cosine(Cosine { warmup, floor }) => {
            let rise = (*warmup > 0).then(|| format!(" after {} of warm-up", counted(*warmup, "epoch")));
            let fall = (*floor > 0.0).then(|| format!(", down to {floor} of the learning rate"));
            Some(format!("a cosine{}{}", rise.unwrap_or_default(), fall.unwrap_or_default()))
        }
        Schedule::OneCycle(OneCycle { warmup, momentum: [lowest, highest], .. }) => {
            let momentum = if lowest < highest {
                format!("momentum between {highest} and {lowest}")
            } else {
                format!("momentum {lowest}")
            };
            Some(format!("one cycle of the learning rate (it rises in the first {warmup} of the steps; {momentum})"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{loaded, spec};

    const SPEC: &str = r#"
title = "t"
seeds = [0]
samplers = ["pretext-batch"]
dataset.shapes = { pool = 1000, test = 20, side = 16, seed = 0 }
rounds = { count = 2, initial = 200, query = 200 }
model = { arch = "resnet18", width = 4 }
[train]
start = "fresh"
epochs = 8
minibatch = 32
augment = ["flip", { rand-augment = { operations = 2, magnitude = 9 } }]
optimizer.adamw = { lr = 0.002 }
schedule = "one-cycle"
label-smoothing = 0.1
select = { query = "last", record = ["last"] }
[pretext]
task = "rotation"
epochs = 8
minibatch = 32
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4, nesterov = true }
schedule.cosine = { warmup = 1, floor = 0.01 }
checkpoint = "last"
forward = "separate"
order = "loss"
"#;

    #[test]
    fn plain_training_is_not_described() {
        assert!(training(&spec()).is_empty());
    }

    #[test]
    fn each_network_has_its_own_line() {
        let wanted = [
            "Task model trained with AdamW (learning rate 0.002, second beta 0.999, weight decay 0.01); one cycle of the learning \
             rate (it rises in the first 0.3 of the steps; momentum between 0.95 and 0.85); RandAugment (2 operations of magnitude 9); \
             label smoothing 0.1.",
            "Pretext learner trained with SGD with Nesterov momentum 0.9; a cosine after 1 epoch of warm-up, down to 0.01 of the \
             learning rate.",
        ];
        assert_eq!(training(&loaded(SPEC, None)), wanted);
        let plainer = SPEC.replace("\"one-cycle\"", "\"cosine\"").replace("label-smoothing = 0.1", "");
        let wanted = "Task model trained with AdamW (learning rate 0.002, betas 0.9 and 0.999, weight decay 0.01); RandAugment (2 \
                      operations of magnitude 9).";
        assert_eq!(training(&loaded(&plainer, None))[0], wanted);
    }
}
