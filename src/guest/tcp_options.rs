//! TCP options as Linux writes them.
//!
//! Knows the order and padding of Linux, and nothing of connections. smoltcp writes the same options
//! in an order of its own; captures shall not tell the difference.

use crate::wire::Packet;

const END: u8 = 0;
const NOP: u8 = 1;
const MSS: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const TIMESTAMPS: u8 = 8;

/// A TCP header has at most this much room for options.
const LEN_MAX: usize = 40;

/// Puts the options of a segment into Linux's order: MSS, SACK permitted, timestamps, NOP, window scale in
/// a SYN; NOP, NOP, timestamps elsewhere. Segments with other options are left as they are.
pub fn arrange(packet: &mut Packet) {
    let given = packet.tcp_options();
    let (mut options, mut len) = ([END; LEN_MAX], 0);
    let mut put = |bytes: &[u8]| {
        let end = (len + bytes.len()).min(LEN_MAX);
        options[len..end].copy_from_slice(&bytes[..end - len]);
        len = end;
    };
    let [mss, sack, timestamps, scale] =
        [MSS, SACK_PERMITTED, TIMESTAMPS, WINDOW_SCALE].map(|kind| find(given, kind));
    match (mss, sack, timestamps, scale) {
        (Some(mss), Some(sack), Some(timestamps), Some(scale)) => {
            for bytes in [mss, sack, timestamps, &[NOP], scale] {
                put(bytes);
            }
        }
        (None, None, Some(timestamps), None) => {
            put(&[NOP, NOP]);
            put(timestamps);
        }
        (_, _, _, _) => return,
    }
    if len == given.len() {
        packet.set_tcp_options(&options[..len]);
    }
}

/// Gives a segment another timestamp of the sender.
pub fn restamp(packet: &mut Packet, timestamp: u32) {
    let given = packet.tcp_options();
    let Some(at) = offset(given, TIMESTAMPS) else { return };
    let mut options = [END; LEN_MAX];
    let len = given.len();
    options[..len].copy_from_slice(given);
    options[at + 2..at + 6].copy_from_slice(&timestamp.to_be_bytes());
    packet.set_tcp_options(&options[..len]);
}

/// An option with its kind and length bytes.
fn find(options: &[u8], kind: u8) -> Option<&[u8]> {
    let at = offset(options, kind)?;
    options.get(at..at + usize::from(options[at + 1]))
}

fn offset(options: &[u8], kind: u8) -> Option<usize> {
    let mut at = 0;
    loop {
        match *options.get(at)? {
            END => return None,
            NOP => at += 1,
            found if found == kind => return options.get(at + 1).map(|_| at),
            _ => at += usize::from(*options.get(at + 1)?).max(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::checksums_are_valid;

    /// A segment whose options are given, without a payload.
    fn segment(options: &[u8]) -> Packet {
        let mut bytes = Vec::new();
        write_headers(&mut bytes, options);
        Packet::parse(bytes).expect("a segment")
    }

    /// Ethernet, IPv4 and TCP headers by hand; with their checksums.
    fn write_headers(bytes: &mut Vec<u8>, options: &[u8]) {
        let len = 40 + options.len() as u8;
        bytes.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
        bytes.extend([0x45, 0, 0, len, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 4, 10, 0, 0, 5]);
        bytes.extend([0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0]);
        bytes.extend([(5 + options.len() as u8 / 4) << 4, 2, 0xff, 0xff, 0, 0, 0, 0]);
        bytes.extend(options);
        let sum = |range: &[u8], start: u32| {
            let words = range.chunks(2).map(|w| u32::from(w[0]) << 8 | u32::from(*w.get(1).unwrap_or(&0)));
            let mut sum = words.sum::<u32>() + start;
            while sum > 0xffff {
                sum = (sum & 0xffff) + (sum >> 16);
            }
            (!(sum as u16)).to_be_bytes()
        };
        let header = sum(&bytes[14..34], 0);
        bytes[24..26].copy_from_slice(&header);
        let pseudo = 0x0a00 + 4 + 0x0a00 + 5 + 6 + u32::from(len) - 20;
        let tcp = sum(&bytes[34..], pseudo);
        bytes[50..52].copy_from_slice(&tcp);
    }

    #[test]
    fn options_stand_in_the_order_of_linux() {
        let timestamps = [8, 10, 0, 0, 0, 7, 0, 0, 0, 9];
        let syn: Vec<u8> = [&[2, 4, 0x23, 0x01, 3, 3, 0, 4, 2][..], &timestamps, &[0]].concat();
        let mut packet = segment(&syn);
        arrange(&mut packet);
        assert_eq!(
            packet.tcp_options(),
            [&[2, 4, 0x23, 0x01, 4, 2][..], &timestamps, &[1, 3, 3, 0]].concat()
        );
        assert!(checksums_are_valid(packet.frame()));

        let mut packet = segment(&[&timestamps[..], &[0, 0]].concat());
        arrange(&mut packet);
        assert_eq!(packet.tcp_options(), [&[1, 1][..], &timestamps].concat());
        restamp(&mut packet, 0x0102_0304);
        assert_eq!(packet.tcp_options()[4..8], [1, 2, 3, 4]);
        assert!(checksums_are_valid(packet.frame()));
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        for options in
            [&[2, 4, 5, 6][..], &[8, 0, 0, 0], &[99, 255, 0, 0], &[8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 5, 2]]
        {
            let mut packet = segment(options);
            arrange(&mut packet);
            if options[0] != 8 || options.len() < 12 {
                assert_eq!(packet.tcp_options(), options);
            }
            restamp(&mut packet, 1);
            assert!(checksums_are_valid(packet.frame()), "{options:?}");
        }
    }
}
