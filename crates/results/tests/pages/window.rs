//! A browser without a window, and what is done to a page before it is opened there.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What goes before everything else in the page, to hear of every complaint.
const LISTENER: &str = "<script>window.complaints = [];
addEventListener('error', (e) => complaints.push(String(e.message)));
addEventListener('unhandledrejection', (e) => complaints.push(String(e.reason)));
for (const level of ['error', 'warn']) console[level] = (...words) => complaints.push(words.join(' '));
</script>";

/// The page with a listener before everything else and scripts behind everything.
pub fn with_scripts(page: &str, scripts: &[&str]) -> String {
    let copy = page.replacen("<head>", &format!("<head>{LISTENER}"), 1);
    let scripts: String = scripts.iter().map(|script| format!("<script>{script}</script>")).collect();
    // Not `replacen`: scripts are in the page before its end.
    let end = copy.rfind("</body>").expect("a page has an end");
    format!("{}{scripts}{}", &copy[..end], &copy[end..])
}

/// A document that shows the page in a frame of this width and height. A window has a least width, a frame has not.
pub fn framed(page: &str, (width, height): (usize, usize)) -> String {
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<!DOCTYPE html><title>checks</title>\
         <iframe width=\"{width}\" height=\"{height}\" style=\"border: 0\" srcdoc=\"{page}\"></iframe>"
    )
}

/// What the scripts left in the document.
pub fn checks(document: &str) -> Option<&str> {
    document.split("<pre id=\"checks\">").nth(1).and_then(|rest| rest.split("</pre>").next())
}

/// The document after the scripts; what the console said is an error.
pub fn open(chromium: &Path, page: &Path) -> String {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--virtual-time-budget=20000"])
        // Nothing can be reached, and what is tried shows in the console.
        .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--v=0", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--window-size=1400,1000"])
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap_or_else(|e| panic!("{}: does not start ({e})", chromium.display()));
    let said = String::from_utf8_lossy(&output.stderr);
    let console: Vec<&str> = said.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{console:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Says so where the test's output is captured too.
pub fn skip(why: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// The browser that `PT4AL_CHROMIUM` names, or one on the path.
pub fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("PT4AL_CHROMIUM") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|file| Path::new(file).is_file())
}
