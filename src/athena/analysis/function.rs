//! Calls of functions: those of `functions`, and those that are part of the language.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArgumentList, FunctionArguments, Ident, NamedWindowDefinition, NamedWindowExpr, NullTreatment,
    ObjectName, OrderByExpr, Select, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

use super::expression::{Context, at_time_zone, attempted};
use super::from::identifiers;
use super::literal::quoted;
use super::query::direction;
use super::{Analyzer, Typed, at, mismatch, not_supported, place};
use crate::athena::calendar::DAY;
use crate::athena::error::{Place, QueryError, Result};
use crate::athena::functions::{Call, Kind, Unresolved, kind, resolve};
use crate::athena::types::Type;

/// What is between the brackets of a call.
#[derive(Default)]
struct Arguments<'e> {
    list: Vec<&'e Expr>,
    /// Whether it is `*`.
    is_star: bool,
    is_distinct: bool,
    order_by: &'e [OrderByExpr],
    ignores_nulls: bool,
}

impl Analyzer<'_> {
    pub fn function(&mut self, function: &Function, cx: &mut Context<'_>) -> Result<Typed> {
        let start = identifiers(&function.name).first().and_then(|part| place(part.span));
        let name = called(&function.name);
        let mut arguments = arguments(function)?;
        if let Some(typed) = self.of_language(&name, &arguments.list, start, cx)? {
            return Ok(typed);
        }
        if !function.within_group.is_empty() {
            arguments.order_by = &function.within_group;
        }
        self.resolved(&name, &arguments, function, start, cx)
    }

    /// A call of a function by its name, with arguments that are expressions.
    pub fn call(
        &mut self,
        name: &str,
        list: &[&Expr],
        place: Option<Place>,
        cx: &mut Context<'_>,
    ) -> Result<Typed> {
        let arguments = list.iter().map(|part| self.expression(part, cx)).collect::<Result<Vec<_>>>()?;
        let call = find(name, &arguments, place)?;
        Ok(apply(&call, &arguments, cx.is_try))
    }

    /// What looks like a function, and is none: its arguments are not all evaluated, or are of any type.
    fn of_language(
        &mut self,
        name: &str,
        list: &[&Expr],
        place: Option<Place>,
        cx: &mut Context<'_>,
    ) -> Result<Option<Typed>> {
        let typed = match (name, list) {
            ("coalesce", [_, ..]) => {
                let parts = list.iter().map(|part| self.expression(part, cx)).collect::<Result<Vec<_>>>()?;
                let ty = common(&parts, "coalesce", place)?;
                let sql: Vec<String> = parts.iter().map(|part| part.coerced(&ty)).collect();
                // SQLite's takes two at least.
                let sql = if let [only] = sql.as_slice() {
                    only.clone()
                } else {
                    format!("coalesce({})", sql.join(", "))
                };
                Typed::new(sql, ty)
            }
            ("nullif", [a, b]) => {
                let (a, b) = (self.expression(a, cx)?, self.expression(b, cx)?);
                let both = common(&[a.clone(), b.clone()], "nullif", place)?;
                let value = Typed::new(format!("nullif({}, {})", a.coerced(&both), b.coerced(&both)), both);
                // It is of the first one's type, which the common one holds.
                if value.ty == a.ty { value } else { Typed::new(value.cast_sql(&a.ty), a.ty) }
            }
            ("if", [condition, rest @ ..]) if matches!(rest.len(), 1 | 2) => {
                let condition = self.condition(condition, cx, "IF condition")?;
                let parts = rest.iter().map(|part| self.expression(part, cx)).collect::<Result<Vec<_>>>()?;
                let ty = common(&parts, "if", place)?;
                let otherwise = parts.get(1).map_or("NULL".to_owned(), |part| part.coerced(&ty));
                Typed::new(
                    format!("(CASE WHEN {condition} THEN {} ELSE {otherwise} END)", parts[0].coerced(&ty)),
                    ty,
                )
            }
            ("try", [inner]) => {
                let was = std::mem::replace(&mut cx.is_try, true);
                let typed = self.expression(inner, cx);
                cx.is_try = was;
                attempted(typed?)
            }
            ("typeof", [inner]) => {
                let typed = self.expression(inner, cx)?;
                Typed::new(quoted(&typed.ty.to_string()), Type::VARCHAR)
            }
            ("at_timezone", [value, zone]) => {
                let (value, zone_sql) = (self.expression(value, cx)?, self.expression(zone, cx)?);
                at_time_zone(&value, &zone_sql, zone)?
            }
            _ => return Ok(None),
        };
        Ok(Some(typed))
    }

    fn resolved(
        &mut self,
        name: &str,
        arguments: &Arguments<'_>,
        function: &Function,
        place: Option<Place>,
        cx: &mut Context<'_>,
    ) -> Result<Typed> {
        let Some(kind) = kind(name) else {
            // Whatever its arguments are.
            return find(name, &[], place).map(|call| apply(&call, &[], cx.is_try));
        };
        if kind == Kind::Scalar {
            let is_aggregated = arguments.is_distinct || arguments.is_star || arguments.ignores_nulls;
            let is_aggregated = is_aggregated || !arguments.order_by.is_empty() || function.filter.is_some();
            if is_aggregated || function.over.is_some() {
                let message = format!("'{name}' is no aggregate or window function");
                return Err(QueryError::at("FUNCTION_NOT_AGGREGATE", place, message));
            }
            return self.call(name, &arguments.list, place, cx);
        }
        if !cx.clause.has_aggregates() {
            let message = format!(
                "{} cannot contain aggregations, window functions or grouping operations: [{function}]",
                cx.clause.name()
            );
            return Err(QueryError::at("EXPRESSION_NOT_SCALAR", place, message));
        }
        match &function.over {
            Some(over) => self.window(name, arguments, function, over, place, cx),
            None if kind == Kind::Window => {
                let message = format!("Window function {name} requires an OVER clause");
                Err(QueryError::at("MISSING_OVER", place, message))
            }
            None if cx.in_aggregate => {
                let message = format!("Cannot nest aggregations inside aggregation '{name}'");
                Err(QueryError::at("NESTED_AGGREGATION", place, message))
            }
            None => {
                cx.found.aggregates = true;
                cx.in_aggregate = true;
                let aggregate = self.aggregate(name, arguments, function, place, cx);
                cx.in_aggregate = false;
                aggregate
            }
        }
    }

    /// The arguments of an aggregate or a window function, and which function takes them. `*` is no argument.
    fn aggregated(
        &mut self,
        name: &str,
        arguments: &Arguments<'_>,
        place: Option<Place>,
        cx: &mut Context<'_>,
    ) -> Result<(Vec<Typed>, Call)> {
        let typed =
            arguments.list.iter().map(|part| self.expression(part, cx)).collect::<Result<Vec<_>>>()?;
        let call = find(name, &typed, place)?;
        Ok((typed, call))
    }

    fn aggregate(
        &mut self,
        name: &str,
        arguments: &Arguments<'_>,
        function: &Function,
        place: Option<Place>,
        cx: &mut Context<'_>,
    ) -> Result<Typed> {
        if arguments.ignores_nulls {
            return Err(not_supported(place, "IGNORE NULLS of an aggregate"));
        }
        let (own, outer) = (cx.found.columns.len(), std::mem::replace(&mut cx.found.outer, false));
        let (mut typed, call) = self.aggregated(name, arguments, place, cx)?;
        if cx.found.outer && cx.found.columns.len() == own {
            // SQLite takes it for one of the query around.
            return Err(not_supported(place, "an aggregate of nothing but columns of a query around it"));
        }
        cx.found.outer |= outer;
        // Some are of distinct values anyway.
        if arguments.is_distinct && !call.template.contains("DISTINCT") {
            let [only] = typed.as_mut_slice() else {
                return Err(not_supported(place, "DISTINCT of several arguments"));
            };
            only.sql = format!("DISTINCT {}", only.coerced(&call.parameters[0]));
            only.ty = call.parameters[0].clone();
        }
        let mut sql = apply(&call, &typed, cx.is_try).sql;
        if !arguments.order_by.is_empty() {
            let order = self.order_list(arguments.order_by, cx)?;
            sql = format!("{} ORDER BY {order})", sql.strip_suffix(')').unwrap_or(&sql));
        }
        if let Some(filter) = &function.filter {
            sql += &format!(" FILTER (WHERE {})", self.condition(filter, cx, "FILTER clause")?);
        }
        Ok(Typed::new(sql, call.returns.clone()))
    }

    fn window(
        &mut self,
        name: &str,
        arguments: &Arguments<'_>,
        function: &Function,
        over: &WindowType,
        place: Option<Place>,
        cx: &mut Context<'_>,
    ) -> Result<Typed> {
        let WindowSpec { partition_by, order_by, window_frame, .. } = &match over {
            WindowType::WindowSpec(spec) => self.whole_window(spec)?,
            WindowType::NamedWindow(name) => self.named_window(name)?,
        };
        if arguments.is_distinct || arguments.ignores_nulls || !arguments.order_by.is_empty() {
            return Err(not_supported(
                place,
                "DISTINCT, ORDER BY and IGNORE NULLS in a function over a window",
            ));
        }
        if function.filter.is_some() && kind(name) == Some(Kind::Window) {
            return Err(not_supported(place, "FILTER of a window function"));
        }
        let (typed, call) = self.aggregated(name, arguments, place, cx)?;
        if call.template.contains("DISTINCT") {
            return Err(not_supported(place, &format!("{name} over a window")));
        }
        let sql = apply(&call, &typed, cx.is_try).sql;
        let mut window = Vec::new();
        if !partition_by.is_empty() {
            let parts = partition_by.iter().map(|part| Ok(self.expression(part, cx)?.sql));
            window.push(format!("PARTITION BY {}", parts.collect::<Result<Vec<_>>>()?.join(", ")));
        }
        if !order_by.is_empty() {
            window.push(format!("ORDER BY {}", self.order_list(order_by, cx)?));
        }
        if let Some(WindowFrame { units, start_bound, end_bound }) = window_frame {
            let units = match units {
                WindowFrameUnits::Rows => "ROWS",
                WindowFrameUnits::Range => "RANGE",
                WindowFrameUnits::Groups => "GROUPS",
            };
            let ordered = match order_by.as_slice() {
                [only] if units == "RANGE" => Some(self.expression(&only.expr, cx)?.ty),
                _ => None,
            };
            let start = self.bound(start_bound, units, ordered.as_ref(), place, cx)?;
            window.push(match end_bound {
                Some(end) => {
                    let end = self.bound(end, units, ordered.as_ref(), place, cx)?;
                    format!("{units} BETWEEN {start} AND {end}")
                }
                None => format!("{units} {start}"),
            });
        }
        let filter = match &function.filter {
            Some(filter) => format!(" FILTER (WHERE {})", self.condition(filter, cx, "FILTER clause")?),
            None => String::new(),
        };
        Ok(Typed::new(format!("{sql}{filter} OVER ({})", window.join(" ")), call.returns.clone()))
    }

    /// The windows that a `SELECT` names, each of which may be made of one before it.
    pub fn named_windows(&mut self, select: &Select) -> Result<Vec<(String, WindowSpec)>> {
        let around = std::mem::take(&mut self.windows);
        for NamedWindowDefinition(name, window) in &select.named_window {
            let whole = match window {
                NamedWindowExpr::NamedWindow(name) => self.named_window(name),
                NamedWindowExpr::WindowSpec(spec) => self.whole_window(spec),
            };
            self.windows.push((name.value.to_lowercase(), whole?));
        }
        Ok(std::mem::replace(&mut self.windows, around))
    }

    fn named_window(&self, name: &Ident) -> Result<WindowSpec> {
        let lower = name.value.to_lowercase();
        let found = self.windows.iter().find(|(known, _)| *known == lower);
        found.map(|(_, window)| window.clone()).ok_or_else(|| {
            let message = format!("Cannot resolve WINDOW name {}", name.value);
            QueryError::at("INVALID_WINDOW_REFERENCE", place(name.span), message)
        })
    }

    /// A window with what the one it is made of says.
    fn whole_window(&self, window: &WindowSpec) -> Result<WindowSpec> {
        let mut whole = window.clone();
        if let Some(name) = whole.window_name.take() {
            let base = self.named_window(&name)?;
            if !window.partition_by.is_empty() {
                let message = "WINDOW specification with named WINDOW reference cannot specify PARTITION BY";
                return Err(QueryError::at("INVALID_PARTITION_BY", place(name.span), message));
            }
            if !window.order_by.is_empty() && !base.order_by.is_empty() {
                let message = "Cannot specify ORDER BY if referenced named WINDOW specifies ORDER BY";
                return Err(QueryError::at("INVALID_ORDER_BY", place(name.span), message));
            }
            if base.window_frame.is_some() {
                let message = "Cannot reference named WINDOW containing frame specification";
                return Err(QueryError::at("INVALID_WINDOW_REFERENCE", place(name.span), message));
            }
            whole.partition_by = base.partition_by;
            if whole.order_by.is_empty() {
                whole.order_by = base.order_by;
            }
        }
        Ok(whole)
    }

    /// Where a frame begins or ends. Moments are kept as milliseconds, and days as days: so is the span between them.
    fn bound(
        &mut self,
        bound: &WindowFrameBound,
        units: &str,
        ordered: Option<&Type>,
        place: Option<Place>,
        cx: &mut Context<'_>,
    ) -> Result<String> {
        let (by, word) = match bound {
            WindowFrameBound::CurrentRow => return Ok("CURRENT ROW".to_owned()),
            WindowFrameBound::Preceding(None) => return Ok("UNBOUNDED PRECEDING".to_owned()),
            WindowFrameBound::Following(None) => return Ok("UNBOUNDED FOLLOWING".to_owned()),
            WindowFrameBound::Preceding(Some(by)) => (by, "PRECEDING"),
            WindowFrameBound::Following(Some(by)) => (by, "FOLLOWING"),
        };
        let typed = self.expression(by, cx)?;
        let count: Option<i64> = typed.sql.parse().ok().filter(|count| *count >= 0);
        let count = match (units, &typed.ty, ordered, count) {
            ("ROWS" | "GROUPS", ty, _, Some(count)) if ty.is_integer() => count,
            ("RANGE", Type::IntervalDay, Some(Type::Timestamp | Type::TimestampTz), Some(ms)) => ms,
            ("RANGE", Type::IntervalDay, Some(Type::Date), Some(ms)) if ms % DAY == 0 => ms / DAY,
            ("RANGE", ty, Some(of), Some(count))
                if ty.is_integer() && (of.is_integer() || *of == Type::Double) =>
            {
                count
            }
            _ => {
                let place = at(by.as_ref()).or(place);
                return Err(not_supported(
                    place,
                    "this bound of a frame: numbers and spans are written out, and fit the order",
                ));
            }
        };
        Ok(format!("{count} {word}"))
    }

    fn order_list(&mut self, order_by: &[OrderByExpr], cx: &mut Context<'_>) -> Result<String> {
        let mut parts = Vec::new();
        for order in order_by {
            let by = self.expression(&order.expr, cx)?;
            if matches!(by.ty, Type::Array(_)) {
                return Err(not_supported(at(&order.expr), "an order of arrays"));
            }
            parts.push(format!("{}{}", by.sql, direction(order)));
        }
        Ok(parts.join(", "))
    }
}

/// What a function is called, whatever it is said to be of.
pub fn called(name: &ObjectName) -> String {
    identifiers(name).last().expect("a function has a name").value.to_lowercase()
}

fn arguments(function: &Function) -> Result<Arguments<'_>> {
    let list = match &function.args {
        FunctionArguments::None => return Ok(Arguments::default()),
        FunctionArguments::List(list) => list,
        FunctionArguments::Subquery(_) => {
            return Err(not_supported(at(&function.name), "a query as an argument"));
        }
    };
    let FunctionArgumentList { duplicate_treatment, args, clauses } = list;
    let mut arguments = Arguments {
        is_distinct: *duplicate_treatment == Some(DuplicateTreatment::Distinct),
        ignores_nulls: function.null_treatment == Some(NullTreatment::IgnoreNulls),
        ..Arguments::default()
    };
    for argument in args {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => arguments.list.push(expr),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if args.len() == 1 => arguments.is_star = true,
            _ => return Err(not_supported(at(&function.name), "this kind of an argument")),
        }
    }
    for clause in clauses {
        match clause {
            FunctionArgumentClause::OrderBy(order_by) => arguments.order_by = order_by,
            FunctionArgumentClause::IgnoreOrRespectNulls(treatment) => {
                arguments.ignores_nulls = *treatment == NullTreatment::IgnoreNulls;
            }
            _ => return Err(not_supported(at(&function.name), "this clause of an argument list")),
        }
    }
    Ok(arguments)
}

fn find(name: &str, arguments: &[Typed], place: Option<Place>) -> Result<Call> {
    let types: Vec<Type> = arguments.iter().map(|argument| argument.ty.clone()).collect();
    resolve(name, &types).map_err(|unresolved| match unresolved {
        Unresolved::NoSuchFunction => {
            QueryError::at("FUNCTION_NOT_FOUND", place, format!("Function '{name}' not registered"))
        }
        Unresolved::NotHere => not_supported(place, &format!("the function {name}, which Athena has")),
        Unresolved::WrongArguments { expected } => {
            let types: Vec<String> = types.iter().map(Type::to_string).collect();
            let message = format!(
                "Unexpected parameters ({}) for function {name}. Expected: {}",
                types.join(", "),
                expected.join(", ")
            );
            QueryError::at("FUNCTION_NOT_FOUND", place, message)
        }
    })
}

fn apply(call: &Call, arguments: &[Typed], is_try: bool) -> Typed {
    let parameters = arguments.iter().enumerate().map(|(at, argument)| {
        // `DISTINCT` stands before an argument that was coerced already.
        call.parameters.get(at).map_or_else(|| argument.sql.clone(), |ty| argument.coerced(ty))
    });
    Typed::new(call.sql(&parameters.collect::<Vec<_>>(), is_try), call.returns.clone())
}

fn common(parts: &[Typed], name: &str, place: Option<Place>) -> Result<Type> {
    let mut ty = Type::Unknown;
    for part in parts {
        let message = || {
            format!(
                "All {name} operands must be the same type or coercible to a common type. Cannot find common type between {ty} and {}",
                part.ty
            )
        };
        ty = ty.common(&part.ty).ok_or_else(|| mismatch(place, message()))?;
    }
    Ok(ty)
}
