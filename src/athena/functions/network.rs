//! Functions of addresses and blocks of addresses.

use std::net::IpAddr;

use ipnet::IpNet;
use rusqlite::types::Value;

use super::function::{Arguments, Function, truth};
use crate::athena::address;
use crate::athena::cast::Outcome;
use crate::athena::failure::Failure;

/// The functions of addresses.
pub const FUNCTIONS: &[Function] = &[
    Function::new("t_cidr_contains", 2, cidr_contains),
    Function::new("t_is_subnet_of", 2, |a| truth(prefix(a, 0)?.contains(&ip(a, 1)?))),
    Function::new("t_is_subnet_of_prefix", 2, |a| truth(prefix(a, 0)?.contains(&prefix(a, 1)?))),
    Function::new("t_ip_prefix", 2, |a| ip_prefix(ip(a, 0)?, a.integer(1)?)),
    Function::new("t_ip_prefix_text", 2, |a| {
        let text = a.text(0)?;
        let address =
            text.parse().map_err(|_| Failure::cast(format!("Cannot cast value to IPADDRESS: {text}")))?;
        ip_prefix(address, a.integer(1)?)
    }),
    Function::new("t_ip_subnet_min", 1, |a| Ok(Value::Blob(address::encode(prefix(a, 0)?.network())))),
    Function::new("t_ip_subnet_max", 1, |a| Ok(Value::Blob(address::encode(prefix(a, 0)?.broadcast())))),
];

fn ip(arguments: &Arguments<'_, '_>, index: usize) -> Result<IpAddr, Failure> {
    address::decode(arguments.blob(index)?).ok_or_else(|| Failure::internal("an address is not kept as one"))
}

fn prefix(arguments: &Arguments<'_, '_>, index: usize) -> Result<IpNet, Failure> {
    address::decode_prefix(arguments.blob(index)?)
        .ok_or_else(|| Failure::internal("a block is not kept as one"))
}

fn cidr_contains(arguments: &Arguments<'_, '_>) -> Outcome {
    let network = arguments.cached(0, |text| {
        if !text.contains('/') {
            return Err(Failure::argument("Invalid CIDR"));
        }
        let network: IpNet =
            text.parse().map_err(|_| Failure::argument("Invalid network IP address or prefix length"))?;
        // Trino takes no address of a host for a network.
        if network.addr() == network.network() { Ok(network) } else { Err(Failure::argument("Invalid CIDR")) }
    })?;
    truth(network.contains(&ip(arguments, 1)?))
}

fn ip_prefix(address: IpAddr, length: i64) -> Outcome {
    let (name, most) = if address.is_ipv4() { ("IPv4", 32) } else { ("IPv6", 128) };
    let prefix = u8::try_from(length).ok().and_then(|length| IpNet::new(address, length).ok());
    let prefix = prefix
        .ok_or_else(|| Failure::argument(format!("{name} subnet size must be in range [0, {most}]")))?;
    Ok(Value::Blob(address::encode_prefix(prefix)))
}

#[cfg(test)]
mod tests {
    use crate::athena::functions::tests::{call, call_error};

    const ADDRESS: (&str, &str) = ("cast_value('10.1.2.3', 'varchar', 'ipaddress')", "ipaddress");
    const BLOCK: (&str, &str) = ("cast_value('10.0.0.0/8', 'varchar', 'ipprefix')", "ipprefix");

    #[test]
    fn blocks_hold_addresses() {
        for (name, arguments, expected) in [
            ("contains", &[("'10.0.0.0/8'", "varchar"), ADDRESS][..], "true"),
            ("contains", &[("'fd00::/8'", "varchar"), ADDRESS], "false"),
            ("contains", &[("'10.0.0.0/8'", "varchar(10)"), ADDRESS], "true"),
            ("is_subnet_of", &[BLOCK, ADDRESS], "true"),
            ("is_subnet_of", &[BLOCK, BLOCK], "true"),
            ("ip_prefix", &[ADDRESS, ("16", "integer")], "10.1.0.0/16"),
            ("ip_prefix", &[("'10.1.2.3'", "varchar"), ("24", "integer")], "10.1.2.0/24"),
            ("ip_subnet_min", &[BLOCK], "10.0.0.0"),
            ("ip_subnet_max", &[BLOCK], "10.255.255.255"),
        ] {
            assert_eq!(call(name, arguments), expected, "{name} {arguments:?}");
        }
        assert_eq!(
            call_error("contains", &[("'10.0.0.4/24'", "varchar"), ADDRESS]),
            "INVALID_FUNCTION_ARGUMENT: Invalid CIDR"
        );
        assert_eq!(
            call_error("contains", &[("'10.0.0.0'", "varchar"), ADDRESS]),
            "INVALID_FUNCTION_ARGUMENT: Invalid CIDR"
        );
    }
}
