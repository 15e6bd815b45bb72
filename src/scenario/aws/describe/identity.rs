//! Roles, attached policies, and instance profiles of instances.

use serde_json::{Value, json};

use super::{View, moment, text};
use crate::model::{Instance, Model, Role};

pub fn role(role: &Role) -> Value {
    json!({
        "Path": "/",
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn(),
        "CreateDate": moment(role.created),
        "AssumeRolePolicyDocument": serde_json::from_str::<Value>(role.trust.text()).expect("it was read"),
        "MaxSessionDuration": 3600,
    })
}

pub fn attached_policy(model: &Model, arn: &str) -> Value {
    let name = model.managed_policy(arn).map_or("", |policy| &policy.name);
    json!({ "PolicyName": name, "PolicyArn": arn })
}

/// The profile of an instance, if it still exists.
pub fn instance_profile(view: &View<'_>, instance: &Instance) -> Option<Value> {
    let profile = view.model.instance_profile_of(instance.id)?;
    Some(json!({ "Arn": profile.arn(), "Id": profile.id }))
}

pub fn profile_association(view: &View<'_>, instance: &Instance) -> Value {
    let mut document = json!({});
    if let Some((association, _)) = &instance.profile {
        document["AssociationId"] = text(association);
    }
    document["InstanceId"] = text(instance.id);
    super::put(&mut document, "IamInstanceProfile", instance_profile(view, instance));
    document["State"] = text("associated");
    document
}
