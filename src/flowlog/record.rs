//! A record of a flow log, and how its fields are printed.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::path::TrafficPath;
use super::point::PointFacts;
use crate::ids::{TransitGatewayAttachmentId, VpcId};
use crate::model::{Account, Direction, Field, FlowLog, LogFormat, Model, TaggedResource};
use crate::trace::ActivityId;
use crate::wire::{FiveTuple, Protocol, TcpFlags};

/// What the groups and network ACLs at the interface said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// They let it through.
    Accept,
    /// One of them did not.
    Reject,
}

impl Action {
    /// As records print it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Accept => "ACCEPT",
            Self::Reject => "REJECT",
        }
    }
}

/// Why something was rejected, where AWS says so (aws: flow-log-reject-reason).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RejectReason {
    /// By Block Public Access.
    Bpa,
}

impl RejectReason {
    /// As records print it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Bpa => "BPA",
        }
    }
}

/// What a record is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LogStatus {
    /// There was no traffic in the interval.
    NoData,
    /// It describes a flow.
    Ok,
    /// Flows of the interval were left out: there were too many.
    SkipData,
}

impl LogStatus {
    /// As records print it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoData => "NODATA",
            Self::Ok => "OK",
            Self::SkipData => "SKIPDATA",
        }
    }
}

/// One record.
#[derive(Clone, Debug)]
pub struct FlowRecord {
    /// Where it was metered.
    pub at: Arc<PointFacts>,
    /// Unix seconds of the first packet, or of the interval's begin.
    pub start: u64,
    /// Unix seconds of the last packet, or of the interval's end.
    pub end: u64,
    /// What it says.
    pub content: Content,
}

/// What a record says.
#[derive(Clone, Debug)]
pub enum Content {
    /// Of a flow.
    Flow(Flow),
    /// That there was none.
    NoData,
    /// That there were more.
    SkipData,
}

/// What a record says of a flow in one direction within an aggregation interval.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Out of the point or into it.
    pub direction: Direction,
    /// The packets' own addresses and ports.
    pub tuple: FiveTuple,
    /// How many packets.
    pub packets: u64,
    /// Their IP total lengths, summed (aws: flow-log-bytes).
    pub bytes: u64,
    /// FIN, SYN, RST, and ACK if it came with SYN; OR of all packets (aws: flow-log-tcp-flags).
    pub tcp_flags: u8,
    /// Accepted or rejected.
    pub action: Action,
    /// Why it was rejected, where AWS says so.
    pub reject_reason: Option<RejectReason>,
    /// Which way it goes on, if it leaves.
    pub path: Option<TrafficPath>,
    /// The interface it goes to or comes from, as far as records can say it.
    pub next_hop: Option<Arc<PointFacts>>,
    /// How it is encrypted, if that is known.
    pub encryption_status: Option<u8>,
    /// What only transit gateways know.
    pub transit: Option<Box<Transit>>,
    /// The activity of background traffic that it belongs to: no record says it, but the ground truth does.
    pub activity: Option<ActivityId>,
}

/// What a transit gateway knows of a flow (aws: tgw-flow-log-fields).
#[derive(Clone, Default, Debug)]
pub struct Transit {
    /// Where it comes from.
    pub source: TransitEnd,
    /// Where it goes; nowhere if no route leads on.
    pub destination: TransitEnd,
    /// The attachment on the other side.
    pub pair: Option<TransitGatewayAttachmentId>,
    /// Packets that went no further, by [`Loss`].
    pub lost: [u64; 4],
}

/// One end of a flow through a transit gateway.
#[derive(Clone, Default, Debug)]
pub struct TransitEnd {
    /// The attachment's interface.
    pub interface: Option<Arc<PointFacts>>,
    /// The attached VPC.
    pub vpc: Option<VpcId>,
    /// Its owner.
    pub vpc_account: Option<Account>,
}

impl TransitEnd {
    fn interface(&self) -> Option<&PointFacts> {
        self.interface.as_deref()
    }
}

/// Why a transit gateway sends a packet no further (aws: tgw-flow-log-fields).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loss {
    /// No route leads on.
    NoRoute,
    /// A route drops it.
    Blackhole,
    /// It is too long.
    MtuExceeded,
    /// Its time to live ran out.
    TtlExpired,
}

impl FlowRecord {
    /// What kind of record it is.
    pub fn log_status(&self) -> LogStatus {
        match self.content {
            Content::Flow(_) => LogStatus::Ok,
            Content::NoData => LogStatus::NoData,
            Content::SkipData => LogStatus::SkipData,
        }
    }

    /// The flow, if it describes one.
    pub fn flow(&self) -> Option<&Flow> {
        match &self.content {
            Content::Flow(flow) => Some(flow),
            Content::NoData | Content::SkipData => None,
        }
    }

    /// The address that stands for the source: in place of a foreign address on the interface's own side stands its
    /// primary private one; an address of the other side is never replaced (aws: flow-log-address-rewriting).
    fn printed_source(&self, flow: &Flow) -> Ipv4Addr {
        match flow.direction {
            Direction::Egress => self.at.primary_ip.unwrap_or(flow.tuple.src),
            Direction::Ingress => flow.tuple.src,
        }
    }

    /// The same of the destination.
    fn printed_destination(&self, flow: &Flow) -> Ipv4Addr {
        match flow.direction {
            Direction::Egress => flow.tuple.dst,
            Direction::Ingress => self.at.primary_ip.unwrap_or(flow.tuple.dst),
        }
    }
}

/// Values of fields, as they stand in records of a flow log.
#[derive(Clone, Copy)]
pub struct Printer<'a> {
    /// What exists, for the published address ranges.
    pub model: &'a Model,
    /// What records print as their version.
    pub version: u8,
    /// The flow log, which says whose tags are printed; the simulator's own view has none.
    pub log: Option<&'a FlowLog>,
}

impl Printer<'_> {
    /// A line: the values of a format's fields, a space between two of them.
    pub fn line(&self, record: &FlowRecord, format: &LogFormat, line: &mut String) {
        for (at, field) in format.fields().iter().enumerate() {
            if at > 0 {
                line.push(' ');
            }
            self.value(record, *field, line);
        }
    }

    /// The value of a field, or `-` if there is none.
    pub fn value(&self, record: &FlowRecord, field: Field, out: &mut String) {
        let before = out.len();
        self.write(record, field, out);
        if out.len() == before {
            out.push('-');
        }
    }

    /// Writes a value; nothing if there is none.
    fn write(&self, record: &FlowRecord, field: Field, out: &mut String) {
        let (at, flow) = (&*record.at, record.flow());
        let transit = flow.and_then(|flow| flow.transit.as_deref());
        let next = flow.and_then(|flow| flow.next_hop.as_deref());
        // Of a next hop of another account only the zone is said (aws: flow-log-next-hop).
        let own_next = next.filter(|next| next.account == at.account);
        let ecs = at.ecs_task.as_deref();
        match field {
            Field::Version => put(out, Some(self.version)),
            Field::AccountId => put(out, Some(at.account)),
            Field::InterfaceId => put(out, at.eni()),
            Field::SrcAddr => put(out, flow.map(|flow| record.printed_source(flow))),
            Field::DstAddr => put(out, flow.map(|flow| record.printed_destination(flow))),
            Field::SrcPort => put(out, flow.map(|flow| flow.tuple.src_port)),
            Field::DstPort => put(out, flow.map(|flow| flow.tuple.dst_port)),
            Field::Protocol => put(out, flow.map(|flow| flow.tuple.protocol.0)),
            Field::Packets => put(out, flow.map(|flow| flow.packets)),
            // aws: bpa-flow-log
            Field::Bytes => put(out, flow.filter(|flow| flow.reject_reason.is_none()).map(|flow| flow.bytes)),
            Field::Start => put(out, Some(record.start)),
            Field::End => put(out, Some(record.end)),
            Field::Action => put(out, flow.map(|flow| flow.action.code())),
            Field::LogStatus => put(out, Some(record.log_status().code())),

            Field::VpcId => put(out, at.vpc),
            Field::SubnetId => put(out, at.subnet),
            Field::InstanceId => put(out, at.instance),
            Field::TcpFlags => put(out, flow.map(|flow| flow.tcp_flags)),
            Field::Type => put(out, flow.map(|_| "IPv4")),
            Field::PktSrcAddr => put(out, flow.map(|flow| flow.tuple.src)),
            Field::PktDstAddr => put(out, flow.map(|flow| flow.tuple.dst)),

            Field::Region => put(out, Some(at.region)),
            Field::AzId => put(out, at.az_id.as_ref()),
            // There are no Local Zones, Outposts or Wavelength Zones here.
            Field::SublocationType | Field::SublocationId => {}

            Field::PktSrcAwsService => {
                put(out, flow.and_then(|flow| self.model.aws_service_of(flow.tuple.src)))
            }
            Field::PktDstAwsService => {
                put(out, flow.and_then(|flow| self.model.aws_service_of(flow.tuple.dst)))
            }
            Field::FlowDirection => put(out, flow.map(|flow| direction(flow.direction))),
            Field::TrafficPath => put(out, flow.and_then(|flow| flow.path).map(TrafficPath::code)),

            Field::EcsClusterArn => put(out, ecs.and_then(|task| task.cluster_arn.as_ref())),
            Field::EcsClusterName => put(out, ecs.and_then(|task| task.cluster_name.as_ref())),
            Field::EcsContainerInstanceArn => {
                put(out, ecs.and_then(|task| task.container_instance_arn.as_ref()))
            }
            Field::EcsContainerInstanceId => {
                put(out, ecs.and_then(|task| task.container_instance_id.as_ref()))
            }
            Field::EcsContainerId => put(out, ecs.and_then(|task| task.container_id.as_ref())),
            Field::EcsSecondContainerId => put(out, ecs.and_then(|task| task.second_container_id.as_ref())),
            Field::EcsServiceName => put(out, ecs.and_then(|task| task.service_name.as_ref())),
            Field::EcsTaskDefinitionArn => put(out, ecs.and_then(|task| task.task_definition_arn.as_ref())),
            Field::EcsTaskArn => put(out, ecs.and_then(|task| task.task_arn.as_ref())),
            Field::EcsTaskId => put(out, ecs.and_then(|task| task.task_id.as_ref())),

            Field::RejectReason => put(out, flow.and_then(|flow| flow.reject_reason).map(RejectReason::code)),
            Field::ResourceId => put(out, at.regional_nat()),
            Field::EncryptionStatus => put(out, flow.and_then(|flow| flow.encryption_status)),

            Field::InstanceTag => self.tag(TaggedResource::Instance, 0, at, out),
            Field::InstanceTag2 => self.tag(TaggedResource::Instance, 1, at, out),
            Field::InterfaceTag => self.tag(TaggedResource::NetworkInterface, 0, at, out),
            Field::InterfaceTag2 => self.tag(TaggedResource::NetworkInterface, 1, at, out),
            Field::AsgTag => self.tag(TaggedResource::AutoScalingGroup, 0, at, out),
            Field::AsgTag2 => self.tag(TaggedResource::AutoScalingGroup, 1, at, out),
            Field::InterfaceType => put(out, at.interface_type),
            Field::NextHopInterfaceId => put(out, own_next.and_then(PointFacts::eni)),
            Field::NextHopSubnetId => put(out, own_next.and_then(|next| next.subnet)),
            Field::NextHopAzId => put(out, next.and_then(|next| next.az_id.as_ref())),
            Field::NextHopVpcId => put(out, own_next.and_then(|next| next.vpc)),
            Field::NextHopInterfaceType => put(out, own_next.and_then(|next| next.interface_type)),

            Field::ResourceType => put(out, at.attachment().map(|_| "TransitGateway")),
            Field::TgwId => put(out, at.attachment().map(|(gateway, _)| gateway)),
            Field::TgwAttachmentId => put(out, at.attachment().map(|(_, attachment)| attachment)),
            Field::TgwSrcVpcAccountId => put(out, transit.and_then(|it| it.source.vpc_account)),
            Field::TgwDstVpcAccountId => put(out, transit.and_then(|it| it.destination.vpc_account)),
            Field::TgwSrcVpcId => put(out, transit.and_then(|it| it.source.vpc)),
            Field::TgwDstVpcId => put(out, transit.and_then(|it| it.destination.vpc)),
            Field::TgwSrcSubnetId => put(out, transit.and_then(|it| it.source.interface()?.subnet)),
            Field::TgwDstSubnetId => put(out, transit.and_then(|it| it.destination.interface()?.subnet)),
            Field::TgwSrcEni => put(out, transit.and_then(|it| it.source.interface()?.eni())),
            Field::TgwDstEni => put(out, transit.and_then(|it| it.destination.interface()?.eni())),
            Field::TgwSrcAzId => put(out, transit.and_then(|it| it.source.interface()?.az_id.as_ref())),
            Field::TgwDstAzId => put(out, transit.and_then(|it| it.destination.interface()?.az_id.as_ref())),
            Field::TgwPairAttachmentId => put(out, transit.and_then(|it| it.pair)),
            Field::PacketsLostNoRoute => put(out, transit.map(|it| it.lost[Loss::NoRoute as usize])),
            Field::PacketsLostBlackhole => put(out, transit.map(|it| it.lost[Loss::Blackhole as usize])),
            Field::PacketsLostMtuExceeded => put(out, transit.map(|it| it.lost[Loss::MtuExceeded as usize])),
            Field::PacketsLostTtlExpired => put(out, transit.map(|it| it.lost[Loss::TtlExpired as usize])),
        }
    }

    /// Writes the value of a tag whose key the flow log names first or second (aws: flow-log-tag-fields).
    fn tag(&self, of: TaggedResource, at: usize, point: &PointFacts, out: &mut String) {
        let Some(key) = self.log.and_then(|log| log.tag_keys(of).get(at)) else { return };
        let [instance, interface, group] = &point.tags;
        let tags = match of {
            TaggedResource::AutoScalingGroup => group,
            TaggedResource::Instance => instance,
            TaggedResource::NetworkInterface => interface,
        };
        put(out, tags.get(key).map(|value| utf8_percent_encode(value, ENCODED)));
    }
}

/// What is special in the value of a tag (assumed: flow-log-tag-encoding).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn put(out: &mut String, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        write!(out, "{value}").expect("a text takes everything");
    }
}

const fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Egress => "egress",
        Direction::Ingress => "ingress",
    }
}

/// The bits of a packet that records keep (aws: flow-log-tcp-flags). Transit gateways keep PSH, ACK and URG as well, but
/// for an ACK alone (aws: tgw-flow-log-tcp-flags).
pub fn recorded_flags(protocol: Protocol, flags: TcpFlags, of_transit_gateway: bool) -> u8 {
    if protocol != Protocol::TCP {
        return 0;
    }
    if of_transit_gateway {
        const URG: u8 = 0x20;
        let all = TcpFlags::FIN | TcpFlags::SYN | TcpFlags::RST | TcpFlags::PSH | TcpFlags::ACK | URG;
        return if flags.0 & all == TcpFlags::ACK { 0 } else { flags.0 & all };
    }
    let kept = flags.0 & (TcpFlags::FIN | TcpFlags::SYN | TcpFlags::RST);
    if flags.has(TcpFlags::SYN | TcpFlags::ACK) { kept | TcpFlags::ACK } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_those_that_aws_keeps() {
        let kept = |flags: u8, transit| recorded_flags(Protocol::TCP, TcpFlags(flags), transit);
        let (fin, syn, rst, psh, ack) = (1, 2, 4, 8, 16);
        assert_eq!(kept(syn, false), 2);
        assert_eq!(kept(syn | ack, false), 18);
        assert_eq!(kept(ack, false), 0);
        assert_eq!(kept(psh | ack, false), 0);
        assert_eq!(kept(fin | ack, false), 1);
        assert_eq!(kept(rst | ack, false), 4);
        // SYN with ECE and CWR.
        assert_eq!(kept(syn | 0xc0, false), 2);
        assert_eq!(recorded_flags(Protocol::UDP, TcpFlags(0xff), false), 0);
        assert_eq!(kept(ack, true), 0);
        assert_eq!(kept(psh | ack, true), 24);
        assert_eq!(kept(fin | ack, true), 17);
    }
}
