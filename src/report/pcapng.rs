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
    /// Begins a capture at some interfaces. `names` are shown in place of the addresses.
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

    /// Adds a frame. `interface` is an index into the interfaces given at the beginning.
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
