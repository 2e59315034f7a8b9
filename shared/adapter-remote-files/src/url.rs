//! The URLs that are fetched: https, the usual port, a host with a name, and no user.

use hyper::Uri;
use std::net::IpAddr;

/// The most bytes of a URL. Signed URLs of object stores have some 1,500.
const LONGEST: usize = 4096;
/// The most bytes of a host's name (RFC 1035, section 2.3.4).
const LONGEST_HOST: usize = 253;
/// The only port.
const HTTPS_PORT: u16 = 443;

/// The URL, if files are fetched from there. The host is not looked up here.
pub(crate) fn checked(url: &str) -> Option<Uri> {
    if url.len() > LONGEST {
        return None;
    }
    let uri: Uri = url.parse().ok()?;
    let host = uri.host()?;
    // The authority has nothing beside the host and the port, so no user. A port without digits is not the host either.
    let authority = uri.authority()?.as_str();
    let plain = authority == host || authority.strip_prefix(host) == Some(":443");
    let usual = uri.scheme_str() == Some("https") && uri.port_u16().is_none_or(|port| port == HTTPS_PORT);
    (usual && plain && is_name(host)).then_some(uri)
}

/// Whether this is the name of a host in letters, digits, hyphens and underscores, and no address. The connector resolves
/// no address, so an address would pass by the check of addresses. Names that resolvers read as addresses, such as
/// `0x7f.1` and `2130706433`, are resolved and checked like any other.
fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    host.len() <= LONGEST_HOST && host.parse::<IpAddr>().is_err() && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_with_a_name_is_fetched_from() {
        for url in [
            "https://pictures.example/a.png",
            "HTTPS://Pictures.Example:443/a.png?x=1&y=%20#part",
            "https://a_b.xn--bcher-kva.example",
            "https://2130706433/",
        ] {
            assert!(checked(url).is_some(), "{url}");
        }
        let long = format!("https://pictures.example/{}", "a".repeat(LONGEST - 25));
        assert!(checked(&long).is_some());
        assert!(checked(&format!("{long}a")).is_none());
    }

    #[test]
    fn anything_else_is_refused() {
        for url in [
            "",
            "pictures.example/a.png",
            "/a.png",
            "https:///a.png",
            "https:a.png",
            "http://pictures.example/a.png",
            "ftp://pictures.example/a.png",
            "file:///etc/passwd",
            "gopher://pictures.example/",
            "https://pictures.example:80/",
            "https://pictures.example:8443/",
            "https://pictures.example:/",
            "https://pictures.example:0443/",
            "https://user@pictures.example/",
            "https://user:password@pictures.example/",
            "https://pictures.example:443@internal.example/",
            "https://127.0.0.1/",
            "https://1.1.1.1/",
            "https://[::1]/",
            "https://[2606:4700:4700::1111]/",
            "https://[fe80::1%25eth0]/",
            "https://pictures.example\\@internal.example/",
            "https://pictures..example/",
            "https://pictures.example./",
            "https://.example/",
            "https://pictures.example /",
            "https://pictures.example/a b.png",
            "https://b\u{fc}cher.example/",
            "https://\u{ff11}27.0.0.1/",
            "https://pictures.example/\r\nHost: internal",
            "https://%31%32%37.0.0.1/",
        ] {
            assert!(checked(url).is_none(), "{url:?}");
        }
        let host = vec!["a"; 128].join(".");
        assert!(checked(&format!("https://{host}/")).is_none());
    }
}
