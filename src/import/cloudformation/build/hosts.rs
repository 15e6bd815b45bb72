//! Instances, interfaces and Elastic IPs.
//!
//! The interfaces that an instance gets at launch have no logical ids: they are called `Logical.eth0` and so on.

use super::{Builder, Item};
use crate::import::Place;
use crate::import::inventory::{Address, Instance, Interface};
use crate::import::json::At;

/// An interface that is attached to an instance.
#[derive(Debug)]
pub(super) struct Attached {
    interface: String,
    instance: String,
    device: i64,
    place: Place,
}

impl Builder {
    pub(super) fn network_interface(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let Some(subnet) = self.need(at, "SubnetId") else { return };
        let security_groups = self.groups(at, "GroupSet");
        let private_ips = self.private_ips(at);
        let source_dest_check = self.flag(at, "SourceDestCheck").unwrap_or(true);
        self.inventory.interfaces.push(Interface {
            about,
            subnet,
            private_ips,
            public_ips: Vec::new(),
            security_groups,
            source_dest_check,
            kind: at.text("InterfaceType").unwrap_or_else(|| "interface".to_owned()),
            description: at.text("Description").unwrap_or_default(),
            instance: None,
            is_attached: false,
        });
    }

    /// The private addresses that are said, the primary one first.
    fn private_ips(&mut self, at: &At<'_>) -> Vec<String> {
        let mut addresses: Vec<String> = self.ip(at, "PrivateIpAddress").into_iter().collect();
        for entry in self.elements(at, "PrivateIpAddresses") {
            let Some(address) = self.ip(&entry, "PrivateIpAddress") else { continue };
            let is_primary = self.flag(&entry, "Primary") == Some(true);
            if !addresses.contains(&address) {
                addresses.insert(if is_primary { 0 } else { addresses.len() }, address);
            }
        }
        if self.number(at, "SecondaryPrivateIpAddressCount").is_some_and(|count| count > 0) {
            let message = "secondary private addresses that AWS chooses are left out";
            self.matters(at.get("SecondaryPrivateIpAddressCount").place(), message);
        }
        addresses
    }

    pub(super) fn network_interface_attachment(&mut self, at: &At<'_>) {
        let ids = (self.need(at, "NetworkInterfaceId"), self.need(at, "InstanceId"));
        let device = self.number(at, "DeviceIndex");
        let (Some(interface), Some(instance)) = ids else { return };
        let device = device.unwrap_or(1);
        self.attached.push(Attached { interface, instance, device, place: self.place(at) });
    }

    /// Attaches interfaces that have ids of their own.
    pub(super) fn attach(&mut self) {
        for Attached { interface: id, instance, device, place } in std::mem::take(&mut self.attached) {
            match self.inventory.interfaces.iter_mut().find(|interface| interface.about.id == id) {
                Some(interface) => {
                    interface.instance = Some((instance, device));
                    interface.is_attached = true;
                }
                None => self.elsewhere(place, "the attachment", &id),
            }
        }
    }

    pub(super) fn instance(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let source_dest_check = self.flag(at, "SourceDestCheck");
        if !at.get("LaunchTemplate").value.is_null() {
            let message = "what this instance takes from its launch template is left out";
            self.matters(at.get("LaunchTemplate").place(), message);
        }
        let entries = self.elements(at, "NetworkInterfaces");
        let mut associate_public_ip = None;
        let mut count = 0;
        if entries.is_empty() {
            count += usize::from(self.launched(item, at, 0, source_dest_check));
        }
        for (position, entry) in (0..).zip(&entries) {
            let device = self.number(entry, "DeviceIndex").unwrap_or(position);
            associate_public_ip = associate_public_ip.or(self.flag(entry, "AssociatePublicIpAddress"));
            if let Some(interface) = entry.text("NetworkInterfaceId") {
                let (instance, place) = (item.id.clone(), self.place(entry));
                self.attached.push(Attached { interface, instance, device, place });
                count += 1;
            } else {
                count += usize::from(self.launched(item, entry, device, source_dest_check));
            }
        }
        if count == 0 {
            let message = "an instance without a subnet, which is in the account's default VPC, is left out";
            return self.matters(self.place(at), message);
        }
        let instance_type = at.text("InstanceType").filter(|kind| !self.is_unknown(kind));
        let (is_stopped, subnet) = (false, None);
        let instance = Instance { about, instance_type, is_stopped, subnet, associate_public_ip };
        self.inventory.instances.push(instance);
    }

    /// An interface that an instance gets at launch; whether its subnet is said.
    fn launched(&mut self, item: &Item, at: &At<'_>, device: i64, source_dest_check: Option<bool>) -> bool {
        let Some(subnet) = at.text("SubnetId") else { return false };
        let mut security_groups = self.groups(at, "GroupSet");
        for key in ["SecurityGroupIds", "SecurityGroups"] {
            security_groups.extend(self.groups(at, key));
        }
        let about = self.about_id(&format!("{}.eth{device}", item.id), self.place(at));
        let private_ips = self.private_ips(at);
        self.inventory.interfaces.push(Interface {
            about,
            subnet,
            private_ips,
            public_ips: Vec::new(),
            security_groups,
            source_dest_check: source_dest_check.filter(|_| device == 0).unwrap_or(true),
            kind: "interface".to_owned(),
            description: at.text("Description").unwrap_or_default(),
            instance: Some((item.id.clone(), device)),
            is_attached: true,
        });
        true
    }

    pub(super) fn address(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let public_ip = self.ip(at, "Address");
        let associated_with = at.text("InstanceId");
        self.inventory.addresses.push(Address { about, public_ip, associated_with, private_ip: None });
    }

    pub(super) fn address_association(&mut self, at: &At<'_>) {
        let target = at.text("NetworkInterfaceId").or_else(|| at.text("InstanceId"));
        let (Some(id), Some(target)) = (at.text("AllocationId").or_else(|| at.text("EIP")), target) else {
            let message = "an association needs `AllocationId`, and `InstanceId` or `NetworkInterfaceId`";
            return self.trouble(self.place(at), message);
        };
        // The primary private address is the one that is meant if none is said.
        let is_primary =
            |text: &str| text.ends_with(".PrimaryPrivateIpAddress") || text.ends_with(".PrivateIp");
        let said = at.text("PrivateIpAddress").filter(|text| !is_primary(text));
        let private_ip = said.as_ref().and_then(|_| self.ip(at, "PrivateIpAddress"));
        let associated_with = Some(target).filter(|_| said.is_none() || private_ip.is_some());
        if let Some(address) = self.inventory.addresses.iter_mut().find(|address| address.about.id == id) {
            (address.associated_with, address.private_ip) = (associated_with, private_ip);
            return;
        }
        // One that was there before the stack.
        let about = self.about_id(&id, self.place(at));
        let public_ip = at.text("EIP").filter(|address| address.parse::<std::net::Ipv4Addr>().is_ok());
        self.inventory.addresses.push(Address { about, public_ip, associated_with, private_ip });
    }
}
