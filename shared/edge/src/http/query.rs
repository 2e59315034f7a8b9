//! The values of a query.

use super::Request;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;

impl Request {
    /// All values of a query parameter, in their order.
    pub fn query_all(&self, name: &str) -> &[String] {
        self.query.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// A fingerprint of the list that this request asks for, whatever its page: a hash of the path and of every query
    /// parameter except `cursor` and `limit`.
    pub fn list_fingerprint(&self) -> String {
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut add = |text: &str| {
            // The lengths keep `a=bc` and `ab=c` apart.
            hash.update(&(text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        add(self.path());
        for (name, values) in self.query.iter().filter(|(name, _)| *name != "cursor" && *name != "limit") {
            add(name);
            add(&values.len().to_string());
            values.iter().for_each(|value| add(value));
        }
        URL_SAFE_NO_PAD.encode(hash.finish())
    }
}
