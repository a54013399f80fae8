//! What is wrong with a data set's files, collected so that all of it is told at once.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Result;

/// Problems that are listed; the rest is counted.
const LISTED: usize = 20;

/// Problems found so far, from any thread.
#[derive(Debug, Default)]
pub struct Problems {
    found: Mutex<Vec<(PathBuf, String)>>,
}

/// The message of [`Problems::into_result`]: the one error that has several lines.
#[derive(Debug)]
pub struct ProblemList(String);

impl Display for ProblemList {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ProblemList {}

impl Problems {
    /// Notes that `path` is not usable, and why (without a remedy: there is one for all).
    pub fn add(&self, path: &Path, why: impl Display) {
        let mut found = self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        found.push((path.to_owned(), why.to_string().replace('\n', ", ")));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nothing, if there are no problems; else the first 20 by path, and the count, with one remedy.
    ///
    /// # Errors
    /// If there is a problem.
    pub fn into_result(self, data_set: &str, remedy: &str) -> Result<()> {
        let mut found = self.found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        if found.is_empty() {
            return Ok(());
        }
        // Threads find them in any order.
        found.sort();
        let list: String =
            found.iter().take(LISTED).map(|(path, why)| format!("\n  {}: {why}", path.display())).collect();
        let more = match found.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!("\n  ... and {more} more"),
        };
        let count = found.len();
        let problems = if count == 1 { "problem" } else { "problems" };
        Err(ProblemList(format!("{count} {problems} with the files of {data_set}; {remedy}:{list}{more}")).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
