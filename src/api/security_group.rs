//! Security groups and their rules.

use super::vpc::anywhere;
use super::{ApiError, Ec2, New, Result};
use crate::ids::{SecurityGroupId, SecurityGroupRuleId, VpcId};
use crate::model::{Direction, Peer, SecurityGroup, SecurityGroupRule, Traffic};

/// Parameters of CreateSecurityGroup.
#[derive(Clone, Debug)]
pub struct CreateSecurityGroup {
    /// The group's name, and its id if pinned.
    pub group_name: String,
    /// The id, pinned.
    pub id: Option<SecurityGroupId>,
    /// The VPC.
    pub vpc_id: VpcId,
}

/// One rule to authorise or revoke.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RuleRequest {
    /// Which packets.
    pub traffic: Traffic,
    /// From whom or to whom.
    pub peer: Peer,
}

/// The longest name of a group (aws: sg-name).
const NAME_LEN_MAX: usize = 255;

impl Ec2<'_> {
    /// Makes a group that lets nothing in and everything out (aws: sg-new).
    pub fn create_security_group(&mut self, request: CreateSecurityGroup) -> Result<SecurityGroupId> {
        self.vpc(request.vpc_id)?;
        // aws: sg-name
        if request.group_name.starts_with("sg-") || request.group_name.len() > NAME_LEN_MAX {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        let same_name = |sg: &SecurityGroup| {
            sg.vpc == request.vpc_id && sg.name.eq_ignore_ascii_case(&request.group_name)
        };
        if self.model.security_groups.values().any(same_name) {
            return Err(ApiError::code_only("InvalidGroup.Duplicate"));
        }
        let here = |sg: &&SecurityGroup| self.model.vpc(sg.vpc).scope == self.caller;
        let here = self.model.security_groups.values().filter(here).count();
        let max = self.model.quotas.security_groups_per_region;
        self.check_quota(here, max, "SecurityGroupLimitExceeded", "")?;
        let new = New { name: Some(request.group_name.clone()), id: request.id };
        let within = request.vpc_id.to_string();
        let id = self.choose_id(&new, &within, |model| &model.security_groups, SecurityGroupId::derive);
        let all_out = SecurityGroupRule {
            id: SecurityGroupRuleId::derive(&[&id.to_string(), "egress"]),
            traffic: Traffic::All,
            peer: Peer::Cidr(anywhere()),
        };
        let group = SecurityGroup {
            id,
            name: request.group_name,
            vpc: request.vpc_id,
            egress: vec![all_out],
            ingress: Vec::new(),
        };
        self.model.security_groups.insert(id, group);
        Ok(id)
    }

    /// AuthorizeSecurityGroupIngress and -Egress.
    pub fn authorize_security_group(
        &mut self,
        id: SecurityGroupId,
        direction: Direction,
        rules: &[RuleRequest],
    ) -> Result<()> {
        let group = self.security_group(id)?;
        for rule in rules {
            match rule.peer {
                Peer::Cidr(_) => {}
                Peer::Group(peer) => self.check_referenced_group(group, peer)?,
                Peer::PrefixList(list) => {
                    self.prefix_list(list)?;
                }
            }
            if group.rules(direction).iter().any(|r| r.traffic == rule.traffic && r.peer == rule.peer) {
                return Err(ApiError::code_only("InvalidPermission.Duplicate"));
            }
        }
        // A prefix list counts as its largest size (aws: sg-quotas).
        let weight = |peer: Peer| match peer {
            Peer::Cidr(_) | Peer::Group(_) => 1,
            Peer::PrefixList(id) => self.model.prefix_lists.get(&id).map_or(1, |list| list.max_entries),
        };
        let there: usize = group.rules(direction).iter().map(|rule| weight(rule.peer)).sum();
        let more: usize = rules.iter().map(|rule| weight(rule.peer)).sum();
        if there + more > self.model.quotas.rules_per_security_group {
            return Err(ApiError::code_only("RulesPerSecurityGroupLimitExceeded"));
        }
        for rule in rules {
            let rule_id = SecurityGroupRuleId::derive(&[&id.to_string(), &self.next_unnamed()]);
            let rule = SecurityGroupRule { id: rule_id, traffic: rule.traffic, peer: rule.peer };
            self.security_group_mut(id)?.rules_mut(direction).push(rule);
        }
        Ok(())
    }

    /// RevokeSecurityGroupIngress and -Egress.
    pub fn revoke_security_group(
        &mut self,
        id: SecurityGroupId,
        direction: Direction,
        rules: &[RuleRequest],
    ) -> Result<()> {
        let same = |rule: &SecurityGroupRule, request: &RuleRequest| {
            rule.traffic == request.traffic && rule.peer == request.peer
        };
        let group = self.security_group_mut(id)?;
        for request in rules {
            if !group.rules(direction).iter().any(|rule| same(rule, request)) {
                return Err(ApiError::code_only("InvalidPermission.NotFound"));
            }
        }
        group.rules_mut(direction).retain(|rule| !rules.iter().any(|request| same(rule, request)));
        Ok(())
    }

    /// Deletes a group that nobody carries and no other group refers to.
    pub fn delete_security_group(&mut self, id: SecurityGroupId) -> Result<()> {
        let group = self.security_group(id)?;
        if group.id == self.model.vpc(group.vpc).default_security_group {
            return Err(ApiError::code_only("CannotDelete"));
        }
        let vpc = group.vpc;
        let refers = |sg: &SecurityGroup| {
            sg.id != id
                && sg.vpc == vpc
                && sg.ingress.iter().chain(&sg.egress).any(|rule| rule.peer == Peer::Group(id))
        };
        let carried = self.model.enis.values().any(|eni| eni.security_groups.contains(&id));
        if carried || self.model.security_groups.values().any(refers) {
            return Err(ApiError::code_only("DependencyViolation"));
        }
        self.model.security_groups.shift_remove(&id);
        Ok(())
    }

    /// A rule may name a group of its own VPC, or of a VPC that is peered with it in the same region
    /// (aws: sg-reference-peering).
    fn check_referenced_group(&self, group: &SecurityGroup, peer: SecurityGroupId) -> Result<()> {
        let not_found = || ApiError::code_only("InvalidGroup.NotFound");
        let other = self.model.security_groups.get(&peer).ok_or_else(not_found)?;
        let peered = self.model.are_peered_in_region(group.vpc, other.vpc, self.now)
            || self.model.share_groups_over_transit_gateway(group.vpc, other.vpc);
        if other.vpc == group.vpc || peered { Ok(()) } else { Err(not_found()) }
    }
}
