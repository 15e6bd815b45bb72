//! Instances.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::{ApiError, CreateNetworkInterface, Ec2, New, Result};
use crate::ids::{EniId, InstanceId, SecurityGroupId, SubnetId};
use crate::model::{EcsTask, INSTANCE_TYPE, Instance, InstanceState, MetadataOptions, Owner, PublicAddress};

/// Parameters of RunInstances, for one instance with one interface.
#[derive(Clone, Debug)]
pub struct RunInstances {
    /// Name and id.
    pub new: New<InstanceId>,
    /// The id of its interface, pinned.
    pub network_interface_id: Option<EniId>,
    /// The subnet.
    pub subnet_id: SubnetId,
    /// The private address; the lowest free one if none is given.
    pub private_ip_address: Option<Ipv4Addr>,
    /// Whether it gets a public address; as the subnet says if not given.
    pub associate_public_ip_address: Option<bool>,
    /// The groups; the VPC's default one if none is given.
    pub security_group_ids: Vec<SecurityGroupId>,
    /// The instance profile, by name.
    pub iam_instance_profile: Option<String>,
    /// How it may ask its metadata service.
    pub metadata_options: MetadataOptions,
    /// E.g. `m5.large`; one is chosen if none is given.
    pub instance_type: Option<String>,
}

/// What is said of instances and their interfaces that changes nothing but what records of flow logs say.
#[derive(Clone, Default, Debug)]
pub struct Labels {
    /// The instance's tags but for the name.
    pub tags: BTreeMap<String, String>,
    /// Those of its interface.
    pub interface_tags: BTreeMap<String, String>,
    /// Those of the Auto Scaling group that launched it.
    pub auto_scaling_group: Option<BTreeMap<String, String>>,
    /// The task of ECS that its interface belongs to.
    pub ecs_task: Option<EcsTask>,
}

/// Parameters of ModifyInstanceMetadataOptions; what is not given stays.
#[derive(Clone, Copy, Default, Debug)]
pub struct ModifyInstanceMetadataOptions {
    /// Whether the service answers at all.
    pub http_endpoint: Option<bool>,
    /// Whether requests need the token of a session.
    pub tokens_required: Option<bool>,
    /// How many hops the packet with the token lives.
    pub http_put_response_hop_limit: Option<u8>,
}

/// How many hops a token may travel (aws: metadata-hop-limit).
const HOPS: std::ops::RangeInclusive<u8> = 1..=64;

impl Ec2<'_> {
    /// Launches an instance; it runs at once.
    pub fn run_instances(&mut self, request: RunInstances) -> Result<InstanceId> {
        let mut interface = CreateNetworkInterface {
            new: New { name: None, id: request.network_interface_id },
            subnet_id: request.subnet_id,
            private_ip_address: request.private_ip_address,
            groups: request.security_group_ids,
        };
        check_metadata(request.metadata_options)?;
        if let Some(profile) = &request.iam_instance_profile {
            self.check_profile(profile)?;
        }
        let (subnet, ..) = self.check_interface(&interface)?;
        let within = subnet.vpc.to_string();
        let id = self.choose_id(&request.new, &within, |model| &model.instances, InstanceId::derive);
        interface.new.id.get_or_insert_with(|| EniId::derive(&[&id.to_string(), "eth0"]));
        let eni = self.create_network_interface(interface)?;
        let auto_public_ip = request.associate_public_ip_address.unwrap_or(subnet.map_public_ip);
        let (name, scope, state) = (request.new.name, self.caller, InstanceState::Running);
        let profile = request.iam_instance_profile.map(|name| (self.next_profile_association(id), name));
        let metadata = request.metadata_options;
        let instance_type = request.instance_type.unwrap_or_else(|| INSTANCE_TYPE.to_owned());
        let (tags, auto_scaling_group) = (BTreeMap::new(), None);
        let instance = Instance {
            id,
            name,
            scope,
            eni,
            auto_public_ip,
            state,
            profile,
            metadata,
            instance_type,
            tags,
            auto_scaling_group,
        };
        self.model.enis[&eni].owner = Some(Owner::Instance(id));
        self.model.instances.insert(id, instance);
        self.model.hosts_changed += 1;
        if auto_public_ip {
            self.assign_public_address(eni, "");
        }
        Ok(id)
    }

    /// Says more of an instance and its interface.
    pub fn label_instance(&mut self, id: InstanceId, labels: Labels) -> Result<()> {
        let instance = self.instance_mut(id)?;
        instance.tags = labels.tags;
        instance.auto_scaling_group = labels.auto_scaling_group;
        let eni = instance.eni;
        let eni = self.eni_mut(eni)?;
        eni.tags = labels.interface_tags;
        eni.ecs_task = labels.ecs_task.map(Box::new);
        Ok(())
    }

    /// Gives an interface these tags.
    pub fn tag_interface(&mut self, id: EniId, tags: BTreeMap<String, String>) -> Result<()> {
        self.eni_mut(id)?.tags = tags;
        Ok(())
    }

    /// Stops an instance: it falls silent, and an auto-assigned public address goes back
    /// (aws: auto-public-ip-released).
    pub fn stop_instances(&mut self, id: InstanceId) -> Result<()> {
        let instance = self.existing_instance(id)?;
        if instance.state == InstanceState::Stopped {
            return Ok(());
        }
        let eni = instance.eni;
        self.instance_mut(id)?.state = InstanceState::Stopped;
        self.model.hosts_changed += 1;
        let auto: Vec<Ipv4Addr> = {
            let public = &self.model.eni(eni).public;
            public
                .iter()
                .filter(|address| address.allocation.is_none())
                .map(|address| address.private)
                .collect()
        };
        for private in auto {
            self.unmap(eni, private);
        }
        Ok(())
    }

    /// Starts a stopped instance again.
    pub fn start_instances(&mut self, id: InstanceId) -> Result<()> {
        let instance = self.existing_instance(id)?;
        if instance.state == InstanceState::Running {
            return Ok(());
        }
        let (eni, wants_public) = (instance.eni, instance.auto_public_ip);
        self.instance_mut(id)?.state = InstanceState::Running;
        self.model.hosts_changed += 1;
        if wants_public && self.model.eni(eni).public.is_empty() {
            let occasion = self.next_unnamed();
            self.assign_public_address(eni, &occasion);
        }
        Ok(())
    }

    /// Changes how an instance may ask its metadata service.
    pub fn modify_instance_metadata_options(
        &mut self,
        id: InstanceId,
        change: ModifyInstanceMetadataOptions,
    ) -> Result<()> {
        let before = self.existing_instance(id)?.metadata;
        let options = MetadataOptions {
            endpoint_enabled: change.http_endpoint.unwrap_or(before.endpoint_enabled),
            tokens_required: change.tokens_required.unwrap_or(before.tokens_required),
            hop_limit: change.http_put_response_hop_limit.unwrap_or(before.hop_limit),
        };
        check_metadata(options)?;
        self.instance_mut(id)?.metadata = options;
        Ok(())
    }

    /// The instance, unless it is terminated.
    pub(super) fn existing_instance(&self, id: InstanceId) -> Result<&Instance> {
        let instance = self.instance(id)?;
        if instance.state == InstanceState::Terminated {
            return Err(ApiError::code_only("IncorrectInstanceState"));
        }
        Ok(instance)
    }

    /// Terminates an instance; its interface and addresses go with it.
    pub fn terminate_instances(&mut self, id: InstanceId) -> Result<()> {
        let instance = self.instance(id)?;
        if instance.state == InstanceState::Terminated {
            return Ok(());
        }
        let eni = instance.eni;
        let instance = self.instance_mut(id)?;
        instance.state = InstanceState::Terminated;
        instance.profile = None;
        self.model.hosts_changed += 1;
        self.remove_interface(eni);
        // aws: eni-attach
        for eni in self.model.enis.values_mut().filter(|eni| eni.owner == Some(Owner::Instance(id))) {
            eni.owner = None;
        }
        Ok(())
    }

    /// Maps an address of Amazon's pool. `occasion` tells one assignment from the next, so that a
    /// restarted instance gets another address.
    fn assign_public_address(&mut self, eni: EniId, occasion: &str) {
        let ip = self.choose_public_address(&format!("{eni}{occasion}"));
        let private = self.model.eni(eni).primary_ip();
        self.map(eni, PublicAddress { ip, private, allocation: None });
    }
}

fn check_metadata(options: MetadataOptions) -> Result<()> {
    if HOPS.contains(&options.hop_limit) { Ok(()) } else { Err(ApiError::code_only("InvalidParameterValue")) }
}
