//! A document that changes with a deployment only: its codings and its validator are made when it is built, so that nothing
//! is compressed or hashed for a request.

use super::accept_encoding::Coding;
use super::{Request, Response};

/// A document as it is and compressed.
#[derive(Debug, Clone, Copy)]
pub struct Document {
    /// Its media type.
    pub content_type: &'static str,
    /// It itself.
    pub text: &'static str,
    /// It in gzip.
    pub gzip: &'static [u8],
    /// It in Brotli.
    pub brotli: &'static [u8],
    /// A hash of it, without quotes.
    pub hash: &'static str,
}

impl Document {
    /// The document in the coding that the reader wants most. Each coding has a tag of its own, because a strong tag names
    /// bytes (RFC 9110, section 8.8.3.3).
    pub fn answer(&self, request: &Request) -> Response {
        let coding = Coding::wanted(request.header("Accept-Encoding"));
        let hash = self.hash;
        let response = match coding {
            Coding::Identity => {
                Response::text(200, self.content_type, self.text).with_header("ETag", format!("\"{hash}\""))
            }
            Coding::Gzip => self.compressed(coding, self.gzip),
            Coding::Brotli => self.compressed(coding, self.brotli),
        };
        response.with_vary("Accept-Encoding")
    }

    fn compressed(&self, coding: Coding, bytes: &'static [u8]) -> Response {
        let (hash, name) = (self.hash, coding.name());
        Response::bytes(200, self.content_type, bytes)
            .with_header("Content-Encoding", name)
            .with_header("ETag", format!("\"{hash}-{name}\""))
    }
}
