//! The subject that keeps its side of a split step of an organization's own chain. Only its hash leaves this module:
//! the name of an end user is neither logged nor stored nor sent to a provider.

use super::ask::Requester;
use domain::ai::Feature;

/// The context in which subjects are hashed (BLAKE3's key derivation).
const SUBJECT: &str = "sextant 2026-11 ai split subject";

/// A subject within an organization.
#[derive(Clone, Copy)]
pub enum SplitSubject<'a> {
    /// The end user whom the caller names.
    EndUser(&'a str),
    /// The API key or the account that asks.
    Requester,
    /// The thing that the request is about, such as a lead, by its id.
    Item(&'a str),
}

impl SplitSubject<'_> {
    /// The hash of the subject, its organization and the feature. The same name in another organization, in another
    /// feature or of another kind is another subject.
    pub fn hashed(self, asker: &Requester, feature: Feature) -> String {
        let requester = asker.name();
        let (kind, name) = match self {
            Self::EndUser(name) => ("end_user", name),
            Self::Requester => ("requester", requester.as_str()),
            Self::Item(id) => ("item", id),
        };
        let mut hash = blake3::Hasher::new_derive_key(SUBJECT);
        for field in [asker.tenant.to_string().as_str(), feature.as_str(), kind, name] {
            hash.update(&(field.len() as u64).to_be_bytes()).update(field.as_bytes());
        }
        hash.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;
    use domain::id::new_id;
    use std::collections::BTreeSet;

    fn asker(tenant: u8, account: u8) -> Requester {
        let at = Timestamp::from_millis(1_763_716_200_000);
        Requester { tenant: new_id(at, &[tenant; 10]), account: new_id(at, &[account; 10]), api_key: None }
    }

    #[test]
    fn a_subject_is_one_of_its_organization_feature_and_kind() {
        let (one, colleague, stranger) = (asker(1, 2), asker(1, 3), asker(9, 2));
        let user = SplitSubject::EndUser("u-1");
        let hashed = user.hashed(&one, Feature::Completion);
        assert_eq!(hashed.len(), 64);
        assert!(!hashed.contains("u-1"));
        // Whoever asks for the end user.
        assert_eq!(user.hashed(&colleague, Feature::Completion), hashed);
        let account = one.account.to_string();
        let others = [
            user.hashed(&stranger, Feature::Completion),
            user.hashed(&one, Feature::Content),
            SplitSubject::EndUser("u-2").hashed(&one, Feature::Completion),
            SplitSubject::Item("u-1").hashed(&one, Feature::Completion),
            SplitSubject::Requester.hashed(&one, Feature::Completion),
            SplitSubject::Requester.hashed(&colleague, Feature::Completion),
            SplitSubject::EndUser(&account).hashed(&one, Feature::Completion),
            hashed,
        ];
        assert_eq!(BTreeSet::from(others.clone()).len(), others.len());
    }
}
