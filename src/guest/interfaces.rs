//! smoltcp's interfaces of a host: the same host, seen with different packet sizes and addresses.
//!
//! Knows smoltcp's interfaces; never what goes through them.
//!
//! smoltcp cuts segments to the size of its interface, and cannot be told of a narrower path to one
//! destination. So there is an interface for each size in use. It holds a fixed number of addresses,
//! where an interface of AWS may have fifty; so an interface has the one it speaks from at the moment.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use smoltcp::iface::{Config, Interface};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use super::device::Device;

/// Sizes that are kept; more only cost making them again.
const SIZES_MAX: usize = 32;

pub(super) struct Interfaces {
    mtu: u16,
    prefix_len: u8,
    random_seed: u64,
    by_mtu: BTreeMap<u16, Speaking>,
}

/// An interface and the address it speaks from.
struct Speaking {
    interface: Interface,
    address: Ipv4Addr,
}

impl Interfaces {
    pub fn new(mtu: u16, prefix_len: u8, random_seed: u64) -> Self {
        Self { mtu, prefix_len, random_seed, by_mtu: BTreeMap::new() }
    }

    /// The interface as wide as the link.
    pub fn wide(&mut self, address: Ipv4Addr) -> &mut Interface {
        self.with_mtu(self.mtu, address)
    }

    /// The interface that sends packets of at most this size.
    pub fn with_mtu(&mut self, mtu: u16, address: Ipv4Addr) -> &mut Interface {
        let mtu = mtu.min(self.mtu);
        if self.by_mtu.len() == SIZES_MAX && !self.by_mtu.contains_key(&mtu) {
            // Not the widest: it draws the sequence numbers.
            self.by_mtu.retain(|size, _| *size == self.mtu);
        }
        let speaking = self.by_mtu.entry(mtu).or_insert_with(|| {
            let mut settings = Config::new(HardwareAddress::Ip);
            settings.random_seed = self.random_seed;
            let interface = Interface::new(settings, &mut Device::new(mtu), smoltcp::time::Instant::ZERO);
            Speaking { interface, address: Ipv4Addr::UNSPECIFIED }
        });
        // Every interface that speaks has the loopback address too.
        let is_there = address.is_loopback() && !speaking.address.is_unspecified();
        if speaking.address != address && !is_there {
            speaking.speak_from(address, self.prefix_len);
        }
        &mut speaking.interface
    }
}

impl Speaking {
    fn speak_from(&mut self, address: Ipv4Addr, prefix_len: u8) {
        self.address = address;
        self.interface.update_ip_addrs(|addresses| {
            addresses.clear();
            for (address, prefix_len) in [(address, prefix_len), (Ipv4Addr::LOCALHOST, 8)] {
                addresses
                    .push(IpCidr::new(IpAddress::Ipv4(address), prefix_len))
                    .expect("smoltcp holds two addresses");
            }
        });
    }
}
