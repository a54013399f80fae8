//! `report.html`: the page as one file that asks nothing of any network.
//!
//! The sections are those of `README.md`. Figures stand inside the file, and in place of the learning curves there is a
//! chart that answers to its reader; without JavaScript there are the pictures.

mod chart;
mod figure;
mod markdown;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result};

use self::markdown::{Inliner, escape, html_of};
use super::page::{Page, Section};
use super::readme::OF_STATIC_CURVES;
use super::{Findings, Metric};
use crate::findings::Verdict;

/// The heading of the section that gets the chart.
const CURVES: &str = "Learning curves";

/// The document. The spec's text is read from the results folder.
///
/// # Errors
/// If `spec.toml` cannot be read any more.
pub(super) fn html(findings: &Findings, page: &Page) -> Result<String> {
    let file = findings.results.folder.join("spec.toml");
    let spec =
        std::fs::read_to_string(&file).with_context(|| format!("{}: cannot be read; restore it", file.display()));
    let spec = spec.map_err(|e| anyhow::anyhow!("{e:#}"))?;
    let manifest = findings.manifest().map(serde_json::to_string_pretty).transpose()?;
    let file = |name: &str| format!("{}{name}", findings.files);
    let mut files = vec![Part::text("The resolved spec", "spec.toml", &file("spec.toml"), &spec)];
    files.extend(manifest.map(|text| Part::text("The manifest", "manifest.json", &file("manifest.json"), &text)));
    Ok(document(page, chart::data(findings).as_deref(), &tally(findings), files))
}

/// The document of a comparison: the same means, without claims, spec or manifest.
pub(super) fn of_several(parts: &[(&str, &Findings)], metric: Metric, page: &Page) -> String {
    document(page, chart::data_of_several(parts, metric).as_deref(), "", Vec::new())
}

/// The sections of a page, with the chart in place of the pictures of curves, and `files` behind them.
fn document(page: &Page, chart: Option<&str>, tally: &str, files: Vec<Part>) -> String {
    let mut inliner = Inliner::default();
    let sections = page.sections.iter().filter(|section| !section.text.is_empty());
    let mut parts: Vec<Part> = sections.map(|section| part(chart, section, &mut inliner)).collect();
    parts.extend(files);
    let title = escape(&page.title.replace(['\n', '\r'], " "));
    let contents: String =
        parts.iter().map(|p| format!("<li><a href=\"#{}\">{}</a></li>\n", p.id(), escape(&p.heading))).collect();
    let sections: String = parts.iter().map(Part::html).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>\n{css}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n<h1>{title}</h1>\n{tally}\
         <button id=\"theme\" type=\"button\" hidden></button>\n</header>\n\
         <nav aria-label=\"Sections\">\n<ol>\n{contents}</ol>\n</nav>\n<main id=\"main\">\n{sections}</main>\n\
         <script>\n{js}</script>\n</body>\n</html>\n",
        css = include_str!("page.css"),
        js = concat!(include_str!("page.js"), include_str!("chart.js")),
    )
}

/// A section as it stands in the document.
struct Part {
    heading: String,
    /// HTML.
    body: String,
    fold: Fold,
}

/// Whether a reader can fold a section away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    Never,
    Open,
    Closed,
}

impl Part {
    /// A file of the results folder.
    fn text(heading: &str, name: &str, url: &str, text: &str) -> Self {
        let body = format!(
            "<p>The file <a href=\"{}\">{name}</a>:</p>\n<pre tabindex=\"0\"><code>{}</code></pre>\n",
            escape(url),
            escape(text)
        );
        Self { heading: heading.into(), body, fold: Fold::Closed }
    }

    /// `Learning curves` as `learning-curves`.
    fn id(&self) -> String {
        let kept = self.heading.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        // A prefix, so that no heading meets the page's own ids.
        format!("s-{kept}")
    }

    fn html(&self) -> String {
        let (id, heading, body) = (self.id(), escape(&self.heading), &self.body);
        let inside = match self.fold {
            Fold::Never => format!("<h2>{heading}</h2>\n{body}"),
            fold => {
                let open = if fold == Fold::Open { " open" } else { "" };
                format!("<details{open}>\n<summary><h2>{heading}</h2></summary>\n{body}</details>\n")
            }
        };
        format!("<section id=\"{id}\">\n{inside}</section>\n")
    }
}

fn part(chart: Option<&str>, section: &Section, inliner: &mut Inliner) -> Part {
    let heading = section.heading.clone();
    match chart.filter(|_| heading == CURVES) {
        Some(data) => Part { heading, body: curves(section, data, inliner), fold: Fold::Never },
        None => {
            let fold = if ["Verdict", CURVES].contains(&heading.as_str()) { Fold::Never } else { Fold::Open };
            Part { heading, body: html_of(&section.text, &section.figures, inliner), fold }
        }
    }
}

/// The chart in place of the curves' pictures, which stay for readers without JavaScript; then what else the section
/// says.
fn curves(section: &Section, data: &str, inliner: &mut Inliner) -> String {
    let (pictures, others): (Vec<_>, Vec<_>) =
        section.figures.iter().cloned().partition(|figure| figure.file.starts_with("curve"));
    let mut rest = section.text.replace(OF_STATIC_CURVES, "");
    let mut still = String::new();
    for picture in &pictures {
        let markdown = picture.markdown();
        rest = rest.replace(&markdown, "");
        still += &format!("{markdown}\n");
    }
    still += OF_STATIC_CURVES;
    format!(
        "<div id=\"chart\"></div>\n<script type=\"application/json\" id=\"chart-data\">{data}</script>\n\
         <noscript>\n{}</noscript>\n{}",
        html_of(&still, &pictures, inliner),
        html_of(&rest, &others, inliner)
    )
}

/// How many claims held and how many did not, for the head of the page.
fn tally(findings: &Findings) -> String {
    let count = |outcome: Verdict| findings.judgements.iter().filter(|j| j.verdict == outcome).count();
    let chips: String = markdown::OUTCOMES
        .into_iter()
        .filter(|&outcome| count(outcome) > 0)
        .map(|outcome| {
            let (class, words) = (markdown::class(outcome), outcome.in_words());
            format!("<strong class=\"outcome {class}\">{} {words}</strong>\n", count(outcome))
        })
        .collect();
    if chips.is_empty() { chips } else { format!("<p class=\"tally\">Claims: {chips}</p>\n") }
}
