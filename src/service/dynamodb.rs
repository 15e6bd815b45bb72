//! DynamoDB: tables and items, asked and answered in JSON.

use serde_json::{Map, Value, json};

use super::auth::{self, Wanted};
use super::call::Call;
use super::{NOW, query, reply, text};
use crate::api::{ApiError, Ec2};
use crate::guest::{Answer, HeaderValue};
use crate::model::{DynamoDbTable, Item, Principal, Scope, item_from_json, item_to_json, table_arn};

/// What stands before the name of an action, in `X-Amz-Target`.
const TARGET: &str = "DynamoDB_20120810.";
/// The type of a document (aws: dynamodb-protocol).
const JSON: &str = "application/x-amz-json-1.0";
/// How many tables one answer lists (aws: dynamodb-list-tables).
const TABLES_MAX: usize = 100;

/// Why a request is not answered as wanted.
struct Refusal {
    /// Where the code is from.
    shape: &'static str,
    code: &'static str,
    message: String,
}

const CORAL: &str = "com.amazon.coral.service";
const VALIDATE: &str = "com.amazon.coral.validate";
const DYNAMODB: &str = "com.amazonaws.dynamodb.v20120810";

impl Refusal {
    fn of_coral(code: &'static str, message: impl Into<String>) -> Self {
        Self { shape: CORAL, code, message: message.into() }
    }

    fn validation(message: impl Into<String>) -> Self {
        Self { shape: VALIDATE, code: "ValidationException", message: message.into() }
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        let shape = if error.code == "ValidationException" { VALIDATE } else { DYNAMODB };
        Self { shape, code: error.code, message: error.message }
    }
}

pub fn answer(ec2: &mut Ec2<'_>, call: &Call<'_>) -> Answer {
    if matches!(call.request.method, "GET" | "HEAD") {
        // aws: dynamodb-healthy
        let body = format!("healthy: dynamodb.{}.amazonaws.com ", call.request.region);
        return send(call, if call.path == "/" { 200 } else { 404 }, None, body);
    }
    match act(ec2, call) {
        Ok(document) => send(call, 200, Some(JSON), document.to_string()),
        Err(Refusal { shape, code, message }) => {
            let mut document = Map::from_iter([("__type".to_owned(), json!(format!("{shape}#{code}")))]);
            // One of them is written with a capital letter.
            let name = if code == "AccessDeniedException" { "Message" } else { "message" };
            if !message.is_empty() {
                document.insert(name.to_owned(), json!(message));
            }
            send(call, 400, Some(JSON), Value::Object(document).to_string())
        }
    }
}

fn send(call: &Call<'_>, status: u16, content_type: Option<&str>, body: String) -> Answer {
    let mut headers = vec![("Server", text("Server")), ("Date", NOW)];
    headers.extend(content_type.map(|content_type| ("Content-Type", text(content_type))));
    headers.extend([
        ("Content-Length", HeaderValue::ContentLength),
        ("x-amzn-RequestId", text(call.request_id(52))),
        ("x-amz-crc32", text(crc32(body.as_bytes()).to_string())),
    ]);
    reply(status, headers, body)
}

/// An action with its name and what it does.
type Action = fn(&mut Asked<'_, '_>) -> Result<Value, Refusal>;

const ACTIONS: [(&str, Action); 4] = [
    ("DescribeTable", |asked| {
        let name = asked.table("dynamodb:DescribeTable")?;
        let scope = asked.scope;
        Ok(json!({ "Table": description(asked.ec2.of(scope).describe_table(&name)?) }))
    }),
    ("GetItem", |asked| {
        let name = asked.table("dynamodb:GetItem")?;
        let (key, scope) = (asked.item("Key")?, asked.scope);
        let ec2 = asked.ec2.of(scope);
        Ok(match ec2.get_item(&name, &key)? {
            Some(item) => json!({ "Item": item_to_json(item) }),
            None => json!({}),
        })
    }),
    ("ListTables", list_tables),
    ("PutItem", |asked| {
        let name = asked.table("dynamodb:PutItem")?;
        let (item, scope) = (asked.item("Item")?, asked.scope);
        asked.ec2.of(scope).put_item(&name, item)?;
        Ok(json!({}))
    }),
];

/// An action that somebody known asks for.
struct Asked<'c, 'm> {
    ec2: &'c mut Ec2<'m>,
    call: &'c Call<'c>,
    principal: Principal,
    /// Where the caller's tables are.
    scope: Scope,
    document: Value,
}

fn act(ec2: &mut Ec2<'_>, call: &Call<'_>) -> Result<Value, Refusal> {
    let name = call.header("x-amz-target").and_then(|target| target.strip_prefix(TARGET));
    let Some((_, act)) = ACTIONS.iter().find(|(known, _)| Some(*known) == name) else {
        return Err(Refusal::of_coral("UnknownOperationException", ""));
    };
    let principal = auth::principal(ec2.model(), call).map_err(|refusal| unrecognised(&refusal, call))?;
    let Some(account) = principal.account() else {
        let text = "Request is missing Authentication Token";
        return Err(Refusal::of_coral("MissingAuthenticationTokenException", text));
    };
    let document: Value = serde_json::from_slice(call.request.body).unwrap_or_default();
    if !document.is_object() {
        return Err(Refusal::of_coral("SerializationException", ""));
    }
    let scope = Scope { account, region: call.request.region };
    act(&mut Asked { ec2, call, principal, scope, document })
}

impl Asked<'_, '_> {
    /// The table the document names, if whoever asks may do that with it.
    fn table(&self, action: &str) -> Result<String, Refusal> {
        let Some(name) = self.document["TableName"].as_str() else {
            return Err(Refusal::validation(
                "The parameter 'TableName' is required but was not present in the request",
            ));
        };
        self.authorize(action, &table_arn(self.scope, name))?;
        Ok(name.to_owned())
    }

    fn authorize(&self, action: &str, resource: &str) -> Result<(), Refusal> {
        let resource_account = Some(self.scope.account);
        let principal = &self.principal;
        let wanted = Wanted { principal, action, resource, resource_account, resource_policy: None };
        // In these messages ARNs have no quotes.
        auth::authorize(self.ec2.model(), self.call, wanted)
            .map_err(|denied| Refusal::of_coral("AccessDeniedException", denied.to_string().replace('"', "")))
    }

    fn item(&self, member: &str) -> Result<Item, Refusal> {
        item_from_json(&self.document[member]).ok_or_else(|| {
            Refusal::validation(format!(
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes ({member})"
            ))
        })
    }
}

fn list_tables(asked: &mut Asked<'_, '_>) -> Result<Value, Refusal> {
    let Asked { document, scope, .. } = &*asked;
    let scope = *scope;
    let everything = table_arn(scope, "*");
    asked.authorize("dynamodb:ListTables", &everything)?;
    let limit =
        document.get("Limit").map(|limit| limit.as_u64().and_then(|limit| usize::try_from(limit).ok()));
    let limit = limit.map_or(TABLES_MAX, |limit| limit.unwrap_or(0));
    if !(1..=TABLES_MAX).contains(&limit) {
        return Err(Refusal::validation(
            "1 validation error detected: Value at 'limit' failed to satisfy constraint: Member must have value \
             greater than or equal to 1 and less than or equal to 100",
        ));
    }
    let after = document["ExclusiveStartTableName"].as_str().unwrap_or_default().to_owned();
    let ec2 = asked.ec2.of(scope);
    let tables = ec2.list_tables();
    let mut names = tables.iter().map(|table| table.name.as_str()).filter(|name| *name > after.as_str());
    let listed: Vec<&str> = names.by_ref().take(limit).collect();
    let mut answer = json!({ "TableNames": listed });
    if let (Some(_), Some(last)) = (names.next(), listed.last()) {
        answer["LastEvaluatedTableName"] = json!(last);
    }
    Ok(answer)
}

fn description(table: &DynamoDbTable) -> Value {
    let definitions =
        table.keys.iter().map(|key| json!({ "AttributeName": key.name, "AttributeType": key.kind.code() }));
    let schema = table
        .keys
        .iter()
        .zip(["HASH", "RANGE"])
        .map(|(key, kind)| json!({ "AttributeName": key.name, "KeyType": kind }));
    json!({
        "AttributeDefinitions": definitions.collect::<Value>(),
        "TableName": table.name,
        "KeySchema": schema.collect::<Value>(),
        "TableStatus": "ACTIVE",
        "CreationDateTime": table.created.unix_seconds(),
        "ProvisionedThroughput":
            { "NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0 },
        "TableSizeBytes": 0,
        "ItemCount": table.items.len(),
        "TableArn": table.arn(),
        "BillingModeSummary": { "BillingMode": "PAY_PER_REQUEST" },
        "DeletionProtectionEnabled": false,
    })
}

fn unrecognised(refusal: &auth::Refusal, call: &Call<'_>) -> Refusal {
    let invalid = |message: &str| Refusal::of_coral("InvalidSignatureException", message);
    match refusal {
        auth::Refusal::BadSignature | auth::Refusal::OtherPayload { .. } | auth::Refusal::NoPayloadHash => {
            invalid(query::BAD_SIGNATURE)
        }
        auth::Refusal::ExpiredToken => Refusal::of_coral(
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        auth::Refusal::InvalidToken | auth::Refusal::UnknownKey(_) => Refusal::of_coral(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        auth::Refusal::Malformed(_) | auth::Refusal::NoTime => Refusal::of_coral(
            "IncompleteSignatureException",
            "The request signature does not conform to AWS standards.",
        ),
        auth::Refusal::OtherRegion(_) => invalid("Credential should be scoped to a valid region."),
        auth::Refusal::OtherService(_) => invalid(&query::other_service(call)),
        auth::Refusal::Skewed { signed } => invalid(&query::skewed(signed, call)),
    }
}

/// The checksum by which clients see that an answer is whole (aws: dynamodb-protocol).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (crc & 1).wrapping_neg() & 0xedb8_8320)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_checksum_is_that_of_everybody() {
        assert_eq!(super::crc32(b"123456789"), 0xcbf4_3926);
    }
}
