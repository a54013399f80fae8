//! The banner of a run above its page, and what makes the page load itself again.

use super::escape;

/// How far a run is, or why it stopped.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Banner {
    /// One line.
    pub text: String,
    /// When the run said so: RFC 3339, UTC.
    pub updated: Option<String>,
    /// The part that is finished, 0 to 1.
    pub part: f64,
    /// What runs now, and what failed.
    pub lines: Vec<String>,
    /// The command that continues the run, behind the text.
    pub command: Option<String>,
    /// Seconds after which the page loads itself again; `None` if it stays as it is.
    pub refresh: Option<u32>,
}

/// What a banner adds to the document; nothing without a banner.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub refresh: String,
    pub banner: String,
    pub css: &'static str,
    pub js: String,
}

impl Parts {
    pub fn of(banner: Option<&Banner>) -> Self {
        let Some(banner) = banner else { return Self::default() };
        let updated = banner.updated.as_ref().map_or(String::new(), |time| {
            // The reader's own time where there is JavaScript.
            let clock = time.get(11..19).unwrap_or(time);
            format!(", updated <time id=\"updated\" datetime=\"{}\">{} UTC</time>", escape(time), escape(clock))
        });
        let command =
            banner.command.as_ref().map_or(String::new(), |command| format!(" <code>{}</code>", escape(command)));
        let lines: String = banner.lines.iter().map(|line| format!("<li>{}</li>\n", escape(line))).collect();
        let lines = if lines.is_empty() { lines } else { format!("<ul>\n{lines}</ul>\n") };
        let state = if banner.refresh.is_some() { "running" } else { "stopped" };
        Self {
            // With JavaScript, the script loads the page again: a reader can pause it, and it waits until the page is seen.
            refresh: banner.refresh.map_or(String::new(), |seconds| {
                format!("<noscript><meta http-equiv=\"refresh\" content=\"{seconds}\"></noscript>\n")
            }),
            banner: format!(
                "<div id=\"run\" class=\"{state}\">\n<p>{}{updated}{command}</p>\n\
                 <progress max=\"1\" value=\"{:.4}\" aria-label=\"Finished rounds\"></progress>\n{lines}</div>\n",
                escape(&banner.text),
                banner.part
            ),
            css: include_str!("live.css"),
            js: banner
                .refresh
                .map_or(String::new(), |seconds| include_str!("live.js").replace("SECONDS", &seconds.to_string())),
        }
    }
}
