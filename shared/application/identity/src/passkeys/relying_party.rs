//! The site that passkeys belong to.

/// The site that passkeys belong to (WebAuthn's relying party).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    /// A domain, such as `example.com`. A passkey works for this domain and its subdomains, and never for another.
    pub id: String,
    /// The origins of the pages that may ask for a passkey, such as `https://app.example.com`.
    pub origins: Vec<String>,
}

impl RelyingParty {
    /// From settings: the domain, and origins separated by commas.
    pub fn new(id: &str, origins: &str) -> Self {
        let origins = origins.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        Self { id: id.to_owned(), origins: origins.map(str::to_owned).collect() }
    }

    /// Whether pages of this origin may ask. Origins are compared letter by letter, as browsers write them.
    pub(super) fn allows(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| allowed == origin)
    }
}
