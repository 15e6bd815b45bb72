//! Tags: the Name tag, by which people know things.

use super::{Ec2, Result};
use crate::ids::{
    AllocationId, CustomerGatewayId, DhcpOptionsId, EniId, FlowLogId, InstanceId, InternetGatewayId,
    NatGatewayId, NetworkAclId, PeeringId, PrefixListId, RouteTableId, SecurityGroupId, SubnetId,
    TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId, VpcEndpointId, VpcId,
    VpnConnectionId, VpnGatewayId,
};

/// Something that can carry a Name tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each variant is an id of the kind it is named after")]
pub enum Taggable {
    CustomerGateway(CustomerGatewayId),
    DhcpOptions(DhcpOptionsId),
    ElasticIp(AllocationId),
    Endpoint(VpcEndpointId),
    Eni(EniId),
    FlowLog(FlowLogId),
    Instance(InstanceId),
    InternetGateway(InternetGatewayId),
    NatGateway(NatGatewayId),
    NetworkAcl(NetworkAclId),
    Peering(PeeringId),
    PrefixList(PrefixListId),
    RouteTable(RouteTableId),
    SecurityGroup(SecurityGroupId),
    Subnet(SubnetId),
    TransitGateway(TransitGatewayId),
    TransitGatewayAttachment(TransitGatewayAttachmentId),
    TransitGatewayRouteTable(TransitGatewayRouteTableId),
    Vpc(VpcId),
    VpnConnection(VpnConnectionId),
    VpnGateway(VpnGatewayId),
}

impl Ec2<'_> {
    /// CreateTags with the key `Name`, on all resources or on none.
    pub fn create_name_tags(&mut self, resources: &[Taggable], name: &str) -> Result<()> {
        for resource in resources {
            self.name_of(*resource)?;
        }
        resources.iter().try_for_each(|resource| self.create_name_tag(*resource, name))
    }

    /// CreateTags with the key `Name`.
    pub fn create_name_tag(&mut self, resource: Taggable, name: &str) -> Result<()> {
        // A group is known by its group name, a prefix list by its own; the tag is accepted and changes nothing.
        if let Some(slot) = self.name_of(resource)? {
            *slot = Some(name.to_owned());
            self.model.hosts_changed += 1;
        }
        Ok(())
    }

    fn name_of(&mut self, resource: Taggable) -> Result<Option<&mut Option<String>>> {
        Ok(Some(match resource {
            Taggable::CustomerGateway(id) => &mut self.customer_gateway_mut(id)?.name,
            Taggable::DhcpOptions(id) => &mut self.dhcp_options_mut(id)?.name,
            Taggable::Endpoint(id) => &mut self.endpoint_mut(id)?.name,
            Taggable::NatGateway(id) => &mut self.nat_gateway_mut(id)?.name,
            Taggable::PrefixList(id) => return self.prefix_list(id).map(|_| None),
            Taggable::TransitGateway(id) => &mut self.transit_gateway_mut(id)?.name,
            Taggable::TransitGatewayAttachment(id) => &mut self.attachment_mut(id)?.name,
            Taggable::TransitGatewayRouteTable(id) => &mut self.transit_gateway_table_mut(id)?.name,
            Taggable::VpnConnection(id) => &mut self.vpn_connection_mut(id)?.name,
            Taggable::VpnGateway(id) => &mut self.vpn_gateway_mut(id)?.name,
            Taggable::ElasticIp(id) => &mut self.elastic_ip_mut(id)?.name,
            Taggable::FlowLog(id) => &mut self.flow_log_mut(id)?.name,
            Taggable::Eni(id) => &mut self.eni_mut(id)?.name,
            Taggable::Instance(id) => &mut self.instance_mut(id)?.name,
            Taggable::InternetGateway(id) => &mut self.internet_gateway_mut(id)?.name,
            Taggable::NetworkAcl(id) => &mut self.network_acl_mut(id)?.name,
            Taggable::Peering(id) => &mut self.peering_mut(id)?.name,
            Taggable::RouteTable(id) => &mut self.route_table_mut(id)?.name,
            Taggable::SecurityGroup(id) => return self.security_group(id).map(|_| None),
            Taggable::Subnet(id) => &mut self.subnet_mut(id)?.name,
            Taggable::Vpc(id) => &mut self.vpc_mut(id)?.name,
        }))
    }
}
