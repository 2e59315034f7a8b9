//! Requests of a function, in HTTP/1.1.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;

type Reader<'a> = BufReader<&'a TcpStream>;

/// A request without its body.
#[derive(Default)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) path: String,
    length: usize,
    chunked: bool,
    streaming: bool,
    content_type: String,
}

impl Head {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut first = String::new();
        if reader.read_line(&mut first).ok()? == 0 {
            return None;
        }
        let mut words = first.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut head = Self { method, path, ..Self::default() };
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim().split_once(':') else { return Some(head) };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.length = value.parse().ok()?,
                "transfer-encoding" => head.chunked = true,
                "lambda-runtime-function-response-mode" => head.streaming = value == "streaming",
                "content-type" => value.clone_into(&mut head.content_type),
                _ => {}
            }
        }
    }

    /// Whether the request says that it is a streamed answer.
    pub(crate) fn streams(&self) -> bool {
        self.streaming
    }

    /// Whether it can be a streamed answer for API Gateway: in chunks, and with status and headers before the body.
    pub(crate) fn may_stream(&self) -> bool {
        self.chunked
            && self.content_type == "application/vnd.awslambda.http-integration-response"
            && self.path.ends_with("/response")
    }
}

/// A body that is being read.
pub(crate) enum Body {
    Chunked,
    Sized(usize),
}

impl Body {
    pub(crate) fn of(head: &Head) -> Self {
        if head.chunked { Self::Chunked } else { Self::Sized(head.length) }
    }

    /// The next part. The inner `None` is the end of the body; the outer one, a closed connection.
    pub(crate) fn next(&mut self, reader: &mut Reader<'_>) -> Option<Option<Vec<u8>>> {
        match self {
            Self::Chunked => chunk(reader),
            Self::Sized(0) => Some(None),
            Self::Sized(length) => {
                let body = exactly(reader, std::mem::take(length))?;
                Some(Some(body))
            }
        }
    }

    pub(crate) fn all(mut self, reader: &mut Reader<'_>) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(part) = self.next(reader)? {
            all.extend(part);
        }
        Some(all)
    }
}

fn exactly(reader: &mut Reader<'_>, length: usize) -> Option<Vec<u8>> {
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

/// A chunk (RFC 9112, section 7.1). Trailers after the last chunk are read and ignored.
fn chunk(reader: &mut Reader<'_>) -> Option<Option<Vec<u8>>> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let length = usize::from_str_radix(line.trim().split(';').next()?, 16).ok()?;
    if length > 0 {
        let chunk = exactly(reader, length)?;
        exactly(reader, 2)?;
        return Some(Some(chunk));
    }
    loop {
        let mut trailer = String::new();
        if reader.read_line(&mut trailer).ok()? == 0 {
            return None;
        }
        if trailer.trim().is_empty() {
            return Some(None);
        }
    }
}
