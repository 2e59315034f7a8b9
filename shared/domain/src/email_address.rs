//! E-mail addresses: which texts are addresses, and which addresses are one mailbox. `münchen.example` and
//! `xn--mnchen-3ya.example` are the same domain, so their mailboxes are the same.

use crate::text::{category, composed, trimmed};
use icu_properties::CodePointMapData;
use icu_properties::props::{CanonicalCombiningClass, GeneralCategory, GeneralCategoryGroup};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// The most bytes of an address (RFC 5321, section 4.5.3.1.3, without the angle brackets).
const LONGEST: usize = 254;
/// The most bytes of a local part (RFC 5321, section 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;

/// An e-mail address (RFC 5321 with the characters of RFC 6531), in lower case and in Normalization Form C. `Debug`
/// does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    text: String,
    /// The address with its domain as A-labels (RFC 5890).
    ascii: String,
    /// The address with its domain as U-labels.
    unicode: String,
}

impl std::fmt::Debug for EmailAddress {
    /// Prints no value, so that no log can contain it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmailAddress(..)")
    }
}

impl EmailAddress {
    /// Parses an address: a plain dot-atom of the form that mail providers accept, and a domain name with a dot.
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = trimmed(text).split_once('@')?;
        let local = composed(&local.to_lowercase()).into_owned();
        let domain = Domain::parse(domain)?;
        let address = |domain: &str| format!("{local}@{domain}");
        let (ascii, unicode) = (address(&domain.ascii), address(&domain.unicode));
        let text = if domain.sent_as_ascii { ascii.clone() } else { unicode.clone() };
        let fits = local.len() <= LONGEST_LOCAL && text.len() <= LONGEST && ascii.len() <= LONGEST;
        (is_local_part(&local) && fits).then_some(Self { text, ascii, unicode })
    }

    /// The address for people. Its domain has the form in which it was sent: A-labels or U-labels.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The key by which mailboxes are compared: the address with its domain as A-labels (UTS #46). For a text that is not
/// an address it is the text in lower case.
pub fn mailbox_key(text: &str) -> String {
    EmailAddress::parse(text).map_or_else(|| text.trim().to_lowercase(), |address| address.ascii)
}

/// All keys under which the account of a mailbox may be registered: the address as it is written, with A-labels, and
/// with U-labels. Accounts from before mailboxes were compared by A-labels are found under the first or the last key. A
/// new account takes all keys, so that no key is given twice.
pub fn mailbox_keys(text: &str) -> Vec<String> {
    let mut keys = vec![text.trim().to_lowercase()];
    if let Some(address) = EmailAddress::parse(text) {
        for key in [address.ascii, address.unicode] {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys
}

struct Domain {
    ascii: String,
    unicode: String,
    sent_as_ascii: bool,
}

impl Domain {
    fn parse(text: &str) -> Option<Self> {
        let uts46 = Uts46::new();
        let (bytes, deny, hyphens) = (text.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
        let ascii = uts46.to_ascii(bytes, deny, hyphens, DnsLength::Verify).ok()?.into_owned();
        let (unicode, valid) = uts46.to_unicode(bytes, deny, hyphens);
        valid.ok()?;
        let is_domain = ascii.contains('.') && unicode.chars().all(is_domain_character);
        is_domain.then(|| Self { ascii, unicode: unicode.into_owned(), sent_as_ascii: text.is_ascii() })
    }
}

/// Whether a label may have this character (RFC 5892): letters, marks and digits, the joiners, which UTS #46 allows
/// only in their context, and punctuation inside words. UTS #46 alone would also allow symbols.
fn is_domain_character(c: char) -> bool {
    matches!(
        c,
        '.' | '-' | '\u{200c}' | '\u{200d}' | '\u{b7}' | '\u{375}' | '\u{5f3}' | '\u{5f4}' | '\u{30fb}'
    ) || GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::NonspacingMark)
        .union(GeneralCategoryGroup::SpacingMark)
        .union(GeneralCategoryGroup::DecimalNumber)
        .contains(category(c))
}

/// Whether a text in lower case is a dot-atom. Outside of ASCII it may have letters, digits and marks. A joiner must
/// follow a virama (RFC 5892, appendix A), where it changes the look of the text.
fn is_local_part(local: &str) -> bool {
    local.split('.').all(|atom| {
        let mut before = None;
        !atom.is_empty()
            && atom.chars().all(|c| {
                let fits = match c {
                    '\u{200c}' | '\u{200d}' => before.is_some_and(is_virama),
                    c if c.is_ascii() => c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c),
                    c => is_word_character(c, before.is_none()),
                };
                before = Some(c);
                fits
            })
    })
}

fn is_word_character(c: char, is_first: bool) -> bool {
    let category = category(c);
    let marks = !is_first && category != GeneralCategory::EnclosingMark;
    GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Number).contains(category)
        || (marks && GeneralCategoryGroup::Mark.contains(category))
}

fn is_virama(c: char) -> bool {
    CodePointMapData::<CanonicalCombiningClass>::new().get(c) == CanonicalCombiningClass::Virama
}
