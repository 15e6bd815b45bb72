//! From what is written of instances, interfaces and Elastic IPs to what exists.

use std::net::Ipv4Addr;

use super::{Builder, not_public};
use crate::api::{
    AssociateAddress, CreateNetworkInterface, ModifyNetworkInterfaceAttribute, RunInstances, is_public,
};
use crate::ids::{EniId, InstanceId, SecurityGroupId, SubnetId, VpcId};
use crate::model::Scope;
use crate::scenario::draft::{self, InterfaceOwner, PublicIp};
use crate::scenario::problem::Problem;
use crate::scenario::yaml::{Span, Spanned};
use crate::trace::Station;

impl Builder<'_> {
    pub(super) fn instances(&mut self, vpc: &draft::Vpc, vpc_id: VpcId) {
        for instance in &vpc.instances {
            if self.take_name(&instance.named.name) {
                self.instance(vpc.scope, vpc_id, instance);
            }
        }
    }

    fn instance(&mut self, scope: Scope, vpc_id: VpcId, instance: &draft::Instance) -> Option<InstanceId> {
        let name = &instance.named.name;
        let subnet_id = match &instance.subnet {
            Some(subnet) => self.find::<SubnetId>(subnet, Some(vpc_id))?,
            None => self.only_subnet(vpc_id, name)?,
        };
        let groups: Vec<Option<SecurityGroupId>> =
            instance.security_groups.iter().map(|group| self.find(group, Some(vpc_id))).collect();
        let iam_instance_profile = match &instance.role {
            Some(role) => Some(self.role_of(scope.account, role)?),
            None => None,
        };
        let request = RunInstances {
            new: self.naming_always(&instance.named),
            network_interface_id: self.pinned::<EniId>(instance.eni_id.as_ref()),
            subnet_id,
            private_ip_address: instance.private_ip.as_ref().map(|ip| ip.value),
            associate_public_ip_address: match instance.public_ip {
                None => None,
                Some(PublicIp::Address(_)) => Some(true),
                Some(PublicIp::Assigned(wanted)) => Some(wanted),
            },
            security_group_ids: groups.into_iter().collect::<Option<_>>()?,
            iam_instance_profile,
            metadata_options: instance.metadata,
            instance_type: instance.instance_type.clone(),
        };
        let place = instance.private_ip.as_ref().map_or(name.span, |ip| ip.span);
        let id = self.call(scope, place, "RunInstances", |ec2| ec2.run_instances(request))?;
        let eni = self.built.model.instances[&id].eni;
        if let Some(PublicIp::Address(ip)) = instance.public_ip {
            self.public_ip(scope, name.span, eni, ip);
        }
        if !instance.source_dest_check {
            self.unchecked(scope, name.span, eni);
        }
        self.secondary_addresses(scope, eni, &instance.secondary_private_ips);
        if let Some(flows_max) = instance.tracked_flows_max {
            self.call(scope, name.span, "RunInstances", |ec2| ec2.limit_tracked_flows(eni, flows_max));
        }
        self.call(scope, name.span, "RunInstances", |ec2| ec2.label_instance(id, instance.labels.clone()));
        if instance.is_stopped {
            self.call(scope, name.span, "StopInstances", |ec2| ec2.stop_instances(id));
        }
        self.set_up(Station::Eni(eni), &instance.setup);
        self.built.bandwidths.extend(instance.bandwidth.map(|bandwidth| (eni, bandwidth)));
        Some(id)
    }

    pub(super) fn interfaces(&mut self, vpc: &draft::Vpc, vpc_id: VpcId) {
        for interface in &vpc.interfaces {
            if self.take_name(&interface.named.name) {
                self.interface(vpc.scope, vpc_id, interface);
            }
        }
    }

    fn interface(&mut self, scope: Scope, vpc_id: VpcId, interface: &draft::Interface) -> Option<()> {
        let name = &interface.named.name;
        let subnet_id = match &interface.subnet {
            Some(subnet) => self.find::<SubnetId>(subnet, Some(vpc_id))?,
            None => self.only_subnet(vpc_id, name)?,
        };
        let request = CreateNetworkInterface {
            new: self.naming_always(&interface.named),
            subnet_id,
            private_ip_address: interface.private_ip.as_ref().map(|ip| ip.value),
            groups: self.find_all(&interface.security_groups, Some(vpc_id))?,
        };
        let place = interface.private_ip.as_ref().map_or(name.span, |ip| ip.span);
        let eni =
            self.call(scope, place, "CreateNetworkInterface", |ec2| ec2.create_network_interface(request))?;
        if let Some(ip) = interface.public_ip {
            self.public_ip(scope, name.span, eni, ip);
        }
        if !interface.source_dest_check {
            self.unchecked(scope, name.span, eni);
        }
        self.secondary_addresses(scope, eni, &interface.secondary_private_ips);
        if !interface.tags.is_empty() {
            self.call(scope, name.span, "CreateTags", |ec2| ec2.tag_interface(eni, interface.tags.clone()));
        }
        match &interface.owner {
            InterfaceOwner::Nobody => {}
            InterfaceOwner::Instance(instance) => {
                let id = self.find::<InstanceId>(instance, Some(vpc_id))?;
                self.call(scope, instance.span, "AttachNetworkInterface", |ec2| {
                    ec2.attach_network_interface(eni, id)
                });
            }
            InterfaceOwner::Requester(kind) => {
                self.call(scope, name.span, "CreateNetworkInterface", |ec2| {
                    ec2.hand_to_requester(eni, *kind, &interface.description, !interface.has_no_groups)
                });
            }
        }
        self.set_up(Station::Eni(eni), &interface.setup);
        Some(())
    }

    fn public_ip(&mut self, scope: Scope, span: Span, eni: EniId, ip: Ipv4Addr) {
        if !is_public(ip) {
            self.problems.push(not_public(span, ip));
            return;
        }
        // At its launch it may have got this very one.
        let is_own = self.built.model.eni(eni).private_of(ip).is_some();
        if !is_own && self.built.model.has_public_address(ip) {
            self.problems.push(Problem::at(span, format!("somebody has the address {ip} already")));
        } else {
            self.call(scope, span, "RunInstances", |ec2| ec2.pin_public_address(eni, ip));
        }
    }

    fn unchecked(&mut self, scope: Scope, span: Span, eni: EniId) {
        let off = ModifyNetworkInterfaceAttribute::SourceDestCheck(false);
        self.call(scope, span, "ModifyNetworkInterfaceAttribute", |ec2| {
            ec2.modify_network_interface_attribute(eni, off)
        });
    }

    fn secondary_addresses(&mut self, scope: Scope, eni: EniId, addresses: &[Spanned<Ipv4Addr>]) {
        let Some(first) = addresses.first() else { return };
        let more: Vec<Ipv4Addr> = addresses.iter().map(|ip| ip.value).collect();
        self.call(scope, first.span, "AssignPrivateIpAddresses", |ec2| {
            ec2.assign_private_ip_addresses(eni, &more, 0)
        });
    }

    /// The subnet of an instance that names none: the first of a default VPC, or the only one.
    fn only_subnet(&mut self, vpc_id: VpcId, instance: &Spanned<String>) -> Option<SubnetId> {
        let model = &self.built.model;
        let subnets: Vec<_> = model.subnets.values().filter(|subnet| subnet.vpc == vpc_id).collect();
        match (model.vpc(vpc_id).is_default, subnets.as_slice()) {
            (true, [first, ..]) | (false, [first]) => Some(first.id),
            (true | false, _) => {
                let names: Vec<&str> = subnets.iter().filter_map(|subnet| subnet.name.as_deref()).collect();
                let problem =
                    Problem::at(instance.span, format!("`{}` does not say its subnet", instance.value));
                self.problems.push(problem.hint(format!("add `subnet:` with one of: {}", names.join(", "))));
                None
            }
        }
    }

    /// An Elastic IP belongs where its interface is.
    pub(super) fn elastic_ip(&mut self, eip: &draft::ElasticIp) -> Option<()> {
        let interface = match (&eip.instance, &eip.interface) {
            (Some(name), _) => {
                let instance = self.find::<InstanceId>(name, None)?;
                Some((self.built.model.instances[&instance].eni, name.span))
            }
            (None, Some(name)) => Some((self.find::<EniId>(name, None)?, name.span)),
            (None, None) => None,
        };
        let model = &self.built.model;
        let scope = interface
            .and_then(|(id, _)| Some(model.vpc(model.enis.get(&id)?.vpc).scope))
            .unwrap_or(eip.scope);
        let (new, address) = (self.naming(&eip.named), eip.address.as_ref().map(|address| address.value));
        let span = eip.address.as_ref().map_or(eip.named.name.span, |address| address.span);
        if let Some(private) = address.filter(|address| !is_public(*address)) {
            self.problems.push(not_public(span, private));
            return None;
        }
        if let Some(taken) = address.filter(|address| self.built.model.has_public_address(*address)) {
            self.problems.push(Problem::at(span, format!("somebody has the address {taken} already")));
            return None;
        }
        let allocation_id =
            self.call(scope, span, "AllocateAddress", |ec2| ec2.allocate_address(new, address))?;
        let (network_interface_id, place) = interface?;
        let request = AssociateAddress {
            allocation_id,
            network_interface_id,
            private_ip_address: eip.private_ip.as_ref().map(|ip| ip.value),
            allow_reassociation: false,
        };
        self.call(scope, place, "AssociateAddress", |ec2| ec2.associate_address(request)).map(|_| ())
    }
}
