//! Which addresses are public, by IANA's registries of special-purpose addresses.
//!
//! The standard library's own judgement is not stable, and a crate's would have to be trusted for each line of it, so the
//! tables stand here, each network with its source. What cannot be a receiver's is refused, even where the registry
//! calls it reachable: anycast of protocols, relays, tunnels that hide another address. In IPv6, where most of the
//! space is not given out, only what is given out counts as public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 networks, by address and length, that are not public.
const CLOSED_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),        // RFC 791: this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // RFC 1918: private
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // RFC 6598: carriers' NAT; metadata of one cloud
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // RFC 1122: loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32), // no RFC: the host agent of one cloud, on a public address
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // RFC 3927: link-local; metadata of most clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // RFC 1918: private
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // RFC 6890: protocols; metadata of one cloud
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // RFC 5737: documentation
    (Ipv4Addr::new(192, 31, 196, 0), 24),  // RFC 7535: AS112
    (Ipv4Addr::new(192, 52, 193, 0), 24),  // RFC 7450: AMT relays
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // RFC 7526: 6to4 relays, retired
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // RFC 1918: private
    (Ipv4Addr::new(192, 175, 48, 0), 24),  // RFC 7534: AS112
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // RFC 2544: benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // RFC 5737: documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // RFC 5737: documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),      // RFC 5771: multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),      // RFC 1112: reserved; broadcast (RFC 919)
];

/// The only part of IPv6 of which addresses are given out: RFC 4291. Outside of it are `::` and `::1`, IPv4 that is
/// embedded (RFC 4291) or translated (`64:ff9b::/96` RFC 6052, `64:ff9b:1::/48` RFC 8215), discard (RFC 6666), segment
/// routing (RFC 9602), unique local (RFC 4193), link-local (RFC 4291), site-local (RFC 3879) and multicast (RFC 4291).
const OPEN_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// IPv6 networks within it that are not public.
const CLOSED_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // RFC 2928: protocols; Teredo (RFC 4380), benchmarks (RFC 5180)
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // RFC 3849: documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // RFC 3056: 6to4, which hides an IPv4 address
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // RFC 7534: AS112
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // RFC 9637: documentation
];

/// Whether an address is a public one of a single host. An IPv4 address mapped into IPv6 is connected to as IPv4 and so
/// judged as that.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_within_v6(address, OPEN_V6) && !CLOSED_V6.iter().any(|net| is_within_v6(address, *net)),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !CLOSED_V4.iter().any(|net| is_within_v4(address, *net))
}

fn is_within_v4(address: Ipv4Addr, (network, length): (Ipv4Addr, u32)) -> bool {
    (address.to_bits() ^ network.to_bits()).leading_zeros() >= length
}

fn is_within_v6(address: Ipv6Addr, (network, length): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ network.to_bits()).leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().expect("an address"))
    }

    #[test]
    fn s3_each_network_is_closed_from_its_first_address_to_its_last() {
        for (network, length) in CLOSED_V4 {
            let last = Ipv4Addr::from_bits(network.to_bits() | u32::MAX.checked_shr(*length).unwrap_or(0));
            assert!(!is_public(IpAddr::V4(*network)) && !is_public(IpAddr::V4(last)), "{network}/{length}");
            assert!(!is_public(IpAddr::V6(last.to_ipv6_mapped())), "{network}/{length}, mapped");
        }
        for (network, length) in CLOSED_V6 {
            let last = Ipv6Addr::from_bits(network.to_bits() | u128::MAX.checked_shr(*length).unwrap_or(0));
            assert!(!is_public(IpAddr::V6(*network)) && !is_public(IpAddr::V6(last)), "{network}/{length}");
        }
    }

    #[test]
    fn s3_what_lies_beside_the_networks_is_open() {
        let beside = [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2000::1",
            "2001:200::",
            "2001:db7:ffff::",
            "2001:db9::",
            "2003::",
            "2606:4700::1111",
            "3ffe:ffff::",
            "3fff:1000::",
            "::ffff:8.8.8.8",
        ];
        for address in beside {
            assert!(public(address), "{address}");
        }
    }

    #[test]
    fn s3_every_kind_of_closed_address_is_known() {
        let closed = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.1.1",
            "198.19.255.255",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::8.8.8.8",
            "64:ff9b::a00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:4136:e378::",
            "2001:2::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in closed {
            assert!(!public(address), "{address}");
        }
    }

    proptest! {
        #[test]
        fn s3_what_the_standard_library_calls_special_is_closed(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            let special = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_multicast() || address.is_broadcast() || address.is_documentation()
                || address.is_unspecified();
            prop_assert!(!(special && is_public(IpAddr::V4(address))));
            prop_assert_eq!(is_public(IpAddr::V4(address)), is_public(IpAddr::V6(address.to_ipv6_mapped())));
        }

        #[test]
        fn s3_no_address_outside_of_what_is_given_out_is_open(bits: u128) {
            let address = Ipv6Addr::from_bits(bits);
            let given_out = bits >> 125 == 1 || address.to_ipv4_mapped().is_some();
            prop_assert!(given_out || !is_public(IpAddr::V6(address)));
        }
    }
}
