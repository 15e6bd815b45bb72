//! The names a host knows, as its `/etc/hosts` would hold them.
//!
//! Knows names and addresses only; never who gave them or why.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Names and the addresses they stand for. Upper and lower case are the same.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Names {
    by_name: BTreeMap<String, Ipv4Addr>,
    by_address: BTreeMap<Ipv4Addr, String>,
}

impl Names {
    /// A table without names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a name. The first name added for an address is the one the address is shown by.
    pub fn add(&mut self, name: &str, address: Ipv4Addr) {
        self.by_name.insert(name.to_ascii_lowercase(), address);
        self.by_address.entry(address).or_insert_with(|| name.to_owned());
    }

    /// Says what an address is called that nobody finds by this name here.
    pub fn show(&mut self, name: &str, address: Ipv4Addr) {
        self.by_address.entry(address).or_insert_with(|| name.to_owned());
    }

    /// The address of a name.
    pub fn resolve(&self, name: &str) -> Option<Ipv4Addr> {
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }

    /// The name an address is shown by.
    pub fn name_of(&self, address: Ipv4Addr) -> Option<&str> {
        self.by_address.get(&address).map(String::as_str)
    }
}

impl<S: AsRef<str>> FromIterator<(S, Ipv4Addr)> for Names {
    fn from_iter<I: IntoIterator<Item = (S, Ipv4Addr)>>(names: I) -> Self {
        let mut all = Self::new();
        for (name, address) in names {
            all.add(name.as_ref(), address);
        }
        all
    }
}
