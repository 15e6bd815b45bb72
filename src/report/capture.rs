//! Captures: one for each host, and one with everything.

use std::io::{self, Write};
use std::net::Ipv4Addr;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

use super::labels::{self, station_label};
use super::pcapng::{self, Interface, Writer};
use super::secrets::{Due, Secrets};
use crate::model::{Direction, Model};
use crate::time::Instant;
use crate::trace::{DropReason, Station};
use crate::wire::Mac;

/// Opens the file of a capture, by its name without extension.
pub type Open<'a, W> = dyn FnMut(&str) -> io::Result<W> + 'a;

/// The name of the capture with everything.
pub const ALL: &str = "all";

/// Every capture of a run.
pub struct Captures<W: Write> {
    all: Writer<W>,
    due_in_all: Due,
    secrets: Secrets,
    stations: IndexMap<Station, OfStation<W>, FixedState>,
    /// The first error; a run goes on without captures, and says so at its end.
    error: Option<io::Error>,
}

struct OfStation<W: Write> {
    writer: Writer<W>,
    index_in_all: usize,
    due: Due,
}

impl<W: Write> Captures<W> {
    /// The capture with everything, so far without interfaces.
    pub fn new(model: &Model, open: &mut Open<'_, W>) -> io::Result<Self> {
        let names = names(model);
        let names: Vec<(Ipv4Addr, &str)> =
            names.iter().map(|(address, name)| (*address, name.as_str())).collect();
        Ok(Self {
            all: Writer::new(open(ALL)?, &[], &names)?,
            due_in_all: Due::default(),
            secrets: Secrets::default(),
            stations: IndexMap::default(),
            error: None,
        })
    }

    /// Adds a capture for every host that has none yet.
    pub fn follow(&mut self, model: &Model, open: &mut Open<'_, W>) -> io::Result<()> {
        let instances = model.enis.values().filter(|eni| eni.has_host()).map(|eni| Station::Eni(eni.id));
        // Nobody captures at what is not theirs.
        let outside = model.outside.values().filter(|host| !host.is_provided);
        let on_prem = model.on_prem.values().filter(|host| !host.is_provided);
        let stations: Vec<Station> = instances
            .chain(outside.map(|host| Station::Outside(host.address)))
            .chain(on_prem.map(|host| Station::OnPrem(host.network, host.address)))
            .collect();
        for station in stations {
            if !self.stations.contains_key(&station) {
                self.add(station, model, open)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, station: Station, model: &Model, open: &mut Open<'_, W>) -> io::Result<()> {
        let name = station_label(model, station);
        let (description, mac) = description(model, station);
        let interface = Interface { name: &name, description: &description, mac };
        let names = names(model);
        let names: Vec<(Ipv4Addr, &str)> =
            names.iter().map(|(address, name)| (*address, name.as_str())).collect();
        let writer = Writer::new(open(&name)?, &[interface], &names)?;
        let index_in_all =
            self.all.add_interface(&Interface { name: &name, description: &description, mac })?;
        self.stations.insert(station, OfStation { writer, index_in_all, due: Due::default() });
        Ok(())
    }

    /// Adds a frame that a host sent or received.
    pub fn frame(
        &mut self,
        at: Instant,
        station: Station,
        direction: Direction,
        frame: &[u8],
        dropped: Option<DropReason>,
    ) {
        let Some(of_station) = self.stations.get_mut(&station) else { return };
        let direction = match direction {
            Direction::Egress => pcapng::Direction::Outbound,
            Direction::Ingress => pcapng::Direction::Inbound,
        };
        let comment = dropped.map(|reason| format!("dropped: {}", reason.code()));
        let mut write = || {
            of_station.due.write(&mut of_station.writer)?;
            of_station.writer.packet(0, at, direction, frame, comment.as_deref())?;
            self.due_in_all.write(&mut self.all)?;
            self.all.packet(of_station.index_in_all, at, direction, frame, comment.as_deref())
        };
        if let Err(error) = write() {
            self.error.get_or_insert(error);
        }
        self.secrets.saw(frame, [&mut of_station.due, &mut self.due_in_all]);
    }

    /// Takes in what a TLS session is encrypted with, for the captures that have its first packet.
    pub fn secret(&mut self, random: &[u8; 32], line: &str) {
        let all = std::iter::once(&mut self.due_in_all);
        let dues = self.stations.values_mut().map(|of_station| &mut of_station.due).chain(all);
        self.secrets.learn(random, line, dues);
    }

    /// Ends all captures, and says how many there are.
    pub fn finish(self) -> io::Result<usize> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let count = self.stations.len() + 1;
        self.all.finish()?.flush()?;
        for (_, of_station) in self.stations {
            of_station.writer.finish()?.flush()?;
        }
        Ok(count)
    }
}

fn description(model: &Model, station: Station) -> (String, Mac) {
    match station {
        Station::Eni(id) => {
            let eni = model.eni(id);
            let subnet = labels::subnet(model, eni.subnet);
            (format!("{id} {} in {subnet} of {}", eni.primary_ip(), labels::vpc(model, eni.vpc)), eni.mac)
        }
        Station::Outside(address) => (format!("{address} on the internet"), model.outside[&address].mac()),
        Station::LinkLocal(id) => (format!("next to {id}"), model.eni(id).mac),
        Station::OnPrem(network, address) => (
            format!("{address} in {}", labels::network(model, network)),
            model.on_prem[&(network, address)].mac(),
        ),
    }
}

/// Addresses and the names Wireshark shows for them. An address that two VPCs have gets none.
fn names(model: &Model) -> Vec<(Ipv4Addr, String)> {
    let mut names: IndexMap<Ipv4Addr, Option<String>, FixedState> = IndexMap::default();
    let mut add = |address: Ipv4Addr, name: String| {
        names.entry(address).and_modify(|name| *name = None).or_insert(Some(name));
    };
    for eni in model.enis.values() {
        let label = model.eni_label(eni.id);
        for address in &eni.private_ips {
            add(*address, label.clone());
        }
        for public in &eni.public {
            add(public.ip, format!("{label}-public"));
        }
    }
    // The names of what is there without being described are in the answers of resolvers.
    for host in model.on_prem.values().filter(|host| !host.is_provided) {
        add(host.address, host.name.clone());
    }
    for host in model.outside.values().filter(|host| !host.is_provided) {
        add(host.address, host.name.clone());
    }
    names.into_iter().filter_map(|(address, name)| name.map(|name| (address, name))).collect()
}
