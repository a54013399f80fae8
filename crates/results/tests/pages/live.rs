//! `report.html` during a run, as a browser shows it.

use std::process::Command;

use pt4al_results::report::{Now, live};
use pt4al_results::store::{Progress, RunningTask};

use crate::folder::{Folder, REST};
use crate::window::{chromium, skip};

/// Opens what is folded, folds what is open, scrolls, and loads the page again; then notes what is left of that.
const READER: &str = "<script>
const folds = () => [...document.querySelectorAll('section > details')].map((fold) => fold.open);
if (!sessionStorage.getItem('folds')) {
  for (const fold of document.querySelectorAll('section > details')) fold.open = !fold.open;
  scrollTo({ top: 300, behavior: 'instant' });
  document.querySelector('#scale [data-value=log]').click();
  sessionStorage.setItem('folds', JSON.stringify(folds()));
  location.reload();
} else {
  const pre = document.createElement('pre');
  pre.id = 'checks';
  const button = document.querySelector('#run button');
  button.click();
  pre.textContent = [scrollY, JSON.stringify(folds()) === sessionStorage.getItem('folds'), new Set(folds()).size,
    document.getElementById('updated').textContent.includes('UTC'), button.textContent,
    document.querySelector('#scale [data-value=log]').ariaPressed].join(' ');
  document.body.append(pre);
}
</script>";

#[test]
fn a_page_that_loads_itself_again_keeps_the_readers_place() {
    let Some(chromium) = chromium() else {
        return skip("no Chromium here: name one in PT4AL_CHROMIUM, or `apt-get install chromium`");
    };
    let spec = format!(
        "title = \"Running\"\nseeds = [0, 1]\nsamplers = [\"random\"]\nrounds = {{ count = 2, initial = 50, query = 50 }}\n{REST}"
    );
    let values = [("random", 0, 0, "accuracy", "last", 0.5), ("random", 0, 1, "accuracy", "last", 0.6)];
    let folder = Folder::new("running", &spec, 50, &values);
    let running = vec![RunningTask { name: "random-seed0".into(), at: "round 1, epoch 1/1".into(), done: 0.5 }];
    let updated = pt4al_results::machine::now();
    live(&folder.path(), &Now::Running(&Progress { updated, running, ..Progress::default() })).unwrap();
    let page = folder.read("report.html").replacen("</body>", &format!("{READER}</body>"), 1);
    folder.write("read.html", &page);
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--virtual-time-budget=2000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--window-size=1000,600", "--enable-logging=stderr", "--v=0"])
        .arg(format!("file://{}", folder.path().join("read.html").display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("CONSOLE"), "{said}");
    let found = String::from_utf8_lossy(&output.stdout);
    let checks = found.split("<pre id=\"checks\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    assert_eq!(checks, Some("300 true 2 false Paused: update again true"), "{found}");
}
