//! CSV files that people wrote: with or without a byte order mark, spaces around values, empty lines, and line ends of Windows.

use csv::{Reader, ReaderBuilder, StringRecord, Trim};

/// The text of a CSV file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CsvText<'a>(&'a str);

impl<'a> CsvText<'a> {
    /// Takes the bytes of a file as text, without a byte order mark; `None` if they are not UTF-8.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        Some(Self(text.strip_prefix('\u{feff}').unwrap_or(text)))
    }

    /// The first line.
    ///
    /// # Errors
    /// If it cannot be read as CSV.
    pub fn header(self) -> csv::Result<StringRecord> {
        self.reader().headers().cloned()
    }

    /// The lines after the first one that are not empty, each with its number in the file, from 1. They may have any number of values.
    pub fn records(self) -> impl Iterator<Item = csv::Result<(usize, StringRecord)>> {
        let bytes = self.0.as_bytes();
        let (mut line, mut counted) = (1, 0);
        self.reader().into_records().map(move |record| {
            let record = record?;
            // The reader's own number is that of the line before, if that is empty or ends as on Windows.
            let start = record.position().map_or(counted, |position| position.byte() as usize);
            let start = start + bytes[start..].iter().take_while(|byte| b"\r\n".contains(byte)).count();
            line += bytes[counted..start].iter().filter(|byte| **byte == b'\n').count();
            counted = start;
            Ok((line, record))
        })
    }

    fn reader(self) -> Reader<&'a [u8]> {
        ReaderBuilder::new().trim(Trim::All).flexible(true).from_reader(self.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_as_editors_number_them() {
        for end in ["\n", "\r\n"] {
            let text = ["\u{feff}path,label", "", "a.png, cat ", "", "", "\"b,\nc.png\",dog", "d.png"].join(end);
            let csv = CsvText::new(text.as_bytes()).unwrap();
            assert_eq!(csv.header().unwrap(), vec!["path", "label"]);
            let records: Vec<(usize, StringRecord)> = csv.records().map(Result::unwrap).collect();
            let [a, b, d] = &records[..] else { panic!("{records:?}") };
            assert_eq!((a.0, &a.1), (3, &StringRecord::from(vec!["a.png", "cat"])), "{end:?}");
            assert_eq!((b.0, &b.1), (6, &StringRecord::from(vec!["b,\nc.png", "dog"])), "{end:?}");
            // The value before has a line break of its own.
            assert_eq!((d.0, &d.1), (8, &StringRecord::from(vec!["d.png"])), "{end:?}");
        }
        assert!(CsvText::new(b"\xff").is_none());
    }
}
