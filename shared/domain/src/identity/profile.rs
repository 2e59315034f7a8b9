//! What people say about themselves: their name, and how they want to be addressed.

use super::account::{Account, AccountEvent};
use crate::field::{FieldChecks, InvalidFields};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The names of the IANA time zone database, one a line, sorted by their bytes. It has its links, too, such as `Europe/Kiev`.
const TIME_ZONES: &str = include_str!("time_zones.txt");

/// The colours of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Dark text on light ground.
    Light,
    /// Light text on dark ground.
    Dark,
    /// As the system of the device.
    System,
}

impl Theme {
    /// Every theme.
    pub const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::System];

    /// The name in bodies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::System => "system",
        }
    }
}

/// How a person wants to be addressed. A preference without a value is the client's to choose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// A language tag (BCP 47): a language of two or three letters, then a script and a region if it has them, such as `de` or
    /// `zh-Hant-TW`.
    pub locale: Option<String>,
    /// A name of the IANA time zone database, such as `Europe/Berlin`.
    pub time_zone: Option<String>,
    /// The colours.
    pub theme: Option<Theme>,
}

impl Preferences {
    /// Whether no preference has a value.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The part of a person that the person changes; erased together with the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonProfile {
    /// The name of the person.
    pub name: String,
    /// The preferences.
    pub preferences: Preferences,
}

impl fmt::Debug for PersonProfile {
    /// Prints no value, so that no log can contain it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonProfile(..)")
    }
}

/// The fields that replace those of a profile.
pub struct ProfileInput<'a> {
    /// The name of the person, 1 to 200 characters.
    pub name: &'a str,
    /// A language tag.
    pub locale: Option<&'a str>,
    /// A name of the IANA time zone database.
    pub time_zone: Option<&'a str>,
    /// The name of a theme.
    pub theme: Option<&'a str>,
}

/// Checks the fields of a profile.
pub fn check_profile(input: &ProfileInput<'_>) -> Result<PersonProfile, InvalidFields> {
    let mut check = FieldChecks::default();
    let name = check.line("name", input.name, 200);
    if input.locale.is_some_and(|locale| !is_locale(locale)) {
        check.wrong("preferences.locale", "format", "must be a language tag such as `en`, `de` or `de-AT`");
    }
    if input.time_zone.is_some_and(|zone| !is_time_zone(zone)) {
        check.wrong(
            "preferences.time_zone",
            "unknown",
            "must be a name of the IANA time zone database, such as `Europe/Berlin`",
        );
    }
    let theme = input.theme.and_then(|name| Theme::ALL.into_iter().find(|theme| theme.as_str() == name));
    if input.theme.is_some() && theme.is_none() {
        check.wrong("preferences.theme", "unknown", "must be `light`, `dark` or `system`");
    }
    let (locale, time_zone) = (input.locale.map(str::to_owned), input.time_zone.map(str::to_owned));
    check.finish(PersonProfile { name, preferences: Preferences { locale, time_zone, theme } })
}

/// Decides `profile_updated`; no event when nothing changes. An erased person has no profile.
pub fn update_profile(
    account: &Account,
    input: &ProfileInput<'_>,
) -> Result<Option<AccountEvent>, InvalidFields> {
    let profile = check_profile(input)?;
    let changes = account
        .person
        .as_ref()
        .is_some_and(|person| person.name != profile.name || person.preferences != profile.preferences);
    Ok(changes.then(|| AccountEvent::profile_updated(account.id, profile)))
}

/// `language[-Script][-REGION]` in the usual case of each part (RFC 5646, section 2.1.1), which is the only one that is taken.
fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-').peekable();
    let language = parts.next().unwrap_or_default();
    let is_language = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
    parts.next_if(|part| {
        let (first, rest) = part.as_bytes().split_first().unwrap_or((&0, &[]));
        rest.len() == 3 && first.is_ascii_uppercase() && rest.iter().all(u8::is_ascii_lowercase)
    });
    parts.next_if(|part| {
        part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_uppercase())
            || part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit())
    });
    is_language && parts.next().is_none()
}

fn is_time_zone(text: &str) -> bool {
    TIME_ZONES.lines().filter(|line| !line.starts_with('#')).any(|name| name == text)
}

#[cfg(test)]
mod tests {
    use super::{ProfileInput, check_profile};

    fn wrong(locale: Option<&str>, time_zone: Option<&str>, theme: Option<&str>) -> Vec<String> {
        match check_profile(&ProfileInput { name: "Ada", locale, time_zone, theme }) {
            Ok(_) => Vec::new(),
            Err(wrong) => wrong.0.into_iter().map(|error| error.field).collect(),
        }
    }

    #[test]
    fn language_tags_have_one_spelling() {
        for good in ["en", "de", "de-AT", "zh-Hant-TW", "es-419", "gsw", "sr-Latn"] {
            assert_eq!(wrong(Some(good), None, None), Vec::<String>::new(), "{good}");
        }
        for bad in
            ["", "e", "EN", "en-", "-en", "en_US", "en-us", "english", "en-US-x", "en-US-DE", "e\u{301}n"]
        {
            assert_eq!(wrong(Some(bad), None, None), ["preferences.locale"], "{bad}");
        }
    }

    #[test]
    fn time_zones_are_those_of_the_database() {
        for good in ["UTC", "Europe/Berlin", "Europe/Kiev", "Europe/Kyiv", "America/Argentina/Buenos_Aires"] {
            assert_eq!(wrong(None, Some(good), None), Vec::<String>::new(), "{good}");
        }
        for bad in
            ["", "Berlin", "europe/berlin", "Europe/Berlin\n", "Europe/Berlin\nUTC", "../UTC", "localtime"]
        {
            assert_eq!(wrong(None, Some(bad), None), ["preferences.time_zone"], "{bad}");
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        assert_eq!(
            wrong(Some("x"), Some("x"), Some("blue")),
            ["preferences.locale", "preferences.time_zone", "preferences.theme"]
        );
    }
}
