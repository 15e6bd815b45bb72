//! Who reaches whom: every pair of hosts of a scenario, asked side by side.
//!
//! Chooses hosts, ports and the moment; each pair is asked of a world in which nothing else moves. The
//! result is the same however many ask at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use foldhash::fast::FixedState;
use indexmap::{IndexMap, IndexSet};
use ipnet::Ipv4Net;

use super::question::{Unanswerable, begin_after, steps_before};
use super::run::Options;
use crate::guest::Service;
use crate::model::{Direction, Model, OutsideHost, Peer, Traffic};
use crate::report::matrix::{Cell, Comparison, Host, Matrix, Refusal, Refusals};
use crate::scenario::Scenario;
use crate::sim::{Prober, Spot, Still, spots};
use crate::trace::{Asked, Finding, Station};

/// What to probe.
#[derive(Clone, Default, Debug)]
pub struct Probe {
    /// Who asks, by name, id or address; everybody if nobody is named.
    pub from: Vec<String>,
    /// Who is asked; everybody if nobody is named.
    pub to: Vec<String>,
    /// What for; chosen by what is there if nothing is given.
    pub ports: Vec<Asked>,
    /// The step after which it is asked: its number, its name, or `end`; before all steps if not given.
    pub after: Option<String>,
    /// How many pairs are asked at a time.
    pub jobs: usize,
}

/// So many ports at most are asked for because rules name them.
const PORTS_OF_RULES_MAX: usize = 8;
/// So many ports can be given at once.
const PORTS_MAX: usize = 256;
/// So many pairs, times ports, are asked at once: what they say has to be kept.
const CELLS_MAX: usize = 200_000_000;
/// What the host is called that stands for the internet if a scenario describes nobody there.
const INTERNET: &str = "internet";

/// A mistake in a list of ports.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadPorts {
    /// One of them is none.
    #[error("`{part}` is no port: write 443, 443/tcp, 53/udp, 8000-8010 or icmp")]
    Malformed {
        /// That one.
        part: String,
    },
    /// Nobody wants to read about so many.
    #[error("more than {PORTS_MAX} ports")]
    TooMany,
}

/// Reads a list like `443,53/udp,8000-8010/tcp,icmp`.
pub fn parse_ports(list: &str) -> Result<Vec<Asked>, BadPorts> {
    let mut ports = IndexSet::<Asked, FixedState>::default();
    for part in list.split(',').map(str::trim) {
        if part == "icmp" {
            ports.insert(Asked::Ping);
            continue;
        }
        let malformed = || BadPorts::Malformed { part: part.to_owned() };
        let (range, asked): (&str, fn(u16) -> Asked) = match part.split_once('/') {
            None => (part, Asked::Tcp),
            Some((range, "tcp")) => (range, Asked::Tcp),
            Some((range, "udp")) => (range, Asked::Udp),
            Some(_) => return Err(malformed()),
        };
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let number = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(malformed);
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(malformed());
        }
        if usize::from(last - first) >= PORTS_MAX {
            return Err(BadPorts::TooMany);
        }
        ports.extend((first..=last).map(asked));
    }
    if ports.len() > PORTS_MAX { Err(BadPorts::TooMany) } else { Ok(ports.into_iter().collect()) }
}

/// A scenario at the moment at which it is asked.
pub struct Place {
    shown: String,
    title: String,
    after: usize,
    world: Still,
    spots: Vec<Spot>,
    /// The host that stands for the internet.
    stand_in: Option<Station>,
    not_imported: usize,
}

impl Place {
    /// Takes the steps that come before.
    pub fn reach(
        shown: &str,
        scenario: Scenario,
        after: Option<&str>,
    ) -> std::io::Result<Result<Self, Unanswerable>> {
        let after = match steps_before(&scenario.steps, after) {
            Ok(after) => after,
            Err(unanswerable) => return Ok(Err(unanswerable)),
        };
        let (title, not_imported) = (scenario.name.clone(), scenario.not_imported.len());
        let options = Options { seed: None, verbose: false };
        let (runner, _) = begin_after(after, shown, scenario, &options)?;
        let mut world = runner.world.into_still();
        let stand_in = connect_internet(&mut world.model);
        let spots = distinct(spots(&world.model));
        Ok(Ok(Self { shown: shown.to_owned(), title, after, world, spots, stand_in, not_imported }))
    }

    /// What it is called.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The ports to ask for if none are given: those that the hosts of the scenario serve, otherwise the single ports
    /// that rules for incoming packets name, most often named first, otherwise that of HTTPS.
    pub fn ports(&self) -> Vec<Asked> {
        let served: BTreeSet<Asked> = self.spots.iter().flat_map(|spot| self.served(spot)).collect();
        if !served.is_empty() {
            return served.into_iter().collect();
        }
        let mut named: BTreeMap<Asked, usize> = BTreeMap::new();
        let groups = self.world.model.security_groups.values();
        for rule in groups.flat_map(|group| &group.ingress) {
            let port = match rule.traffic {
                Traffic::Tcp(ports) if ports.from == ports.to => Asked::Tcp(ports.from),
                Traffic::Udp(ports) if ports.from == ports.to => Asked::Udp(ports.from),
                Traffic::All
                | Traffic::Icmp { .. }
                | Traffic::Other(_)
                | Traffic::Tcp(_)
                | Traffic::Udp(_) => {
                    continue;
                }
            };
            *named.entry(port).or_default() += 1;
        }
        let mut named: Vec<(Asked, usize)> = named.into_iter().collect();
        named.sort_by_key(|(port, times)| (std::cmp::Reverse(*times), *port));
        let named: Vec<Asked> = named.into_iter().map(|(port, _)| port).take(PORTS_OF_RULES_MAX).collect();
        if named.is_empty() { vec![Asked::Tcp(443)] } else { named }
    }

    /// What the scenario lets a host serve.
    fn served(&self, spot: &Spot) -> Vec<Asked> {
        let setup = self.world.setups.get(&spot.station);
        let services = setup.map(|setup| setup.services.as_slice()).unwrap_or_default();
        let asked = |(port, service): &(u16, Service)| match service {
            Service::Dns => vec![Asked::Tcp(*port), Asked::Udp(*port)],
            Service::Http(_) | Service::Https(..) | Service::Iperf | Service::Passing(_) | Service::Ssh => {
                vec![Asked::Tcp(*port)]
            }
        };
        services.iter().flat_map(asked).collect()
    }

    /// Asks all pairs.
    pub fn probe(&self, probe: &Probe) -> Result<Matrix, Unanswerable> {
        let ports = if probe.ports.is_empty() { self.ports() } else { probe.ports.clone() };
        self.matrix(&self.chosen(&probe.from)?, &self.chosen(&probe.to)?, ports, probe.jobs)
    }

    /// The same of hosts by their positions.
    fn matrix(
        &self,
        from: &[usize],
        to: &[usize],
        ports: Vec<Asked>,
        jobs: usize,
    ) -> Result<Matrix, Unanswerable> {
        let cells = from.len().saturating_mul(to.len()).saturating_mul(ports.len());
        if cells > CELLS_MAX {
            return Err(Unanswerable::TooMany { cells, most: CELLS_MAX });
        }
        let (cells, refusals) = self.ask_all(from, to, &ports, jobs);
        let shown: Vec<usize> = from.iter().chain(to).copied().collect::<BTreeSet<_>>().into_iter().collect();
        let number = |spot: &usize| shown.binary_search(spot).expect("whoever asks or is asked is shown");
        Ok(Matrix {
            path: self.shown.clone(),
            title: self.title.clone(),
            after: self.after,
            hosts: shown.iter().map(|spot| self.host(&self.spots[*spot])).collect(),
            from: from.iter().map(number).collect(),
            to: to.iter().map(number).collect(),
            ports,
            cells,
            refusals,
            not_imported: self.not_imported,
        })
    }

    fn host(&self, spot: &Spot) -> Host {
        const SSH: Asked = Asked::Tcp(22);
        let mut served = self.served(spot);
        let is_described = !served.is_empty();
        if matches!(spot.station, Station::Eni(_)) {
            served.push(SSH);
        }
        Host {
            name: spot.name.clone(),
            id: spot.id.clone(),
            listens: is_described.then_some(served),
            is_stand_in: self.stand_in == Some(spot.station),
            is_known: self.stand_in != Some(spot.station) && spot.has_own_name,
        }
    }

    /// The hosts that some words mean, each once, in the order of the model.
    fn chosen(&self, words: &[String]) -> Result<Vec<usize>, Unanswerable> {
        let mut chosen = BTreeSet::new();
        for word in words {
            let called = (0..self.spots.len()).filter(|at| self.is_called(&self.spots[*at], word));
            let called: Vec<usize> = called.collect();
            if called.is_empty() {
                let known = self.spots.iter().map(|spot| spot.name.clone()).collect();
                return Err(Unanswerable::NoHost { name: word.clone(), known });
            }
            chosen.extend(called);
        }
        let everybody = words.is_empty();
        Ok(if everybody { (0..self.spots.len()).collect() } else { chosen.into_iter().collect() })
    }

    /// The same of words that mean hosts here or elsewhere: those that are here.
    fn chosen_here(&self, words: &[String], elsewhere: &Self) -> Result<Vec<usize>, Unanswerable> {
        if words.is_empty() {
            return self.chosen(words);
        }
        let mut chosen = BTreeSet::new();
        for word in words.chunks(1) {
            match self.chosen(word) {
                Ok(found) => chosen.extend(found),
                Err(unknown) => elsewhere.chosen(word).map(|_| ()).map_err(|_| unknown)?,
            }
        }
        Ok(chosen.into_iter().collect())
    }

    /// Whether a word means a host: its name, or an id or address of it.
    fn is_called(&self, spot: &Spot, word: &str) -> bool {
        let model = &self.world.model;
        spot.name == word
            || spot.id == word
            || match spot.station {
                Station::Eni(eni) | Station::LinkLocal(eni) => {
                    let eni = model.eni(eni);
                    let instance = eni.instance();
                    instance.is_some_and(|id| {
                        id.to_string() == word || model.instances[&id].name.as_deref() == Some(word)
                    }) || word
                        .parse::<Ipv4Addr>()
                        .is_ok_and(|address| eni.has(address) || eni.private_of(address).is_some())
                }
                Station::OnPrem(..) | Station::Outside(_) => false,
            }
    }

    /// Every pair on every port: senders are handed out to whoever is free, and what they found is put together
    /// in their order.
    fn ask_all(&self, from: &[usize], to: &[usize], ports: &[Asked], jobs: usize) -> (Vec<Cell>, Refusals) {
        let rows: Vec<(Asked, Station)> = ports
            .iter()
            .flat_map(|port| from.iter().map(|spot| (*port, self.spots[*spot].station)))
            .collect();
        let to: Vec<Station> = to.iter().map(|spot| self.spots[*spot].station).collect();
        let (next, jobs) = (AtomicUsize::new(0), jobs.clamp(1, rows.len().max(1)));
        let work = || {
            let mut prober = Prober::new(&self.world);
            let (mut findings, mut found) = (IndexSet::<Finding, FixedState>::default(), Vec::new());
            loop {
                let row = next.fetch_add(1, Ordering::Relaxed);
                let Some((port, from)) = rows.get(row) else { return (findings, found) };
                let ask = |to: &Station| {
                    if from == to {
                        return ITSELF;
                    }
                    findings.insert_full(prober.ask(*from, *to, *port)).0 as u32
                };
                found.push((row, to.iter().map(ask).collect::<Vec<u32>>()));
            }
        };
        let found: Vec<_> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
            let join = |worker: std::thread::ScopedJoinHandle<'_, _>| {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            workers.into_iter().map(join).collect()
        });
        self.put_together(&found, rows.len(), to.len())
    }

    /// The cells of all rows. Refusals get their numbers in the order of the cells, whoever met them first.
    fn put_together(&self, found: &[Found], rows: usize, columns: usize) -> (Vec<Cell>, Refusals) {
        let mut by_row: Vec<(usize, &[u32])> = vec![(0, &[]); rows];
        for (worker, (_, of_worker)) in found.iter().enumerate() {
            for (row, cells) in of_worker {
                by_row[*row] = (worker, cells);
            }
        }
        let mut known: Vec<Vec<Option<Cell>>> =
            found.iter().map(|(findings, _)| vec![None; findings.len()]).collect();
        let (mut cells, mut refusals) = (Vec::with_capacity(rows * columns), Refusals::default());
        for (worker, row) in by_row {
            for &at in row {
                if at == ITSELF {
                    cells.push(Cell::ITSELF);
                    continue;
                }
                let at = at as usize;
                cells.push(*known[worker][at].get_or_insert_with(|| match found[worker].0[at] {
                    Finding::Open => Cell::OPEN,
                    Finding::Closed { leg, why } => refusals.cell(Refusal::new(leg, why, &self.world.model)),
                }));
            }
        }
        (cells, refusals)
    }
}

/// What one of those who ask found: each thing once, and for each of its rows which.
type Found = (IndexSet<Finding, FixedState>, Vec<(usize, Vec<u32>)>);
/// In place of what was found: a host is not asked by itself.
const ITSELF: u32 = u32::MAX;

/// Compares what two scenarios let through. Without ports, those are asked for that either would be asked for.
pub fn compare(before: &Place, after: &Place, probe: &Probe) -> Result<Comparison, Unanswerable> {
    let mut ports = probe.ports.clone();
    if ports.is_empty() {
        ports =
            before.ports().into_iter().chain(after.ports()).collect::<BTreeSet<_>>().into_iter().collect();
    }
    let matrix = |place: &Place, other: &Place| {
        let (from, to) = (place.chosen_here(&probe.from, other)?, place.chosen_here(&probe.to, other)?);
        place.matrix(&from, &to, ports.clone(), probe.jobs)
    };
    Ok(Comparison::new(matrix(before, after)?, matrix(after, before)?))
}

/// Puts a host on the internet if a scenario describes none.
fn connect_internet(model: &mut Model) -> Option<Station> {
    if model.outside.values().any(|host| !host.is_provided) {
        return None;
    }
    // RFC 5737: addresses for documentation, which nobody has, and then those of the rest of the internet.
    let blocks = [[203, 0, 113], [198, 51, 100], [192, 0, 2], [9, 9, 9], [130, 130, 130], [185, 185, 185]];
    let all =
        blocks.into_iter().flat_map(|[a, b, c]| (1..=254).map(move |last| Ipv4Addr::new(a, b, c, last)));
    let free: Vec<Ipv4Addr> = all.filter(|address| !model.has_public_address(*address)).collect();
    let special = special_blocks(model);
    // It stands for everybody: no rule may mean it in particular.
    let is_anybody = |address: &&Ipv4Addr| special.iter().all(|block| !block.contains(*address));
    let address = *free.iter().find(is_anybody).or(free.first())?;
    model.connect_outside_host(OutsideHost {
        name: INTERNET.to_owned(),
        address,
        latency: Duration::ZERO,
        service: None,
        aws_service: None,
        is_provided: false,
    });
    Some(Station::Outside(address))
}

/// The blocks that rules name, but for everybody.
fn special_blocks(model: &Model) -> BTreeSet<Ipv4Net> {
    let groups = model.security_groups.values().flat_map(|group| group.ingress.iter().chain(&group.egress));
    let named = groups.flat_map(|rule| match rule.peer {
        Peer::Cidr(block) => vec![block],
        Peer::PrefixList(id) => {
            model.prefix_lists.get(&id).map(|list| list.entries.clone()).unwrap_or_default()
        }
        Peer::Group(_) => Vec::new(),
    });
    let acls = model.network_acls.values();
    let entries = acls.flat_map(|acl| {
        let both = acl.entries(Direction::Ingress).iter().chain(acl.entries(Direction::Egress));
        both.map(|entry| entry.cidr)
    });
    named.chain(entries).filter(|block| block.prefix_len() > 0).collect()
}

/// Lets no two hosts be called the same: those that would be have their ids behind their names.
fn distinct(mut spots: Vec<Spot>) -> Vec<Spot> {
    let mut times: IndexMap<String, usize, FixedState> = IndexMap::default();
    for spot in &spots {
        *times.entry(spot.name.clone()).or_default() += 1;
    }
    for spot in spots.iter_mut().filter(|spot| times[&spot.name] > 1) {
        spot.name = format!("{} ({})", spot.name, spot.id);
        spot.has_own_name = false;
    }
    spots
}
