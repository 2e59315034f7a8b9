//! A point in time, in milliseconds since the Unix epoch, UTC. It must never read the clock.

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::time::Duration;
use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime};

/// Milliseconds since 1970-01-01T00:00:00Z; written as RFC 3339 with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text was not an RFC 3339 date-time between the years 1970 and 9999.
#[derive(Debug, thiserror::Error)]
#[error("not an RFC 3339 date-time between 1970 and 9999")]
pub struct InvalidTimestamp;

/// 9999-12-31T23:59:59.999Z, the last time that RFC 3339 can write.
const LAST_MILLIS: i64 = 253_402_300_799_999;

impl Timestamp {
    /// A time from Unix milliseconds, clamped to the years that RFC 3339 can write.
    pub const fn from_millis(millis: i64) -> Self {
        if millis < 0 {
            Self(0)
        } else if millis > LAST_MILLIS {
            Self(LAST_MILLIS)
        } else {
            Self(millis)
        }
    }

    /// Unix milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole Unix seconds.
    pub const fn seconds(self) -> i64 {
        self.0 / 1000
    }

    /// This time plus `seconds`.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_millis(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// This time plus `time`, in whole milliseconds.
    pub fn plus(self, time: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Reads RFC 3339; any offset is accepted and converted to UTC.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        if let Some(moment) = Self::canonical(text) {
            return Ok(moment);
        }
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InvalidTimestamp)?;
        let millis =
            i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).map_err(|_| InvalidTimestamp)?;
        if (0..=LAST_MILLIS).contains(&millis) { Ok(Self(millis)) } else { Err(InvalidTimestamp) }
    }

    /// Reads a text in the form in which times are written here. Most times that are read are such texts, and the general
    /// reader takes several times as long.
    fn canonical(text: &str) -> Option<Self> {
        let [
            y0,
            y1,
            y2,
            y3,
            b'-',
            o0,
            o1,
            b'-',
            d0,
            d1,
            b'T',
            h0,
            h1,
            b':',
            m0,
            m1,
            b':',
            s0,
            s1,
            b'.',
            f0,
            f1,
            f2,
            b'Z',
        ] = text.as_bytes()
        else {
            return None;
        };
        let two = |tens, ones| u8::try_from(number([tens, ones])?).ok();
        let month = Month::try_from(two(o0, o1)?).ok()?;
        let day =
            Date::from_calendar_date(i32::try_from(number([y0, y1, y2, y3])?).ok()?, month, two(d0, d1)?);
        let moment = day.ok()?.with_hms(two(h0, h1)?, two(m0, m1)?, two(s0, s1)?).ok()?.assume_utc();
        let millis = moment.unix_timestamp() * 1000 + i64::from(number([f0, f1, f2])?);
        (millis >= 0).then_some(Self(millis))
    }
}

/// The number with these decimal digits, of which there are few.
fn number<const COUNT: usize>(digits: [&u8; COUNT]) -> Option<u32> {
    digits.into_iter().try_fold(0, |number: u32, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
    })
}

/// Writes a number to the end of `place`, with zeros before it.
fn put(place: Option<&mut [u8]>, mut number: u32) {
    for digit in place.into_iter().flatten().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

impl fmt::Display for Timestamp {
    /// Always 24 characters, so that the texts sort like the times.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = OffsetDateTime::from_unix_timestamp(self.seconds()).map_err(|_| fmt::Error)?;
        let mut text = *b"0000-00-00T00:00:00.000Z";
        put(text.get_mut(0..4), moment.year().unsigned_abs());
        put(text.get_mut(5..7), u8::from(moment.month()).into());
        put(text.get_mut(8..10), moment.day().into());
        put(text.get_mut(11..13), moment.hour().into());
        put(text.get_mut(14..16), moment.minute().into());
        put(text.get_mut(17..19), moment.second().into());
        put(text.get_mut(20..23), u32::try_from(self.0 % 1000).unwrap_or_default());
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TimestampVisitor)
    }
}

/// Reads a text without a copy of it.
struct TimestampVisitor;

impl Visitor<'_> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
        Timestamp::parse(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn writes_milliseconds_in_utc_and_reads_them_back() {
        let moment = Timestamp::from_millis(1_700_000_000_007);
        assert_eq!(moment.to_string(), "2023-11-14T22:13:20.007Z");
        assert_eq!(Timestamp::parse("2023-11-14T23:13:20.007+01:00").unwrap(), moment);
    }

    #[test]
    fn the_written_form_is_read_like_every_other() {
        for millis in [0, 1, 951_782_400_000, 1_709_164_799_999, 1_700_000_000_007, 253_402_300_799_999] {
            let moment = Timestamp::from_millis(millis);
            let text = moment.to_string();
            assert_eq!(Timestamp::canonical(&text), Some(moment), "{text}");
            // An offset takes the other way.
            assert_eq!(Timestamp::parse(&text.replace('Z', "+00:00")).unwrap(), moment, "{text}");
        }
        for text in [
            "2023-02-29T00:00:00.000Z",
            "2023-13-01T00:00:00.000Z",
            "2023-00-01T00:00:00.000Z",
            "2023-01-00T00:00:00.000Z",
            "2023-01-01T24:00:00.000Z",
            "2023-01-01T00:60:00.000Z",
            "1969-12-31T23:59:59.999Z",
            "2023-01-01T00:00:00.00:Z",
            "2023-01-01T00:00:00.0000",
        ] {
            assert_eq!(Timestamp::canonical(text), None, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_moment() {
        for text in ["", "yesterday", "2023-13-01T00:00:00Z", "1969-12-31T23:59:59Z", "2023-11-14"] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }
}
