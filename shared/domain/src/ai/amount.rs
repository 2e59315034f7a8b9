//! Amounts of money on the wire: decimals in US dollars. They are converted to whole nano-dollars and back without a
//! float in between. An amount without an exact value in nano-dollars is refused, never rounded.

/// The most digits before the point: ten, so that a sum in nano-dollars still fits 64 bits.
const MOST_DIGITS: usize = 10;
/// The most digits after the point: nano-dollars.
const PLACES: usize = 9;

/// The text is not an amount: `0` or digits without a leading zero, at most ten, then perhaps a point and one to nine
/// digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an amount of US dollars")]
pub struct NoAmount;

/// A decimal such as `47.32` in nano-dollars.
pub fn nano_usd(text: &str) -> Result<u64, NoAmount> {
    let (dollars, fraction) = match text.split_once('.') {
        Some((dollars, fraction)) if !fraction.is_empty() => (dollars, fraction),
        Some(_) => return Err(NoAmount),
        None => (text, ""),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = dollars == "0" || !dollars.starts_with('0');
    if !digits(dollars) || !digits(fraction) || dollars.is_empty() || !canonical {
        return Err(NoAmount);
    }
    if dollars.len() > MOST_DIGITS || fraction.len() > PLACES {
        return Err(NoAmount);
    }
    // The digits of both parts, with the fraction filled up to nine places, are the number of nano-dollars.
    format!("{dollars}{fraction:0<PLACES$}").parse().map_err(|_| NoAmount)
}

/// Nano-dollars as a decimal with all nine places.
pub fn decimal_usd(nano_usd: u64) -> String {
    format!("{}.{:09}", nano_usd / 1_000_000_000, nano_usd % 1_000_000_000)
}

/// A difference of amounts as a decimal with all nine places, with a minus before it when it is negative.
pub fn signed_decimal_usd(nano_usd: i128) -> String {
    let (size, sign) = (nano_usd.unsigned_abs(), if nano_usd < 0 { "-" } else { "" });
    format!("{sign}{}.{:09}", size / 1_000_000_000, size % 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::{decimal_usd, nano_usd, signed_decimal_usd};

    #[test]
    fn a_difference_has_a_sign_when_it_is_negative() {
        assert_eq!(signed_decimal_usd(-1), "-0.000000001");
        assert_eq!(signed_decimal_usd(0), "0.000000000");
        assert_eq!(signed_decimal_usd(-12_000_000_001), "-12.000000001");
        assert_eq!(signed_decimal_usd(i128::from(u64::MAX)), decimal_usd(u64::MAX));
    }

    #[test]
    fn money_keeps_every_place() {
        assert_eq!(decimal_usd(8_130_000), "0.008130000");
        assert_eq!(decimal_usd(12_000_000_001), "12.000000001");
        assert_eq!(nano_usd(&decimal_usd(47_320_000_000)), Ok(47_320_000_000));
    }

    #[test]
    fn every_place_counts() {
        for (text, nano) in [
            ("0", 0),
            ("0.0", 0),
            ("0.000000001", 1),
            ("0.1", 100_000_000),
            ("0.3", 300_000_000),
            ("47.32", 47_320_000_000),
            ("100", 100_000_000_000),
            ("1000000000.999999999", 1_000_000_000_999_999_999),
            ("9999999999.999999999", 9_999_999_999_999_999_999),
        ] {
            assert_eq!(nano_usd(text), Ok(nano), "{text}");
        }
    }

    #[test]
    fn whatever_is_no_exact_amount_is_refused() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1,5",
            " 1",
            "1 ",
            "00",
            "01",
            "0x10",
            "1.0000000001",
            "1..2",
            "1.2.3",
            "NaN",
            "inf",
            "$5",
            "10000000000",
            "٣",
            "1.٣",
            "1_000",
            "1\0",
            "\u{ff11}",
        ] {
            assert!(nano_usd(text).is_err(), "{text:?}");
        }
    }
}
