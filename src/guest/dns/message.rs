//! Messages of DNS: the question a program asks, and what an answer says.
//!
//! Knows the messages only; never how they travel or when one is asked again.

use std::net::Ipv4Addr;

use simple_dns::rdata::{OPT, OPTCode, RData};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, Question, RCODE, TYPE};

/// What an answer says of a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// It has these addresses.
    Addresses(Vec<Ipv4Addr>),
    /// There is no such name, or it has no address.
    Nothing,
    /// The server cannot say.
    Failure,
    /// The whole answer has to be asked for over TCP.
    Truncated,
}

/// A question for the addresses of a name; `None` if it is not one that DNS can have.
pub fn query(id: u16, name: &str) -> Option<Vec<u8>> {
    question(id, name, TYPE::A, None)
}

/// A question for records of a type. A size makes it one of EDNS, with a cookie.
pub fn question(id: u16, name: &str, kind: TYPE, edns: Option<(u16, [u8; 8])>) -> Option<Vec<u8>> {
    let name = Name::new(name.strip_suffix('.').unwrap_or(name)).ok()?;
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(name, QTYPE::TYPE(kind), CLASS::IN.into(), false));
    if let Some((size, cookie)) = edns {
        const COOKIE: u16 = 10;
        let opt_codes = vec![OPTCode { code: COOKIE, data: cookie.to_vec().into() }];
        *packet.opt_mut() = Some(OPT { opt_codes, udp_packet_size: size, version: 0 });
        packet.set_flags(PacketFlag::AUTHENTIC_DATA);
    }
    packet.build_bytes_vec().ok()
}

/// What a message says, if it is the answer to the question with an id.
pub fn read(id: u16, message: &[u8]) -> Option<Said> {
    let packet = Packet::parse(message).ok()?;
    if packet.id() != id || !packet.has_flags(PacketFlag::RESPONSE) {
        return None;
    }
    if packet.has_flags(PacketFlag::TRUNCATION) {
        return Some(Said::Truncated);
    }
    match packet.rcode() {
        RCODE::NoError => {
            let addresses = packet.answers.iter().filter_map(|record| {
                if let RData::A(a) = &record.rdata { Some(Ipv4Addr::from(a.address)) } else { None }
            });
            let addresses: Vec<Ipv4Addr> = addresses.collect();
            Some(if addresses.is_empty() { Said::Nothing } else { Said::Addresses(addresses) })
        }
        RCODE::NameError => Some(Said::Nothing),
        RCODE::FormatError
        | RCODE::ServerFailure
        | RCODE::NotImplemented
        | RCODE::Refused
        | RCODE::YXDOMAIN
        | RCODE::YXRRSET
        | RCODE::NXRRSET
        | RCODE::NOTAUTH
        | RCODE::NOTZONE
        | RCODE::BADVERS
        | RCODE::Reserved => Some(Said::Failure),
    }
}
