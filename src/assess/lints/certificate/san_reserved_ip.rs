//! `x509.san.reserved_ip`: an address that nobody owns on the Internet: private, loopback, link-local, documentation and
//! the like (Baseline Requirements 4.2.2; the IANA special-purpose registries, RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};

pub(super) const LINT: Lint = Lint {
    rule: Rule::ReservedIp,
    severity: Severity::Medium,
    title: "A public certificate names an internal address",
    remedy: "Have internal addresses certified by a private authority, or use names.",
    applies: Applies::PublicEndEntity,
    since: Some(super::BASELINE),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 4.2.2",
        "zlint e_ext_san_contains_reserved_ip",
        "pkilint cabf.internal_ip_address",
    ],
    judge,
};

/// Network, and octets of its prefix that count, in bits. Multicast is in it: no host has such an address.
const RESERVED_V4: [(u32, u32); 20] = [
    (0x0000_0000, 8),
    (0x0a00_0000, 8),
    (0x6440_0000, 10),
    (0x7f00_0000, 8),
    (0xa9fe_0000, 16),
    (0xac10_0000, 12),
    (0xc000_0000, 24),
    (0xc000_0200, 24),
    (0xc01f_c400, 24),
    (0xc034_c100, 24),
    (0xc058_6300, 24),
    (0xc0a8_0000, 16),
    (0xc0af_3000, 24),
    (0xc612_0000, 15),
    (0xc633_6400, 24),
    (0xcb00_7100, 24),
    (0xe000_0000, 4),
    (0xf000_0000, 5),
    (0xf800_0000, 6),
    (0xfc00_0000, 6),
];

/// The first 32 bits of a network, and how many of them count.
const RESERVED_V6: [(u32, u32); 9] = [
    (0x0064_ff9b, 32),
    (0x0100_0000, 32),
    (0x2001_0000, 23),
    (0x2001_0db8, 32),
    (0x2002_0000, 16),
    (0x3fff_0000, 20),
    (0x5f00_0000, 16),
    (0xfc00_0000, 7),
    (0xfe80_0000, 10),
];

fn judge(case: &Case<'_>) -> Option<Breach> {
    let reserved = case.certificate.san.as_ref()?.ip.iter().filter(|ip| is_reserved(**ip));
    case.listed(reserved.map(ToString::to_string), "which nobody can own on the Internet")
}

fn is_reserved(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_reserved_v4(ip),
        IpAddr::V6(ip) => is_reserved_v6(ip),
    }
}

fn is_reserved_v4(ip: Ipv4Addr) -> bool {
    RESERVED_V4.iter().any(|network| is_in(ip.to_bits(), *network))
}

fn is_reserved_v6(ip: Ipv6Addr) -> bool {
    let front = ip.to_bits() >> 96;
    let front = u32::try_from(front).unwrap_or_default();
    // Unspecified, loopback, IPv4-mapped; multicast.
    ip.to_bits() >> 80 == 0 || ip.is_multicast() || RESERVED_V6.iter().any(|network| is_in(front, *network))
}

fn is_in(address: u32, (network, bits): (u32, u32)) -> bool {
    let shift = 32_u32.saturating_sub(bits);
    address >> shift == network >> shift
}

#[cfg(test)]
mod tests {
    use super::is_reserved;
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn addresses_of_nobody_are_found() {
        for ip in [
            "10.1.2.3",
            "192.168.0.1",
            "172.31.255.255",
            "127.0.0.1",
            "169.254.1.1",
            "100.64.0.1",
            "192.0.2.9",
            "198.19.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "250.1.1.1",
            "255.255.255.255",
            "0.1.2.3",
            "::1",
            "::",
            "::ffff:8.8.8.8",
            "fd00::1",
            "fe80::1",
            "2001:db8::1",
            "3fff:fff::1",
            "ff02::1",
            "100::1",
            "2002::1",
        ] {
            assert!(is_reserved(ip.parse().unwrap()), "{ip}");
        }
        for ip in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "9.255.255.255",
            "2606:4700::1111",
            "2001:4860::8888",
            "2a00::1",
            "3ffe::1",
        ] {
            assert!(!is_reserved(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn a_private_address_is_not_for_public_authorities() {
        let leaf =
            |ip: &[u8]| Leaf::sound().with(SAN, true, general_names(&[(IP, ip), (DNS, b"www.example.com")]));
        assert_eq!(leaf(&[10, 0, 0, 1]).public(), [Rule::ReservedIp]);
        assert_eq!(leaf(&[10, 0, 0, 1]).private(), []);
        assert_eq!(leaf(&[8, 8, 8, 8]).public(), []);
    }
}
