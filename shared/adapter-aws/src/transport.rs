//! The one HTTP client that all SDK clients of a process share, and the certificates that it trusts.
//!
//! It must never load the system's certificates, read proxy variables or accept a root other than Amazon's.
//!
//! The SDK builds a connector for every client and every timeout setting, and builds one more only to see whether it
//! can be built. Here the connector is built once and shared, together with its connection pool. It therefore has no
//! read timeouts of its own, and needs none: the limit of an attempt covers them.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};

use crate::settings::AwsSettings;

/// See [`CallLimits`](crate::CallLimits).
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Amazon Root CA 1 (until 2038-01-17), 2, 3 and 4 (until 2040-05-26) and the Starfield Services Root CA "G2"
/// (until 2037-12-31): the Amazon Trust Services roots, one of which every AWS endpoint's certificate chains to.
/// Source: <https://www.amazontrust.com/repository/>, in the bytes of Mozilla's root program (Debian ca-certificates
/// 20230311+deb12u1); the test below holds each to its published SHA-256 fingerprint. Decoding them is most of what TLS
/// costs at start-up (0.2 of 0.25 M instructions), so the file has nothing else in it.
const AMAZON_ROOTS: &str = include_str!("amazon_roots.pem");

pub(crate) fn http_client(settings: &AwsSettings) -> SharedHttpClient {
    let timeouts = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build();
    let builder = Connector::builder().connector_settings(timeouts);
    let connector = match tls_context(settings) {
        Some(context) => {
            builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build()
        }
        None => builder.build_http(),
    };
    let connector = SharedHttpConnector::new(connector);
    let connector = match &settings.round_trips {
        Some(counter) => counter.counting(connector),
        None => connector,
    };
    http_client_fn(move |_, _| connector.clone())
}

fn tls_context(settings: &AwsSettings) -> Option<TlsContext> {
    if !settings.needs_tls() {
        return None;
    }
    let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS.as_bytes());
    // The builder's result has no failing case today. Should one appear, a client without TLS fails on every https
    // address, while the default context would trust certificates that were never chosen.
    TlsContext::builder().with_trust_store(roots).build().ok()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// The certificates of a PEM text in DER form.
    fn certificates(pem: &str) -> Vec<Vec<u8>> {
        pem.split("-----BEGIN CERTIFICATE-----")
            .skip(1)
            .map(|rest| rest.split("-----END CERTIFICATE-----").next().unwrap())
            .map(|body| STANDARD.decode(body.replace('\n', "")).unwrap())
            .collect()
    }

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
        let digests: Vec<String> = certificates(AMAZON_ROOTS)
            .iter()
            .map(|der| ring::digest::digest(&ring::digest::SHA256, der))
            .map(|digest| digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
            .collect();
        assert_eq!(digests, published);
    }
}
