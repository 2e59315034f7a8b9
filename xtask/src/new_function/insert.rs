//! Puts lines into text where they belong. YAML is not parsed and written anew: that would lose comments and order.

use crate::error::Error;

/// A file's lines.
pub(crate) struct Lines<'a> {
    path: &'a str,
    lines: Vec<String>,
}

impl<'a> Lines<'a> {
    /// Of a text; `path` is for errors.
    pub(crate) fn of(path: &'a str, text: &str) -> Self {
        Self { path, lines: text.lines().map(str::to_owned).collect() }
    }

    /// The text.
    pub(crate) fn text(self) -> String {
        self.lines.join("\n") + "\n"
    }

    fn missing(&self, what: &str) -> Error {
        Error::Content(format!("{} has no {what} any more: add the function by hand", self.path))
    }

    /// Whether a line is there.
    pub(crate) fn has(&self, line: &str) -> bool {
        self.lines.iter().any(|found| found == line)
    }

    /// Inserts at the end of the block that begins with the line `start`: before the next line that is indented no deeper,
    /// and before the blank lines and comments in front of that one.
    pub(crate) fn append_to_block(&mut self, start: &str, new: &str) -> Result<(), Error> {
        let begin = self.position(start)?;
        let end = self.block_end(begin);
        self.insert(end, new);
        Ok(())
    }

    /// The same for a block inside another one.
    pub(crate) fn append_to_inner_block(&mut self, outer: &str, inner: &str, new: &str) -> Result<(), Error> {
        let begin = self.position(outer)?;
        let end = self.block_end(begin);
        let within = self.lines.get(begin..end).unwrap_or_default();
        let offset = within.iter().position(|line| line == inner).ok_or_else(|| self.missing(inner))?;
        let end = self.block_end(begin + offset);
        self.insert(end, new);
        Ok(())
    }

    /// Inserts before the line `next` and the comments in front of it.
    pub(crate) fn insert_before(&mut self, next: &str, new: &str) -> Result<(), Error> {
        let mut place = self.position(next)?;
        while self.line(place.wrapping_sub(1)).is_some_and(|line| line.trim_start().starts_with('#')) {
            place -= 1;
        }
        self.insert(place, new);
        Ok(())
    }

    /// Inserts after the last line that `is_like`.
    pub(crate) fn insert_after_last(
        &mut self,
        what: &str,
        is_like: impl Fn(&str) -> bool,
        new: &str,
    ) -> Result<(), Error> {
        let last = self.lines.iter().rposition(|line| is_like(line)).ok_or_else(|| self.missing(what))?;
        self.insert(last + 1, new);
        Ok(())
    }

    /// Appends to the list in brackets that follows the line `start`, such as the items of a loop.
    pub(crate) fn append_to_list(&mut self, start: &str, item: &str) -> Result<(), Error> {
        let begin = self.position(start)?;
        let end = self.block_end(begin);
        let list = self.lines.get_mut(begin..end).unwrap_or_default().iter_mut().find(|line| line.ends_with(']'));
        match list.and_then(|line| Some(format!("{}, {item}]", line.strip_suffix(']')?)).zip(Some(line))) {
            Some((longer, line)) => *line = longer,
            None => return Err(self.missing(&format!("list after {start}"))),
        }
        Ok(())
    }

    fn position(&self, line: &str) -> Result<usize, Error> {
        self.lines.iter().position(|found| found == line).ok_or_else(|| self.missing(line))
    }

    fn line(&self, number: usize) -> Option<&str> {
        self.lines.get(number).map(String::as_str)
    }

    fn block_end(&self, begin: usize) -> usize {
        let depth = self.line(begin).map_or(0, indentation);
        let is_next =
            |line: &&String| !line.trim().is_empty() && !line.trim_start().starts_with('#') && indentation(line) <= depth;
        let after = self.lines.get(begin + 1..).unwrap_or_default();
        let next = after.iter().position(|line| is_next(&line)).map_or(self.lines.len(), |offset| begin + 1 + offset);
        let mut end = next;
        while self.line(end.wrapping_sub(1)).is_some_and(|line| {
            line.trim().is_empty() || (line.trim_start().starts_with('#') && indentation(line) <= depth)
        }) {
            end -= 1;
        }
        end
    }

    fn insert(&mut self, place: usize, new: &str) {
        self.lines.splice(place..place, new.lines().map(str::to_owned));
    }
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
Parameters:
  A:
    Type: String

# About resources.
Resources:
  # The first.
  First:
    Parameters:
      X: 1
    Tags: none

  # All of them.
  Loop:
    - Name
    - [First]
";

    #[test]
    fn puts_lines_where_they_belong_and_keeps_comments() {
        let mut lines = Lines::of("x.yaml", TEXT);
        lines.append_to_block("Parameters:", "  B:\n    Type: Number").unwrap();
        lines.append_to_inner_block("  First:", "    Parameters:", "      Y: 2").unwrap();
        lines.insert_before("  Loop:", "  Second: {}\n").unwrap();
        lines.append_to_list("  Loop:", "Second").unwrap();
        lines.insert_after_last("tags", |line| line.contains("Tags"), "    More: some").unwrap();
        let expected = "\
Parameters:
  A:
    Type: String
  B:
    Type: Number

# About resources.
Resources:
  # The first.
  First:
    Parameters:
      X: 1
      Y: 2
    Tags: none
    More: some

  Second: {}
  # All of them.
  Loop:
    - Name
    - [First, Second]
";
        assert_eq!(lines.text(), expected);
    }

    #[test]
    fn says_what_it_can_not_find() {
        let mut lines = Lines::of("x.yaml", TEXT);
        let error = lines.append_to_block("Outputs:", "x").unwrap_err().to_string();
        assert!(error.contains("x.yaml has no Outputs:"), "{error}");
    }
}
