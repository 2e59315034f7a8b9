//! `Accept-Encoding` (RFC 9110, section 12.5.3): the content coding in which a client wants a document.

/// Content codings. If a client wants several equally, the first one is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// Brotli (RFC 7932).
    Brotli,
    /// gzip (RFC 1952).
    Gzip,
    /// No coding.
    Identity,
}

impl Coding {
    /// The name of the coding in headers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }

    /// The coding that the client wants most. It is no coding if the header is missing, because a client that can
    /// decode sends the header, and also if the client accepts none of our codings.
    pub(super) fn wanted(header: Option<&str>) -> Self {
        let Some(header) = header else { return Self::Identity };
        let best = [Self::Brotli, Self::Gzip, Self::Identity]
            .into_iter()
            .map(|coding| (weight(header, coding), coding))
            // The first one of several with the same weight.
            .reduce(|best, next| if next.0 > best.0 { next } else { best });
        match best {
            Some((weight, coding)) if weight > 0 => coding,
            _ => Self::Identity,
        }
    }
}

/// The weight that the header gives to a coding, in thousandths.
fn weight(header: &str, coding: Coding) -> u16 {
    let mut any = None;
    for item in header.split(',') {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(quality).unwrap_or(1000);
        let is_gzip = coding == Coding::Gzip && name.eq_ignore_ascii_case("x-gzip");
        if name.eq_ignore_ascii_case(coding.name()) || is_gzip {
            return weight;
        }
        if name == "*" {
            any = Some(weight);
        }
    }
    match coding {
        // No coding is acceptable unless it is excluded, but a coding that the client names is preferred.
        Coding::Identity => any.unwrap_or(1),
        _ => any.unwrap_or(0),
    }
}

/// `q=0.5` as thousandths. A weight that can't be read counts as 0, because it does not say that the client accepts the
/// coding.
fn quality(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let value = value.trim();
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths: u16 = format!("{fraction:0<3}").parse().unwrap_or(0);
    Some(match whole {
        "0" if digits => thousandths,
        "1" if digits && thousandths == 0 => 1000,
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::Coding;

    #[test]
    fn takes_what_is_wanted_most() {
        for (header, expected) in [
            ("gzip, deflate, br, zstd", "br"),
            ("gzip, deflate", "gzip"),
            ("GZip", "gzip"),
            ("x-gzip", "gzip"),
            ("br;q=0.5, gzip;q=0.9", "gzip"),
            ("br;q=0.9, gzip;q=0.9", "br"),
            ("br ; Q=0 , gzip ; q=0.001", "gzip"),
            ("*", "br"),
            ("*;q=0.5, br;q=0", "gzip"),
            ("gzip;q=0, *", "br"),
            ("identity", "identity"),
            ("identity, gzip;q=0.5", "identity"),
            ("gzip, identity", "gzip"),
            ("identity;q=0, gzip;q=0.2", "gzip"),
            ("", "identity"),
            ("deflate, zstd", "identity"),
            ("gzip;q=0", "identity"),
            ("*;q=0", "identity"),
            ("gzip;q=2", "identity"),
            ("gzip;q=0.5000", "identity"),
            ("gzip;q=much", "identity"),
            ("gzip;q=1.001", "identity"),
            ("gzip;level=9;q=0.4", "gzip"),
            ("gzipped, brotli", "identity"),
        ] {
            assert_eq!(Coding::wanted(Some(header)).name(), expected, "{header}");
        }
        assert_eq!(Coding::wanted(None), Coding::Identity);
    }
}
