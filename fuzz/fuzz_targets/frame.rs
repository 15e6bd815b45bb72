//! A frame of any bytes: parsing, rewriting, splitting and parsing again never panics, and a checksum that
//! was right stays right.

#![no_main]

use std::net::Ipv4Addr;

use libfuzzer_sys::fuzz_target;
use vpclab::wire::{Packet, Rewrite, checksums_are_valid};

fuzz_target!(|bytes: &[u8]| {
    let Some((knobs, frame)) = bytes.split_first_chunk::<14>() else { return };
    let Ok(mut packet) = Packet::parse(frame.to_vec()) else { return };
    let was_valid = checksums_are_valid(packet.frame());
    let set = |bit: u8| knobs[0] & (1 << bit) != 0;
    let address = |at: usize| Ipv4Addr::new(knobs[at], knobs[at + 1], knobs[at + 2], knobs[at + 3]);
    let port = |at: usize| u16::from_be_bytes([knobs[at], knobs[at + 1]]);
    packet.rewrite(Rewrite {
        src: set(0).then(|| address(1)),
        dst: set(1).then(|| address(5)),
        src_port: set(2).then(|| port(9)),
        dst_port: set(3).then(|| port(11)),
    });
    if set(4) {
        packet.clamp_mss(port(9));
    }
    if set(5) {
        let _ = packet.decrement_ttl();
    }
    assert_eq!(
        was_valid,
        checksums_are_valid(packet.frame()),
        "a translation keeps what was right, and wrong"
    );
    for part in packet.fragments(u16::from(knobs[13]) * 36) {
        let len = part.ip_len();
        let again = Packet::parse(part.into_frame()).expect("a part parses");
        assert_eq!(again.ip_len(), len);
    }
    let tuple = packet.tuple();
    let again = Packet::parse(packet.into_frame()).expect("a rewritten packet parses");
    assert_eq!(again.tuple(), tuple);
});
