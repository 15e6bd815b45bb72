//! The rules of security groups and network ACLs.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{Builder, block, names_of};
use crate::api::{AclEntryRequest, RuleRequest};
use crate::ids::{PrefixListId, SecurityGroupId, SubnetId, VpcId};
use crate::model::{AclEntry, Direction, Peer, Scope, Traffic};
use crate::scenario::problem::Problem;
use crate::scenario::resolve;
use crate::scenario::yaml::Spanned;
use crate::scenario::{draft, station_of};
use crate::trace::Station;

impl Builder<'_> {
    pub(super) fn security_group_rules(&mut self, vpc: &draft::Vpc, vpc_id: VpcId) {
        for group in &vpc.security_groups {
            let Some(id) = self.find::<SecurityGroupId>(&group.named.name, Some(vpc_id)) else { continue };
            for (direction, rules) in
                [(Direction::Ingress, &group.ingress), (Direction::Egress, &group.egress)]
            {
                let Some(rules) = rules else { continue };
                // What is written takes the place of what every group begins with ("everything to everybody"), and
                // the default group besides ("everything from its members").
                let own: Vec<RuleRequest> = self.built.model.security_groups[&id]
                    .rules(direction)
                    .iter()
                    .map(|rule| RuleRequest { traffic: rule.traffic, peer: rule.peer })
                    .collect();
                if !own.is_empty() {
                    self.call(vpc.scope, group.named.name.span, "RevokeSecurityGroup", |ec2| {
                        ec2.revoke_security_group(id, direction, &own)
                    });
                }
                for rule in rules {
                    self.group_rule(vpc.scope, id, direction, rule);
                }
            }
        }
    }

    fn group_rule(
        &mut self,
        scope: Scope,
        id: SecurityGroupId,
        direction: Direction,
        rule: &draft::GroupRule,
    ) {
        for peer in &rule.peers {
            self.group_rule_for(scope, id, direction, (rule.traffic, peer));
        }
    }

    fn group_rule_for(
        &mut self,
        scope: Scope,
        id: SecurityGroupId,
        direction: Direction,
        (traffic, written): (Traffic, &Spanned<String>),
    ) {
        self.meet_managed_prefix_list(scope, written);
        let Some(peer) = self.peer(written, id) else { return };
        let request = [RuleRequest { traffic, peer }];
        let asked = self.attempt(scope, |ec2| ec2.authorize_security_group(id, direction, &request));
        let Err(error) = asked else { return };
        let problem = self.refused(written.span, "AuthorizeSecurityGroup", &error);
        match peer {
            Peer::Group(peer) if error.code == "InvalidGroup.NotFound" => {
                let groups = &self.built.model.security_groups;
                match [id, peer].map(|group| groups.get(&group).map(|group| group.vpc)) {
                    [Some(own), Some(theirs)] => self.unseen_group(problem, [own, theirs]),
                    [_, _] if self.is_declared(written) => {}
                    [_, _] => self.problems.push(problem),
                }
            }
            Peer::Cidr(_) | Peer::Group(_) | Peer::PrefixList(_) => self.problems.push(problem),
        }
    }

    /// Who a group's rule is about: a block, an address, `self`, a group, or a host.
    fn peer(&mut self, name: &Spanned<String>, own: SecurityGroupId) -> Option<Peer> {
        if let Some(block) = block(&name.value) {
            return Some(Peer::Cidr(block));
        }
        if name.value == "self" {
            return Some(Peer::Group(own));
        }
        let model = &self.built.model;
        let near = Some(model.security_groups[&own].vpc);
        let why = match resolve::resolve::<SecurityGroupId>(model, &name.value, near) {
            Ok(group) => return Some(Peer::Group(group)),
            Err(why) => why,
        };
        if let Ok(list) = resolve::resolve::<PrefixListId>(model, &name.value, None) {
            return Some(Peer::PrefixList(list));
        }
        match self.address_of_host(&name.value) {
            Some(address) => Some(Peer::Cidr(address.into())),
            None if self.is_declared(name) => None,
            None => {
                let mut known = vec!["anywhere".to_owned(), "self".to_owned()];
                known.extend(names_of(why));
                known.extend(self.built.model.host_names().map(str::to_owned));
                self.problems.push(unknown_peer(name, &known));
                None
            }
        }
    }

    pub(super) fn network_acls(&mut self, vpc: &draft::Vpc, vpc_id: VpcId) {
        for acl in &vpc.network_acls {
            let Some(id) = self.find(&acl.named.name, Some(vpc_id)) else { continue };
            for name in &acl.subnets {
                if let Some(subnet) = self.find::<SubnetId>(name, Some(vpc_id)) {
                    self.call(vpc.scope, name.span, "ReplaceNetworkAclAssociation", |ec2| {
                        ec2.put_network_acl_before(subnet, id)
                    });
                }
            }
            for (direction, rules) in [(Direction::Ingress, &acl.ingress), (Direction::Egress, &acl.egress)] {
                let Some(rules) = rules else { continue };
                // What is written takes the place of what a default network ACL allows.
                let old: Vec<u16> =
                    self.built.model.network_acls[&id].entries(direction).iter().map(|e| e.number).collect();
                self.call(vpc.scope, acl.named.name.span, "DeleteNetworkAclEntry", |ec2| {
                    old.iter().try_for_each(|number| ec2.delete_network_acl_entry(id, direction, *number))
                });
                for rule in rules {
                    let Some(cidr) = self.acl_peer(&rule.peer) else { continue };
                    let entry =
                        AclEntry { number: rule.number, traffic: rule.traffic, cidr, action: rule.action };
                    let request = AclEntryRequest { network_acl_id: id, direction, entry };
                    self.call(vpc.scope, rule.place, "CreateNetworkAclEntry", |ec2| {
                        ec2.create_network_acl_entry(request)
                    });
                }
            }
        }
    }

    /// Network ACLs know blocks only; a host's name stands for its address.
    fn acl_peer(&mut self, name: &Spanned<String>) -> Option<Ipv4Net> {
        let found = block(&name.value).or_else(|| self.address_of_host(&name.value).map(Ipv4Net::from));
        if found.is_none() && !self.is_declared(name) {
            let known = std::iter::once("anywhere").chain(self.built.model.host_names());
            let problem = Problem::unknown(name.span, "peer", &name.value, known);
            self.problems.push(
                problem.note("network ACLs know CIDR blocks, addresses, `anywhere` and hosts, but no groups"),
            );
        }
        found
    }

    /// The address by which rules know a host: private for an instance, its own for one outside.
    fn address_of_host(&self, name: &str) -> Option<Ipv4Addr> {
        match station_of(&self.built.model, name)? {
            Station::Eni(eni) | Station::LinkLocal(eni) => Some(self.built.model.eni(eni).primary_ip()),
            Station::Outside(address) | Station::OnPrem(_, address) => Some(address),
        }
    }
}

fn unknown_peer(name: &Spanned<String>, known: &[String]) -> Problem {
    Problem::unknown(name.span, "peer", &name.value, known.iter().map(String::as_str)).note(
        "a peer is a CIDR block, an address, `anywhere`, `self`, a security group, a prefix list or a host",
    )
}
