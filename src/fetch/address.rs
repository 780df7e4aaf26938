//! Which addresses are nobody's business of a stranger's: the special-purpose registries of RFC 6890 and its updates,
//! multicast, and the forms of IPv6 that carry an IPv4 address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;

const SPECIAL_V4: [(Ipv4Addr, u32, &str); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "of this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "behind a carrier's translation"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "reserved for protocols"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "reserved for AS112"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a 6to4 relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// All of IPv6 but 2000::/3 is special; these are inside it.
const SPECIAL_V6: [(Ipv6Addr, u32, &str); 5] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "reserved for protocols, Teredo among them"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "for documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, "reserved for AS112"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "for documentation"),
];

const AZURE_HOST: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Where clouds keep what a machine may do: opened only by an entry that is this very address.
const METADATA: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    // Azure's, which stands in public space.
    IpAddr::V4(AZURE_HOST),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// Why `address`, in its canonical form, is special; `None` for an address of the public Internet.
pub(super) fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(AZURE_HOST) => Some("a cloud's own"),
        IpAddr::V4(address) => {
            let is_in = |&&(network, length, _): &&(Ipv4Addr, u32, _)| {
                (address.to_bits() ^ network.to_bits()) >> (32 - length) == 0
            };
            SPECIAL_V4.iter().find(is_in).map(|(_, _, kind)| *kind)
        }
        IpAddr::V6(address) => {
            let is_in = |&&(network, length, _): &&(Ipv6Addr, u32, _)| {
                (address.to_bits() ^ network.to_bits()) >> (128 - length) == 0
            };
            if address.to_bits() >> 125 != 1 {
                return Some(outside_global_unicast(address));
            }
            SPECIAL_V6.iter().find(is_in).map(|(_, _, kind)| *kind)
        }
    }
}

fn outside_global_unicast(address: Ipv6Addr) -> &'static str {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => "loopback",
        [0xff00..=0xffff, ..] => "multicast",
        [0xfe80..=0xfebf, ..] => "link-local",
        [0xfc00..=0xfdff, ..] => "private",
        [0x64, 0xff9b, ..] => "translated to IPv4 (NAT64)",
        [0, 0, 0, 0, ..] => "an IPv4 address in an IPv6 one",
        _ => "outside the public address space",
    }
}

/// Whether `allow` names `address`, in its canonical form.
pub(super) fn is_allowed(address: IpAddr, allow: &[IpNetwork]) -> bool {
    let needs_its_own = METADATA.contains(&address);
    let is_single = |network: &IpNetwork| network.prefix() == if network.is_ipv4() { 32 } else { 128 };
    allow.iter().any(|network| network.contains(address) && (!needs_its_own || is_single(network)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse::<IpAddr>().unwrap().to_canonical()
    }

    #[test]
    fn special_networks_are_known_in_every_form() {
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.19.255.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::a00:1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
            "5f00::1",
        ] {
            assert!(special(ip(text)).is_some(), "{text}");
        }
    }

    #[test]
    fn the_public_internet_is_not_special() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.1.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2600::1",
            "2a00:1450::1",
            "2001:200::1",
            "2003::1",
            "::ffff:8.8.8.8",
        ] {
            assert_eq!(special(ip(text)), None, "{text}");
        }
    }

    #[test]
    fn metadata_addresses_are_opened_by_their_own_entry_only() {
        let allowed = |address: &str, allow: &str| is_allowed(ip(address), &[allow.parse().unwrap()]);
        assert!(allowed("10.2.3.4", "10.0.0.0/8") && allowed("::ffff:10.2.3.4", "10.0.0.0/8"));
        assert!(!allowed("11.2.3.4", "10.0.0.0/8"));
        assert!(!allowed("169.254.169.254", "0.0.0.0/0") && !allowed("169.254.169.254", "169.254.0.0/16"));
        assert!(allowed("169.254.169.254", "169.254.169.254/32"));
        assert!(!allowed("fd00:ec2::254", "fd00::/8") && allowed("fd00::1", "fd00::/8"));
    }
}
