//! Bars on a terminal: one for each running task, and one for all.

use std::collections::HashMap;
use std::time::Duration;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::layout::{Layout, cut, cut_name};

pub(super) struct Bars {
    bars: MultiProgress,
    all: ProgressBar,
    tasks: HashMap<usize, (ProgressBar, String)>,
    longest_name: usize,
    /// Of the terminal when the bars were drawn last.
    columns: usize,
}

impl Bars {
    /// `None` where bars cannot be drawn: standard error is no terminal, or one that only prints (`TERM=dumb`).
    pub fn on_terminal(longest_name: usize) -> Option<Self> {
        let bars = MultiProgress::new();
        if bars.is_hidden() {
            return None;
        }
        let style = ProgressStyle::with_template("{elapsed_precise} {wide_bar} {percent:>3} % {msg}");
        let all = bars.add(ProgressBar::new(1).with_style(style.expect("a valid template")));
        all.enable_steady_tick(Duration::from_secs(1));
        Some(Self { bars, all, tasks: HashMap::new(), longest_name, columns: columns() })
    }

    pub fn started(&mut self, id: usize, name: String, units: u64) {
        self.fit();
        let bar = self.bars.insert_before(&self.all, ProgressBar::new(units));
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
        self.all.set_length(total);
        self.all.set_position(done);
        self.all.set_message(cut(message, Layout::overall_message(self.columns)));
    }

    /// A line that stays, above the bars. The name is cut where the line would wrap otherwise.
    pub fn line(&self, name: &str, text: &str) {
        let room = columns().saturating_sub(1 + text.chars().count());
        // A long message must be read whole, so it wraps; its name then loses nothing by standing whole before it.
        let name = if room >= 6 { cut_name(name, room) } else { name.to_owned() };
        let _ = self.bars.println(format!("{name}{text}"));
    }

    fn layout(&self) -> Layout {
        Layout::new(self.columns, self.longest_name)
    }

    /// Lays the bars out anew if the terminal has another width now.
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

/// Columns of the terminal; 80 where it does not tell.
fn columns() -> usize {
    Term::stderr().size_checked().map_or(80, |(_, columns)| usize::from(columns)).max(1)
}
