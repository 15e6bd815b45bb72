//! `{dns:NAME}` in a command on a host: the DNS name of an interface endpoint or an instance, which nobody can
//! know by heart.
//!
//! Knows the text and the model; the command itself is read by whoever runs it.

use std::ops::Range;

use super::resolve::resolve;
use crate::ids::{InstanceId, VpcEndpointId};
use crate::model::{EndpointKind, Model, VpcEndpoint, dns};

const BEGIN: &str = "{dns:";
const END: char = '}';

/// The names in a command, and where each placeholder stands.
pub fn names(typed: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    typed.match_indices(BEGIN).filter_map(move |(at, _)| {
        let name = &typed[at + BEGIN.len()..];
        let len = name.find(END)?;
        Some((at..at + BEGIN.len() + len + END.len_utf8(), &name[..len]))
    })
}

/// The command with something as long in place of each placeholder, to be checked before the names are known.
pub fn masked(typed: &str) -> String {
    let mut text = typed.to_owned();
    for (range, _) in names(typed) {
        text.replace_range(range.clone(), &"x".repeat(range.len()));
    }
    text
}

/// The command with the names that are known now; the error is the name that leads nowhere.
pub fn expand(typed: &str, model: &Model) -> Result<String, String> {
    let mut text = String::new();
    let mut behind = 0;
    for (range, name) in names(typed) {
        text.push_str(&typed[behind..range.start]);
        text.push_str(&dns_name(model, name).ok_or_else(|| name.to_owned())?);
        behind = range.end;
    }
    text.push_str(&typed[behind..]);
    Ok(text)
}

/// The regional name of an interface endpoint; of an instance its public name, or its private one if it has no public
/// address.
fn dns_name(model: &Model, name: &str) -> Option<String> {
    if let Ok(id) = resolve::<VpcEndpointId>(model, name, None) {
        let endpoint = model.endpoints.get(&id);
        let has_name = |endpoint: &&VpcEndpoint| matches!(endpoint.kind, EndpointKind::Interface { .. });
        return endpoint.filter(has_name).map(VpcEndpoint::regional_name);
    }
    let id = resolve::<InstanceId>(model, name, None).ok()?;
    let instance = model.instances.get(&id)?;
    let eni = model.enis.get(&instance.eni)?;
    let (region, own) = (instance.scope.region, eni.primary_ip());
    Some(match eni.public_of(own) {
        Some(public) => dns::public_name(region, public),
        None => dns::private_name(region, own),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found_and_masked() {
        let typed = "aws s3 ls --endpoint-url https://bucket.{dns:ToS3} {dns:";
        let found: Vec<(Range<usize>, &str)> = names(typed).collect();
        assert_eq!(found, [(40..50, "ToS3")]);
        assert_eq!(masked(typed), "aws s3 ls --endpoint-url https://bucket.xxxxxxxxxx {dns:");
        assert_eq!(expand("dig {dns:Nobody}", &Model::default()), Err("Nobody".to_owned()));
        assert_eq!(expand("dig example.com", &Model::default()), Ok("dig example.com".to_owned()));
    }
}
