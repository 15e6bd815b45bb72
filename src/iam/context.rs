//! The keys of a request, which conditions compare and `${…}` stands for.

use super::{AccessRequest, ServiceRequest};
use crate::model::{Account, Model, Principal};

/// What a statement is compared with.
pub struct Context {
    pub caller: Caller,
    pub action: String,
    pub resource: String,
    /// Names in lower case: those of keys mean the same in any case (aws: condition-keys).
    keys: Vec<(&'static str, String)>,
}

/// Who asks, as far as statements name them.
pub enum Caller {
    Anonymous,
    Service(String),
    /// The account, and the ARNs of the identity and of its session.
    Somebody {
        account: Account,
        arns: [String; 2],
    },
}

impl Context {
    pub fn of(model: &Model, request: &AccessRequest<'_>) -> Self {
        let principal = request.principal;
        let caller = match (principal.account(), principal.identity_arn(), principal.arn()) {
            (Some(account), Some(identity), Some(session)) => {
                Caller::Somebody { account, arns: [identity, session] }
            }
            _ => Caller::Anonymous,
        };
        // aws: condition-keys-transport
        let mut keys = vec![("aws:securetransport", request.over_tls.to_string())];
        if let Some(arn) = principal.identity_arn() {
            keys.push(("aws:principalarn", arn));
        }
        if let Some(account) = principal.account() {
            keys.push(("aws:principalaccount", account.to_string()));
        }
        let kind = match principal {
            Principal::Anonymous => "Anonymous",
            Principal::Role { .. } => "AssumedRole",
            Principal::User { name, .. } => {
                keys.push(("aws:username", name.clone()));
                "User"
            }
        };
        keys.push(("aws:principaltype", kind.to_owned()));
        if let Some(owner) = request.resource_account.or(principal.account()) {
            keys.push(("aws:resourceaccount", owner.to_string()));
            keys.push(("s3:resourceaccount", owner.to_string()));
        }
        // aws: condition-keys-endpoint
        match request.endpoint {
            Some(id) => {
                keys.push(("aws:sourcevpce", id.to_string()));
                keys.push(("aws:vpcsourceip", request.source.to_string()));
                if let Some(endpoint) = model.endpoints.get(&id) {
                    keys.push(("aws:sourcevpc", endpoint.vpc.to_string()));
                }
            }
            None => keys.push(("aws:sourceip", request.source.to_string())),
        }
        Self { caller, action: request.action.to_owned(), resource: request.resource.to_owned(), keys }
    }

    /// A service that wants to do something by itself.
    pub fn of_service(request: &ServiceRequest<'_>) -> Self {
        let mut keys = Vec::new();
        if let Some((account, arn)) = &request.on_behalf_of {
            // aws: condition-keys-source
            keys.push(("aws:sourceaccount", account.to_string()));
            keys.push(("aws:sourcearn", arn.clone()));
        }
        if request.action == "s3:PutObject" {
            // aws: flow-log-bucket-policy
            keys.push(("s3:x-amz-acl", "bucket-owner-full-control".to_owned()));
        }
        Self {
            caller: Caller::Service(request.service.to_owned()),
            action: request.action.to_owned(),
            resource: request.resource.to_owned(),
            keys,
        }
    }

    /// The value of a key, if the request has it.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.keys.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.as_str())
    }
}
