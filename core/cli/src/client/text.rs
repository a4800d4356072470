//! Text on a terminal.

use super::error::ClientError;
use std::fmt::Write;

/// `text` without anything that moves the cursor, changes colours or turns the reading direction: names come from the
/// customer's computer and are not trusted.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let turns =
            matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}');
        if c.is_control() || turns {
            // Writing to a string does not fail.
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Prints an answer. Somebody who reads no further (`| head`) is no failure.
pub(super) fn print(text: &str) -> Result<(), ClientError> {
    match text.trim_end() {
        "" => Ok(()),
        text => crate::output::write(text).map_err(|e| ClientError::Failed(format!("{e:#}"))),
    }
}

/// Lines of columns, each as wide as its widest cell; the last is not padded.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(|c| c.chars().count()).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let pad = width - cell.chars().count();
            line.push_str(cell);
            line.push_str(&" ".repeat(pad + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_cannot_write_on_the_terminal() {
        for (name, expect) in [
            ("notes.txt", "notes.txt"),
            ("été à Zürich", "été à Zürich"),
            ("a\x1b[2Jb", "a\\u{1b}[2Jb"),
            ("line\nbreak", "line\\nbreak"),
            ("gpj.\u{202e}exe", "gpj.\\u{202e}exe"),
        ] {
            assert_eq!(shown(name), expect);
        }
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["a".into(), "bb".into()], vec!["ccc".into(), "d".into()]];
        assert_eq!(columns(&rows), "a    bb\nccc  d\n");
    }
}
