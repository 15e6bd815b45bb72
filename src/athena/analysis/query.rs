//! Queries: `WITH`, `SELECT`, set operations, `ORDER BY`, `LIMIT`.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Distinct, Expr, Fetch, Function, GroupByExpr, LimitClause, OrderByExpr, OrderByKind, OrderBySort, Query,
    Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, Value, Values,
    Visit, Visitor,
};

use super::expression::{Clause, Context, Found};
use super::from::with_clause;
use super::function::called;
use super::scope::{Field, Scope, backquoted, dotted};
use super::{Analyzer, Columns, Typed, at, foreign, mismatch, not_supported, place};
use crate::athena::error::{Place, QueryError, Result};
use crate::athena::functions::{Kind, kind};
use crate::athena::types::Type;

/// An expression of a select list, with its name.
struct Item<'a> {
    name: String,
    /// What was written; a wildcard's columns were not.
    written: Option<&'a Expr>,
    typed: Typed,
}

impl Analyzer<'_> {
    /// A query, and what it gives. Its columns are `c0`, `c1`, … in SQLite's statement.
    pub fn query(&mut self, query: &Query, parent: &Scope<'_>) -> Result<(String, Columns)> {
        foreign::in_query(query)?;
        let known = self.ctes.len();
        let mut with = self.with(query, parent)?;
        let order_by = order_by(query)?;
        let (body, columns) = match query.body.as_ref() {
            SetExpr::Select(select) => {
                let (kept, sql, columns) = self.select(select, order_by, parent)?;
                with.extend(kept);
                (sql, columns)
            }
            other => {
                let (sql, columns) = self.set_expr(other, parent)?;
                let order = self.order_of_set(order_by, &columns)?;
                let list = column_list(columns.len());
                (format!("SELECT {list} FROM ({sql}){order}"), columns)
            }
        };
        let limit = self.limit(query)?;
        self.ctes.truncate(known);
        // A limit ends the statement: around it `ORDER BY` of one `SELECT` would be lost to a set operation.
        Ok((format!("{}{body}{limit}", with_clause(&with)), columns))
    }

    fn with(&mut self, query: &Query, parent: &Scope<'_>) -> Result<Vec<String>> {
        let Some(with) = &query.with else { return Ok(Vec::new()) };
        if with.recursive {
            return Err(not_supported(place(with.with_token.0.span), "WITH RECURSIVE"));
        }
        let mut parts = Vec::new();
        for cte in &with.cte_tables {
            let (sql, mut columns) = self.query(&cte.query, parent)?;
            let names: Vec<String> =
                cte.alias.columns.iter().map(|column| column.name.value.clone()).collect();
            rename(&mut columns, &names, place(cte.alias.name.span))?;
            let name = self.fresh('w');
            parts.push(format!("{name} AS ({sql})"));
            self.ctes.push((cte.alias.name.value.to_lowercase(), name, columns));
        }
        Ok(parts)
    }

    fn set_expr(&mut self, body: &SetExpr, parent: &Scope<'_>) -> Result<(String, Columns)> {
        match body {
            SetExpr::Select(select) => {
                let (with, sql, columns) = self.select(select, &[], parent)?;
                Ok((with_clause(&with) + &sql, columns))
            }
            SetExpr::Query(query) => self.query(query, parent),
            SetExpr::Values(values) => self.values(values, parent),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                self.set_operation(left, *op, *set_quantifier, right, parent)
            }
            SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Table(_) => Err(not_supported(None, "this statement: queries are SELECT and VALUES")),
        }
    }

    fn set_operation(
        &mut self,
        left: &SetExpr,
        op: SetOperator,
        quantifier: SetQuantifier,
        right: &SetExpr,
        parent: &Scope<'_>,
    ) -> Result<(String, Columns)> {
        let ((left_sql, left_columns), (right_sql, right_columns)) =
            (self.set_expr(left, parent)?, self.set_expr(right, parent)?);
        let word = match (op, quantifier) {
            (SetOperator::Union, SetQuantifier::All) => "UNION ALL",
            (SetOperator::Union, SetQuantifier::None | SetQuantifier::Distinct) => "UNION",
            (SetOperator::Intersect, SetQuantifier::None | SetQuantifier::Distinct) => "INTERSECT",
            (SetOperator::Except, SetQuantifier::None | SetQuantifier::Distinct) => "EXCEPT",
            _ => return Err(not_supported(at(right), &format!("{op} {quantifier}"))),
        };
        if left_columns.len() != right_columns.len() {
            let message = format!(
                "{op} query has different number of fields: {}, {}",
                left_columns.len(),
                right_columns.len()
            );
            return Err(mismatch(at(right), message));
        }
        let mut columns = Columns::new();
        for (number, ((name, a), (_, b))) in left_columns.iter().zip(&right_columns).enumerate() {
            let message = || {
                let number = number + 1;
                format!("column {number} in {op} query has incompatible types: {a}, {b}")
            };
            columns.push((name.clone(), a.common(b).ok_or_else(|| mismatch(at(right), message()))?));
        }
        let left = recast(&left_sql, &left_columns, &columns);
        let right = recast(&right_sql, &right_columns, &columns);
        Ok((format!("{left} {word} {right}"), columns))
    }

    fn values(&mut self, values: &Values, parent: &Scope<'_>) -> Result<(String, Columns)> {
        let mut rows: Vec<Vec<Typed>> = Vec::new();
        for row in &values.rows {
            let mut found = Found::default();
            let mut cells = Vec::new();
            for cell in row.content.iter() {
                // A row may be written with its parentheses.
                let parts: Vec<&Expr> = match cell {
                    Expr::Tuple(parts) => parts.iter().collect(),
                    cell => vec![cell],
                };
                for part in parts {
                    cells.push(
                        self.expression(part, &mut Context::plain(parent, Clause::Values, &mut found))?,
                    );
                }
            }
            rows.push(cells);
        }
        let width = rows.first().map_or(0, Vec::len);
        if rows.iter().any(|row| row.len() != width) {
            return Err(mismatch(at(values), "Values rows have mismatched sizes"));
        }
        let mut columns = Columns::new();
        for column in 0..width {
            let mut ty = Type::Unknown;
            for row in &rows {
                let message = || format!("Values rows have mismatched types: {ty} vs {}", row[column].ty);
                ty = ty.common(&row[column].ty).ok_or_else(|| mismatch(at(values), message()))?;
            }
            columns.push((format!("_col{column}"), ty));
        }
        let select = |row: &Vec<Typed>| {
            let cells = row.iter().zip(&columns).map(|(cell, (_, ty))| cell.coerced(ty));
            format!("({})", cells.collect::<Vec<_>>().join(", "))
        };
        // SQLite has names of its own for the columns.
        let names: Vec<String> = (0..width).map(|at| format!("column{} AS c{at}", at + 1)).collect();
        let rows: Vec<String> = rows.iter().map(select).collect();
        Ok((format!("SELECT {} FROM (VALUES {})", names.join(", "), rows.join(", ")), columns))
    }

    /// A `SELECT`: what goes before it in `WITH`, itself, and what it gives.
    fn select(
        &mut self,
        select: &Select,
        order_by: &[OrderByExpr],
        parent: &Scope<'_>,
    ) -> Result<(Vec<String>, String, Columns)> {
        foreign::in_select(select)?;
        let windows = self.named_windows(select)?;
        let around = std::mem::replace(&mut self.windows, windows);
        let mut from = self.from(&select.from, parent)?;
        let fields = std::mem::take(&mut from.fields);
        let scope = Scope { outputs: &[], fields: &fields, keys: None, parent: Some(parent) };
        let filter = self.filter(select.selection.as_ref(), &scope)?;
        let keys = self.group_keys(select, &scope)?;
        let is_grouped = !keys.is_empty() || select.having.is_some() || has_aggregates(select, order_by);
        let grouping = is_grouped.then_some(keys.as_slice());
        let scope = Scope { keys: grouping, ..scope };
        let items = self.items(select, &scope, grouping)?;
        let mut sql = format!("SELECT {}", if is_distinct(select)? { "DISTINCT " } else { "" });
        let columns = items
            .iter()
            .enumerate()
            .map(|(at, item)| format!("{} AS c{at}", item.typed.sql))
            .collect::<Vec<_>>();
        sql += &columns.join(", ");
        if is_grouped && keys.is_empty() {
            // SQLite sees a group only where the list has an aggregate.
            sql += ", count(*)";
        }
        let order = self.order(order_by, &items, &scope, grouping, is_distinct(select)?)?;
        let having = match &select.having {
            Some(having) => {
                let mut found = Found::default();
                let mut cx = Context::plain(&scope, Clause::Having, &mut found);
                cx.keys = grouping;
                format!(" HAVING {}", self.condition(having, &mut cx, "HAVING clause")?)
            }
            None => String::new(),
        };
        self.windows = around;
        let (with, from_sql) = self.render(&from);
        sql += &from_sql;
        sql += &filter;
        if !keys.is_empty() {
            sql += &format!(" GROUP BY {}", keys.join(", "));
        }
        sql += &having;
        sql += &order;
        let columns = items.into_iter().map(|item| (item.name, item.typed.ty)).collect();
        Ok((with, sql, columns))
    }

    /// `WHERE`, whose parts prune partitions and go to the tables that they alone speak of.
    fn filter(&mut self, selection: Option<&Expr>, scope: &Scope<'_>) -> Result<String> {
        let Some(selection) = selection else { return Ok(String::new()) };
        let mut parts = Vec::new();
        for part in conjuncts(selection) {
            let mut found = Found::default();
            let mut cx = Context::plain(scope, Clause::Where, &mut found);
            let sql = self.condition(part, &mut cx, "WHERE clause")?;
            if let Some(relation) = found.single_relation().filter(|at| !self.relations[*at].is_nullable) {
                self.push(relation, &found, &sql);
            }
            parts.push(sql);
        }
        Ok(format!(" WHERE {}", parts.join(" AND ")))
    }

    fn group_keys(&mut self, select: &Select, scope: &Scope<'_>) -> Result<Vec<String>> {
        let GroupByExpr::Expressions(list, modifiers) = &select.group_by else {
            return Err(not_supported(at(&select.group_by), "GROUP BY ALL"));
        };
        if !modifiers.is_empty() {
            return Err(not_supported(at(&select.group_by), "WITH ROLLUP, CUBE or TOTALS"));
        }
        let mut keys = Vec::new();
        for expr in list {
            let expr = match ordinal(expr) {
                Some(number) => {
                    let item = number.checked_sub(1).and_then(|number| select.projection.get(number));
                    let (Some(SelectItem::UnnamedExpr(expr)) | Some(SelectItem::ExprWithAlias { expr, .. })) =
                        item
                    else {
                        let message = format!("GROUP BY position {number} is not in select list");
                        return Err(QueryError::at("INVALID_COLUMN_REFERENCE", at(expr), message));
                    };
                    expr
                }
                None => expr,
            };
            let mut found = Found::default();
            let key = self.expression(expr, &mut Context::plain(scope, Clause::GroupBy, &mut found))?;
            // A number would be a position.
            let is_number = key.sql.parse::<i64>().is_ok();
            keys.push(if is_number { format!("({} + 0)", key.sql) } else { key.sql });
        }
        Ok(keys)
    }

    fn items<'s>(
        &mut self,
        select: &'s Select,
        scope: &Scope<'_>,
        keys: Option<&[String]>,
    ) -> Result<Vec<Item<'s>>> {
        let (mut items, mut found) = (Vec::new(), Found::default());
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    let mut cx = Context::plain(scope, Clause::Select, &mut found);
                    cx.keys = keys;
                    let typed = self.expression(expr, &mut cx)?;
                    let name = match (item, expr) {
                        (SelectItem::ExprWithAlias { alias, .. }, _) if alias.quote_style == Some('`') => {
                            return Err(backquoted(alias));
                        }
                        (SelectItem::ExprWithAlias { alias, .. }, _) => alias.value.clone(),
                        (_, Expr::Identifier(name)) => name.value.to_lowercase(),
                        (_, Expr::CompoundIdentifier(parts)) => {
                            parts.last().expect("it has parts").value.to_lowercase()
                        }
                        _ => format!("_col{}", items.len()),
                    };
                    items.push(Item { name, written: Some(expr), typed });
                }
                SelectItem::Wildcard(options) => {
                    foreign::in_star(options, at(item))?;
                    self.wildcard(None, scope, keys, item, &mut items)?;
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    foreign::in_star(options, at(item))?;
                    let name = super::from::identifiers(name);
                    let relation = name.last().map(|part| part.value.to_lowercase());
                    self.wildcard(relation.as_deref(), scope, keys, item, &mut items)?;
                }
                SelectItem::QualifiedWildcard(..) | SelectItem::ExprWithAliases { .. } => {
                    return Err(not_supported(at(item), "this kind of a select list"));
                }
            }
        }
        Ok(items)
    }

    fn wildcard(
        &mut self,
        relation: Option<&str>,
        scope: &Scope<'_>,
        keys: Option<&[String]>,
        item: &SelectItem,
        items: &mut Vec<Item<'_>>,
    ) -> Result<()> {
        let is_of = |field: &&Field| {
            relation.is_none_or(|relation| {
                field.relation.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(relation))
            })
        };
        let fields: Vec<Field> = scope.fields.iter().filter(is_of).cloned().collect();
        if fields.is_empty() {
            let (code, message) = match relation {
                Some(relation) => ("TABLE_NOT_FOUND", format!("Unable to resolve reference {relation}")),
                None => {
                    ("COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause".to_owned())
                }
            };
            return Err(QueryError::at(code, at(item), message));
        }
        for field in fields {
            if keys.is_some_and(|keys| !keys.contains(&field.sql)) {
                return Err(not_aggregated(&field.name, at(item)));
            }
            self.relations[field.source.0].used.insert(field.source.1);
            items.push(Item {
                name: field.name,
                written: None,
                typed: Typed { sql: field.sql, ty: field.ty },
            });
        }
        Ok(())
    }

    /// `ORDER BY` of a `SELECT`: positions, names of the output, or expressions. Nulls come last, whatever the direction.
    fn order(
        &mut self,
        order_by: &[OrderByExpr],
        items: &[Item<'_>],
        scope: &Scope<'_>,
        keys: Option<&[String]>,
        is_distinct: bool,
    ) -> Result<String> {
        let outputs: Vec<Field> = items
            .iter()
            .map(|item| Field {
                relation: None,
                name: item.name.clone(),
                ty: item.typed.ty.clone(),
                sql: item.typed.sql.clone(),
                source: (usize::MAX, 0),
            })
            .collect();
        let scope = Scope { outputs: &outputs, ..*scope };
        let mut parts = Vec::new();
        for order in order_by {
            let by = match ordinal(&order.expr) {
                Some(number) => position(number, items.len(), &order.expr)?,
                None => {
                    let mut found = Found::default();
                    let mut cx = Context::plain(&scope, Clause::OrderBy, &mut found);
                    // What the select list has may be ordered by, as it stands there.
                    let is_item = items.iter().any(|item| item.written == Some(&order.expr));
                    cx.keys = keys.filter(|_| !is_item);
                    let by = self.expression(&order.expr, &mut cx)?;
                    if matches!(by.ty, Type::Array(_)) {
                        return Err(not_supported(at(&order.expr), "an order of arrays"));
                    }
                    match items.iter().position(|item| item.typed.sql == by.sql) {
                        Some(at) => (at + 1).to_string(),
                        None if is_distinct => {
                            let message =
                                "For SELECT DISTINCT, ORDER BY expressions must appear in select list";
                            return Err(QueryError::at(
                                "EXPRESSION_NOT_IN_DISTINCT",
                                at(&order.expr),
                                message,
                            ));
                        }
                        // A number would be a position; to order by it orders nothing.
                        None if by.sql.parse::<i64>().is_ok() => continue,
                        None => by.sql,
                    }
                }
            };
            parts.push(format!("{by}{}", direction(order)));
        }
        Ok(if parts.is_empty() { String::new() } else { format!(" ORDER BY {}", parts.join(", ")) })
    }

    /// `ORDER BY` of a set operation: what it gives is all there is.
    fn order_of_set(&mut self, order_by: &[OrderByExpr], columns: &Columns) -> Result<String> {
        let fields = columns.iter().enumerate().map(|(at, (name, ty))| Field {
            relation: None,
            name: name.clone(),
            ty: ty.clone(),
            sql: format!("c{at}"),
            source: (usize::MAX, 0),
        });
        let fields: Vec<Field> = fields.collect();
        let scope = Scope { outputs: &fields, fields: &[], keys: None, parent: None };
        let mut parts = Vec::new();
        for order in order_by {
            let by = match ordinal(&order.expr) {
                Some(number) => position(number, columns.len(), &order.expr)?,
                None => {
                    let mut found = Found::default();
                    self.expression(&order.expr, &mut Context::plain(&scope, Clause::OrderBy, &mut found))?
                        .sql
                }
            };
            parts.push(format!("{by}{}", direction(order)));
        }
        Ok(if parts.is_empty() { String::new() } else { format!(" ORDER BY {}", parts.join(", ")) })
    }

    fn limit(&mut self, query: &Query) -> Result<String> {
        let (mut limit, mut offset) = (None, None);
        match &query.limit_clause {
            None => {}
            Some(LimitClause::LimitOffset { limit: count, offset: from, limit_by }) => {
                if let Some(by) = limit_by.first() {
                    return Err(not_supported(at(by), "LIMIT BY"));
                }
                (limit, offset) = (count.as_ref(), from.as_ref().map(|from| &from.value));
            }
            Some(LimitClause::OffsetCommaLimit { offset: from, .. }) => {
                let message = "mismatched input ','. Expecting: <EOF>";
                return Err(QueryError::at("SYNTAX_ERROR", at(from), message));
            }
        }
        let one = Expr::value(Value::Number("1".to_owned(), false));
        if let Some(Fetch { with_ties, percent, quantity }) = &query.fetch {
            if *with_ties || *percent {
                return Err(not_supported(quantity.as_ref().and_then(at), "FETCH … WITH TIES or PERCENT"));
            }
            limit = Some(quantity.as_ref().unwrap_or(&one));
        }
        if let (Some(before), Some(after)) = (limit, offset)
            && at(before).zip(at(after)).is_some_and(|(before, after)| before < after)
        {
            let message = "mismatched input 'OFFSET'. Expecting: <EOF>";
            let error = QueryError::at("SYNTAX_ERROR", at(after), message);
            return Err(error.hint("OFFSET comes before LIMIT"));
        }
        let count = |expr: &Expr| match ordinal(expr) {
            Some(number) => Ok(number),
            None => {
                Err(QueryError::at("SYNTAX_ERROR", at(expr), "a limit is a whole number that is written out"))
            }
        };
        Ok(match (limit.map(count).transpose()?, offset.map(count).transpose()?) {
            (None, None) => String::new(),
            (Some(limit), None) => format!(" LIMIT {limit}"),
            (limit, Some(offset)) => {
                format!(" LIMIT {} OFFSET {offset}", limit.map_or("-1".to_owned(), |limit| limit.to_string()))
            }
        })
    }
}

/// Looks for aggregates outside of the queries within an expression.
#[derive(Default)]
struct Aggregates {
    depth: usize,
}

impl Visitor for Aggregates {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(Function { name, over: None, .. })
                if self.depth == 0 && kind(&called(name)) == Some(Kind::Aggregate) =>
            {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Whether a select list or an order makes groups.
fn has_aggregates(select: &Select, order_by: &[OrderByExpr]) -> bool {
    let listed = select.projection.iter().filter_map(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    });
    let mut exprs = listed.chain(order_by.iter().map(|order| &order.expr));
    exprs.any(|expr| expr.visit(&mut Aggregates::default()).is_break())
}

/// The parts of a condition that all have to be true.
pub fn conjuncts(condition: &Expr) -> Vec<&Expr> {
    use sqlparser::ast::BinaryOperator::And;
    match condition {
        Expr::BinaryOp { left, op: And, right } => {
            let mut parts = conjuncts(left);
            parts.extend(conjuncts(right));
            parts
        }
        Expr::Nested(inner) => conjuncts(inner),
        other => vec![other],
    }
}

/// An error for a column that is different in every row of a group.
pub fn not_aggregated(what: &str, place: Option<Place>) -> QueryError {
    let message = format!("'{what}' must be an aggregate expression or appear in GROUP BY clause");
    QueryError::at("EXPRESSION_NOT_AGGREGATE", place, message)
}

/// Gives columns new names, if there are as many.
pub fn rename(columns: &mut Columns, names: &[String], place: Option<Place>) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    if names.len() != columns.len() {
        let message = format!(
            "Column alias list has {} entries but relation has {} columns",
            names.len(),
            columns.len()
        );
        return Err(QueryError::at("MISMATCHED_COLUMN_ALIASES", place, message));
    }
    for ((name, _), new) in columns.iter_mut().zip(names) {
        name.clone_from(new);
    }
    Ok(())
}

pub fn column_list(count: usize) -> String {
    (0..count).map(|at| format!("c{at}")).collect::<Vec<_>>().join(", ")
}

/// A query whose columns are of other types.
fn recast(sql: &str, from: &Columns, to: &Columns) -> String {
    let columns = from.iter().zip(to).enumerate().map(|(at, ((_, from), (_, to)))| {
        let column = Typed { sql: format!("c{at}"), ty: from.clone() };
        format!("{} AS c{at}", column.coerced(to))
    });
    format!("SELECT {} FROM ({sql})", columns.collect::<Vec<_>>().join(", "))
}

fn order_by(query: &Query) -> Result<&[OrderByExpr]> {
    match query.order_by.as_ref().map(|order| &order.kind) {
        None => Ok(&[]),
        Some(OrderByKind::Expressions(list)) => Ok(list),
        Some(OrderByKind::All(_)) => Err(not_supported(None, "ORDER BY ALL")),
    }
}

fn is_distinct(select: &Select) -> Result<bool> {
    match &select.distinct {
        None | Some(Distinct::All) => Ok(false),
        Some(Distinct::Distinct) => Ok(true),
        Some(Distinct::On(_)) => Err(not_supported(at(select), "DISTINCT ON")),
    }
}

/// A whole number that is written out.
fn ordinal(expr: &Expr) -> Option<usize> {
    let Expr::Value(value) = expr else { return None };
    match &value.value {
        Value::Number(digits, _) => digits.parse().ok(),
        _ => None,
    }
}

fn position(number: usize, count: usize, expr: &Expr) -> Result<String> {
    if number == 0 || number > count {
        let message = format!("ORDER BY position {number} is not in select list");
        return Err(QueryError::at("INVALID_COLUMN_REFERENCE", at(expr), message));
    }
    Ok(number.to_string())
}

/// The direction of an order. Nulls are last unless they are asked for first.
pub fn direction(order: &OrderByExpr) -> String {
    let down = match order.options.sort {
        Some(OrderBySort::Desc) => " DESC",
        _ => "",
    };
    let nulls = if order.options.nulls_first == Some(true) { " NULLS FIRST" } else { " NULLS LAST" };
    format!("{down}{nulls}")
}

/// For messages: a name as it was written.
pub fn shown(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(name) => name.value.to_lowercase(),
        Expr::CompoundIdentifier(parts) => dotted(parts),
        other => other.to_string(),
    }
}
