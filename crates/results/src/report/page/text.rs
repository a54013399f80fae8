//! Inline text.

use crate::findings::Verdict;

/// Text inside a block. Prose is Markdown's inline syntax alone: code, links, emphasis. Markup of other kinds is shown
/// as the text that it is, and so is whatever would start a block.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Text(Vec<Span>);

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Span {
    /// Inline Markdown.
    Prose(String),
    /// The verdict of a claim, in these words.
    Verdict(Verdict, String),
}

impl Text {
    /// An verdict in other words than its own, for instance `held on TRAIN images`.
    pub fn verdict(verdict: Verdict, words: impl Into<String>) -> Self {
        Self(vec![Span::Verdict(verdict, words.into())])
    }

    pub(super) fn spans(&self) -> &[Span] {
        &self.0
    }

    /// Whether an verdict is in the text.
    pub(super) fn has_verdict(&self) -> bool {
        self.0.iter().any(|span| matches!(span, Span::Verdict(..)))
    }

    pub fn markdown(&self) -> String {
        let span = |span: &Span| match span {
            Span::Prose(markdown) => markdown.clone(),
            Span::Verdict(_, words) => format!("**{words}**"),
        };
        self.0.iter().map(span).collect()
    }
}

impl From<String> for Text {
    fn from(markdown: String) -> Self {
        Self(vec![Span::Prose(markdown)])
    }
}

impl From<&str> for Text {
    fn from(markdown: &str) -> Self {
        markdown.to_owned().into()
    }
}

impl From<&String> for Text {
    fn from(markdown: &String) -> Self {
        markdown.clone().into()
    }
}

impl From<Verdict> for Text {
    fn from(verdict: Verdict) -> Self {
        Self::verdict(verdict, verdict.in_words())
    }
}

/// A link to a file or a place on the web.
pub(crate) fn link(text: &str, url: &str) -> String {
    format!("[{text}]({url})")
}
