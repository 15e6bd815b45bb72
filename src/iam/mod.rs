//! Who may do what: the decision that every service asks for before it answers.
//!
//! Knows the policies of identities, of resources and of VPC endpoints. Knows nothing of packets, of
//! signatures, or of what an action does once it is allowed.
//!
//! Start at [`authorize`]; `statement` says whether a statement is about a request, `condition` whether
//! its conditions hold, `context` which keys a request has.

mod condition;
mod context;
mod pattern;
mod statement;

use std::fmt;
use std::net::Ipv4Addr;

use self::context::Context;
use self::statement::{Verdict, verdict};
use crate::ids::VpcEndpointId;
use crate::model::{Account, Model, Policy, Principal, Role};

/// What somebody asks a service to let them do.
#[derive(Clone, Debug)]
pub struct AccessRequest<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// For what, e.g. `s3:ListBucket`.
    pub action: &'a str,
    /// With what: an ARN, or `*` if it is about nothing in particular.
    pub resource: &'a str,
    /// Whose that is; the caller's if nothing is said.
    pub resource_account: Option<Account>,
    /// The policy it has: of a bucket, a topic, a key.
    pub resource_policy: Option<&'a Policy>,
    /// The VPC endpoint through which the request came.
    pub endpoint: Option<VpcEndpointId>,
    /// The address it came from, as the service sees it.
    pub source: Ipv4Addr,
    /// Whether it came by HTTPS.
    pub over_tls: bool,
}

/// A request was refused. It displays as AWS's message for the error `AccessDenied`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessDenied {
    /// Why, if AWS says so: only to the account of the resource itself (aws: access-denied-generic).
    reason: Option<Reason>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Reason {
    principal: String,
    action: String,
    resource: Option<String>,
    kind: PolicyKind,
    is_explicit: bool,
}

/// The policies that are asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum PolicyKind {
    Endpoint,
    Identity,
    Resource,
}

impl PolicyKind {
    /// As messages call it, and with its article.
    const fn words(self) -> [&'static str; 2] {
        match self {
            Self::Endpoint => ["VPC endpoint policy", "a VPC endpoint policy"],
            Self::Identity => ["identity-based policy", "an identity-based policy"],
            Self::Resource => ["resource-based policy", "a resource-based policy"],
        }
    }
}

/// Decides a request.
///
/// What nobody allows is denied, and a denial anywhere counts whatever others allow
/// (aws: iam-explicit-deny). Of several reasons the first of these is said: a denial by the identity, by
/// the resource, by the endpoint, an endpoint that does not allow, an identity that does not
/// (assumed: access-denied-order).
pub fn authorize(model: &Model, request: &AccessRequest<'_>) -> Result<(), AccessDenied> {
    let context = Context::of(model, request);
    let identity = identity_verdict(model, request, &context);
    let resource = request.resource_policy.map_or(Verdict::Silent, |policy| verdict(policy, &context));
    let endpoint = request.endpoint.map(|id| match model.endpoints.get(&id) {
        Some(endpoint) => verdict(&endpoint.policy, &context),
        // It was deleted while the request was on its way.
        None => Verdict::Silent,
    });
    let explicit = [
        (PolicyKind::Identity, Some(identity)),
        (PolicyKind::Resource, Some(resource)),
        (PolicyKind::Endpoint, endpoint),
    ];
    for (kind, said) in explicit {
        if said == Some(Verdict::Denies) {
            return Err(AccessDenied::new(request, kind, true));
        }
    }
    // It lets nobody do anything: it only keeps others from it (aws: endpoint-policy-filters).
    if endpoint.is_some_and(|said| !said.allows()) {
        return Err(AccessDenied::new(request, PolicyKind::Endpoint, false));
    }
    let allowed = match (request.principal.account(), request.resource_account) {
        // aws: iam-anonymous
        (None, _) => resource.allows(),
        // aws: iam-cross-account
        (Some(caller), Some(owner)) if caller != owner => identity.allows() && resource.allows(),
        // What is granted to the account leaves it to the account's own policies
        // (aws: iam-same-account-union, iam-account-principal).
        (Some(_), _) => identity.allows() || resource == Verdict::AllowsCaller,
    };
    if allowed { Ok(()) } else { Err(AccessDenied::new(request, PolicyKind::Identity, false)) }
}

/// What a service of AWS wants to do by itself.
#[derive(Clone, Debug)]
pub struct ServiceRequest<'a> {
    /// The service, e.g. `ec2.amazonaws.com`.
    pub service: &'a str,
    /// What, e.g. `sts:AssumeRole`.
    pub action: &'a str,
    /// With what: an ARN, or `*`.
    pub resource: &'a str,
    /// For which account, and for which resource of it, by its ARN.
    pub on_behalf_of: Option<(Account, String)>,
}

/// Whether a policy lets a service do something.
pub fn lets_service(policy: &Policy, request: &ServiceRequest<'_>) -> bool {
    verdict(policy, &Context::of_service(request)).allows()
}

/// Whether a service, e.g. `ec2.amazonaws.com`, may assume a role (aws: role-trust).
pub fn may_assume(role: &Role, service: &str, on_behalf_of: Option<(Account, String)>) -> bool {
    let request = ServiceRequest { service, action: "sts:AssumeRole", resource: "*", on_behalf_of };
    lets_service(&role.trust, &request)
}

fn identity_verdict(model: &Model, request: &AccessRequest<'_>, context: &Context) -> Verdict {
    let Some(policies) = model.policies_of(request.principal) else { return Verdict::Silent };
    let attached = policies.attached.iter().filter_map(|arn| model.managed_policy(arn));
    let attached = attached.map(|policy| &policy.document);
    let inline = policies.inline.iter().map(|(_, policy)| policy);
    attached.chain(inline).map(|policy| verdict(policy, context)).max().unwrap_or(Verdict::Silent)
}

impl AccessDenied {
    fn new(request: &AccessRequest<'_>, kind: PolicyKind, is_explicit: bool) -> Self {
        let caller = request.principal.account();
        let is_within_account =
            request.resource_account.is_none_or(|owner| Some(owner) == caller) && caller.is_some();
        let reason = request.principal.arn().filter(|_| is_within_account).map(|principal| Reason {
            principal,
            action: request.action.to_owned(),
            // aws: access-denied-without-resource
            resource: Some(request.resource.to_owned()).filter(|resource| resource != "*"),
            kind,
            is_explicit,
        });
        Self { reason }
    }
}

/// aws: access-denied-messages.
impl fmt::Display for AccessDenied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(reason) = &self.reason else { return f.write_str("Access Denied") };
        let Reason { principal, action, resource, kind, is_explicit } = reason;
        write!(f, "User: {principal} is not authorized to perform: {action}")?;
        if let Some(resource) = resource {
            // S3 writes it in quotes, other services do not.
            let quote = if action.starts_with("s3:") { "\"" } else { "" };
            write!(f, " on resource: {quote}{resource}{quote}")?;
        }
        let [name, with_article] = kind.words();
        if *is_explicit {
            write!(f, " with an explicit deny in {with_article}")
        } else {
            write!(f, " because no {name} allows the {action} action")
        }
    }
}

impl std::error::Error for AccessDenied {}
