//! A local KMS: the JSON 1.1 protocol over HTTP, with real cryptography and no state but a master key.
//!
//! Data keys are wrapped by AES-256-GCM with the encryption context as associated data, and tokens are signed with the
//! RSA key in `keys/`, so a test proves something about real bytes and not about canned answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigUint;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

/// The symmetric key the stub has, and the signing key.
pub(crate) const CUSTOMER_KEY: &str = "arn:aws:kms:eu-west-1:000000000000:key/data";
pub(crate) const TOKEN_KEY: &str = "arn:aws:kms:eu-west-1:000000000000:key/token-1";

/// Every operation that was called, in order.
type Calls = Arc<Mutex<Vec<String>>>;

pub(crate) struct KmsStub {
    pub(crate) url: String,
    calls: Calls,
}

impl KmsStub {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Calls::default();
        let stub = Self { url, calls: calls.clone() };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let calls = calls.clone();
                thread::spawn(move || serve(stream.unwrap(), &calls));
            }
        });
        stub
    }

    /// The operations since the last call of this function.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

fn serve(mut stream: TcpStream, calls: &Calls) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some((operation, request)) = read(&mut reader) {
        calls.lock().unwrap().push(operation.clone());
        let (status, body) = match answer(&operation, &request) {
            Ok(body) => (200, body),
            Err(exception) => (400, json!({"__type": exception, "message": "refused"})),
        };
        let body = body.to_string();
        let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\n");
        write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<(String, Value)> {
    let (mut length, mut operation) = (0, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap()
            }
            Some((name, value)) if name.eq_ignore_ascii_case("x-amz-target") => {
                operation = value.strip_prefix("TrentService.").unwrap().to_owned();
            }
            Some(_) => {}
            None if line == "\r\n" => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Some((operation, serde_json::from_slice(&body).unwrap()))
}

fn answer(operation: &str, request: &Value) -> Result<Value, &'static str> {
    let key = request["KeyId"].as_str().unwrap();
    match operation {
        "GenerateDataKey" if key == CUSTOMER_KEY && request["KeySpec"] == "AES_256" => {
            let mut plaintext = [0; 32];
            SystemRandom::new().fill(&mut plaintext).unwrap();
            let wrapped = wrap(&plaintext, &request["EncryptionContext"]);
            Ok(json!({"KeyId": key, "Plaintext": STANDARD.encode(plaintext), "CiphertextBlob": wrapped}))
        }
        "Encrypt" if key == CUSTOMER_KEY => {
            let secret = STANDARD.decode(request["Plaintext"].as_str().unwrap()).unwrap();
            Ok(json!({"KeyId": key, "CiphertextBlob": wrap(&secret, &request["EncryptionContext"])}))
        }
        "Decrypt" if key == CUSTOMER_KEY => {
            let plaintext = unwrap(&request["CiphertextBlob"], &request["EncryptionContext"])?;
            Ok(json!({"KeyId": key, "Plaintext": STANDARD.encode(plaintext)}))
        }
        "Decrypt" => Err("IncorrectKeyException"),
        "Sign" if key == TOKEN_KEY => {
            assert_eq!(request["MessageType"], "DIGEST");
            assert_eq!(request["SigningAlgorithm"], "RSASSA_PKCS1_V1_5_SHA_256");
            let digest = STANDARD.decode(request["Message"].as_str().unwrap()).unwrap();
            Ok(json!({"KeyId": key, "Signature": STANDARD.encode(pkcs1_sha256(&digest))}))
        }
        "GetPublicKey" if key == TOKEN_KEY => Ok(json!({"KeyId": key, "PublicKey": pem_body(PUBLIC)})),
        // A P-256 key, which could be configured by mistake.
        "GetPublicKey" if key.ends_with("/elliptic") => Ok(json!({"KeyId": key, "PublicKey": P256})),
        _ => Err("NotFoundException"),
    }
}

const PUBLIC: &str = include_str!("../keys/signing.pub.pem");
const PRIVATE_EXPONENT: &str = include_str!("../keys/signing.exponent.hex");
const P256: &str = concat!(
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEpQMrKhTjEIKXv3Fq2EsudaRdbljzbcXXwWbpOV4x3V4mCEayYcvt",
    "HO42MEj7fcjf/abjCTmHGTc42j1yaV6+zQ=="
);

fn pem_body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

/// RSASSA-PKCS1-v1_5 of a SHA-256 digest (RFC 8017, section 8.2.1). It is computed by hand, because ring signs messages
/// only.
fn pkcs1_sha256(digest: &[u8]) -> Vec<u8> {
    const SHA256_INFO: [u8; 19] = [48, 49, 48, 13, 6, 9, 96, 134, 72, 1, 101, 3, 4, 2, 1, 5, 0, 4, 32];
    assert_eq!(digest.len(), 32);
    let mut message = vec![0xff; 256];
    message[0] = 0;
    message[1] = 1;
    message[204] = 0;
    message[205..224].copy_from_slice(&SHA256_INFO);
    message[224..].copy_from_slice(digest);
    let spki = STANDARD.decode(pem_body(PUBLIC)).unwrap();
    let modulus = BigUint::from_bytes_be(&spki[33..289]);
    let exponent = BigUint::parse_bytes(PRIVATE_EXPONENT.replace('\n', "").as_bytes(), 16).unwrap();
    let signature = BigUint::from_bytes_be(&message).modpow(&exponent, &modulus).to_bytes_be();
    [vec![0; 256 - signature.len()], signature].concat()
}

fn master() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[42; 32]).unwrap())
}

fn wrap(plaintext: &[u8], context: &Value) -> String {
    let mut nonce = [0; 12];
    SystemRandom::new().fill(&mut nonce).unwrap();
    let mut sealed = plaintext.to_vec();
    let associated = Aad::from(context.to_string());
    master().seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), associated, &mut sealed).unwrap();
    STANDARD.encode([nonce.to_vec(), sealed].concat())
}

fn unwrap(wrapped: &Value, context: &Value) -> Result<Vec<u8>, &'static str> {
    let bytes = STANDARD.decode(wrapped.as_str().unwrap()).unwrap();
    let (nonce, sealed) = bytes.split_first_chunk::<12>().ok_or("InvalidCiphertextException")?;
    let mut sealed = sealed.to_vec();
    let associated = Aad::from(context.to_string());
    let opened = master().open_in_place(Nonce::assume_unique_for_key(*nonce), associated, &mut sealed);
    Ok(opened.map_err(|_| "InvalidCiphertextException")?.to_vec())
}
