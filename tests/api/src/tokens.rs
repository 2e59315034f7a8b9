//! Access tokens with a real RSA key in memory. They are signed in the same way as by the key service and verified by
//! the real verifier.

use adapter_token::Rs256Verifier;
use application_identity::Issuer;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ports::{BoxFuture, Claims, Jwk, TokenError, TokenSigner};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::json;

const KEY: &str = include_str!("../../../shared/adapter-token/tests/keys/signing.pem");
const OTHER_KEY: &str = include_str!("../../../shared/adapter-token/tests/keys/other.pem");
const KEY_ID: &str = "token-1";
const ISSUER: &str = "https://api.example.test";
const AUDIENCE: &str = "sextant";

/// Signs access tokens.
pub struct TestTokens(RsaKeyPair);

impl std::fmt::Debug for TestTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TestTokens(..)")
    }
}

impl Default for TestTokens {
    fn default() -> Self {
        Self::of(KEY)
    }
}

impl TestTokens {
    /// Signs with a key that nobody publishes, as an attacker would.
    pub fn of_attacker() -> Self {
        Self::of(OTHER_KEY)
    }

    fn of(pem: &str) -> Self {
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let key = STANDARD.decode(body).expect("the key is PEM");
        Self(RsaKeyPair::from_pkcs8(&key).expect("the key is PKCS #8"))
    }
}

impl TestTokens {
    /// The issuer and the audience of the tokens.
    pub fn issuer() -> Issuer {
        Issuer { issuer: ISSUER.to_owned(), audience: AUDIENCE.to_owned() }
    }

    /// The real verifier, with this key.
    pub fn verifier(&self) -> Rs256Verifier {
        let jwk = self.jwk();
        Rs256Verifier::new(
            ISSUER,
            AUDIENCE,
            Box::new(move || {
                let keys = vec![jwk.clone()];
                Box::pin(async { Ok(keys) })
            }),
        )
    }

    /// The public key that the key set publishes.
    pub fn public_key(&self) -> Jwk {
        self.jwk()
    }

    /// A token with this header and these claims, each as its JSON text, with a signature that is right for them.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature)
            .expect("a signature");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn jwk(&self) -> Jwk {
        let public = PublicKeyComponents::<Vec<u8>>::from(self.0.public());
        Jwk {
            kty: "RSA".to_owned(),
            usage: "sig".to_owned(),
            alg: "RS256".to_owned(),
            kid: KEY_ID.to_owned(),
            n: URL_SAFE_NO_PAD.encode(public.n),
            e: URL_SAFE_NO_PAD.encode(public.e),
        }
    }
}

impl TokenSigner for TestTokens {
    fn sign<'a>(&'a self, claims: &'a Claims) -> BoxFuture<'a, Result<String, TokenError>> {
        Box::pin(async move {
            let header = json!({"alg": "RS256", "typ": "JWT", "kid": KEY_ID}).to_string();
            let claims = serde_json::to_string(claims).expect("claims are JSON");
            Ok(self.sign_text(&header, &claims))
        })
    }
}
