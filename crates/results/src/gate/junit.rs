//! Writes the gate's outcome as JUnit XML, which CI systems show: one suite, a test case for each cell, and a failure
//! for each cell that moved.

use std::fmt::Write;

use super::cells::{Cell, CellState, Tested};
use super::page::{below_in_words, cell_in_words, metric_in_words, place_in_words};
use super::{Gate, page};

/// The JUnit document. `seconds` is how long the comparison took. Results that could not be compared are one test case
/// with an error.
pub fn junit(gate: &Gate, seconds: f64) -> String {
    let (tests, failures, errors, cases) = match &gate.outcome {
        Ok(tested) => {
            let cases: String = tested.cells.iter().map(|cell| case(gate, tested, cell)).collect();
            (tested.cells.len(), tested.moved().count(), 0, cases)
        }
        Err(_) => {
            let summary = attribute(&page::summary(gate));
            let case = format!(
                "    <testcase classname=\"{}\" name=\"comparison\" time=\"0\">\n      <error message=\"{summary}\"/>\n    \
                 </testcase>\n",
                suite(gate)
            );
            (1, 0, 1, case)
        }
    };
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{seconds:.3}\"");
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let suite = suite(gate);
    let output = text(&gate.warnings.iter().fold(String::new(), |mut lines, warning| {
        let _ = writeln!(lines, "warning: {warning}");
        lines
    }));
    let output =
        if output.is_empty() { output } else { format!("    <system-err>{}</system-err>\n", output.trim_end()) };
    let _ = writeln!(
        xml,
        "<testsuites {counts}>\n  <testsuite name=\"{suite}\" skipped=\"0\" {counts}>\n{cases}{output}  \
         </testsuite>\n</testsuites>"
    );
    xml
}

/// The suite's name, `pt4al.check.<results>`. CI systems group suites by the part before the last point, so points in
/// the name of the folder are replaced.
fn suite(gate: &Gate) -> String {
    let name = gate.current.file_name().unwrap_or(gate.current.as_os_str()).to_string_lossy().replace('.', "-");
    attribute(&format!("pt4al.check.{name}"))
}

fn case(gate: &Gate, tested: &Tested, cell: &Cell) -> String {
    let arm = cell.arm.as_deref().unwrap_or("mean over samplers");
    let name = attribute(&format!("{arm}, {}", place_in_words(tested, cell.place)));
    let open = format!("    <testcase classname=\"{}\" name=\"{name}\" time=\"0\"", suite(gate));
    if cell.state == CellState::Held {
        return format!("{open}/>\n");
    }
    let factor = tested.metric.factor;
    let detail = format!(
        "{}: baseline {:.2} %, now {:.2} %; measured changes smaller than {:.2} points {}",
        metric_in_words(tested),
        cell.baseline * factor,
        cell.current * factor,
        cell.counts_from * factor,
        below_in_words(tested)
    );
    format!(
        "{open}>\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
        cell.state.in_words(),
        attribute(&cell_in_words(tested, cell)),
        text(&detail)
    )
}

/// Escapes text between tags. Characters that XML 1.0 cannot represent are replaced.
fn text(raw: &str) -> String {
    let mut escaped = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => escaped.push(c),
            _ => escaped.push('\u{fffd}'),
        }
    }
    escaped
}

/// Escapes an attribute value between double quotes, including line ends, which XML would read as spaces.
fn attribute(raw: &str) -> String {
    text(raw).replace('"', "&quot;").replace('\n', "&#10;").replace('\r', "&#13;").replace('\t', "&#9;")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{curves, results, spec};
    use super::super::{Allowed, Gate};
    use super::*;
    use crate::report::testing::assert_well_formed;

    fn gate(offset: f64) -> Gate {
        let current = results("now <&\"'> \u{1}.x", &spec(), curves(0..5, offset));
        Gate::of(&current, &results("base", &spec(), curves(0..5, 0.0)), &Allowed::default())
    }

    /// Wraps the document in an `svg` element, as the checker expects one.
    fn assert_xml(xml: &str) {
        let (declaration, document) = xml.split_once('\n').unwrap();
        assert!(declaration.starts_with("<?xml"));
        assert_well_formed(&format!("<svg>{document}</svg>"));
    }

    #[test]
    fn markup_quotes_and_control_characters_are_escaped() {
        assert_eq!(
            text("a < b & c > \"d\" \u{0}\u{1b}\u{fffe}é"),
            "a &lt; b &amp; c &gt; \"d\" \u{fffd}\u{fffd}\u{fffd}é"
        );
        assert_eq!(attribute("\"x\"\n\t&"), "&quot;x&quot;&#10;&#9;&amp;");
    }

    #[test]
    fn each_cell_is_a_case_and_each_moved_cell_a_failure() {
        let held = junit(&gate(0.0), 0.25);
        assert_xml(&held);
        let counts = "tests=\"9\" failures=\"0\" errors=\"0\" time=\"0.250\"";
        assert_eq!(held.matches(counts).count(), 2, "{held}");
        assert_eq!(held.matches("<testcase").count(), 9);
        assert!(held.contains("name=\"pt4al.check.now &lt;&amp;&quot;'&gt; \u{fffd}-x\""), "{held}");
        assert!(held.contains("name=\"core-set, 400 labels\"") && held.contains("name=\"mean over samplers, area\""));

        let moved = junit(&gate(-0.2), 0.0);
        assert_xml(&moved);
        assert!(moved.contains("tests=\"9\" failures=\"9\" errors=\"0\""), "{moved}");
        assert!(moved.contains("<failure type=\"worse\" message=\"random at 200 labels: -20.0 points (p"), "{moved}");
        let detail = "points are not significant</failure>";
        assert_eq!(
            (moved.matches(">test accuracy: baseline ").count(), moved.matches(detail).count()),
            (9, 9),
            "{moved}"
        );
    }

    #[test]
    fn results_that_could_not_be_compared_are_one_error() {
        let baseline = results("base", &spec(), curves(0..5, 0.0));
        let current = results("now", &spec(), curves(0..2, 0.0));
        let xml = junit(&Gate::of(&current, &baseline, &Allowed::default()), 0.0);
        assert_xml(&xml);
        assert!(xml.contains("tests=\"1\" failures=\"0\" errors=\"1\""), "{xml}");
        assert!(xml.contains("<error message=\"could not compare: now: 2 of 2 seeds"), "{xml}");
    }
}
