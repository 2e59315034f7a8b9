//! E-mail addresses: which are addresses, and which of them are one mailbox. `münchen.example` and
//! `xn--mnchen-3ya.example` name one domain, so the mailboxes of both are the same.

use crate::text::{category, composed, trimmed};
use icu_properties::CodePointMapData;
use icu_properties::props::{CanonicalCombiningClass, GeneralCategory, GeneralCategoryGroup};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// Bytes of the longest address (RFC 5321, section 4.5.3.1.3, without the angle brackets).
const LONGEST: usize = 254;
/// Bytes of the longest local part (RFC 5321, section 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;

/// An e-mail address (RFC 5321 with the characters of RFC 6531), lower-cased and in Normalization Form C. It shows nothing
/// in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    text: String,
    /// With the domain as A-labels (RFC 5890).
    ascii: String,
    /// With the domain as U-labels.
    unicode: String,
}

impl std::fmt::Debug for EmailAddress {
    /// Tells nothing, so that no log can.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmailAddress(..)")
    }
}

impl EmailAddress {
    /// The address that a text is: a plain dot-atom as mail providers accept it, and a domain name with a dot.
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

    /// The address as it is shown. Its domain has the form in which it was sent: A-labels or U-labels.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// What a mailbox is compared by: the address with its domain as A-labels (UTS #46). A text that is no address is compared
/// by itself, lower-cased.
pub fn mailbox_key(text: &str) -> String {
    EmailAddress::parse(text).map_or_else(|| text.trim().to_lowercase(), |address| address.ascii)
}

/// Every key under which the account of a mailbox may be registered: as the address is written, by A-labels, and by
/// U-labels. Accounts that registered before mailboxes were compared by A-labels are found under the first or the last, and
/// whoever registers takes all of them, so that none of them is given twice.
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

/// Whether a label may have this character (RFC 5892): letters, marks and digits, the joiners, which UTS #46 allows in
/// their context only, and punctuation that words have. UTS #46 alone would also take symbols.
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

/// Whether a lower-cased text is a dot-atom. Outside of ASCII it may have letters, digits and marks; a joiner must stand
/// behind a virama (RFC 5892, appendix A), where it changes how the text looks.
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
