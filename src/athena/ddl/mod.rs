//! Statements that define tables, and those that show what is defined, in the dialect of Hive.

mod alter;
mod create;
mod cursor;
mod repair;
mod show;

use sqlparser::tokenizer::Token;

use self::cursor::Cursor;
use super::catalog::{Catalog, DEFAULT_DATABASE, Database, TableName};
use super::error::{Place, QueryError, Result};
use super::storage::Storage;

/// Whether a statement is one that [`execute`] runs: whether it is no query.
pub fn is_ddl(text: &str) -> bool {
    let keywords = ["CREATE", "ALTER", "MSCK", "SHOW", "DESCRIBE", "DESC", "DROP", "INSERT"];
    let others =
        ["UNLOAD", "DELETE", "UPDATE", "MERGE", "TRUNCATE", "USE", "SET", "GRANT", "REVOKE", "ANALYZE"];
    let first = cursor::first_keyword(text);
    first.is_some_and(|first| keywords.iter().chain(&others).any(|keyword| *keyword == first))
}

/// Runs a statement; the lines that it shows, with tabs between their columns.
pub fn execute(statement: &str, catalog: &mut Catalog, storage: &dyn Storage) -> Result<Vec<String>> {
    let mut cursor = Cursor::of(statement)?;
    let place = cursor.place();
    if cursor.take("CREATE") {
        create(cursor, place, catalog, storage)
    } else if cursor.take("DROP") {
        drop_something(cursor, catalog)
    } else if cursor.take("ALTER") {
        if !cursor.is("TABLE") {
            return Err(unsupported(place, "ALTER of anything but a TABLE"));
        }
        cursor.expect("TABLE")?;
        alter::alter(cursor, catalog, storage)
    } else if cursor.take("MSCK") {
        cursor.expect("REPAIR TABLE")?;
        let (name, place) = table_name(&mut cursor, catalog)?;
        cursor.finish()?;
        repair::repair(catalog.table_mut(&name, place)?, storage)
    } else if cursor.take("SHOW") {
        show::show(cursor, catalog)
    } else if cursor.take("DESCRIBE") || cursor.take("DESC") {
        show::describe(cursor, catalog)
    } else {
        let first = cursor::first_keyword(statement).unwrap_or_default();
        Err(unsupported(place, &first))
    }
}

fn unsupported(place: Option<Place>, what: &str) -> QueryError {
    let message = format!("{what} is not supported: tables are read, and nothing is written into them");
    QueryError::at("NOT_SUPPORTED", place, message)
}

/// An error in Hive's words.
fn failed(code: &'static str, place: Option<Place>, exception: &str) -> QueryError {
    let task = "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask.";
    QueryError::at(code, place, format!("{task} {exception}"))
}

/// The name of a table, and where it is written.
fn table_name(cursor: &mut Cursor, catalog: &Catalog) -> Result<(TableName, Option<Place>)> {
    let place = cursor.place();
    let parts = cursor.names()?;
    Ok((catalog.resolve(&parts, place)?, place))
}

fn create(
    mut cursor: Cursor,
    place: Option<Place>,
    catalog: &mut Catalog,
    storage: &dyn Storage,
) -> Result<Vec<String>> {
    if cursor.take("EXTERNAL TABLE") {
        return create::create_table(cursor, catalog, storage);
    }
    if cursor.take("DATABASE") || cursor.take("SCHEMA") {
        return create_database(cursor, catalog);
    }
    if cursor.is("VIEW") || cursor.take("OR REPLACE") {
        return Err(unsupported(place, "CREATE VIEW"));
    }
    if cursor.take("TABLE") {
        let mut is_select = false;
        while !cursor.is_done() && !is_select {
            is_select =
                cursor.take("AS") && (cursor.is("SELECT") || cursor.is("WITH") || cursor.is("VALUES"));
            cursor.skip();
        }
        if is_select {
            return Err(unsupported(place, "CREATE TABLE AS"));
        }
        let message = "CREATE TABLE without EXTERNAL makes a table that is written into, which is not supported: \
                       write CREATE EXTERNAL TABLE";
        return Err(QueryError::at("NOT_SUPPORTED", place, message));
    }
    Err(cursor.unexpected("'EXTERNAL TABLE', 'DATABASE' or 'SCHEMA'"))
}

fn create_database(mut cursor: Cursor, catalog: &mut Catalog) -> Result<Vec<String>> {
    let may_exist = cursor.take("IF NOT EXISTS");
    let place = cursor.place();
    let name = cursor.name()?;
    let comment = if cursor.take("COMMENT") { Some(cursor.text()?) } else { None };
    if cursor.take("LOCATION") {
        cursor.text()?;
    }
    if cursor.take("WITH DBPROPERTIES") {
        cursor.properties()?;
    }
    cursor.finish()?;
    if catalog.databases.contains_key(&name) {
        let exception = format!("AlreadyExistsException(message:Database {name} already exists)");
        return if may_exist {
            Ok(Vec::new())
        } else {
            Err(failed("SCHEMA_ALREADY_EXISTS", place, &exception))
        };
    }
    catalog.databases.insert(name, Database { comment, ..Database::default() });
    Ok(Vec::new())
}

fn drop_something(mut cursor: Cursor, catalog: &mut Catalog) -> Result<Vec<String>> {
    if cursor.take("TABLE") {
        let may_miss = cursor.take("IF EXISTS");
        let (name, place) = table_name(&mut cursor, catalog)?;
        cursor.take("PURGE");
        cursor.finish()?;
        if catalog.get(&name).is_none() {
            return if may_miss { Ok(Vec::new()) } else { catalog.table(&name, place).map(|_| Vec::new()) };
        }
        catalog.database_mut(&name.database, place)?.tables.remove(&name.table);
        return Ok(Vec::new());
    }
    if cursor.take("DATABASE") || cursor.take("SCHEMA") {
        let may_miss = cursor.take("IF EXISTS");
        let place = cursor.place();
        let name = cursor.name()?;
        let cascade = cursor.take("CASCADE");
        cursor.take("RESTRICT");
        cursor.finish()?;
        let Some(database) = catalog.databases.get(&name) else {
            return if may_miss {
                Ok(Vec::new())
            } else {
                catalog.database_mut(&name, place).map(|_| Vec::new())
            };
        };
        if !database.tables.is_empty() && !cascade {
            let exception = format!(
                "InvalidOperationException(message:Database {name} is not empty. One or more tables exist.) (say CASCADE to \
                 drop them too)"
            );
            return Err(failed("SCHEMA_NOT_EMPTY", place, &exception));
        }
        if name == DEFAULT_DATABASE {
            return Err(failed(
                "NOT_SUPPORTED",
                place,
                "MetaException(message:Can not drop default database)",
            ));
        }
        catalog.databases.remove(&name);
        return Ok(Vec::new());
    }
    if cursor.is("VIEW") {
        return Err(unsupported(cursor.place(), "DROP VIEW"));
    }
    Err(cursor.unexpected("'TABLE', 'DATABASE' or 'SCHEMA'"))
}

/// `(key='value', …)` of a partition: its values in the order of the table's keys, which must all be there.
fn partition_values(cursor: &mut Cursor, table: &super::catalog::Table) -> Result<Vec<String>> {
    let place = cursor.place();
    let given = cursor.list(|cursor| {
        let place = cursor.place();
        let key = cursor.name()?;
        if !table.partition_keys.iter().any(|column| column.name == key) {
            let keys: Vec<&str> = table.partition_keys.iter().map(|column| column.name.as_str()).collect();
            let keys =
                if keys.is_empty() { "none: it is not partitioned".to_owned() } else { keys.join(", ") };
            let message = format!("{key} is no partition key of {}; its keys are {keys}", table.full_name());
            return Err(QueryError::at("COLUMN_NOT_FOUND", place, message));
        }
        cursor.expect_sign(&Token::Eq)?;
        let place = cursor.place();
        Ok((key, cursor.constant()?, place))
    })?;
    let value = |key: &super::catalog::Column| {
        let Some((_, text, place)) = given.iter().find(|(name, _, _)| *name == key.name) else {
            let message = format!("the partition lacks a value for {}", key.name);
            return Err(QueryError::at("SYNTAX_ERROR", place, message));
        };
        super::partitions::value(key, text).map_err(|error| QueryError { place: *place, ..error })?;
        Ok(text.clone())
    };
    table.partition_keys.iter().map(value).collect()
}

#[cfg(test)]
mod tests;
