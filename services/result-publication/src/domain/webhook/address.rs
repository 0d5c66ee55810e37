//! Where publications may be sent: to the public internet by HTTPS, elsewhere only by leave.
//!
//! Whoever registers an address makes this service send to it, from inside of the office's network:
//! so nothing there is reached that the service was not configured to reach.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use http::Uri;

/// The longest address.
const URL_BYTES_MAX: usize = 2000;

/// Where to send to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) is_https: bool,
    /// In small letters; an IPv6 address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Path and query.
    pub(crate) target: String,
}

/// Why nothing is sent there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    /// It is no address.
    #[error(
        "must be an absolute URL of at most {URL_BYTES_MAX} bytes, http or https, without user, \
         password and fragment"
    )]
    Malformed,
    /// Without TLS, anybody on the way could read and change what is sent.
    #[error("must begin with https://, unless webhooks.allow of the service lists {0}")]
    NotEncrypted(String),
    /// The host is inside.
    #[error(
        "{0} is not on the public internet; list it in webhooks.allow of the service if it may be reached"
    )]
    Private(String),
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let malformed = || AddressError::Malformed;
        // The parser of URIs passes over fragments.
        let fits = text.len() <= URL_BYTES_MAX && !text.contains('#');
        let uri: Uri = text.parse().ok().filter(|_| fits).ok_or_else(malformed)?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(malformed()),
        };
        let authority = uri.authority().ok_or_else(malformed)?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(malformed());
        }
        let host = authority.host().trim_matches(['[', ']']).to_ascii_lowercase();
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") if is_https => 443,
            Some("") => 80,
            rest => {
                let port = rest.and_then(|rest| rest.strip_prefix(':')?.parse().ok());
                port.filter(|port| *port > 0).ok_or_else(malformed)?
            }
        };
        let target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        Ok(Self { is_https, host, port, target })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.authority())
    }
}

impl Address {
    /// `host:port`, as the header `host` has it.
    pub(crate) fn authority(&self) -> String {
        let brackets = self.host.contains(':');
        let host = if brackets { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.is_https, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

/// What may be reached beside the public internet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowed {
    /// Hosts, with any port, and `host:port`.
    entries: Vec<String>,
}

impl Allowed {
    /// Those that a text lists, with spaces between them.
    pub(crate) fn new(text: &str) -> Self {
        Self { entries: text.split_whitespace().map(str::to_ascii_lowercase).collect() }
    }

    fn lists(&self, address: &Address) -> bool {
        let with_port = format!("{}:{}", address.host, address.port);
        let in_brackets = format!("[{}]:{}", address.host, address.port);
        self.entries
            .iter()
            .any(|entry| *entry == address.host || *entry == with_port || *entry == in_brackets)
    }

    /// Whether something may be sent to the address, as far as its text tells.
    ///
    /// # Errors
    ///
    /// [`AddressError::NotEncrypted`], [`AddressError::Private`].
    pub(crate) fn check(&self, address: &Address) -> Result<(), AddressError> {
        if self.lists(address) {
            return Ok(());
        }
        if !address.is_https {
            return Err(AddressError::NotEncrypted(address.authority()));
        }
        match address.host.parse() {
            Ok(ip) => self.check_ip(address, ip),
            Err(_) => Ok(()),
        }
    }

    /// Whether something may be sent to `ip`, which the address was found to have.
    ///
    /// # Errors
    ///
    /// [`AddressError::Private`].
    pub(crate) fn check_ip(&self, address: &Address, ip: IpAddr) -> Result<(), AddressError> {
        if self.lists(address) || is_public(ip) {
            return Ok(());
        }
        Err(AddressError::Private(address.authority()))
    }
}

/// Whether an address is on the public internet.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(ip),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [first, second, third, _] = ip.octets();
    let special = ip.is_unspecified()
        || ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.is_documentation();
    let shared = first == 100 && (64..128).contains(&second);
    let benchmark = first == 198 && matches!(second, 18 | 19);
    let protocol = first == 192 && second == 0 && third == 0;
    !(special || shared || benchmark || protocol || first == 0 || first >= 240)
}

/// Only global unicast, less what leads back into IPv4 or is for documentation.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let teredo_or_orchid = first == 0x2001 && second < 0x0200;
    let documentation = first == 0x2001 && second == 0x0db8 || first & 0xfff0 == 0x3ff0;
    first & 0xe000 == 0x2000 && first != 0x2002 && !teredo_or_orchid && !documentation
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(url: &str, allowed: &[&str]) -> Result<Address, AddressError> {
        let address: Address = url.parse()?;
        Allowed::new(&allowed.join(" ")).check(&address)?;
        Ok(address)
    }

    #[test]
    fn an_address_is_taken_apart() {
        let address = checked("https://Pingjia.example/hook?a=1", &[]).unwrap();
        assert_eq!((address.host.as_str(), address.port), ("pingjia.example", 443));
        assert_eq!(
            (address.target.as_str(), address.authority()),
            ("/hook?a=1", "pingjia.example".into())
        );
        let address = checked("https://[2606:4700::1111]:8443", &[]).unwrap();
        assert_eq!((address.host.as_str(), address.port), ("2606:4700::1111", 8443));
        assert_eq!(address.authority(), "[2606:4700::1111]:8443");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("https://a.example/{}", "x".repeat(URL_BYTES_MAX));
        for bad in [
            "",
            "nonsense",
            "/hook",
            "ftp://a.example/",
            "https://",
            "https://u:p@a.example/",
            "https://a.example/#part",
            "https://a.example:0/",
            "https://a.example:99999/",
            "https://a b.example/",
            "file:///etc/passwd",
            "https://a.example/\r\nx: y",
            &long,
        ] {
            assert_eq!(checked(bad, &[]), Err(AddressError::Malformed), "{bad:?}");
        }
    }

    #[test]
    fn nothing_inside_is_reached_but_what_is_listed() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.8",
            "240.0.0.1",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fd00::1]",
            "[::ffff:10.0.0.1]",
            "[2002:a00:1::1]",
            "[2001:db8::1]",
            "[64:ff9b::a00:1]",
            "[ff02::1]",
        ] {
            let url = format!("https://{inside}/");
            assert!(matches!(checked(&url, &[]), Err(AddressError::Private(_))), "{inside}");
            let host = inside.trim_matches(['[', ']']);
            assert!(checked(&url, &[host]).is_ok(), "{inside} is listed");
        }
        for outside in ["8.8.8.8", "[2606:4700::1111]", "172.32.0.1", "a.example"] {
            assert!(checked(&format!("https://{outside}/"), &[]).is_ok(), "{outside}");
            let plain = checked(&format!("http://{outside}/"), &[]);
            assert!(matches!(plain, Err(AddressError::NotEncrypted(_))), "{outside}");
        }
    }

    #[test]
    fn what_is_listed_with_a_port_is_reached_at_that_port_alone() {
        assert!(checked("http://127.0.0.1:8080/", &["127.0.0.1:8080"]).is_ok());
        assert!(checked("http://127.0.0.1:5432/", &["127.0.0.1:8080"]).is_err());
        assert!(checked("http://[::1]:8080/", &["[::1]:8080"]).is_ok());
        assert!(checked("http://assessment.zz/", &["Assessment.ZZ"]).is_ok());
    }
}
