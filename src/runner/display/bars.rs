//! Bars on a terminal: one for each running task, and one for the whole run.

use std::collections::HashMap;
use std::time::Duration;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::layout::{Layout, cut, cut_name};

pub(super) struct Bars {
    bars: MultiProgress,
    overall: ProgressBar,
    tasks: HashMap<usize, (ProgressBar, String)>,
    longest_name: usize,
    /// The terminal's width when the bars were last drawn.
    columns: usize,
}

impl Bars {
    /// Returns `None` if bars cannot be drawn: standard error is no terminal, or a terminal that only prints
    /// (`TERM=dumb`).
    pub fn on_terminal(longest_name: usize) -> Option<Self> {
        let bars = MultiProgress::new();
        if bars.is_hidden() {
            return None;
        }
        let style = ProgressStyle::with_template("{elapsed_precise} {wide_bar} {percent:>3} % {msg}");
        let overall = bars.add(ProgressBar::new(1).with_style(style.expect("a valid template")));
        overall.enable_steady_tick(Duration::from_secs(1));
        Some(Self { bars, overall, tasks: HashMap::new(), longest_name, columns: columns() })
    }

    pub fn started(&mut self, id: usize, name: String, units: u64) {
        self.fit();
        let bar = self.bars.insert_before(&self.overall, ProgressBar::new(units));
        self.style(&bar, &name);
        self.tasks.insert(id, (bar, name));
    }

    pub fn progress(&mut self, id: usize, units: u64, at: &str) {
        self.fit();
        if let Some((bar, _)) = self.tasks.get(&id) {
            bar.set_position(units);
            bar.set_message(cut(at, self.layout().message));
        }
    }

    pub fn ended(&mut self, id: usize) {
        if let Some((bar, _)) = self.tasks.remove(&id) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
    }

    pub fn overall(&self, (done, total): (u64, u64), message: &str) {
        self.overall.set_length(total);
        self.overall.set_position(done);
        self.overall.set_message(cut(message, Layout::overall_message(self.columns)));
    }

    /// Prints a line that stays, above the bars. The name is cut if the line would otherwise wrap.
    pub fn line(&self, name: &str, text: &str) {
        let room = columns().saturating_sub(1 + text.chars().count());
        // A long message is printed whole and wraps; then there is no use in cutting the name.
        let name = if room >= 6 { cut_name(name, room) } else { name.to_owned() };
        let _ = self.bars.println(format!("{name}{text}"));
    }

    fn layout(&self) -> Layout {
        Layout::new(self.columns, self.longest_name)
    }

    /// Lays the bars out again if the width of the terminal has changed.
    fn fit(&mut self) {
        let now = columns();
        if now != self.columns {
            self.columns = now;
            for (bar, name) in self.tasks.values() {
                self.style(bar, name);
                let message = cut(&bar.message(), self.layout().message);
                bar.set_message(message);
            }
        }
    }

    fn style(&self, bar: &ProgressBar, name: &str) {
        let Layout { name: width, bar: length, .. } = self.layout();
        let template = format!("  {{prefix:{width}}} {{bar:{length}}} {{percent:>3}} % {{msg}}");
        bar.set_style(ProgressStyle::with_template(&template).expect("a valid template"));
        bar.set_prefix(cut_name(name, width));
    }
}

/// The width of the terminal in columns; 80 if unknown.
fn columns() -> usize {
    Term::stderr().size_checked().map_or(80, |(_, columns)| usize::from(columns)).max(1)
}
