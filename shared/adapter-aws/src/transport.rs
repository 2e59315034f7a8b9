//! The one HTTP client that all SDK clients of a process share, and the certificates that it trusts.
//!
//! It must never load the system's certificates, read proxy variables or accept a root other than Amazon's.
//!
//! It speaks HTTP/1.1, as the services that it calls do. The SDK's own connector brings HTTP/2, 0.7 MB of every function that no
//! request uses, and builds a connector for every client and every timeout setting. Here it is built once and shared,
//! together with its connections. It has no read timeouts of its own, and needs none: the limit of an attempt covers them.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{
    CaptureConnection, HttpConnector as TcpConnector, capture_connection,
};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::settings::{AwsSettings, SettingsError};

/// See [`CallLimits`](crate::CallLimits). Name resolution and opening the TCP connection; the limit of an attempt covers TLS.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Amazon Root CA 1 (until 2038-01-17), 2, 3 and 4 (until 2040-05-26) and the Starfield Services Root CA "G2"
/// (until 2037-12-31): the Amazon Trust Services roots, one of which every AWS endpoint's certificate chains to.
/// Source: <https://www.amazontrust.com/repository/>, in the bytes of Mozilla's root program (Debian ca-certificates
/// 20230311+deb12u1); the test below holds each to its published SHA-256 fingerprint. Decoding them is most of what TLS
/// costs at start-up (0.2 of 0.25 M instructions), so the file has nothing else in it.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon_roots.pem");

pub(crate) fn http_client(settings: &AwsSettings) -> Result<SharedHttpClient, SettingsError> {
    let connector = SharedHttpConnector::new(Http1Connector::new(settings.needs_tls())?);
    let connector = match &settings.round_trips {
        Some(counter) => counter.counting(connector),
        None => connector,
    };
    Ok(http_client_fn(move |_, _| connector.clone()))
}

/// Sends the SDK's requests over kept connections.
#[derive(Debug)]
struct Http1Connector(legacy::Client<HttpsConnector<TcpConnector>, SdkBody>);

impl Http1Connector {
    /// Without TLS no root is read, so that no `https` address is trusted.
    fn new(tls: bool) -> Result<Self, SettingsError> {
        let mut roots = RootCertStore::empty();
        if tls {
            for certificate in CertificateDer::pem_slice_iter(AMAZON_ROOTS) {
                roots.add(certificate.map_err(SettingsError::Root)?).map_err(SettingsError::Tls)?;
            }
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(SettingsError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = TcpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Self(legacy::Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector)))
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
            capture.set_connection_retriever(move || closable(&connection));
        }
        let answer = self.0.request(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(failure)?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Lets the SDK close the connection of a failed attempt, so that the next attempt may reach another server.
fn closable(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    connection.connection_metadata().as_ref()?;
    let connection = connection.clone();
    let close = move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    Some(ConnectionMetadata::builder().proxied(false).poison_fn(close).build())
}

/// Whether the SDK tries again follows from the kind of the failure: it does after an input or output error, a timeout, and
/// an answer that ended early.
fn failure(error: legacy::Error) -> ConnectorError {
    let timed_out =
        source::<std::io::Error>(&error).is_some_and(|io| io.kind() == std::io::ErrorKind::TimedOut);
    if timed_out || source::<hyper::Error>(&error).is_some_and(hyper::Error::is_timeout) {
        return ConnectorError::timeout(error.into());
    }
    if error.is_connect() || source::<std::io::Error>(&error).is_some() {
        return ConnectorError::io(error.into());
    }
    match source::<hyper::Error>(&error) {
        Some(http) if http.is_user() => ConnectorError::user(error.into()),
        Some(http) if http.is_closed() || http.is_canceled() => ConnectorError::io(error.into()),
        Some(http) if http.is_incomplete_message() => {
            ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
        }
        _ => ConnectorError::other(error.into(), None),
    }
}

/// The first error of this type in the chain.
fn source<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_holds_the_five_amazon_roots_and_nothing_else() {
        // Published at https://www.amazontrust.com/repository/ as the SHA-256 of each certificate.
        let published = [
            "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
            "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
            "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
            "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
            "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
        ];
        let digests: Vec<String> = CertificateDer::pem_slice_iter(AMAZON_ROOTS)
            .map(|der| ring::digest::digest(&ring::digest::SHA256, &der.unwrap()))
            .map(|digest| digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
            .collect();
        assert_eq!(digests, published);
    }
}
