//! Splits a file of JSON Lines into its lines while it is read in pieces. It keeps one line at a time.

/// A line of a file, without its line feed.
#[derive(Clone, Copy)]
pub enum FileLine<'a> {
    /// The bytes of the line.
    Whole(&'a [u8]),
    /// The line is longer than allowed, so that it was not kept.
    TooLong,
}

/// The splitter of one file.
pub struct JsonLines {
    longest: usize,
    line: Vec<u8>,
    overlong: bool,
}

impl JsonLines {
    /// A splitter for lines of at most `longest` bytes.
    pub fn new(longest: usize) -> Self {
        Self { longest, line: Vec::new(), overlong: false }
    }

    /// Passes each line that ends within the next piece of the file to `use_line`.
    pub fn feed(&mut self, piece: &[u8], mut use_line: impl FnMut(FileLine<'_>)) {
        let mut rest = piece;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end);
            self.append(line);
            self.end_line(&mut use_line);
            rest = after.get(1..).unwrap_or_default();
        }
        self.append(rest);
    }

    /// Passes the last line to `use_line`. It need not end with a line feed.
    pub fn finish(mut self, mut use_line: impl FnMut(FileLine<'_>)) {
        if self.overlong || !self.line.is_empty() {
            self.end_line(&mut use_line);
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        if self.overlong || self.line.len() + bytes.len() > self.longest {
            self.overlong = true;
            self.line.clear();
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    fn end_line(&mut self, use_line: &mut impl FnMut(FileLine<'_>)) {
        use_line(if self.overlong { FileLine::TooLong } else { FileLine::Whole(&self.line) });
        self.line.clear();
        self.overlong = false;
    }
}

#[cfg(test)]
mod tests {
    use super::{FileLine, JsonLines};

    fn lines(pieces: &[&str]) -> Vec<Option<String>> {
        let mut found = Vec::new();
        let mut add = |line: FileLine<'_>| {
            found.push(match line {
                FileLine::Whole(line) => Some(String::from_utf8(line.to_vec()).unwrap()),
                FileLine::TooLong => None,
            });
        };
        let mut split = JsonLines::new(4);
        for piece in pieces {
            split.feed(piece.as_bytes(), &mut add);
        }
        split.finish(&mut add);
        found
    }

    #[test]
    fn lines_join_over_pieces_and_long_ones_are_dropped() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(lines(&["ab", "c\nd", "\n"]), [text("abc"), text("d")]);
        assert_eq!(lines(&["abcde\nx\n", "\nlast"]), [None, text("x"), text(""), text("last")]);
        assert!(lines(&[""]).is_empty());
    }
}
