//! The text of an API key: `sxk_<organization>_<key>_<secret>`. Organization and key say where its record is, so that
//! one look-up finds it; they are not secret. The secret proves the rest, and only its hash is stored.

use application_core::repository::random;
use application_core::{Context, Error, fingerprint};
use domain::id::{ApiKeyId, OrganizationId};
use std::fmt::{self, Write as _};

/// The prefix of API keys, which tells them from access tokens, and by which scanners find leaked ones.
pub(crate) const PREFIX: &str = "sxk_";
/// Characters of the secret: 256 bits in hexadecimal.
const SECRET: usize = 64;

/// An API key in full. It must never be stored or logged.
pub(crate) struct ApiKeyText {
    pub(crate) organization: OrganizationId,
    pub(crate) key: ApiKeyId,
    secret: String,
}

impl ApiKeyText {
    /// A key with a new secret.
    pub(crate) fn new(organization: OrganizationId, key: ApiKeyId, context: &Context) -> Result<Self, Error> {
        let mut secret = String::with_capacity(SECRET);
        for byte in random::<32>(context.entropy.as_ref())? {
            // Writing to a text can't fail.
            let _written = write!(secret, "{byte:02x}");
        }
        Ok(Self { organization, key, secret })
    }

    /// SHA-256 of the secret. A slow hash would add nothing: it protects short secrets, which can be guessed, and this
    /// one is 256 random bits.
    pub(crate) fn hash(&self) -> String {
        fingerprint(self.secret.as_bytes())
    }

    /// All except the secret.
    pub(crate) fn prefix(&self) -> String {
        format!("{PREFIX}{}_{}", suffix(&self.organization.to_string()), suffix(&self.key.to_string()))
    }

    /// The text for the holder.
    pub(crate) fn encode(&self) -> String {
        format!("{}_{}", self.prefix(), self.secret)
    }

    /// Reads a holder's text; any other text is not an API key.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(PREFIX)?.split('_');
        let organization = format!("org_{}", parts.next()?).parse().ok()?;
        let key = format!("apikey_{}", parts.next()?).parse().ok()?;
        let secret = parts.next()?.to_owned();
        let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let whole = secret.len() == SECRET && secret.bytes().all(hexadecimal) && parts.next().is_none();
        whole.then_some(Self { organization, key, secret })
    }
}

/// An id without its prefix.
fn suffix(id: &str) -> &str {
    id.rsplit_once('_').map_or(id, |(_, suffix)| suffix)
}

impl fmt::Debug for ApiKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyText").field("key", &self.key.to_string()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::ApiKeyText;

    const TEXT: &str = concat!(
        "sxk_01jd2wzq4sf1a6p8d2y7b9t3ge_01jd2x3c6hf9b5r1m8v4n7q2wk_",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    );

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let key = ApiKeyText::decode(TEXT).unwrap();
        assert_eq!(key.organization.to_string(), "org_01jd2wzq4sf1a6p8d2y7b9t3ge");
        assert_eq!(key.key.to_string(), "apikey_01jd2x3c6hf9b5r1m8v4n7q2wk");
        assert_eq!(key.encode(), TEXT);
        assert_eq!(key.prefix(), &TEXT[..57]);
    }

    #[test]
    fn it_shows_no_secret() {
        let shown = format!("{:?}", ApiKeyText::decode(TEXT).unwrap());
        assert!(
            shown.contains("apikey_01jd2x3c6hf9b5r1m8v4n7q2wk") && !shown.contains("9f86d081"),
            "{shown}"
        );
    }

    #[test]
    fn the_hash_is_of_the_secret_alone_and_of_all_of_it() {
        let hash = |text: &str| ApiKeyText::decode(text).unwrap().hash();
        assert_eq!(hash(TEXT), hash(&TEXT.replace("01jd2x3c", "01jd2x3d")));
        assert_ne!(hash(TEXT), hash(&TEXT.replace("0a08", "0a09")));
        assert_eq!(hash(TEXT).len(), 43);
    }

    #[test]
    fn there_is_one_way_to_write_a_key() {
        for wrong in [
            TEXT.to_uppercase(),
            TEXT.replace("9f86", "9F86"),
            TEXT.replace("9f86", "9g86"),
            TEXT.replace("sxk_", "sxr_"),
            TEXT.replace("sxk_0", "sxk_8"),
            format!(" {TEXT}"),
            format!("{TEXT}\n"),
            format!("{TEXT}_"),
            TEXT[..TEXT.len() - 1].to_owned(),
            String::new(),
        ] {
            assert!(ApiKeyText::decode(&wrong).is_none(), "{wrong}");
        }
    }
}
