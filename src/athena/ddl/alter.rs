//! `ALTER TABLE`.

use sqlparser::tokenizer::Token;

use super::cursor::Cursor;
use super::{create, failed, partition_values, table_name};
use crate::athena::catalog::{Catalog, Partition};
use crate::athena::error::{QueryError, Result};
use crate::athena::storage::{Location, Storage};

/// Changes a table; `ALTER TABLE` is taken already.
pub fn alter(mut cursor: Cursor, catalog: &mut Catalog, storage: &dyn Storage) -> Result<Vec<String>> {
    let (name, place) = table_name(&mut cursor, catalog)?;
    // A statement that fails changes nothing: the table is changed as a whole, at the end.
    let mut table = catalog.table(&name, place)?.clone();
    if cursor.take("ADD COLUMNS") {
        let mut names = table.all_columns().map(|column| column.name.clone()).collect();
        let columns = cursor.list(|cursor| create::column(cursor, &mut names))?;
        table.columns.extend(columns);
    } else if cursor.take("ADD") {
        let may_exist = cursor.take("IF NOT EXISTS");
        if !cursor.is("PARTITION") {
            return Err(cursor.unexpected("'PARTITION' or 'COLUMNS'"));
        }
        while cursor.take("PARTITION") {
            let place = cursor.place();
            let values = partition_values(&mut cursor, &table)?;
            let location = if cursor.take("LOCATION") {
                let place = cursor.place();
                let text = cursor.text()?;
                Location::existing(&text, storage).map_err(|error| QueryError { place, ..error })?;
                text
            } else {
                format!("{}{}/", Location::parse(&table.location)?, table.partition_name(&values))
            };
            // Commas between partitions are not needed, and do no harm.
            cursor.take_sign(&Token::Comma);
            if table.partitions.iter().any(|partition| partition.values == values) {
                if !may_exist {
                    let exception = format!(
                        "AlreadyExistsException(message:Partition already exists: {})",
                        table.partition_name(&values)
                    );
                    return Err(failed("PARTITION_ALREADY_EXISTS", place, &exception));
                }
            } else {
                table.partitions.push(Partition { values, location });
            }
        }
    } else if cursor.take("DROP") {
        let may_miss = cursor.take("IF EXISTS");
        loop {
            cursor.expect("PARTITION")?;
            let place = cursor.place();
            let values = partition_values(&mut cursor, &table)?;
            let at = table.partitions.iter().position(|partition| partition.values == values);
            match at {
                Some(at) => drop(table.partitions.remove(at)),
                None if may_miss => {}
                None => {
                    let message = format!("Partition not found: {}", table.partition_name(&values));
                    return Err(failed(
                        "PARTITION_NOT_FOUND",
                        place,
                        &format!("SemanticException {message}"),
                    ));
                }
            }
            if !cursor.take_sign(&Token::Comma) {
                break;
            }
        }
        cursor.take("PURGE");
    } else if cursor.take("SET TBLPROPERTIES") {
        table.properties.extend(cursor.properties()?);
        table.format = create::reformatted(&table)?;
        create::check_properties(&table)?;
    } else if cursor.take("SET LOCATION") {
        let place = cursor.place();
        table.location = cursor.text()?;
        Location::existing(&table.location, storage).map_err(|error| QueryError { place, ..error })?;
        create::check_properties(&table)?;
    } else {
        return Err(cursor.unexpected("'ADD', 'DROP', 'SET TBLPROPERTIES' or 'SET LOCATION'"));
    }
    cursor.finish()?;
    *catalog.table_mut(&name, place)? = table;
    Ok(Vec::new())
}
