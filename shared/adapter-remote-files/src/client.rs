//! One GET for each file, on a connection of its own.

use crate::address_source::AddressSource;
use crate::url;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{ACCEPT, ACCEPT_ENCODING, USER_AGENT};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use ports::{BoxFuture, RemoteFile, RemoteFileError, RemoteFileLimits, RemoteFiles, Source};
use rustls::client::Resumption;
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// The time for one address of a host. A host may have several.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The most bytes of an answer's status and headers.
const LONGEST_HEAD: usize = 32 * 1024;

/// Files by https from hosts with public addresses, whose certificates chain to Mozilla's roots.
pub struct HttpsFiles(Client<HttpsConnector<HttpConnector<AddressSource>>, Empty<Bytes>>);

impl HttpsFiles {
    /// Fetches from the internet. It does not connect yet.
    pub fn new() -> Result<Self, Source> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        Self::with(AddressSource::system().only_public(), roots)
    }

    /// Connects to the addresses of this source, and trusts these roots.
    pub(crate) fn with(addresses: AddressSource, roots: RootCertStore) -> Result<Self, Source> {
        let mut tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // A resumed session would tie requests of different tenants together, and check no certificate anew.
        tls.resumption = Resumption::disabled();
        let mut tcp = HttpConnector::new_with_resolver(addresses);
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1().wrap_connector(tcp);
        // No connection is kept, so that requests of different tenants have nothing in common.
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .http1_max_buf_size(LONGEST_HEAD)
            .build(connector);
        Ok(Self(client))
    }

    async fn file(&self, uri: Uri, most: usize) -> Result<Vec<u8>, RemoteFileError> {
        let request = Request::get(uri)
            .header(USER_AGENT, "sextant")
            .header(ACCEPT, "*/*")
            .header(ACCEPT_ENCODING, "identity")
            .body(Empty::new())
            .map_err(|_| RemoteFileError::Url)?;
        let response = self.0.request(request).await.map_err(|_| RemoteFileError::Unreachable)?;
        if response.status().is_redirection() {
            return Err(RemoteFileError::Redirect);
        }
        if response.status() != StatusCode::OK {
            return Err(RemoteFileError::Status);
        }
        read(response, most).await
    }
}

/// Reads at most `most` bytes, whatever length the answer names.
async fn read(response: Response<Incoming>, most: usize) -> Result<Vec<u8>, RemoteFileError> {
    let body = response.into_body();
    if body.size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(RemoteFileError::TooLarge);
    }
    match Limited::new(body, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(RemoteFileError::TooLarge),
        Err(_) => Err(RemoteFileError::Unreachable),
    }
}

impl RemoteFiles for HttpsFiles {
    fn fetch<'a>(
        &'a self,
        url: &'a str,
        limits: RemoteFileLimits,
    ) -> BoxFuture<'a, Result<RemoteFile, RemoteFileError>> {
        Box::pin(async move {
            let uri = url::checked(url).ok_or(RemoteFileError::Url)?;
            // Dropping the request closes its connection.
            match timeout(limits.time, self.file(uri, limits.bytes)).await {
                Ok(file) => file.map(RemoteFile),
                Err(_) => Err(RemoteFileError::Unreachable),
            }
        })
    }
}

impl fmt::Debug for HttpsFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsFiles").finish_non_exhaustive()
    }
}
