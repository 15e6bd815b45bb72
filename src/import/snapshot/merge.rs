//! What several documents say of one thing comes together: facts find what they are about, and what is described
//! twice is taken once.

use std::collections::{BTreeMap, BTreeSet};

use super::Reader;
use crate::import::inventory::{
    About, Address, Block, EndpointKind, Interface, PrefixList, Route, RouteTable, RouteTarget,
    TransitAttachment, TransitResource, TransitRoute, TransitTable, each_list,
};

/// Facts about resources of other documents.
#[derive(Default)]
pub(super) struct Loose {
    /// VPC, `EnableDnsSupport`, `EnableDnsHostnames`.
    pub vpc_attributes: Vec<(String, Option<bool>, Option<bool>)>,
    /// As they stand within instances.
    pub interfaces: Vec<Interface>,
    /// As they stand within NAT gateways.
    pub addresses: Vec<Address>,
    /// Prefix list and block.
    pub list_entries: Vec<(String, String)>,
    /// Without the details of their kind.
    pub attachments: Vec<TransitAttachment>,
    /// Table and attachment.
    pub associations: Vec<(String, String)>,
    /// Table and attachment.
    pub propagations: Vec<(String, String)>,
    /// Table and route that was learned.
    pub propagated_routes: Vec<(String, TransitRoute)>,
    /// Table and route.
    pub transit_routes: Vec<(String, TransitRoute)>,
    /// Instances that are terminated, or about to be.
    pub gone: BTreeSet<String>,
    /// Route tables that come with something else.
    pub tables_of_gateways: BTreeSet<String>,
    /// Transit gateway and its default table.
    pub default_tables: Vec<(String, String)>,
}

impl Reader {
    /// Puts everything together once all documents are read.
    pub(super) fn finish(&mut self) {
        self.merge_lists();
        self.merge_details();
        self.unify();
        self.merge_transit();
        self.complete_tables();
        self.place_vpcs();
        self.say_missing();
        self.say_others();
    }

    /// A prefix list may be described without blocks in one document, and with them in another.
    fn merge_lists(&mut self) {
        let mut lists: BTreeMap<String, PrefixList> = BTreeMap::new();
        let mut order = Vec::new();
        for list in std::mem::take(&mut self.reading.inventory.prefix_lists) {
            match lists.get_mut(&list.about.id) {
                Some(known) => {
                    let new = list.entries.into_iter().filter(|block| !known.entries.contains(block));
                    let new: Vec<String> = new.collect();
                    known.entries.extend(new);
                    known.max_entries = known.max_entries.or(list.max_entries);
                }
                None => {
                    order.push(list.about.id.clone());
                    lists.insert(list.about.id.clone(), list);
                }
            }
        }
        for (id, block) in std::mem::take(&mut self.loose.list_entries) {
            if let Some(list) = lists.get_mut(&id)
                && !list.entries.contains(&block)
            {
                list.entries.push(block);
            }
        }
        // A list of AWS without blocks is the one that is known.
        let all = order.iter().filter_map(|id| lists.remove(id));
        let is_known = |list: &PrefixList| !list.entries.is_empty() || is_known_list(&list.list_name);
        let (with, without): (Vec<_>, Vec<_>) = all.partition(is_known);
        for list in without.into_iter().filter(|list| !list.list_name.starts_with("com.amazonaws.")) {
            self.lost(&list.about.place, "the blocks of the prefix list are not in the source".to_owned());
        }
        self.reading.inventory.prefix_lists = with;
    }

    fn merge_details(&mut self) {
        for (id, support, hostnames) in std::mem::take(&mut self.loose.vpc_attributes) {
            for vpc in self.reading.inventory.vpcs.iter_mut().filter(|vpc| vpc.about.id == id) {
                vpc.dns_support = vpc.dns_support.or(support);
                vpc.dns_hostnames = vpc.dns_hostnames.or(hostnames);
            }
        }
        // Private names need both attributes: they are on where an endpoint has them.
        let with_names: BTreeSet<&String> = self
            .reading
            .inventory
            .endpoints
            .iter()
            .filter(|it| matches!(it.kind, EndpointKind::Interface { private_dns: true, .. }))
            .map(|it| &it.vpc)
            .collect();
        for vpc in self.reading.inventory.vpcs.iter_mut().filter(|vpc| with_names.contains(&vpc.about.id)) {
            vpc.dns_support = vpc.dns_support.or(Some(true));
            vpc.dns_hostnames = vpc.dns_hostnames.or(Some(true));
        }
        let gone = std::mem::take(&mut self.loose.gone);
        let is_of_gone = |it: &Interface| it.instance.as_ref().is_some_and(|(id, _)| gone.contains(id));
        self.reading.inventory.interfaces.retain(|it| !is_of_gone(it));
        let gateways = std::mem::take(&mut self.loose.tables_of_gateways);
        self.reading.inventory.route_tables.retain(|table| !gateways.contains(&table.about.id));
        let known: BTreeMap<String, usize> = self
            .reading
            .inventory
            .interfaces
            .iter()
            .enumerate()
            .map(|(at, interface)| (interface.about.id.clone(), at))
            .collect();
        for interface in std::mem::take(&mut self.loose.interfaces) {
            match known.get(&interface.about.id) {
                Some(at) => {
                    let known = &mut self.reading.inventory.interfaces[*at];
                    known.instance = known.instance.take().or(interface.instance);
                }
                None => self.reading.inventory.interfaces.push(interface),
            }
        }
        let known: BTreeSet<String> =
            self.reading.inventory.addresses.iter().map(|address| address.about.id.clone()).collect();
        let more = std::mem::take(&mut self.loose.addresses);
        self.reading.inventory.addresses.extend(more.into_iter().filter(|it| !known.contains(&it.about.id)));
    }

    /// VPCs do not say in which region they are; the zones of their subnets do.
    fn place_vpcs(&mut self) {
        let inventory = &mut self.reading.inventory;
        let regions: BTreeMap<&String, &String> = inventory
            .subnets
            .iter()
            .filter_map(|subnet| Some((&subnet.vpc, subnet.about.region.as_ref()?)))
            .collect();
        for vpc in inventory.vpcs.iter_mut().filter(|vpc| vpc.about.region.is_none()) {
            vpc.about.region = regions.get(&vpc.about.id).map(|region| (*region).clone());
        }
        let mut known: Vec<&String> =
            inventory.vpcs.iter().filter_map(|vpc| vpc.about.region.as_ref()).collect();
        known.dedup();
        // What else there is in a source of one region is there too.
        let [only] = known.as_slice() else { return };
        let only = Some((*only).clone());
        for vpc in inventory.vpcs.iter_mut().filter(|vpc| vpc.about.region.is_none()) {
            vpc.about.region.clone_from(&only);
        }
    }

    fn merge_transit(&mut self) {
        let inventory = &mut self.reading.inventory;
        let known: BTreeSet<String> =
            inventory.transit_attachments.iter().map(|it| it.about.id.clone()).collect();
        for mut attachment in std::mem::take(&mut self.loose.attachments) {
            if known.contains(&attachment.about.id) {
                continue;
            }
            // Without its own document an attachment has no subnets; its interfaces have.
            if let TransitResource::Vpc { vpc, subnets, .. } = &mut attachment.resource {
                let own = inventory.interfaces.iter().filter(|eni| {
                    eni.kind == "transit_gateway" && eni.description.contains(&attachment.about.id)
                });
                subnets.extend(own.map(|eni| eni.subnet.clone()));
                if subnets.is_empty() {
                    let first = inventory.subnets.iter().find(|subnet| subnet.vpc == *vpc);
                    subnets.extend(first.map(|subnet| subnet.about.id.clone()));
                }
            }
            inventory.transit_attachments.push(attachment);
        }
        for (gateway, table) in std::mem::take(&mut self.loose.default_tables) {
            if inventory.transit_tables.iter().any(|it| it.about.id == table) {
                continue;
            }
            let Some(owner) = inventory.transit_gateways.iter().find(|it| it.about.id == gateway) else {
                continue;
            };
            inventory.transit_tables.push(TransitTable {
                about: About { id: table, name: None, tags: [].into(), ..owner.about.clone() },
                transit_gateway: gateway,
                is_default: true,
                is_complete: false,
                associations: Vec::new(),
                propagations: Vec::new(),
                routes: Vec::new(),
            });
        }
        // What VPCs propagate comes by itself, what VPN connections learned belongs to them; of everything else packets
        // must not take another route instead.
        for (table, route) in std::mem::take(&mut self.loose.propagated_routes) {
            let attachment = inventory
                .transit_attachments
                .iter()
                .find(|it| Some(&it.about.id) == route.attachment.as_ref());
            match attachment.map(|it| &it.resource) {
                Some(TransitResource::Vpc { .. }) => {}
                Some(TransitResource::Vpn { connection }) => {
                    let vpn = inventory.vpn_connections.iter_mut().find(|it| it.about.id == *connection);
                    if let Some(vpn) = vpn.filter(|vpn| !vpn.routes.contains(&route.cidr)) {
                        vpn.routes.push(route.cidr);
                    }
                }
                Some(TransitResource::Peering { .. } | TransitResource::Other(_)) | None => {
                    self.loose.transit_routes.push((table, route));
                }
            }
        }
        let mut tables: BTreeMap<String, &mut TransitTable> =
            inventory.transit_tables.iter_mut().map(|table| (table.about.id.clone(), table)).collect();
        for (table, attachment) in std::mem::take(&mut self.loose.associations) {
            if let Some(table) = tables.get_mut(&table)
                && !table.associations.contains(&attachment)
            {
                table.associations.push(attachment);
            }
        }
        for (table, attachment) in std::mem::take(&mut self.loose.propagations) {
            if let Some(table) = tables.get_mut(&table)
                && !table.propagations.contains(&attachment)
            {
                table.propagations.push(attachment);
            }
        }
        for (table, route) in std::mem::take(&mut self.loose.transit_routes) {
            if let Some(table) = tables.get_mut(&table)
                && table.routes.iter().all(|known| known.cidr != route.cidr)
            {
                table.routes.push(route);
            }
        }
    }

    /// What is described twice is taken once: shared things are in the documents of several accounts, and both
    /// sides describe a peering connection. If the two differ, that is said.
    fn unify(&mut self) {
        let mut clashes = Vec::new();
        macro_rules! unify {
            ($($kind:ident),*) => {$({
                let mut first: BTreeMap<String, usize> = BTreeMap::new();
                let mut kept = Vec::new();
                for mut it in std::mem::take(&mut self.reading.inventory.$kind) {
                    let Some(at) = first.get(&it.about.id) else {
                        first.insert(it.about.id.clone(), kept.len());
                        kept.push(it);
                        continue;
                    };
                    let known = &kept[*at];
                    let (own, place) = (it.about.account.clone(), it.about.place.clone());
                    it.about = known.about.clone();
                    it.settle(known);
                    let is_clash = it != *known
                        || own.is_some() && known.about.account.is_some() && own != known.about.account;
                    if is_clash {
                        clashes.push((known.about.clone(), place));
                    }
                }
                self.reading.inventory.$kind = kept;
            })*};
        }
        each_list!(unify);
        for (known, place) in clashes {
            let message =
                format!("{} is described otherwise in {}: this one is left out", known.id, known.place);
            self.lost(&place, message);
        }
    }

    /// What is associated with tables and propagates to them is known if it is known of any table of a transit gateway.
    fn complete_tables(&mut self) {
        let tables = &mut self.reading.inventory.transit_tables;
        let says = |it: &&TransitTable| !it.associations.is_empty() || !it.propagations.is_empty();
        let known: BTreeSet<String> =
            tables.iter().filter(says).map(|it| it.transit_gateway.clone()).collect();
        for table in tables {
            table.is_complete = known.contains(&table.transit_gateway);
        }
    }

    /// Kinds without which something has to be assumed.
    fn say_missing(&mut self) {
        let inventory = &self.reading.inventory;
        let Some(vpc) = inventory.vpcs.first() else { return };
        let file =
            crate::import::inventory::Place { file: vpc.about.place.file.clone(), path: String::new() };
        self.say_missing_tables();
        if !self.seen.contains_key("NetworkAcls") {
            let message = "there are no network ACLs in the source: every subnet has a default one, which lets all through";
            self.lost(&file, message.to_owned());
        }
        if !self.seen.contains_key("SecurityGroups") {
            let message = "there are no security groups in the source: every interface has the default group of its VPC";
            self.lost(&file, message.to_owned());
        }
        if !self.seen.contains_key("RouteTables") {
            self.assume_tables();
            let message = "there are no route tables in the source: every subnet is assumed to have a route to the internet \
                           gateway, if its VPC has one";
            self.lost(&file, message.to_owned());
        }
    }

    /// Without its tables everything attached to a transit gateway is taken to reach everything else.
    fn say_missing_tables(&mut self) {
        let inventory = &self.reading.inventory;
        let mut missing = Vec::new();
        for gateway in &inventory.transit_gateways {
            let tables: Vec<&TransitTable> =
                inventory.transit_tables.iter().filter(|it| it.transit_gateway == gateway.about.id).collect();
            let is_attached =
                inventory.transit_attachments.iter().any(|it| it.transit_gateway == gateway.about.id);
            // Without a default table nothing is associated by itself: then there is nothing to assume.
            let is_assumed = tables.is_empty() || tables.iter().any(|it| it.is_default);
            let is_silent = tables.iter().all(|it| it.associations.is_empty() && it.propagations.is_empty());
            if is_attached && is_assumed && is_silent {
                missing.push(gateway.about.place.clone());
            }
        }
        for place in missing {
            let message = "what is associated with its route tables and propagates to them is not in the source: taken to be \
                           what its options say of new attachments";
            self.lost(&place, message.to_owned());
        }
    }

    /// Collectors that leave route tables out mean networks that work.
    fn assume_tables(&mut self) {
        let inventory = &mut self.reading.inventory;
        for gateway in &inventory.internet_gateways {
            let Some(vpc) = &gateway.vpc else { continue };
            let place = gateway.about.place.clone();
            inventory.route_tables.push(RouteTable {
                about: About {
                    id: format!("main route table of {vpc}"),
                    name: None,
                    tags: [].into(),
                    ..gateway.about.clone()
                },
                vpc: vpc.clone(),
                is_main: true,
                subnets: Vec::new(),
                gateways: Vec::new(),
                propagating: Vec::new(),
                routes: vec![Route {
                    destination: Block::Cidr("0.0.0.0/0".to_owned()),
                    target: RouteTarget::Id(gateway.about.id.clone()),
                    is_propagated: false,
                    is_blackhole: false,
                    place,
                }],
            });
        }
    }

    fn say_others(&mut self) {
        for (kind, (count, place)) in std::mem::take(&mut self.others) {
            let message = format!("{count} {kind}: the kind is not known, and left out");
            self.lost(&place, message);
        }
    }
}

/// Whether the blocks of a list of AWS are known: those of gateway endpoints are.
fn is_known_list(name: &str) -> bool {
    name.starts_with("com.amazonaws.") && [".s3", ".dynamodb"].iter().any(|service| name.ends_with(service))
}

/// Makes two descriptions of one thing comparable: what differs although they say the same, as the places of their parts.
trait Settle {
    fn settle(&mut self, _known: &Self) {}
}

macro_rules! settles {
    (whole: $($whole:ident),*; parts: $($kind:ident . $($list:ident),+);*) => {
        $(impl Settle for crate::import::inventory::$whole {})*
        $(impl Settle for crate::import::inventory::$kind {
            fn settle(&mut self, known: &Self) {
                $(for (part, known) in self.$list.iter_mut().zip(&known.$list) {
                    part.place = known.place.clone();
                })+
            }
        })*
    };
}

settles! {
    whole: Vpc, Subnet, Interface, Instance, InternetGateway, NatGateway, Address, Endpoint, TransitGateway,
        PrefixList, TransitAttachment, VpnGateway, CustomerGateway, VpnConnection, FlowLog;
    parts: RouteTable.routes; NetworkAcl.entries; SecurityGroup.ingress, egress; TransitTable.routes
}

/// The two sides do not say the same of each other.
impl Settle for crate::import::inventory::Peering {
    fn settle(&mut self, known: &Self) {
        *self = known.clone();
    }
}
