//! The form in which passwords are checked and hashed: the same password typed on another keyboard must have the same
//! bytes.

use crate::email_address::mailbox_key;
use crate::field::FieldChecks;
use precis_profiles::OpaqueString;
use precis_profiles::precis_core::profile::Profile;
use std::borrow::Cow;

/// The shortest and the longest password in characters. NIST SP 800-63B wants at least 8 and allows at least 64; the
/// upper limit bounds the time of hashing.
const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 10..=128;

/// Bytes beyond which no text can be a password of 128 characters in Normalization Form C, each of at most four bytes and made
/// of at most four characters. The profile's rules take time that grows with the square of the length.
const LONGEST_TEXT: usize = 2048;

/// The password in the profile OpaqueString (RFC 8265, section 4.2): spaces of every width become one kind of space,
/// and the text is in Normalization Form C. `None` if the text is empty, too long for
/// any password, or has control or invisible characters.
pub fn prepared_password(password: &str) -> Option<Cow<'_, str>> {
    if password.len() > LONGEST_TEXT {
        return None;
    }
    OpaqueString::new().enforce(password).ok()
}

/// The passwords of at least 10 characters, in lower case and sorted, among the 30,000 most common ones of the list of zxcvbn
/// (Dropbox, MIT License; from its port for Python 4.4.28). Shorter ones are refused by their length.
const COMMON_PASSWORDS: &str = include_str!("common_passwords.txt");

/// Whether a password is one of the most common ones, in any case.
fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    COMMON_PASSWORDS.lines().any(|common| common == lower)
}

/// Whether a password may be used: an OpaqueString of 10 to 128 characters, and neither the e-mail address, nor one
/// character repeated, nor one of the most common passwords.
pub fn check_password(check: &mut FieldChecks, password: &str, email: &str) {
    let prepared = prepared_password(password);
    let length = prepared.as_deref().unwrap_or(password).chars().count();
    if !PASSWORD_LENGTH.contains(&length) {
        check.wrong(
            "password",
            if length < 10 { "too_short" } else { "too_long" },
            "must have 10 to 128 characters",
        );
        return;
    }
    let Some(password) = prepared else {
        check.wrong("password", "format", "must not contain control characters or invisible characters");
        return;
    };
    if mailbox_key(&password) == mailbox_key(email) {
        check.wrong("password", "format", "must not be the e-mail address");
    } else if password.chars().all(|c| password.starts_with(c)) {
        check.wrong("password", "format", "must not repeat one character");
    } else if is_common(&password) {
        check.wrong("password", "too_common", "must not be one of the most common passwords; choose another");
    }
}
