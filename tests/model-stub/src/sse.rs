//! Splits a stream of server-sent events into the data of each event, however the bytes were cut in transit. It does
//! not interpret the data.

/// Collects bytes until an event is whole.
#[derive(Debug, Default)]
pub(crate) struct SseSplitter {
    line: Vec<u8>,
    data: Option<String>,
}

impl SseSplitter {
    /// The data of the events that these bytes complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut whole = Vec::new();
        for byte in bytes {
            if *byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                whole.extend(self.end_of_line(&line));
            } else {
                self.line.push(*byte);
            }
        }
        whole
    }

    /// The data of the last event, when no blank line followed it.
    pub(crate) fn finish(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        self.end_of_line(&line).or_else(|| self.data.take())
    }

    fn end_of_line(&mut self, line: &[u8]) -> Option<String> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return self.data.take();
        }
        // Only `data` matters here; `event`, `id`, `retry` and comments (keep-alives) are skipped.
        if let Some(value) = line.strip_prefix(b"data:") {
            let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
            match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(&value);
                }
                None => self.data = Some(value.into_owned()),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_any_split() {
        let wire = ": keep-alive\r\n\r\ndata: {\"a\":\"\u{e9}\"}\r\n\r\nevent: x\ndata: one\ndata:two\n\ndata: [DONE]".as_bytes();
        for size in 1..wire.len() {
            let mut splitter = SseSplitter::default();
            let mut events: Vec<String> = wire.chunks(size).flat_map(|chunk| splitter.push(chunk)).collect();
            events.extend(splitter.finish());
            assert_eq!(events, ["{\"a\":\"\u{e9}\"}", "one\ntwo", "[DONE]"], "chunks of {size}");
        }
    }
}
