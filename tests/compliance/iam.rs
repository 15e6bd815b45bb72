//! Who may do what: policies, roles, credentials, and what IAM says.

use std::time::Duration;

use vpclab::api::{Ec2, InstanceRole};
use vpclab::iam::{AccessRequest, authorize};
use vpclab::ids::{InstanceId, VpcEndpointId};
use vpclab::model::{Account, Credentials, Policy, Principal};
use vpclab::scenario;

use crate::lab::Lab;

const WORLD: &str = r#"
name: iam
region: ap-northeast-2
iam:
  policies:
    Own: { Version: "2012-10-17", Statement: { Effect: Allow, Action: "dynamodb:GetItem", Resource: "*" } }
  roles:
    Reader: { policies: [AmazonS3ReadOnlyAccess, Own] }
    Nothing: { trusts: ec2.amazonaws.com }
    Elsewhere: { trusts: vpc-flow-logs.amazonaws.com }
    Own:
      trust_policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
      inline:
        Mixed:
          Version: "2012-10-17"
          Statement:
            - { Effect: Allow, Action: ["S3:getobject", "sns:*"], Resource: ["arn:aws:s3:::Data/*", "arn:aws:sns:*"] }
            - { Effect: Allow, NotAction: ["s3:*", "sns:*", "sqs:*"], NotResource: "arn:aws:dynamodb:*:*:table/secret" }
            - { Effect: Deny, Action: "sns:Delete?opic", Resource: "*" }
  users:
    Operator:
      policies: [AmazonS3FullAccess]
      inline:
        Home: { Version: "2012-10-17", Statement: { Effect: Allow, Action: "sqs:*", Resource: "arn:aws:sqs:*:*:${aws:username}-*" } }
vpcs:
  V:
    cidr: 10.0.0.0/16
    id: vpc-111bbb22
    subnets: { S: { cidr: 10.0.0.0/24 } }
    route_tables: { T: { subnets: S } }
    endpoints: { Gate: { id: vpce-1a2b3c4d, service: s3, route_tables: T } }
    instances:
      reader: { id: i-0aaaaaaaaaaaaaaaa, role: Reader }
      nothing: { role: Nothing }
      elsewhere: { role: Elsewhere, metadata: { tokens: optional, hop_limit: 1 } }
      bare: {}
"#;

fn account(text: &str) -> Account {
    text.parse().expect("an account")
}

fn role(name: &str) -> Principal {
    let (role, session) = (name.to_owned(), "i-0d65729d6d09d2540".to_owned());
    Principal::Role { account: account("123456789012"), role, session }
}

fn user(name: &str) -> Principal {
    Principal::User { account: account("123456789012"), name: name.to_owned() }
}

/// A request in words: who, `action`, `resource`, and how it comes.
struct Asks<'a> {
    who: Principal,
    what: &'a str,
    resource: &'a str,
    bucket_policy: Option<&'a str>,
    owner: Option<&'a str>,
    endpoint: bool,
    from: &'a str,
}

impl<'a> Asks<'a> {
    fn of(who: Principal, what: &'a str, resource: &'a str) -> Self {
        Self { who, what, resource, bucket_policy: None, owner: None, endpoint: false, from: "198.51.100.7" }
    }

    /// `ok`, or the message.
    fn answer(&self, lab: &Lab) -> String {
        let policy: Option<Policy> = self.bucket_policy.map(|text| text.parse().expect("a policy"));
        let endpoint = lab.model.endpoints.keys().next().copied();
        let request = AccessRequest {
            principal: &self.who,
            action: self.what,
            resource: self.resource,
            resource_account: self.owner.map(account),
            resource_policy: policy.as_ref(),
            endpoint: endpoint.filter(|_| self.endpoint),
            source: self.from.parse().expect("an address"),
            over_tls: true,
        };
        authorize(&lab.model, &request).map_or_else(|denied| denied.to_string(), |()| "ok".to_owned())
    }

    fn is_allowed(&self, lab: &Lab) -> bool {
        self.answer(lab) == "ok"
    }
}

/// The endpoint gets another policy.
fn endpoint_policy(lab: &mut Lab, policy: &str) {
    lab.aws(&format!("ec2 modify-vpc-endpoint --vpc-endpoint-id Gate --policy-document '{policy}'"));
}

fn instance(lab: &Lab, name: &str) -> InstanceId {
    let found = lab.model.instances.values().find(|instance| instance.name.as_deref() == Some(name));
    found.expect("it is there").id
}

/// What the metadata service of an instance has now.
fn asked_by(lab: &mut Lab, name: &str) -> InstanceRole {
    let id = instance(lab, name);
    let scope = lab.model.instances[&id].scope;
    Ec2::new(&mut lab.model, scope, lab.now).instance_credentials(id).expect("the instance is there")
}

fn credentials(lab: &mut Lab, name: &str) -> Credentials {
    match asked_by(lab, name) {
        InstanceRole::Assumed { credentials, .. } => credentials,
        other @ (InstanceRole::None | InstanceRole::NotTrusting { .. }) => panic!("{name}: {other:?}"),
    }
}

fn check(lab: &mut Lab, table: &str) {
    for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (command, expected) = row.split_once(" =>").expect("a command and its answer");
        let came = lab.try_aws(command.trim()).map_or_else(|e| e, |()| "ok".to_owned());
        assert_eq!(came.trim_end(), expected.trim(), "{row}");
    }
}

#[test]
fn actions_ignore_case_resources_do_not_and_both_have_wildcards() {
    let lab = Lab::of(WORLD);
    for (action, resource, allowed) in [
        ("s3:GetObject", "arn:aws:s3:::Data/a/b", true),
        ("s3:GetObject", "arn:aws:s3:::data/a", false),
        ("s3:GetObjectAcl", "arn:aws:s3:::Data/a", false),
        ("sns:Publish", "arn:aws:sns:ap-northeast-2:123456789012:t", true),
        ("sns:DeleteTopic", "arn:aws:sns:ap-northeast-2:123456789012:t", false),
        ("dynamodb:GetItem", "arn:aws:dynamodb:ap-northeast-2:123456789012:table/orders", true),
        ("dynamodb:GetItem", "arn:aws:dynamodb:ap-northeast-2:123456789012:table/secret", false),
        ("sqs:SendMessage", "*", false),
    ] {
        assert_eq!(Asks::of(role("Own"), action, resource).is_allowed(&lab), allowed, "{action} {resource}");
    }
}

#[test]
fn managed_policies_allow_what_they_say() {
    let lab = Lab::of(WORLD);
    for (who, action, allowed) in [
        (role("Reader"), "s3:ListAllMyBuckets", true),
        (role("Reader"), "s3:GetObject", true),
        (role("Reader"), "s3:PutObject", false),
        (role("Reader"), "s3-object-lambda:GetObject", true),
        (role("Reader"), "dynamodb:GetItem", true),
        (role("Reader"), "dynamodb:PutItem", false),
        (user("Operator"), "s3:PutObject", true),
        (user("Operator"), "dynamodb:GetItem", false),
        (user("Nobody"), "s3:GetObject", false),
    ] {
        assert_eq!(Asks::of(who.clone(), action, "*").is_allowed(&lab), allowed, "{who} {action}");
    }
}

#[test]
fn variables_stand_for_what_the_request_has() {
    let lab = Lab::of(WORLD);
    for (who, queue, allowed) in [
        (user("Operator"), "Operator-jobs", true),
        (user("Operator"), "Other-jobs", false),
        (role("Own"), "Operator-jobs", false),
    ] {
        let resource = format!("arn:aws:sqs:ap-northeast-2:123456789012:{queue}");
        assert_eq!(Asks::of(who, "sqs:SendMessage", &resource).is_allowed(&lab), allowed, "{queue}");
    }
}

const ROLE: &str = "arn:aws:sts::123456789012:assumed-role/Nothing/i-0d65729d6d09d2540";
const BUCKET: &str = "arn:aws:s3:::bucket_name/k";

#[test]
fn messages_say_who_what_and_which_kind_of_policy() {
    let mut lab = Lab::of(WORLD);
    let denied = |lab: &Lab, resource| Asks::of(role("Nothing"), "s3:GetObject", resource).answer(lab);
    assert_eq!(
        Asks::of(role("Nothing"), "s3:ListAllMyBuckets", "*").answer(&lab),
        format!(
            "User: {ROLE} is not authorized to perform: s3:ListAllMyBuckets because no identity-based policy \
             allows the s3:ListAllMyBuckets action"
        )
    );
    assert_eq!(
        denied(&lab, BUCKET),
        format!(
            "User: {ROLE} is not authorized to perform: s3:GetObject on resource: \"{BUCKET}\" because no \
             identity-based policy allows the s3:GetObject action"
        )
    );
    let table = "arn:aws:dynamodb:ap-northeast-2:123456789012:table/orders";
    assert_eq!(
        Asks::of(role("Nothing"), "dynamodb:GetItem", table).answer(&lab),
        format!(
            "User: {ROLE} is not authorized to perform: dynamodb:GetItem on resource: {table} because no \
             identity-based policy allows the dynamodb:GetItem action"
        )
    );
    let deny = r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}"#;
    let explicit = |kind: &str| {
        format!(
            "User: {ROLE} is not authorized to perform: s3:GetObject on resource: \"{BUCKET}\" with an \
             explicit deny in {kind} policy"
        )
    };
    let by_bucket = Asks { bucket_policy: Some(deny), ..Asks::of(role("Nothing"), "s3:GetObject", BUCKET) };
    assert_eq!(by_bucket.answer(&lab), explicit("a resource-based"));
    lab.aws(r#"iam put-role-policy --role-name Nothing --policy-name D --policy-document '{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}'"#);
    // The denial of the identity is said first.
    assert_eq!(by_bucket.answer(&lab), explicit("an identity-based"));
    lab.aws("iam delete-role-policy --role-name Nothing --policy-name D");
    endpoint_policy(&mut lab, deny);
    let through = Asks { endpoint: true, ..Asks::of(role("Nothing"), "s3:GetObject", BUCKET) };
    assert_eq!(through.answer(&lab), explicit("a VPC endpoint"));
    endpoint_policy(
        &mut lab,
        r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"*"}}"#,
    );
    assert_eq!(
        through.answer(&lab),
        format!(
            "User: {ROLE} is not authorized to perform: s3:GetObject on resource: \"{BUCKET}\" because no VPC \
             endpoint policy allows the s3:GetObject action"
        )
    );
}

#[test]
fn other_accounts_and_strangers_are_told_nothing() {
    let lab = Lab::of(WORLD);
    let allow = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}}"#;
    let to_account = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"s3:GetObject","Resource":"*"}}"#;
    let to_role = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/Nothing"},"Action":"s3:GetObject","Resource":"*"}}"#;
    let to_root = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"s3:GetObject","Resource":"*"}}"#;
    let all_but = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"},{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::123456789012:role/Reader"},"Action":"s3:*","Resource":"*"}]}"#;
    let (own, other) = (Some("123456789012"), Some("222222222222"));
    let plain = "Access Denied";
    let why = format!(
        "User: {ROLE} is not authorized to perform: s3:GetObject on resource: \"{BUCKET}\" because no \
         identity-based policy allows the s3:GetObject action"
    );
    for (who, owner, policy, expected) in [
        // Within an account one of the two is enough; what is given to the account is not.
        (role("Nothing"), own, None, why.as_str()),
        (role("Nothing"), own, Some(to_role), "ok"),
        (role("Nothing"), own, Some(allow), "ok"),
        (role("Nothing"), own, Some(to_account), &why),
        (role("Nothing"), own, Some(to_root), &why),
        (role("Reader"), own, Some(to_root), "ok"),
        (role("Reader"), own, Some(to_role), "ok"),
        // Across accounts it takes both.
        (role("Nothing"), other, Some(allow), plain),
        (role("Reader"), other, None, plain),
        (role("Reader"), other, Some(to_role), plain),
        (role("Reader"), other, Some(to_account), "ok"),
        (role("Reader"), other, Some(all_but), "ok"),
        (user("Operator"), other, Some(all_but), plain),
        // Who is nobody needs a policy that says everybody.
        (Principal::Anonymous, own, None, plain),
        (Principal::Anonymous, own, Some(to_account), plain),
        (Principal::Anonymous, own, Some(allow), "ok"),
    ] {
        let asks = Asks { owner, bucket_policy: policy, ..Asks::of(who.clone(), "s3:GetObject", BUCKET) };
        assert_eq!(asks.answer(&lab), expected, "{who} {owner:?} {policy:?}");
    }
}

#[test]
fn conditions_compare_what_the_request_has() {
    let lab = Lab::of(WORLD);
    // Whether a bucket policy with the condition lets somebody in, from outside and through the endpoint.
    for (condition, outside, through) in [
        (r#"{"StringEquals":{"aws:sourceVpce":"vpce-1a2b3c4d"}}"#, false, true),
        (r#"{"StringEquals":{"AWS:SOURCEVPCE":["vpce-0","vpce-1a2b3c4d"]}}"#, false, true),
        (r#"{"StringNotEquals":{"aws:sourceVpce":"vpce-1a2b3c4d"}}"#, true, false),
        (r#"{"StringNotEquals":{"aws:sourceVpce":["vpce-0","vpce-1a2b3c4d"]}}"#, true, false),
        (r#"{"StringEqualsIfExists":{"aws:sourceVpce":"vpce-0"}}"#, true, false),
        (r#"{"StringEqualsIgnoreCase":{"aws:sourceVpc":"VPC-111BBB22"}}"#, false, true),
        (r#"{"StringNotEqualsIgnoreCase":{"aws:sourceVpc":"VPC-111BBB22"}}"#, true, false),
        (r#"{"StringEquals":{"aws:sourceVpc":"VPC-111BBB22"}}"#, false, false),
        (r#"{"StringLike":{"aws:sourceVpc":"vpc-???bbb*"}}"#, false, true),
        (r#"{"StringEquals":{"aws:sourceVpc":"vpc-*"}}"#, false, false),
        (r#"{"StringNotLike":{"aws:sourceVpc":"vpc-1*"}}"#, true, false),
        (r#"{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}"#, true, false),
        (r#"{"IpAddress":{"aws:SourceIp":"198.51.100.7"}}"#, true, false),
        (r#"{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}"#, false, true),
        (r#"{"IpAddress":{"aws:VpcSourceIp":"198.51.100.0/24"}}"#, false, true),
        (r#"{"NotIpAddress":{"aws:VpcSourceIp":"10.0.0.0/16"}}"#, true, true),
        (r#"{"IpAddress":{"aws:SourceIp":"no block"}}"#, false, false),
        (r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/Not*"}}"#, true, true),
        (r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Nothing"}}"#, true, true),
        (r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Nothing"}}"#, false, false),
        (r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/Other"}}"#, false, false),
        (r#"{"StringEquals":{"aws:PrincipalAccount":"123456789012"}}"#, true, true),
        (r#"{"StringEquals":{"s3:ResourceAccount":"123456789012"}}"#, true, true),
        (r#"{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}}"#, true, true),
        (r#"{"StringEquals":{"aws:ResourceAccount":"${aws:Unknown}"}}"#, false, false),
        (r#"{"StringEquals":{"aws:ResourceAccount":"${aws:Unknown, '123456789012'}"}}"#, true, true),
        (r#"{"Null":{"aws:sourceVpce":"true"}}"#, true, false),
        (r#"{"Null":{"aws:sourceVpce":false}}"#, false, true),
        (r#"{"Bool":{"aws:SecureTransport":"true"}}"#, true, true),
        (r#"{"Bool":{"aws:SecureTransport":false}}"#, false, false),
        (r#"{"ForAnyValue:StringEquals":{"aws:sourceVpc":"vpc-111bbb22"}}"#, false, true),
        (r#"{"ForAllValues:StringEquals":{"aws:sourceVpc":"vpc-111bbb22"}}"#, true, true),
        (r#"{"StringEquals":{"aws:Unknown":"x"}}"#, false, false),
        (r#"{"StringNotEquals":{"aws:Unknown":"x"}}"#, true, true),
        (r#"{"NumericLessThan":{"s3:max-keys":10}}"#, false, false),
        (r#"{"NumericNotEquals":{"s3:max-keys":10}}"#, true, true),
        // All operators and keys must hold.
        (r#"{"StringEquals":{"aws:sourceVpc":"vpc-111bbb22","aws:sourceVpce":"vpce-0"}}"#, false, false),
        (r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"},"Null":{"aws:SourceIp":"true"}}"#, false, false),
    ] {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{condition}}}}}"#
        );
        let asks = Asks { bucket_policy: Some(&policy), ..Asks::of(role("Nothing"), "s3:GetObject", BUCKET) };
        assert_eq!(asks.is_allowed(&lab), outside, "from outside: {condition}");
        let asks = Asks { endpoint: true, ..asks };
        assert_eq!(asks.is_allowed(&lab), through, "through the endpoint: {condition}");
    }
}

#[test]
fn an_endpoint_policy_keeps_others_out_and_lets_nobody_in() {
    let mut lab = Lab::of(WORLD);
    let through = |who, action, resource| Asks { endpoint: true, ..Asks::of(who, action, resource) };
    // Without a policy of its own it allows everything, and so gives nothing.
    assert!(through(role("Reader"), "s3:ListAllMyBuckets", "*").is_allowed(&lab));
    assert!(!through(role("Nothing"), "s3:ListAllMyBuckets", "*").is_allowed(&lab));
    // One bucket only.
    endpoint_policy(
        &mut lab,
        r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:ListBucket","s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::bucket_name","arn:aws:s3:::bucket_name/*"]}]}"#,
    );
    for (action, resource, allowed) in [
        ("s3:ListBucket", "arn:aws:s3:::bucket_name", true),
        ("s3:GetObject", "arn:aws:s3:::bucket_name/k", true),
        ("s3:GetObject", "arn:aws:s3:::other/k", false),
        ("s3:ListAllMyBuckets", "*", false),
        ("s3:PutObject", "arn:aws:s3:::bucket_name/k", false),
    ] {
        assert_eq!(through(role("Reader"), action, resource).is_allowed(&lab), allowed, "{action}");
    }
    assert!(through(user("Operator"), "s3:PutObject", "arn:aws:s3:::bucket_name/k").is_allowed(&lab));
    // One role only.
    endpoint_policy(
        &mut lab,
        r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/Reader"}}}]}"#,
    );
    assert!(through(role("Reader"), "s3:ListAllMyBuckets", "*").is_allowed(&lab));
    assert!(!through(user("Operator"), "s3:ListAllMyBuckets", "*").is_allowed(&lab));
    // Whoever does not come through the endpoint is not asked.
    assert!(Asks::of(user("Operator"), "s3:ListAllMyBuckets", "*").is_allowed(&lab));
    lab.aws("ec2 modify-vpc-endpoint --vpc-endpoint-id Gate --reset-policy");
    assert!(through(user("Operator"), "s3:ListAllMyBuckets", "*").is_allowed(&lab));
    // One that is gone lets nothing through.
    let gone = lab.model.endpoints.keys().next().copied().expect("it is there");
    lab.aws("ec2 delete-vpc-endpoints --vpc-endpoint-ids Gate");
    let (principal, source) = (role("Reader"), "10.0.0.4".parse().expect("an address"));
    let request = AccessRequest {
        principal: &principal,
        action: "s3:ListAllMyBuckets",
        resource: "*",
        resource_account: None,
        resource_policy: None,
        endpoint: Some(gone),
        source,
        over_tls: true,
    };
    assert!(authorize(&lab.model, &request).is_err());
}

#[test]
fn a_bucket_can_be_closed_to_all_but_an_endpoint_a_vpc_or_a_range() {
    let lab = Lab::of(WORLD);
    for (condition, from, outside, through) in [
        (r#"{"StringNotEquals":{"aws:sourceVpce":"vpce-1a2b3c4d"}}"#, "10.0.0.4", false, true),
        (r#"{"StringNotEquals":{"aws:sourceVpce":"vpce-0"}}"#, "10.0.0.4", false, false),
        (r#"{"StringNotEquals":{"aws:sourceVpc":"vpc-111bbb22"}}"#, "10.0.0.4", false, true),
        (r#"{"NotIpAddress":{"aws:VpcSourceIp":"172.31.0.0/16"}}"#, "172.31.0.4", false, true),
        (r#"{"NotIpAddress":{"aws:VpcSourceIp":"172.31.0.0/16"}}"#, "10.0.0.4", false, false),
    ] {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Principal":"*","Action":["s3:PutObject","s3:GetObject","s3:DeleteObject"],"Resource":["arn:aws:s3:::bucket_name","arn:aws:s3:::bucket_name/*"],"Condition":{condition}}}]}}"#
        );
        let asks =
            Asks { bucket_policy: Some(&policy), from, ..Asks::of(user("Operator"), "s3:GetObject", BUCKET) };
        assert_eq!(asks.is_allowed(&lab), outside, "from outside: {condition}");
        let asks = Asks { endpoint: true, ..asks };
        assert_eq!(asks.is_allowed(&lab), through, "through the endpoint: {condition}");
        // What is not named stays open.
        let list = Asks { what: "s3:ListBucket", ..asks };
        assert!(list.is_allowed(&lab));
    }
}

#[test]
fn policies_of_endpoints_are_checked() {
    let mut lab = Lab::of(WORLD);
    let long = "x".repeat(20_480);
    let invalid = "InvalidPolicyDocument:";
    let everybody = r#""Effect":"Allow","Action":"*""#;
    for (policy, expected) in [
        (format!(r#"{{"Statement":{{{everybody},"Principal":"*","Resource":"*"}}}}"#), "ok"),
        (format!(r#"{{"Statement":{{{everybody},"Principal":{{"AWS":"*"}},"Resource":"*"}}}}"#), "ok"),
        (format!(r#"{{"Statement":{{{everybody},"Principal":"*"}}}}"#), invalid),
        (format!(r#"{{"Statement":{{{everybody},"Resource":"*"}}}}"#), invalid),
        (
            format!(r#"{{"Statement":{{{everybody},"Principal":{{"AWS":"123456789012"}},"Resource":"*"}}}}"#),
            invalid,
        ),
        (format!(r#"{{"Id":"{long}","Statement":{{{everybody},"Principal":"*","Resource":"*"}}}}"#), invalid),
        (r#"{"Statement":{}}"#.to_owned(), invalid),
    ] {
        let command = format!("ec2 modify-vpc-endpoint --vpc-endpoint-id Gate --policy-document '{policy}'");
        let came = lab.try_aws(&command).map_or_else(|error| error, |()| "ok".to_owned());
        assert_eq!(came.trim_end(), expected, "{:.100}", policy);
    }
    let own =
        r#"{"Statement":{"Effect":"Allow","Action":"*","Principal":{"AWS":"123456789012"},"Resource":"*"}}"#;
    check(
        &mut lab,
        &format!(
            "
            ec2 create-vpc-endpoint --vpc-id V --vpc-endpoint-type Interface --service-name com.amazonaws.ap-northeast-2.kms --subnet-ids S --no-private-dns-enabled --policy-document '{own}' => ok
            ec2 create-vpc-endpoint --vpc-id V --service-name com.amazonaws.ap-northeast-2.dynamodb --route-table-ids T --policy-document '{own}' => InvalidPolicyDocument:
            ec2 modify-vpc-endpoint --vpc-endpoint-id Gate --reset-policy --policy-document '{own}' => InvalidParameterCombination:"
        ),
    );
}

#[test]
fn an_instance_gets_new_credentials_before_the_old_ones_expire() {
    let mut lab = Lab::of(WORLD);
    let first = credentials(&mut lab, "reader");
    let session = lab.model.credentials(&first.access_key_id).expect("it is known").clone();
    assert_eq!(
        session.principal.arn().as_deref(),
        Some("arn:aws:sts::123456789012:assumed-role/Reader/i-0aaaaaaaaaaaaaaaa")
    );
    assert_eq!(session.principal.identity_arn().as_deref(), Some("arn:aws:iam::123456789012:role/Reader"));
    assert!(first.access_key_id.starts_with("ASIA") && first.token.is_some());
    let expires = first.expires.expect("it ends");
    assert_eq!(expires.since(first.issued), Duration::from_secs(6 * 3600));
    lab.wait(6 * 3600 - 301);
    assert_eq!(credentials(&mut lab, "reader"), first);
    lab.wait(1);
    let second = credentials(&mut lab, "reader");
    assert_ne!(second.access_key_id, first.access_key_id);
    assert!(!session.is_expired(lab.now), "the old ones are good for five minutes");
    lab.wait(300);
    assert!(session.is_expired(lab.now));
    assert!(lab.model.credentials("ASIAAAAAAAAAAAAAAAAA").is_none());
}

#[test]
fn the_same_names_give_the_same_keys() {
    assert_eq!(credentials(&mut Lab::of(WORLD), "reader"), credentials(&mut Lab::of(WORLD), "reader"));
    let lab = Lab::of(WORLD);
    let principal = user("Operator");
    let keys: Vec<&Credentials> = lab.model.access_keys_of(&principal).collect();
    let [key] = keys.as_slice() else { panic!("a user of a scenario has one key: {keys:?}") };
    assert!(key.access_key_id.starts_with("AKIA") && key.token.is_none() && key.expires.is_none());
    assert_eq!(lab.model.credentials(&key.access_key_id).map(|s| &s.principal), Some(&principal));
}

#[test]
fn a_role_that_does_not_trust_ec2_gives_an_instance_nothing() {
    let mut lab = Lab::of(WORLD);
    assert_eq!(asked_by(&mut lab, "bare"), InstanceRole::None);
    let not_trusting = InstanceRole::NotTrusting { role: "Elsewhere".to_owned() };
    assert_eq!(asked_by(&mut lab, "elsewhere"), not_trusting);
    let trust = |service: &str| {
        format!(
            r#"iam update-assume-role-policy --role-name Elsewhere --policy-document '{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":["{service}"]}},"Action":"sts:AssumeRole"}}]}}'"#
        )
    };
    lab.aws(&trust("ec2.amazonaws.com"));
    assert!(matches!(asked_by(&mut lab, "elsewhere"), InstanceRole::Assumed { .. }));
    lab.aws(&trust("lambda.amazonaws.com"));
    assert_eq!(asked_by(&mut lab, "elsewhere"), not_trusting);
}

#[test]
fn instances_have_one_profile_and_profiles_one_role() {
    let mut lab = Lab::of(WORLD);
    let existing = format!("There is an existing association for instance {}", instance(&lab, "reader"));
    check(
        &mut lab,
        &format!(
            "
            ec2 associate-iam-instance-profile --instance-id reader --iam-instance-profile Name=Nothing => IncorrectState: {existing}
            ec2 associate-iam-instance-profile --instance-id bare --iam-instance-profile Name=Gone => InvalidParameterValue: Value (Gone) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name
            ec2 disassociate-iam-instance-profile --association-id bare => InvalidAssociationID.NotFound:
            ec2 disassociate-iam-instance-profile --association-id iip-assoc-0123456789abcdef0 => InvalidAssociationID.NotFound:
            iam create-instance-profile --instance-profile-name P => ok
            iam create-instance-profile --instance-profile-name P => EntityAlreadyExists: Instance Profile P already exists.
            ec2 associate-iam-instance-profile --instance-id bare --iam-instance-profile Arn=arn:aws:iam::123456789012:instance-profile/P => ok"
        ),
    );
    // A profile without a role.
    assert_eq!(asked_by(&mut lab, "bare"), InstanceRole::None);
    check(
        &mut lab,
        "
        iam add-role-to-instance-profile --instance-profile-name P --role-name Reader => ok
        iam add-role-to-instance-profile --instance-profile-name P --role-name Own => LimitExceeded: Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1
        iam add-role-to-instance-profile --instance-profile-name Q --role-name Own => NoSuchEntity: Instance Profile Q cannot be found.
        iam delete-instance-profile --instance-profile-name P => DeleteConflict: Cannot delete entity, must remove roles from instance profile first.",
    );
    assert!(matches!(asked_by(&mut lab, "bare"), InstanceRole::Assumed { role, .. } if role == "Reader"));
    check(
        &mut lab,
        "
        ec2 replace-iam-instance-profile-association --association-id bare --iam-instance-profile Name=Own => ok
        ec2 describe-iam-instance-profile-associations --association-ids bare reader => ok
        ec2 describe-iam-instance-profile-associations => ok",
    );
    assert!(matches!(asked_by(&mut lab, "bare"), InstanceRole::Assumed { role, .. } if role == "Own"));
    check(
        &mut lab,
        "
        ec2 disassociate-iam-instance-profile --association-id bare => ok
        iam remove-role-from-instance-profile --instance-profile-name P --role-name Own => NoSuchEntity:
        iam remove-role-from-instance-profile --instance-profile-name P --role-name Reader => ok
        iam delete-instance-profile --instance-profile-name P => ok
        ec2 terminate-instances --instance-ids reader => ok",
    );
    assert_eq!(asked_by(&mut lab, "bare"), InstanceRole::None);
}

#[test]
fn metadata_options_are_those_of_the_image_until_they_are_changed() {
    let mut lab = Lab::of(WORLD);
    let options = |lab: &Lab, name: &str| {
        let options = lab.model.instances[&instance(lab, name)].metadata;
        (options.endpoint_enabled, options.tokens_required, options.hop_limit)
    };
    assert_eq!(options(&lab, "bare"), (true, true, 2));
    assert_eq!(options(&lab, "elsewhere"), (true, false, 1));
    lab.aws("ec2 modify-instance-metadata-options --instance-id bare --http-put-response-hop-limit 64");
    lab.aws("ec2 modify-instance-metadata-options --instance-id bare --http-tokens optional --http-endpoint disabled");
    assert_eq!(options(&lab, "bare"), (false, false, 64));
    lab.aws("ec2 run-instances --subnet-id S --iam-instance-profile Name=Reader --metadata-options HttpTokens=optional --tag-specifications ResourceType=instance,Tags=[{Key=Name,Value=new}]");
    assert_eq!(options(&lab, "new"), (true, false, 2));
    assert!(matches!(asked_by(&mut lab, "new"), InstanceRole::Assumed { .. }));
    let refused = vpclab::scenario::aws::parse(
        "ec2 modify-instance-metadata-options --instance-id bare --http-put-response-hop-limit 65",
    );
    assert!(refused.is_err());
}

#[test]
fn iam_refuses_in_its_own_words() {
    let mut lab = Lab::of(WORLD);
    check(
        &mut lab,
        r#"
        iam get-role --role-name X => NoSuchEntity: The role with name X cannot be found.
        iam create-role --role-name Reader --assume-role-policy-document '{}' => EntityAlreadyExists: Role with name Reader already exists.
        iam create-role --role-name X --assume-role-policy-document '{}' => MalformedPolicyDocument: Syntax errors in policy.
        iam create-role --role-name X --assume-role-policy-document '{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}}' => MalformedPolicyDocument: Has prohibited field Resource
        iam create-role --role-name X --assume-role-policy-document '{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}' => MalformedPolicyDocument:
        iam create-role --role-name X --assume-role-policy-document '{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*"}}' => MalformedPolicyDocument: AssumeRole policy may only specify STS AssumeRole actions.
        iam create-role --role-name a/b --assume-role-policy-document '{}' => ValidationError:
        iam attach-role-policy --role-name Reader --policy-arn arn:aws:iam::aws:policy/Nothing => NoSuchEntity: Policy arn:aws:iam::aws:policy/Nothing does not exist or is not attachable.
        iam detach-role-policy --role-name Reader --policy-arn AmazonS3FullAccess => NoSuchEntity: Policy arn:aws:iam::aws:policy/AmazonS3FullAccess was not found.
        iam put-role-policy --role-name Reader --policy-name P --policy-document '{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}' => MalformedPolicyDocument: Policy document should not specify a principal.
        iam put-role-policy --role-name Reader --policy-name P --policy-document '{"Statement":{"Effect":"Allow","Action":"*"}}' => MalformedPolicyDocument: Policy statement must contain resources.
        iam put-role-policy --role-name Reader --policy-name P --policy-document '{"Statement":{"Effect":"Allow","Action":"GetObject","Resource":"*"}}' => MalformedPolicyDocument: Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.
        iam put-role-policy --role-name Reader --policy-name P --policy-document '{"Statement":{"Effect":"Allow","Action":"*","Resource":"b"}}' => MalformedPolicyDocument: Resource b must be in ARN format or "*".
        iam put-role-policy --role-name Reader --policy-name P --policy-document '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringIs":{"a":"b"}}}}' => MalformedPolicyDocument: Syntax errors in policy.
        iam delete-role-policy --role-name Reader --policy-name P => NoSuchEntity: The role policy with name P cannot be found.
        iam create-policy --policy-name Own --policy-document '{}' => EntityAlreadyExists: A policy called Own already exists. Duplicate names are not allowed.
        iam create-user --user-name Operator => EntityAlreadyExists: User with name Operator already exists.
        iam attach-user-policy --user-name X --policy-arn Own => NoSuchEntity: The user with name X cannot be found.
        iam create-access-key --user-name Operator => ok
        iam create-access-key --user-name Operator => LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2
        "#,
    );
    let long = "x".repeat(6_144);
    for (command, expected) in [
        (
            "create-policy --policy-name P",
            "LimitExceeded: Cannot exceed quota for PolicySize: 6144".to_owned(),
        ),
        (
            "put-user-policy --user-name Operator --policy-name P",
            "LimitExceeded: Maximum policy size of 2048 bytes exceeded for user Operator".to_owned(),
        ),
        ("put-role-policy --role-name Reader --policy-name P", "ok".to_owned()),
        (
            "put-role-policy --role-name Reader --policy-name Q",
            "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role Reader".to_owned(),
        ),
    ] {
        let document =
            format!(r#"{{"Id":"{long}","Statement":{{"Effect":"Allow","Action":"*","Resource":"*"}}}}"#);
        let came = lab.try_aws(&format!("iam {command} --policy-document '{document}'"));
        assert_eq!(came.map_or_else(|error| error, |()| "ok".to_owned()), expected, "{command}");
    }
}

#[test]
fn a_role_is_deleted_when_nothing_belongs_to_it() {
    let mut lab = Lab::of(WORLD);
    lab.aws(r#"iam put-role-policy --role-name Reader --policy-name P --policy-document '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'"#);
    check(
        &mut lab,
        "
        iam delete-role --role-name Reader => DeleteConflict: Cannot delete entity, must remove roles from instance profile first.
        iam remove-role-from-instance-profile --instance-profile-name Reader --role-name Reader => ok
        iam delete-role --role-name Reader => DeleteConflict: Cannot delete entity, must detach all policies first.
        iam detach-role-policy --role-name Reader --policy-arn AmazonS3ReadOnlyAccess => ok
        iam detach-role-policy --role-name Reader --policy-arn arn:aws:iam::123456789012:policy/Own => ok
        iam delete-role --role-name Reader => DeleteConflict: Cannot delete entity, must delete policies first.
        iam delete-role-policy --role-name Reader --policy-name P => ok
        iam delete-role --role-name Reader => ok
        iam delete-role --role-name Reader => NoSuchEntity: The role with name Reader cannot be found.",
    );
    // Whoever still has its credentials may do nothing any more.
    assert!(!Asks::of(role("Reader"), "s3:ListAllMyBuckets", "*").is_allowed(&lab));
    let before = lab.model.roles.len();
    lab.aws(r#"iam create-role --role-name Reader --assume-role-policy-document '{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}'"#);
    assert_eq!(lab.model.roles.len(), before + 1);
}

#[test]
fn mistakes_in_policies_and_names_have_places() {
    let yaml = r#"
name: mistakes
iam:
  roles:
    A: { policies: [AmazonS3ReadOnlyAcces] }
    B: { trusts: ec2 }
    C: { inline: { P: { Statement: { Effect: allow, Action: "*", Resource: "*" } } } }
    D: { inline: { P: { Statement: { Effect: Allow, Action: "*" } } } }
    E: { inline: { P: "{" } }
    F: { trust_policy: { Statement: [{ Effect: Allow, Action: "s3:*", Principal: "*", Condition: { Like: {} } }] } }
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: { S: { cidr: 10.0.0.0/24 } }
    route_tables: { T: {} }
    endpoints:
      G: { service: s3, route_tables: T, policy: { Statement: { Effect: Allow, Action: "*", Resource: "*", Principal: { AWS: "123456789012" } } } }
    instances:
      a: { role: F, metadata: { tokens: sometimes, hop_limit: 65 } }
steps:
  - aws: iam attach-role-policy --role-name Z --policy-arn AmazonS3Full
  - aws: iam create-role --role-name New --assume-role-policy-document file://trust.json
  - aws: iam frobnicate
  - aws: s3 ls
"#;
    let problems = scenario::load(yaml).expect_err("it has mistakes");
    let mut said: Vec<String> = problems
        .as_slice()
        .iter()
        .map(|problem| {
            let line = yaml[..problem.span.start].lines().count();
            format!("{line}: {}", problem.message)
        })
        .collect();
    said.sort();
    let expected = "\
10: this is no policy: there is no condition operator `Like`
17: EC2 refuses this: InvalidPolicyDocument
19: expected a whole number from 1 to 64, found `65`
19: unknown use of tokens `sometimes`
21: unknown managed policy `AmazonS3Full`
21: unknown role `Z`
22: `--assume-role-policy-document` wants a document as JSON, in single quotes, found `file://trust.json`
23: `aws iam` has no command `frobnicate` here
24: there is no service `s3` here
5: unknown managed policy `AmazonS3ReadOnlyAcces`
6: `ec2` is no service of AWS
7: this is no policy: `Effect` wants `Allow` or `Deny`
8: IAM refuses this: Policy statement must contain resources.
9: this is no policy: it is not JSON";
    assert_eq!(said.join("\n"), expected);
}

#[test]
fn what_iam_knows_can_be_looked_at() {
    let mut lab = Lab::of(WORLD);
    let scope = lab.model.vpcs[0].scope;
    let mut document = |command: &str| {
        let parsed = vpclab::scenario::aws::parse(command).expect("a command");
        let output = parsed.run(&mut Ec2::new(&mut lab.model, scope, lab.now), None).expect("it succeeds");
        output.document.expect("a document")
    };
    let role = &document("iam get-role --role-name Nothing")["Role"];
    assert_eq!(role["Arn"], "arn:aws:iam::123456789012:role/Nothing");
    assert_eq!(role["CreateDate"], "2024-06-28T09:00:00+00:00");
    assert_eq!(role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"], "ec2.amazonaws.com");
    assert_eq!(role["RoleId"].as_str().map(|id| (id.len(), &id[..4])), Some((21, "AROA")));
    assert_eq!(
        document("iam list-attached-role-policies --role-name Reader").to_string(),
        r#"{"AttachedPolicies":[{"PolicyName":"AmazonS3ReadOnlyAccess","PolicyArn":"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"},{"PolicyName":"Own","PolicyArn":"arn:aws:iam::123456789012:policy/Own"}]}"#
    );
    let instance =
        &document("ec2 describe-instances --instance-ids reader")["Reservations"][0]["Instances"][0];
    assert_eq!(instance["IamInstanceProfile"]["Arn"], "arn:aws:iam::123456789012:instance-profile/Reader");
    assert_eq!(instance["MetadataOptions"]["HttpTokens"], "required");
    let endpoint = &document("ec2 describe-vpc-endpoints")["VpcEndpoints"][0];
    assert_eq!(
        endpoint["PolicyDocument"],
        r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#
    );
    assert_eq!(endpoint["VpcEndpointId"], "vpce-1a2b3c4d".parse::<VpcEndpointId>().unwrap().to_string());
    let associations = document("ec2 describe-iam-instance-profile-associations --association-ids nothing");
    let association = &associations["IamInstanceProfileAssociations"][0];
    assert_eq!(association["State"], "associated");
    assert!(association["AssociationId"].as_str().is_some_and(|id| id.starts_with("iip-assoc-")));
}
