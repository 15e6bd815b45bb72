//! Samples.

use std::collections::BTreeMap;
use std::rc::Rc;

#[test]
fn scratch() {
    let Ok(paths) = std::env::var("CFN_FILES") else { return };
    for path in paths.split_whitespace() {
        let text = std::fs::read_to_string(path).unwrap();
        let set: BTreeMap<String, String> = std::env::var("CFN_SET").unwrap_or_default().split(';').filter_map(|one| one.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        let name = path.rsplit('/').next().unwrap();
        let mut out = format!("=== {path}\n");
        match super::read(&Rc::from(name), &text, &set) {
            Ok(reading) => {
                let i = &reading.inventory;
                let full = std::env::var("CFN_FULL").is_ok();
                if full { out += &format!("{i:#?}\n"); }
                out += &format!("vpcs {} subnets {} tables {} routes {} acls {} groups {} eni {} inst {} igw {} nat {} eip {} peer {} ep {} pl {} tgw {} att {} ttab {} vgw {} cgw {} vpn {} fl {}\n", i.vpcs.len(), i.subnets.len(), i.route_tables.len(), i.route_tables.iter().map(|t| t.routes.len()).sum::<usize>(), i.network_acls.len(), i.security_groups.len(), i.interfaces.len(), i.instances.len(), i.internet_gateways.len(), i.nat_gateways.len(), i.addresses.len(), i.peerings.len(), i.endpoints.len(), i.prefix_lists.len(), i.transit_gateways.len(), i.transit_attachments.len(), i.transit_tables.len(), i.vpn_gateways.len(), i.customer_gateways.len(), i.vpn_connections.len(), i.flow_logs.len());
                for n in reading.notices { out += &format!("  {:?} {}: {}\n", n.loss, n.place, n.message); }
            }
            Err(troubles) => for t in troubles { out += &format!("  TROUBLE {}: {} [hint: {:?}]\n", t.place, t.message, t.hint); }
        }
        std::fs::write("/tmp/cfn-out.txt", std::fs::read_to_string("/tmp/cfn-out.txt").unwrap_or_default() + &out).unwrap();
    }
}
