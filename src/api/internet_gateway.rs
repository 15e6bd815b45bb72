//! Internet gateways.

use super::{ApiError, Ec2, New, Result, dependency_violation};
use crate::ids::{InternetGatewayId, NatGatewayId, VpcId};
use crate::model::{Gateway, InternetGateway};

impl Ec2<'_> {
    /// Makes a gateway that is attached to nothing.
    pub fn create_internet_gateway(&mut self, new: New<InternetGatewayId>) -> Result<InternetGatewayId> {
        let here = self.model.internet_gateways.values().filter(|gw| gw.scope == self.caller).count();
        let max = self.model.quotas.internet_gateways_per_region;
        let message = "The maximum number of internet gateways has been reached.";
        self.check_quota(here, max, "InternetGatewayLimitExceeded", message)?;
        let id = self.choose_id(&new, "", |model| &model.internet_gateways, InternetGatewayId::derive);
        let gateway = InternetGateway { id, name: new.name, scope: self.caller, vpc: None };
        self.model.internet_gateways.insert(id, gateway);
        Ok(id)
    }

    /// Attaches a gateway to a VPC: one of each (aws: igw-one-per-vpc).
    pub fn attach_internet_gateway(&mut self, id: InternetGatewayId, vpc_id: VpcId) -> Result<()> {
        if let Some(attached) = self.internet_gateway(id)?.vpc {
            let message = format!("resource {id} is already attached to network {attached}");
            return Err(ApiError::new("Resource.AlreadyAssociated", message));
        }
        if self.vpc(vpc_id)?.internet_gateway.is_some() {
            let message = format!("Network {vpc_id} already has an internet gateway attached");
            return Err(ApiError::new("InvalidParameterValue", message));
        }
        self.internet_gateway_mut(id)?.vpc = Some(vpc_id);
        self.vpc_mut(vpc_id)?.internet_gateway = Some(id);
        Ok(())
    }

    /// Detaches a gateway from a VPC in which nobody has a public address (aws: igw-detach-mapped).
    pub fn detach_internet_gateway(&mut self, id: InternetGatewayId, vpc_id: VpcId) -> Result<()> {
        self.vpc(vpc_id)?;
        if self.internet_gateway(id)?.vpc != Some(vpc_id) {
            let message = format!("resource {id} is not attached to network {vpc_id}");
            return Err(ApiError::new("Gateway.NotAttached", message));
        }
        let is_mapped =
            |id: &NatGatewayId| self.model.nat_gateways.get(id).is_some_and(|nat| nat.vpc == vpc_id);
        if self.model.enis.values().any(|eni| eni.vpc == vpc_id && !eni.public.is_empty())
            || self.model.nat_public_addresses.values().any(is_mapped)
        {
            let message = format!(
                "Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before \
                 detaching the gateway."
            );
            return Err(ApiError::new("DependencyViolation", message));
        }
        self.forget_gateway(Gateway::Internet(id));
        self.internet_gateway_mut(id)?.vpc = None;
        self.vpc_mut(vpc_id)?.internet_gateway = None;
        Ok(())
    }

    /// Deletes a detached gateway; routes to it stay, as blackholes.
    pub fn delete_internet_gateway(&mut self, id: InternetGatewayId) -> Result<()> {
        if self.internet_gateway(id)?.vpc.is_some() {
            return Err(dependency_violation("internetGateway", id));
        }
        self.model.internet_gateways.shift_remove(&id);
        Ok(())
    }
}
