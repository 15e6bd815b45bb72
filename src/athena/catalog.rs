//! What tables there are: the catalog that statements of DDL change, as Glue keeps it for Athena.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::{Place, QueryError, Result};
use super::projection::Projection;
use super::types::Type;

/// The name of the catalog.
pub const CATALOG: &str = "awsdatacatalog";
/// The database that names without one mean.
pub const DEFAULT_DATABASE: &str = "default";

/// Databases and their tables. All names are lower-case: they are found whatever their case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Catalog {
    /// The database that names without one mean.
    pub current: String,
    /// Databases by name.
    pub databases: BTreeMap<String, Database>,
}

/// A database.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Database {
    /// What was said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Its tables by name.
    #[serde(default)]
    pub tables: BTreeMap<String, Table>,
}

/// A table over objects.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Table {
    /// The database it is in.
    pub database: String,
    /// Its name.
    pub name: String,
    /// What was said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The columns that objects hold.
    pub columns: Vec<Column>,
    /// The columns that the places of objects hold.
    #[serde(default)]
    pub partition_keys: Vec<Column>,
    /// Where its objects are.
    pub location: String,
    /// What its objects are.
    pub format: Format,
    /// `TBLPROPERTIES`.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
    /// The partitions that were added to it.
    #[serde(default)]
    pub partitions: Vec<Partition>,
}

/// A column.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The name of its type as DDL has it, e.g. `string`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What was said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl Column {
    /// Its type. DDL accepts no column whose type has no meaning here.
    pub fn ty(&self) -> Type {
        self.type_name.parse().unwrap_or(Type::VARCHAR)
    }
}

/// What objects are.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Lines of text, with a character between their fields.
    Text {
        /// That character.
        delimiter: u8,
        /// How many lines at the start of each object are no rows.
        skip_header_lines: u64,
        /// The text that stands for no value.
        null: String,
    },
    /// Parquet files.
    Parquet,
}

/// A partition that was added to a table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Partition {
    /// A value for each of the table's partition keys.
    pub values: Vec<String>,
    /// Where its objects are.
    pub location: String,
}

/// The name of a table, lower-case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TableName {
    /// Its database.
    pub database: String,
    /// Its own name.
    pub table: String,
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.database, self.table)
    }
}

impl Default for Catalog {
    fn default() -> Self {
        let databases = BTreeMap::from_iter([(DEFAULT_DATABASE.to_owned(), Database::default())]);
        Self { current: DEFAULT_DATABASE.to_owned(), databases }
    }
}

impl Catalog {
    /// What a name of one, two or three parts means: `[[awsdatacatalog.]database.]table`.
    pub fn resolve(&self, parts: &[String], place: Option<Place>) -> Result<TableName> {
        let lower = |part: &String| part.to_ascii_lowercase();
        let (database, table) = match parts {
            [table] => (self.current.to_ascii_lowercase(), lower(table)),
            [database, table] => (lower(database), lower(table)),
            [catalog, database, table] if lower(catalog) == CATALOG => (lower(database), lower(table)),
            [catalog, _, _] => {
                let message =
                    format!("Catalog '{}' does not exist: the only one is {CATALOG}", lower(catalog));
                return Err(QueryError::at("CATALOG_NOT_FOUND", place, message));
            }
            parts => {
                let message = format!("Too many dots in table name: {}", parts.join("."));
                return Err(QueryError::at("SYNTAX_ERROR", place, message));
            }
        };
        Ok(TableName { database, table })
    }

    /// A database by its name.
    pub fn database(&self, name: &str) -> Option<&Database> {
        self.databases.get(&name.to_ascii_lowercase())
    }

    /// A table by its name.
    pub fn get(&self, name: &TableName) -> Option<&Table> {
        self.databases.get(&name.database)?.tables.get(&name.table)
    }

    /// A table that must be there.
    pub fn table(&self, name: &TableName, place: Option<Place>) -> Result<&Table> {
        self.get(name).ok_or_else(|| self.no_table(name, place))
    }

    /// A table that must be there, to change it.
    pub fn table_mut(&mut self, name: &TableName, place: Option<Place>) -> Result<&mut Table> {
        let missing = self.no_table(name, place);
        let database = self.databases.get_mut(&name.database);
        database.and_then(|database| database.tables.get_mut(&name.table)).ok_or(missing)
    }

    /// A database that must be there, to change it.
    pub fn database_mut(&mut self, name: &str, place: Option<Place>) -> Result<&mut Database> {
        let name = name.to_ascii_lowercase();
        let missing = QueryError::at("SCHEMA_NOT_FOUND", place, format!("Schema '{name}' does not exist"));
        self.databases.get_mut(&name).ok_or(missing)
    }

    fn no_table(&self, name: &TableName, place: Option<Place>) -> QueryError {
        if !self.databases.contains_key(&name.database) {
            return QueryError::at(
                "SCHEMA_NOT_FOUND",
                place,
                format!("Schema '{}' does not exist", name.database),
            );
        }
        QueryError::at("TABLE_NOT_FOUND", place, format!("Table '{CATALOG}.{name}' does not exist"))
    }
}

impl Table {
    /// Its name with that of its database.
    pub fn full_name(&self) -> TableName {
        TableName { database: self.database.clone(), table: self.name.clone() }
    }

    /// All columns in their order: those of objects, then the partition keys.
    pub fn all_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().chain(&self.partition_keys)
    }

    /// How partitions follow from properties, if they do (`projection.enabled`).
    pub fn projection(&self) -> Result<Option<Projection>> {
        Projection::of(self)
    }

    /// A partition's name, e.g. `year=2024/month=01`.
    pub fn partition_name(&self, values: &[String]) -> String {
        let parts = self.partition_keys.iter().zip(values);
        let parts = parts.map(|(key, value)| format!("{}={}", escape(&key.name), escape(value)));
        parts.collect::<Vec<_>>().join("/")
    }
}

/// A name or a value in a path, as Hive writes it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_control() || "\"#%'*/:=?\\{[]^".contains(c) {
            escaped.push_str(&format!("%{:02X}", c as u32));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_up_to_three_parts() {
        let catalog = Catalog::default();
        let name = |text: &str| {
            let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
            catalog.resolve(&parts, None).map(|name| name.to_string()).map_err(|error| error.code)
        };
        assert_eq!(name("T").unwrap(), "default.t");
        assert_eq!(name("Db.T").unwrap(), "db.t");
        assert_eq!(name("AwsDataCatalog.db.t").unwrap(), "db.t");
        assert_eq!(name("other.db.t").unwrap_err(), "CATALOG_NOT_FOUND");
        assert_eq!(name("a.b.c.d").unwrap_err(), "SYNTAX_ERROR");
    }

    #[test]
    fn a_catalog_is_kept_as_json() {
        let catalog = Catalog::default();
        let text = serde_json::to_string(&catalog).unwrap();
        assert_eq!(serde_json::from_str::<Catalog>(&text).unwrap(), catalog);
    }
}
