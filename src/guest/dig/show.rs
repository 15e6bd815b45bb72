//! How `dig` prints a message.
//!
//! Knows BIND's columns and words; never how the message came.

use std::net::Ipv4Addr;
use std::time::Duration;

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE};

use crate::time::Instant;

/// Of the packages of Amazon Linux 2023 in the middle of 2024.
pub const VERSION: &str = "9.16.48-RH";

/// Where the columns behind a name begin: time to live, class, type, data.
const COLUMNS: [usize; 4] = [24, 32, 40, 48];
const TAB: usize = 8;

/// A message that came.
pub struct Reply<'m>(Packet<'m>);

impl<'m> Reply<'m> {
    /// Reads a message, if it answers the question with an id.
    pub fn read(id: u16, message: &'m [u8]) -> Option<Self> {
        let packet = Packet::parse(message).ok()?;
        (packet.id() == id && packet.has_flags(PacketFlag::RESPONSE)).then_some(Self(packet))
    }

    pub fn is_truncated(&self) -> bool {
        self.0.has_flags(PacketFlag::TRUNCATION)
    }

    /// What `+short` shows: the data of the answer.
    pub fn short(&self) -> String {
        self.0.answers.iter().map(|record| format!("{}\n", data(&record.rdata))).collect()
    }

    /// What `+noall +answer` shows.
    pub fn answer(&self) -> String {
        self.0.answers.iter().map(line).collect()
    }

    /// Everything.
    pub fn whole(&self, server: (Ipv4Addr, u16), took: Duration, now: Instant, len: usize) -> String {
        let packet = &self.0;
        let additional = packet.additional_records.len() + usize::from(packet.opt().is_some());
        let mut text = format!(
            ";; Got answer:\n\
             ;; ->>HEADER<<- opcode: QUERY, status: {}, id: {}\n\
             ;; flags:{}; QUERY: {}, ANSWER: {}, AUTHORITY: {}, ADDITIONAL: {additional}\n\n",
            status(packet.rcode()),
            packet.id(),
            flags(packet),
            packet.questions.len(),
            packet.answers.len(),
            packet.name_servers.len(),
        );
        if let Some(opt) = packet.opt() {
            text.push_str(";; OPT PSEUDOSECTION:\n");
            text.push_str(&format!(
                "; EDNS: version: {}, flags:; udp: {}\n",
                opt.version, opt.udp_packet_size
            ));
        }
        text.push_str(";; QUESTION SECTION:\n");
        for question in &packet.questions {
            let mut row = Row::new(&absolute(&question.qname));
            row.cell(COLUMNS[1], "IN");
            row.cell(COLUMNS[2], &question_type(question.qtype));
            text.push_str(&format!(";{}\n", row.text));
        }
        for (title, records) in [("ANSWER", &packet.answers), ("AUTHORITY", &packet.name_servers)] {
            if !records.is_empty() {
                text.push_str(&format!("\n;; {title} SECTION:\n"));
                text.extend(records.iter().map(line));
            }
        }
        let (address, port) = server;
        let when =
            jiff::Timestamp::from_second(now.unix_seconds() as i64).expect("virtual time ends in 2554");
        text.push_str(&format!(
            "\n;; Query time: {} msec\n\
             ;; SERVER: {address}#{port}({address})\n\
             ;; WHEN: {}\n\
             ;; MSG SIZE  rcvd: {len}\n\n",
            took.as_millis(),
            when.strftime("%a %b %d %H:%M:%S UTC %Y"),
        ));
        text
    }
}

fn status(code: RCODE) -> &'static str {
    match code {
        RCODE::NoError => "NOERROR",
        RCODE::FormatError => "FORMERR",
        RCODE::ServerFailure => "SERVFAIL",
        RCODE::NameError => "NXDOMAIN",
        RCODE::NotImplemented => "NOTIMP",
        RCODE::Refused => "REFUSED",
        RCODE::YXDOMAIN => "YXDOMAIN",
        RCODE::YXRRSET => "YXRRSET",
        RCODE::NXRRSET => "NXRRSET",
        RCODE::NOTAUTH => "NOTAUTH",
        RCODE::NOTZONE => "NOTZONE",
        RCODE::BADVERS => "BADVERS",
        RCODE::Reserved => "RESERVED",
    }
}

fn flags(packet: &Packet<'_>) -> String {
    let flags = [
        (PacketFlag::RESPONSE, "qr"),
        (PacketFlag::AUTHORITATIVE_ANSWER, "aa"),
        (PacketFlag::TRUNCATION, "tc"),
        (PacketFlag::RECURSION_DESIRED, "rd"),
        (PacketFlag::RECURSION_AVAILABLE, "ra"),
        (PacketFlag::AUTHENTIC_DATA, "ad"),
    ];
    flags.iter().filter(|(flag, _)| packet.has_flags(*flag)).map(|(_, name)| format!(" {name}")).collect()
}

fn line(record: &ResourceRecord<'_>) -> String {
    let class = if record.class == CLASS::IN { "IN".to_owned() } else { format!("{:?}", record.class) };
    let mut row = Row::new(&absolute(&record.name));
    row.cell(COLUMNS[0], &record.ttl.to_string());
    row.cell(COLUMNS[1], &class);
    row.cell(COLUMNS[2], &type_name(record.rdata.type_code()));
    row.cell(COLUMNS[3], &data(&record.rdata));
    row.text + "\n"
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the library knows every type there ever was")]
fn data(data: &RData<'_>) -> String {
    match data {
        RData::A(a) => Ipv4Addr::from(a.address).to_string(),
        RData::AAAA(aaaa) => std::net::Ipv6Addr::from(aaaa.address).to_string(),
        RData::CNAME(target) => absolute(&target.0),
        RData::NS(target) => absolute(&target.0),
        RData::PTR(target) => absolute(&target.0),
        RData::MX(mx) => format!("{} {}", mx.preference, absolute(&mx.exchange)),
        RData::SOA(soa) => format!(
            "{} {} {} {} {} {} {}",
            absolute(&soa.mname),
            absolute(&soa.rname),
            soa.serial,
            soa.refresh,
            soa.retry,
            soa.expire,
            soa.minimum
        ),
        other => format!("; {:?}", other.type_code()),
    }
}

fn absolute(name: &Name<'_>) -> String {
    format!("{name}.")
}

fn question_type(kind: QTYPE) -> String {
    match kind {
        QTYPE::TYPE(kind) => type_name(kind),
        QTYPE::ANY | QTYPE::AXFR | QTYPE::IXFR | QTYPE::MAILA | QTYPE::MAILB => format!("{kind:?}"),
    }
}

fn type_name(kind: TYPE) -> String {
    format!("{kind:?}")
}

/// A line whose cells begin at columns, filled up with tabs as BIND does it.
struct Row {
    text: String,
    at: usize,
}

impl Row {
    fn new(first: &str) -> Self {
        Self { text: first.to_owned(), at: first.len() }
    }

    fn cell(&mut self, column: usize, text: &str) {
        // What is past the column already is parted by one place.
        let to = column.max(self.at + 1);
        let tabs = to / TAB - self.at / TAB;
        let from = if tabs > 0 { to / TAB * TAB } else { self.at };
        self.text.extend(std::iter::repeat_n('\t', tabs).chain(std::iter::repeat_n(' ', to - from)));
        self.text.push_str(text);
        self.at = to + text.len();
    }
}
