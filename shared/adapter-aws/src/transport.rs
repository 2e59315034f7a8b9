//! The one HTTP client that all SDK clients of a process share, and the certificates that it trusts.
//!
//! It must never load the system's certificates, read proxy variables or accept a root other than Amazon's.
//!
//! It speaks HTTP/1.1, as the services that it calls do. The SDK's own connector brings HTTP/2, 0.7 MB of every function that no
//! request uses, and builds a connector for every client and every timeout setting. Here it is built once and shared,
//! together with its connections. It has no read timeouts of its own, and needs none: the limit of an attempt covers them.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{
    CaptureConnection, HttpConnector as TcpConnector, capture_connection,
};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tower_service::Service;

use crate::settings::AwsSettings;

/// See [`CallLimits`](crate::CallLimits). It covers name resolution, TCP and TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Amazon Root CA 1 (until 2038-01-17), 2, 3 and 4 (until 2040-05-26) and the Starfield Services Root CA "G2"
/// (until 2037-12-31): the Amazon Trust Services roots, one of which every AWS endpoint's certificate chains to.
/// Source: <https://www.amazontrust.com/repository/>, in the bytes of Mozilla's root program (Debian ca-certificates
/// 20230311+deb12u1); the test below holds each to its published SHA-256 fingerprint. Decoding them is most of what TLS
/// costs at start-up (0.2 of 0.25 M instructions), so the file has nothing else in it.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon_roots.pem");

pub(crate) fn http_client(settings: &AwsSettings) -> Result<SharedHttpClient, TrustError> {
    let connector = SharedHttpConnector::new(Http1Connector::new(roots(settings)?)?);
    let connector = match &settings.round_trips {
        Some(counter) => counter.counting(connector),
        None => connector,
    };
    Ok(http_client_fn(move |_, _| connector.clone()))
}

/// Sends the SDK's requests over kept connections.
#[derive(Debug)]
struct Http1Connector(legacy::Client<LimitedConnector, SdkBody>);

impl Http1Connector {
    /// A server is trusted if its certificate chains to one of these roots.
    fn new(roots: RootCertStore) -> Result<Self, TrustError> {
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TrustError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = TcpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(LimitedConnector(connector));
        Ok(Self(client))
    }
}

/// The roots that are trusted. None are read when no client calls an `https` address, so that no such address is trusted.
fn roots(settings: &AwsSettings) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    if settings.needs_tls() {
        for certificate in CertificateDer::pem_slice_iter(AMAZON_ROOTS) {
            roots.add(certificate.map_err(TrustError::Root)?).map_err(TrustError::Tls)?;
        }
    }
    Ok(roots)
}

/// The certificates of this crate can't be used, which is a defect.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// TLS can't be set up with them.
    #[error("TLS can't be set up")]
    Tls(#[source] rustls::Error),
    /// One of them can't be read.
    #[error("a trusted certificate can't be read")]
    Root(#[source] rustls::pki_types::pem::Error),
}

/// Opens connections in [`CONNECT_TIMEOUT`], or fails with an error of the kind `TimedOut`.
#[derive(Debug, Clone)]
struct LimitedConnector(HttpsConnector<TcpConnector>);

impl Service<Uri> for LimitedConnector {
    type Response = <HttpsConnector<TcpConnector> as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let connecting = self.0.call(address);
        Box::pin(async move {
            match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
                Ok(connected) => connected,
                Err(elapsed) => Err(io::Error::new(io::ErrorKind::TimedOut, elapsed).into()),
            }
        })
    }
}

impl HttpConnector for Http1Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let connection = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || poisonable(&connection));
        }
        let answer = self.0.request(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(connector_error)?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Lets the SDK close the connection of a failed attempt, so that the next attempt may reach another server.
fn poisonable(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    connection.connection_metadata().as_ref()?;
    let connection = connection.clone();
    let close = move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    Some(ConnectionMetadata::builder().proxied(false).poison_fn(close).build())
}

/// The failure as the SDK's own connector reports it. The SDK tries again after an input or output error, a timeout, and an
/// answer that did not begin. Only a failure to connect is a timeout: then nothing was sent.
fn connector_error(error: legacy::Error) -> ConnectorError {
    let io = first_source::<io::Error>(&error);
    if error.is_connect() {
        let timed_out = io.is_some_and(|io| io.kind() == io::ErrorKind::TimedOut);
        return if timed_out {
            ConnectorError::timeout(error.into())
        } else {
            ConnectorError::io(error.into())
        };
    }
    match first_source::<hyper::Error>(&error) {
        Some(http) if http.is_user() => ConnectorError::user(error.into()),
        Some(http) if http.is_closed() || http.is_canceled() => ConnectorError::io(error.into()),
        _ if io.is_some() => ConnectorError::io(error.into()),
        Some(http) if http.is_incomplete_message() => {
            ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
        }
        _ => ConnectorError::other(error.into(), None),
    }
}

/// The first error of this type in the chain.
fn first_source<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests;
