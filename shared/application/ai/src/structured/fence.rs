//! Markdown fences around streamed JSON: they are left out while the text arrives, as [`super::unfenced`] does for a
//! whole text.

const FENCE: &str = "```";
const FENCES: [&str; 2] = ["```json", FENCE];

/// Passes on the parts of a text without white space and a fence around it.
#[derive(Debug, Default)]
pub(crate) struct Unfencing {
    held: String,
    begun: bool,
    fenced: bool,
}

impl Unfencing {
    /// The text that can be passed on after this part; it may be empty.
    pub(crate) fn more(&mut self, text: &str) -> String {
        self.held.push_str(text);
        if !self.begun {
            let start = self.held.trim_start();
            let may_be_fence = FENCES.iter().any(|fence| fence.starts_with(start));
            if may_be_fence {
                return String::new();
            }
            let inner = FENCES.iter().find_map(|fence| start.strip_prefix(fence));
            self.fenced = inner.is_some();
            let inner = inner.unwrap_or(start).trim_start();
            if inner.is_empty() {
                return String::new();
            }
            self.held = inner.to_owned();
            self.begun = true;
        }
        let later = self.held.split_off(self.may_be_end());
        std::mem::replace(&mut self.held, later)
    }

    /// The rest, when nothing more arrives.
    pub(crate) fn rest(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        let held = if self.begun { held.as_str() } else { held.trim_start() };
        let end = held.trim_end();
        let inner = if self.fenced { end.strip_suffix(FENCE).unwrap_or(end) } else { end };
        inner.trim_end().to_owned()
    }

    /// Where the end of the text may begin: white space, and in a fence the fence.
    fn may_be_end(&self) -> usize {
        let end = self.held.trim_end();
        if !self.fenced {
            return end.len();
        }
        let ticks = end.len() - end.trim_end_matches('`').len();
        let before = end.len() - ticks.min(FENCE.len());
        self.held.get(..before).map_or(before, |before| before.trim_end().len())
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
}
