//! Flow logs and log groups at the beginning.

use super::{Builder, unresolved};
use crate::api::CreateFlowLogs;
use crate::ids::{EniId, NatGatewayId, SubnetId, TransitGatewayAttachmentId, TransitGatewayId, VpcId};
use crate::model::{FlowLogResource, NatPlace, Scope, TrafficType, role_arn};
use crate::scenario::draft::{self, Destination};
use crate::scenario::problem::Problem;
use crate::scenario::resolve::{Kind, Unresolved, resolve};
use crate::scenario::yaml::Spanned;

impl Builder<'_> {
    pub(super) fn logs(&mut self, topology: &draft::Topology) {
        for group in &topology.log_groups {
            let scope = self.scope;
            self.ask("CloudWatch Logs", scope, group.span, "CreateLogGroup", |logs| {
                logs.create_log_group(&group.value)
            });
        }
        for log in &topology.flow_logs {
            self.flow_log(log);
        }
    }

    fn flow_log(&mut self, log: &draft::FlowLog) -> Option<()> {
        let resource = self.flow_log_resource(&log.resource)?;
        let scope = self.scope_of(resource);
        let traffic_type = match (log.traffic_type, resource.is_transit_gateway()) {
            (None, false) => Some(TrafficType::All),
            (given, _) => given,
        };
        let mut request = CreateFlowLogs {
            new: self.naming(&log.named),
            resources: vec![resource],
            traffic_type,
            to_s3: false,
            log_destination: None,
            log_group_name: None,
            deliver_logs_permission_arn: None,
            log_format: log.format.as_ref().map(|format| format.value.clone()),
            max_aggregation_interval: log
                .max_aggregation_interval
                .or_else(|| resource.is_transit_gateway().then_some(60)),
            destination_options: None,
            tag_field_specifications: log.tag_fields.clone(),
        };
        let place = match &log.to {
            Destination::LogGroup { group, role } => {
                request.log_group_name = Some(group.value.clone());
                request.deliver_logs_permission_arn = Some(role_arn(scope.account, &role.value));
                role.span
            }
            Destination::Bucket { bucket, prefix, options } => {
                if !self.built.model.buckets.contains_key(&bucket.value) {
                    let known = self.built.model.buckets.keys().map(String::as_str);
                    self.problems.push(Problem::unknown(bucket.span, "bucket", &bucket.value, known));
                    return None;
                }
                let prefix = prefix.as_ref().map_or(String::new(), |prefix| format!("/{prefix}"));
                request.to_s3 = true;
                request.log_destination = Some(format!("arn:aws:s3:::{}{prefix}", bucket.value));
                request.destination_options = Some(*options);
                bucket.span
            }
        };
        self.call(scope, place, "CreateFlowLogs", |ec2| ec2.create_flow_logs(request)).map(|_| ())
    }

    /// What a name stands for: whatever of that name can be watched. An instance stands for its interface.
    fn flow_log_resource(&mut self, name: &Spanned<String>) -> Option<FlowLogResource> {
        let found = [
            self.named_so(name, FlowLogResource::Vpc),
            self.named_so(name, FlowLogResource::Subnet),
            self.named_so(name, FlowLogResource::NetworkInterface),
            self.named_so::<NatGatewayId>(name, FlowLogResource::RegionalNatGateway),
            self.named_so(name, FlowLogResource::TransitGateway),
            self.named_so(name, FlowLogResource::TransitGatewayAttachment),
        ];
        // A zonal NAT gateway, and an attachment of a transit gateway in a VPC, are interfaces too.
        let is_regional = |id| {
            let nat = self.built.model.nat_gateways.get(&id);
            nat.is_some_and(|nat| matches!(nat.place, NatPlace::Regional { .. }))
        };
        let found = found.into_iter().flatten().find(|resource| match resource {
            FlowLogResource::RegionalNatGateway(id) => is_regional(*id),
            FlowLogResource::NetworkInterface(_)
            | FlowLogResource::Subnet(_)
            | FlowLogResource::TransitGateway(_)
            | FlowLogResource::TransitGatewayAttachment(_)
            | FlowLogResource::Vpc(_) => true,
        });
        if found.is_none() && !self.is_declared(name) {
            let mut known = Vec::new();
            known.extend(names::<VpcId>(self));
            known.extend(names::<SubnetId>(self));
            known.extend(names::<EniId>(self));
            known.extend(names::<TransitGatewayId>(self));
            known.extend(names::<TransitGatewayAttachmentId>(self));
            let problem = unresolved::<VpcId>(name.span, &name.value, Unresolved::Unknown { known });
            self.problems.push(Problem {
                message: format!("nothing called `{}` can be watched", name.value),
                ..problem
            });
        }
        found
    }

    /// A flow log is made by the owner of what it watches, and where that is.
    fn scope_of(&self, resource: FlowLogResource) -> Scope {
        let model = &self.built.model;
        match resource {
            FlowLogResource::NetworkInterface(id) => model.vpc(model.eni(id).vpc).scope,
            FlowLogResource::RegionalNatGateway(id) => model.nat_gateways[&id].scope,
            FlowLogResource::Subnet(id) => model.vpc(model.subnet(id).vpc).scope,
            FlowLogResource::TransitGateway(id) => model.transit_gateways[&id].scope,
            FlowLogResource::TransitGatewayAttachment(id) => model.transit_gateway_attachments[&id].scope,
            FlowLogResource::Vpc(id) => model.vpc(id).scope,
        }
    }

    fn named_so<K: Kind>(
        &self,
        name: &Spanned<String>,
        kind: fn(K) -> FlowLogResource,
    ) -> Option<FlowLogResource> {
        resolve(&self.built.model, &name.value, None)
            .ok()
            .filter(|id: &K| id.exists(&self.built.model))
            .map(kind)
    }
}

fn names<K: Kind>(builder: &Builder<'_>) -> Vec<String> {
    K::all(&builder.built.model).filter_map(|(_, name, _)| name.map(std::borrow::Cow::into_owned)).collect()
}
