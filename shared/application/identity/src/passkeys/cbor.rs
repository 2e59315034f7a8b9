//! Reads the part of CBOR (RFC 8949) that authenticators write: definite lengths, and integers, byte strings, texts, arrays,
//! maps, booleans and null. Everything else is refused. Input is hostile: the depth is bounded, and nothing is reserved
//! by a length that the input only claims.

/// The deepest nesting of arrays and maps that is read.
const DEEPEST: u8 = 8;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cbor<'a> {
    Integer(i128),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Cbor<'a>>),
    Map(Vec<(Cbor<'a>, Cbor<'a>)>),
    Bool(bool),
    Null,
}

impl<'a> Cbor<'a> {
    /// Reads one value, and returns it with the bytes that follow.
    pub(super) fn read(input: &'a [u8]) -> Option<(Self, &'a [u8])> {
        read_value(input, DEEPEST)
    }

    /// The value of a map at a key that is a text.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        self.find(|key| matches!(key, Cbor::Text(text) if *text == name))
    }

    /// The value of a map at a key that is an integer.
    pub(super) fn label(&self, label: i128) -> Option<&Self> {
        self.find(|key| *key == Cbor::Integer(label))
    }

    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn integer(&self) -> Option<i128> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    fn find(&self, matches: impl Fn(&Self) -> bool) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(key, _)| matches(key)).map(|(_, value)| value),
            _ => None,
        }
    }
}

fn read_value(input: &[u8], depth: u8) -> Option<(Cbor<'_>, &[u8])> {
    let (first, rest) = input.split_first()?;
    let (major, (argument, rest)) = (first >> 5, read_argument(first & 0x1f, rest)?);
    match major {
        0 => Some((Cbor::Integer(argument.into()), rest)),
        1 => Some((Cbor::Integer(-1 - i128::from(argument)), rest)),
        2 | 3 => {
            let (content, rest) = rest.split_at_checked(usize::try_from(argument).ok()?)?;
            let value =
                if major == 2 { Cbor::Bytes(content) } else { Cbor::Text(str::from_utf8(content).ok()?) };
            Some((value, rest))
        }
        4 => {
            let (mut items, mut rest) = (Vec::new(), rest);
            for _ in 0..argument {
                let (item, after) = read_value(rest, depth.checked_sub(1)?)?;
                items.push(item);
                rest = after;
            }
            Some((Cbor::Array(items), rest))
        }
        5 => {
            let (mut entries, mut rest) = (Vec::new(), rest);
            for _ in 0..argument {
                let (key, after) = read_value(rest, depth.checked_sub(1)?)?;
                let (value, after) = read_value(after, depth.checked_sub(1)?)?;
                entries.push((key, value));
                rest = after;
            }
            Some((Cbor::Map(entries), rest))
        }
        7 => match first & 0x1f {
            20 => Some((Cbor::Bool(false), rest)),
            21 => Some((Cbor::Bool(true), rest)),
            22 => Some((Cbor::Null, rest)),
            _ => None,
        },
        _ => None,
    }
}

/// The number in or after the first byte.
fn read_argument(short: u8, rest: &[u8]) -> Option<(u64, &[u8])> {
    match short {
        0..=23 => Some((short.into(), rest)),
        24 => rest.split_first().map(|(byte, rest)| (u64::from(*byte), rest)),
        25 => rest.split_first_chunk().map(|(bytes, rest)| (u16::from_be_bytes(*bytes).into(), rest)),
        26 => rest.split_first_chunk().map(|(bytes, rest)| (u32::from_be_bytes(*bytes).into(), rest)),
        27 => rest.split_first_chunk().map(|(bytes, rest)| (u64::from_be_bytes(*bytes), rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(input: &[u8]) -> Option<Cbor<'_>> {
        Cbor::read(input).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
    }

    #[test]
    fn reads_the_examples_of_the_rfc() {
        // RFC 8949, appendix A.
        assert_eq!(whole(&[0x00]), Some(Cbor::Integer(0)));
        assert_eq!(whole(&[0x18, 0x64]), Some(Cbor::Integer(100)));
        assert_eq!(whole(&[0x19, 0x03, 0xe8]), Some(Cbor::Integer(1000)));
        assert_eq!(whole(&[0x1a, 0x00, 0x0f, 0x42, 0x40]), Some(Cbor::Integer(1_000_000)));
        assert_eq!(whole(&[0x39, 0x03, 0xe7]), Some(Cbor::Integer(-1000)));
        assert_eq!(whole(&[0x3b; 9]).and_then(|value| value.integer()), Some(-1 - 0x3b3b_3b3b_3b3b_3b3b));
        assert_eq!(whole(&[0x44, 1, 2, 3, 4]), Some(Cbor::Bytes(&[1, 2, 3, 4])));
        assert_eq!(whole(&[0x64, 0x49, 0x45, 0x54, 0x46]), Some(Cbor::Text("IETF")));
        assert_eq!(whole(&[0xf5]), Some(Cbor::Bool(true)));
        let map = whole(&[0xa2, 0x61, 0x61, 0x01, 0x20, 0x82, 0x02, 0xf6]).unwrap();
        assert_eq!(map.member("a"), Some(&Cbor::Integer(1)));
        assert_eq!(map.label(-1), Some(&Cbor::Array(vec![Cbor::Integer(2), Cbor::Null])));
    }

    #[test]
    fn refuses_what_is_cut_off_too_deep_or_of_another_kind() {
        for input in [
            [].as_slice(),
            &[0x18],
            &[0x44, 1, 2, 3],
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0],
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0],
            &[0x62, 0xff, 0xff],
            &[0x9f, 0x01, 0xff],
            &[0xc0, 0x00],
            &[0xfb, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x81; 10],
        ] {
            assert_eq!(whole(input), None, "{input:?}");
        }
        assert!(whole(&[0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x00]).is_some());
    }
}
