//! `aws iam …`: roles, users, instance profiles and policies.

use serde_json::{Map, Value};

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required};
use super::{Call, Failure, Operation, Output, Service, answer, done};
use crate::api::{ApiError, Holder, Iam};
use crate::model::Model;

const ROLE: Param = required("role-name", What::Name(NameKind::Role));
const USER: Param = required("user-name", What::Name(NameKind::User));
const PROFILE: Param = required("instance-profile-name", What::Name(NameKind::InstanceProfile));
const POLICY_ARN: Param = required("policy-arn", What::Name(NameKind::ManagedPolicy));
const POLICY_NAME: Param = required("policy-name", What::Text);
const POLICY_DOCUMENT: Param = required("policy-document", What::Json);
const DESCRIPTION: Param = optional("description", What::Text);

const IAM: Service = Service("iam");

pub const OPERATIONS: &[Operation] = &[
    IAM.op("add-role-to-instance-profile", "AddRoleToInstanceProfile", &[PROFILE, ROLE], |call| {
        let (profile, role) = (call.needed("instance-profile-name"), call.needed("role-name"));
        done(call.iam(|iam| iam.add_role_to_instance_profile(&profile, &role)))
    }),
    IAM.op("attach-role-policy", "AttachRolePolicy", &[ROLE, POLICY_ARN], |call| {
        let (role, arn) = (call.needed("role-name"), call.policy_arn());
        done(call.iam(|iam| iam.attach_policy(Holder::Role(&role), &arn)))
    }),
    IAM.op("attach-user-policy", "AttachUserPolicy", &[USER, POLICY_ARN], |call| {
        let (user, arn) = (call.needed("user-name"), call.policy_arn());
        done(call.iam(|iam| iam.attach_policy(Holder::User(&user), &arn)))
    }),
    IAM.op("create-access-key", "CreateAccessKey", &[USER], |call| {
        let user = call.needed("user-name");
        let key = call.iam(|iam| iam.create_access_key(&user))?;
        answer([("AccessKeyId", key.access_key_id), ("SecretAccessKey", key.secret_access_key)])
    }),
    IAM.op(
        "create-instance-profile",
        "CreateInstanceProfile",
        &[required("instance-profile-name", What::Text)],
        |call| {
            let name = call.needed("instance-profile-name");
            let arn = call.iam(|iam| {
                iam.create_instance_profile(&name)?;
                iam.get_instance_profile(&name).map(|profile| profile.arn())
            })?;
            answer([("Arn", arn)])
        },
    ),
    IAM.op("create-policy", "CreatePolicy", &[POLICY_NAME, POLICY_DOCUMENT, DESCRIPTION], |call| {
        let (name, document) = (call.needed("policy-name"), call.needed("policy-document"));
        answer([("Arn", call.iam(|iam| iam.create_policy(&name, &document))?)])
    }),
    IAM.op(
        "create-role",
        "CreateRole",
        &[
            required("role-name", What::Text),
            required("assume-role-policy-document", What::Json),
            DESCRIPTION,
        ],
        |call| {
            let (name, document) = (call.needed("role-name"), call.needed("assume-role-policy-document"));
            let arn = call.iam(|iam| {
                iam.create_role(&name, &document)?;
                iam.get_role(&name).map(|role| role.arn())
            })?;
            answer([("Arn", arn)])
        },
    ),
    IAM.op("create-user", "CreateUser", &[required("user-name", What::Text)], |call| {
        let name = call.needed("user-name");
        let arn = call.iam(|iam| {
            iam.create_user(&name)?;
            iam.get_user(&name).map(|user| user.arn())
        })?;
        answer([("Arn", arn)])
    }),
    IAM.op("delete-instance-profile", "DeleteInstanceProfile", &[PROFILE], |call| {
        let name = call.needed("instance-profile-name");
        done(call.iam(|iam| iam.delete_instance_profile(&name)))
    }),
    IAM.op("delete-role", "DeleteRole", &[ROLE], |call| {
        let name = call.needed("role-name");
        done(call.iam(|iam| iam.delete_role(&name)))
    }),
    IAM.op("delete-role-policy", "DeleteRolePolicy", &[ROLE, POLICY_NAME], |call| {
        let (role, name) = (call.needed("role-name"), call.needed("policy-name"));
        done(call.iam(|iam| iam.delete_inline_policy(Holder::Role(&role), &name)))
    }),
    IAM.op("delete-user-policy", "DeleteUserPolicy", &[USER, POLICY_NAME], |call| {
        let (user, name) = (call.needed("user-name"), call.needed("policy-name"));
        done(call.iam(|iam| iam.delete_inline_policy(Holder::User(&user), &name)))
    }),
    IAM.op("detach-role-policy", "DetachRolePolicy", &[ROLE, POLICY_ARN], |call| {
        let (role, arn) = (call.needed("role-name"), call.policy_arn());
        done(call.iam(|iam| iam.detach_policy(Holder::Role(&role), &arn)))
    }),
    IAM.op("detach-user-policy", "DetachUserPolicy", &[USER, POLICY_ARN], |call| {
        let (user, arn) = (call.needed("user-name"), call.policy_arn());
        done(call.iam(|iam| iam.detach_policy(Holder::User(&user), &arn)))
    }),
    IAM.describe("get-role", "GetRole", "Role", &[ROLE], |call| {
        let name = call.needed("role-name");
        let role = call.iam(|iam| iam.get_role(&name).map(describe::role))?;
        Ok(call.one(role))
    }),
    IAM.describe(
        "list-attached-role-policies",
        "ListAttachedRolePolicies",
        "AttachedPolicies",
        &[ROLE],
        |call| {
            let name = call.needed("role-name");
            let policies = call.iam(|iam| iam.policies_of(Holder::Role(&name)).cloned())?;
            let attached = policies.attached.iter().map(|arn| describe::attached_policy(call.model(), arn));
            let attached = attached.collect();
            Ok(call.one(Value::Array(attached)))
        },
    ),
    IAM.op("put-role-policy", "PutRolePolicy", &[ROLE, POLICY_NAME, POLICY_DOCUMENT], |call| {
        let (role, name) = (call.needed("role-name"), call.needed("policy-name"));
        let document = call.needed("policy-document");
        done(call.iam(|iam| iam.put_policy(Holder::Role(&role), &name, &document)))
    }),
    IAM.op("put-user-policy", "PutUserPolicy", &[USER, POLICY_NAME, POLICY_DOCUMENT], |call| {
        let (user, name) = (call.needed("user-name"), call.needed("policy-name"));
        let document = call.needed("policy-document");
        done(call.iam(|iam| iam.put_policy(Holder::User(&user), &name, &document)))
    }),
    IAM.op("remove-role-from-instance-profile", "RemoveRoleFromInstanceProfile", &[PROFILE, ROLE], |call| {
        let (profile, role) = (call.needed("instance-profile-name"), call.needed("role-name"));
        done(call.iam(|iam| iam.remove_role_from_instance_profile(&profile, &role)))
    }),
    IAM.op("update-assume-role-policy", "UpdateAssumeRolePolicy", &[ROLE, POLICY_DOCUMENT], |call| {
        let (role, document) = (call.needed("role-name"), call.needed("policy-document"));
        done(call.iam(|iam| iam.update_assume_role_policy(&role, &document)))
    }),
];

/// The managed policy that an ARN or a name stands for; an account's own comes before AWS's.
pub fn policy_arn(model: &Model, account: crate::model::Account, text: &str) -> String {
    let own = format!("arn:aws:iam::{account}:policy/{text}");
    if text.starts_with("arn:") {
        text.to_owned()
    } else if model.managed_policy(&own).is_some() {
        own
    } else {
        format!("arn:aws:iam::aws:policy/{text}")
    }
}

impl Call<'_, '_> {
    /// Calls an operation of IAM.
    fn iam<T>(&mut self, call: impl FnOnce(&mut Iam<'_>) -> Result<T, ApiError>) -> Result<T, Failure> {
        self.call(|ec2| call(&mut ec2.iam()))
    }

    /// The text of a required option.
    pub(super) fn needed(&self, option: &str) -> String {
        self.text(option).expect("a required option is there").to_owned()
    }

    fn policy_arn(&self) -> String {
        policy_arn(self.model(), self.ec2.caller().account, &self.needed("policy-arn"))
    }

    /// The answer of a command that looks at one thing.
    fn one(&self, value: Value) -> Output {
        let member = self.command.operation.describes.expect("a command that describes");
        let document = Map::from_iter([(member.to_owned(), value)]);
        Output { fields: Vec::new(), document: Some(Value::Object(document)) }
    }
}
