//! Markdown fences around streamed JSON: they are left out while the text arrives, as [`super::unfenced`] does for a
//! whole text. Every character is looked at once, however many parts it arrives in and whatever is held back.

const FENCE: &str = "```";
const FENCES: [&str; 2] = ["```json", FENCE];

/// Passes on the parts of a text without white space and a fence around it.
#[derive(Debug)]
pub(crate) enum Unfencing {
    /// Nothing but white space and perhaps the beginning of a fence has arrived. It holds no more than a fence.
    Before(String),
    /// This fence has arrived, and white space after it.
    Opened(&'static str),
    /// The text inside has begun.
    Inside(HeldEnd),
}

/// The part of the text that may be its end: white space, and in a fence the fence with white space around it.
#[derive(Debug, Default)]
pub(crate) struct HeldEnd {
    fenced: bool,
    /// White space before the ticks, or all white space where there are none.
    space: String,
    /// The number of ticks, of a fence at most.
    ticks: usize,
    /// White space after the ticks.
    space_after: String,
}

impl Default for Unfencing {
    fn default() -> Self {
        Self::Before(String::new())
    }
}

impl Unfencing {
    /// The text that can be passed on after this part; it may be empty.
    pub(crate) fn more(&mut self, text: &str) -> String {
        match self {
            Self::Before(held) => {
                held.push_str(if held.is_empty() { text.trim_start() } else { text });
                if FENCES.iter().any(|fence| fence.starts_with(held.as_str())) {
                    return String::new();
                }
                let begun = std::mem::take(held);
                match FENCES.iter().find_map(|fence| Some((*fence, begun.strip_prefix(fence)?))) {
                    Some((fence, inner)) => {
                        *self = Self::Opened(fence);
                        self.more(inner)
                    }
                    None => self.begin(false, &begun),
                }
            }
            Self::Opened(_) => match text.trim_start() {
                "" => String::new(),
                inner => self.begin(true, inner),
            },
            Self::Inside(end) => {
                let mut passed = String::with_capacity(text.len());
                text.chars().for_each(|c| end.take(c, &mut passed));
                passed
            }
        }
    }

    fn begin(&mut self, fenced: bool, text: &str) -> String {
        *self = Self::Inside(HeldEnd { fenced, ..HeldEnd::default() });
        self.more(text)
    }

    /// The rest, when nothing more arrives.
    pub(crate) fn rest(&mut self) -> String {
        match self {
            Self::Before(held) => std::mem::take(held).trim_end().to_owned(),
            Self::Opened(fence) => {
                let fence = (*fence).to_owned();
                *self = Self::default();
                fence
            }
            Self::Inside(end) => {
                let fenced = end.fenced;
                let HeldEnd { space, ticks, .. } =
                    std::mem::replace(end, HeldEnd { fenced, ..HeldEnd::default() });
                let is_text = (1..FENCE.len()).contains(&ticks);
                if is_text { space + &"`".repeat(ticks) } else { String::new() }
            }
        }
    }
}

impl HeldEnd {
    /// Takes a character, and passes on what can't be the end any more.
    fn take(&mut self, c: char, passed: &mut String) {
        if c.is_whitespace() {
            let space = if self.ticks == 0 { &mut self.space } else { &mut self.space_after };
            space.push(c);
            return;
        }
        if c != '`' || !self.fenced {
            self.pass(self.ticks, passed);
            passed.push_str(&std::mem::take(&mut self.space));
            passed.push(c);
            return;
        }
        if !self.space_after.is_empty() {
            self.pass(self.ticks, passed);
        } else if self.ticks == FENCE.len() {
            self.pass(1, passed);
        }
        self.ticks += 1;
    }

    /// Passes on the white space before the ticks and this many ticks. The white space after them stands before the next
    /// ones.
    fn pass(&mut self, ticks: usize, passed: &mut String) {
        if ticks > 0 {
            passed.push_str(&self.space);
            passed.extend(std::iter::repeat_n('`', ticks));
            self.ticks -= ticks;
            self.space = std::mem::take(&mut self.space_after);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structured::unfenced;

    #[test]
    fn a_stream_is_as_clean_as_a_whole_text_however_it_is_cut() {
        for text in [
            "```json\n{\"a\": 1}\n```",
            "```\n{\"a\": 1}```  ",
            "  {\"a\": \"`x` ``` y\"}  \n",
            "```json\n{\"a\": \"``\"}\n```\n",
            "{}",
            "",
            " \n",
            " ```json ",
            "```\n",
            "```json{}``````",
            "```{} ` `` ``` ```` \n ``` ",
            "``{}``",
            "{} ``` ",
        ] {
            for size in 1..=text.len().max(1) {
                let mut unfencing = Unfencing::default();
                let parts = text.as_bytes().chunks(size).map(|part| std::str::from_utf8(part).unwrap());
                let mut told: String = parts.map(|part| unfencing.more(part)).collect();
                told.push_str(&unfencing.rest());
                assert_eq!(told, unfenced(text), "{text:?} in parts of {size}");
            }
        }
    }

    /// It would take hours if white space that is held, or that is left out, were looked at again with each part.
    #[test]
    fn white_space_is_looked_at_once() {
        let many = 1_000_000;
        let feed = |unfencing: &mut Unfencing, text: &str| -> String {
            (0..many).map(|_| unfencing.more(text)).collect()
        };
        // Nothing of it is held.
        let mut unfencing = Unfencing::default();
        assert_eq!(feed(&mut unfencing, " "), "");
        assert!(matches!(&unfencing, Unfencing::Before(held) if held.is_empty()));
        assert_eq!(unfencing.more("```json"), "");
        assert_eq!(feed(&mut unfencing, "\n"), "");
        assert!(matches!(unfencing, Unfencing::Opened("```json")));
        assert_eq!(unfencing.more("{"), "{");
        // All of it is held, as it may be the end, and is passed on when it is not.
        assert_eq!(feed(&mut unfencing, " "), "");
        assert_eq!(unfencing.more("``"), "");
        assert_eq!(feed(&mut unfencing, " "), "");
        assert_eq!(unfencing.more("}").len(), 2 * many + "``}".len());
        assert_eq!(feed(&mut unfencing, "` ").len(), 2 * many - 3);
        assert_eq!(unfencing.rest(), " `");
    }
}
