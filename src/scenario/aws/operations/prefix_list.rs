//! Managed prefix lists.

use ipnet::Ipv4Net;

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required};
use super::{Call, Failure, Operation, TAGS, answer, describe as describes, done, op};
use crate::api::{Ec2, New};
use crate::ids::PrefixListId;

const LIST: Param = required("prefix-list-id", What::Name(NameKind::PrefixList));
const ENTRY: &[Param] = &[required("Cidr", What::Cidr), optional("Description", What::Text)];

pub const OPERATIONS: &[Operation] = &[
    op(
        "create-managed-prefix-list",
        "CreateManagedPrefixList",
        Some(NameKind::PrefixList),
        &[
            required("prefix-list-name", What::Text),
            required("max-entries", What::Number { min: 1, max: 1000 }),
            optional("address-family", What::Choice(&["IPv4"])),
            optional("entries", What::Structures(ENTRY)),
            TAGS,
        ],
        |call| {
            let name = call.text("prefix-list-name").expect("a required option is there");
            let (new, entries) = (New::named(name), blocks(call, "entries"));
            let max = call.count("max-entries").expect("a required option is there");
            let id = call.call(|ec2| ec2.create_managed_prefix_list(new, &entries, max))?;
            answer([("PrefixListId", id.to_string())])
        },
    ),
    op("delete-managed-prefix-list", "DeleteManagedPrefixList", None, &[LIST], |call| {
        let id = list(call)?;
        done(call.call(|ec2| ec2.delete_managed_prefix_list(id)))
    }),
    describes(
        "describe-managed-prefix-lists",
        "DescribeManagedPrefixLists",
        "PrefixLists",
        &[optional("prefix-list-ids", What::Names(NameKind::PrefixList))],
        |call| {
            call.ec2.meet_managed_prefix_lists(None);
            call.show("prefix-list-ids", Ec2::describe_managed_prefix_lists, describe::prefix_list)
        },
    ),
    describes("get-managed-prefix-list-entries", "GetManagedPrefixListEntries", "Entries", &[LIST], |call| {
        let id = list(call)?;
        let found = call.ec2.describe_managed_prefix_lists(&[id]).map_err(|error| call.refused(error))?;
        let entries = found.iter().flat_map(|list| &list.entries).map(describe::prefix_list_entry).collect();
        Ok(call.document(entries))
    }),
    op(
        "modify-managed-prefix-list",
        "ModifyManagedPrefixList",
        None,
        &[
            LIST,
            optional("add-entries", What::Structures(ENTRY)),
            optional("remove-entries", What::Structures(ENTRY)),
            // Versions are not kept.
            optional("current-version", What::Number { min: 1, max: u32::MAX }),
        ],
        |call| {
            let id = list(call)?;
            let (add, remove) = (blocks(call, "add-entries"), blocks(call, "remove-entries"));
            done(call.call(|ec2| ec2.modify_managed_prefix_list(id, &add, &remove)))
        },
    ),
];

fn list(call: &mut Call<'_, '_>) -> Result<PrefixListId, Failure> {
    let text = call.text("prefix-list-id").expect("a required option is there").to_owned();
    call.prefix_list(&text)
}

fn blocks(call: &Call<'_, '_>, option: &str) -> Vec<Ipv4Net> {
    let entries = call.structures(option);
    let block = |text: &str| text.parse().expect("checked when the command was read");
    entries.iter().filter_map(|entry| entry.text("Cidr")).map(block).collect()
}
