//! Whether conditions hold.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::context::Context;
use super::pattern::Pattern;
use crate::model::{Condition, Operator, Quantifier};

/// Whether a condition holds for a request: one of the values compares, or none if it is negated.
///
/// A key that the request has not compares with nothing, so what is negated holds (aws: condition-absent).
pub fn holds(condition: &Condition, has_variables: bool, context: &Context) -> bool {
    let found = context.get(&condition.key);
    if condition.operator == Operator::Null {
        let wants_null = condition.values.iter().any(|value| value.eq_ignore_ascii_case("true"));
        return found.is_none() == wants_null;
    }
    let Some(found) = found else {
        return match condition.quantifier {
            Some(Quantifier::All) => true,
            Some(Quantifier::Any) => condition.if_exists,
            None => condition.if_exists || condition.negated,
        };
    };
    let one_compares = condition
        .values
        .iter()
        .any(|value| compares(condition.operator, value, has_variables, context, found));
    one_compares != condition.negated
}

fn compares(operator: Operator, value: &str, has_variables: bool, context: &Context, found: &str) -> bool {
    let pattern = match has_variables {
        true => Pattern::with_variables(value, context),
        false => Some(Pattern::plain(value)),
    };
    let Some(pattern) = pattern else { return false };
    match operator {
        Operator::Arn => pattern.matches_arn(found),
        Operator::Bool => value.eq_ignore_ascii_case(found),
        Operator::IpAddress => {
            let block = value.parse::<Ipv4Net>().or_else(|_| value.parse::<Ipv4Addr>().map(Ipv4Net::from));
            let address = found.parse::<Ipv4Addr>();
            matches!((block, address), (Ok(block), Ok(address)) if block.contains(&address))
        }
        Operator::StringEquals => pattern.is(found, false),
        Operator::StringEqualsIgnoreCase => pattern.is(found, true),
        Operator::StringLike => pattern.matches(found),
        Operator::Null | Operator::Uncomparable => false,
    }
}
