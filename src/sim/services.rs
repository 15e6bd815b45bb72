//! Services that answer by what exists: which hosts have them, and who answers their requests.
//!
//! Knows where a request comes from and how it came; what is answered is in `service`.

use crate::api::Ec2;
use crate::guest::{Certificate, HostSetup, Identity, Query, Reply, Request, Service};
use crate::ids::VpcEndpointId;
use crate::model::dns::service_domain;
use crate::model::provided::PUBLIC_RESOLVER;
use crate::model::{Account, EndpointKind, Model, OutsideHost, Region, Scope, ServiceName};
use crate::service::dns::{self, Vantage};
use crate::service::{self, imds};
use crate::trace::Station;
use crate::wire::Protocol;

const DNS: u16 = 53;
const HTTP: u16 = 80;
const HTTPS: u16 = 443;

/// What a host on the internet does that is there without anybody describing it.
pub(super) fn of_provided(model: &Model, host: &OutsideHost) -> HostSetup {
    match &host.service {
        None if host.address == PUBLIC_RESOLVER => of_resolver(),
        None => HostSetup::default(),
        Some(service) => {
            let identity = Identity { certificate: Certificate::Valid, names: names(model, service) };
            let services = vec![(HTTP, Service::Passing(None)), (HTTPS, Service::Passing(Some(identity)))];
            HostSetup { services, ..HostSetup::default() }
        }
    }
}

/// Whether the host at a station is there without anybody describing it.
pub(super) fn is_provided(model: &Model, station: Station) -> bool {
    match station {
        Station::LinkLocal(_) => true,
        Station::Outside(address) => model.outside.get(&address).is_some_and(|host| host.is_provided),
        Station::OnPrem(network, address) => {
            model.on_prem.get(&(network, address)).is_some_and(|host| host.is_provided)
        }
        Station::Eni(_) => false,
    }
}

/// What a resolver does.
pub(super) fn of_resolver() -> HostSetup {
    HostSetup { services: vec![(DNS, Service::Dns)], ..HostSetup::default() }
}

/// What answers next to an interface.
pub(super) fn of_link_local() -> HostSetup {
    let services = vec![(DNS, Service::Dns), (HTTP, Service::Passing(None))];
    HostSetup { services, ..HostSetup::default() }
}

/// The names in a service's certificate: its own, those of its hosts, and those of endpoints to it.
fn names(model: &Model, service: &ServiceName) -> Vec<String> {
    let own = service_domain(service);
    let mut names = vec![own.clone(), format!("*.{own}")];
    if ["s3", "sts"].contains(&service.service()) {
        let global = format!("{}.amazonaws.com", service.service());
        names.extend([format!("*.{global}"), global]);
    }
    for endpoint in model.endpoints.values() {
        let is_ours =
            endpoint.service.region() == service.region() && endpoint.service.service() == service.service();
        if let (true, EndpointKind::Interface { interfaces, .. }) = (is_ours, &endpoint.kind) {
            let zones = interfaces.iter().map(|(subnet, _)| model.subnet(*subnet).zone);
            for name in zones.map(|zone| endpoint.zonal_name(zone)).chain([endpoint.regional_name()]) {
                // Buckets come behind `bucket`, which comes behind the endpoint's name.
                names.extend([format!("*.{name}"), format!("*.bucket.{name}"), name]);
            }
        }
    }
    names
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

/// The reply to a request of a client to the host at a station, which came through an endpoint or not.
pub(super) fn reply(
    ec2: &mut Ec2<'_>,
    station: Station,
    endpoint: Option<VpcEndpointId>,
    request: &Request,
) -> Reply {
    match (&request.query, station) {
        (Query::Dns(message), _) => {
            let over_udp = request.tuple.protocol == Protocol::UDP;
            let vantage = vantage(ec2.model(), station);
            dns::answer(ec2.model(), vantage, ec2.now(), message, over_udp).map_or(Reply::Silence, Reply::Dns)
        }
        (Query::Http(http), Station::LinkLocal(eni)) => Reply::Http(imds::answer(ec2, eni, http)),
        (Query::Http(http), Station::Outside(address)) => {
            let host = ec2.model().outside.get(&address);
            let Some(name) = host.and_then(|host| host.service.clone()) else { return Reply::Silence };
            let request = service::Request {
                method: &http.method,
                target: &http.target,
                headers: &http.headers,
                body: &http.body,
                source: request.tuple.dst,
                over_tls: request.tuple.src_port == HTTPS,
                endpoint,
                service: name.service(),
                region: name.region(),
            };
            Reply::Http(service::answer(ec2, &request))
        }
        (Query::Http(_), Station::Eni(_) | Station::OnPrem(..)) => Reply::Silence,
    }
}

/// From where a resolver sees names.
fn vantage(model: &Model, station: Station) -> Vantage {
    match station {
        Station::Eni(eni) | Station::LinkLocal(eni) => Vantage::Vpc(model.eni(eni).vpc),
        Station::OnPrem(..) | Station::Outside(_) => Vantage::Elsewhere,
    }
}
