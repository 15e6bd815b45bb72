//! Aggregates that SQLite does not have.

use rusqlite::Connection;
use rusqlite::functions::{Aggregate, Context, WindowAggregate};
use rusqlite::types::{Value, ValueRef};

use super::arrays::order_values;
use super::function::FLAGS;
use crate::athena::cast::Outcome;
use crate::athena::decimal;
use crate::athena::failure::Failure;
use crate::athena::value::{elements, owned, to_double, to_json};

/// Registers the aggregates.
pub fn register(connection: &Connection) -> rusqlite::Result<()> {
    fold(connection, "t_sum_decimal", 1, sum_step, |sum: &mut Sum| sum_end(sum, false))?;
    fold(connection, "t_avg_decimal", 1, sum_step, |sum: &mut Sum| sum_end(sum, true))?;
    fold(connection, "t_arbitrary", 1, arbitrary_step, |value: &mut Option<Value>| {
        Ok(value.clone().unwrap_or(Value::Null))
    })?;
    fold(connection, "t_max_by", 2, |best, row| best_step(best, row, true), best_end)?;
    fold(connection, "t_min_by", 2, |best, row| best_step(best, row, false), best_end)?;
    fold(connection, "t_array_agg", 1, |items, row| array_step(items, row, false), |items| array_end(items))?;
    fold(
        connection,
        "t_array_agg_arrays",
        1,
        |items, row| array_step(items, row, true),
        |items| array_end(items),
    )?;
    fold(connection, "t_percentile", 2, percentile_step, percentile_end)?;
    fold(connection, "t_percentiles", 2, percentile_step, percentiles_end)?;
    fold(connection, "t_stddev_samp", 1, moments_step, |all: &mut Moments| {
        Ok(real(all.sample_variance().map(f64::sqrt)))
    })?;
    fold(connection, "t_stddev_pop", 1, moments_step, |all: &mut Moments| {
        Ok(real(all.variance().map(f64::sqrt)))
    })?;
    fold(connection, "t_var_samp", 1, moments_step, |all: &mut Moments| Ok(real(all.sample_variance())))?;
    fold(connection, "t_var_pop", 1, moments_step, |all: &mut Moments| Ok(real(all.variance())))?;
    fold(connection, "t_geometric_mean", 1, logarithm_step, |all: &mut Moments| {
        Ok(real((all.count > 0.0).then(|| all.mean.exp())))
    })?;
    fold(connection, "t_corr", 2, pair_step, |pairs: &mut Pairs| Ok(real(pairs.correlation())))?;
    fold(connection, "t_covar_pop", 2, pair_step, |pairs: &mut Pairs| Ok(real(pairs.covariance(0.0))))?;
    fold(connection, "t_covar_samp", 2, pair_step, |pairs: &mut Pairs| Ok(real(pairs.covariance(1.0))))
}

/// An aggregate: what a row adds to a state, and what comes of the state.
struct Fold<S> {
    step: fn(&mut S, &Context<'_>) -> Result<(), Failure>,
    end: fn(&mut S) -> Outcome,
}

fn fold<S: Default + Send + std::panic::UnwindSafe + std::panic::RefUnwindSafe + 'static>(
    connection: &Connection,
    name: &str,
    arity: i32,
    step: fn(&mut S, &Context<'_>) -> Result<(), Failure>,
    end: fn(&mut S) -> Outcome,
) -> rusqlite::Result<()> {
    connection.create_window_function(name, arity, FLAGS, Fold { step, end })
}

impl<S: Default + std::panic::UnwindSafe + std::panic::RefUnwindSafe> Aggregate<S, Value> for Fold<S> {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<S> {
        Ok(S::default())
    }

    fn step(&self, context: &mut Context<'_>, state: &mut S) -> rusqlite::Result<()> {
        Ok((self.step)(state, context)?)
    }

    fn finalize(&self, _: &mut Context<'_>, state: Option<S>) -> rusqlite::Result<Value> {
        Ok((self.end)(&mut state.unwrap_or_default())?)
    }
}

impl<S: Default + std::panic::UnwindSafe + std::panic::RefUnwindSafe> WindowAggregate<S, Value> for Fold<S> {
    fn value(&self, state: Option<&mut S>) -> rusqlite::Result<Value> {
        let mut none = S::default();
        Ok((self.end)(state.unwrap_or(&mut none))?)
    }

    /// A state does not know which of its rows it would be without one.
    fn inverse(&self, _: &mut Context<'_>, _: &mut S) -> rusqlite::Result<()> {
        let message =
            "vpclab does not run this function over a window whose frame begins later than its partition";
        Err(Failure::new("NOT_SUPPORTED", message).into())
    }
}

fn real(number: Option<f64>) -> Value {
    number.map_or(Value::Null, Value::Real)
}

fn number(row: &Context<'_>, index: usize) -> Option<f64> {
    if let ValueRef::Integer(number) = row.get_raw(index) {
        return Some(to_double(number));
    }
    row.get_raw(index).as_f64().ok()
}

/// A sum of decimals. It may pass the digits of a decimal on its way.
#[derive(Default)]
struct Sum {
    total: i128,
    count: i64,
}

fn sum_step(sum: &mut Sum, row: &Context<'_>) -> Result<(), Failure> {
    let Some(number) = row.get_raw(0).as_blob().ok().and_then(decimal::decode) else { return Ok(()) };
    sum.total = sum.total.checked_add(number).ok_or_else(decimal::overflow)?;
    sum.count += 1;
    Ok(())
}

fn sum_end(sum: &Sum, is_average: bool) -> Outcome {
    if sum.count == 0 {
        return Ok(Value::Null);
    }
    let result =
        if is_average { decimal::divide_half_up(sum.total, i128::from(sum.count)) } else { sum.total };
    Ok(Value::Blob(decimal::encode(decimal::checked(Some(result))?)))
}

fn arbitrary_step(first: &mut Option<Value>, row: &Context<'_>) -> Result<(), Failure> {
    let value = row.get_raw(0);
    if first.is_none() && !matches!(value, ValueRef::Null) {
        *first = Some(owned(value));
    }
    Ok(())
}

/// The key that is best so far, and the value beside it.
type Best = Option<(Value, Value)>;

fn best_step(best: &mut Best, row: &Context<'_>, is_greatest: bool) -> Result<(), Failure> {
    let key = row.get_raw(1);
    if matches!(key, ValueRef::Null) {
        return Ok(());
    }
    let is_better = best.as_ref().is_none_or(|(best, _)| {
        let order = order_values(key, ValueRef::from(best));
        if is_greatest { order.is_gt() } else { order.is_lt() }
    });
    if is_better {
        *best = Some((owned(key), owned(row.get_raw(0))));
    }
    Ok(())
}

fn best_end(best: &mut Best) -> Outcome {
    Ok(best.as_ref().map_or(Value::Null, |(_, value)| value.clone()))
}

fn array_step(items: &mut Vec<serde_json::Value>, row: &Context<'_>, of_arrays: bool) -> Result<(), Failure> {
    items.push(to_json(row.get_raw(0), of_arrays));
    Ok(())
}

fn array_end(items: &[serde_json::Value]) -> Outcome {
    if items.is_empty() { Ok(Value::Null) } else { super::function::array(items.to_vec()) }
}

/// Numbers, and which shares of them lie below those that are asked for.
#[derive(Default)]
struct Percentile {
    shares: Vec<f64>,
    values: Vec<Value>,
}

fn percentile_step(all: &mut Percentile, row: &Context<'_>) -> Result<(), Failure> {
    let value = row.get_raw(0);
    if matches!(value, ValueRef::Null) {
        return Ok(());
    }
    if all.shares.is_empty() {
        all.shares = match row.get_raw(1) {
            ValueRef::Text(array) => {
                let shares = str::from_utf8(array).ok().and_then(elements).unwrap_or_default();
                shares.iter().map(|share| share.as_f64().unwrap_or(f64::NAN)).collect()
            }
            _ => number(row, 1).into_iter().collect(),
        };
        if all.shares.is_empty() || !all.shares.iter().all(|share| (0.0..=1.0).contains(share)) {
            return Err(Failure::argument("Percentile must be between 0 and 1"));
        }
    }
    all.values.push(owned(value));
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank is within the count of values"
)]
fn percentiles(all: &mut Percentile) -> Vec<Value> {
    all.values.sort_by(|a, b| order_values(ValueRef::from(a), ValueRef::from(b)));
    let count = to_double(i64::try_from(all.values.len()).unwrap_or(i64::MAX));
    let place = |share: &f64| ((share * count).ceil() as usize).saturating_sub(1);
    all.shares.iter().filter_map(|share| all.values.get(place(share)).cloned()).collect()
}

fn percentile_end(all: &mut Percentile) -> Outcome {
    Ok(percentiles(all).pop().unwrap_or(Value::Null))
}

fn percentiles_end(all: &mut Percentile) -> Outcome {
    let found = percentiles(all);
    if found.is_empty() {
        return Ok(Value::Null);
    }
    super::function::array(found.iter().map(|value| to_json(ValueRef::from(value), false)).collect())
}

/// Count, mean and squared distances of numbers, kept so that no digits are lost (Welford).
#[derive(Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, number: f64) {
        self.count += 1.0;
        let distance = number - self.mean;
        self.mean += distance / self.count;
        self.squares += distance * (number - self.mean);
    }

    fn variance(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.squares / self.count)
    }

    fn sample_variance(&self) -> Option<f64> {
        (self.count > 1.0).then(|| self.squares / (self.count - 1.0))
    }
}

fn moments_step(all: &mut Moments, row: &Context<'_>) -> Result<(), Failure> {
    number(row, 0).into_iter().for_each(|number| all.add(number));
    Ok(())
}

fn logarithm_step(all: &mut Moments, row: &Context<'_>) -> Result<(), Failure> {
    let Some(number) = number(row, 0) else { return Ok(()) };
    let logarithm = number.ln();
    // The mean of infinite numbers is not to become what is no number.
    if logarithm.is_finite() {
        all.add(logarithm);
    } else {
        (all.count, all.mean) = (all.count + 1.0, logarithm);
    }
    Ok(())
}

/// Pairs of numbers.
#[derive(Default)]
struct Pairs {
    left: Moments,
    right: Moments,
    products: f64,
}

fn pair_step(pairs: &mut Pairs, row: &Context<'_>) -> Result<(), Failure> {
    let (Some(left), Some(right)) = (number(row, 0), number(row, 1)) else { return Ok(()) };
    let distance = left - pairs.left.mean;
    pairs.left.add(left);
    pairs.right.add(right);
    pairs.products += distance * (right - pairs.right.mean);
    Ok(())
}

impl Pairs {
    fn correlation(&self) -> Option<f64> {
        let scale = (self.left.squares * self.right.squares).sqrt();
        (scale > 0.0).then(|| self.products / scale)
    }

    fn covariance(&self, less: f64) -> Option<f64> {
        let count = self.left.count - less;
        (count > 0.0).then(|| self.products / count)
    }
}

#[cfg(test)]
mod tests {
    use crate::athena::functions::tests::{aggregate, error, value};

    #[test]
    fn aggregates() {
        let numbers = "(VALUES (1), (2), (NULL), (4), (4))";
        for (name, ty, expected) in [
            ("count", "bigint", "4"),
            ("sum", "bigint", "11"),
            ("avg", "bigint", "2.75"),
            ("min", "integer", "1"),
            ("max", "integer", "4"),
            ("approx_distinct", "bigint", "3"),
            ("array_agg", "bigint", "[1, 2, null, 4, 4]"),
            ("arbitrary", "bigint", "1"),
            ("any_value", "bigint", "1"),
            ("count_if", "boolean", "4"),
        ] {
            assert_eq!(aggregate(name, &[("column1", ty)], numbers), expected, "{name}");
        }
        let two = [("column1", "bigint"), ("0.5", "double")];
        assert_eq!(aggregate("approx_percentile", &two, numbers), "2");
        let several = [("column1", "bigint"), ("'[0.5, 1.0]'", "array(double)")];
        assert_eq!(aggregate("approx_percentile", &several, numbers), "[2, 4]");
        for (name, expected) in [("stddev_pop", "1.0"), ("variance", "2.0"), ("var_pop", "1.0")] {
            assert_eq!(aggregate(name, &[("column1", "bigint")], "(VALUES (1), (3))"), expected, "{name}");
        }
        let pairs = "(VALUES ('a', 1), ('b', 3), ('c', 2), ('d', NULL))";
        let by = [("column1", "varchar"), ("column2", "bigint")];
        assert_eq!(aggregate("max_by", &by, pairs), "b");
        assert_eq!(aggregate("min_by", &by, pairs), "a");
        let pairs = [("column1", "double"), ("column2", "double")];
        assert_eq!(aggregate("corr", &pairs, "(VALUES (1.0, 2.0), (2.0, 4.0), (3.0, 6.0))"), "1.0");
    }

    #[test]
    fn of_no_rows() {
        let none = "(SELECT 1 AS column1, 0.5 AS column2 WHERE 0)";
        for name in ["sum", "avg", "min", "array_agg", "arbitrary", "stddev", "geometric_mean"] {
            assert_eq!(aggregate(name, &[("column1", "bigint")], none), "NULL", "{name}");
        }
        for name in ["count", "approx_distinct"] {
            assert_eq!(aggregate(name, &[("column1", "bigint")], none), "0", "{name}");
        }
        assert_eq!(aggregate("count_if", &[("column1", "boolean")], none), "0");
        assert_eq!(aggregate("sum", &[("column1", "decimal(5,2)")], none), "NULL");
    }

    #[test]
    fn decimals_and_overflow() {
        let rows = "(SELECT cast_value(column1, 'varchar', 'decimal(5,2)') AS column1 FROM (VALUES ('1.00'), ('0.01')))";
        assert_eq!(aggregate("sum", &[("column1", "decimal(5,2)")], rows), "1.01");
        assert_eq!(aggregate("avg", &[("column1", "decimal(5,2)")], rows), "0.51");
        assert_eq!(value("max(column1) FROM (VALUES (1))"), "1");
        assert_eq!(
            error("sum(column1) FROM (VALUES (9223372036854775807), (1))"),
            "NUMERIC_VALUE_OUT_OF_RANGE: bigint addition overflow"
        );
    }
}
