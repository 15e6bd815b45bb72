//! SNS: topics, and what is published on them.

use super::auth::{self, Wanted};
use super::call::Call;
use super::query::{self, Outcome, Refusal};
use crate::api::{ApiError, Ec2};
use crate::guest::Answer;
use crate::model::{Account, Principal, Scope};

const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

pub fn answer(ec2: &mut Ec2<'_>, call: &Call<'_>) -> Answer {
    query::answer(call, NAMESPACE, act(ec2, call))
}

fn act(ec2: &mut Ec2<'_>, call: &Call<'_>) -> Outcome {
    let principal = query::principal(ec2.model(), call)?;
    match query::action(call).as_deref() {
        Some("ListTopics") => list_topics(ec2, call, &principal),
        Some("Publish") => publish(ec2, call, &principal),
        Some(_) | None => Err(Refusal::unknown_action(call)),
    }
}

fn list_topics(ec2: &mut Ec2<'_>, call: &Call<'_>, principal: &Principal) -> Outcome {
    let region = call.request.region;
    let account = principal.account().ok_or_else(|| Refusal::unknown_action(call))?;
    authorize(ec2, call, principal, "SNS:ListTopics", &format!("arn:aws:sns:{region}:{account}:*"), account)?;
    let arns: Vec<String> =
        ec2.of(Scope { account, region }).list_topics().iter().map(|topic| topic.arn()).collect();
    Ok(Box::new(move |xml| {
        xml.element("Topics", "", |xml| {
            for arn in &arns {
                xml.element("member", "", |xml| {
                    xml.text("TopicArn", arn);
                });
            }
        });
    }))
}

/// The owner of a topic stands in its ARN; who may publish is asked before whether there is one.
fn publish(ec2: &mut Ec2<'_>, call: &Call<'_>, principal: &Principal) -> Outcome {
    let invalid = |what: &str| Refusal::new(400, "InvalidParameter", format!("Invalid parameter: {what}"));
    let arn = query::parameter(call, "TopicArn").or_else(|| query::parameter(call, "TargetArn"));
    let arn = arn.ok_or_else(|| invalid("TopicArn or TargetArn Reason: no value for required parameter"))?;
    let message = query::parameter(call, "Message").ok_or_else(|| invalid("Empty message"))?;
    let scope = scope_of(&arn).filter(|scope| scope.region == call.request.region);
    let scope = scope.ok_or_else(|| invalid("TopicArn"))?;
    authorize(ec2, call, principal, "SNS:Publish", &arn, scope.account)?;
    let id = ec2.of(scope).publish(&arn, &message).map_err(refused)?;
    Ok(Box::new(move |xml| {
        xml.text("MessageId", &id);
    }))
}

fn refused(error: ApiError) -> Refusal {
    Refusal::new(if error.code == "NotFound" { 404 } else { 400 }, error.code, error.message)
}

fn authorize(
    ec2: &Ec2<'_>,
    call: &Call<'_>,
    principal: &Principal,
    action: &str,
    resource: &str,
    owner: Account,
) -> Result<(), Refusal> {
    let wanted = Wanted { principal, action, resource, resource_account: Some(owner), resource_policy: None };
    auth::authorize(ec2.model(), call, wanted)
        .map_err(|denied| Refusal::denied("AuthorizationError", &denied))
}

fn scope_of(arn: &str) -> Option<Scope> {
    let ["arn", "aws", "sns", region, account, _] = arn.split(':').collect::<Vec<_>>()[..] else {
        return None;
    };
    Some(Scope { account: account.parse().ok()?, region: region.parse().ok()? })
}
