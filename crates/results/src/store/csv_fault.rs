//! Says in plain words what is wrong with a CSV file.

use csv::{DeserializeErrorKind as Cell, Error, ErrorKind};

/// Describes the fault on one line, with the file's line if the reader knows it. Columns are counted from 1.
pub fn csv_fault(error: &Error) -> String {
    // The first line names the columns.
    let is_in_header =
        |err: &csv::DeserializeError| matches!(err.kind(), Cell::Message(m) if m.starts_with("missing field"));
    let line = match error.kind() {
        ErrorKind::Deserialize { err, .. } if is_in_header(err) => "line 1: ".into(),
        _ => error.position().map_or(String::new(), |position| format!("line {}: ", position.line())),
    };
    let fault = match error.kind() {
        ErrorKind::Io(error) => error.to_string(),
        ErrorKind::Utf8 { .. } => "it is not UTF-8 text".into(),
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} columns, but the first line has {expected_len}")
        }
        ErrorKind::Deserialize { err, .. } => {
            let column = err.field().map_or(String::new(), |field| format!("column {}: ", field + 1));
            format!("{column}{}", cell_fault(err.kind()))
        }
        _ => error.to_string(),
    };
    format!("{line}{}", fault.replace('\n', " "))
}

/// Describes what is wrong with one value of a row.
pub(super) fn cell_fault(kind: &Cell) -> String {
    match kind {
        Cell::ParseInt(_) => "it must be a whole number from 0".into(),
        Cell::ParseFloat(_) => "it must be a number".into(),
        Cell::ParseBool(_) => "it must be true or false".into(),
        Cell::InvalidUtf8(_) => "it is not UTF-8 text".into(),
        Cell::UnexpectedEndOfRow => "the line has too few columns".into(),
        Cell::Message(message) => match message.strip_prefix("missing field `").and_then(|m| m.strip_suffix('`')) {
            Some(column) => format!("the column `{column}` is missing"),
            None => message.replace('\n', " "),
        },
        Cell::Unsupported(message) => message.replace('\n', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct Row {
        index: usize,
        loss: f64,
        flag: Option<bool>,
    }

    #[test]
    fn faults_are_described_in_plain_words() {
        for (text, wanted) in [
            ("index,loss,flag\nx,1,\n", "line 2: column 1: it must be a whole number from 0"),
            ("index,loss,flag\n0,1,\n-3,1,\n", "line 3: column 1: it must be a whole number from 0"),
            ("index,loss,flag\n0,low,\n", "line 2: column 2: it must be a number"),
            ("index,flag\n0,true\n", "line 1: the column `loss` is missing"),
            ("index,loss,flag\n0,1\n", "line 2: it has 2 columns, but the first line has 3"),
        ] {
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let error = reader.deserialize::<Row>().find_map(Result::err).expect(text);
            assert_eq!(csv_fault(&error), wanted);
        }
        let mut reader = csv::Reader::from_reader(&b"index,loss,flag\n\xff,1,\n"[..]);
        let error = reader.deserialize::<Row>().find_map(Result::err).unwrap();
        assert!(csv_fault(&error).contains("line 2"), "{}", csv_fault(&error));
    }
}
