//! Packets as the reference sees them: the facts that decisions are made of, without bytes.

use std::net::Ipv4Addr;

use vpclab::wire;

pub const ICMP: u8 = 1;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;

pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
pub const RST: u8 = 4;
pub const ACK: u8 = 16;

/// Who talks to whom. The identifier of a ping stands for both of its ports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flow {
    pub src: Ipv4Addr,
    pub dst: Ipv4Addr,
    pub src_port: u16,
    pub dst_port: u16,
    pub protocol: u8,
}

impl Flow {
    pub fn mirror(self) -> Self {
        Self { src: self.dst, dst: self.src, src_port: self.dst_port, dst_port: self.src_port, ..self }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content {
    Segment {
        flags: u8,
    },
    Datagram,
    Echo {
        request: bool,
    },
    Error {
        kind: u8,
        code: u8,
        mtu: Option<u16>,
        quoted: Option<Flow>,
        about: Option<u8>,
    },
    /// A fragment without a transport header, or another protocol.
    Opaque,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packet {
    pub flow: Flow,
    pub content: Content,
    /// 0 for errors: how much they quote is nobody's business.
    pub len: u16,
    pub ttl: u8,
    pub dont_fragment: bool,
    pub id: u16,
    /// Where a fragment begins in its datagram, in bytes.
    pub offset: usize,
    pub more: bool,
}

const HEADER: u16 = 20;

impl Packet {
    pub fn of(packet: &wire::Packet) -> Self {
        let tuple = packet.tuple();
        let mut flow = flow_of(tuple, None);
        let content = match (tuple.protocol.0, packet.icmp()) {
            _ if packet.is_later_fragment() => Content::Opaque,
            (TCP, _) => Content::Segment { flags: packet.tcp_flags().0 },
            (UDP, _) => Content::Datagram,
            (_, Some(icmp)) => match (icmp.echo, icmp.quoted) {
                (Some(echo), _) => {
                    flow = flow_of(tuple, Some(echo.identifier));
                    Content::Echo { request: icmp.kind == 8 }
                }
                (None, quoted) => Content::Error {
                    kind: icmp.kind,
                    code: icmp.code,
                    mtu: packet.next_hop_mtu(),
                    quoted: quoted.map(|quoted| flow_of(quoted.tuple, quoted.echo_identifier)),
                    about: quoted.and_then(|quoted| quoted.icmp_kind),
                },
            },
            (_, None) => Content::Opaque,
        };
        let is_error = matches!(content, Content::Error { .. });
        Self {
            flow,
            content,
            len: if is_error { 0 } else { packet.ip_len() },
            ttl: packet.ttl(),
            dont_fragment: packet.dont_fragment(),
            id: packet.identification(),
            offset: packet.fragment_offset(),
            more: packet.more_fragments(),
        }
    }

    pub fn is_fragment(&self) -> bool {
        self.more || self.offset > 0
    }

    /// The kind and code of an ICMP message.
    pub fn icmp(&self) -> Option<(u8, u8)> {
        match self.content {
            Content::Echo { request } => Some((if request { 8 } else { 0 }, 0)),
            Content::Error { kind, code, .. } => Some((kind, code)),
            Content::Segment { .. } | Content::Datagram | Content::Opaque => None,
        }
    }

    pub fn flags(&self) -> u8 {
        match self.content {
            Content::Segment { flags } => flags,
            Content::Datagram | Content::Echo { .. } | Content::Error { .. } | Content::Opaque => 0,
        }
    }

    /// The kind of ICMP message it is, or is about.
    pub fn pings(&self) -> Option<u8> {
        match self.content {
            Content::Error { about, .. } => about,
            Content::Segment { .. } | Content::Datagram | Content::Echo { .. } | Content::Opaque => {
                self.icmp().map(|(kind, _)| kind)
            }
        }
    }

    /// Whether it asks for a new connection.
    pub fn opens(&self) -> bool {
        self.flags() & (SYN | ACK | RST) == SYN
    }

    /// RFC 1122: no errors about errors, nor about later fragments.
    pub fn may_be_reported(&self) -> bool {
        !matches!(self.content, Content::Error { .. }) && self.offset == 0
    }

    /// An ICMP error about this packet, from `from` to its sender.
    pub fn error(&self, from: Ipv4Addr, kind: u8, code: u8, mtu: Option<u16>) -> Self {
        let flow = Flow { src: from, dst: self.flow.src, src_port: 0, dst_port: 0, protocol: ICMP };
        let about = self.icmp().map(|(kind, _)| kind);
        let content = Content::Error { kind, code, mtu, quoted: Some(self.flow), about };
        Self::built(flow, content, 0)
    }

    /// The RST that answers this segment.
    pub fn reset(&self) -> Self {
        let flags = RST | if self.flags() & ACK == 0 { ACK } else { 0 };
        Self::built(self.flow.mirror(), Content::Segment { flags }, HEADER + 20)
    }

    fn built(flow: Flow, content: Content, len: u16) -> Self {
        Self { flow, content, len, ttl: 64, dont_fragment: true, id: 0, offset: 0, more: false }
    }

    /// Its parts for a way that carries `mtu` bytes.
    pub fn parts(&self, mtu: u16) -> Vec<Self> {
        let room = usize::from(mtu - HEADER) / 8 * 8;
        let payload = usize::from(self.len - HEADER);
        let part = |start: usize| {
            let size = room.min(payload - start);
            Self {
                content: if start == 0 { self.content } else { Content::Opaque },
                flow: if start == 0 { self.flow } else { Flow { src_port: 0, dst_port: 0, ..self.flow } },
                len: HEADER + size as u16,
                offset: self.offset + start,
                more: self.more || start + size < payload,
                ..*self
            }
        };
        (0..payload).step_by(room).map(part).collect()
    }
}

fn flow_of(tuple: wire::FiveTuple, identifier: Option<u16>) -> Flow {
    Flow {
        src: tuple.src,
        dst: tuple.dst,
        src_port: identifier.unwrap_or(tuple.src_port),
        dst_port: identifier.unwrap_or(tuple.dst_port),
        protocol: tuple.protocol.0,
    }
}
