//! Pictures and documents that a body names by URL. A wire format reads such a body twice: the first time it notes the
//! URLs, and everything that is wrong with the rest of the body is found before any host is asked. Then the files are
//! fetched, and the second time the format gets them.

use crate::files::{FileFault, data_url, image, pdf};
use adapter_remote_files::HttpsFiles;
use application_ai::MOST_REMOTE_FILES;
use ports::{Document, Image, ImageFormat, RemoteFile, RemoteFileError, RemoteFiles, Source};
use std::collections::HashMap;
use std::sync::Arc;

/// The reason why a file is not there. Hosts that are not public and hosts that can't be reached have the same one.
const fn fault(error: RemoteFileError) -> FileFault {
    match error {
        RemoteFileError::Url => {
            "must be an https URL of at most 4,096 characters, with the name of a host and without user and port"
        }
        RemoteFileError::Unreachable => {
            "could not be fetched from a public host with a valid certificate within 5 seconds: send the file itself in base64"
        }
        RemoteFileError::Redirect => "redirects, which is not followed: send the URL to which it leads",
        RemoteFileError::Status => "could not be fetched: its host does not answer with status 200",
        RemoteFileError::TooLarge => "is too large: files by URL may have 1.5 MiB",
    }
}

/// Fetches files from hosts on the internet.
pub fn remote_files() -> Result<Arc<dyn RemoteFiles>, Source> {
    Ok(Arc::new(HttpsFiles::new()?))
}

/// The bytes of a file, or the reason why it is not there.
type FetchedFile = Result<Arc<[u8]>, FileFault>;

/// The files that one request names by URL.
#[derive(Default)]
pub struct RequestFiles {
    /// The URLs that were noted, each once, in their order.
    urls: Vec<String>,
    /// How often files by URL were named. The same file counts each time, because the provider gets it each time.
    named: usize,
    /// The files; `None` before they were fetched.
    fetched: Option<HashMap<String, FetchedFile>>,
}

impl RequestFiles {
    /// The files of a request that may name none by URL, because they would have to be fetched much later.
    pub(crate) fn without_urls() -> Self {
        Self { urls: Vec::new(), named: 0, fetched: Some(HashMap::new()) }
    }

    /// The picture in a `data:` URL or at an https URL.
    pub fn image_of_url(&mut self, url: &str) -> Result<Image, FileFault> {
        let data = match data_url(url) {
            Some(read) => read?.1.into(),
            None => match self.bytes(url)? {
                Some(data) => data,
                // Until it is fetched.
                None => return Ok(Image { format: ImageFormat::Png, data: Arc::from([]) }),
            },
        };
        image(data)
    }

    /// The PDF at an https URL. Documents of other formats are not told apart by their bytes, so they are not fetched.
    pub fn pdf_of_url(&mut self, url: &str, name: Option<&str>) -> Result<Document, FileFault> {
        match self.bytes(url)? {
            Some(data) if !data.starts_with(b"%PDF-") => Err("must be a PDF: send other documents in base64"),
            data => Ok(pdf(data.unwrap_or_default(), name)),
        }
    }

    /// The URLs that the body names.
    pub(crate) fn urls(&self) -> &[String] {
        &self.urls
    }

    /// The files that were fetched from [`Self::urls`].
    pub(crate) fn with_fetched(self, files: Vec<Result<RemoteFile, RemoteFileError>>) -> Self {
        let files = files.into_iter().map(|file| match file {
            Ok(RemoteFile(data)) => Ok(Arc::from(data)),
            Err(error) => Err(fault(error)),
        });
        let fetched = self.urls.into_iter().zip(files).collect();
        Self { urls: Vec::new(), named: 0, fetched: Some(fetched) }
    }

    /// The file at this URL; `None` before it is fetched.
    fn bytes(&mut self, url: &str) -> Result<Option<Arc<[u8]>>, FileFault> {
        if !url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://")) {
            return Err("must be an https URL, or a data: URL in base64 such as data:image/png;base64,...");
        }
        self.named += 1;
        if self.named > MOST_REMOTE_FILES {
            return Err("is one too many: at most 8 files of a request may be named by URL");
        }
        match &self.fetched {
            Some(files) => match files.get(url) {
                Some(Ok(data)) => Ok(Some(Arc::clone(data))),
                Some(Err(reason)) => Err(reason),
                None => Err("can't be named by URL here: send the file itself in base64"),
            },
            None => {
                if !self.urls.iter().any(|noted| noted == url) {
                    self.urls.push(url.to_owned());
                }
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n...";

    #[test]
    fn urls_are_noted_first_and_give_their_files_then() {
        let mut files = RequestFiles::default();
        for url in ["https://a.example/1", "HTTPS://a.example/2", "https://a.example/1"] {
            assert!(files.image_of_url(url).unwrap().data.is_empty());
        }
        assert_eq!(files.urls(), ["https://a.example/1", "HTTPS://a.example/2"]);
        let fetched = vec![Ok(RemoteFile(PNG.to_vec())), Err(RemoteFileError::Redirect)];
        let mut files = files.with_fetched(fetched);
        let image = files.image_of_url("https://a.example/1").unwrap();
        assert_eq!((image.format, &*image.data), (ImageFormat::Png, PNG));
        let fault = files.image_of_url("HTTPS://a.example/2").unwrap_err();
        assert!(fault.starts_with("redirects"), "{fault}");
        // A URL that was not fetched has no file, and no way to get one.
        assert!(files.image_of_url("https://a.example/3").is_err());
        assert!(files.urls().is_empty());
    }

    #[test]
    fn the_same_file_counts_each_time() {
        let mut files = RequestFiles::default();
        for _ in 0..8 {
            files.image_of_url("https://a.example/1").unwrap();
        }
        assert!(files.image_of_url("https://a.example/1").unwrap_err().contains("at most 8 files"));
        let mut files = files.with_fetched(vec![Ok(RemoteFile(PNG.to_vec()))]);
        for _ in 0..8 {
            files.image_of_url("https://a.example/1").unwrap();
        }
        assert!(files.image_of_url("https://a.example/1").is_err());
    }

    #[test]
    fn other_urls_are_refused() {
        for url in
            ["http://a.example/a.png", "ftp://a.example/a.png", "a.png", "https:/a", "", "h\u{e9}ttps://x"]
        {
            let fault = RequestFiles::default().image_of_url(url).unwrap_err();
            assert!(fault.starts_with("must be an https URL, or a data: URL"), "{url}");
        }
    }

    #[test]
    fn a_host_tells_nothing_by_being_unreachable() {
        let fault = fault(RemoteFileError::Unreachable);
        for told in ["private", "refused", "timed out", "resolve", "address"] {
            assert!(!fault.contains(told), "{told}");
        }
    }

    #[test]
    fn a_document_by_url_is_a_pdf() {
        let fetch = |data: &[u8]| {
            let mut files = RequestFiles::default();
            files.pdf_of_url("https://a.example/d", None).unwrap();
            let mut files = files.with_fetched(vec![Ok(RemoteFile(data.to_vec()))]);
            files.pdf_of_url("https://a.example/d", Some("offer.pdf"))
        };
        let document = fetch(b"%PDF-1.7").unwrap();
        assert_eq!((document.name.as_str(), &*document.data), ("offer", b"%PDF-1.7".as_slice()));
        assert!(fetch(b"<html>").is_err());
    }
}
