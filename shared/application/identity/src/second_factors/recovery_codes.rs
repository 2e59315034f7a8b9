//! Recovery codes: 80 random bits each, so a fast hash hides them. They are shown once.

use super::totp::base32;
use application_core::repository::random;
use application_core::{Context, Error, fingerprint};
use domain::identity::RECOVERY_CODES;
use std::fmt;

/// The random bytes of a code: 80 bits, which nobody guesses.
const CODE_BYTES: usize = 10;
/// The letters between two hyphens.
const GROUP: usize = 4;

/// New recovery codes in the form for people: four groups of four letters of base 32.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCodes(pub Vec<String>);

impl fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCodes(..)")
    }
}

impl RecoveryCodes {
    /// Ten new codes.
    pub(crate) fn generate(context: &Context) -> Result<Self, Error> {
        let mut codes = Vec::with_capacity(RECOVERY_CODES);
        for _ in 0..RECOVERY_CODES {
            codes.push(grouped(&base32(&random::<CODE_BYTES>(context.entropy.as_ref())?)));
        }
        Ok(Self(codes))
    }

    /// The hashes that are stored.
    pub(crate) fn hashes(&self) -> Vec<String> {
        self.0.iter().map(|code| recovery_code_hash(code)).collect()
    }
}

fn grouped(letters: &str) -> String {
    let letters: Vec<char> = letters.chars().collect();
    let groups: Vec<String> = letters.chunks(GROUP).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

/// The hash of a code as a person types it: case, hyphens and spaces do not count.
pub(crate) fn recovery_code_hash(code: &str) -> String {
    let letters: String = code
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric())
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    fingerprint(letters.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_typed_in_every_way_that_people_type_it() {
        let code = grouped(&base32(&[0xa5; CODE_BYTES]));
        assert_eq!(code, "UWS2-LJNF-UWS2-LJNF");
        let hash = recovery_code_hash(&code);
        for typed in ["uws2-ljnf-uws2-ljnf", " UWS2LJNFUWS2LJNF ", "uws2 ljnf uws2 ljnf"] {
            assert_eq!(recovery_code_hash(typed), hash);
        }
        assert_ne!(recovery_code_hash("uws2-ljnf-uws2-ljng"), hash);
    }
}
