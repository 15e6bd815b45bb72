//! A flow-log record, and how it is printed in the default format (version 2).

use std::fmt;
use std::net::Ipv4Addr;

use crate::ids::EniId;
use crate::model::{Account, Direction};
use crate::wire::Protocol;

/// The header line of a log file in the default format (aws: flow-log-default-format).
pub const DEFAULT_FORMAT_HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol \
                                         packets bytes start end action log-status";

/// What the groups and network ACLs at the interface said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// They let it through.
    Accept,
    /// One of them did not.
    Reject,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Accept => "ACCEPT",
            Self::Reject => "REJECT",
        })
    }
}

/// What a record is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LogStatus {
    /// There was no traffic in the interval.
    NoData,
    /// It describes a flow.
    Ok,
}

impl fmt::Display for LogStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NoData => "NODATA",
            Self::Ok => "OK",
        })
    }
}

/// One line of a flow log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlowRecord {
    /// The owner of the interface.
    pub account: Account,
    /// The interface.
    pub interface: EniId,
    /// Unix seconds of the first packet, or of the interval's begin.
    pub start: u64,
    /// Unix seconds of the last packet, or of the interval's end.
    pub end: u64,
    /// The flow; `None` if there was no traffic.
    pub flow: Option<Flow>,
}

/// What a record says of a flow in one direction within an aggregation interval.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flow {
    /// Out of the interface or into it.
    pub direction: Direction,
    /// As the record prints it (aws: flow-log-address-rewriting).
    pub srcaddr: Ipv4Addr,
    /// As the record prints it.
    pub dstaddr: Ipv4Addr,
    /// The packet's own source.
    pub pkt_srcaddr: Ipv4Addr,
    /// The packet's own destination.
    pub pkt_dstaddr: Ipv4Addr,
    /// 0 for ICMP.
    pub srcport: u16,
    /// 0 for ICMP.
    pub dstport: u16,
    /// IANA number.
    pub protocol: Protocol,
    /// How many.
    pub packets: u64,
    /// Their IP total lengths, summed (aws: flow-log-bytes).
    pub bytes: u64,
    /// FIN, SYN, RST, and ACK if it came with SYN; OR of all packets (aws: flow-log-tcp-flags).
    pub tcp_flags: u8,
    /// Accepted or rejected.
    pub action: Action,
}

impl FlowRecord {
    /// Whether it describes a flow.
    pub fn log_status(&self) -> LogStatus {
        if self.flow.is_some() { LogStatus::Ok } else { LogStatus::NoData }
    }
}

impl fmt::Display for FlowRecord {
    /// The default format. A record without a flow has `-` in place of all that describes one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "2 {} {} ", self.account, self.interface)?;
        match &self.flow {
            Some(flow) => write!(
                f,
                "{} {} {} {} {} {} {} {} {} {} ",
                flow.srcaddr,
                flow.dstaddr,
                flow.srcport,
                flow.dstport,
                flow.protocol.0,
                flow.packets,
                flow.bytes,
                self.start,
                self.end,
                flow.action
            )?,
            None => write!(f, "- - - - - - - {} {} - ", self.start, self.end)?,
        }
        write!(f, "{}", self.log_status())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_print_as_aws_prints_them() {
        let flow = Flow {
            direction: Direction::Ingress,
            srcaddr: [172, 31, 16, 139].into(),
            dstaddr: [172, 31, 16, 21].into(),
            pkt_srcaddr: [172, 31, 16, 139].into(),
            pkt_dstaddr: [172, 31, 16, 21].into(),
            srcport: 20_641,
            dstport: 22,
            protocol: Protocol::TCP,
            packets: 20,
            bytes: 4249,
            tcp_flags: 3,
            action: Action::Accept,
        };
        let record = FlowRecord {
            account: "123456789010".parse().unwrap(),
            interface: "eni-1235b8ca123456789".parse().unwrap(),
            start: 1_418_530_010,
            end: 1_418_530_070,
            flow: Some(flow),
        };
        assert_eq!(
            record.to_string(),
            "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 \
             1418530070 ACCEPT OK"
        );
        assert_eq!(
            FlowRecord { flow: None, ..record }.to_string(),
            "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1418530010 1418530070 - NODATA"
        );
        assert_eq!(DEFAULT_FORMAT_HEADER.split(' ').count(), record.to_string().split(' ').count());
    }
}
