//! Tags, of which the Name tag is kept.

use super::super::params::{NameKind, What, required};
use super::{Call, Failure, Operation, done, op};
use crate::api::Taggable;
use crate::scenario::resolve::Kind;

pub const OPERATIONS: &[Operation] = &[op(
    "create-tags",
    "CreateTags",
    None,
    &[required("resources", What::Names(NameKind::Any)), required("tags", What::Tags)],
    |call| {
        let name = call.command.name_tag().expect("checked when the command was read");
        let resources: Vec<Taggable> =
            call.texts("resources").map(|text| taggable(call, text)).collect::<Result<_, _>>()?;
        done(call.call(|ec2| ec2.create_name_tags(&resources, &name)))
    },
)];

/// Whatever a name stands for.
fn taggable(call: &Call<'_, '_>, text: &str) -> Result<Taggable, Failure> {
    fn of<K: Kind>(call: &Call<'_, '_>, text: &str, tag: fn(K) -> Taggable) -> Option<Taggable> {
        call.resolve(text, None).ok().map(tag)
    }
    let found = [
        of(call, text, Taggable::CustomerGateway),
        of(call, text, Taggable::DhcpOptions),
        of(call, text, Taggable::ElasticIp),
        of(call, text, Taggable::Endpoint),
        of(call, text, Taggable::FlowLog),
        of(call, text, Taggable::Instance),
        of(call, text, Taggable::InternetGateway),
        of(call, text, Taggable::NatGateway),
        of(call, text, Taggable::NetworkAcl),
        of(call, text, Taggable::Peering),
        of(call, text, Taggable::PrefixList),
        of(call, text, Taggable::RouteTable),
        of(call, text, Taggable::SecurityGroup),
        of(call, text, Taggable::Subnet),
        of(call, text, Taggable::TransitGateway),
        of(call, text, Taggable::TransitGatewayRouteTable),
        of(call, text, Taggable::Vpc),
        of(call, text, Taggable::VpnConnection),
        of(call, text, Taggable::VpnGateway),
    ];
    // The attachment of a VPN connection has its name, and an interface that of what is behind it.
    let second = || {
        let attachment = of(call, text, Taggable::TransitGatewayAttachment);
        attachment.or_else(|| of(call, text, Taggable::Eni))
    };
    let mut found = found.into_iter().flatten();
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(Failure::Ambiguous { name: text.to_owned() }),
        (None, _) => second().ok_or_else(|| Failure::Gone { name: text.to_owned() }),
    }
}
