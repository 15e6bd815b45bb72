//! Prefix lists.

use ipnet::Ipv4Net;

use super::{ApiError, Ec2, New, Result};
use crate::ids::PrefixListId;
use crate::model::{Destination, Model, Peer, PrefixList};

impl Ec2<'_> {
    /// Makes a list with room for so many blocks.
    pub fn create_managed_prefix_list(
        &mut self,
        new: New<PrefixListId>,
        entries: &[Ipv4Net],
        max_entries: usize,
    ) -> Result<PrefixListId> {
        check_size(entries.len(), max_entries)?;
        let id = self.choose_id(&new, "", |model| &model.prefix_lists, PrefixListId::derive);
        let mut list = PrefixList {
            id,
            name: new.name.unwrap_or_else(|| id.to_string()),
            owner: Some(self.caller),
            region: self.caller.region,
            entries: Vec::new(),
            max_entries,
        };
        list.entries.extend(entries.iter().map(|block| block.trunc()));
        self.model.prefix_lists.insert(id, list);
        Ok(id)
    }

    /// Adds blocks to a list and takes others out; what names it follows at once.
    pub fn modify_managed_prefix_list(
        &mut self,
        id: PrefixListId,
        add: &[Ipv4Net],
        remove: &[Ipv4Net],
    ) -> Result<()> {
        let list = self.own_prefix_list(id)?;
        let mut entries = list.entries.clone();
        for block in remove {
            let at = entries.iter().position(|entry| *entry == block.trunc());
            entries.remove(at.ok_or_else(|| ApiError::code_only("InvalidParameterValue"))?);
        }
        for block in add.iter().map(|block| block.trunc()) {
            if !entries.contains(&block) {
                entries.push(block);
            }
        }
        check_size(entries.len(), list.max_entries)?;
        self.model.prefix_lists[&id].entries = entries;
        let Model { route_tables, prefix_lists, .. } = &mut *self.model;
        for table in route_tables.values_mut() {
            if table.routes().iter().any(|route| route.destination == Destination::PrefixList(id)) {
                table.choose(prefix_lists);
            }
        }
        Ok(())
    }

    /// Deletes a list that nothing names.
    pub fn delete_managed_prefix_list(&mut self, id: PrefixListId) -> Result<()> {
        self.own_prefix_list(id)?;
        let destination = Destination::PrefixList(id);
        let mut routes = self.model.route_tables.values().flat_map(|table| table.routes());
        let mut rules =
            self.model.security_groups.values().flat_map(|group| group.ingress.iter().chain(&group.egress));
        if routes.any(|route| route.destination == destination)
            || rules.any(|rule| rule.peer == Peer::PrefixList(id))
        {
            return Err(ApiError::code_only("DependencyViolation"));
        }
        self.model.prefix_lists.shift_remove(&id);
        Ok(())
    }

    /// The lists with these ids, or all that the caller can name.
    pub fn describe_managed_prefix_lists(&self, ids: &[PrefixListId]) -> Result<Vec<&PrefixList>> {
        if ids.is_empty() {
            return Ok(self.model.prefix_lists.values().filter(|list| self.can_name(list)).collect());
        }
        ids.iter().map(|id| self.prefix_list(*id)).collect()
    }

    /// A list the caller can name: its own, or one of AWS in its region. Those of AWS exist from the moment
    /// somebody looks for them.
    pub(super) fn prefix_list(&self, id: PrefixListId) -> Result<&PrefixList> {
        self.model.prefix_lists.get(&id).filter(|list| self.can_name(list)).ok_or_else(not_found)
    }

    fn can_name(&self, list: &PrefixList) -> bool {
        list.owner.map_or(list.region == self.caller.region, |owner| owner == self.caller)
    }

    /// The list that AWS manages for a service in the caller's region.
    pub fn managed_prefix_list(&mut self, service: &str) -> Result<PrefixListId> {
        let (id, list) = PrefixList::managed(self.caller.region, service).ok_or_else(not_found)?;
        // Regions reuse ids; a model holds one list for each, that of the region that asked first.
        let known = self.model.prefix_lists.values().find(|known| known.name == list.name);
        if let Some(known) = known {
            return Ok(known.id);
        }
        let id =
            if self.model.prefix_lists.contains_key(&id) { PrefixListId::derive(&[&list.name]) } else { id };
        self.model.prefix_lists.insert(id, PrefixList { id, ..list });
        Ok(id)
    }

    /// Lets the lists that AWS manages in the caller's region exist, or the one of them with an id.
    pub fn meet_managed_prefix_lists(&mut self, wanted: Option<PrefixListId>) {
        for service in ["s3", "dynamodb"] {
            let known = PrefixList::managed(self.caller.region, service);
            if known.is_some_and(|(id, _)| wanted.is_none_or(|wanted| wanted == id)) {
                self.managed_prefix_list(service).expect("the list is known");
            }
        }
    }

    fn own_prefix_list(&self, id: PrefixListId) -> Result<&PrefixList> {
        let own = |list: &&PrefixList| list.owner == Some(self.caller);
        self.model.prefix_lists.get(&id).filter(own).ok_or_else(not_found)
    }
}

fn not_found() -> ApiError {
    ApiError::code_only("InvalidPrefixListID.NotFound")
}

fn check_size(entries: usize, max_entries: usize) -> Result<()> {
    if entries <= max_entries { Ok(()) } else { Err(ApiError::code_only("PrefixListMaxEntriesExceeded")) }
}
