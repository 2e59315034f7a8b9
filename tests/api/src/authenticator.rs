//! An authenticator in software: it makes passkeys and signs with them as a phone or a security key does (WebAuthn Level 3),
//! with real keys and real signatures. Each part of what it says can be made wrong.

use crate::people::Person;
use crate::world::World;
use application_identity::totp_code;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

/// User present, user verified, may be backed up.
const VERIFIED: u8 = 0x0d;
/// The data has a credential.
const HAS_CREDENTIAL: u8 = 0x40;

/// An authenticator with one passkey.
#[derive(Debug)]
pub struct SoftwareAuthenticator {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    /// The count of signatures; the next one says one more. It stays 0 if it starts at 0 and does not count.
    pub count: AtomicU32,
    /// Whether it counts its signatures.
    pub counts: bool,
    /// The domain that it is asked for.
    pub relying_party: &'static str,
    /// The origin of the page.
    pub origin: &'static str,
    /// The flags of its data.
    pub flags: u8,
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl SoftwareAuthenticator {
    /// An authenticator of a page of the tests' site. `number` tells its credential from others.
    pub fn new(number: u8) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random);
        Self {
            key: key.expect("a key"),
            id: vec![number; 32],
            count: AtomicU32::new(0),
            counts: true,
            relying_party: "example.com",
            origin: "https://app.example.com",
            flags: VERIFIED,
        }
    }

    fn client_data(&self, ceremony: &str, challenge: &Value) -> Vec<u8> {
        let data = json!({
            "type": ceremony, "challenge": challenge, "origin": self.origin, "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let count = match self.counts {
            true => self.count.fetch_add(1, Ordering::SeqCst) + 1,
            false => 0,
        };
        let hash = digest(&SHA256, self.relying_party.as_bytes());
        [hash.as_ref(), &[flags], &count.to_be_bytes()].concat()
    }

    /// The public key in the form of COSE: a map of five entries.
    fn cose_key(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        let (x, y) = (&point[1..33], &point[33..65]);
        let head = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        [head.as_slice(), x, &[0x22, 0x58, 0x20], y].concat()
    }

    /// The answer of `navigator.credentials.create` to the options of the API.
    pub fn create(&self, options: &Value) -> Value {
        let challenge = &options["public_key"]["challenge"];
        let mut data = self.data(self.flags | HAS_CREDENTIAL);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).expect("a short id").to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose_key());
        let length = u8::try_from(data.len()).expect("short data");
        // A map of fmt "none", an empty statement, and the data.
        let head = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".as_slice();
        let attestation = [head, &[length], &data].concat();
        json!({
            "id": encoded(&self.id), "rawId": encoded(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": {"credProps": {"rk": true}},
            "response": {
                "clientDataJSON": encoded(self.client_data("webauthn.create", challenge)),
                "attestationObject": encoded(attestation),
                "transports": ["internal", "hybrid"],
                "publicKeyAlgorithm": -7,
            },
        })
    }

    /// The answer of `navigator.credentials.get` to a challenge, with the account that the passkey was made for.
    pub fn get(&self, challenge: &Value, user_handle: Option<&str>) -> Value {
        let data = self.data(self.flags);
        let client_data = self.client_data("webauthn.get", challenge);
        let message = [data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &message).expect("a signature");
        json!({
            "id": encoded(&self.id), "rawId": encoded(&self.id), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(client_data),
                "authenticatorData": encoded(data),
                "signature": encoded(signature),
                "userHandle": user_handle,
            },
        })
    }
}

/// The bytes of base 32.
pub fn unbase32(text: &str) -> Vec<u8> {
    let number = |letter| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).expect("a letter of base 32");
    let bits: String = text.chars().map(|letter| format!("{:05b}", number(letter))).collect();
    let bytes = bits.as_bytes().chunks_exact(8);
    bytes.map(|byte| byte.iter().fold(0, |number, bit| number << 1 | u8::from(*bit == b'1'))).collect()
}

impl World {
    /// Begins what an operation on second factors continues, such as an enrollment. The body of the operation, if it has
    /// one.
    pub async fn begin_factor(&self, operation: &str, person: &Person) -> Option<Value> {
        match operation {
            "activateTotp" => {
                let enrolled = self.call("enrollTotp").by(person).send().await.expect(201).json();
                let secret = unbase32(enrolled["secret"].as_str().expect("a secret"));
                Some(json!({"code": totp_code(&secret, self.now())}))
            }
            "createPasskey" => {
                let options = self.call("createPasskeyOptions").by(person).send().await.expect(200).json();
                let mut authenticator = SoftwareAuthenticator::new(255);
                authenticator
                    .id
                    .extend(options["public_key"]["challenge"].as_str().expect("a challenge").bytes());
                Some(json!({"name": "Ada's phone", "credential": authenticator.create(&options)}))
            }
            "regenerateRecoveryCodes" => {
                let body = Box::pin(self.begin_factor("activateTotp", person)).await.expect("a body");
                self.call("activateTotp").by(person).json(&body).send().await.expect(200);
                None
            }
            _ => None,
        }
    }

    /// Adds a passkey to a person's account by the real routes. The body of the answer.
    pub async fn passkey(&self, person: &Person, authenticator: &SoftwareAuthenticator) -> Value {
        let options = self.call("createPasskeyOptions").by(person).send().await.expect(200).json();
        let body = json!({"name": "Ada's phone", "credential": authenticator.create(&options)});
        self.call("createPasskey").by(person).json(&body).send().await.expect(201).json()
    }
}
