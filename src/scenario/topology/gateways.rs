//! From what is written of gateways, endpoints, prefix lists and premises to what exists.

use std::net::Ipv4Addr;

use super::Builder;
use crate::api::{
    CreateNatGateway, CreateTransitGateway, CreateTransitGatewayRoute, CreateTransitGatewayVpcAttachment,
    CreateVpcEndpoint, CreateVpnConnection, NewEndpointKind, Taggable,
};
use crate::ids::{
    AllocationId, CustomerGatewayId, EniId, RouteTableId, SecurityGroupId, SubnetId,
    TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId, VpcEndpointId, VpcId,
    VpnGatewayId,
};
use crate::model::{
    AttachmentResource, Connectivity, EndpointKind, NatGatewayState, OnPremHost, Scope, ServiceName, VpnEnd,
};
use crate::scenario::draft;
use crate::scenario::problem::Problem;
use crate::scenario::resolve::{self, Kind};
use crate::scenario::yaml::Spanned;
use crate::trace::Station;

impl Builder<'_> {
    /// One that is called like a list of AWS is that list, with these blocks.
    pub(super) fn prefix_list(&mut self, list: &draft::PrefixList) {
        let name = &list.named.name;
        let entries: Vec<_> = list.entries.iter().map(|entry| entry.value).collect();
        if let Some((region, _)) = resolve::managed_prefix_list(&name.value) {
            let (scope, id) = (Scope { region, ..list.scope }, self.pinned(list.named.id.as_ref()));
            self.call(scope, name.span, "DescribeManagedPrefixLists", |ec2| {
                ec2.restore_managed_prefix_list(name.value.clone(), id, &entries)
            });
            return;
        }
        let new = self.naming(&list.named);
        let max = list.max_entries.unwrap_or(entries.len().max(1));
        self.call(list.scope, list.named.name.span, "CreateManagedPrefixList", |ec2| {
            ec2.create_managed_prefix_list(new, &entries, max)
        });
    }

    /// A prefix list of AWS comes into being when somebody names it.
    pub(super) fn meet_managed_prefix_list(&mut self, scope: Scope, name: &Spanned<String>) {
        let managed = resolve::managed_prefix_list(&name.value);
        if let Some((_, service)) = managed.filter(|(region, _)| *region == scope.region) {
            self.call(scope, name.span, "DescribeManagedPrefixLists", |ec2| ec2.managed_prefix_list(service));
        }
    }

    pub(super) fn nat_gateways(&mut self, vpc: &draft::Vpc, vpc_id: VpcId) {
        for nat in &vpc.nat_gateways {
            self.nat_gateway(vpc.scope, vpc_id, nat);
        }
    }

    /// A public one without an Elastic IP gets one of its own.
    fn nat_gateway(&mut self, scope: Scope, vpc_id: VpcId, nat: &draft::NatGateway) -> Option<()> {
        let span = nat.named.name.span;
        let subnet_id = match &nat.subnet {
            Some(name) => Some(self.find::<SubnetId>(name, Some(vpc_id))?),
            None => None,
        };
        let mut allocations: Vec<AllocationId> = self.find_all(&nat.elastic_ips, None)?;
        if !nat.is_private && subnet_id.is_some() && allocations.is_empty() {
            let new = crate::api::New::unnamed();
            allocations
                .push(self.call(scope, span, "AllocateAddress", |ec2| ec2.allocate_address(new, None))?);
        }
        let request = CreateNatGateway {
            new: self.naming(&nat.named),
            subnet_id,
            vpc_id: subnet_id.is_none().then_some(vpc_id),
            connectivity: if nat.is_private { Connectivity::Private } else { Connectivity::Public },
            allocation_id: allocations.first().copied(),
            private_ip_address: nat.private_ip.as_ref().map(|ip| ip.value),
            secondary_private_ip_address_count: nat.secondary_private_ips,
            secondary_allocation_ids: allocations.into_iter().skip(1).collect(),
        };
        let place = nat.private_ip.as_ref().map_or(span, |ip| ip.span);
        let id = self.call(scope, place, "CreateNatGateway", |ec2| ec2.create_nat_gateway(request))?;
        if let (Some(eni), Some(pinned)) =
            (self.built.model.nat_gateways[&id].eni(), self.pinned::<EniId>(nat.eni_id.as_ref()))
        {
            self.call(scope, span, "CreateNatGateway", |ec2| ec2.pin_interface(eni, pinned, None));
        }
        if let NatGatewayState::Failed { code, message } = self.built.model.nat_gateways[&id].state.clone() {
            let problem = Problem::at(span, format!("this NAT gateway fails: {message}"));
            self.problems.push(problem.note(format!("its FailureCode is {code}")));
        }
        Some(())
    }

    pub(super) fn endpoints(&mut self, vpc: &draft::Vpc, vpc_id: VpcId) {
        for endpoint in &vpc.endpoints {
            self.endpoint(vpc.scope, vpc_id, endpoint);
        }
    }

    fn endpoint(&mut self, scope: Scope, vpc_id: VpcId, endpoint: &draft::Endpoint) -> Option<()> {
        let service_name = self.service(&endpoint.service, scope)?;
        let private_dns = self.private_dns(vpc_id, &service_name, endpoint);
        let kind = if endpoint.subnets.is_empty() {
            let route_table_ids = self.find_all::<RouteTableId>(&endpoint.route_tables, Some(vpc_id))?;
            NewEndpointKind::Gateway { route_table_ids }
        } else {
            NewEndpointKind::Interface {
                subnet_ids: self.find_all(&endpoint.subnets, Some(vpc_id))?,
                security_group_ids: self
                    .find_all::<SecurityGroupId>(&endpoint.security_groups, Some(vpc_id))?,
                private_dns_enabled: private_dns != draft::PrivateDns::Off,
                private_dns_only_for_inbound_resolver_endpoint: (service_name.service() == "s3")
                    .then_some(private_dns == draft::PrivateDns::InboundOnly),
            }
        };
        let request = CreateVpcEndpoint {
            new: self.naming(&endpoint.named),
            vpc_id,
            service_name,
            kind,
            policy_document: endpoint.policy.as_ref().map(|policy| policy.value.clone()),
        };
        let made = self.attempt(scope, |ec2| ec2.create_vpc_endpoint(request));
        if let Ok(id) = made {
            for interface in &endpoint.interfaces {
                self.endpoint_interface(scope, vpc_id, id, interface);
            }
        } else if let Err(error) = made {
            let of_policy = endpoint.policy.as_ref().filter(|_| error.code == "InvalidPolicyDocument");
            let span = of_policy.map_or(endpoint.service.span, |policy| policy.span);
            let problem = self.refused(span, "CreateVpcEndpoint", &error);
            self.problems.push(match of_policy {
                Some(_) => problem.hint(
                    "every statement needs a `Resource` and a `Principal`, which is `*` at a gateway endpoint",
                ),
                None => problem,
            });
        }
        Some(())
    }

    fn endpoint_interface(
        &mut self,
        scope: Scope,
        vpc_id: VpcId,
        id: VpcEndpointId,
        interface: &draft::GatewayInterface,
    ) -> Option<()> {
        let subnet = self.find::<SubnetId>(&interface.subnet, Some(vpc_id))?;
        let found = match &self.built.model.endpoints[&id].kind {
            EndpointKind::Interface { interfaces, .. } => interfaces.iter().find(|(of, _)| *of == subnet),
            EndpointKind::Gateway { .. } => None,
        };
        self.pin_interface(scope, "CreateVpcEndpoint", interface, found.map(|(_, eni)| *eni))
    }

    /// Pins what EC2 would choose for the interface of a gateway in a subnet.
    fn pin_interface(
        &mut self,
        scope: Scope,
        operation: &str,
        written: &draft::GatewayInterface,
        made: Option<EniId>,
    ) -> Option<()> {
        let Some(eni) = made else {
            let problem = Problem::at(written.subnet.span, "there is no interface in this subnet");
            self.problems.push(problem.hint("add it to `subnets`"));
            return None;
        };
        let span = written.private_ip.as_ref().map_or(written.subnet.span, |ip| ip.span);
        let pinned = self.pinned::<EniId>(written.eni_id.as_ref()).unwrap_or(eni);
        let private = written.private_ip.as_ref().map(|ip| ip.value);
        self.call(scope, span, operation, |ec2| ec2.pin_interface(eni, pinned, private))
    }

    /// On, as with the command (aws: endpoint-private-dns-default), unless the file says otherwise or the
    /// VPC has no use for it.
    fn private_dns(
        &self,
        vpc_id: VpcId,
        service: &ServiceName,
        endpoint: &draft::Endpoint,
    ) -> draft::PrivateDns {
        let model = &self.built.model;
        let is_taken = || {
            model
                .endpoints
                .values()
                .any(|other| other.vpc == vpc_id && other.service == *service && other.has_private_dns())
        };
        match &endpoint.private_dns {
            Some(said) => said.value,
            None if service.service() != "s3" && model.vpc(vpc_id).has_names() && !is_taken() => {
                draft::PrivateDns::On
            }
            None => draft::PrivateDns::Off,
        }
    }

    /// A service by its whole name, or by what stands behind the region: `s3`.
    pub(super) fn service(&mut self, name: &Spanned<String>, scope: Scope) -> Option<ServiceName> {
        let whole = if name.value.contains('.') {
            name.value.clone()
        } else {
            format!("com.amazonaws.{}.{}", scope.region, name.value)
        };
        let service = whole.parse().ok();
        if service.is_none() {
            let problem = Problem::at(name.span, format!("`{}` is no name of a service", name.value));
            self.problems.push(problem.hint("write `s3`, or all of it: `com.amazonaws.eu-west-1.s3`"));
        }
        service
    }

    /// Transit gateways, so far without what names VPCs.
    pub(super) fn transit_gateway(&mut self, gateway: &draft::TransitGateway) {
        let default_table = gateway.route_tables.iter().find(|table| table.is_default);
        let request = CreateTransitGateway {
            new: self.naming(&gateway.named),
            default_route_table_id: default_table.and_then(|table| self.naming(&table.named).id),
            default_route_table_association: gateway.has_default_table,
            default_route_table_propagation: gateway.has_default_table,
            security_group_referencing: gateway.security_group_referencing,
            auto_accept_shared_attachments: true,
        };
        let span = gateway.named.name.span;
        let id =
            self.call(gateway.scope, span, "CreateTransitGateway", |ec2| ec2.create_transit_gateway(request));
        let Some(id) = id else { return };
        for table in &gateway.route_tables {
            let default = self.built.model.transit_gateways[&id].association_default;
            let name = &table.named.name;
            if let Some(default) = default.filter(|_| table.is_default) {
                self.call_it(gateway.scope, name, Taggable::TransitGatewayRouteTable(default), default);
                continue;
            }
            let new = self.naming(&table.named);
            self.call(gateway.scope, name.span, "CreateTransitGatewayRouteTable", |ec2| {
                ec2.create_transit_gateway_route_table(new, id)
            });
        }
    }

    pub(super) fn attachments(&mut self, gateway: &draft::TransitGateway) -> Option<()> {
        let id = self.find::<TransitGatewayId>(&gateway.named.name, None)?;
        for attachment in &gateway.attachments {
            self.attachment(id, attachment);
        }
        for (named, peer) in &gateway.peerings {
            let (name, Some(peer)) = (&named.name, self.find::<TransitGatewayId>(peer, None)) else {
                continue;
            };
            let new = self.naming(named);
            let made = self.call(gateway.scope, name.span, "CreateTransitGatewayPeeringAttachment", |ec2| {
                ec2.create_transit_gateway_peering_attachment(new, id, peer)
            });
            let Some(made) = made else { continue };
            let there = self.built.model.transit_gateways[&peer].scope;
            self.call(there, name.span, "AcceptTransitGatewayPeeringAttachment", |ec2| {
                ec2.accept_transit_gateway_attachment(made)
            });
        }
        Some(())
    }

    fn attachment(&mut self, gateway: TransitGatewayId, attachment: &draft::Attachment) -> Option<()> {
        let vpc_id = self.find::<VpcId>(&attachment.vpc, None)?;
        let subnet_ids = self.find_all(&attachment.subnets, Some(vpc_id))?;
        let scope = self.built.model.vpc(vpc_id).scope;
        let request = CreateTransitGatewayVpcAttachment {
            new: self.naming(&attachment.named),
            transit_gateway_id: gateway,
            vpc_id,
            subnet_ids,
            appliance_mode: attachment.appliance_mode,
            security_group_referencing: attachment.security_group_referencing,
        };
        let span = attachment.named.name.span;
        let id = self.call(scope, span, "CreateTransitGatewayVpcAttachment", |ec2| {
            ec2.create_transit_gateway_vpc_attachment(request)
        })?;
        for interface in &attachment.interfaces {
            self.attachment_interface(scope, vpc_id, id, interface);
        }
        Some(())
    }

    fn attachment_interface(
        &mut self,
        scope: Scope,
        vpc_id: VpcId,
        id: TransitGatewayAttachmentId,
        interface: &draft::GatewayInterface,
    ) -> Option<()> {
        let subnet = self.find::<SubnetId>(&interface.subnet, Some(vpc_id))?;
        let AttachmentResource::Vpc { interfaces, .. } =
            &self.built.model.transit_gateway_attachments[&id].resource
        else {
            return None;
        };
        let found = interfaces.iter().find(|(of, _)| *of == subnet).map(|(_, eni)| *eni);
        self.pin_interface(scope, "CreateTransitGatewayVpcAttachment", interface, found)
    }

    /// What the tables of a transit gateway hold.
    pub(super) fn transit_tables(&mut self, gateway: &draft::TransitGateway) {
        for table in &gateway.route_tables {
            self.transit_table(gateway.scope, table);
        }
    }

    fn transit_table(&mut self, scope: Scope, table: &draft::TransitTable) -> Option<()> {
        let id = self.find::<TransitGatewayRouteTableId>(&table.named.name, None)?;
        self.associations(scope, id, table);
        self.propagations(scope, id, table);
        for (destination, target) in &table.routes {
            let attachment = match target.value.as_str() {
                "blackhole" => None,
                _ => match self.find::<TransitGatewayAttachmentId>(target, None) {
                    Some(attachment) => Some(attachment),
                    None => continue,
                },
            };
            let request = CreateTransitGatewayRoute {
                transit_gateway_route_table_id: id,
                destination_cidr_block: destination.value,
                attachment,
            };
            self.call(scope, destination.span, "CreateTransitGatewayRoute", |ec2| {
                ec2.create_transit_gateway_route(request)
            });
        }
        Some(())
    }

    /// What is written takes attachments away from the default table.
    fn associations(&mut self, scope: Scope, id: TransitGatewayRouteTableId, table: &draft::TransitTable) {
        let mut wanted = Vec::new();
        for name in &table.associations {
            let Some(attachment) = self.find::<TransitGatewayAttachmentId>(name, None) else { continue };
            wanted.push(attachment);
            let gateway = self.built.model.transit_gateway_route_tables[&id].transit_gateway;
            let before = self.built.model.transit_gateway_table_of(gateway, attachment).map(|table| table.id);
            self.call(scope, name.span, "AssociateTransitGatewayRouteTable", |ec2| {
                match before {
                    Some(before) if before == id => return Ok(()),
                    Some(before) => ec2.disassociate_transit_gateway_route_table(before, attachment)?,
                    None => {}
                }
                ec2.associate_transit_gateway_route_table(id, attachment)
            });
        }
        let there = self.built.model.transit_gateway_route_tables[&id].associations.clone();
        for other in there.into_iter().filter(|other| table.is_exact && !wanted.contains(other)) {
            let _ = self.attempt(scope, |ec2| ec2.disassociate_transit_gateway_route_table(id, other));
        }
    }

    fn propagations(&mut self, scope: Scope, id: TransitGatewayRouteTableId, table: &draft::TransitTable) {
        let there = self.built.model.transit_gateway_route_tables[&id].propagations.clone();
        let mut wanted = Vec::new();
        for name in &table.propagations {
            let Some(attachment) = self.find::<TransitGatewayAttachmentId>(name, None) else { continue };
            wanted.push(attachment);
            if !(table.is_exact && there.contains(&attachment)) {
                self.call(scope, name.span, "EnableTransitGatewayRouteTablePropagation", |ec2| {
                    ec2.enable_transit_gateway_route_table_propagation(id, attachment)
                });
            }
        }
        for other in there.into_iter().filter(|other| table.is_exact && !wanted.contains(other)) {
            let _ = self.attempt(scope, |ec2| ec2.disable_transit_gateway_route_table_propagation(id, other));
        }
    }

    /// A network on premises, its hosts, and the VPN connections it has.
    pub(super) fn on_prem(&mut self, network: &draft::OnPrem) -> Option<()> {
        let span = network.named.name.span;
        // Where the tunnels end; nobody talks to it.
        let address = network.address.as_ref().map_or(Ipv4Addr::new(203, 0, 113, 1), |address| address.value);
        let cidrs: Vec<_> = network.cidrs.iter().map(|cidr| cidr.value).collect();
        let new = self.naming(&network.named);
        let id = self.call(network.scope, span, "CreateCustomerGateway", |ec2| {
            ec2.create_customer_gateway(new, address, cidrs.clone())
        })?;
        for host in &network.hosts {
            self.on_prem_host(network, id, host);
        }
        self.built.model.connect_provided_resolver(id);
        for connection in &network.connections {
            self.vpn_connection(network, id, connection);
        }
        Some(())
    }

    fn on_prem_host(&mut self, network: &draft::OnPrem, id: CustomerGatewayId, host: &draft::OnPremHost) {
        let (name, address) = (&host.name, host.address.value);
        if !self.take_name(name) {
            return;
        }
        if !self.built.model.customer_gateways[&id].contains(address) {
            let problem = Problem::at(host.address.span, format!("`{address}` is not in the network"));
            self.problems.push(problem.hint("its blocks are given by `cidr`"));
            return;
        }
        if let Some(other) = self.built.model.on_prem.get(&(id, address)) {
            let problem = format!("`{}` has the address {address} already", other.name);
            self.problems.push(Problem::at(host.address.span, problem));
            return;
        }
        self.set_up(Station::OnPrem(id, address), &host.setup);
        self.built.model.connect_on_prem_host(OnPremHost {
            name: name.value.clone(),
            network: id,
            address,
            latency: network.latency,
            is_provided: false,
        });
    }

    fn vpn_connection(
        &mut self,
        network: &draft::OnPrem,
        customer_gateway_id: CustomerGatewayId,
        connection: &draft::Connection,
    ) -> Option<()> {
        let model = &self.built.model;
        let gateway = resolve::resolve::<VpnGatewayId>(model, &connection.to.value, None);
        let transit = resolve::resolve::<TransitGatewayId>(model, &connection.to.value, None);
        let (end, scope) = match (gateway, transit) {
            (Ok(id), _) if id.exists(model) => (VpnEnd::VpnGateway(id), model.vpn_gateways[&id].scope),
            (_, Ok(id)) if id.exists(model) => {
                (VpnEnd::TransitGateway(id), model.transit_gateways[&id].scope)
            }
            (_, _) if self.is_declared(&connection.to) => return None,
            (a, b) => {
                let known = [a.err(), b.err()].into_iter().flatten().flat_map(super::names_of);
                let known: Vec<String> = known.collect();
                let known = known.iter().map(String::as_str);
                let what = "virtual private gateway or transit gateway";
                self.problems.push(Problem::unknown(connection.to.span, what, &connection.to.value, known));
                return None;
            }
        };
        // A customer gateway belongs to the account and region of its connections.
        let scope_of_network = self.built.model.customer_gateways[&customer_gateway_id].scope;
        if scope != scope_of_network {
            let problem = Problem::at(connection.to.span, "the gateway is of another account or region");
            let problem = problem.hint(format!(
                "give the network `account: \"{}\"` and `region: {}`",
                scope.account, scope.region
            ));
            self.problems.push(problem);
            return None;
        }
        let span = connection.named.name.span;
        let new = self.naming_always(&connection.named);
        let attachment_id = self.pinned(connection.attachment_id.as_ref());
        let request = CreateVpnConnection { new, customer_gateway_id, end, attachment_id };
        let id = self.call(scope, span, "CreateVpnConnection", |ec2| ec2.create_vpn_connection(request))?;
        let routes = connection.routes.as_ref().unwrap_or(&network.cidrs);
        for route in routes {
            self.call(scope, route.span, "CreateVpnConnectionRoute", |ec2| {
                ec2.create_vpn_connection_route(id, route.value)
            });
        }
        Some(())
    }

    /// The ids that names stand for; `None` if one of them stands for nothing.
    pub(super) fn find_all<K: Kind>(
        &mut self,
        names: &[Spanned<String>],
        near: Option<VpcId>,
    ) -> Option<Vec<K>> {
        let found: Vec<Option<K>> = names.iter().map(|name| self.find(name, near)).collect();
        found.into_iter().collect()
    }

    /// A virtual private gateway, attached to its VPC.
    pub(super) fn vpn_gateway(&mut self, vpc: &draft::Vpc, id: VpcId, named: &draft::Named) {
        let new = self.naming(named);
        self.call(vpc.scope, named.name.span, "AttachVpnGateway", |ec2| {
            let gateway = ec2.create_vpn_gateway(new)?;
            ec2.attach_vpn_gateway(gateway, id)
        });
    }
}
