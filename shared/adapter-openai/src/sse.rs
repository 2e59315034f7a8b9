//! Splits a stream of server-sent events into the data of each event, however the bytes were cut in transit (WHATWG
//! HTML, 9.2.6). It does not interpret the data. The crates for this are either without a release since 2022 or younger
//! than a year, and the code is one page.

/// The most that one event may hold, in bytes.
const MAX_EVENT: usize = 4 * 1024 * 1024;

/// The bytes are not a stream of events.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SseError {
    #[error("an event is too large")]
    TooLarge,
    #[error("an event is not UTF-8")]
    NotText,
}

/// Collects bytes until an event is whole.
#[derive(Debug, Default)]
pub(crate) struct EventSplitter {
    line: Vec<u8>,
    /// The data lines of the event so far, each with its line feed.
    data: Vec<u8>,
    /// Whether the last byte was a carriage return that ended a line: a line feed after it belongs to it.
    after_return: bool,
    /// Whether the stream has begun: a byte order mark may only be its first character.
    begun: bool,
}

impl EventSplitter {
    /// The data of the events that these bytes complete. An event that the end of the stream cuts off is dropped.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, SseError> {
        let mut whole = Vec::new();
        for &byte in bytes {
            let feed_after_return = self.after_return && byte == b'\n';
            self.after_return = byte == b'\r';
            if feed_after_return {
                continue;
            }
            if byte == b'\n' || byte == b'\r' {
                whole.extend(self.end_of_line()?);
            } else if self.line.len() + self.data.len() < MAX_EVENT {
                self.line.push(byte);
            } else {
                return Err(SseError::TooLarge);
            }
        }
        Ok(whole)
    }

    fn end_of_line(&mut self) -> Result<Option<String>, SseError> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !self.begun {
            self.begun = true;
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            let mut data = std::mem::take(&mut self.data);
            // The last line's feed is not part of the data; without a data line there is no event.
            return match data.pop() {
                Some(_) => String::from_utf8(data).map(Some).map_err(|_| SseError::NotText),
                None => Ok(None),
            };
        }
        // Only `data` matters here; `event`, `id`, `retry` and comments (keep-alives) are skipped.
        let value = match line.strip_prefix(b"data:") {
            Some(value) => value.strip_prefix(b" ").unwrap_or(value),
            None if line == b"data" => &[],
            None => return Ok(None),
        };
        self.data.extend_from_slice(value);
        self.data.push(b'\n');
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(wire: &[u8], size: usize) -> Result<Vec<String>, SseError> {
        let mut splitter = EventSplitter::default();
        let events: Result<Vec<_>, _> = wire.chunks(size).map(|chunk| splitter.push(chunk)).collect();
        Ok(events?.concat())
    }

    #[test]
    fn events_survive_any_split_and_any_end_of_line() {
        let wire = "\u{feff}: keep-alive\n\ndata: {\"a\":\"\u{e9}\u{1f3af}\"}\n\nevent: x\ndata: one\ndata:two\nid: 7\n\n\
                    data\n\ndata:  led\n\ndatabase: no\nretry: 1\n\ndata: [DONE]\n\ndata: cut off";
        let expected = ["{\"a\":\"\u{e9}\u{1f3af}\"}", "one\ntwo", "", " led", "[DONE]"];
        for end in ["\n", "\r\n", "\r"] {
            let wire = wire.replace('\n', end);
            for size in 1..wire.len() {
                assert_eq!(split(wire.as_bytes(), size).unwrap(), expected, "{end:?} in chunks of {size}");
            }
        }
    }

    #[test]
    fn what_is_no_stream_of_events_is_an_error() {
        assert_eq!(split(b"data: \xff\xfe\n\n", 3), Err(SseError::NotText));
        let endless = vec![b'x'; MAX_EVENT + 1];
        assert_eq!(split(&endless, 8_192), Err(SseError::TooLarge));
        let many = b"data: x\n".repeat(MAX_EVENT);
        assert_eq!(split(&many, 8_192), Err(SseError::TooLarge));
    }
}
