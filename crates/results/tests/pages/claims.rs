//! `pt4al baseline page`, and the page that is committed.

use std::path::Path;
use std::process::Command;

use crate::folder::{Folder, REST, Value};

/// Whoever changes results, claims or published numbers makes the page anew.
#[test]
fn the_committed_page_is_what_the_program_makes_of_the_committed_results() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/baseline");
    let made = pt4al_results::report::claims::page(&dir).unwrap();
    let committed = std::fs::read_to_string(dir.join("README.md")).unwrap();
    let made_page = made.page.markdown();
    let differing = made_page.lines().zip(committed.lines()).find(|(made, committed)| made != committed);
    assert!(
        made_page == committed,
        "results/baseline/README.md is out of date; type `pt4al baseline page`. The first line that differs: {differing:#?}"
    );
    assert!(made.warnings.is_empty(), "{:?}", made.warnings);
}

/// Whoever changes results or pages brings the tables up to date.
#[test]
fn the_tables_of_the_committed_documents_are_current() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/results.md");
    let line = pt4al_results::report::splice::outdated_line(&document).unwrap();
    assert_eq!(
        line, None,
        "docs/results.md is out of date from this line on; type `pt4al baseline splice docs/results.md`"
    );
}

#[test]
fn the_verb_writes_the_page_and_names_it_or_fails_with_one_line() {
    let spec = format!(
        "title = \"Small\"\nseeds = [0]\nsamplers = [\"random\"]\nrounds = {{ count = 1, initial = 200, query = 200 }}\n{REST}\n\
         [[expect]]\nclaim = \"half\"\nsource = \"a paper\"\nsampler = \"random\"\nat = \"last-round\"\nband = [0.4, 0.6]\n"
    );
    let values: [Value; 1] = [("random", 0, 0, "accuracy", "last", 0.5)];
    let folder = Folder::new("small", &spec, 200, &values);
    let dir = folder.path().parent().unwrap().to_owned();
    let page_of = |dir: &Path| {
        // From elsewhere than the checkout, whose published numbers it would show.
        let mut command = Command::new(env!("CARGO_BIN_EXE_pt4al-results"));
        let output = command.args(["baseline", "page"]).arg(dir).current_dir(folder.path()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, out, err) = page_of(&dir);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.lines().last().unwrap().ends_with("README.md") && out.contains("undecided in 1 folder"), "{out}");
    let page = std::fs::read_to_string(dir.join("README.md")).unwrap();
    assert!(page.contains("\n## half\n") && page.contains(" 50.0 % | 1 seed |"), "{page}");
    folder.write("records.csv", "name,age\n");
    let (code, _, err) = page_of(&dir);
    assert_eq!(code, Some(0));
    assert!(err.starts_with("warning: small: left out of the page: ") && err.lines().count() == 1, "{err}");
    let (code, _, err) = page_of(&folder.path());
    assert_eq!(code, Some(1));
    assert!(
        err.starts_with("error: ") && err.contains("is a results folder itself") && err.lines().count() == 1,
        "{err}"
    );
}
