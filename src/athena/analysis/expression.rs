//! Expressions.

use sqlparser::ast::{
    AccessExpr, Array, BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DataType, DateTimeField, Expr,
    Ident, InTarget, Query, Subscript, TimezoneInfo, TrimWhereField, TypedString,
};

use super::from::as_table;
use super::operator::{binary, comparable, logical, unary};
use super::query::{not_aggregated, shown};
use super::scope::{Scope, backquoted};
use super::{Analyzer, Typed, at, literal, mismatch, not_supported, place, place_of};
use crate::athena::cast;
use crate::athena::error::{QueryError, Result};
use crate::athena::types::Type;
use crate::athena::value::is_blob;

/// The clause an expression stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clause {
    /// The select list.
    Select,
    /// `WHERE`.
    Where,
    /// `GROUP BY`.
    GroupBy,
    /// `HAVING`.
    Having,
    /// `ORDER BY`.
    OrderBy,
    /// `ON`.
    Join,
    /// `UNNEST`.
    Unnest,
    /// `VALUES`.
    Values,
}

impl Clause {
    /// Whether something of several rows can be in it.
    pub fn has_aggregates(self) -> bool {
        matches!(self, Self::Select | Self::Having | Self::OrderBy)
    }

    /// As it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Where => "WHERE clause",
            Self::GroupBy => "GROUP BY clause",
            Self::Having => "HAVING clause",
            Self::OrderBy => "ORDER BY clause",
            Self::Join => "JOIN clause",
            Self::Unnest => "UNNEST",
            Self::Values => "VALUES",
        }
    }
}

/// What was found in an expression.
#[derive(Debug, Default)]
pub struct Found {
    /// Whether there are aggregates, other than those of windows.
    pub aggregates: bool,
    /// Whether it asks another query, or one around it.
    pub others: bool,
    /// Whether it names a column of a query around it.
    pub outer: bool,
    /// The columns of this query's `FROM` that it names: relation and number.
    pub columns: Vec<(usize, usize)>,
}

impl Found {
    /// The one relation whose columns it names, if it depends on nothing else.
    pub fn single_relation(&self) -> Option<usize> {
        let (first, _) = self.columns.first().filter(|_| !self.others)?;
        self.columns.iter().all(|(relation, _)| relation == first).then_some(*first)
    }
}

/// Where an expression stands.
pub struct Context<'c> {
    /// The names there are.
    pub scope: &'c Scope<'c>,
    /// Its clause.
    pub clause: Clause,
    /// What rows are grouped by: what is not one of these differs within a group.
    pub keys: Option<&'c [String]>,
    /// Whether what fails is NULL.
    pub is_try: bool,
    /// Whether it is inside of an aggregate.
    pub in_aggregate: bool,
    /// Whether it is compared with the keys: queries within it are none of them, and not worth a look.
    pub is_maybe_key: bool,
    /// What is found.
    pub found: &'c mut Found,
}

impl<'c> Context<'c> {
    /// Outside of groups and `TRY`.
    pub fn plain(scope: &'c Scope<'c>, clause: Clause, found: &'c mut Found) -> Self {
        Self { scope, clause, keys: None, is_try: false, in_aggregate: false, is_maybe_key: false, found }
    }
}

impl Analyzer<'_> {
    /// An expression that is true or not.
    pub fn condition(&mut self, expr: &Expr, cx: &mut Context<'_>, what: &str) -> Result<String> {
        let typed = self.expression(expr, cx)?;
        if !matches!(typed.ty, Type::Boolean | Type::Unknown) {
            let message = format!("{what} must evaluate to a boolean: actual type {}", typed.ty);
            return Err(mismatch(at(expr), message));
        }
        Ok(typed.sql)
    }

    /// An expression. In a query with groups it is one of the keys, an aggregate, or made of these.
    pub fn expression(&mut self, expr: &Expr, cx: &mut Context<'_>) -> Result<Typed> {
        if let Some(keys) = cx.keys.filter(|keys| !keys.is_empty() && !cx.in_aggregate) {
            let mark = self.mark();
            let mut found = Found::default();
            let mut plain = Context::plain(cx.scope, cx.clause, &mut found);
            (plain.is_try, plain.is_maybe_key) = (cx.is_try, true);
            if let Ok(typed) = self.parts(expr, &mut plain)
                && keys.contains(&typed.sql)
            {
                return Ok(typed);
            }
            self.return_to(&mark);
        }
        self.parts(expr, cx)
    }

    fn parts(&mut self, expr: &Expr, cx: &mut Context<'_>) -> Result<Typed> {
        match expr {
            Expr::Identifier(name) => self.column(std::slice::from_ref(name), expr, cx),
            Expr::CompoundIdentifier(parts) => self.column(parts, expr, cx),
            Expr::Nested(inner) => self.expression(inner, cx),
            Expr::Value(value) => literal::value(&value.value, place(value.span)),
            Expr::TypedString(TypedString { data_type, value, .. }) => {
                let text = value.value.clone().into_string().unwrap_or_default();
                literal::typed(&text, type_of(data_type, expr)?, at(expr).or(place(value.span)))
            }
            Expr::Interval(interval) => literal::interval(interval),
            Expr::BinaryOp { left, op: BinaryOperator::Arrow, .. } => {
                Err(not_supported(at(left.as_ref()), "lambda expressions"))
            }
            Expr::BinaryOp { left, op: op @ (BinaryOperator::And | BinaryOperator::Or), right } => {
                let (a, b) = (self.expression(left, cx)?, self.expression(right, cx)?);
                logical(a, op, b, [left, right].map(|term| at(term.as_ref())))
            }
            Expr::BinaryOp { left, op, right } => {
                let (a, b) = (self.expression(left, cx)?, self.expression(right, cx)?);
                binary(a, op, b, cx.is_try, self.operator_after(left.as_ref()))
            }
            Expr::UnaryOp { op, expr: inner } => {
                let operand = self.expression(inner, cx)?;
                unary(*op, operand, cx.is_try, expr)
            }
            Expr::IsNull(inner) => self.test(inner, "IS NULL", cx),
            Expr::IsNotNull(inner) => self.test(inner, "IS NOT NULL", cx),
            Expr::IsTrue(inner) => self.test(inner, "IS TRUE", cx),
            Expr::IsNotTrue(inner) => self.test(inner, "IS NOT TRUE", cx),
            Expr::IsFalse(inner) => self.test(inner, "IS FALSE", cx),
            Expr::IsNotFalse(inner) => self.test(inner, "IS NOT FALSE", cx),
            Expr::IsUnknown(inner) => self.test(inner, "IS NULL", cx),
            Expr::IsNotUnknown(inner) => self.test(inner, "IS NOT NULL", cx),
            Expr::IsDistinctFrom(a, b) => self.distinct(a, "IS NOT", b, cx),
            Expr::IsNotDistinctFrom(a, b) => self.distinct(a, "IS", b, cx),
            Expr::Between { expr: inner, negated, low, high } => {
                let [value, low, high] = [inner, low, high].map(|part| self.expression(part, cx));
                let (value, low, high) = (value?, low?, high?);
                let both = comparable(&low, "BETWEEN", &high, at(expr))?;
                let ty = comparable(&value, "BETWEEN", &Typed::new("", both), at(expr))?;
                let [value, low, high] = [value, low, high].map(|part| part.coerced(&ty));
                Ok(Typed::new(format!("({value} {}BETWEEN {low} AND {high})", not(*negated)), Type::Boolean))
            }
            Expr::In { expr: inner, target, negated, .. } => self.is_in(inner, target, *negated, expr, cx),
            Expr::Like { negated, any: false, expr: value, pattern, escape_char } => {
                self.like(value, pattern, escape_char.as_deref(), *negated, cx)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), cx)
            }
            Expr::Cast { kind: CastKind::SafeCast | CastKind::DoubleColon, .. }
            | Expr::ILike { .. }
            | Expr::RLike { .. }
            | Expr::SimilarTo { .. } => {
                let message = format!("mismatched input: queries of Athena have no such expression: {expr}");
                Err(QueryError::at("SYNTAX_ERROR", at(expr), message))
            }
            Expr::Cast { kind, expr: inner, data_type, .. } => {
                let value = self.expression(inner, cx)?;
                let is_try_cast = matches!(kind, CastKind::TryCast);
                let cast = cast_to(&value, &type_of(data_type, expr)?, cx.is_try || is_try_cast, expr)?;
                // That it fails is none of the business of a `TRY` around it.
                let is_hidden = cx.is_try && is_try_cast;
                Ok(if is_hidden { attempted(cast) } else { cast })
            }
            Expr::Extract { field, expr: inner, .. } => {
                self.call(&field.to_string().to_lowercase(), &[inner], at(expr), cx)
            }
            Expr::Position { expr: part, r#in } => self.call("strpos", &[r#in, part], at(expr), cx),
            Expr::Ceil { expr: inner, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                self.call("ceil", &[inner], at(expr), cx)
            }
            Expr::Floor { expr: inner, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                self.call("floor", &[inner], at(expr), cx)
            }
            Expr::Substring { expr: inner, substring_from, substring_for, .. } => {
                let parts = [Some(inner), substring_from.as_ref(), substring_for.as_ref()];
                let parts: Vec<&Expr> = parts.into_iter().flatten().map(AsRef::as_ref).collect();
                self.call("substr", &parts, at(expr), cx)
            }
            Expr::Trim { trim_where, trim_what, trim_characters, expr: inner } => {
                let name = match trim_where {
                    None | Some(TrimWhereField::Both) => "trim",
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                };
                let characters = trim_characters.iter().flatten();
                let parts = [inner.as_ref()].into_iter().chain(trim_what.as_deref()).chain(characters);
                self.call(name, &parts.collect::<Vec<_>>(), at(expr), cx)
            }
            Expr::AtTimeZone { timestamp, time_zone } => {
                let value = self.expression(timestamp, cx)?;
                let zone = self.expression(time_zone, cx)?;
                at_time_zone(&value, &zone, expr)
            }
            Expr::Exists { subquery, negated } => {
                let (sql, _) = self.subquery(subquery, cx)?;
                Ok(Typed::new(format!("({}EXISTS ({sql}))", not(*negated)), Type::Boolean))
            }
            Expr::Subquery(query) => self.scalar(query, expr, cx),
            Expr::Array(Array { elem, .. }) => self.array(elem, expr, cx),
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain, expr, cx),
            Expr::Function(function) => self.function(function, cx),
            Expr::Lambda(_) => Err(not_supported(at(expr), "lambda expressions")),
            Expr::GroupingSets(_) | Expr::Cube(_) | Expr::Rollup(_) => {
                Err(not_supported(at(expr), "GROUPING SETS, CUBE and ROLLUP"))
            }
            other => Err(not_supported(at(other), &format!("the expression {other}"))),
        }
    }

    fn column(&mut self, parts: &[Ident], expr: &Expr, cx: &mut Context<'_>) -> Result<Typed> {
        if let Some(part) = parts.iter().find(|part| part.quote_style == Some('`')) {
            return Err(backquoted(part));
        }
        if let Some(part) = parts.iter().find(|part| is_reserved(part)) {
            let message = format!("mismatched input '{}'. Expecting: <expression>", part.value);
            let error = QueryError::at("SYNTAX_ERROR", place(part.span), message);
            return Err(error.hint(format!("the word is reserved: \"{}\" is a column", part.value)));
        }
        let resolved = cx.scope.resolve(parts)?;
        let field = resolved.field;
        let typed = Typed::new(field.sql.clone(), field.ty.clone());
        if resolved.is_output {
            if cx.in_aggregate {
                let message = "Invalid reference to output projection attribute from ORDER BY aggregation";
                let error = QueryError::at("COLUMN_NOT_FOUND", place_of(parts), message);
                return Err(
                    error.hint("an alias hides the column of its name: ORDER BY the alias, or rename it")
                );
            }
            return Ok(typed);
        }
        if resolved.is_outer {
            (cx.found.others, cx.found.outer) = (true, true);
            if resolved.keys.is_some_and(|keys| !keys.contains(&field.sql)) {
                return Err(not_aggregated(&shown(expr), place_of(parts)));
            }
        } else {
            cx.found.columns.push(field.source);
            if cx.keys.is_some_and(|keys| !cx.in_aggregate && !keys.contains(&field.sql)) {
                return Err(not_aggregated(&shown(expr), place_of(parts)));
            }
        }
        self.relations[field.source.0].used.insert(field.source.1);
        self.reach = self.reach.min(field.source.0);
        Ok(typed)
    }

    fn test(&mut self, expr: &Expr, test: &str, cx: &mut Context<'_>) -> Result<Typed> {
        let value = self.expression(expr, cx)?;
        Ok(Typed::new(format!("({} {test})", value.sql), Type::Boolean))
    }

    fn distinct(&mut self, a: &Expr, op: &str, b: &Expr, cx: &mut Context<'_>) -> Result<Typed> {
        let (x, y) = (self.expression(a, cx)?, self.expression(b, cx)?);
        let ty = comparable(&x, "IS DISTINCT FROM", &y, at(a))?;
        Ok(Typed::new(format!("({} {op} {})", x.coerced(&ty), y.coerced(&ty)), Type::Boolean))
    }

    fn is_in(
        &mut self,
        value: &Expr,
        target: &InTarget,
        negated: bool,
        expr: &Expr,
        cx: &mut Context<'_>,
    ) -> Result<Typed> {
        let typed = self.expression(value, cx)?;
        match target {
            InTarget::List(list) => {
                let items = list.iter().map(|item| self.expression(item, cx)).collect::<Result<Vec<_>>>()?;
                let mut ty = typed.ty.clone();
                for item in &items {
                    let message = || {
                        format!(
                            "IN value and list items must be the same type or coercible to a common type. Cannot find common type between {} and {}",
                            ty, item.ty
                        )
                    };
                    ty = ty.common(&item.ty).ok_or_else(|| mismatch(at(expr), message()))?;
                }
                let items: Vec<String> = items.iter().map(|item| item.coerced(&ty)).collect();
                let sql = format!("({} {}IN ({}))", typed.coerced(&ty), not(negated), items.join(", "));
                Ok(Typed::new(sql, Type::Boolean))
            }
            InTarget::Subquery(query) => {
                let (sql, columns) = self.subquery(query, cx)?;
                let [(_, of)] = columns.as_slice() else {
                    let message = "Multiple columns returned by subquery are not yet supported";
                    return Err(not_supported(at(expr), message));
                };
                let item = Typed::new("c0", of.clone());
                let ty = typed.ty.common(of).ok_or_else(|| {
                    let message = format!(
                        "value and result of subquery must be of the same type for IN expression: {} vs {of}",
                        typed.ty
                    );
                    mismatch(at(expr), message)
                })?;
                let query = format!("SELECT {} FROM ({sql})", item.coerced(&ty));
                Ok(Typed::new(
                    format!("({} {}IN ({query}))", typed.coerced(&ty), not(negated)),
                    Type::Boolean,
                ))
            }
            InTarget::Unnest(_) | InTarget::Table { .. } => Err(not_supported(at(expr), "IN of this")),
        }
    }

    fn like(
        &mut self,
        value: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
        negated: bool,
        cx: &mut Context<'_>,
    ) -> Result<Typed> {
        let mut parts = Vec::new();
        for part in [Some(value), Some(pattern), escape].into_iter().flatten() {
            let typed = self.expression(part, cx)?;
            if !matches!(typed.ty, Type::Varchar(_) | Type::Unknown) {
                let message =
                    format!("Left side of LIKE expression must evaluate to a varchar (actual: {})", typed.ty);
                return Err(mismatch(at(part), message));
            }
            parts.push(typed.sql);
        }
        parts.resize(3, "NULL".to_owned());
        let attempt = if cx.is_try { "try_" } else { "" };
        let negation = if negated { "NOT " } else { "" };
        Ok(Typed::new(format!("({negation}{attempt}t_like({}))", parts.join(", ")), Type::Boolean))
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
        cx: &mut Context<'_>,
    ) -> Result<Typed> {
        let operand = operand.map(|operand| self.expression(operand, cx)).transpose()?;
        let (mut tests, mut results) = (Vec::new(), Vec::new());
        for CaseWhen { condition, result } in conditions {
            tests.push(match &operand {
                None => self.condition(condition, cx, "CASE WHEN clause")?,
                Some(operand) => {
                    let value = self.expression(condition, cx)?;
                    binary(operand.clone(), &BinaryOperator::Eq, value, cx.is_try, at(condition))?.sql
                }
            });
            results.push((self.expression(result, cx)?, at(result)));
        }
        if let Some(otherwise) = otherwise {
            results.push((self.expression(otherwise, cx)?, at(otherwise)));
        }
        let mut ty = Type::Unknown;
        for (result, place) in &results {
            let message = || {
                format!(
                    "All CASE results must be the same type or coercible to a common type. Cannot find common type between {ty} and {}",
                    result.ty
                )
            };
            ty = ty.common(&result.ty).ok_or_else(|| mismatch(*place, message()))?;
        }
        let mut sql = "(CASE".to_owned();
        for (at, (result, _)) in results.iter().enumerate() {
            match tests.get(at) {
                Some(test) => sql += &format!(" WHEN {test} THEN {}", result.coerced(&ty)),
                None => sql += &format!(" ELSE {}", result.coerced(&ty)),
            }
        }
        Ok(Typed::new(sql + " END)", ty))
    }

    fn array(&mut self, elements: &[Expr], expr: &Expr, cx: &mut Context<'_>) -> Result<Typed> {
        let elements =
            elements.iter().map(|element| self.expression(element, cx)).collect::<Result<Vec<_>>>()?;
        let mut ty = Type::Unknown;
        for element in &elements {
            let message = || format!("All ARRAY elements must be the same type: {ty} vs {}", element.ty);
            ty = ty.common(&element.ty).ok_or_else(|| mismatch(at(expr), message()))?;
        }
        let elements: Vec<String> = elements.iter().map(|element| element.coerced(&ty)).collect();
        let name = if matches!(ty, Type::Array(_)) { "t_array_of_arrays" } else { "t_array" };
        Ok(Typed::new(format!("{name}({})", elements.join(", ")), Type::Array(Box::new(ty))))
    }

    fn access(
        &mut self,
        root: &Expr,
        chain: &[AccessExpr],
        expr: &Expr,
        cx: &mut Context<'_>,
    ) -> Result<Typed> {
        let mut value = self.expression(root, cx)?;
        for access in chain {
            let AccessExpr::Subscript(Subscript::Index { index }) = access else {
                return Err(not_supported(at(expr), "this access to a part"));
            };
            let index = self.expression(index, cx)?;
            let (Type::Array(element), true) = (value.ty.clone(), index.ty.is_integer()) else {
                return Err(mismatch(
                    at(expr),
                    format!("Cannot use {} for subscript of {}", index.ty, value.ty),
                ));
            };
            let attempt = if cx.is_try { "try_" } else { "" };
            let sql = format!("{attempt}t_subscript({}, {})", value.sql, index.sql);
            value = Typed::new(element_sql(&sql, &element), *element);
        }
        Ok(value)
    }

    /// A query within an expression. If it names columns of a query around it, it is asked for each of that one's rows;
    /// that is known when it has been looked at, so it is looked at once more.
    fn subquery(&mut self, query: &Query, cx: &mut Context<'_>) -> Result<(String, super::Columns)> {
        cx.found.others = true;
        if cx.is_maybe_key {
            return Ok(("SELECT NULL AS c0".to_owned(), vec![("_col0".to_owned(), Type::Unknown)]));
        }
        let mark = self.mark();
        let reach = std::mem::replace(&mut self.reach, usize::MAX);
        // Within an aggregate every row of a group is there.
        let scope = Scope { keys: cx.scope.keys.filter(|_| !cx.in_aggregate), ..*cx.scope };
        let mut analyzed = self.query(query, &scope);
        if analyzed.is_ok() && self.reach < mark.relations && !self.is_repeated {
            self.return_to(&mark);
            self.is_repeated = true;
            analyzed = self.query(query, &scope);
            self.is_repeated = false;
        }
        self.reach = self.reach.min(reach);
        analyzed
    }

    /// A query that gives one value.
    fn scalar(&mut self, query: &Query, expr: &Expr, cx: &mut Context<'_>) -> Result<Typed> {
        let (sql, columns) = self.subquery(query, cx)?;
        let [(_, ty)] = columns.as_slice() else {
            return Err(not_supported(at(expr), "a subquery of several columns as a value"));
        };
        let table = as_table(&sql, 1);
        Ok(Typed::new(format!("(SELECT scalar_value(count(*), max(c0)) FROM {table})"), ty.clone()))
    }
}

/// What is NULL if anything in it fails.
pub fn attempted(typed: Typed) -> Typed {
    Typed::new(format!("try_end(try_begin(), {})", typed.sql), typed.ty)
}

/// An element of an array as a value of its type: bytes are kept as their digits there.
pub fn element_sql(sql: &str, element: &Type) -> String {
    if is_blob(element) { format!("unhex({sql})") } else { sql.to_owned() }
}

/// A value as one of another type.
pub fn cast_to(value: &Typed, ty: &Type, is_try: bool, expr: &Expr) -> Result<Typed> {
    if !cast::is_castable(&value.ty, ty) {
        return Err(mismatch(at(expr), format!("Cannot cast {} to {ty}", value.ty)));
    }
    let (from, attempt) = (&value.ty, if is_try { "try_" } else { "" });
    let sql = match (from, ty) {
        (Type::Unknown, _) => value.sql.clone(),
        (from, ty) if from == ty => value.sql.clone(),
        (Type::Integer, Type::Bigint) => value.sql.clone(),
        (Type::Integer | Type::Bigint, Type::Double) => value.coerced(ty),
        _ => format!("{attempt}cast_value({}, '{from}', '{ty}')", value.sql),
    };
    Ok(Typed::new(sql, ty.clone()))
}

/// A moment in a zone: there is only UTC.
pub fn at_time_zone(value: &Typed, zone: &Typed, expr: &Expr) -> Result<Typed> {
    let zone = zone.sql.trim_matches('\'').to_ascii_uppercase();
    if !matches!(zone.as_str(), "UTC" | "Z" | "GMT" | "ETC/UTC" | "+00:00") {
        return Err(not_supported(at(expr), "time zones other than UTC"));
    }
    match value.ty {
        Type::Timestamp | Type::TimestampTz => Ok(Typed::new(value.sql.clone(), Type::TimestampTz)),
        _ => Err(mismatch(
            at(expr),
            format!(
                "Type of value must be a time or timestamp with or without time zone (actual {})",
                value.ty
            ),
        )),
    }
}

/// Whether a word means something else unless it is quoted. sqlparser takes some of them for names.
fn is_reserved(name: &Ident) -> bool {
    const RESERVED: [&str; 14] = [
        "between", "by", "case", "cross", "else", "end", "escape", "for", "grouping", "like", "on", "table",
        "then", "when",
    ];
    name.quote_style.is_none() && RESERVED.iter().any(|word| name.value.eq_ignore_ascii_case(word))
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

/// Types of Trino that there are not.
const NOT_HERE: [&str; 10] =
    ["varbinary", "binary varying", "json", "time", "uuid", "map", "row", "struct", "hyperloglog", "qdigest"];

/// A type as it is written.
pub fn type_of(data_type: &DataType, expr: &Expr) -> Result<Type> {
    let text = match data_type {
        DataType::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => {
            "timestamp with time zone".to_owned()
        }
        DataType::Custom(name, _) if name.0.len() == 1 => data_type.to_string(),
        other => other.to_string(),
    };
    if text.eq_ignore_ascii_case("string") {
        let error = QueryError::at("TYPE_NOT_FOUND", at(expr), "Unknown type: string");
        return Err(error.hint("text is `varchar` in queries, and `string` in statements that define tables"));
    }
    text.parse().map_err(|()| {
        let name = text.split(['(', '<']).next().unwrap_or_default().trim().to_lowercase();
        if NOT_HERE.contains(&name.as_str()) {
            return not_supported(at(expr), &format!("values of the type {name}"));
        }
        QueryError::at("TYPE_NOT_FOUND", at(expr), format!("Unknown type: {}", text.to_lowercase()))
    })
}
