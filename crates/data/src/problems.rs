//! The problems with a data set's files, collected so that one error lists all of them.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Result;

/// The largest number of problems that are listed; the others are counted.
const LISTED: usize = 20;

/// Problems found so far, from any thread.
#[derive(Debug, Default)]
pub struct Problems {
    /// For each problem: whether it may follow from another one, the path, and what is wrong.
    found: Mutex<Vec<(bool, PathBuf, String)>>,
}

/// The error of [`Problems::into_result`]: the only error message with several lines.
#[derive(Debug)]
pub struct ProblemList(String);

impl Display for ProblemList {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ProblemList {}

impl Problems {
    /// Notes that `path` is not usable, and why. The remedy comes later, once for all problems.
    pub fn add(&self, path: &Path, why: impl Display) {
        self.push(false, path, &why);
    }

    /// Notes a problem that may only follow from another one; it is listed after those.
    pub fn add_consequence(&self, path: &Path, why: impl Display) {
        self.push(true, path, &why);
    }

    fn push(&self, consequence: bool, path: &Path, why: &dyn Display) {
        let mut found = self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        found.push((consequence, path.to_owned(), why.to_string().replace('\n', ", ")));
    }

    /// The number of problems.
    pub fn len(&self) -> usize {
        self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).len()
    }

    /// Whether there are no problems.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Turns the problems into one error ([`ProblemList`]): their number, `remedy`, and the first 20 of them by path.
    ///
    /// # Errors
    /// If there is a problem.
    pub fn into_result(self, data_set: &str, remedy: &str) -> Result<()> {
        let mut found = self.found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        if found.is_empty() {
            return Ok(());
        }
        // Threads find problems in any order.
        found.sort();
        let list: String =
            found.iter().take(LISTED).map(|(_, path, why)| format!("\n  {}: {why}", one_line(path))).collect();
        let more = match found.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!("\n  ... and {more} more"),
        };
        let count = found.len();
        let problems = if count == 1 { "problem" } else { "problems" };
        Err(ProblemList(format!("{count} {problems} with the files of {data_set}; {remedy}:{list}{more}")).into())
    }
}

/// A path without control characters, for instance line breaks, which file names may have.
fn one_line(path: &Path) -> String {
    path.display().to_string().replace(char::is_control, "?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_stand_before_consequences_and_a_problem_takes_one_line() {
        let problems = Problems::default();
        problems.add_consequence(Path::new("a.png"), "an image without its label");
        problems.add(Path::new("b\nc"), "the folder cannot be listed");
        let message = problems.into_result("cityscapes", "restore them").unwrap_err().to_string();
        assert!(
            message.ends_with("\n  b?c: the folder cannot be listed\n  a.png: an image without its label"),
            "{message}"
        );
    }

    #[test]
    fn twenty_are_listed_by_path_and_the_rest_is_counted() {
        let problems = Problems::default();
        for i in (0..23).rev() {
            problems.add(Path::new(&format!("a/{i:02}.jpg")), "not an image");
        }
        let message = problems.into_result("caltech101", "restore them").unwrap_err().to_string();
        assert!(
            message.starts_with("23 problems with the files of caltech101; restore them:\n  a/00.jpg: not"),
            "{message}"
        );
        assert!(message.ends_with("a/19.jpg: not an image\n  ... and 3 more"), "{message}");
        assert!(Problems::default().into_result("caltech101", "restore them").is_ok());
    }
}
