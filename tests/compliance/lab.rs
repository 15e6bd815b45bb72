//! A lab without hosts: packets are put on the wire by hand, and everything else is the plane's.

use std::net::Ipv4Addr;
use std::time::Duration;

use vpclab::api::Ec2;
use vpclab::ids::NatGatewayId;
use vpclab::model::{Model, Scope};
use vpclab::plane::{NatMetrics, Place, State, Walk, Way, walk};
use vpclab::report::{drop_objects, station_label};
use vpclab::scenario::{self, aws, station_of};
use vpclab::time::Instant;
use vpclab::trace::{Fate, GroupVerdict, Station, Step};
use vpclab::wire::build::{self, Ends};
use vpclab::wire::{FiveTuple, Packet, Protocol, TcpFlags, checksums_are_valid};

/// A model, what traffic has taught the plane, and a clock.
pub struct Lab {
    pub model: Model,
    pub state: State,
    pub now: Instant,
    scope: Scope,
    /// The last packet that reached a host, and which.
    pub last: Option<(Station, Packet)>,
    /// The steps of the last packet that was sent.
    pub steps: Vec<Step>,
    /// What the plane answered to the last packet, in words.
    pub answer: Option<String>,
}

impl Lab {
    pub fn of(yaml: &str) -> Self {
        let scenario = match scenario::load(yaml) {
            Ok(scenario) => scenario,
            Err(problems) => panic!("{}", problems.render("lab", yaml, false)),
        };
        Self {
            model: scenario.model,
            state: State::default(),
            now: scenario.start,
            scope: scenario.scope,
            last: None,
            steps: Vec::new(),
            answer: None,
        }
    }

    /// Lets time pass.
    pub fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.state.expire(self.now);
    }

    /// Runs a command that succeeds.
    pub fn aws(&mut self, command: &str) {
        if let Err(error) = self.try_aws(command) {
            panic!("{command}: {error}");
        }
    }

    /// Runs a command; gives `code: message` if it is refused.
    pub fn try_aws(&mut self, command: &str) -> Result<(), String> {
        let parsed = aws::parse(command).unwrap_or_else(|mistakes| panic!("{command}: {mistakes:?}"));
        let caller = parsed.scope(self.scope);
        let mut ec2 = Ec2::new(&mut self.model, caller, self.now);
        match parsed.run(&mut ec2, None) {
            Ok(_) => Ok(()),
            Err(failure) => Err(format!(
                "{}: {}",
                failure.code().unwrap_or("no answer of AWS"),
                failure.message().unwrap_or_default()
            )),
        }
    }

    /// An address by a host's name (`a`), its public one (`a.public`), or as it is.
    pub fn address(&self, name: &str) -> Ipv4Addr {
        if let Ok(address) = name.parse() {
            return address;
        }
        let (host, public) = match name.strip_suffix(".public") {
            Some(host) => (host, true),
            None => (name, false),
        };
        let owned = self.model.enis.values().find(|eni| self.model.eni_label(eni.id) == host);
        match (owned, station_of(&self.model, host)) {
            (Some(eni), _) if public => eni.public[0].ip,
            (Some(eni), _) => eni.primary_ip(),
            (None, Some(Station::Outside(address) | Station::OnPrem(_, address))) => address,
            (None, _) => panic!("nobody is called {host}"),
        }
    }

    /// Sends a packet: `tcp b:80`, `udp b:53 len=9000 df`, `icmp b`, `protocol=50 b`, with `SYN`, `ACK`,
    /// `from=…`, `sport=…`, `ttl=…`, `id=…`.
    pub fn send(&mut self, from: &str, spec: &str) -> String {
        let packet = self.packet(from, spec);
        let station = station_of(&self.model, from).expect("a host");
        self.put(station, packet)
    }

    /// Sends what answers the last packet that reached a host, from there: `SYN-ACK`, `ACK`, `RST`, or
    /// nothing for an echo reply or a datagram.
    pub fn reply(&mut self, flags: &str) -> String {
        let (station, packet) = self.last.take().expect("a packet has arrived");
        let tuple = packet.tuple().mirror();
        let answer = match packet.icmp().and_then(|icmp| icmp.echo) {
            Some(echo) => {
                build::echo_reply(Ends::TEST, tuple.src, tuple.dst, echo.identifier, echo.sequence, b"ping")
            }
            None if tuple.protocol == Protocol::TCP => build::tcp(Ends::TEST, tuple, self::flags(flags), b""),
            None => build::udp(Ends::TEST, tuple, b"answer"),
        };
        self.put(station, answer)
    }

    pub fn packet(&self, from: &str, spec: &str) -> Packet {
        let mut words = spec.split_whitespace();
        let kind = words.next().expect("a kind of packet");
        let (dst, dst_port) = match words.next().expect("a destination").split_once(':') {
            Some((host, port)) => (self.address(host), port.parse().expect("a port")),
            None => (self.address(spec.split_whitespace().nth(1).unwrap()), 0),
        };
        let mut tuple =
            FiveTuple { src: self.address(from), dst, src_port: 40_000, dst_port, protocol: Protocol::TCP };
        let (mut control, mut len, mut df, mut ttl, mut id) = (TcpFlags(TcpFlags::SYN), 0, false, None, 1);
        for word in words {
            match word.split_once('=') {
                None if word == "df" => df = true,
                None => control = self::flags(word),
                Some(("from", address)) => tuple.src = self.address(address),
                Some(("sport", port)) => tuple.src_port = port.parse().expect("a port"),
                Some(("len", bytes)) => len = bytes.parse().expect("a length"),
                Some(("ttl", hops)) => ttl = Some(hops.parse().expect("a time to live")),
                Some(("id", number)) => id = number.parse().expect("an identifier"),
                Some((other, _)) => panic!("what is {other}?"),
            }
        }
        let body = |headers: usize| vec![0x5a; usize::max(len, headers) - headers];
        let mut packet = match kind {
            "tcp" => build::tcp(Ends::TEST, tuple, control, &body(40)),
            "udp" => build::udp(Ends::TEST, FiveTuple { protocol: Protocol::UDP, ..tuple }, &body(28)),
            "icmp" => build::echo_request(Ends::TEST, tuple.src, dst, id, 1, &body(28)),
            other => {
                let number = other.strip_prefix("protocol=").expect("a protocol").parse().unwrap();
                with_protocol(tuple, number)
            }
        };
        packet.set_dont_fragment(df);
        packet.set_identification(id);
        if let Some(ttl) = ttl {
            packet.set_ttl(ttl);
        }
        packet
    }

    /// Puts a packet on the wire at a station and follows it to its end; says which.
    pub fn put(&mut self, station: Station, packet: Packet) -> String {
        let place = match station {
            Station::Eni(eni) => Place::Leaving(eni),
            Station::LinkLocal(eni) => Place::LeavingLinkLocal(eni),
            Station::Outside(host) => Place::LeavingOutside(host),
            Station::OnPrem(network, host) => Place::LeavingOnPrem(network, host),
        };
        self.steps.clear();
        self.answer = None;
        self.follow(place, packet)
    }

    fn follow(&mut self, mut place: Place, mut packet: Packet) -> String {
        let mut out = Walk::default();
        loop {
            out.clear();
            self.state.expire(self.now);
            let way = walk(&self.model, &self.state, place, &mut packet, self.now, &mut out);
            self.state.commit(&out.effects, self.now);
            self.steps.extend_from_slice(&out.steps);
            assert!(checksums_are_valid(packet.frame()), "the plane keeps checksums valid");
            let answer = out.answer.take();
            let fate = match way {
                Way::Link { to, .. } => {
                    place = to;
                    continue;
                }
                Way::Split { mtu, place } => {
                    let parts: Vec<String> =
                        packet.fragments(mtu).into_iter().map(|part| self.follow(place, part)).collect();
                    return format!("{} parts of at most {mtu}: {}", parts.len(), parts.join(", "));
                }
                Way::End(Fate::Delivered(station)) => {
                    self.last = Some((station, packet));
                    format!("delivered to {}", station_label(&self.model, station))
                }
                Way::End(Fate::Dropped(reason)) => {
                    let object = drop_objects(&self.model, reason).into_iter().next();
                    format!("{} at {}", reason.code(), object.unwrap_or_default().0)
                }
                Way::End(Fate::Fragmented) => unreachable!("a split says how it goes on"),
            };
            if let Some((answer, place)) = answer {
                self.answer = Some(self.follow_answer(place, answer));
            }
            return fate;
        }
    }

    fn follow_answer(&mut self, place: Place, answer: Packet) -> String {
        let what = match (answer.icmp(), answer.next_hop_mtu()) {
            (Some(icmp), Some(mtu)) => format!("icmp {}/{} mtu {mtu}", icmp.kind, icmp.code),
            (Some(icmp), None) => format!("icmp {}/{}", icmp.kind, icmp.code),
            (None, _) => format!("tcp {}", answer.tcp_flags()),
        };
        let from = answer.tuple().src;
        let (kept, steps) = (self.last.take(), std::mem::take(&mut self.steps));
        let fate = self.follow(place, answer);
        (self.last, self.steps) = (kept, steps);
        format!("{what} from {from}, {fate}")
    }

    /// The tuple of the last packet that reached a host.
    pub fn arrived(&self) -> FiveTuple {
        self.last.as_ref().expect("a packet has arrived").1.tuple()
    }

    /// What the groups said of the last packet, in order.
    pub fn verdicts(&self) -> Vec<&'static str> {
        let verdict = |step: &Step| {
            let Step::SecurityGroup { verdict, .. } = step else { return None };
            Some(match verdict {
                GroupVerdict::Tracked => "tracked",
                GroupVerdict::NoRule => "no rule",
                GroupVerdict::Rule { tracked: true, .. } => "rule",
                GroupVerdict::Rule { tracked: false, .. } => "rule, untracked",
            })
        };
        self.steps.iter().filter_map(verdict).collect()
    }

    pub fn nat_metrics(&mut self) -> NatMetrics {
        self.state.expire(self.now);
        let nat: NatGatewayId = *self.model.nat_gateways.keys().next().expect("a NAT gateway");
        self.state.nat.metrics(nat)
    }

    /// Sends packets row by row: `from | packet | what becomes of it`.
    pub fn check(&mut self, table: &str) {
        for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let came = match cells.as_slice() {
                ["reply", flags, _] => self.reply(flags),
                ["aws", command, _] => self.try_aws(command).map_or_else(|e| e, |()| "ok".to_owned()),
                ["wait", seconds, _] => {
                    self.wait(seconds.parse().expect("seconds"));
                    continue;
                }
                [from, packet, _] => self.send(from, packet),
                _ => panic!("a row has three cells: {row}"),
            };
            assert_eq!(came.trim_end(), cells[2], "{row}");
        }
    }
}

fn flags(text: &str) -> TcpFlags {
    let bit = |word: &str| match word {
        "SYN" => TcpFlags::SYN,
        "ACK" => TcpFlags::ACK,
        "FIN" => TcpFlags::FIN,
        "RST" => TcpFlags::RST,
        other => panic!("no flag is called {other}"),
    };
    TcpFlags(text.split('-').map(bit).fold(0, |all, bit| all | bit))
}

/// A packet of a protocol without ports.
fn with_protocol(tuple: FiveTuple, number: u8) -> Packet {
    let mut frame = build::udp(Ends::TEST, FiveTuple { protocol: Protocol::UDP, ..tuple }, b"x").into_frame();
    let header = 14;
    frame[header + 9] = number;
    frame[header + 10..header + 12].copy_from_slice(&[0, 0]);
    let sum = frame[header..header + 20]
        .chunks_exact(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])))
        .sum::<u32>();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    frame[header + 10..header + 12].copy_from_slice(&sum.to_be_bytes());
    Packet::parse(frame).expect("a packet")
}
