//! Fetches from a local server that speaks TLS and has the name `pictures.example`. The guard checks the addresses that a
//! fake resolver gives; behind the guard, connections to the checked addresses go to the local server.

use crate::HttpsFiles;
use crate::address_source::AddressSource;
use ports::{RemoteFileError, RemoteFileLimits, RemoteFiles};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tower_service::Service;

const TEST_ROOT: &[u8] = include_bytes!("../tests/certificates/test_root.pem");
const PICTURES: &[u8] = include_bytes!("../tests/certificates/pictures.pem");
const PICTURES_KEY: &[u8] = include_bytes!("../tests/certificates/pictures.key.pem");

const URL: &str = "https://pictures.example/a.png?x=1";
const LIMITS: RemoteFileLimits = RemoteFileLimits { bytes: 1000, time: Duration::from_secs(5) };

type Tls = StreamOwned<ServerConnection, TcpStream>;

/// A server, and the heads of the requests that reached it.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request with what `answer` writes, and closes the connection.
    fn start(answer: impl Fn(&mut Tls) + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, heads) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let server = Self { port, connections: connections.clone(), heads: heads.clone() };
        let chain = vec![CertificateDer::from_pem_slice(PICTURES).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(PICTURES_KEY).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = Arc::new(config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (config, heads, answer) = (config.clone(), heads.clone(), answer.clone());
                std::thread::spawn(move || {
                    let tls = ServerConnection::new(config).unwrap();
                    let mut reader = BufReader::new(StreamOwned::new(tls, stream.unwrap()));
                    let mut head = String::new();
                    while !head.ends_with("\r\n\r\n") {
                        if reader.read_line(&mut head).unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    heads.lock().unwrap().push(head.to_lowercase());
                    let tls = reader.get_mut();
                    answer(tls);
                    tls.conn.send_close_notify();
                    // The client may be gone.
                    let _gone = tls.flush();
                });
            }
        });
        server
    }

    fn saying(answer: &'static str) -> Self {
        Self::start(move |tls| {
            let _gone = tls.write_all(answer.as_bytes());
        })
    }

    /// Files from hosts with these addresses, which all are this server.
    fn files(&self, addresses: &[&str]) -> HttpsFiles {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        HttpsFiles::with(self.behind(fixed(addresses).only_public()), test_root()).unwrap()
    }

    /// The connections to the addresses of this source go to this server.
    fn behind(&self, source: AddressSource) -> AddressSource {
        let here = SocketAddr::from(([127, 0, 0, 1], self.port));
        AddressSource::new(move |name| {
            let found = source.clone().call(name);
            Box::pin(async move { Ok(found.await?.map(|_| here).collect()) })
        })
    }

    async fn fetch(&self) -> Result<Vec<u8>, RemoteFileError> {
        self.files(&["1.1.1.1"]).fetch(URL, LIMITS).await.map(|file| file.0)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn fixed(addresses: Vec<IpAddr>) -> AddressSource {
    let addresses: Vec<SocketAddr> = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect();
    AddressSource::new(move |_| {
        let addresses = addresses.clone();
        Box::pin(async move { Ok(addresses) })
    })
}

fn test_root() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(TEST_ROOT).unwrap()).unwrap();
    roots
}

#[tokio::test]
async fn a_file_is_asked_for_without_anything_that_tells_who_asks() {
    let server = Server::saying(
        "HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 5\r\ncontent-type: text/plain\r\n\r\nhello",
    );
    let files = server.files(&["1.1.1.1", "2606:4700:4700::1111"]);
    for _ in 0..2 {
        assert_eq!(files.fetch(URL, LIMITS).await.unwrap().0, b"hello");
    }
    let head = "get /a.png?x=1 http/1.1\r\nuser-agent: sextant\r\naccept: */*\r\naccept-encoding: identity\r\n\
                host: pictures.example\r\n\r\n";
    assert_eq!(*server.heads.lock().unwrap(), [head, head]);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_host_with_an_address_that_is_not_public_is_not_connected_to() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    for addresses in [
        &["127.0.0.1"][..],
        &["169.254.169.254"],
        &["10.0.0.1"],
        &["::1"],
        &["::ffff:1.1.1.1"],
        &["fd00:ec2::254"],
        &["1.1.1.1", "10.0.0.1"],
        &["10.0.0.1", "1.1.1.1"],
        &["1.1.1.1", "2606:4700:4700::1111", "fe80::1"],
        &[],
    ] {
        let refused = server.files(addresses).fetch(URL, LIMITS).await;
        assert_eq!(refused, Err(RemoteFileError::Unreachable), "{addresses:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_is_resolved_once_and_its_checked_address_is_connected_to() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    let lookups = Arc::new(AtomicUsize::new(0));
    let counter = lookups.clone();
    // The first answer is public, and every later one is not.
    let rebinding = AddressSource::new(move |_| {
        let first = counter.fetch_add(1, Ordering::SeqCst) == 0;
        let address = SocketAddr::new(if first { "1.1.1.1" } else { "10.0.0.1" }.parse().unwrap(), 0);
        Box::pin(async move { Ok(vec![address]) })
    });
    let files = HttpsFiles::with(server.behind(rebinding.only_public()), test_root()).unwrap();
    assert_eq!(files.fetch(URL, LIMITS).await.unwrap().0, b"hello");
    assert_eq!(lookups.load(Ordering::SeqCst), 1);
    assert_eq!(files.fetch(URL, LIMITS).await, Err(RemoteFileError::Unreachable));
    assert_eq!((lookups.load(Ordering::SeqCst), server.connections()), (2, 1));
}

#[tokio::test]
async fn the_systems_resolver_stands_behind_the_same_guard() {
    let files = HttpsFiles::new().unwrap();
    for host in ["localhost", "2130706433", "0x7f000001", "127.1"] {
        let refused = files.fetch(&format!("https://{host}/"), LIMITS).await;
        assert_eq!(refused, Err(RemoteFileError::Unreachable), "{host}");
    }
    let mut guarded = AddressSource::system().only_public();
    let refused = guarded.call("localhost".parse().unwrap()).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied);
}

#[tokio::test]
async fn a_url_of_another_form_is_not_looked_up() {
    let lookups = Arc::new(AtomicUsize::new(0));
    let counter = lookups.clone();
    let source = AddressSource::new(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(Vec::new()) })
    });
    let files = HttpsFiles::with(source, test_root()).unwrap();
    for url in ["http://pictures.example/", "https://pictures.example:8443/", "https://169.254.169.254/"] {
        assert_eq!(files.fetch(url, LIMITS).await, Err(RemoteFileError::Url), "{url}");
    }
    assert_eq!(lookups.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn redirects_are_not_followed_and_only_200_has_a_file() {
    for (answer, error) in [
        ("302 Found\r\nlocation: https://pictures.example/b.png", RemoteFileError::Redirect),
        ("301 Moved\r\nlocation: http://169.254.169.254/", RemoteFileError::Redirect),
        ("307 Elsewhere\r\nlocation: /b.png", RemoteFileError::Redirect),
        ("204 No Content", RemoteFileError::Status),
        ("206 Partial Content", RemoteFileError::Status),
        ("401 Unauthorized\r\nwww-authenticate: basic", RemoteFileError::Status),
        ("404 Not Found", RemoteFileError::Status),
        ("500 Oops", RemoteFileError::Status),
    ] {
        let server = Server::start(move |tls| {
            let _gone = write!(tls, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n");
        });
        assert_eq!(server.fetch().await, Err(error), "{answer}");
        assert_eq!(server.connections(), 1, "{answer}");
    }
}

#[tokio::test]
async fn no_more_than_the_bound_is_read() {
    // A file of exactly the bound, with its length, in chunks, and until the end of the connection.
    let whole = |head: &'static str, tail: &'static str| {
        Server::start(move |tls| {
            let _gone = write!(tls, "HTTP/1.1 200 OK\r\n{head}{}{tail}", "x".repeat(1000));
        })
    };
    for (head, tail) in [
        ("content-length: 1000\r\n\r\n", ""),
        ("transfer-encoding: chunked\r\n\r\n3e8\r\n", "\r\n0\r\n\r\n"),
        ("\r\n", ""),
    ] {
        assert_eq!(whole(head, tail).fetch().await.map(|file| file.len()), Ok(1000), "{head}");
    }
    // One byte more, by the length alone.
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n");
    assert_eq!(server.fetch().await, Err(RemoteFileError::TooLarge));
    // A file without an end.
    for head in ["transfer-encoding: chunked\r\n\r\n", "\r\n"] {
        let server = Server::start(move |tls| {
            let _gone = write!(tls, "HTTP/1.1 200 OK\r\n{head}");
            let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
            while tls.write_all(chunk.as_bytes()).is_ok() {}
        });
        let began = Instant::now();
        assert_eq!(server.fetch().await, Err(RemoteFileError::TooLarge));
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    }
    // A head without an end.
    let server = Server::start(|tls| {
        let _gone = write!(tls, "HTTP/1.1 200 OK\r\nx: {}", "x".repeat(100_000));
        std::thread::sleep(Duration::from_secs(1));
    });
    assert_eq!(server.fetch().await, Err(RemoteFileError::Unreachable));
}

#[tokio::test]
async fn a_host_that_takes_too_long_is_given_up() {
    let limits = RemoteFileLimits { time: Duration::from_millis(300), ..LIMITS };
    let silent = Server::start(|_| std::thread::sleep(Duration::from_secs(5)));
    let slow = Server::start(|tls| {
        let _gone = write!(tls, "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n");
        while tls.write_all(b"x").and_then(|()| tls.flush()).is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    for server in [silent, slow] {
        let began = Instant::now();
        let refused = server.files(&["1.1.1.1"]).fetch(URL, limits).await;
        assert_eq!(refused, Err(RemoteFileError::Unreachable));
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_file_that_breaks_off_is_no_file() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\nhello");
    assert_eq!(server.fetch().await, Err(RemoteFileError::Unreachable));
    let server = Server::saying("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
    assert_eq!(server.fetch().await, Err(RemoteFileError::Unreachable));
}

#[tokio::test]
async fn a_host_without_a_trusted_certificate_of_its_name_gets_no_request() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    let files = server.files(&["1.1.1.1"]);
    let refused = files.fetch("https://other.example/a.png", LIMITS).await;
    assert_eq!(refused, Err(RemoteFileError::Unreachable));
    let source = server.behind(fixed(vec!["1.1.1.1".parse().unwrap()]).only_public());
    let untrusting = HttpsFiles::with(source, RootCertStore::empty()).unwrap();
    assert_eq!(untrusting.fetch(URL, LIMITS).await, Err(RemoteFileError::Unreachable));
    assert_eq!((server.connections(), server.heads.lock().unwrap().len()), (2, 0));
}

#[tokio::test]
async fn neither_an_address_nor_a_file_is_shown() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    let files = server.files(&["1.1.1.1"]);
    let file = files.fetch(URL, LIMITS).await.unwrap();
    assert_eq!(
        (format!("{files:?}"), format!("{file:?}")),
        ("HttpsFiles { .. }".to_owned(), "RemoteFile { bytes: 5 }".to_owned())
    );
}
