//! How wide the parts of a line of progress are, so that it never wraps.

/// Columns of a task's line: `  <name> <bar> 100 % <message>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub name: usize,
    pub bar: usize,
    pub message: usize,
}

/// Columns that a task's line takes beside the three parts.
const BETWEEN: usize = 10;
/// Columns that the line of the whole run takes beside its bar and its message: `00:12:34 <bar> 100 % <message>`.
const BETWEEN_OVERALL: usize = 16;
/// For instance `round 10, epoch 200/200`.
const MESSAGE: usize = 24;
const LONGEST_BAR: usize = 30;
const SHORTEST_BAR: usize = 8;

impl Layout {
    /// For a terminal of so many columns, where the longest name has so many characters. The last column stays free:
    /// some terminals wrap as soon as it is written.
    pub fn new(columns: usize, longest_name: usize) -> Self {
        let room = columns.saturating_sub(1 + BETWEEN);
        let name = longest_name.min(room.saturating_sub(MESSAGE + SHORTEST_BAR).max(room / 3));
        let bar = room.saturating_sub(name + MESSAGE).min(LONGEST_BAR);
        // Too short a bar tells less than the message could.
        let bar = if bar < SHORTEST_BAR / 2 { 0 } else { bar };
        Self { name, bar, message: room - name - bar }
    }

    /// Columns for the message of the whole run, beside the shortest bar where there is room for one.
    pub fn overall_message(columns: usize) -> usize {
        columns.saturating_sub(1 + BETWEEN_OVERALL)
    }
}

/// The text in so many columns; an ellipsis stands for an end that does not fit.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let kept = text.chars().take(columns.saturating_sub(1));
    kept.chain((columns > 0).then_some('…')).collect()
}

/// The name in so many columns. Names differ at both ends (`core-set-seed3`), so an ellipsis stands for the middle.
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
        // Names as long as the longest, a bar and the whole message, where there is room.
        assert_eq!(Layout::new(80, 24), Layout { name: 24, bar: 21, message: 24 });
        assert_eq!(Layout::new(80, 49), Layout { name: 37, bar: 8, message: 24 });
        assert_eq!(Layout::new(200, 49), Layout { name: 49, bar: 30, message: 110 });
        assert_eq!(Layout::new(50, 49), Layout { name: 13, bar: 0, message: 26 });
        assert_eq!(Layout::new(40, 24), Layout { name: 9, bar: 0, message: 20 });
    }

    #[test]
    fn what_does_not_fit_is_cut_with_an_ellipsis() {
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
