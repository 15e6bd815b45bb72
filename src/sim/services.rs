//! Services that answer by what exists: which hosts have them, and who answers their requests.
//!
//! Knows where a request comes from and how it came; what is answered is in `service`.

use crate::api::Ec2;
use crate::guest::{HostSetup, Query, Reply, Request, Service};
use crate::model::provided::PUBLIC_RESOLVER;
use crate::model::{Account, Model, OutsideHost, Region, Scope, ServiceName};
use crate::service::dns::{self, Vantage};
use crate::trace::Station;
use crate::wire::Protocol;

const DNS: u16 = 53;

/// What a host on the internet does that is there without anybody describing it.
pub(super) fn of_provided(host: &OutsideHost) -> HostSetup {
    if host.address == PUBLIC_RESOLVER { of_resolver() } else { HostSetup::default() }
}

/// What a resolver does.
pub(super) fn of_resolver() -> HostSetup {
    HostSetup { services: vec![(DNS, Service::Dns)], ..HostSetup::default() }
}

/// What answers next to an interface.
pub(super) fn of_link_local() -> HostSetup {
    HostSetup { services: vec![(DNS, Service::Dns)], ..HostSetup::default() }
}

/// In whose name a service works: of the owner of the interface it is next to. Others ask who the client
/// is, and have the region they are in.
pub(super) fn caller(model: &Model, station: Station) -> Scope {
    let (vpc, region) = match station {
        Station::Eni(eni) | Station::LinkLocal(eni) => (Some(model.vpc(model.eni(eni).vpc)), None),
        Station::Outside(address) => {
            let service = model.outside.get(&address).and_then(|host| host.service.as_ref());
            (model.vpcs.values().next(), service.map(ServiceName::region))
        }
        Station::OnPrem(..) => (model.vpcs.values().next(), None),
    };
    let nobody = Scope { account: Account::NOBODY, region: Region::all().next().expect("there are regions") };
    let scope = vpc.map_or(nobody, |vpc| vpc.scope);
    Scope { region: region.unwrap_or(scope.region), ..scope }
}

/// The reply to a request of a client to the host at a station.
pub(super) fn reply(ec2: &mut Ec2<'_>, station: Station, request: &Request) -> Reply {
    match &request.query {
        Query::Dns(message) => {
            let over_udp = request.tuple.protocol == Protocol::UDP;
            let vantage = vantage(ec2.model(), station);
            dns::answer(ec2.model(), vantage, ec2.now(), message, over_udp).map_or(Reply::Silence, Reply::Dns)
        }
        Query::Http(_) => Reply::Silence,
    }
}

/// From where a resolver sees names.
fn vantage(model: &Model, station: Station) -> Vantage {
    match station {
        Station::Eni(eni) | Station::LinkLocal(eni) => Vantage::Vpc(model.eni(eni).vpc),
        Station::OnPrem(..) | Station::Outside(_) => Vantage::Elsewhere,
    }
}
