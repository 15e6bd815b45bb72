//! Random worlds: VPCs and all that can connect them, made with EC2's own operations. What EC2 refuses is
//! not there.

use std::net::Ipv4Addr;
use std::time::Duration;

use ipnet::Ipv4Net;
use vpclab::api::{
    AclEntryRequest, AssociateAddress, CreateNatGateway, CreateNetworkAcl, CreateNetworkInterface,
    CreateRoute, CreateSecurityGroup, CreateSubnet, CreateTransitGateway, CreateTransitGatewayRoute,
    CreateTransitGatewayVpcAttachment, CreateVpc, CreateVpcEndpoint, CreateVpcPeeringConnection,
    CreateVpnConnection, Ec2, ModifyNetworkInterfaceAttribute, New, NewDefaults, NewEndpointKind,
    RuleRequest, RunInstances, VpcAttribute,
};
use vpclab::ids::{EniId, InstanceId, RouteTableId, SecurityGroupId, SubnetId, VpcId};
use vpclab::model::{
    AclAction, AclEntry, BlockMode, Connectivity, Direction, ExcludedResource, ExclusionMode, Gateway,
    MetadataOptions, Model, NatGateway, NatPlace, OnPremHost, OutsideHost, Owner, Peer, PortRange, Quotas,
    Scope, Target, Traffic, VpnEnd,
};
use vpclab::seed::Stream;
use vpclab::time::Instant;
use vpclab::wire::Protocol;

pub struct Draw(pub Stream);

impl Draw {
    pub fn number(&mut self, below: usize) -> usize {
        self.0.below(below as u64) as usize
    }

    pub fn percent(&mut self, chance: usize) -> bool {
        self.number(100) < chance
    }

    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.number(of.len())]
    }

    pub fn maybe<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        if of.is_empty() { None } else { Some(self.one(of)) }
    }
}

pub const LAPTOP: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
const SITE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 5);
const PREMISES: [&str; 2] = ["192.168.0.0/16", "192.168.1.0/24"];
const BLOCKS: [&str; 6] =
    ["10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "172.16.0.0/16", "100.64.0.0/16", "10.0.0.0/16"];
const SERVICES: [(&str, &str); 6] = [
    ("com.amazonaws.us-east-1.s3", "52.216.0.10"),
    ("com.amazonaws.us-east-1.dynamodb", "52.94.0.10"),
    ("com.amazonaws.us-east-1.ec2", "54.239.0.10"),
    ("com.amazonaws.eu-west-1.s3", "52.218.0.10"),
    ("com.amazonaws.eu-west-1.dynamodb", "52.94.24.10"),
    ("com.amazonaws.eu-west-1.ec2", "54.239.1.10"),
];

pub fn block(text: &str) -> Ipv4Net {
    text.parse().expect("a block")
}

fn scope(account: &str, region: &str) -> Scope {
    Scope { account: account.parse().expect("an account"), region: region.parse().expect("a region") }
}

struct Builder<'a> {
    model: Model,
    draw: &'a mut Draw,
    now: Instant,
}

pub fn build(draw: &mut Draw, now: Instant) -> Model {
    let mut builder = Builder { model: Model::default(), draw, now };
    builder.model.quotas = Quotas::unlimited();
    builder.hosts();
    for n in 0..2 + builder.draw.number(3) {
        builder.vpc(n);
    }
    builder.connect_vpcs();
    builder.transit_gateways();
    builder.premises();
    builder.endpoints();
    builder.prefix_lists();
    let groups: Vec<SecurityGroupId> = builder.model.security_groups.keys().copied().collect();
    for group in groups {
        for _ in 0..builder.draw.number(3) {
            add_rule(&mut builder.model, builder.draw, group, now);
        }
    }
    let tables: Vec<RouteTableId> = builder.model.route_tables.keys().copied().collect();
    for table in tables {
        for _ in 0..3 + builder.draw.number(5) {
            add_route(&mut builder.model, builder.draw, table, now);
        }
    }
    builder.gateway_tables();
    builder.exceptions();
    builder.model
}

/// The caller who owns a VPC.
pub fn owner(model: &Model, vpc: VpcId) -> Scope {
    model.vpcs[&vpc].scope
}

impl Builder<'_> {
    fn ec2(&mut self, scope: Scope) -> Ec2<'_> {
        Ec2::new(&mut self.model, scope, self.now)
    }

    fn hosts(&mut self) {
        let host = |name: &str, address, service| OutsideHost {
            name: name.to_owned(),
            address,
            latency: Duration::from_millis(10),
            service,
            aws_service: None,
            is_provided: false,
        };
        for (name, address) in [("Laptop", LAPTOP), ("Site", SITE)] {
            self.model.connect_outside_host(host(name, address, None));
        }
        for (name, address) in SERVICES {
            if self.draw.percent(90) {
                let address = address.parse().expect("an address");
                self.model.connect_outside_host(host(name, address, Some(name.parse().expect("a name"))));
            }
        }
    }

    fn vpc(&mut self, n: usize) {
        let account = if self.draw.percent(80) { "111111111111" } else { "222222222222" };
        let region = if self.draw.percent(80) { "us-east-1" } else { "eu-west-1" };
        let scope = scope(account, region);
        let cidr_block =
            block(BLOCKS[if self.draw.percent(75) { n } else { self.draw.number(BLOCKS.len()) }]);
        let request =
            CreateVpc { new: New::named(&format!("V{n}")), cidr_block, defaults: NewDefaults::default() };
        let vpc = self.ec2(scope).create_vpc(request).expect("a VPC");
        if self.draw.percent(20) {
            let off = VpcAttribute::EnableDnsSupport(false);
            self.ec2(scope).modify_vpc_attribute(vpc, off).expect("it can be off");
        }
        if self.draw.percent(80) {
            let gateway =
                self.ec2(scope).create_internet_gateway(New::named(&format!("G{n}"))).expect("a gateway");
            if self.draw.percent(93) {
                let _ = self.ec2(scope).attach_internet_gateway(gateway, vpc);
            }
        }
        if self.draw.percent(40) {
            let gateway =
                self.ec2(scope).create_vpn_gateway(New::named(&format!("W{n}"))).expect("a gateway");
            let _ = self.ec2(scope).attach_vpn_gateway(gateway, vpc);
        }
        let groups: Vec<SecurityGroupId> =
            (0..2 + self.draw.number(2)).map(|g| self.group(scope, vpc, g)).collect();
        for s in 0..1 + self.draw.number(3) {
            let third = (s + 1) as u8;
            let [a, b, ..] = cidr_block.network().octets();
            let letter = if self.draw.percent(65) { 'a' } else { 'b' };
            let zone = scope.region.zones().find(|zone| zone.letter == letter);
            let request = CreateSubnet {
                new: New::named(&format!("S{n}{s}")),
                vpc_id: vpc,
                cidr_block: Ipv4Net::new([a, b, third, 0].into(), 24).expect("a block"),
                availability_zone: zone,
            };
            let subnet = self.ec2(scope).create_subnet(request).expect("a subnet");
            self.subnet(scope, vpc, subnet, &groups);
        }
        if self.draw.percent(25) {
            let request = CreateNatGateway {
                new: New::named(&format!("R{n}")),
                subnet_id: None,
                vpc_id: Some(vpc),
                connectivity: Connectivity::Public,
                allocation_id: None,
                private_ip_address: None,
                secondary_private_ip_address_count: 0,
                secondary_allocation_ids: Vec::new(),
            };
            let _ = self.ec2(scope).create_nat_gateway(request);
        }
    }

    fn group(&mut self, scope: Scope, vpc: VpcId, n: usize) -> SecurityGroupId {
        let request = CreateSecurityGroup { group_name: format!("g{n}"), id: None, vpc_id: vpc };
        let group = self.ec2(scope).create_security_group(request).expect("a group");
        let all = RuleRequest { traffic: Traffic::All, peer: Peer::Cidr(Ipv4Net::default()) };
        if self.draw.percent(65) {
            let _ = self.ec2(scope).authorize_security_group(group, Direction::Ingress, &[all]);
        }
        if self.draw.percent(25) {
            let _ = self.ec2(scope).revoke_security_group(group, Direction::Egress, &[all]);
        }
        group
    }

    fn subnet(&mut self, scope: Scope, vpc: VpcId, subnet: SubnetId, groups: &[SecurityGroupId]) {
        if self.draw.percent(75) {
            let table = self.ec2(scope).create_route_table(New::unnamed(), vpc).expect("a table");
            self.ec2(scope).associate_route_table(table, subnet).expect("an association");
        }
        if self.draw.percent(30) {
            let request = CreateNetworkAcl { new: New::unnamed(), vpc_id: vpc };
            let acl = self.ec2(scope).create_network_acl(request).expect("a list");
            for direction in [Direction::Egress, Direction::Ingress] {
                for _ in 0..self.draw.number(3) {
                    let entry = acl_entry(self.draw);
                    let request = AclEntryRequest { network_acl_id: acl, direction, entry };
                    let _ = self.ec2(scope).create_network_acl_entry(request);
                }
                if self.draw.percent(85) {
                    let (traffic, cidr) = (Traffic::All, Ipv4Net::default());
                    let entry = AclEntry { number: 200, traffic, cidr, action: AclAction::Allow };
                    let request = AclEntryRequest { network_acl_id: acl, direction, entry };
                    let _ = self.ec2(scope).create_network_acl_entry(request);
                }
            }
            let _ = self.ec2(scope).put_network_acl_before(subnet, acl);
        }
        for _ in 0..1 + self.draw.number(2) {
            let mut own = vec![self.draw.one(groups)];
            if self.draw.percent(25) {
                own.push(self.draw.one(groups));
                own.dedup();
            }
            let request = RunInstances {
                new: New::unnamed(),
                network_interface_id: None,
                subnet_id: subnet,
                private_ip_address: None,
                associate_public_ip_address: Some(self.draw.percent(40)),
                security_group_ids: own,
                iam_instance_profile: None,
                metadata_options: MetadataOptions::default(),
                instance_type: None,
            };
            let Ok(instance) = self.ec2(scope).run_instances(request) else { continue };
            let eni = self.model.instances[&instance].eni;
            if self.draw.percent(30) {
                let change = ModifyNetworkInterfaceAttribute::SourceDestCheck(false);
                let _ = self.ec2(scope).modify_network_interface_attribute(eni, change);
            }
            if self.draw.percent(15) {
                self.elastic_ip(scope, eni);
            }
            if self.draw.percent(20) {
                let change = ModifyNetworkInterfaceAttribute::ConnectionTracking {
                    tcp_established: Some(60),
                    udp: Some(60),
                    udp_stream: Some(60 + 30 * self.draw.number(5) as u64),
                };
                let _ = self.ec2(scope).modify_network_interface_attribute(eni, change);
            }
            if self.draw.percent(8) {
                self.model.enis[&eni].tracking.flows_max = Some(1 + self.draw.number(3));
            }
            if self.draw.percent(15) {
                let groups = vec![self.draw.one(groups)];
                self.further_interface(scope, instance, subnet, groups);
            }
        }
        if self.draw.percent(40) {
            self.nat(scope, subnet);
        }
    }

    /// One more of an instance, or one of a service.
    fn further_interface(
        &mut self,
        scope: Scope,
        instance: InstanceId,
        subnet_id: SubnetId,
        groups: Vec<SecurityGroupId>,
    ) {
        let request =
            CreateNetworkInterface { new: New::unnamed(), subnet_id, private_ip_address: None, groups };
        let Ok(eni) = self.ec2(scope).create_network_interface(request) else { return };
        if self.draw.percent(50) {
            let _ = self.ec2(scope).attach_network_interface(eni, instance);
        } else {
            let kind = "lambda".parse().expect("a type");
            let _ = self.ec2(scope).hand_to_requester(eni, kind, "", true);
        }
        if self.draw.percent(30) {
            let change = ModifyNetworkInterfaceAttribute::SourceDestCheck(false);
            let _ = self.ec2(scope).modify_network_interface_attribute(eni, change);
        }
    }

    fn elastic_ip(&mut self, scope: Scope, eni: EniId) {
        let allocation_id = self.ec2(scope).allocate_address(New::unnamed(), None).expect("an address");
        let request = AssociateAddress {
            allocation_id,
            network_interface_id: eni,
            private_ip_address: None,
            allow_reassociation: true,
        };
        let _ = self.ec2(scope).associate_address(request);
    }

    fn nat(&mut self, scope: Scope, subnet: SubnetId) {
        let is_public = self.draw.percent(65);
        let more = usize::from(self.draw.percent(20));
        let mut allocations = Vec::new();
        if is_public {
            for _ in 0..=more {
                allocations.push(self.ec2(scope).allocate_address(New::unnamed(), None).expect("an address"));
            }
        }
        let mut allocations = allocations.into_iter();
        let request = CreateNatGateway {
            new: New::unnamed(),
            subnet_id: Some(subnet),
            vpc_id: None,
            connectivity: if is_public { Connectivity::Public } else { Connectivity::Private },
            allocation_id: allocations.next(),
            private_ip_address: None,
            secondary_private_ip_address_count: more,
            secondary_allocation_ids: allocations.collect(),
        };
        let _ = self.ec2(scope).create_nat_gateway(request);
    }

    fn connect_vpcs(&mut self) {
        let vpcs: Vec<VpcId> = self.model.vpcs.keys().copied().collect();
        for (at, &a) in vpcs.iter().enumerate() {
            for &b in &vpcs[at + 1..] {
                if !self.draw.percent(55) {
                    continue;
                }
                let (here, there) = (owner(&self.model, a), owner(&self.model, b));
                let request = CreateVpcPeeringConnection {
                    new: New::unnamed(),
                    vpc_id: a,
                    peer_vpc_id: b,
                    peer_owner_id: Some(there.account),
                    peer_region: Some(there.region),
                };
                let pcx = self.ec2(here).create_vpc_peering_connection(request).expect("a connection");
                if self.draw.percent(80) {
                    let _ = self.ec2(there).accept_vpc_peering_connection(pcx);
                }
            }
        }
    }

    fn transit_gateways(&mut self) {
        let mut gateways = Vec::new();
        for region in &["us-east-1", "us-east-1", "eu-west-1"][..1 + self.draw.number(3)] {
            let scope = scope("111111111111", region);
            let request = CreateTransitGateway {
                new: New::unnamed(),
                default_route_table_id: None,
                default_route_table_association: self.draw.percent(80),
                default_route_table_propagation: self.draw.percent(80),
                security_group_referencing: self.draw.percent(60),
                auto_accept_shared_attachments: self.draw.percent(70),
            };
            let gateway = self.ec2(scope).create_transit_gateway(request).expect("a transit gateway");
            gateways.push((gateway, scope));
            let more = self.draw.number(3);
            for _ in 0..more {
                let _ = self.ec2(scope).create_transit_gateway_route_table(New::unnamed(), gateway);
            }
        }
        let vpcs: Vec<VpcId> = self.model.vpcs.keys().copied().collect();
        for &(gateway, _) in &gateways {
            for &vpc in &vpcs {
                if !self.draw.percent(65) {
                    continue;
                }
                let mut subnets: Vec<SubnetId> =
                    self.model.subnets.values().filter(|s| s.vpc == vpc).map(|s| s.id).collect();
                let mut zones = Vec::new();
                let first = self.draw.number(subnets.len());
                subnets.rotate_left(first);
                subnets.retain(|id| {
                    let zone = self.model.subnets[id].zone;
                    let is_new = !zones.contains(&zone);
                    zones.push(zone);
                    is_new
                });
                if self.draw.percent(30) {
                    subnets.truncate(1);
                }
                let request = CreateTransitGatewayVpcAttachment {
                    new: New::unnamed(),
                    transit_gateway_id: gateway,
                    vpc_id: vpc,
                    subnet_ids: subnets,
                    appliance_mode: self.draw.percent(30),
                    security_group_referencing: self.draw.percent(80),
                };
                let scope = owner(&self.model, vpc);
                let _ = self.ec2(scope).create_transit_gateway_vpc_attachment(request);
            }
        }
        for pair in gateways.windows(2) {
            let ((here, scope), (there, accepter)) = (pair[0], pair[1]);
            let pcx = self.ec2(scope).create_transit_gateway_peering_attachment(New::unnamed(), here, there);
            let Ok(pcx) = pcx else { continue };
            if self.draw.percent(85) {
                let _ = self.ec2(accepter).accept_transit_gateway_attachment(pcx);
            }
            for (gateway, scope) in [(here, scope), (there, accepter)] {
                let tables = self.model.transit_gateway_route_tables.values();
                let table = tables.into_iter().find(|table| table.transit_gateway == gateway).map(|t| t.id);
                let (Some(table), true) = (table, self.draw.percent(80)) else { continue };
                let route = CreateTransitGatewayRoute {
                    transit_gateway_route_table_id: table,
                    destination_cidr_block: block(self.draw.one(&["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0"])),
                    attachment: Some(pcx),
                };
                let _ = self.ec2(scope).associate_transit_gateway_route_table(table, pcx);
                let _ = self.ec2(scope).create_transit_gateway_route(route);
            }
        }
    }

    fn premises(&mut self) {
        let scope = scope("111111111111", "us-east-1");
        let ip = Ipv4Addr::new(203, 0, 113, 77);
        let network = self
            .ec2(scope)
            .create_customer_gateway(New::named("Office"), ip, vec![block(PREMISES[0])])
            .expect("a customer gateway");
        for (name, last) in [("desk", 10), ("printer", 11)] {
            let address = Ipv4Addr::new(192, 168, 1, last);
            let latency = Duration::from_millis(5);
            self.model.on_prem.insert(
                (network, address),
                OnPremHost { name: name.to_owned(), network, address, latency, is_provided: false },
            );
        }
        let mut ends: Vec<VpnEnd> = Vec::new();
        for gateway in self.model.vpn_gateways.values().filter(|gateway| gateway.scope == scope) {
            ends.push(VpnEnd::VpnGateway(gateway.id));
        }
        for gateway in self.model.transit_gateways.values().filter(|gateway| gateway.scope == scope) {
            ends.push(VpnEnd::TransitGateway(gateway.id));
        }
        for end in ends {
            if !self.draw.percent(65) {
                continue;
            }
            let request = CreateVpnConnection {
                new: New::unnamed(),
                customer_gateway_id: network,
                end,
                attachment_id: None,
            };
            let Ok(vpn) = self.ec2(scope).create_vpn_connection(request) else { continue };
            for route in PREMISES.iter().chain(&["10.0.0.0/8", "10.1.1.0/24", "10.0.0.0/16"]) {
                if self.draw.percent(if route.starts_with("192") { 70 } else { 12 }) {
                    let _ = self.ec2(scope).create_vpn_connection_route(vpn, block(route));
                }
            }
            if let VpnEnd::VpnGateway(gateway) = end
                && let Some(vpc) = self.model.vpn_gateways[&gateway].vpc
            {
                let tables: Vec<RouteTableId> =
                    self.model.route_tables.values().filter(|t| t.vpc == vpc).map(|t| t.id).collect();
                for table in tables {
                    if self.draw.percent(50) && is_of_subnets(&self.model, table) {
                        let _ = self.ec2(scope).enable_vgw_route_propagation(table, gateway);
                    }
                }
            }
        }
        for _ in 0..6 {
            change_transit_gateway(&mut self.model, self.draw, self.now);
        }
    }

    fn endpoints(&mut self) {
        let vpcs: Vec<VpcId> = self.model.vpcs.keys().copied().collect();
        for vpc in vpcs {
            let scope = owner(&self.model, vpc);
            for service in ["s3", "dynamodb"] {
                if !self.draw.percent(35) {
                    continue;
                }
                let route_table_ids: Vec<RouteTableId> = self
                    .model
                    .route_tables
                    .values()
                    .filter(|table| table.vpc == vpc && is_of_subnets(&self.model, table.id))
                    .map(|table| table.id)
                    .filter(|_| self.draw.percent(70))
                    .collect();
                let kind = NewEndpointKind::Gateway { route_table_ids };
                self.endpoint(scope, vpc, service, kind);
            }
            if self.draw.percent(40) {
                let first = self.model.subnets.values().find(|s| s.vpc == vpc).map(|s| s.id);
                let own = self.model.security_groups.values().filter(|group| group.vpc == vpc);
                let own: Vec<SecurityGroupId> = own.map(|group| group.id).collect();
                let kind = NewEndpointKind::Interface {
                    subnet_ids: first.into_iter().collect(),
                    security_group_ids: vec![self.draw.one(&own)],
                    private_dns_enabled: false,
                    private_dns_only_for_inbound_resolver_endpoint: None,
                };
                let service = self.draw.one(&["ec2", "s3"]);
                self.endpoint(scope, vpc, service, kind);
            }
        }
    }

    fn endpoint(&mut self, scope: Scope, vpc_id: VpcId, service: &str, kind: NewEndpointKind) {
        let service_name = format!("com.amazonaws.{}.{service}", scope.region).parse().expect("a name");
        let new = New::unnamed();
        let request = CreateVpcEndpoint { new, vpc_id, service_name, kind, policy_document: None };
        let _ = self.ec2(scope).create_vpc_endpoint(request);
    }

    fn prefix_lists(&mut self) {
        for region in ["us-east-1", "eu-west-1"] {
            for n in 0..2 {
                let entries: Vec<Ipv4Net> =
                    (0..1 + self.draw.number(3)).map(|_| any_block(self.draw)).collect();
                let new = New::named(&format!("list-{region}-{n}"));
                let _ = self.ec2(scope("111111111111", region)).create_managed_prefix_list(new, &entries, 5);
            }
        }
    }

    fn gateway_tables(&mut self) {
        let vpcs: Vec<VpcId> = self.model.vpcs.keys().copied().collect();
        for vpc in vpcs {
            let (scope, model) = (owner(&self.model, vpc), &self.model);
            let internet = model.vpcs[&vpc].internet_gateway.map(Gateway::Internet);
            let vpn = model.vpcs[&vpc].vpn_gateway.map(Gateway::Vpn);
            for gateway in [internet, vpn].into_iter().flatten() {
                if !self.draw.percent(25) {
                    continue;
                }
                let table = self.ec2(scope).create_route_table(New::unnamed(), vpc).expect("a table");
                let subnets: Vec<Ipv4Net> =
                    self.model.subnets.values().filter(|s| s.vpc == vpc).map(|s| s.cidr).collect();
                let enis = instance_enis(&self.model, vpc);
                let route = CreateRoute {
                    route_table_id: table,
                    destination: self.draw.one(&subnets).into(),
                    target: Target::NetworkInterface(self.draw.one(&enis)),
                };
                let _ = self.ec2(scope).create_route(route);
                let _ = self.ec2(scope).associate_gateway_route_table(table, gateway);
            }
        }
    }

    fn exceptions(&mut self) {
        if self.draw.percent(12) {
            let mode = self.draw.one(&[BlockMode::BlockBidirectional, BlockMode::BlockIngress]);
            self.ec2(scope("111111111111", "us-east-1")).modify_block_public_access(mode);
            for _ in 0..self.draw.number(3) {
                exclude(&mut self.model, self.draw, self.now);
            }
        }
    }
}

pub fn exclude(model: &mut Model, draw: &mut Draw, now: Instant) {
    let subnets: Vec<SubnetId> = model.subnets.keys().copied().collect();
    let subnet = draw.one(&subnets);
    let vpc = model.subnets[&subnet].vpc;
    let resource =
        if draw.percent(50) { ExcludedResource::Subnet(subnet) } else { ExcludedResource::Vpc(vpc) };
    let mode = draw.one(&[ExclusionMode::AllowBidirectional, ExclusionMode::AllowEgress]);
    let _ = Ec2::new(model, owner(model, vpc), now).create_public_access_exclusion(resource, mode);
}

/// Whether a table is not that of a regional NAT gateway, nor one for what comes in through a gateway.
pub fn is_of_subnets(model: &Model, table: RouteTableId) -> bool {
    let is_of_nat = |nat: &NatGateway| nat.place == (NatPlace::Regional { route_table: table });
    let is_of_gateway = model.route_tables.get(&table).is_some_and(|table| !table.gateways.is_empty());
    !model.nat_gateways.values().any(is_of_nat) && !is_of_gateway
}

pub fn instance_enis(model: &Model, vpc: VpcId) -> Vec<EniId> {
    let is_instance = |owner| matches!(owner, Some(Owner::Instance(_)));
    model.enis.values().filter(|eni| eni.vpc == vpc && is_instance(eni.owner)).map(|eni| eni.id).collect()
}

pub fn any_block(draw: &mut Draw) -> Ipv4Net {
    let blocks = [
        "0.0.0.0/0",
        "10.0.0.0/8",
        "10.0.0.0/16",
        "10.0.1.0/24",
        "10.1.0.0/16",
        "10.1.1.0/24",
        "10.2.0.0/16",
        "10.2.2.0/24",
        "172.16.0.0/16",
        "100.64.0.0/10",
        "192.168.0.0/16",
        "192.168.1.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "198.51.100.7/32",
        "52.216.0.0/15",
        "10.1.1.4/32",
    ];
    block(draw.one(&blocks))
}

pub fn any_traffic(draw: &mut Draw) -> Traffic {
    let ports = draw.one(&[
        PortRange::ALL,
        PortRange::one(80),
        PortRange::one(443),
        PortRange { from: 1024, to: 65_535 },
        PortRange { from: 22, to: 80 },
    ]);
    match draw.number(8) {
        0 | 1 => Traffic::All,
        2..=4 => Traffic::Tcp(ports),
        5 => Traffic::Udp(ports),
        6 => Traffic::Icmp {
            kind: draw.one(&[None, Some(8), Some(0), Some(3), Some(11)]),
            code: draw.one(&[None, None, Some(0), Some(4)]),
        },
        _ => Traffic::Other(Protocol(50)),
    }
}

pub fn acl_entry(draw: &mut Draw) -> AclEntry {
    let action = if draw.percent(55) { AclAction::Deny } else { AclAction::Allow };
    let number = 10 + 10 * draw.number(9) as u16;
    let traffic =
        if action == AclAction::Deny && draw.percent(60) { narrow(draw) } else { any_traffic(draw) };
    AclEntry { number, traffic, cidr: any_block(draw), action }
}

fn narrow(draw: &mut Draw) -> Traffic {
    draw.one(&[
        Traffic::Tcp(PortRange::one(8080)),
        Traffic::Udp(PortRange::one(53)),
        Traffic::Icmp { kind: Some(8), code: None },
        Traffic::Icmp { kind: Some(3), code: Some(4) },
    ])
}

pub fn any_rule(model: &Model, draw: &mut Draw, group: SecurityGroupId) -> RuleRequest {
    let groups: Vec<SecurityGroupId> = model.security_groups.keys().copied().collect();
    let lists: Vec<_> = model.prefix_lists.keys().copied().collect();
    let peer = match draw.number(10) {
        0 => Peer::Group(group),
        1 | 2 => Peer::Group(draw.one(&groups)),
        3 if !lists.is_empty() => Peer::PrefixList(draw.one(&lists)),
        4..=6 => Peer::Cidr(Ipv4Net::default()),
        _ => Peer::Cidr(any_block(draw)),
    };
    RuleRequest { traffic: any_traffic(draw), peer }
}

pub fn add_rule(model: &mut Model, draw: &mut Draw, group: SecurityGroupId, now: Instant) {
    let direction = if draw.percent(60) { Direction::Ingress } else { Direction::Egress };
    let rule = any_rule(model, draw, group);
    let scope = owner(model, model.security_groups[&group].vpc);
    let _ = Ec2::new(model, scope, now).authorize_security_group(group, direction, &[rule]);
}

/// A target that a table of a VPC may have, or may not.
pub fn any_target(model: &Model, draw: &mut Draw, vpc: VpcId) -> Option<Target> {
    let has_local_owner = |target: VpcId| target == vpc;
    Some(match draw.number(12) {
        0..=2 => Target::InternetGateway(model.vpcs[&vpc].internet_gateway?),
        3..=5 => {
            let nats: Vec<_> =
                model.nat_gateways.values().filter(|nat| nat.vpc == vpc).map(|nat| nat.id).collect();
            Target::NatGateway(draw.maybe(&nats)?)
        }
        6 | 7 => {
            let pcxs: Vec<_> = model
                .peerings
                .values()
                .filter(|pcx| has_local_owner(pcx.requester.vpc) || has_local_owner(pcx.accepter.vpc))
                .map(|pcx| pcx.id)
                .collect();
            Target::Peering(draw.maybe(&pcxs)?)
        }
        8 | 9 => {
            let gateways: Vec<_> = model.transit_gateways.keys().copied().collect();
            Target::TransitGateway(draw.maybe(&gateways)?)
        }
        10 => Target::VpnGateway(model.vpcs[&vpc].vpn_gateway?),
        _ => Target::NetworkInterface(draw.maybe(&instance_enis(model, vpc))?),
    })
}

pub fn add_route(model: &mut Model, draw: &mut Draw, table: RouteTableId, now: Instant) {
    let vpc = model.route_tables[&table].vpc;
    if !is_of_subnets(model, table) {
        return;
    }
    let Some(target) = any_target(model, draw, vpc) else { return };
    let lists: Vec<_> = model.prefix_lists.keys().copied().collect();
    let subnets: Vec<Ipv4Net> = model.subnets.values().filter(|s| s.vpc == vpc).map(|s| s.cidr).collect();
    let other = |vpc| model.vpcs.get(&vpc).map(|vpc| vpc.cidrs[0].block);
    let fitting = match target {
        Target::InternetGateway(_) => block("0.0.0.0/0"),
        Target::Peering(id) => {
            let pcx = &model.peerings[&id];
            let there = if pcx.requester.vpc == vpc { pcx.accepter.vpc } else { pcx.requester.vpc };
            other(there).unwrap_or(block("10.0.0.0/8"))
        }
        Target::TransitGateway(_) => {
            block(draw.one(&["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16", "0.0.0.0/0"]))
        }
        Target::VpnGateway(_) => block("192.168.0.0/16"),
        Target::NatGateway(_) if draw.percent(70) => block(draw.one(&["0.0.0.0/0", "10.0.0.0/8"])),
        Target::NatGateway(_) | Target::NetworkInterface(_) => draw.one(&subnets),
        Target::GatewayEndpoint(_) | Target::Local => return,
    };
    let destination = match draw.number(10) {
        0 if !lists.is_empty() => vpclab::model::Destination::PrefixList(draw.one(&lists)),
        1 | 2 => any_block(draw).into(),
        3 => draw.one(&subnets).into(),
        _ => fitting.into(),
    };
    let scope = owner(model, vpc);
    let request = CreateRoute { route_table_id: table, destination, target };
    if Ec2::new(model, scope, now).create_route(request).is_err() && draw.percent(30) {
        let _ = Ec2::new(model, scope, now).replace_route(request);
    }
}

/// Routes, associations and propagations of transit gateways.
pub fn change_transit_gateway(model: &mut Model, draw: &mut Draw, now: Instant) {
    let tables: Vec<_> = model.transit_gateway_route_tables.keys().copied().collect();
    let Some(table) = draw.maybe(&tables) else { return };
    let gateway = model.transit_gateway_route_tables[&table].transit_gateway;
    let attachments: Vec<_> =
        model.transit_gateway_attachments.values().filter(|a| a.is_of(gateway)).map(|a| a.id).collect();
    let Some(attachment) = draw.maybe(&attachments) else { return };
    let scope = model.transit_gateways[&gateway].scope;
    let route = CreateTransitGatewayRoute {
        transit_gateway_route_table_id: table,
        destination_cidr_block: any_block(draw),
        attachment: if draw.percent(85) { Some(attachment) } else { None },
    };
    let mut ec2 = Ec2::new(model, scope, now);
    let _ = match draw.number(10) {
        0..=5 => ec2.create_transit_gateway_route(route),
        6 => ec2.replace_transit_gateway_route(route),
        7 => ec2.associate_transit_gateway_route_table(table, attachment),
        _ => ec2.enable_transit_gateway_route_table_propagation(table, attachment),
    };
}
