use super::*;
use crate::report::page::markdown;
use crate::report::testing::{assert_well_formed, manifest, png_size, spec, spec_of};
use crate::seed::{Purpose, stream};
use crate::spec::{Source, load};
use rand::Rng;

const OPTIONS: CorrelationSpec = CorrelationSpec { folds: 4, points: 100, resamples: 200 };

/// 300 images: the task loss grows with the pretext loss, the held-out loss has nothing to do with it.
fn findings(spec: Spec) -> CorrelationFindings {
    let mut stream = stream(0, Purpose::Query, &[]);
    let pairs = (0..300).map(|i| {
        let pretext = stream.random::<f64>();
        Pair { index: 2 * i, pretext, task: pretext.exp(), held_out: stream.random() }
    });
    CorrelationFindings {
        pairs: pairs.collect(),
        manifest: Some(manifest(&spec)),
        spec: Spec { correlation: Some(OPTIONS), ..spec },
        seed: 5,
        pool_accuracy: 0.98765,
        held_out_accuracy: 0.5432,
    }
}

fn written(findings: &CorrelationFindings) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let text = write(dir.path(), findings).unwrap().text;
    (dir, text)
}

fn read(dir: &tempfile::TempDir, name: &str) -> String {
    std::fs::read_to_string(dir.path().join(name)).unwrap()
}

fn experiment(name: &str, profile: Option<&str>) -> Spec {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../experiments/{name}.toml"));
    load(&Source { path, profile: profile.map(str::to_owned), sets: Vec::new() }).unwrap()
}

#[test]
fn everything_is_written_and_says_the_same() {
    let findings = findings(spec());
    let (dir, text) = written(&findings);
    let pretext: Vec<f64> = findings.pairs.iter().map(|p| p.pretext).collect();
    let held_out: Vec<f64> = findings.pairs.iter().map(|p| p.held_out).collect();
    let rho = spearman(&pretext, &held_out).unwrap();
    let (low, high) = bootstrap_95(&pretext, &held_out, 200, 5).unwrap();
    assert!(low < rho && rho < high && rho.abs() < 0.2);

    assert!(text.contains("| task (trained on the image)  |    300 |     1.000 [1.000, 1.000] |"), "{text}");
    let cell = format!("| held-out (not trained on it) |    300 | {:>24} |", format!("{rho:.3} [{low:.3}, {high:.3}]"));
    assert!(text.contains(&cell), "{text}");
    assert!(text.contains("Accuracy: 98.8 % of the model") && text.contains("; 54.3 % of the models"), "{text}");

    assert!(text.contains("\nData: generated pictures, not photographs.\n"), "{text}");

    let summary = read(&dir, "summary.csv");
    let expected = format!(
        "which,n,spearman,low,high,resamples,seed\ntask,300,1.0,1.0,1.0,200,5\nheld-out,300,{rho},{low},{high},200,5\n"
    );
    assert_eq!(summary, expected);
    assert_eq!(read_pairs(&dir.path().join("losses.csv")).unwrap(), findings.pairs);

    let page = read(&dir, "README.md");
    for part in [
        "# A small <experiment> & its curves: pretext loss and task loss\n\n*full protocol · generated images · f32 · CPU · n = \
         300 images, 1 seed*\n",
        &format!("- Spearman's rho of pretext loss and held-out task loss: {rho:.2} [{low:.2}, {high:.2}]; with the"),
        "trained on the image: 1.00 [1.00, 1.00].\n  - Do images that are hard",
        "Each of the 300 images",
        "one of 4 parts of the pool",
        &text,
        "(scatter-task.svg)",
        "(scatter-held-out.svg)",
        "memorised",
        "They are not over seeds",
        &format!("Experiment `small`; protocol `{}`.", findings.spec.hash()),
        "Seed: 5; folds: 4; bootstrap resamples: 200; points shown: 100.",
        "Task models: resnet18 of width 4 on images of 16 x 16 pixels, 1 epoch (losses from the last), minibatch 32.",
        "fingerprint `0123abcd`. generated pictures, not photographs.",
        "Device: cpu;",
        "pt4al 0.1.0 at abc1234 with local changes",
    ] {
        assert!(page.contains(part), "{part:?} is not in {page}");
    }
    let html = read(&dir, "report.html");
    for part in
        ["<li>n = 300 images, 1 seed</li>", "<div class=\"shown\">\n<div class=\"picture\"", "<h2>Protocol</h2>"]
    {
        assert!(html.contains(part), "{part:?} is not in {html}");
    }
    // Nobody has published any of generated pictures.
    assert!(!page.contains("Published") && !page.contains("0.79"));
}

#[test]
fn the_pictures_can_be_looked_at() {
    let (dir, _) = written(&findings(spec_of(Some("tiny"))));
    for (name, rho) in [("task", "Spearman's rho 1.000, 95 % interval 1.000 to 1.000"), ("held-out", "Spearman's rho ")]
    {
        let svg = read(&dir, &format!("scatter-{name}.svg"));
        assert_well_formed(&svg);
        // A circle for each point shown, seen through.
        assert_eq!(svg.matches("<circle").count(), 100);
        assert_eq!(svg.matches("opacity=\"0.45\"").count(), 100);
        // Lines may break anywhere between words.
        let words =
            svg.split('<').map(|tag| tag.split_once('>').map_or("", |t| t.1).trim()).collect::<Vec<_>>().join(" ");
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ").replace("&apos;", "'");
        for part in [
            rho,
            "n = 300 images, 100 of them shown; small, profile tiny, seed 5",
            "small &lt;experiment&gt; &amp; its",
            "profile tiny · generated images · f32 · CPU · n = 300 images, 1 seed",
        ] {
            assert!(words.contains(part), "{part:?} is not in {words}");
        }
        let (width, height) = png_size(&dir.path().join(format!("scatter-{name}.png")));
        assert!(svg.starts_with(&format!("<svg width=\"{}\" height=\"{}\"", width / 2, height / 2)), "{}", &svg[..90]);
    }
}

#[test]
fn equal_findings_give_equal_bytes() {
    let findings = findings(spec());
    let ((first, text), (second, again)) = (written(&findings), written(&findings));
    assert_eq!(text, again);
    let names =
        ["losses.csv", "summary.csv", "checksums.sha256", "README.md", "report.html"].map(str::to_owned).into_iter();
    let pictures = Which::ALL.map(|w| ["svg", "png"].map(|e| format!("scatter-{}.{e}", w.name()))).concat();
    let names: Vec<String> = names.chain(pictures).collect();
    for name in &names {
        let bytes = |dir: &tempfile::TempDir| std::fs::read(dir.path().join(name)).unwrap();
        assert_eq!(bytes(&first), bytes(&second), "{name}");
    }
    // And no other file.
    assert_eq!(std::fs::read_dir(first.path()).unwrap().count(), names.len());
}

#[test]
fn published_numbers_stand_beside_those_of_their_data_set_alone() {
    let tables_of = |spec: Spec| {
        let measured = [Measured { which: Which::Task, n: 2, spearman: Some(0.5), interval: None }];
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference");
        markdown(&page::tables(&findings(spec), &measured, 10, &published::read(&folder).unwrap()))
    };
    let cifar10 = tables_of(experiment("cifar10", None));
    assert!(cifar10.contains("|     0.79 |") && cifar10.contains("|     0.44 |"), "{cifar10}");
    assert!(!cifar10.contains("0.78") && !cifar10.contains("0.42") && !cifar10.contains("scale differs"), "{cifar10}");
    let small = tables_of(experiment("cifar10", Some("cpu")));
    assert!(small.contains("Our scale differs: the profile `cpu`, a pool of 5,000 images."), "{small}");
    let imbalanced = tables_of(experiment("cifar10-imbalanced", None));
    assert!(
        imbalanced.contains("Our scale differs: an imbalanced pool.") && imbalanced.contains("0.42"),
        "{imbalanced}"
    );
    let caltech101 = tables_of(experiment("caltech101", None));
    assert!(caltech101.contains("0.78") && caltech101.contains("0.17"), "{caltech101}");
    assert!(caltech101.contains("broken path") && !caltech101.contains("0.79"), "{caltech101}");
    for other in ["imagenet", "cityscapes"] {
        assert!(!tables_of(experiment(other, None)).contains("Published"), "{other}");
    }
    assert!(tables_of(experiment("cityscapes", None)).contains("Mean IoU: 98.8 %"));
}

#[test]
fn the_page_opens_on_the_finding_beside_published_ones() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference");
    let published = published::read(&folder).unwrap();
    let measured = [Measured { which: Which::HeldOut, n: 2, spearman: Some(0.282), interval: Some((0.256, 0.307)) }];
    let mut findings = findings(experiment("cifar10", Some("cpu")));
    let page = |findings: &CorrelationFindings| {
        page::page(findings, (&OPTIONS, &measured, &published), Vec::new(), Vec::new()).markdown()
    };
    let found = page(&findings);
    for part in [
        "held-out task loss: 0.28 [0.26, 0.31]; ",
        " Published: 0.79 (Yi et al. (ECCV 2022), the paper), 0.44 (an independent re-measurement).\n",
        "*profile cpu · ",
    ] {
        assert!(found.contains(part), "{part:?} is not in {found}");
    }
    // Another number of test images than CIFAR-10 has, so title and opening say so.
    assert!(
        found.contains(" (not the CIFAR-10 images): pretext loss") && found.contains("> **Warning:** Data: "),
        "{found}"
    );
    findings.manifest = None;
    assert!(!page(&findings).contains("not the CIFAR-10"));
}

#[test]
fn what_cannot_be_correlated_is_said_in_one_line_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let message = |change: &dyn Fn(&mut CorrelationFindings)| {
        let mut findings = findings(spec());
        change(&mut findings);
        let message = format!("{:#}", write(dir.path(), &findings).unwrap_err());
        assert!(!message.contains('\n'), "{message}");
        message
    };
    assert!(message(&|f| f.spec.correlation = None).contains("no `[correlation]`; add one"));
    assert!(
        message(&|f| f.pairs[3].task = f64::NAN).contains("the task loss of image 6 is NaN; if a training diverged")
    );
    assert!(message(&|f| f.pairs[3].index = 0).contains("image 0 comes a second time"));
    assert!(message(&|f| f.pairs.truncate(1)).contains("images in the pool, 1; enlarge"));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn equal_losses_have_no_correlation_and_the_page_says_so() {
    let mut findings = findings(spec());
    findings.manifest = None;
    findings.pairs.iter_mut().for_each(|p| p.held_out = 0.7);
    let (dir, text) = written(&findings);
    assert!(text.contains("|    300 |                        - |"), "{text}");
    assert!(text.contains("all losses of one kind are equal"), "{text}");
    assert!(read(&dir, "summary.csv").ends_with("held-out,300,,,,200,5\n"));
    assert!(read(&dir, "scatter-held-out.svg").contains("no rank correlation"));
    let page = read(&dir, "README.md");
    assert!(page.contains("No manifest.json") && page.contains("held-out task loss: not defined, as all"), "{page}");
}
