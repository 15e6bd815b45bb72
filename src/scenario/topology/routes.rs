//! Route tables: what they are associated with, and where their routes lead.

use super::{Builder, block, names_of};
use crate::api::CreateRoute;
use crate::ids::{
    EniId, InternetGatewayId, NatGatewayId, PeeringId, PrefixListId, RouteTableId, SubnetId,
    TransitGatewayId, VpcId, VpnGatewayId,
};
use crate::model::{Destination, Gateway, RouteOrigin, Scope, Target};
use crate::scenario::draft;
use crate::scenario::problem::Problem;
use crate::scenario::resolve;
use crate::scenario::yaml::Spanned;

impl Builder<'_> {
    pub(super) fn route_tables(&mut self, vpc: &draft::Vpc, vpc_id: VpcId) {
        for table in &vpc.route_tables {
            let Some(id) = self.find::<RouteTableId>(&table.named.name, Some(vpc_id)) else { continue };
            for name in &table.subnets {
                if let Some(subnet) = self.find::<SubnetId>(name, Some(vpc_id)) {
                    self.call(vpc.scope, name.span, "AssociateRouteTable", |ec2| {
                        ec2.associate_route_table(id, subnet)
                    });
                }
            }
            for name in &table.gateways {
                if let Some(gateway) = self.gateway(name) {
                    self.call(vpc.scope, name.span, "AssociateRouteTable", |ec2| {
                        ec2.associate_gateway_route_table(id, gateway)
                    });
                }
            }
            for name in &table.propagates {
                if let Some(gateway) = self.find::<VpnGatewayId>(name, None) {
                    self.call(vpc.scope, name.span, "EnableVgwRoutePropagation", |ec2| {
                        ec2.enable_vgw_route_propagation(id, gateway)
                    });
                }
            }
            for (written, target) in &table.routes {
                if target.value.split(' ').next() == Some("blackhole") {
                    self.blackhole(vpc.scope, id, written, target);
                    continue;
                }
                let (Some(destination), Some(target)) =
                    (self.destination(written), self.target(target, vpc_id))
                else {
                    continue;
                };
                let request = CreateRoute { route_table_id: id, destination, target };
                let is_local = self.built.model.route_tables[&id]
                    .route_to(destination)
                    .is_some_and(|route| route.origin == RouteOrigin::CreateRouteTable);
                self.call(vpc.scope, written.span, "CreateRoute", |ec2| {
                    // The local route is there already, and can be sent elsewhere.
                    if is_local { ec2.replace_route(request) } else { ec2.create_route(request) }
                });
            }
        }
    }

    /// A route whose target is gone: `blackhole`, or `blackhole igw-…` with the id of what it led to.
    fn blackhole(
        &mut self,
        scope: Scope,
        id: RouteTableId,
        written: &Spanned<String>,
        target: &Spanned<String>,
    ) {
        let Some(destination) = self.destination(written) else { return };
        let gone = match target.value.split_once(' ') {
            None => Some(Target::NetworkInterface(EniId::derive(&["gone", &id.to_string(), &written.value]))),
            Some((_, text)) => target_of_id(text.trim()),
        };
        let Some(gone) = gone else {
            let problem = Problem::at(target.span, format!("`{}` is no id of a target", target.value));
            self.problems
                .push(problem.hint("write `blackhole`, or `blackhole igw-…` with the id of what it led to"));
            return;
        };
        let request = CreateRoute { route_table_id: id, destination, target: gone };
        self.call(scope, written.span, "CreateRoute", |ec2| ec2.restore_route(request));
    }

    /// A block, an address, or a prefix list.
    fn destination(&mut self, written: &Spanned<String>) -> Option<Destination> {
        if let Some(block) = block(&written.value).filter(|_| written.value != "anywhere") {
            return Some(block.into());
        }
        match resolve::resolve::<PrefixListId>(&self.built.model, &written.value, None) {
            Ok(id) => Some(Destination::PrefixList(id)),
            Err(_) if self.is_declared(written) => None,
            Err(why) => {
                let message = format!("expected a CIDR block or a prefix list, found `{}`", written.value);
                let known = names_of(why);
                let problem = Problem::at(written.span, message);
                self.problems.push(match known.as_slice() {
                    [] => problem.hint("write a block such as `10.0.0.0/16`"),
                    known => problem.hint(format!("prefix lists: {}", known.join(", "))),
                });
                None
            }
        }
    }

    /// A gateway that lets packets in.
    fn gateway(&mut self, name: &Spanned<String>) -> Option<Gateway> {
        let model = &self.built.model;
        let internet = resolve::resolve::<InternetGatewayId>(model, &name.value, None);
        let vpn = resolve::resolve::<VpnGatewayId>(model, &name.value, None);
        match (internet, vpn) {
            (Ok(id), _) => Some(Gateway::Internet(id)),
            (_, Ok(id)) => Some(Gateway::Vpn(id)),
            (Err(_), Err(_)) if self.is_declared(name) => None,
            (Err(a), Err(b)) => {
                let known: Vec<String> = [a, b].into_iter().flat_map(names_of).collect();
                let known = known.iter().map(String::as_str);
                self.problems.push(Problem::unknown(name.span, "gateway", &name.value, known));
                None
            }
        }
    }

    /// A route's target by name, whatever it is.
    fn target(&mut self, name: &Spanned<String>, vpc_id: VpcId) -> Option<Target> {
        let model = &self.built.model;
        let text = name.value.as_str();
        if text == "local" {
            return Some(Target::Local);
        }
        let mut known = Vec::new();
        macro_rules! try_kind {
            ($($kind:ty => $target:path, $near:expr;)*) => {$(
                match resolve::resolve::<$kind>(model, text, $near) {
                    Ok(id) => return Some($target(id)),
                    Err(why) => known.extend(names_of(why)),
                }
            )*};
        }
        try_kind! {
            InternetGatewayId => Target::InternetGateway, None;
            NatGatewayId => Target::NatGateway, Some(vpc_id);
            PeeringId => Target::Peering, None;
            TransitGatewayId => Target::TransitGateway, None;
            VpnGatewayId => Target::VpnGateway, None;
            EniId => Target::NetworkInterface, Some(vpc_id);
        }
        if !self.is_declared(name) {
            let known = known.iter().map(String::as_str);
            self.problems.push(Problem::unknown(name.span, "route target", text, known));
        }
        None
    }
}

/// The target with an id, whatever its kind.
fn target_of_id(text: &str) -> Option<Target> {
    let endpoint = || text.parse().ok().map(Target::GatewayEndpoint);
    let internet = || text.parse().ok().map(Target::InternetGateway);
    let nat = || text.parse().ok().map(Target::NatGateway);
    let interface = || text.parse().ok().map(Target::NetworkInterface);
    let peering = || text.parse().ok().map(Target::Peering);
    let transit = || text.parse().ok().map(Target::TransitGateway);
    let vpn = || text.parse().ok().map(Target::VpnGateway);
    internet()
        .or_else(nat)
        .or_else(interface)
        .or_else(peering)
        .or_else(transit)
        .or_else(vpn)
        .or_else(endpoint)
}
