//! A file as lines, into which blocks are inserted beside similar blocks. Existing lines are never rewritten.

use crate::error::Error;

/// Characters of the longest line of a list.
const WIDEST: usize = 118;

/// A file's lines.
pub(super) struct Text<'a> {
    path: &'a str,
    lines: Vec<String>,
}

impl<'a> Text<'a> {
    /// Reads a file's text.
    pub(super) fn new(path: &'a str, text: &str) -> Self {
        Self { path, lines: text.lines().map(str::to_owned).collect() }
    }

    /// The text.
    pub(super) fn finish(self) -> String {
        self.lines.join("\n") + "\n"
    }

    /// The number of lines.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// A line; empty after the end.
    pub(super) fn line(&self, number: usize) -> &str {
        self.lines.get(number).map(String::as_str).unwrap_or_default()
    }

    /// The first line that equals `line`, from a line on.
    pub(super) fn find(&self, from: usize, line: &str) -> Result<usize, Error> {
        self.find_where(from, self.len(), |other| other == line).ok_or_else(|| self.missing(line))
    }

    /// The last line in a range that matches a condition.
    pub(super) fn last_where(&self, from: usize, to: usize, is: impl Fn(&str) -> bool) -> Option<usize> {
        (from..to).rev().find(|number| is(self.line(*number)))
    }

    /// The first line in a range that matches a condition.
    pub(super) fn find_where(&self, from: usize, to: usize, is: impl Fn(&str) -> bool) -> Option<usize> {
        (from..to).find(|number| is(self.line(*number)))
    }

    /// The error for a missing line.
    pub(super) fn missing(&self, line: &str) -> Error {
        Error::Content(format!(
            "{} has no line `{}`, beside which new-function writes. Restore it, or change the place in \
             xtask/src/new_function.",
            self.path,
            line.trim()
        ))
    }

    /// The end of the block below a line: the line after its last one, before blank lines.
    pub(super) fn end_of(&self, number: usize) -> usize {
        let depth = indent(self.line(number));
        let next = self
            .find_where(number + 1, self.len(), |line| !line.trim().is_empty() && indent(line) <= depth)
            .unwrap_or(self.len());
        let last = self.last_where(number, next, |line| !line.trim().is_empty());
        last.map_or(next, |last| last + 1)
    }

    /// The first of the comment lines directly above a line, or the line itself.
    pub(super) fn above_comments(&self, number: usize) -> usize {
        let above = self.last_where(0, number, |line| !line.trim_start().starts_with('#'));
        above.map_or(0, |above| above + 1)
    }

    /// Replaces a line.
    pub(super) fn replace(&mut self, number: usize, line: &str) {
        if let Some(old) = self.lines.get_mut(number) {
            line.clone_into(old);
        }
    }

    /// Inserts a block of whole lines before a line.
    pub(super) fn insert(&mut self, number: usize, block: &str) {
        let tail = self.lines.split_off(number.min(self.len()));
        self.lines.extend(block.lines().map(str::to_owned));
        self.lines.extend(tail);
    }

    /// Writes an item into the list of the loop `Fn::ForEach::<name>`: after the last item that matches a condition, or
    /// at the end.
    pub(super) fn add_to_loop(
        &mut self,
        name: &str,
        item: &str,
        behind: impl Fn(&str) -> bool,
    ) -> Result<(), Error> {
        let header = format!("  Fn::ForEach::{name}:");
        let start = self.find(0, &header)?;
        let first = self.find_where(start, self.end_of(start), |line| line.starts_with("    - ["));
        let first = first.ok_or_else(|| self.missing(&format!("- [...] below {header}")))?;
        let last = self.find_where(first, self.end_of(start), |line| line.trim_end().ends_with(']'));
        let last = last.ok_or_else(|| self.missing(&format!("] below {header}")))?;
        let list: String =
            (first..=last).map(|number| self.line(number).trim()).collect::<Vec<_>>().join(" ");
        let inside = list.trim_start_matches("- [").trim_end_matches(']');
        let mut items: Vec<&str> = inside.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        let place = items.iter().rposition(|item| behind(item)).map_or(items.len(), |place| place + 1);
        items.insert(place, item);
        let mut lines = vec!["    - [".to_owned()];
        for (number, item) in items.iter().enumerate() {
            let end = if number + 1 == items.len() { "]" } else { "," };
            match lines.last_mut() {
                Some(line) if line.len() + item.len() + 2 <= WIDEST => {
                    if number > 0 {
                        line.push(' ');
                    }
                    line.push_str(&format!("{item}{end}"));
                }
                _ => lines.push(format!("       {item}{end}")),
            }
        }
        self.lines.splice(first..=last, lines);
        Ok(())
    }
}

/// The indentation of a line.
pub(super) fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
