//! `aws dynamodb …`: tables and items.

use super::super::params::{Param, What, optional, required};
use super::{Operation, Service, answer, done};
use crate::api::CreateTable;
use crate::model::{KeyAttribute, KeyKind, item_from_json, table_arn};

const TABLE: Param = required("table-name", What::Text);
const DEFINITION: &[Param] =
    &[required("AttributeName", What::Text), required("AttributeType", What::Choice(&["B", "N", "S"]))];
const KEY: &[Param] =
    &[required("AttributeName", What::Text), required("KeyType", What::Choice(&["HASH", "RANGE"]))];
const UNITS: What = What::Number { min: 1, max: u32::MAX };
const CAPACITY: &[Param] = &[required("ReadCapacityUnits", UNITS), required("WriteCapacityUnits", UNITS)];

const DYNAMODB: Service = Service("dynamodb");

pub const OPERATIONS: &[Operation] = &[
    DYNAMODB.op(
        "create-table",
        "CreateTable",
        &[
            TABLE,
            required("attribute-definitions", What::Structures(DEFINITION)),
            required("key-schema", What::Structures(KEY)),
            optional("billing-mode", What::Choice(&["PAY_PER_REQUEST", "PROVISIONED"])),
            optional("provisioned-throughput", What::Structure(CAPACITY)),
        ],
        |call| {
            let name = call.needed("table-name");
            let definition = |tree: &super::Tree| {
                let kind = tree.text("AttributeType").and_then(KeyKind::of_code);
                Some(KeyAttribute { name: tree.text("AttributeName")?.to_owned(), kind: kind? })
            };
            let mut schema = call.structures("key-schema");
            // The partition key comes first.
            schema.sort_by_key(|key| key.text("KeyType").map(str::to_owned));
            let request = CreateTable {
                table_name: name.clone(),
                attribute_definitions: call
                    .structures("attribute-definitions")
                    .iter()
                    .filter_map(definition)
                    .collect(),
                key_schema: schema
                    .iter()
                    .filter_map(|key| key.text("AttributeName"))
                    .map(str::to_owned)
                    .collect(),
                has_capacity: call.text("billing-mode") == Some("PAY_PER_REQUEST")
                    || call.has("provisioned-throughput"),
            };
            call.call(|dynamodb| dynamodb.create_table(request))?;
            answer([("TableArn", table_arn(call.ec2.caller(), &name))])
        },
    ),
    DYNAMODB.op("put-item", "PutItem", &[TABLE, required("item", What::Json)], |call| {
        let (name, item) = (call.needed("table-name"), call.needed("item"));
        let item = serde_json::from_str(&item).ok().and_then(|item| item_from_json(&item));
        done(call.call(|dynamodb| match item {
            Some(item) => dynamodb.put_item(&name, item),
            None => Err(dynamodb.not_an_item()),
        }))
    }),
];
