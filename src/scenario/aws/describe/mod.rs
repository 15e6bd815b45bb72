//! What the commands that describe print: AWS's JSON, with AWS's members in AWS's order.
//!
//! Knows the model and the layout. Members of which the simulation knows nothing are left out, and of
//! tags there is only `Name`.

mod filters;
mod gateways;
mod identity;
mod interfaces;
mod logs;
mod routing;
mod transit_gateway;
mod vpc;

use serde_json::{Value, json};

pub use filters::{network_acl, prefix_list, prefix_list_entry, security_group};
pub use gateways::{
    address, customer_gateway, endpoint, internet_gateway, nat_gateway, vpn_connection, vpn_gateway,
};
pub use identity::{attached_policy, instance_profile, profile_association, role};
pub use interfaces::{instance, interface};
pub use logs::{flow_log, log_group, log_stream};
pub use routing::{peering, route_table};
pub use transit_gateway::{
    attachment, transit_gateway, transit_gateway_routes, transit_gateway_table, vpc_attachment,
};
pub use vpc::{dhcp_options, subnet, vpc, vpc_attribute};

use crate::api::Ec2;
use crate::ids::VpcId;
use crate::model::{Account, Model, Scope};
use crate::time::Instant;

/// What is looked at, by whom and when.
pub struct View<'a> {
    pub model: &'a Model,
    pub caller: Scope,
    pub now: Instant,
}

impl<'a> View<'a> {
    pub fn of(ec2: &'a Ec2<'_>) -> Self {
        View { model: ec2.model(), caller: ec2.caller(), now: ec2.now() }
    }

    /// The owner of a VPC; one that is gone was the caller's.
    fn owner(&self, vpc: VpcId) -> Account {
        self.model.vpcs.get(&vpc).map_or(self.caller.account, |vpc| vpc.scope.account)
    }
}

/// An id, an address, a block: whatever AWS prints as a text.
fn text(value: impl ToString) -> Value {
    Value::String(value.to_string())
}

fn texts<T: ToString>(values: impl IntoIterator<Item = T>) -> Value {
    Value::Array(values.into_iter().map(text).collect())
}

fn tags(name: Option<&str>) -> Value {
    name.map_or_else(|| json!([]), |name| json!([{ "Key": "Name", "Value": name }]))
}

/// A moment as the CLI prints it, `2024-07-05T09:00:00+00:00`.
fn moment(at: Instant) -> Value {
    let seconds = i64::try_from(at.unix_seconds()).expect("virtual time stays below the year 2554");
    let at = jiff::Timestamp::from_second(seconds).expect("virtual time is within jiff's range");
    text(at.to_string().replace('Z', "+00:00"))
}

/// Adds a member, if there is something to say.
fn put(object: &mut Value, member: &str, value: Option<Value>) {
    if let Some(value) = value {
        object[member] = value;
    }
}
