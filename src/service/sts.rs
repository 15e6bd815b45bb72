//! STS: who somebody is.

use super::call::Call;
use super::query::{self, Outcome, Refusal};
use super::{NOW, reply, text};
use crate::api::Ec2;
use crate::guest::{Answer, HeaderValue};
use crate::model::Principal;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

pub fn answer(ec2: &mut Ec2<'_>, call: &Call<'_>) -> Answer {
    if call.request.method == "GET" && call.query.is_empty() {
        let headers = vec![
            ("x-amzn-RequestId", text(call.uuid())),
            ("Location", text("https://aws.amazon.com/iam")),
            ("Content-Length", HeaderValue::ContentLength),
            ("Date", NOW),
        ];
        return reply(302, headers, "");
    }
    query::answer(call, NAMESPACE, act(ec2, call))
}

/// Nobody needs a permission to ask who they are (aws: sts-get-caller-identity).
fn act(ec2: &mut Ec2<'_>, call: &Call<'_>) -> Outcome {
    let principal = query::principal(ec2.model(), call)?;
    if query::action(call).as_deref() != Some("GetCallerIdentity") {
        return Err(Refusal::unknown_action(call));
    }
    let account = principal.account().map(|account| account.to_string()).unwrap_or_default();
    let model = ec2.model();
    let user_id = match &principal {
        Principal::Anonymous => String::new(),
        Principal::Role { account, role, session } => {
            let role = model.roles.get(&(*account, role.clone()));
            format!("{}:{session}", role.map(|role| role.id.as_str()).unwrap_or_default())
        }
        Principal::User { account, name } => {
            model.users.get(&(*account, name.clone())).map(|user| user.id.clone()).unwrap_or_default()
        }
    };
    let arn = principal.arn().unwrap_or_default();
    Ok(Box::new(move |xml| {
        xml.text("Arn", &arn).text("UserId", &user_id).text("Account", &account);
    }))
}
