//! Time-based one-time passwords (RFC 6238) in the form that every authenticator app knows: HMAC-SHA-1, 30 seconds, 6
//! digits. The algorithm is a dozen lines on ring, which is linked anyway; a crate for it brings a second HMAC.

use application_core::secret::same;
use domain::Timestamp;
use ring::hmac;

/// The length of a secret in bytes: that of SHA-1, as RFC 4226 recommends.
pub(crate) const SECRET_BYTES: usize = 20;
/// The length of a time step in seconds.
pub(crate) const STEP_SECONDS: i64 = 30;
/// How many steps before and after the present one are accepted, for clocks that differ and people who type slowly.
const WINDOW: u64 = 1;
const DIGITS: u32 = 6;

/// The time step at `at`.
pub(crate) fn step_at(at: Timestamp) -> u64 {
    u64::try_from(at.seconds() / STEP_SECONDS).unwrap_or_default()
}

/// The code of a secret in a time step (RFC 4226, section 5.3).
fn code_of_step(secret: &[u8], step: u64) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret), &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag.last().copied().unwrap_or_default() & 0x0f);
    let word = tag.get(offset..).and_then(|rest| rest.first_chunk::<4>()).copied().unwrap_or_default();
    let number = u32::from_be_bytes(word) & 0x7fff_ffff;
    format!("{:06}", number % 10_u32.pow(DIGITS))
}

/// The code that an authenticator app with this secret shows at `at`.
pub fn totp_code(secret: &[u8], at: Timestamp) -> String {
    code_of_step(secret, step_at(at))
}

/// The step of a code that is right at `at`. The spaces that apps show within codes are ignored.
pub(crate) fn matching_step(secret: &[u8], code: &str, at: Timestamp) -> Option<u64> {
    let code: String = code.chars().filter(|character| !character.is_whitespace()).collect();
    let now = step_at(at);
    // All steps are compared, so that the time does not show which one matched.
    let mut found = None;
    for step in now.saturating_sub(WINDOW)..=now + WINDOW {
        if same(&code_of_step(secret, step), &code) {
            found = Some(step);
        }
    }
    found
}

/// Base 32 (RFC 4648) without padding, in which apps take secrets.
pub(crate) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    let numbers = bits.chunks(5).map(|chunk| {
        let number = chunk.iter().fold(0, |number, bit| number << 1 | usize::from(*bit));
        number << (5 - chunk.len())
    });
    numbers.filter_map(|number| ALPHABET.get(number)).map(|letter| char::from(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // Appendix B has eight digits; six digits are the last six of them.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(totp_code(SECRET, at(seconds)), code);
        }
    }

    #[test]
    fn one_step_before_and_after_is_accepted_and_no_other() {
        let code = totp_code(SECRET, at(1_234_567_890));
        let step = step_at(at(1_234_567_890));
        for (seconds, found) in
            [(-60, None), (-30, Some(step)), (0, Some(step)), (30, Some(step)), (60, None)]
        {
            assert_eq!(matching_step(SECRET, &code, at(1_234_567_890 + seconds)), found, "{seconds}");
        }
        assert_eq!(matching_step(SECRET, " 005 924 ", at(1_234_567_890)), Some(step));
        for wrong in ["", "5924", "005925", "00592", "0059240"] {
            assert_eq!(matching_step(SECRET, wrong, at(1_234_567_890)), None, "{wrong}");
        }
    }

    #[test]
    fn base_32_is_that_of_the_rfc() {
        for (text, encoded) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(text.as_bytes()), encoded);
        }
    }
}
