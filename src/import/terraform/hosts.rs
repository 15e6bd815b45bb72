//! Instances, interfaces and Elastic IPs.

use super::tree::Resource;
use super::{Builder, texts_of};
use crate::import::inventory::{Address, Instance, Interface, PublicIp};

impl<'t> Builder<'t> {
    pub(super) fn interface(&mut self, resource: &'t Resource<'t>) {
        let about = self.about(resource);
        let mut private_ips = self.private_ips(resource);
        let first = resource.text("private_ip").into_iter();
        for address in first.collect::<Vec<_>>() {
            private_ips.retain(|it| *it != address);
            private_ips.insert(0, address);
        }
        let attached = resource.blocks("attachment");
        let instance = attached.first().and_then(|block| {
            let instance = texts_of(block.get("instance")).into_iter().next()?;
            Some((instance, block.get("device_index").and_then(super::tree::number_of).unwrap_or(1)))
        });
        let interface = Interface {
            subnet: self.id_at(resource, "subnet_id").unwrap_or_default(),
            private_ips,
            public_ips: Vec::new(),
            security_groups: self.ids_at(resource, "security_groups"),
            source_dest_check: resource.flag("source_dest_check").unwrap_or(true),
            kind: resource.text("interface_type").unwrap_or_else(|| "interface".to_owned()),
            description: resource.text("description").unwrap_or_default(),
            is_attached: instance.is_some(),
            instance,
            about,
        };
        self.reading.inventory.interfaces.push(interface);
    }

    fn private_ips(&self, resource: &'t Resource<'t>) -> Vec<String> {
        let listed = texts_of(resource.values.get("private_ip_list"));
        let ips = if listed.is_empty() { texts_of(resource.values.get("private_ips")) } else { listed };
        ips.into_iter().filter(|ip| ip.parse::<std::net::Ipv4Addr>().is_ok()).collect()
    }

    pub(super) fn instance(&mut self, resource: &'t Resource<'t>) {
        let about = self.about(resource);
        let state = resource.text("instance_state").unwrap_or_else(|| "running".to_owned());
        if state == "terminated" || state == "shutting-down" {
            return;
        }
        let id = about.id.clone();
        let given = self.given_interfaces(resource, &id);
        let subnet = self.id_at_quietly(resource, "subnet_id");
        if !given && subnet.is_none() {
            self.lost(resource, "subnet_id", "it is not said in which subnet the instance is: left out");
            return;
        }
        if !given {
            self.own_interface(resource, &id, subnet.clone().unwrap_or_default());
        }
        self.reading.inventory.instances.push(Instance {
            about,
            instance_type: resource.text("instance_type"),
            is_stopped: state == "stopped" || state == "stopping",
            subnet,
            associate_public_ip: resource.flag("associate_public_ip_address"),
        });
    }

    /// Interfaces that are resources of their own, in `network_interface` blocks.
    fn given_interfaces(&mut self, resource: &'t Resource<'t>, instance: &str) -> bool {
        let mut given: Vec<(String, i64)> = Vec::new();
        let written = self.written(resource, "network_interface");
        let primary = self.written(resource, "primary_network_interface");
        let blocks = resource.blocks("network_interface");
        let pairs: Vec<(&serde_json::Value, &'t serde_json::Value)> = match blocks.as_slice() {
            [] => written.iter().map(|own| (&serde_json::Value::Null, *own)).collect(),
            blocks => blocks.iter().map(|values| (*values, self.written_for(&written, values))).collect(),
        };
        for (at, (values, own)) in pairs.into_iter().enumerate() {
            let found = self.of_block(resource, values, own, "network_interface_id");
            let id = self.only(resource, "network_interface", found);
            let device = self.of_block(resource, values, own, "device_index").into_iter().next();
            let device = device.and_then(|it| it.parse().ok()).unwrap_or(at as i64);
            given.extend(id.map(|id| (id, device)));
        }
        for own in primary {
            let id = self
                .of_block(resource, &serde_json::Value::Null, own, "network_interface_id")
                .into_iter()
                .next();
            given.extend(id.map(|id| (id, 0)));
        }
        let found = !given.is_empty();
        for (id, device) in given {
            self.attach(resource, &id, instance, device);
        }
        found
    }

    fn attach(&mut self, resource: &'t Resource<'t>, interface: &str, instance: &str, device: i64) {
        match self.reading.inventory.interfaces.iter_mut().find(|it| it.about.id == interface) {
            Some(eni) => {
                eni.instance = Some((instance.to_owned(), device));
                eni.is_attached = true;
            }
            // It comes further on in the document.
            None if self
                .tree
                .resources
                .iter()
                .any(|it| it.kind == "aws_network_interface" && it.id() == interface) =>
            {
                let late = self.tree.resources.iter().find(|it| it.id() == interface);
                if let Some(late) = late {
                    self.interface(late);
                    self.attach(resource, interface, instance, device);
                }
            }
            None => self.outside(resource, interface),
        }
    }

    /// The interface that comes with an instance.
    fn own_interface(&mut self, resource: &'t Resource<'t>, instance: &str, subnet: String) {
        let mut about = self.about(resource);
        about.id = resource
            .text("primary_network_interface_id")
            .unwrap_or_else(|| format!("{}.eth0", resource.address));
        about.tags.clear();
        about.name = None;
        let mut private_ips: Vec<String> = resource.text("private_ip").into_iter().collect();
        private_ips.extend(texts_of(resource.values.get("secondary_private_ips")));
        let public = resource.text("public_ip").map(|address| PublicIp {
            address,
            private_ip: None,
            allocation: None,
        });
        let mut groups = self.ids_at(resource, "vpc_security_group_ids");
        if groups.is_empty() {
            groups = self.ids_at(resource, "security_groups");
        }
        self.reading.inventory.interfaces.push(Interface {
            about,
            subnet,
            private_ips,
            public_ips: public.into_iter().collect(),
            security_groups: groups,
            source_dest_check: resource.flag("source_dest_check").unwrap_or(true),
            kind: "interface".to_owned(),
            description: String::new(),
            instance: Some((instance.to_owned(), 0)),
            is_attached: true,
        });
    }

    pub(super) fn interface_attachment(&mut self, resource: &'t Resource<'t>) {
        let (Some(interface), Some(instance)) =
            (self.id_at(resource, "network_interface_id"), self.id_at(resource, "instance_id"))
        else {
            return;
        };
        let device = resource.number("device_index").unwrap_or(1);
        self.attach(resource, &interface, &instance, device);
    }

    pub(super) fn group_attachment(&mut self, resource: &'t Resource<'t>) {
        let (Some(interface), Some(group)) =
            (self.id_at(resource, "network_interface_id"), self.id_at(resource, "security_group_id"))
        else {
            return;
        };
        let of_instance = interface.strip_suffix(".primary_network_interface_id").map(str::to_owned);
        let is_it = |it: &&mut Interface| {
            let is_primary = |id: &String| it.instance.as_ref() == Some(&(id.clone(), 0));
            it.about.id == interface || of_instance.as_ref().is_some_and(is_primary)
        };
        match self.reading.inventory.interfaces.iter_mut().find(is_it) {
            Some(eni) if eni.security_groups.contains(&group) => {}
            Some(eni) => eni.security_groups.push(group),
            None => self.outside(resource, &interface),
        }
    }

    pub(super) fn instance_state(&mut self, resource: &'t Resource<'t>) {
        let Some(instance) = self.id_at(resource, "instance_id") else { return };
        if resource.text("state").as_deref() == Some("stopped")
            && let Some(instance) =
                self.reading.inventory.instances.iter_mut().find(|it| it.about.id == instance)
        {
            instance.is_stopped = true;
        }
    }

    pub(super) fn address(&mut self, resource: &'t Resource<'t>) {
        let holder = self.id_at_quietly(resource, "network_interface");
        let holder = holder.or_else(|| self.id_at_quietly(resource, "instance"));
        let public_ip = resource.text("public_ip");
        self.reading.inventory.addresses.push(Address {
            about: self.about(resource),
            public_ip,
            associated_with: holder,
            private_ip: resource.text("associate_with_private_ip").or_else(|| resource.text("private_ip")),
        });
    }

    pub(super) fn address_association(&mut self, resource: &'t Resource<'t>) {
        let Some(allocation) = self.id_at(resource, "allocation_id") else { return };
        let holder = self.id_at_quietly(resource, "network_interface_id");
        let holder = holder.or_else(|| self.id_at_quietly(resource, "instance_id"));
        let private_ip = resource.text("private_ip_address");
        match self.reading.inventory.addresses.iter_mut().find(|it| it.about.id == allocation) {
            Some(address) => {
                address.associated_with = holder;
                address.private_ip = private_ip;
            }
            None => self.outside(resource, &allocation),
        }
    }
}
