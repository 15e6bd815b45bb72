//! `FROM`: tables, queries, joins, arrays as rows.

use sqlparser::ast::{
    Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, TableAlias, TableFactor,
    TableWithJoins,
};

use super::expression::{Clause, Context, Found, element_sql};
use super::query::{column_list, conjuncts, rename};
use super::scope::{Field, Scope, backquoted};
use super::{Analyzer, Columns, Relation, TableUse, at, mismatch, not_supported, place, place_of};
use crate::athena::error::{QueryError, Result};
use crate::athena::types::Type;

/// What `FROM` is made of, in SQLite's words; relations are written last, when it is known what is read of them.
#[derive(Debug, Default)]
pub struct From {
    pieces: Vec<Piece>,
    /// The columns that there are.
    pub fields: Vec<Field>,
    /// Whether there is more than one relation.
    pub is_joined: bool,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    /// A table or a query, and the number of its relation.
    Relation(String, usize),
}

impl Analyzer<'_> {
    pub(super) fn from(&mut self, list: &[TableWithJoins], parent: &Scope<'_>) -> Result<From> {
        let mut from = From::default();
        for (number, TableWithJoins { relation, joins }) in list.iter().enumerate() {
            let word = if number == 0 { " FROM " } else { " CROSS JOIN " };
            from.pieces.push(Piece::Text(word.to_owned()));
            from.is_joined |= number > 0;
            // A comma is weaker than a join, which sees nothing of what is before. Arrays as rows do.
            let unnests = |factor: &TableFactor| matches!(factor, TableFactor::UNNEST { .. });
            let sees_all = unnests(relation) || joins.iter().any(|join| unnests(&join.relation));
            if number > 0 && !joins.is_empty() && !sees_all {
                let fields = self.nested(relation, joins, &mut from, parent)?;
                from.fields.extend(fields);
                continue;
            }
            let fields = self.factor(relation, &mut from, parent)?;
            from.fields.extend(fields);
            for join in joins {
                self.join(join, &mut from, parent)?;
            }
        }
        Ok(from)
    }

    /// Joins in brackets: their conditions see nothing of what is around.
    fn nested(
        &mut self,
        relation: &TableFactor,
        joins: &[Join],
        from: &mut From,
        parent: &Scope<'_>,
    ) -> Result<Vec<Field>> {
        from.pieces.push(Piece::Text("(".to_owned()));
        let outside = std::mem::take(&mut from.fields);
        let fields = self.factor(relation, from, parent)?;
        from.fields.extend(fields);
        for join in joins {
            self.join(join, from, parent)?;
        }
        from.pieces.push(Piece::Text(")".to_owned()));
        Ok(std::mem::replace(&mut from.fields, outside))
    }

    fn join(&mut self, join: &Join, from: &mut From, parent: &Scope<'_>) -> Result<()> {
        if join.global {
            return Err(not_supported(at(&join.relation), "GLOBAL joins"));
        }
        let (word, constraint) = match &join.join_operator {
            JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => ("JOIN", constraint),
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => ("LEFT JOIN", constraint),
            JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => {
                ("RIGHT JOIN", constraint)
            }
            JoinOperator::FullOuter(constraint) => ("FULL JOIN", constraint),
            JoinOperator::CrossJoin(constraint) => ("CROSS JOIN", constraint),
            _ => return Err(not_supported(at(&join.relation), "this kind of join")),
        };
        let (before, first) = (from.fields.len(), self.relations.len());
        from.is_joined = true;
        from.pieces.push(Piece::Text(format!(" {word} ")));
        let fields = self.factor(&join.relation, from, parent)?;
        from.fields.extend(fields);
        let joined = match constraint {
            JoinConstraint::On(condition) => self.on(condition, word, first, from, parent),
            JoinConstraint::Using(names) => self.using(names, word, before, from),
            JoinConstraint::None if word == "CROSS JOIN" => Ok(()),
            JoinConstraint::None => {
                let message = "a join needs ON or USING";
                Err(QueryError::at("SYNTAX_ERROR", at(&join.relation), message))
            }
            JoinConstraint::Natural => Err(not_supported(at(&join.relation), "NATURAL JOIN")),
            JoinConstraint::UsingAlias(..) => Err(not_supported(at(&join.relation), "USING with an alias")),
        };
        // The conditions of this join are asked of rows as they were before it.
        if matches!(word, "LEFT JOIN" | "FULL JOIN") {
            self.relations[first..].iter_mut().for_each(|relation| relation.is_nullable = true);
        }
        if matches!(word, "RIGHT JOIN" | "FULL JOIN") {
            self.relations[..first].iter_mut().for_each(|relation| relation.is_nullable = true);
        }
        joined
    }

    fn on(
        &mut self,
        condition: &Expr,
        word: &str,
        right: usize,
        from: &mut From,
        parent: &Scope<'_>,
    ) -> Result<()> {
        let mut parts = Vec::new();
        let scope = Scope { outputs: &[], fields: &from.fields, keys: None, parent: Some(parent) };
        for part in conjuncts(condition) {
            let mut found = Found::default();
            let mut cx = Context::plain(&scope, Clause::Join, &mut found);
            let sql = self.condition(part, &mut cx, "JOIN ON clause")?;
            // What a join asks of one side alone may be asked before, unless that side is kept without a partner.
            let single = found.single_relation().filter(|at| match word {
                "LEFT JOIN" => *at >= right && !self.relations[*at].is_nullable,
                "JOIN" => !self.relations[*at].is_nullable,
                _ => false,
            });
            if let Some(relation) = single {
                self.push(relation, &found, &sql);
            }
            parts.push(sql);
        }
        from.pieces.push(Piece::Text(format!(" ON {}", parts.join(" AND "))));
        Ok(())
    }

    /// The columns that both sides have become one, and come first.
    fn using(&mut self, names: &[ObjectName], word: &str, before: usize, from: &mut From) -> Result<()> {
        let (mut conditions, mut merged) = (Vec::new(), Vec::new());
        let mut right: Vec<Field> = from.fields.split_off(before);
        for name in names {
            let parts = identifiers(name);
            let take = |fields: &mut Vec<Field>| {
                let scope = Scope { outputs: &[], fields, keys: None, parent: None };
                let sql = scope.resolve(&parts)?.field.sql.clone();
                let at = fields.iter().position(|field| field.sql == sql).expect("it was just found");
                Ok(fields.remove(at))
            };
            let (a, b) = (take(&mut from.fields)?, take(&mut right)?);
            let ty = a.ty.common(&b.ty).ok_or_else(|| {
                mismatch(place_of(&parts), format!("Column types of join columns differ: {}, {}", a.ty, b.ty))
            })?;
            for field in [&a, &b] {
                self.relations[field.source.0].used.insert(field.source.1);
            }
            let side =
                |field: &Field| super::Typed { sql: field.sql.clone(), ty: field.ty.clone() }.coerced(&ty);
            conditions.push(format!("{} = {}", side(&a), side(&b)));
            let sql = match word {
                "FULL JOIN" => format!("coalesce({}, {})", side(&a), side(&b)),
                "RIGHT JOIN" => side(&b),
                _ => side(&a),
            };
            merged.push(Field { relation: None, name: a.name.clone(), ty, sql, source: a.source });
        }
        from.pieces.push(Piece::Text(format!(" ON {}", conditions.join(" AND "))));
        merged.append(&mut from.fields);
        merged.append(&mut right);
        from.fields = merged;
        Ok(())
    }

    fn factor(&mut self, factor: &TableFactor, from: &mut From, parent: &Scope<'_>) -> Result<Vec<Field>> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                with_hints,
                version: None,
                with_ordinality: false,
                partitions,
                json_path: None,
                sample: None,
                index_directives,
                inheritance: None,
            } if with_hints.is_empty() && partitions.is_empty() && index_directives.is_empty() => {
                self.table(name, alias.as_ref(), from)
            }
            TableFactor::Derived { lateral: false, subquery, alias, sample: None } => {
                let (sql, columns) = self.query(subquery, parent)?;
                let name = alias.as_ref().map(|alias| alias.name.value.to_lowercase());
                self.derived(format!("({sql})"), columns, name, alias.as_ref(), from)
            }
            TableFactor::UNNEST { alias, array_exprs, with_ordinality, .. } => {
                self.unnest(array_exprs, *with_ordinality, alias.as_ref(), from, parent)
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.nested(&table_with_joins.relation, &table_with_joins.joins, from, parent)
            }
            _ => Err(not_supported(at(factor), "this in FROM: it knows tables, queries, joins and UNNEST")),
        }
    }

    fn table(
        &mut self,
        name: &ObjectName,
        alias: Option<&TableAlias>,
        from: &mut From,
    ) -> Result<Vec<Field>> {
        let parts = identifiers(name);
        if let Some(part) = parts.iter().find(|part| part.quote_style == Some('`')) {
            return Err(backquoted(part));
        }
        let place = place_of(&parts);
        let lower: Vec<String> = parts.iter().map(|part| part.value.to_lowercase()).collect();
        let shown =
            alias.map_or_else(|| lower.last().cloned(), |alias| Some(alias.name.value.to_lowercase()));
        if let [only] = lower.as_slice()
            && let Some((_, name, columns)) = self.ctes.iter().rev().find(|(cte, ..)| cte == only).cloned()
        {
            return self.derived(name, columns, shown, alias, from);
        }
        let name = self.catalog.resolve(&lower, place)?;
        let found = self.catalog.table(&name, place)?;
        let found = found.clone();
        let number = self.relations.len();
        let mut columns: Columns = Vec::new();
        for column in found.all_columns() {
            columns.push((column.name.clone(), column.ty()));
        }
        let alias_name = format!("r{number}");
        let table = self.tables.len();
        self.tables.push(TableUse { table: found, alias: alias_name, partition_filters: Vec::new() });
        self.relations.push(Relation { table: Some(table), ..Relation::default() });
        from.pieces.push(Piece::Relation(format!("temp.t{table}"), number));
        fields(number, columns, shown, alias)
    }

    fn derived(
        &mut self,
        sql: String,
        columns: Columns,
        name: Option<String>,
        alias: Option<&TableAlias>,
        from: &mut From,
    ) -> Result<Vec<Field>> {
        let number = self.relations.len();
        self.relations.push(Relation::default());
        from.pieces.push(Piece::Relation(sql, number));
        fields(number, columns, name, alias)
    }

    /// Arrays as rows: SQLite's `json_each`, which arrays are kept for.
    fn unnest(
        &mut self,
        arrays: &[Expr],
        with_ordinality: bool,
        alias: Option<&TableAlias>,
        from: &mut From,
        parent: &Scope<'_>,
    ) -> Result<Vec<Field>> {
        let [array] = arrays else {
            return Err(not_supported(arrays.first().and_then(at), "UNNEST of several arrays"));
        };
        let scope = Scope { outputs: &[], fields: &from.fields, keys: None, parent: Some(parent) };
        let mut found = Found::default();
        let typed = self.expression(array, &mut Context::plain(&scope, Clause::Unnest, &mut found))?;
        let Type::Array(element) = typed.ty else {
            let message = format!("Cannot unnest type: {}", typed.ty);
            return Err(mismatch(at(array), message));
        };
        let number = self.relations.len();
        self.relations.push(Relation::default());
        from.pieces.push(Piece::Text(format!("json_each({}) AS r{number}", typed.sql)));
        let mut columns = vec![("_col0".to_owned(), *element)];
        columns.extend(with_ordinality.then(|| ("_col1".to_owned(), Type::Bigint)));
        let name = alias.map(|alias| alias.name.value.to_lowercase());
        let mut fields = fields(number, columns, name, alias)?;
        for (at, field) in fields.iter_mut().enumerate() {
            field.sql = match at {
                0 => element_sql(&format!("r{number}.value"), &field.ty),
                _ => format!("(r{number}.key + 1)"),
            };
        }
        Ok(fields)
    }

    /// Lets a relation see a condition that speaks of it alone, and partitions one that speaks of their keys alone.
    pub(super) fn push(&mut self, relation: usize, found: &Found, sql: &str) {
        let Relation { table, pushed, .. } = &mut self.relations[relation];
        pushed.push(sql.to_owned());
        if let Some(used) = table.map(|table| &mut self.tables[table])
            && found.columns.iter().all(|(_, column)| *column >= used.table.columns.len())
        {
            used.partition_filters.push(sql.to_owned());
        }
    }

    /// `FROM`, and what goes before the query in `WITH`.
    ///
    /// What is joined, or asked again for each row of a query around, is read once and kept with the columns that are
    /// needed: SQLite would otherwise read its objects again each time, and can make an index of what is kept.
    pub(super) fn render(&self, from: &From) -> (Vec<String>, String) {
        let (mut with, mut text) = (Vec::new(), String::new());
        for piece in &from.pieces {
            let (sql, number) = match piece {
                Piece::Text(part) => {
                    text += part;
                    continue;
                }
                Piece::Relation(sql, number) => (sql, number),
            };
            if !from.is_joined && !self.is_repeated {
                text += &format!("{sql} AS r{number}");
                continue;
            }
            let Relation { used, pushed, .. } = &self.relations[*number];
            let columns: Vec<String> =
                used.iter().map(|column| format!("r{number}.c{column} AS c{column}")).collect();
            let columns = if columns.is_empty() { "1 AS one".to_owned() } else { columns.join(", ") };
            let filter = match pushed.as_slice() {
                [] => String::new(),
                parts => format!(" WHERE {}", parts.join(" AND ")),
            };
            with.push(format!(
                "m{number} AS MATERIALIZED (SELECT {columns} FROM {sql} AS r{number}{filter})"
            ));
            text += &format!("m{number} AS r{number}");
        }
        (with, text)
    }
}

/// `WITH` and what it names, if there is anything.
pub fn with_clause(parts: &[String]) -> String {
    if parts.is_empty() { String::new() } else { format!("WITH {} ", parts.join(", ")) }
}

/// The columns of a relation, with the names that its alias gives them.
fn fields(
    number: usize,
    mut columns: Columns,
    relation: Option<String>,
    alias: Option<&TableAlias>,
) -> Result<Vec<Field>> {
    if let Some(alias) = alias {
        let names: Vec<String> = alias.columns.iter().map(|column| column.name.value.clone()).collect();
        rename(&mut columns, &names, place(alias.name.span))?;
    }
    let field = |(at, (name, ty)): (usize, (String, Type))| Field {
        relation: relation.clone(),
        name,
        ty,
        sql: format!("r{number}.c{at}"),
        source: (number, at),
    };
    Ok(columns.into_iter().enumerate().map(field).collect())
}

/// The parts of a name.
pub fn identifiers(name: &ObjectName) -> Vec<Ident> {
    let identifier = |part: &ObjectNamePart| match part {
        ObjectNamePart::Identifier(name) => name.clone(),
        ObjectNamePart::Function(function) => function.name.clone(),
    };
    name.0.iter().map(identifier).collect()
}

/// A query as a list of its columns, for where one is needed in brackets.
pub fn as_table(sql: &str, count: usize) -> String {
    format!("(SELECT {} FROM ({sql}))", column_list(count))
}
