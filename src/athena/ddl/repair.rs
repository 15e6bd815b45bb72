//! `MSCK REPAIR TABLE`: partitions that follow from the names of folders.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::athena::catalog::{Partition, Table};
use crate::athena::error::Result;
use crate::athena::partitions;
use crate::athena::storage::{Location, Storage};

/// Adds the partitions whose folders, `key=value/` for each key, are under the table's location.
pub fn repair(table: &mut Table, storage: &dyn Storage) -> Result<Vec<String>> {
    let location = Location::existing(&table.location, storage)?;
    let keys = table.partition_keys.len();
    // The folders in which partitions might be, and their values if they are of Hive's form.
    let mut folders: BTreeMap<String, Option<Vec<String>>> = BTreeMap::new();
    for object in location.objects(storage) {
        let path = &object.key[location.prefix.len()..];
        let parts: Vec<&str> = path.split('/').collect();
        if keys == 0 || parts.len() <= keys {
            continue;
        }
        let folder = parts[..keys].join("/");
        folders.entry(folder).or_insert_with(|| values(table, &parts[..keys]));
    }
    let is_there =
        |values: &Vec<String>| table.partitions.iter().any(|partition| partition.values == *values);
    let missing: Vec<(String, Option<Vec<String>>)> =
        folders.into_iter().filter(|(_, values)| !values.as_ref().is_some_and(is_there)).collect();
    let gone = table.partitions.iter().filter(|partition| {
        let location = Location::parse(&partition.location);
        location.is_ok_and(|location| location.objects(storage).is_empty())
    });
    let gone: Vec<String> =
        gone.map(|partition| format!("{}:{}", table.name, table.partition_name(&partition.values))).collect();
    let mut lines = Vec::new();
    if !missing.is_empty() {
        let names = missing.iter().map(|(folder, _)| format!("{}:{folder}", table.name));
        lines.push(format!("Partitions not in metastore:\t{}", names.collect::<Vec<_>>().join("\t")));
    }
    if !gone.is_empty() {
        lines.push(format!("Partitions missing from filesystem:\t{}", gone.join("\t")));
    }
    for (folder, values) in missing {
        // A folder of another form is told of, and stays unknown: its partition must be added by ALTER TABLE.
        let Some(values) = values else { continue };
        lines.push(format!("Repair: Added partition to metastore {}:{folder}", table.name));
        table.partitions.push(Partition { values, location: format!("{location}{folder}/") });
    }
    Ok(lines)
}

/// The values that folders name, if each has its key and a value of its type.
fn values(table: &Table, folders: &[&str]) -> Option<Vec<String>> {
    let pairs = table.partition_keys.iter().zip(folders);
    let value = |(key, folder): (&crate::athena::catalog::Column, &&str)| {
        let (name, value) = folder.split_once('=').filter(|(name, _)| *name == key.name)?;
        debug_assert_eq!(name, key.name, "it was filtered");
        let value = percent_decode_str(value).decode_utf8().ok()?.into_owned();
        partitions::value(key, &value).is_ok().then_some(value)
    };
    pairs.map(value).collect()
}
