//! The signed request, and reads against a server that speaks the service's wire format.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use adapter_aws::{AwsSettings, CallLimits, SdkConfig, sdk_config};
use adapter_s3::{S3Files, S3Links};
use aws_credential_types::Credentials;
use domain::Timestamp;
use domain::ai::batch::BatchFile;
use domain::ai::fine_tune::TrainingFile;
use domain::id::new_id;
use futures_util::stream::{self, StreamExt};
use ports::{BatchFileKey, BatchFiles, BatchLinks, FileKey, TrainingFiles, TrainingUploads, Upload};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

const AT: Timestamp = Timestamp::from_millis(1_793_610_000_000);
const KEY: &str = "arn:aws:kms:eu-west-1:000000000000:key/data";

fn config(endpoint_url: Option<String>) -> SdkConfig {
    let settings = AwsSettings {
        region: "eu-west-1".to_owned(),
        credentials: Credentials::new("test", "test", Some("token".to_owned()), None, "test"),
        endpoint_url,
        service_endpoints: BTreeMap::new(),
        limits: CallLimits { attempts: 1, ..CallLimits::default() },
        round_trips: None,
    };
    sdk_config(&settings).unwrap()
}

fn key() -> FileKey {
    FileKey::new(new_id(AT, &[1; 10]), &new_id(AT, &[2; 10]))
}

fn file() -> TrainingFile {
    TrainingFile { bytes: 482_133, sha256: "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=".to_owned() }
}

async fn upload(endpoint: Option<String>) -> Upload {
    let uploads = S3Links::new(&config(endpoint), "training".to_owned(), KEY.to_owned());
    TrainingUploads::upload(&uploads, &key(), &file(), AT, Duration::from_secs(3600)).await.unwrap()
}

#[tokio::test]
async fn the_signature_covers_size_digest_and_encryption() {
    let upload = upload(None).await;
    assert_eq!((upload.method.as_str(), upload.expires_at), ("PUT", AT.plus_seconds(3600)));
    let (address, query) = upload.url.split_once('?').unwrap();
    assert_eq!(address, format!("https://training.s3.eu-west-1.amazonaws.com/{}", key().as_str()));
    let query: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    assert_eq!((query["X-Amz-Expires"], query["X-Amz-Date"]), ("3600", "20261102T090000Z"));
    let signed: Vec<&str> = query["X-Amz-SignedHeaders"].split("%3B").collect();
    assert_eq!(
        signed,
        [
            "content-length",
            "host",
            "x-amz-checksum-sha256",
            "x-amz-server-side-encryption",
            "x-amz-server-side-encryption-aws-kms-key-id",
        ]
    );
    let sent = |name: &str| upload.headers[name].clone();
    assert_eq!(sent("content-length"), "482133");
    assert_eq!(sent("x-amz-checksum-sha256"), file().sha256);
    assert_eq!(sent("x-amz-server-side-encryption"), "aws:kms");
    assert_eq!(sent("x-amz-server-side-encryption-aws-kms-key-id"), KEY);
    assert!(!format!("{upload:?}").contains("Signature"));
}

#[tokio::test]
async fn an_endpoint_of_ones_own_has_the_bucket_in_its_path() {
    let upload = upload(Some("http://127.0.0.1:9".to_owned())).await;
    assert!(upload.url.starts_with(&format!("http://127.0.0.1:9/training/{}?", key().as_str())));
}

/// A server that sends the next answer for each request; returns its address and the requests.
fn server(answers: Vec<&'static str>) -> (S3Files, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, sent) = mpsc::channel();
    thread::spawn(move || {
        for answer in answers {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = vec![0; 64 * 1024];
            let read = connection.read(&mut request).unwrap();
            // Some tests do not read the requests.
            let _unseen = sender.send(String::from_utf8_lossy(&request[..read]).into_owned());
            connection.write_all(answer.as_bytes()).unwrap();
        }
    });
    (S3Files::new(&config(Some(url)), "training".to_owned()), sent)
}

#[tokio::test]
async fn a_file_that_is_not_there_is_no_failure_and_one_that_may_not_be_seen_is() {
    let (files, _) = server(vec![
        "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 482133\r\n\r\n",
    ]);
    assert_eq!(TrainingFiles::size(&files, &key()).await.unwrap(), None);
    assert!(TrainingFiles::size(&files, &key()).await.is_err());
    assert_eq!(TrainingFiles::size(&files, &key()).await.unwrap(), Some(482_133));
}

#[tokio::test]
async fn a_piece_is_read_by_its_range() {
    let (files, sent) = server(vec![
        "HTTP/1.1 206 Partial Content\r\nConnection: close\r\nContent-Length: 5\r\nContent-Range: bytes 10-14/99\r\n\r\nabcde",
    ]);
    assert_eq!(TrainingFiles::read(&files, &key(), 10, 5).await.unwrap(), b"abcde");
    let asked = sent.recv().unwrap().to_lowercase();
    assert!(asked.starts_with(&format!("get /training/{}", key().as_str())), "{asked}");
    assert!(asked.contains("range: bytes=10-14"), "{asked}");
}

fn batch_key() -> BatchFileKey {
    BatchFileKey::output(new_id(AT, &[1; 10]), &new_id(AT, &[2; 10]))
}

#[tokio::test]
async fn a_link_reads_one_file_of_a_batch_for_its_time() {
    let links = S3Links::new(&config(None), "batches".to_owned(), KEY.to_owned());
    let url = links.download(&batch_key(), AT, Duration::from_secs(3600)).await.unwrap();
    let (address, query) = url.split_once('?').unwrap();
    assert_eq!(address, format!("https://batches.s3.eu-west-1.amazonaws.com/{}", batch_key().as_str()));
    let query: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    assert_eq!((query["X-Amz-Expires"], query["X-Amz-SignedHeaders"]), ("3600", "host"));
    let file = BatchFile { bytes: 7, sha256: file().sha256 };
    let upload =
        BatchLinks::upload(&links, &batch_key(), &file, AT, Duration::from_secs(3600)).await.unwrap();
    assert_eq!(upload.headers["content-length"], "7");
}

const OK: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n";

#[tokio::test]
async fn a_short_file_is_written_at_once() {
    let (files, sent) = server(vec![OK]);
    let parts = stream::iter([Ok(b"one\n".to_vec()), Ok(b"two\n".to_vec())]).boxed();
    files.write(&batch_key(), parts).await.unwrap();
    let asked = sent.recv().unwrap();
    assert!(asked.starts_with(&format!("PUT /training/{}", batch_key().as_str())), "{asked}");
    assert!(asked.to_lowercase().contains("content-length: 8"), "{asked}");
}

#[tokio::test]
async fn a_file_with_a_part_that_can_t_be_made_is_not_written() {
    let (files, sent) = server(vec![OK]);
    let parts = stream::iter([Ok(b"one\n".to_vec()), Err(ports::FileError("no".into()))]).boxed();
    assert!(files.write(&batch_key(), parts).await.is_err());
    assert!(sent.try_recv().is_err());
}
