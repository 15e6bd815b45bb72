//! Route tables: what they are associated with, and where their routes lead.

use super::{Builder, block, names_of};
use crate::api::CreateRoute;
use crate::ids::{
    EniId, InternetGatewayId, NatGatewayId, PeeringId, PrefixListId, RouteTableId, SubnetId,
    TransitGatewayId, VpcId, VpnGatewayId,
};
use crate::model::{Destination, Gateway, RouteOrigin, Target};
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
