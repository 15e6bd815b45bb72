//! Packet captures that Wireshark and tshark open.
//!
//! Knows the pcapng format. Must never know why a frame was where it was captured: a comment says
//! that. The only user of pcap-file.
//!
//! A capture depends on what was captured and on nothing else: no host name, no clock, and one byte
//! order on every machine.

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};
use std::net::Ipv4Addr;
use std::time::Duration;

use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use pcap_file::pcapng::blocks::name_resolution::{Ipv4Record, NameResolutionBlock, Record};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::blocks::unknown::UnknownBlock;
use pcap_file::pcapng::{Block, PcapNgWriteError, PcapNgWriter};
use pcap_file::{DataLink, Endianness};

use crate::time::Instant;
use crate::wire::Mac;

/// A network interface that frames are captured at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interface<'a> {
    /// Its name, e.g. that of the instance it belongs to.
    pub name: &'a str,
    /// What else a reader of the capture should know, e.g. its id.
    pub description: &'a str,
    /// Its hardware address.
    pub mac: Mac,
}

/// Which way a frame goes, seen from the interface it is captured at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Direction {
    /// The interface receives it.
    Inbound,
    /// The interface sends it.
    Outbound,
}

impl Direction {
    /// The low two bits of the flags word of an Enhanced Packet Block.
    const fn flags(self) -> u32 {
        match self {
            Self::Inbound => 1,
            Self::Outbound => 2,
        }
    }
}

/// Writes one capture. Frames are kept whole.
pub struct Writer<W: Write> {
    blocks: PcapNgWriter<BufWriter<W>>,
    /// Empty between packets; kept for its memory.
    options: Vec<EnhancedPacketOption<'static>>,
}

impl<W: Write> Writer<W> {
    /// Begins a capture at some interfaces. `names` are shown in place of the
    /// addresses; of an address with several names, Wireshark shows the last.
    pub fn new(out: W, interfaces: &[Interface<'_>], names: &[(Ipv4Addr, &str)]) -> io::Result<Self> {
        let out = BufWriter::new(out);
        let mut blocks = PcapNgWriter::with_section_header(out, section()).map_err(io_error)?;
        for interface in interfaces {
            blocks.write_pcapng_block(description(interface)).map_err(io_error)?;
        }
        // Readers that go through a capture once know a name only after its block.
        if !names.is_empty() {
            blocks.write_pcapng_block(resolution(names)).map_err(io_error)?;
        }
        Ok(Self { blocks, options: Vec::new() })
    }

    /// Adds an interface, and gives its index.
    pub fn add_interface(&mut self, interface: &Interface<'_>) -> io::Result<usize> {
        self.blocks.write_pcapng_block(description(interface)).map_err(io_error)?;
        Ok(self.blocks.interfaces().len() - 1)
    }

    /// Adds a frame. `interface` is the index of one of the interfaces.
    ///
    /// # Panics
    ///
    /// If there is no such interface.
    pub fn packet(
        &mut self,
        interface: usize,
        at: Instant,
        direction: Direction,
        frame: &[u8],
        comment: Option<&str>,
    ) -> io::Result<()> {
        assert!(interface < self.blocks.interfaces().len(), "a packet is captured at one of the interfaces");
        let mut options = std::mem::take(&mut self.options);
        options.push(EnhancedPacketOption::Flags(direction.flags()));
        self.write(interface, at, frame, with_comment(options, comment))
    }

    /// Adds what TLS sessions are encrypted with: lines as `SSLKEYLOGFILE` has them. It counts for the
    /// frames behind it.
    pub fn secrets(&mut self, lines: &str) -> io::Result<()> {
        /// The block and the kind of secrets, as the pcapng specification numbers them.
        const DECRYPTION_SECRETS: u32 = 0x0a;
        const TLS_KEY_LOG: u32 = 0x544c_534b;
        let mut body = TLS_KEY_LOG.to_le_bytes().to_vec();
        body.extend((lines.len() as u32).to_le_bytes());
        body.extend(lines.as_bytes());
        body.resize(body.len().next_multiple_of(4), 0);
        let block = UnknownBlock::new(DECRYPTION_SECRETS, body.len() as u32, &body);
        self.blocks.write_pcapng_block(block).map_err(io_error)?;
        Ok(())
    }

    /// Ends the capture and gives back what it was written to.
    pub fn finish(self) -> io::Result<W> {
        self.blocks.into_inner().into_inner().map_err(io::IntoInnerError::into_error)
    }

    fn write(
        &mut self,
        interface: usize,
        at: Instant,
        frame: &[u8],
        options: Vec<EnhancedPacketOption<'_>>,
    ) -> io::Result<()> {
        let block = EnhancedPacketBlock {
            interface_id: interface as u32,
            timestamp: Duration::from_nanos(at.as_nanos()),
            original_len: frame.len() as u32,
            data: Cow::Borrowed(frame),
            options,
        };
        let block = Block::EnhancedPacket(block);
        self.blocks.write_block(&block).map_err(io_error)?;
        let options = block.into_enhanced_packet().map(|packet| packet.options).unwrap_or_default();
        self.options = emptied(options);
        Ok(())
    }
}

fn section() -> SectionHeaderBlock<'static> {
    let application = Cow::Borrowed(concat!("vpclab ", env!("CARGO_PKG_VERSION")));
    SectionHeaderBlock {
        endianness: Endianness::Little,
        options: vec![SectionHeaderOption::UserApplication(application)],
        ..SectionHeaderBlock::default()
    }
}

fn description<'a>(interface: &'a Interface<'_>) -> InterfaceDescriptionBlock<'a> {
    /// Zero is "no limit".
    const SNAPLEN: u32 = 0;
    let mut block = InterfaceDescriptionBlock::new(DataLink::ETHERNET, SNAPLEN);
    block.options = vec![
        InterfaceDescriptionOption::IfName(Cow::Borrowed(interface.name)),
        InterfaceDescriptionOption::IfDescription(Cow::Borrowed(interface.description)),
        InterfaceDescriptionOption::IfMacAddr(Cow::Borrowed(&interface.mac.0)),
        InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO),
    ];
    block
}

fn resolution<'a>(names: &[(Ipv4Addr, &'a str)]) -> NameResolutionBlock<'a> {
    let record = |(ip_addr, name): &(Ipv4Addr, &'a str)| {
        Record::Ipv4(Ipv4Record { ip_addr: *ip_addr, names: vec![Cow::Borrowed(*name)] })
    };
    NameResolutionBlock { records: names.iter().map(record).collect(), options: Vec::new() }
}

/// Adds a comment, cut at the length that an option can have.
fn with_comment<'a>(
    mut options: Vec<EnhancedPacketOption<'a>>,
    comment: Option<&'a str>,
) -> Vec<EnhancedPacketOption<'a>> {
    if let Some(comment) = comment {
        let comment = &comment[..comment.floor_char_boundary(usize::from(u16::MAX))];
        options.push(EnhancedPacketOption::Common(CommonOption::Comment(Cow::Borrowed(comment))));
    }
    options
}

/// An empty list in the memory of one whose contents are no longer needed.
fn emptied(mut options: Vec<EnhancedPacketOption<'_>>) -> Vec<EnhancedPacketOption<'static>> {
    options.clear();
    options.into_iter().map(|_| unreachable!("the list is empty")).collect()
}

fn io_error(error: PcapNgWriteError) -> io::Error {
    match error {
        PcapNgWriteError::Io(error) => error,
        PcapNgWriteError::Validation { .. }
        | PcapNgWriteError::InvalidFormat(_)
        | PcapNgWriteError::StateUpdate(_) => io::Error::new(io::ErrorKind::InvalidInput, error),
    }
}

#[cfg(test)]
mod tests {
    use pcap_file::pcapng::PcapNgReader;

    use super::*;

    const BASTION: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 10);
    const PRIVATE: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 20);

    fn interfaces() -> [Interface<'static>; 2] {
        [
            Interface {
                name: "BastionHost",
                description: "eni-0c19436730cc350ae",
                mac: Mac([2, 0, 0, 0, 0, 1]),
            },
            Interface { name: "PrivateInstance", description: "eni-12345678", mac: Mac([2, 0, 0, 0, 0, 2]) },
        ]
    }

    /// An ICMP echo request, whole and with valid checksums.
    fn ping() -> Vec<u8> {
        let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00];
        frame.extend([0x45, 0, 0, 31, 0, 0, 0x40, 0, 64, 1, 0x25, 0xc1]);
        frame.extend(BASTION.octets());
        frame.extend(PRIVATE.octets());
        frame.extend([8, 0, 0x2f, 0x9b, 0, 1, 0, 1, b'a', b'b', b'g']);
        frame
    }

    fn capture() -> Vec<u8> {
        let names = [(BASTION, "bastion.test"), (PRIVATE, "private.test")];
        let mut writer = Writer::new(Vec::new(), &interfaces(), &names).unwrap();
        let at = |nanos: u64| Instant::from_nanos(1_719_565_200_000_000_000 + nanos);
        writer.packet(0, at(1), Direction::Outbound, &ping(), None).unwrap();
        let why = "security group sg-1 allows it: ingress tcp 22 from 10.0.0.0/24 – rule ①";
        writer.packet(1, at(123_456_789), Direction::Inbound, &ping(), Some(why)).unwrap();
        writer.packet(0, at(123_456_790), Direction::Inbound, &[0; 9_015], None).unwrap();
        writer.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Vec<Block<'static>> {
        let mut reader = PcapNgReader::new(bytes).unwrap();
        let mut blocks = Vec::new();
        while let Some(block) = reader.next_block() {
            blocks.push(block.unwrap().0.into_owned());
        }
        blocks
    }

    #[test]
    fn the_same_packets_make_the_same_bytes() {
        assert_eq!(capture(), capture());
    }

    #[test]
    fn the_header_says_nothing_of_the_machine() {
        let bytes = capture();
        let reader = PcapNgReader::new(bytes.as_slice()).unwrap();
        let application = format!("vpclab {}", env!("CARGO_PKG_VERSION"));
        let expected = SectionHeaderBlock {
            endianness: Endianness::Little,
            major_version: 1,
            minor_version: 0,
            section_length: -1,
            options: vec![SectionHeaderOption::UserApplication(application.into())],
        };
        assert_eq!(reader.section(), &expected);
    }

    #[test]
    fn what_is_written_can_be_read_back() {
        assert!(crate::wire::checksums_are_valid(&ping()), "tshark would complain");
        let description = |interface: &Interface<'static>| {
            let mut block = InterfaceDescriptionBlock::new(DataLink::ETHERNET, 0);
            block.options = vec![
                InterfaceDescriptionOption::IfName(interface.name.into()),
                InterfaceDescriptionOption::IfDescription(interface.description.into()),
                InterfaceDescriptionOption::IfMacAddr(interface.mac.0.to_vec().into()),
                InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO),
            ];
            Block::InterfaceDescription(block)
        };
        let record =
            |ip_addr, name: &'static str| Record::Ipv4(Ipv4Record { ip_addr, names: vec![name.into()] });
        let packet = |interface_id, nanos, data: Vec<u8>, options| {
            Block::EnhancedPacket(EnhancedPacketBlock {
                interface_id,
                timestamp: Duration::new(1_719_565_200, nanos),
                original_len: data.len() as u32,
                data: data.into(),
                options,
            })
        };
        let comment = "security group sg-1 allows it: ingress tcp 22 from 10.0.0.0/24 – rule ①";
        let [bastion, private] = interfaces();
        assert_eq!(
            read(&capture()),
            [
                description(&bastion),
                description(&private),
                Block::NameResolution(NameResolutionBlock {
                    records: vec![record(BASTION, "bastion.test"), record(PRIVATE, "private.test")],
                    options: vec![],
                }),
                packet(0, 1, ping(), vec![EnhancedPacketOption::Flags(2)]),
                packet(
                    1,
                    123_456_789,
                    ping(),
                    vec![
                        EnhancedPacketOption::Flags(1),
                        EnhancedPacketOption::Common(CommonOption::Comment(comment.into())),
                    ]
                ),
                packet(0, 123_456_790, vec![0; 9_015], vec![EnhancedPacketOption::Flags(1)]),
            ]
        );
    }

    #[test]
    fn secrets_are_a_block_of_their_own() {
        let mut writer = Writer::new(Vec::new(), &interfaces()[..1], &[]).unwrap();
        writer.secrets("CLIENT_RANDOM 01 02\n").unwrap();
        let bytes = writer.finish().unwrap();
        let blocks = read(&bytes);
        let body = b"KSLT\x14\0\0\0CLIENT_RANDOM 01 02\n";
        assert_eq!(blocks[1], Block::Unknown(UnknownBlock::new(0x0a, 12 + body.len() as u32, body)));
        let end = &bytes[bytes.len() - 12 - body.len()..];
        assert_eq!(end, [&[0x0a, 0, 0, 0, 40, 0, 0, 0], body.as_slice(), &[40, 0, 0, 0]].concat());
    }

    #[test]
    fn a_capture_without_names_has_no_block_for_them() {
        let writer = Writer::new(Vec::new(), &interfaces()[..1], &[]).unwrap();
        assert_eq!(read(&writer.finish().unwrap()).len(), 1);
    }

    #[test]
    fn a_comment_is_cut_at_a_character() {
        let comment = format!("a{}", "é".repeat(40_000));
        let mut writer = Writer::new(Vec::new(), &interfaces()[..1], &[]).unwrap();
        writer.packet(0, Instant::EPOCH, Direction::Inbound, &ping(), Some(&comment)).unwrap();
        let blocks = read(&writer.finish().unwrap());
        let cut = comment[..65_535].to_owned();
        let packet = blocks[1].as_enhanced_packet().unwrap();
        assert_eq!(packet.options[1], EnhancedPacketOption::Common(CommonOption::Comment(cut.into())));
    }

    #[test]
    #[should_panic(expected = "a packet is captured at one of the interfaces")]
    fn a_packet_at_no_interface_is_our_own_mistake() {
        let mut writer = Writer::new(Vec::new(), &interfaces(), &[]).unwrap();
        let _ = writer.packet(2, Instant::EPOCH, Direction::Inbound, &ping(), None);
    }
}
