//! Templates of our own, and what becomes of them.

mod expressions;
mod mistakes;
mod resources;

use std::collections::BTreeMap;
use std::rc::Rc;

use super::read;
use crate::import::inventory::{Block, Peer, Permission};
use crate::import::{Inventory, Loss, Reading};

pub(super) fn settings(set: &[(&str, &str)]) -> BTreeMap<String, String> {
    set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(super) fn reading(text: &str, set: &[(&str, &str)]) -> Reading {
    read(&Rc::from("net.yaml"), text, &settings(set)).unwrap_or_else(|troubles| panic!("{troubles:#?}"))
}

pub(super) fn inventory(text: &str) -> Inventory {
    reading(text, &[]).inventory
}

/// All troubles, a line each, with their hints.
pub(super) fn troubles(text: &str, set: &[(&str, &str)]) -> Vec<String> {
    let troubles = read(&Rc::from("net.yaml"), text, &settings(set)).expect_err("it is wrong");
    let line = |trouble: crate::import::Trouble| {
        let hint = trouble.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}: {}{hint}", trouble.place.path, trouble.message)
    };
    troubles.into_iter().map(line).collect()
}

/// All notices that matter, a line each.
pub(super) fn losses(reading: &Reading) -> Vec<String> {
    let that_matter = reading.notices.iter().filter(|notice| notice.loss == Loss::Matters);
    that_matter.map(|notice| format!("{}: {}", notice.place.path, notice.message)).collect()
}

/// A rule as one line.
pub(super) fn rule(permission: &Permission) -> String {
    let traffic = &permission.traffic;
    let ports = match (traffic.from, traffic.to) {
        (None, None) => String::new(),
        (from, to) => format!(" {}-{}", from.unwrap_or(-1), to.unwrap_or(-1)),
    };
    let peer = match &permission.peer {
        Peer::Block(Block::Cidr(block) | Block::Ipv6(block) | Block::PrefixList(block)) => block,
        Peer::Group(group) => group,
    };
    format!("{}{ports} {peer}", traffic.protocol)
}

pub(super) fn rules(permissions: &[Permission]) -> Vec<String> {
    permissions.iter().map(rule).collect()
}
