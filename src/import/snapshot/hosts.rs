//! Instances, interfaces and Elastic IPs.

use super::Reader;
use crate::import::inventory::{Address, Instance, Interface, PublicIp};
use crate::import::json::At;

impl Reader {
    pub(super) fn reservation(&mut self, at: &At<'_>) {
        let owner = at.text("OwnerId");
        for instance in at.list("Instances") {
            self.instance(&instance, owner.as_ref());
        }
    }

    pub(super) fn instance(&mut self, at: &At<'_>, owner: Option<&String>) {
        let Some(mut about) = self.about(at, "InstanceId") else { return };
        if about.account.is_none() {
            about.account = owner.cloned();
        }
        let state = at.get("State").text("Name").unwrap_or_else(|| "running".to_owned());
        let is_stopped = match state.as_str() {
            "running" | "pending" => false,
            "stopped" | "stopping" => true,
            _ => {
                self.loose.gone.insert(about.id);
                return;
            }
        };
        let id = about.id.clone();
        for interface in at.list("NetworkInterfaces") {
            self.interface(&interface, Some(&id));
        }
        self.reading.inventory.instances.push(Instance {
            about,
            instance_type: at.text("InstanceType"),
            is_stopped,
            subnet: at.text("SubnetId"),
            associate_public_ip: None,
        });
    }

    /// An interface, as a document of its own or within its instance.
    pub(super) fn interface(&mut self, at: &At<'_>, within: Option<&String>) {
        let Some(about) = self.about(at, "NetworkInterfaceId") else { return };
        let attachment = at.get("Attachment");
        let instance = attachment.text("InstanceId").or_else(|| within.cloned());
        let device = attachment.number("DeviceIndex").unwrap_or(0);
        let kind = at.text("InterfaceType").unwrap_or_else(|| "interface".to_owned());
        if at.get("ConnectionTrackingConfiguration").value.is_object() {
            self.lost(
                &at.place(),
                "how long idle flows are tracked is not carried over: the defaults count".to_owned(),
            );
        }
        let status = at.text("Status");
        let is_attached = attachment.value.is_object()
            && attachment.text("Status").as_deref() != Some("detached")
            || status.as_deref() == Some("in-use")
            || within.is_some();
        let interface = Interface {
            subnet: at.text("SubnetId").unwrap_or_default(),
            private_ips: private_ips(at),
            public_ips: public_ips(at),
            security_groups: at.list("Groups").iter().filter_map(|group| group.text("GroupId")).collect(),
            source_dest_check: at.flag("SourceDestCheck").unwrap_or(true),
            kind,
            description: at.text("Description").unwrap_or_default(),
            instance: instance.map(|instance| (instance, device)),
            is_attached,
            about,
        };
        // What stands within an instance is only used if it stands nowhere else.
        match within {
            Some(_) => self.loose.interfaces.push(interface),
            None => self.reading.inventory.interfaces.push(interface),
        }
    }

    pub(super) fn address(&mut self, at: &At<'_>) {
        let id = if at.text("AllocationId").is_some() { "AllocationId" } else { "PublicIp" };
        let Some(mut about) = self.about(at, id) else { return };
        about.region = about.region.or_else(|| at.text("NetworkBorderGroup"));
        self.reading.inventory.addresses.push(Address {
            about,
            public_ip: at.text("PublicIp"),
            associated_with: at.text("NetworkInterfaceId").or_else(|| at.text("InstanceId")),
            private_ip: at.text("PrivateIpAddress"),
        });
    }

    /// What a load balancer does with packets is not simulated; its interfaces are among the interfaces.
    pub(super) fn load_balancer(&mut self, at: &At<'_>) {
        let name = at.text("LoadBalancerName").or_else(|| at.text("LoadBalancerArn"));
        let message = format!(
            "the load balancer {} forwards nothing here: its interfaces answer by themselves",
            name.unwrap_or_else(|| "without a name".to_owned())
        );
        self.lost(&at.place(), message);
    }
}

/// The primary address first.
fn private_ips(at: &At<'_>) -> Vec<String> {
    let primary = at.text("PrivateIpAddress");
    let mut addresses: Vec<String> = primary.into_iter().collect();
    for entry in at.list("PrivateIpAddresses") {
        let Some(address) = entry.text("PrivateIpAddress") else { continue };
        if addresses.contains(&address) {
            continue;
        }
        if addresses.is_empty() || entry.flag("Primary") == Some(true) {
            addresses.insert(0, address);
        } else {
            addresses.push(address);
        }
    }
    addresses
}

fn public_ips(at: &At<'_>) -> Vec<PublicIp> {
    let public = |association: &At<'_>, private: Option<String>| {
        let address = association.text("PublicIp")?;
        // Amazon's own addresses have no allocation; older documents say only whose it is.
        let is_amazons = association.text("IpOwnerId").is_some_and(|owner| owner.starts_with("amazon"));
        let allocation =
            association.text("AllocationId").or_else(|| (!is_amazons).then(|| format!("eip-{address}")));
        let has_owner = association.text("IpOwnerId").is_some() || association.text("AllocationId").is_some();
        Some(PublicIp { address, private_ip: private, allocation: allocation.filter(|_| has_owner) })
    };
    let mut found: Vec<PublicIp> = Vec::new();
    for entry in at.list("PrivateIpAddresses") {
        found.extend(public(&entry.get("Association"), entry.text("PrivateIpAddress")));
    }
    if let Some(own) = public(&at.get("Association"), None)
        && found.iter().all(|ip| ip.address != own.address)
    {
        found.push(own);
    }
    found
}
