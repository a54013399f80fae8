//! The page of a correlation.

use super::published::{self, Published};
use super::{CorrelationFindings, Measured, Which};
use crate::report::readme::{commands, identity, imbalance, network, origin, pretext};
use crate::report::table::{aligned, data_note};
use crate::spec::{CorrelationSpec, Labeled};
use crate::words::{counted, thousands};

/// The table of both task losses, how well the models do, and what others published, for page and terminal.
pub(super) fn tables(
    findings: &CorrelationFindings,
    measured: &[Measured],
    resamples: usize,
    published: &[Published],
) -> String {
    let mut grid = vec![["task loss", "images", "Spearman [95 % interval]"].map(str::to_owned).to_vec()];
    grid.extend(measured.iter().map(|m| vec![m.which.label().to_owned(), thousands(m.n), m.cell()]));
    let undefined = if measured.iter().any(|m| m.spearman.is_none()) {
        " There is no correlation (-) where all losses of one kind are equal."
    } else {
        ""
    };
    let judged = match findings.spec.dataset.task().labels() {
        Labeled::Images => "Accuracy",
        Labeled::Pixels => "Mean IoU",
    };
    let note = data_note(findings.manifest.as_ref()).map(|note| note + "\n").unwrap_or_default();
    let published = published::table(&findings.spec, published).map(|text| format!("\n{text}")).unwrap_or_default();
    format!(
        "**Rank correlation of pretext loss and task loss**\n\n{}\nSpearman's rho; percentile interval of {} bootstrap \
         resamples of images, seed {}.{undefined}\n{judged}: {:.1} % of the model of the whole pool, on the images that \
         it was trained on; {:.1} % of the models of the folds, on the images held out of each (mean over folds).\n\
         {note}{published}",
        aligned(&grid),
        thousands(resamples),
        findings.seed,
        100.0 * findings.pool_accuracy,
        100.0 * findings.held_out_accuracy
    )
}

/// `README.md`: what was measured, on what, what came out, and what that does not say.
pub(super) fn page(findings: &CorrelationFindings, asked: &CorrelationSpec, tables: &str) -> String {
    let title = findings.spec.title.replace(['\n', '\r'], " ");
    let mut page = format!(
        "# {title}: pretext loss and task loss\n\nDo images that are hard for the pretext task tend to be hard for the \
         task, as the paper says? Each of the {} images of the pool has a pretext loss, and two task losses:\n\n- *task*: \
         that of a model that was trained on the whole pool, this image among it;\n- *held-out*: that of a model that was \
         trained on the pool without one of its {} parts (folds), the one with this image.\n\n## Results\n\n{tables}",
        thousands(findings.pairs.len()),
        asked.folds
    );
    for which in Which::ALL {
        let name = which.name();
        page += &format!("\n![Images by the ranks of pretext loss and {name} loss](scatter-{name}.svg)\n");
    }
    page += "\nA point is an image; its place is its rank among all images of the pool, from 0 for the least loss to 1 for \
             the greatest.\n\n## What this does not say\n\n";
    for line in caveats(findings, asked) {
        page += &format!("- {line}\n");
    }
    page += "\n## Protocol\n\n";
    for line in protocol(findings, asked) {
        page += &format!("- {line}\n");
    }
    page += &findings.manifest.as_ref().map(|manifest| format!("\n{}", commands(manifest))).unwrap_or_default();
    page += "\nEvery number, in full precision: [summary.csv](summary.csv). The losses of each image: \
             [losses.csv](losses.csv).\n";
    page
}

fn caveats(findings: &CorrelationFindings, asked: &CorrelationSpec) -> [String; 3] {
    [
        "The *task* losses are of images that the model was trained on: their order is also the order in which images are \
         learned by heart, and the nearer a model is to knowing all of them, the more it is that. The pretext learner saw \
         its images in training, too."
            .into(),
        format!(
            "The *held-out* losses are of {} models; what is loss to one may be more or less to another, and their ranks \
             are taken together.",
            asked.folds
        ),
        format!(
            "The intervals are over images, for one pretext learner and one task model (one for each fold), those of seed \
             {}. They are not over seeds: another seed gives another rho, and the intervals do not say how far away.",
            findings.seed
        ),
    ]
}

fn protocol(findings: &CorrelationFindings, asked: &CorrelationSpec) -> Vec<String> {
    let spec = &findings.spec;
    let mut lines = vec![
        format!("{}.", identity(spec)),
        format!(
            "Seed: {}; folds: {}; bootstrap resamples: {}; points shown: {}.",
            findings.seed,
            asked.folds,
            thousands(asked.resamples),
            thousands(asked.points.min(findings.pairs.len()))
        ),
        format!(
            "Task models: {}, {}, of which the last gives the losses, minibatch {}.",
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
