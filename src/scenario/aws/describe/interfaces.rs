//! Network interfaces and instances.

use serde_json::{Value, json};

use super::{View, instance_profile, put, tags, text};
use crate::model::{
    ConnectionTracking, Eni, Instance, InstanceState, MetadataOptions, Owner, PublicAddress, SecurityGroup,
    dns,
};

pub fn interface(view: &View<'_>, eni: &Eni) -> Value {
    let subnet = view.model.subnet(eni.subnet);
    let mut document = json!({});
    put(&mut document, "Association", association(view, eni, eni.primary_ip()));
    let owner = view.owner(eni.vpc);
    if let Some(behind) = eni.owner {
        let mut attachment = json!({ "DeviceIndex": device_index(view, eni) });
        if let Owner::Instance(instance) = behind {
            attachment["InstanceId"] = text(instance);
        }
        attachment["InstanceOwnerId"] =
            text(if is_instance(behind) { owner.to_string() } else { "amazon-aws".to_owned() });
        attachment["Status"] = "attached".into();
        document["Attachment"] = attachment;
    }
    document["AvailabilityZone"] = text(subnet.zone);
    if eni.tracking != ConnectionTracking::default() {
        document["ConnectionTrackingConfiguration"] = json!({
            "TcpEstablishedTimeout": eni.tracking.tcp_established.as_secs(),
            "UdpStreamTimeout": eni.tracking.udp_stream.as_secs(),
            "UdpTimeout": eni.tracking.udp.as_secs(),
        });
    }
    document["Description"] = text(description(eni));
    document["Groups"] = groups(view, eni);
    document["InterfaceType"] = interface_type(eni.owner).into();
    document["MacAddress"] = text(eni.mac);
    document["NetworkInterfaceId"] = text(eni.id);
    document["OwnerId"] = text(owner);
    document["PrivateIpAddress"] = text(eni.primary_ip());
    document["PrivateIpAddresses"] = addresses(view, eni);
    document["RequesterManaged"] = eni.owner.is_some_and(|owner| !is_instance(owner)).into();
    document["SourceDestCheck"] = eni.source_dest_check.into();
    document["Status"] = (if eni.owner.is_some() { "in-use" } else { "available" }).into();
    document["SubnetId"] = text(eni.subnet);
    document["TagSet"] = own_name(eni.name.as_deref(), eni.id);
    document["VpcId"] = text(eni.vpc);
    document
}

fn is_instance(owner: Owner) -> bool {
    match owner {
        Owner::Instance(_) => true,
        Owner::InterfaceEndpoint(_)
        | Owner::NatGateway(_)
        | Owner::Requester(_)
        | Owner::TransitGateway(_) => false,
    }
}

fn interface_type(owner: Option<Owner>) -> &'static str {
    match owner {
        None | Some(Owner::Instance(_)) => "interface",
        Some(Owner::InterfaceEndpoint(_)) => "vpc_endpoint",
        Some(Owner::NatGateway(_)) => "nat_gateway",
        Some(Owner::Requester(kind)) => kind.code(),
        Some(Owner::TransitGateway(_)) => "transit_gateway",
    }
}

/// Interfaces of an instance are numbered as they were attached.
fn device_index(view: &View<'_>, eni: &Eni) -> usize {
    let Some(instance) = eni.instance().and_then(|id| view.model.instances.get(&id)) else { return 0 };
    if instance.eni == eni.id {
        return 0;
    }
    let others = view.model.further_hosts().filter(|other| other.instance() == Some(instance.id));
    1 + others.take_while(|other| other.id != eni.id).count()
}

fn description(eni: &Eni) -> String {
    match eni.owner {
        None | Some(Owner::Instance(_) | Owner::Requester(_)) => eni.description.clone(),
        Some(Owner::InterfaceEndpoint(id)) => format!("VPC Endpoint Interface {id}"),
        Some(Owner::NatGateway(id)) => format!("Interface for NAT Gateway {id}"),
        Some(Owner::TransitGateway(id)) => {
            format!("Network Interface for Transit Gateway Attachment {id}")
        }
    }
}

/// What a scenario calls by its id has no Name tag.
fn own_name(name: Option<&str>, id: impl ToString) -> Value {
    tags(name.filter(|name| *name != id.to_string()))
}

fn groups(view: &View<'_>, eni: &Eni) -> Value {
    let found = eni.security_groups.iter().filter_map(|id| view.model.security_groups.get(id));
    let group = |group: &SecurityGroup| json!({ "GroupId": text(group.id), "GroupName": group.name });
    found.map(group).collect::<Vec<_>>().into()
}

fn addresses(view: &View<'_>, eni: &Eni) -> Value {
    let address = |ip: &std::net::Ipv4Addr| {
        let mut document = json!({});
        put(&mut document, "Association", association(view, eni, *ip));
        document["Primary"] = (*ip == eni.primary_ip()).into();
        document["PrivateIpAddress"] = text(ip);
        document
    };
    eni.private_ips.iter().map(address).collect::<Vec<_>>().into()
}

fn association(view: &View<'_>, eni: &Eni, private: std::net::Ipv4Addr) -> Option<Value> {
    let mapped = |address: &&PublicAddress| address.private == private;
    let address = eni.public.iter().find(mapped)?;
    let eip = address.allocation.and_then(|id| view.model.elastic_ips.get(&id));
    let mut document = json!({});
    if let Some(eip) = eip {
        document["AllocationId"] = text(eip.id);
        put(&mut document, "AssociationId", eip.association.map(|(id, _)| text(id)));
    }
    document["IpOwnerId"] = eip.map_or_else(|| text("amazon"), |eip| text(eip.scope.account));
    document["PublicIp"] = text(address.ip);
    Some(document)
}

pub fn instance(view: &View<'_>, instance: &Instance) -> Value {
    let (code, state) = match instance.state {
        InstanceState::Running => (16, "running"),
        InstanceState::Stopped => (80, "stopped"),
        InstanceState::Terminated => (48, "terminated"),
    };
    let mut document = json!({ "InstanceId": text(instance.id) });
    // A terminated one has no interface any more.
    let eni = view.model.enis.get(&instance.eni);
    if let Some(eni) = eni {
        document["Placement"] =
            json!({ "AvailabilityZone": text(view.model.subnet(eni.subnet).zone), "Tenancy": "default" });
        let vpc = view.model.vpc(eni.vpc);
        let public = eni.public_of(eni.primary_ip());
        // aws: dns-attributes
        let public_name = public.filter(|_| vpc.has_names()).map(|ip| dns::public_name(vpc.scope.region, ip));
        document["PrivateDnsName"] = text(dns::private_name(vpc.scope.region, eni.primary_ip()));
        document["PrivateIpAddress"] = text(eni.primary_ip());
        document["PublicDnsName"] = text(public_name.unwrap_or_default());
        put(&mut document, "PublicIpAddress", public.map(text));
    }
    document["State"] = json!({ "Code": code, "Name": state });
    if let Some(eni) = eni {
        document["SubnetId"] = text(eni.subnet);
        document["VpcId"] = text(eni.vpc);
    }
    put(&mut document, "IamInstanceProfile", instance_profile(view, instance));
    let further = view.model.further_hosts().filter(|eni| eni.instance() == Some(instance.id));
    document["NetworkInterfaces"] =
        eni.into_iter().chain(further).map(|eni| interface(view, eni)).collect::<Vec<_>>().into();
    if let Some(eni) = eni {
        document["SecurityGroups"] = groups(view, eni);
        document["SourceDestCheck"] = eni.source_dest_check.into();
    }
    document["Tags"] = own_name(instance.name.as_deref(), instance.id);
    let MetadataOptions { endpoint_enabled, tokens_required, hop_limit } = instance.metadata;
    document["MetadataOptions"] = json!({
        "State": "applied",
        "HttpTokens": if tokens_required { "required" } else { "optional" },
        "HttpPutResponseHopLimit": hop_limit,
        "HttpEndpoint": if endpoint_enabled { "enabled" } else { "disabled" },
    });
    document
}
