//! The instance metadata service: what an instance can ask about itself, session tokens, and the
//! credentials of its role.
//!
//! Knows what exists; how a request gets here, past all filters, is somebody else's business.
//!
//! Read first: "Use the Instance Metadata Service to access instance metadata" in the EC2 guide.

use std::time::Duration;

use super::{NOW, reply, text};
use crate::api::{Ec2, InstanceRole};
use crate::guest::{Answer, HeaderValue, HttpRequest};
use crate::ids::EniId;
use crate::model::{Credentials, Eni, Instance, Model, dns};
use crate::seed;
use crate::time::Instant;

/// Lifetimes of tokens, in seconds (aws: imds-token).
const LIFETIMES: std::ops::RangeInclusive<u64> = 1..=21_600;
const LIFETIME_FIELD: &str = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds";
const TOKEN_FIELD: &str = "X-aws-ec2-metadata-token";
/// What all tokens begin with.
const TOKEN_BEGIN: &str = "AQAE";

/// Answers a request of the instance behind an interface.
pub fn answer(ec2: &mut Ec2<'_>, eni: EniId, request: &HttpRequest) -> Answer {
    let now = ec2.now();
    let instance = ec2.model().enis.get(&eni).and_then(Eni::instance);
    let Some(instance) = instance.and_then(|id| ec2.model().instances.get(&id)).cloned() else {
        return refusal(404, "Not Found");
    };
    // aws: imds-off
    if !instance.metadata.endpoint_enabled {
        return refusal(403, "Forbidden");
    }
    let path = request.target.split('?').next().unwrap_or_default();
    match request.method.as_str() {
        "PUT" => make_token(eni, path, request, now),
        "GET" | "HEAD" => {
            let token = request.header(TOKEN_FIELD);
            let is_good = token.map_or(!instance.metadata.tokens_required, |token| is_good(eni, token, now));
            // aws: imds-token
            if !is_good {
                return refusal(401, "Unauthorized");
            }
            let Some(found) = look_up(ec2, &instance, path) else { return refusal(404, "Not Found") };
            let body = if request.method == "HEAD" { String::new() } else { found };
            let headers = vec![
                ("Content-Type", text("text/plain")),
                ("Accept-Ranges", text("none")),
                ("Content-Length", HeaderValue::ContentLength),
                ("Date", NOW),
                ("Server", text("EC2ws")),
            ];
            reply(200, headers, body)
        }
        _ => refusal(405, "Method Not Allowed"),
    }
}

fn refusal(status: u16, why: &str) -> Answer {
    let title = format!("{status} - {why}");
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n\
         <html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    );
    let headers = vec![
        ("Content-Type", text("text/html")),
        ("Content-Length", HeaderValue::ContentLength),
        ("Date", NOW),
        ("Server", text("EC2ws")),
    ];
    reply(status, headers, body)
}

/// A token for a session. Who forwards for others, or asks for a version of the service, gets none
/// (aws: imds-token).
fn make_token(eni: EniId, path: &str, request: &HttpRequest, now: Instant) -> Answer {
    if path != "/latest/api/token" || request.header("X-Forwarded-For").is_some() {
        return refusal(403, "Forbidden");
    }
    let lifetime = request.header(LIFETIME_FIELD).and_then(|text| text.trim().parse::<u64>().ok());
    // The status is not documented (assumed: imds-bad-lifetime).
    let Some(lifetime) = lifetime.filter(|lifetime| LIFETIMES.contains(lifetime)) else {
        return refusal(400, "Bad Request");
    };
    let headers = vec![
        (LIFETIME_FIELD, text(lifetime.to_string())),
        ("Content-Type", text("text/plain")),
        ("Content-Length", HeaderValue::ContentLength),
        ("Date", NOW),
        ("Server", text("EC2ws")),
    ];
    reply(200, headers, token(eni, (now + Duration::from_secs(lifetime)).unix_seconds()))
}

/// The token of an instance that is good until a second of the clock: it says so itself, and cannot be made
/// up.
fn token(eni: EniId, until: u64) -> String {
    let (eni, second) = (eni.to_string(), until.to_string());
    let part = |number: &str| seed::hash(&["metadata-token", &eni, &second, number]);
    format!("{TOKEN_BEGIN}{until:012x}{:016x}{:016x}==", part("1"), part("2"))
}

fn is_good(eni: EniId, shown: &str, now: Instant) -> bool {
    let until = shown.strip_prefix(TOKEN_BEGIN).and_then(|rest| rest.get(..12));
    let until = until.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    until.is_some_and(|until| now.unix_seconds() < until && token(eni, until) == shown)
}

/// What is at a path: a value, or the names below it.
fn look_up(ec2: &mut Ec2<'_>, instance: &Instance, path: &str) -> Option<String> {
    let path = path.trim_matches('/');
    if path.is_empty() {
        return Some("latest".to_owned());
    }
    let (version, rest) = path.split_once('/').unwrap_or((path, ""));
    let is_version = version == "latest" || (version.len() == 10 && version.starts_with("20"));
    if !is_version {
        return None;
    }
    let rest = rest.trim_matches('/');
    let mut leaves = leaves(ec2.model(), instance);
    leaves.extend(of_role(ec2, instance));
    if let Some((_, value)) = leaves.iter().find(|(name, _)| name == rest) {
        return Some(value.clone());
    }
    let mut below: Vec<String> = Vec::new();
    for (name, _) in &leaves {
        let inside =
            if rest.is_empty() { Some(name.as_str()) } else { name.strip_prefix(&format!("{rest}/")) };
        let Some(inside) = inside else { continue };
        let child = match inside.split_once('/') {
            Some((folder, _)) => format!("{folder}/"),
            None => inside.to_owned(),
        };
        if !below.contains(&child) {
            below.push(child);
        }
    }
    below.sort_unstable();
    (!below.is_empty()).then(|| below.join("\n"))
}

/// All values but those of the role, by their path.
fn leaves(model: &Model, instance: &Instance) -> Vec<(String, String)> {
    let eni = model.eni(instance.eni);
    let (subnet, vpc) = (model.subnet(eni.subnet), model.vpc(eni.vpc));
    let (region, own) = (vpc.scope.region, eni.primary_ip());
    let public = eni.public_of(own);
    let groups = eni.security_groups.iter().map(|id| model.security_groups[id].name.clone());
    let group_ids = eni.security_groups.iter().map(ToString::to_string);
    let host = dns::private_name(region, own);
    let lines = |values: Vec<String>| values.join("\n");
    let mut leaves = vec![
        ("dynamic/instance-identity/document".to_owned(), identity(instance, eni, model)),
        ("meta-data/hostname".to_owned(), host.clone()),
        ("meta-data/instance-id".to_owned(), instance.id.to_string()),
        ("meta-data/local-hostname".to_owned(), host),
        ("meta-data/local-ipv4".to_owned(), own.to_string()),
        ("meta-data/mac".to_owned(), eni.mac.to_string()),
        ("meta-data/placement/availability-zone".to_owned(), subnet.zone.to_string()),
        ("meta-data/placement/availability-zone-id".to_owned(), subnet.zone.id()),
        ("meta-data/placement/region".to_owned(), region.to_string()),
        ("meta-data/security-groups".to_owned(), lines(groups.collect())),
        ("meta-data/services/domain".to_owned(), "amazonaws.com".to_owned()),
    ];
    let mut of_interface = vec![
        ("device-number", "0".to_owned()),
        ("interface-id", eni.id.to_string()),
        ("local-ipv4s", lines(eni.private_ips.iter().map(ToString::to_string).collect())),
        ("mac", eni.mac.to_string()),
        ("owner-id", vpc.scope.account.to_string()),
        ("security-group-ids", lines(group_ids.collect())),
        ("subnet-id", subnet.id.to_string()),
        ("subnet-ipv4-cidr-block", subnet.cidr.to_string()),
        ("vpc-id", vpc.id.to_string()),
        ("vpc-ipv4-cidr-block", vpc.cidrs[0].block.to_string()),
        ("vpc-ipv4-cidr-blocks", lines(vpc.blocks().map(|block| block.to_string()).collect())),
    ];
    if let Some(public) = public {
        leaves.push(("meta-data/public-ipv4".to_owned(), public.to_string()));
        of_interface.push(("public-ipv4s", public.to_string()));
        if vpc.has_names() {
            leaves.push(("meta-data/public-hostname".to_owned(), dns::public_name(region, public)));
        }
    }
    let folder = format!("meta-data/network/interfaces/macs/{}", eni.mac);
    leaves.extend(of_interface.into_iter().map(|(name, value)| (format!("{folder}/{name}"), value)));
    leaves
}

/// What is known of the role, if the instance has one (aws: imds-role).
fn of_role(ec2: &mut Ec2<'_>, instance: &Instance) -> Vec<(String, String)> {
    let now = ec2.now();
    let (role, document) = match ec2.instance_credentials(instance.id) {
        Ok(InstanceRole::Assumed { role, credentials }) => (role, keys(&credentials)),
        Ok(InstanceRole::NotTrusting { role }) => {
            let document = format!(
                "{{\n  \"Code\" : \"AssumeRoleUnauthorizedAccess\",\n  \"Message\" : \"EC2 cannot assume the role {role}.  \
                 Please see documentation at https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc.\",\n  \
                 \"LastUpdated\" : \"{}\"\n}}",
                iso(now)
            );
            (role, document)
        }
        Ok(InstanceRole::None) | Err(_) => return Vec::new(),
    };
    vec![(format!("meta-data/iam/security-credentials/{role}"), document)]
}

fn keys(keys: &Credentials) -> String {
    let expires = keys.expires.map(iso).unwrap_or_default();
    let (id, secret) = (&keys.access_key_id, &keys.secret_access_key);
    let (token, issued) = (keys.token.as_deref().unwrap_or_default(), iso(keys.issued));
    format!(
        "{{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"{issued}\",\n  \"Type\" : \"AWS-HMAC\",\n  \
         \"AccessKeyId\" : \"{id}\",\n  \"SecretAccessKey\" : \"{secret}\",\n  \"Token\" : \"{token}\",\n  \
         \"Expiration\" : \"{expires}\"\n}}"
    )
}

/// The instance identity document, as far as the simulation knows what is in it.
fn identity(instance: &Instance, eni: &Eni, model: &Model) -> String {
    let (zone, scope) = (model.subnet(eni.subnet).zone, model.vpc(eni.vpc).scope);
    format!(
        "{{\n  \"accountId\" : \"{}\",\n  \"architecture\" : \"x86_64\",\n  \"availabilityZone\" : \"{zone}\",\n  \
         \"instanceId\" : \"{}\",\n  \"privateIp\" : \"{}\",\n  \"region\" : \"{}\",\n  \"version\" : \"2017-09-30\"\n}}",
        scope.account,
        instance.id,
        eni.primary_ip(),
        scope.region
    )
}

/// A time as `2012-04-26T16:39:16Z`.
fn iso(at: Instant) -> String {
    let at = jiff::Timestamp::from_second(at.unix_seconds() as i64).expect("virtual time ends in 2554");
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
