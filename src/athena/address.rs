//! Addresses and blocks of addresses, as Trino keeps and shows them.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// The bytes that an address is kept as; IPv4 is mapped into IPv6.
pub fn encode(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The address that is kept as such bytes.
pub fn decode(bytes: &[u8]) -> Option<IpAddr> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    Some(Ipv6Addr::from(bytes).to_canonical())
}

/// The bytes that a block is kept as: its first address and the length within 128.
pub fn encode_prefix(prefix: IpNet) -> Vec<u8> {
    let prefix = prefix.trunc();
    let length = match prefix {
        IpNet::V4(prefix) => prefix.prefix_len() + 96,
        IpNet::V6(prefix) => prefix.prefix_len(),
    };
    let mut bytes = encode(prefix.addr());
    bytes.push(length);
    bytes
}

/// The block that is kept as such bytes.
pub fn decode_prefix(bytes: &[u8]) -> Option<IpNet> {
    let (length, bytes) = bytes.split_last()?;
    let address = decode(bytes)?;
    let length = if address.is_ipv4() { length.checked_sub(96)? } else { *length };
    IpNet::new(address, length).ok()
}

/// Shows an address: IPv4 with dots, IPv6 in its short form.
pub fn address_text(bytes: &[u8]) -> Option<String> {
    decode(bytes).map(|address| address.to_string())
}

/// Shows a block as `10.0.0.0/8`.
pub fn prefix_text(bytes: &[u8]) -> Option<String> {
    decode_prefix(bytes).map(|prefix| prefix.to_string())
}

/// Reads an address.
pub fn parse(text: &str) -> Option<Vec<u8>> {
    text.parse().ok().map(encode)
}

/// Reads a block; what is behind its length is dropped.
pub fn parse_prefix(text: &str) -> Option<Vec<u8>> {
    text.parse().ok().map(encode_prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for text in ["10.1.2.3", "2001:db8::1", "::"] {
            assert_eq!(parse(text).and_then(|bytes| address_text(&bytes)).as_deref(), Some(text));
        }
        assert_eq!(
            parse_prefix("10.1.2.3/8").and_then(|bytes| prefix_text(&bytes)).as_deref(),
            Some("10.0.0.0/8")
        );
        let block = parse_prefix("2001:db8::5/64").and_then(|bytes| prefix_text(&bytes));
        assert_eq!(block.as_deref(), Some("2001:db8::/64"));
        assert_eq!(parse("10.1.2"), None);
    }
}
