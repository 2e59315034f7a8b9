//! A document that changes only with a deployment. Its codings and its validator are made at build time, so that no
//! request waits for compressing or hashing.

use super::accept_encoding::Coding;
use super::{Request, Response};

/// A document, compressed and not compressed.
#[derive(Debug, Clone, Copy)]
pub struct Document {
    /// The media type.
    pub content_type: &'static str,
    /// The document without a coding.
    pub text: &'static str,
    /// The document in gzip.
    pub gzip: &'static [u8],
    /// The document in Brotli.
    pub brotli: &'static [u8],
    /// A hash of the document, without quotes.
    pub hash: &'static str,
}

impl Document {
    /// The document in the coding that the client wants most. Each coding has its own entity tag, because a strong tag
    /// identifies bytes (RFC 9110, section 8.8.3.3).
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
