//! SQL over what flow logs delivered, as Athena runs it.
//!
//! Athena's dialect is mapped onto SQLite: sqlparser reads a statement, `analysis` resolves its names and types as Trino
//! does and writes it as a statement of SQLite, whose tables (`scan`) are the objects of buckets and whose functions
//! (`functions`) are Trino's. `ddl` keeps the `catalog` of tables, `partitions` says where their objects are.

// Most enums here are those of sqlparser, SQLite and Parquet, with an arm for every dialect there is.
#![allow(clippy::wildcard_enum_match_arm)]

mod address;
pub mod analysis;
mod attempt;
mod calendar;
pub mod cast;
pub mod catalog;
pub mod ddl;
pub mod decimal;
mod dialect;
pub mod error;
mod failure;
pub mod folder;
pub mod functions;
pub mod partitions;
mod projection;
mod projection_date;
pub mod result;
pub mod scan;
pub mod session;
pub mod statement;
pub mod storage;
pub mod table;
pub mod types;
pub mod value;
