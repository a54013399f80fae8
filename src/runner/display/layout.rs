//! The widths of the parts of a progress line, chosen so that it never wraps.

/// Widths in columns of the parts of a task's line, `  <name> <bar> 100 % <message>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub name: usize,
    pub bar: usize,
    pub message: usize,
}

/// Columns of a task's line besides the three parts.
const BETWEEN: usize = 10;
/// Columns of the overall line besides its bar and its message: `00:12:34 <bar> 100 % <message>`.
const BETWEEN_OVERALL: usize = 16;
/// Columns for a message such as `round 10, epoch 200/200`.
const MESSAGE: usize = 24;
const LONGEST_BAR: usize = 30;
const SHORTEST_BAR: usize = 8;

impl Layout {
    /// The layout for a terminal of `columns` columns and names of at most `longest_name` characters. The last column stays
    /// free because some terminals wrap as soon as it is written.
    pub fn new(columns: usize, longest_name: usize) -> Self {
        let room = columns.saturating_sub(1 + BETWEEN);
        let name = longest_name.min(room.saturating_sub(MESSAGE + SHORTEST_BAR).max(room / 3));
        let bar = room.saturating_sub(name + MESSAGE).min(LONGEST_BAR);
        // A very short bar tells less than the message in its place.
        let bar = if bar < SHORTEST_BAR / 2 { 0 } else { bar };
        Self { name, bar, message: room - name - bar }
    }

    /// Columns for the message of the overall line, beside the shortest bar if there is room for one.
    pub fn overall_message(columns: usize) -> usize {
        columns.saturating_sub(1 + BETWEEN_OVERALL)
    }
}

/// Cuts a text to `columns` columns; an ellipsis replaces its end.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let kept = text.chars().take(columns.saturating_sub(1));
    kept.chain((columns > 0).then_some('…')).collect()
}

/// Cuts a name to `columns` columns. Names differ at both ends (`core-set-seed3`), so an ellipsis replaces the middle.
pub(super) fn cut_name(name: &str, columns: usize) -> String {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= columns || columns < 3 {
        return cut(name, columns);
    }
    let end = (columns / 3).max(1);
    let start = &characters[..columns - 1 - end];
    start.iter().chain(&['…']).chain(&characters[characters.len() - end..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_fits_its_terminal() {
        for columns in 1..250 {
            for longest in [6, 14, 24, 49, 90] {
                let Layout { name, bar, message } = Layout::new(columns, longest);
                assert!(columns <= BETWEEN || name + bar + message + BETWEEN < columns.max(BETWEEN + 1));
                assert!(name <= longest && bar <= LONGEST_BAR);
            }
            assert!(columns <= BETWEEN_OVERALL || Layout::overall_message(columns) + BETWEEN_OVERALL < columns);
        }
        // With enough room: the longest name, a bar and the whole message.
        assert_eq!(Layout::new(80, 24), Layout { name: 24, bar: 21, message: 24 });
        assert_eq!(Layout::new(80, 49), Layout { name: 37, bar: 8, message: 24 });
        assert_eq!(Layout::new(200, 49), Layout { name: 49, bar: 30, message: 110 });
        assert_eq!(Layout::new(50, 49), Layout { name: 13, bar: 0, message: 26 });
        assert_eq!(Layout::new(40, 24), Layout { name: 9, bar: 0, message: 20 });
    }

    #[test]
    fn text_that_does_not_fit_is_cut_with_an_ellipsis() {
        assert_eq!(cut("round 3, epoch 12/30", 24), "round 3, epoch 12/30");
        assert_eq!(cut("round 3, epoch 12/30", 10), "round 3, …");
        assert_eq!((cut("round", 1).as_str(), cut("round", 0).as_str()), ("…", ""));
        assert_eq!(cut_name("core-set-seed3", 24), "core-set-seed3");
        assert_eq!(cut_name("pretext-batch-margin@published-2022-seed3", 24), "pretext-batch-m…22-seed3");
        for columns in 0..50 {
            assert!(cut_name("pretext-batch-margin@published-2022-seed3", columns).chars().count() <= columns);
        }
    }
}
