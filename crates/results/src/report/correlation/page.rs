//! The page of a correlation.

use super::published::{self, Published};
use super::{CorrelationFindings, Measured, Which};
use crate::report::page::{Block, Cell, Column, Figure, Number, Page, Section, Sentence, Table, link};
use crate::report::words::badge::{other_data_note, title};
use crate::report::words::data_note;
use crate::report::words::origin::{commands, origin};
use crate::report::words::protocol::{identity, imbalance, network, pretext};
use crate::spec::{CorrelationSpec, Labeled};
use crate::words::{counted, thousands};

/// The table of both task losses, how well the models do, and what others published, for page and terminal.
pub(super) fn tables(
    findings: &CorrelationFindings,
    measured: &[Measured],
    resamples: usize,
    published: &[Published],
) -> Vec<Block> {
    let columns = Column::all(["task loss", "images", "Spearman [95 % interval]"]);
    let mut table = Table::new("rank-correlation", columns);
    for one in measured {
        table.push(one.which.label(), [Cell::Count(one.n), one.cell()]);
    }
    let undefined = if measured.iter().any(|m| m.spearman.is_none()) {
        " There is no correlation (-) where all losses of one kind are equal."
    } else {
        ""
    };
    let metric = match findings.spec.dataset.task().labels() {
        Labeled::Images => "Accuracy",
        Labeled::Pixels => "Mean IoU",
    };
    let data = data_note(findings.manifest.as_ref()).map(|note| format!("\n{note}")).unwrap_or_default();
    let note = format!(
        "Spearman's rho; percentile interval of {} bootstrap resamples of images, seed {}.{undefined}\n{metric}: {:.1} \
         % of the \
         model of the whole pool, on the images that it was trained on; {:.1} % of the models of the folds, on the images held \
         out of each (mean over folds).{data}",
        thousands(resamples),
        findings.seed,
        100.0 * findings.pool_accuracy,
        100.0 * findings.held_out_accuracy
    );
    let heading = Block::heading("Rank correlation of pretext loss and task loss");
    let mut blocks = vec![heading, Block::Table(table), Block::paragraph(note)];
    blocks.extend(published::table(&findings.spec, published));
    blocks
}

/// What was found beside the plot of held-out losses, what was measured, and what that does not say.
pub(super) fn page(
    findings: &CorrelationFindings,
    (options, measured, published): (&CorrelationSpec, &[Measured], &[Published]),
    tables: Vec<Block>,
    figures: Vec<Figure>,
) -> Page {
    let (picture, others): (Vec<Figure>, Vec<Figure>) =
        figures.into_iter().partition(|figure| figure.file.contains(Which::HeldOut.name()));
    let mut results = tables;
    results.extend(others.into_iter().map(Block::Figure));
    results.push(Block::paragraph(
        "A point is an image. Its coordinates are its ranks among all images of the pool, from 0 for the least loss to \
         1 for the greatest.",
    ));
    let mut protocol = vec![Block::list(self::protocol(findings, options))];
    protocol.extend(findings.manifest.as_ref().map(commands));
    protocol.push(Block::paragraph(format!(
        "All numbers in full precision: {}. The losses of each image: {}.",
        link("summary.csv", "summary.csv"),
        link("losses.csv", "losses.csv")
    )));
    let (spec, manifest) = (&findings.spec, findings.manifest.as_ref());
    let mut lead = vec![Block::Sentences(vec![found(findings, options, measured, published)])];
    lead.extend(other_data_note(spec, manifest).map(Block::warning));
    Page {
        title: format!("{}: pretext loss and task loss", title(spec, manifest)),
        badge: findings.badge(),
        lead,
        picture: picture.into_iter().map(Block::Figure).collect(),
        sections: vec![
            Section::new("Results", results),
            Section::new("What this does not say", vec![Block::list(caveats(findings, options))]),
            Section::new("Protocol", protocol),
        ],
    }
}

/// The correlations beside the published ones, in which the question and the two losses fold out.
fn found(
    findings: &CorrelationFindings,
    options: &CorrelationSpec,
    measured: &[Measured],
    published: &[Published],
) -> Sentence {
    let rho = |which: Which| {
        let of_it = measured.iter().find(|one| one.which == which);
        let number = of_it.and_then(|one| Some(Number::estimate(one.spearman?, one.interval, 2).to_string()));
        number.unwrap_or_else(|| "not defined, as all losses of one kind are equal".into())
    };
    let published: Vec<String> = published::of_dataset(&findings.spec, published)
        .map(|one| format!("{} ({})", one.spearman, one.source))
        .collect();
    let published = if published.is_empty() { String::new() } else { format!(" Published: {}.", published.join(", ")) };
    let text = format!(
        "Spearman's rho of pretext loss and held-out task loss: {}; with the task loss of a model that was trained on \
         the image: {}.{published}",
        rho(Which::HeldOut),
        rho(Which::Task)
    );
    let details = vec![
        format!(
            "Do images that are hard for the pretext task tend to be hard for the task, as the paper says? Each of the \
             {} images of the pool has a pretext loss and two task losses.",
            thousands(findings.pairs.len())
        )
        .into(),
        format!(
            "*held-out*: the loss of a model that was trained without the fold of this image, one of {} parts of the pool.",
            options.folds
        )
        .into(),
        "*task*: the loss of a model that was trained on the whole pool, including this image.".into(),
    ];
    Sentence::new(text, details)
}

fn caveats(findings: &CorrelationFindings, options: &CorrelationSpec) -> [String; 3] {
    [
        "The *task* losses are of images that the model was trained on: their order is also the order in which images \
         are memorised, the more so the closer a model is to fitting all of them. The pretext learner saw its images \
         in training, too."
            .into(),
        format!(
            "The *held-out* losses are of {} models; a loss that is high for one model may be low for another, but \
             their losses are ranked together.",
            options.folds
        ),
        format!(
            "The intervals are over images, for one pretext learner and one task model (one for each fold), those of seed \
             {}. They are not over seeds: another seed gives another rho, and the intervals do not say how different.",
            findings.seed
        ),
    ]
}

fn protocol(findings: &CorrelationFindings, options: &CorrelationSpec) -> Vec<String> {
    let spec = &findings.spec;
    let mut lines = vec![
        format!("{}.", identity(spec)),
        format!(
            "Seed: {}; folds: {}; bootstrap resamples: {}; points shown: {}.",
            findings.seed,
            options.folds,
            thousands(options.resamples),
            thousands(options.points.min(findings.pairs.len()))
        ),
        format!(
            "Task models: {}, {} (losses from the last), minibatch {}.",
            network(spec),
            counted(spec.train.epochs, "epoch"),
            spec.train.minibatch
        ),
    ];
    lines.extend(spec.pretext.as_ref().map(pretext));
    lines.extend(spec.imbalance.as_ref().map(imbalance));
    lines.extend(origin(findings.manifest.as_ref()));
    lines
}
