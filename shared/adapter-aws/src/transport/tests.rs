//! The connector against servers that speak TLS, that keep silent, and that close connections.

use super::*;
use aws_smithy_runtime_api::http::StatusCode;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;

const TEST_ROOT: &[u8] = include_bytes!("../../tests/certificates/test_root.pem");
const LOCALHOST: &[u8] = include_bytes!("../../tests/certificates/localhost.pem");
const LOCALHOST_KEY: &[u8] = include_bytes!("../../tests/certificates/localhost.key.pem");

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

#[test]
fn aws_is_trusted_with_all_roots_and_an_emulator_with_none() {
    let lambda =
        [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let in_aws = AwsSettings::read(lambda).unwrap();
    assert_eq!(roots(&in_aws).unwrap().len(), 5);
    let emulator = [("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")];
    let local = AwsSettings::read(lambda.into_iter().chain(emulator)).unwrap();
    assert!(roots(&local).unwrap().is_empty());
}

/// Handles each connection in a thread of its own, until the test process ends. Returns the port.
fn listen(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream.unwrap()));
        }
    });
    port
}

/// Reads a request without a body; `false` when the client closed the connection.
fn read_request(reader: &mut impl BufRead) -> bool {
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return false;
        }
    }
    true
}

/// A server of this version of TLS with the certificate of `localhost`; the names that clients asked for.
fn tls_server(version: &'static rustls::SupportedProtocolVersion) -> (u16, Arc<Mutex<Vec<Option<String>>>>) {
    let names = Arc::new(Mutex::new(Vec::new()));
    let chain = vec![CertificateDer::from_pem_slice(LOCALHOST).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(LOCALHOST_KEY).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let asked = names.clone();
    let port = listen(move |stream| {
        let tls = ServerConnection::new(config.clone()).unwrap();
        let mut reader = BufReader::new(StreamOwned::new(tls, stream));
        while read_request(&mut reader) {
            asked.lock().unwrap().push(reader.get_ref().conn.server_name().map(str::to_owned));
            write!(reader.get_mut(), "HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        }
    });
    (port, names)
}

fn test_root() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(TEST_ROOT).unwrap()).unwrap();
    roots
}

fn amazon_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    CertificateDer::pem_slice_iter(AMAZON_ROOTS).for_each(|root| roots.add(root.unwrap()).unwrap());
    roots
}

async fn get(connector: &Http1Connector, address: &str) -> Result<StatusCode, ConnectorError> {
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_uri(address).unwrap();
    connector.call(request).await.map(|response| response.status())
}

#[tokio::test]
async fn a_trusted_server_is_spoken_to_with_each_version_of_tls() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let (port, names) = tls_server(version);
        let connector = Http1Connector::new(test_root()).unwrap();
        for _ in 0..2 {
            let status = get(&connector, &format!("https://localhost:{port}/")).await.unwrap();
            assert_eq!(status.as_u16(), 204);
        }
        assert_eq!(*names.lock().unwrap(), [Some("localhost".to_owned()), Some("localhost".to_owned())]);
    }
}

#[tokio::test]
async fn a_server_that_is_not_trusted_gets_no_request() {
    let (port, names) = tls_server(&rustls::version::TLS13);
    let of_another_name = (test_root(), format!("https://127.0.0.1:{port}/"));
    let address = format!("https://localhost:{port}/");
    for (roots, address) in
        [(amazon_roots(), address.clone()), (RootCertStore::empty(), address), of_another_name]
    {
        let error = get(&Http1Connector::new(roots).unwrap(), &address).await.unwrap_err();
        assert!(error.is_io(), "{error:?}");
    }
    assert!(names.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_time_to_connect_includes_tls() {
    let port = listen(|mut stream| {
        // Reads the greeting and never answers it.
        let _end = io::copy(&mut stream, &mut io::sink());
    });
    let connector = Http1Connector::new(test_root()).unwrap();
    let address = format!("https://localhost:{port}/");
    let answer = tokio::time::timeout(CONNECT_TIMEOUT * 5, get(&connector, &address)).await;
    let error = answer.expect("an answer in time").unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_never_began_may_be_asked_for_again() {
    let port = listen(|stream| {
        read_request(&mut BufReader::new(stream));
    });
    let connector = Http1Connector::new(RootCertStore::empty()).unwrap();
    let error = get(&connector, &format!("http://127.0.0.1:{port}/")).await.unwrap_err();
    assert_eq!(error.as_other(), Some(ErrorKind::TransientError), "{error:?}");
    let refused = get(&connector, "http://127.0.0.1:9/").await.unwrap_err();
    assert!(refused.is_io() && !refused.is_timeout(), "{refused:?}");
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_replaced() {
    let port = listen(|mut stream| {
        if read_request(&mut BufReader::new(stream.try_clone().unwrap())) {
            write!(stream, "HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        }
    });
    let connector = Http1Connector::new(RootCertStore::empty()).unwrap();
    for _ in 0..3 {
        assert_eq!(get(&connector, &format!("http://127.0.0.1:{port}/")).await.unwrap().as_u16(), 204);
        // The closing reaches the connection.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
