//! Words for what is recorded.

/// A selection rule in words.
pub(super) fn select_in_words(select: &str) -> String {
    match select {
        "last" => "last epoch".into(),
        "best-on-test" => "best epoch on the test images (optimistic)".into(),
        "best-on-held-out" => "best epoch on held-out labels".into(),
        other => other.to_owned(),
    }
}

/// `12345` as `12,345`.
pub(super) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `3 seeds`, or `2 to 3 seeds` where counts differ, `1 seed` in the singular.
pub(super) fn seeds_in_words(counts: impl Iterator<Item = usize> + Clone) -> String {
    let (low, high) = (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0));
    match (low, high) {
        (1, 1) => "1 seed".into(),
        (low, high) if low == high => format!("{low} seeds"),
        (low, high) => format!("{low} to {high} seeds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words() {
        let shown: Vec<String> = [0, 999, 1000, 50_000, 1_234_567].map(thousands).to_vec();
        assert_eq!(shown, ["0", "999", "1,000", "50,000", "1,234,567"]);
        assert_eq!(seeds_in_words([3, 3].into_iter()), "3 seeds");
        assert_eq!(seeds_in_words([1].into_iter()), "1 seed");
        assert_eq!(seeds_in_words([3, 1].into_iter()), "1 to 3 seeds");
    }
}
