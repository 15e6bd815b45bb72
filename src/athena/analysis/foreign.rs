//! Clauses that the parser takes and Athena does not have. Each node is taken apart whole, so that none is dropped in silence.

use sqlparser::ast::{Query, Select, SelectFlavor, WildcardAdditionalOptions};

use super::at;
use crate::athena::error::{Place, QueryError, Result};

/// What the parser takes and Athena does not: whether it is there, what it is called, and where.
type Clause = (bool, &'static str, Option<Place>);

fn refuse(clauses: &[Clause]) -> Result<()> {
    match clauses.iter().find(|(is_there, ..)| *is_there) {
        Some((_, what, place)) => {
            let message = format!("mismatched input '{what}': queries of Athena have no such clause");
            Err(QueryError::at("SYNTAX_ERROR", *place, message))
        }
        None => Ok(()),
    }
}

/// Refuses what may be around a query elsewhere.
pub fn in_query(query: &Query) -> Result<()> {
    let Query {
        with: _,
        body,
        order_by: _,
        limit_clause: _,
        fetch: _,
        locks,
        for_clause,
        settings,
        format_clause,
        pipe_operators,
    } = query;
    let place = at(body.as_ref());
    refuse(&[
        (!locks.is_empty() || for_clause.is_some(), "FOR", place),
        (settings.is_some(), "SETTINGS", place),
        (format_clause.is_some(), "FORMAT", place),
        (!pipe_operators.is_empty(), "|>", place),
    ])
}

/// Refuses what a `SELECT` may have elsewhere.
pub fn in_select(select: &Select) -> Result<()> {
    let Select {
        select_token: _,
        optimizer_hints: _,
        distinct: _,
        select_modifiers,
        top,
        top_before_distinct: _,
        projection: _,
        exclude,
        into,
        from: _,
        lateral_views,
        prewhere,
        selection: _,
        connect_by,
        group_by: _,
        cluster_by,
        distribute_by,
        sort_by,
        having: _,
        named_window: _,
        qualify,
        window_before_qualify: _,
        value_table_mode,
        flavor,
    } = select;
    let place = at(select);
    refuse(&[
        (select_modifiers.is_some() || value_table_mode.is_some(), "SELECT", place),
        (*flavor != SelectFlavor::Standard, "FROM", place),
        (top.is_some(), "TOP", place),
        (exclude.is_some(), "EXCLUDE", place),
        (into.is_some(), "INTO", place),
        (!lateral_views.is_empty(), "LATERAL", place),
        (prewhere.is_some(), "PREWHERE", place),
        (!connect_by.is_empty(), "CONNECT", place),
        (!cluster_by.is_empty(), "CLUSTER", cluster_by.first().and_then(at)),
        (!distribute_by.is_empty(), "DISTRIBUTE", distribute_by.first().and_then(at)),
        (!sort_by.is_empty(), "SORT", sort_by.first().and_then(at)),
        (qualify.is_some(), "QUALIFY", qualify.as_ref().and_then(at)),
    ])
}

/// Refuses what a star may have beside it elsewhere.
pub fn in_star(options: &WildcardAdditionalOptions, place: Option<Place>) -> Result<()> {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    refuse(&[
        (opt_ilike.is_some(), "ILIKE", place),
        (opt_exclude.is_some(), "EXCLUDE", place),
        (opt_except.is_some(), "EXCEPT", place),
        (opt_replace.is_some(), "REPLACE", place),
        (opt_rename.is_some(), "RENAME", place),
        (opt_alias.is_some(), "AS", place),
    ])
}
