//! Tables of DynamoDB and their items.

use super::{ApiError, Ec2, Result};
use crate::model::{AttributeValue, DynamoDbTable, Item, KeyAttribute};

/// Items have at most 400 KB (aws: dynamodb-item).
const ITEM_MAX: usize = 400 << 10;

/// Parameters of CreateTable.
#[derive(Clone, Debug)]
pub struct CreateTable {
    /// The table's name.
    pub table_name: String,
    /// The attributes that are described.
    pub attribute_definitions: Vec<KeyAttribute>,
    /// The names of the partition key, and of the sort key if there is one.
    pub key_schema: Vec<String>,
    /// Whether it is billed by request, or else how much it reads and writes is said.
    pub has_capacity: bool,
}

impl Ec2<'_> {
    /// Makes a table, which is there at once (aws: dynamodb-create-table).
    pub fn create_table(&mut self, request: CreateTable) -> Result<()> {
        let name = request.table_name;
        let is_name = (3..=255).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        if !is_name {
            return Err(validation(
                "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may \
                 contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'",
            ));
        }
        let defined = &request.attribute_definitions;
        let find = |name: &String| defined.iter().find(|attribute| attribute.name == *name).cloned();
        let Some(keys) = request.key_schema.iter().map(find).collect::<Option<Vec<_>>>() else {
            let names: Vec<&str> = defined.iter().map(|attribute| attribute.name.as_str()).collect();
            return Err(invalid_values(&format!(
                "Some index key attributes are not defined in AttributeDefinitions. Keys: [{}], \
                 AttributeDefinitions: [{}]",
                request.key_schema.join(", "),
                names.join(", ")
            )));
        };
        if keys.len() != defined.len() {
            return Err(invalid_values(
                "Number of attributes in KeySchema does not exactly match number of attributes defined in \
                 AttributeDefinitions",
            ));
        }
        if !(1..=2).contains(&keys.len()) {
            return Err(invalid_values("KeySchema must have one or two elements"));
        }
        if !request.has_capacity {
            return Err(invalid_values(
                "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
            ));
        }
        let key = self.table_key(&name);
        if self.model.dynamodb_tables.contains_key(&key) {
            return Err(ApiError::new("ResourceInUseException", format!("Table already exists: {name}")));
        }
        let (scope, created) = (self.caller, self.now);
        let table = DynamoDbTable { name, scope, created, keys, items: [].into() };
        self.model.dynamodb_tables.insert(key, table);
        Ok(())
    }

    /// Puts an item into a table, in place of the one with its key (aws: dynamodb-item).
    pub fn put_item(&mut self, table_name: &str, item: Item) -> Result<()> {
        let key = self.table_key(table_name);
        let table = self.model.dynamodb_tables.get_mut(&key).ok_or_else(no_such_table)?;
        let of_item = table.key_of(&item).map_err(|attribute| match item.get(&attribute.name) {
            None => invalid_values(&format!("Missing the key {} in the item", attribute.name)),
            Some(value) => invalid_values(&format!(
                "Type mismatch for key {} expected: {} actual: {}",
                attribute.name,
                attribute.kind.code(),
                value.code()
            )),
        })?;
        if let Some(at) = of_item.iter().position(is_empty) {
            return Err(invalid_values(&format!(
                "The AttributeValue for a key attribute cannot contain an empty string value. Key: {}",
                table.keys[at].name
            )));
        }
        if item.iter().map(|(name, value)| name.len() + size(value)).sum::<usize>() > ITEM_MAX {
            return Err(validation("Item size has exceeded the maximum allowed size"));
        }
        table.items.insert(of_item, item);
        Ok(())
    }

    /// What DynamoDB says of a document that is no item.
    pub fn not_an_item(&self) -> ApiError {
        validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
    }

    /// The item with a key, if there is one.
    pub fn get_item(&self, table_name: &str, key: &Item) -> Result<Option<&Item>> {
        let key_of_table = self.table_key(table_name);
        let table = self.model.dynamodb_tables.get(&key_of_table).ok_or_else(no_such_table)?;
        match table.key_of(key) {
            Ok(of_item) if key.len() == table.keys.len() => Ok(table.items.get(&of_item)),
            Ok(_) | Err(_) => Err(validation("The provided key element does not match the schema")),
        }
    }

    /// A table of the caller's in the region that is asked.
    pub fn describe_table(&self, table_name: &str) -> Result<&DynamoDbTable> {
        let table = self.model.dynamodb_tables.get(&self.table_key(table_name));
        table.ok_or_else(|| {
            let text = format!("Requested resource not found: Table: {table_name} not found");
            ApiError::new("ResourceNotFoundException", text)
        })
    }

    /// The caller's tables in the region that is asked, by name.
    pub fn list_tables(&self) -> Vec<&DynamoDbTable> {
        self.model.dynamodb_tables.values().filter(|table| table.scope == self.caller).collect()
    }

    fn table_key(&self, name: &str) -> (crate::model::Account, crate::model::Region, String) {
        (self.caller.account, self.caller.region, name.to_owned())
    }
}

fn no_such_table() -> ApiError {
    ApiError::new("ResourceNotFoundException", "Requested resource not found")
}

fn validation(message: &str) -> ApiError {
    ApiError::new("ValidationException", message)
}

fn invalid_values(what: &str) -> ApiError {
    validation(&format!("One or more parameter values were invalid: {what}"))
}

fn is_empty(value: &AttributeValue) -> bool {
    matches!(value, AttributeValue::String(text) | AttributeValue::Binary(text) if text.is_empty())
}

/// About how many bytes DynamoDB counts.
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::Binary(text) | AttributeValue::Number(text) | AttributeValue::String(text) => {
            text.len()
        }
        AttributeValue::Bool(_) | AttributeValue::Null => 1,
        AttributeValue::List(values) => 3 + values.iter().map(|value| 1 + size(value)).sum::<usize>(),
        AttributeValue::Map(members) => {
            3 + members.iter().map(|(name, value)| 1 + name.len() + size(value)).sum::<usize>()
        }
        AttributeValue::Set(_, texts) => texts.iter().map(String::len).sum(),
    }
}
