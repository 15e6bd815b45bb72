//! The operators: whole numbers that do not overflow unseen, doubles, decimals, text.

use rusqlite::types::Value;

use super::function::{Arguments, Function, text};
use crate::athena::cast::Outcome;
use crate::athena::decimal;
use crate::athena::failure::Failure;

/// The operators of whole numbers, by how many bits they have.
pub const FUNCTIONS: &[Function] = &[
    Function::new("t_add_tinyint", 2, add::<8>),
    Function::new("t_add_smallint", 2, add::<16>),
    Function::new("t_add_integer", 2, add::<32>),
    Function::new("t_add_bigint", 2, add::<64>),
    Function::new("t_subtract_tinyint", 2, subtract::<8>),
    Function::new("t_subtract_smallint", 2, subtract::<16>),
    Function::new("t_subtract_integer", 2, subtract::<32>),
    Function::new("t_subtract_bigint", 2, subtract::<64>),
    Function::new("t_multiply_tinyint", 2, multiply::<8>),
    Function::new("t_multiply_smallint", 2, multiply::<16>),
    Function::new("t_multiply_integer", 2, multiply::<32>),
    Function::new("t_multiply_bigint", 2, multiply::<64>),
    Function::new("t_divide_tinyint", 2, divide::<8>),
    Function::new("t_divide_smallint", 2, divide::<16>),
    Function::new("t_divide_integer", 2, divide::<32>),
    Function::new("t_divide_bigint", 2, divide::<64>),
    Function::new("t_modulus_tinyint", 2, modulus),
    Function::new("t_modulus_smallint", 2, modulus),
    Function::new("t_modulus_integer", 2, modulus),
    Function::new("t_modulus_bigint", 2, modulus),
    Function::new("t_negate_tinyint", 1, negate::<8>),
    Function::new("t_negate_smallint", 1, negate::<16>),
    Function::new("t_negate_integer", 1, negate::<32>),
    Function::new("t_negate_bigint", 1, negate::<64>),
    Function::new("t_divide_double", 2, |a| Ok(Value::Real(a.real(0)? / a.real(1)?))),
    Function::new("t_modulus_double", 2, |a| Ok(Value::Real(a.real(0)? % a.real(1)?))),
    Function::new("t_add_decimal", 4, |a| scaled(a, decimal::add)),
    Function::new("t_subtract_decimal", 4, |a| scaled(a, decimal::subtract)),
    Function::new("t_multiply_decimal", 2, |a| kept(decimal::multiply(a.decimal(0)?, a.decimal(1)?)?)),
    Function::new("t_divide_decimal", 4, |a| scaled(a, decimal::divide)),
    Function::new("t_modulus_decimal", 4, |a| scaled(a, decimal::modulus)),
    Function::new("t_negate_decimal", 1, |a| kept(-a.decimal(0)?)),
    Function::new("t_concat", -1, concat),
];

/// A decimal as a value.
pub fn kept(unscaled: i128) -> Outcome {
    Ok(Value::Blob(decimal::encode(unscaled)))
}

fn scaled(
    arguments: &Arguments<'_, '_>,
    operator: fn(i128, i32, i128, i32) -> Result<i128, Failure>,
) -> Outcome {
    kept(operator(arguments.decimal(0)?, arguments.scale(1)?, arguments.decimal(2)?, arguments.scale(3)?)?)
}

fn concat(arguments: &Arguments<'_, '_>) -> Outcome {
    let parts: Result<Vec<&str>, Failure> = (0..arguments.len()).map(|index| arguments.text(index)).collect();
    text(parts?.concat())
}

fn bounded<const BITS: u32>(result: Option<i64>, what: impl FnOnce() -> String) -> Outcome {
    let (least, most) = (i64::MIN >> (64 - BITS), i64::MAX >> (64 - BITS));
    let result = result.filter(|result| (least..=most).contains(result));
    result.map(Value::Integer).ok_or_else(|| Failure::range(format!("{} {}", name(BITS), what())))
}

fn name(bits: u32) -> &'static str {
    match bits {
        8 => "tinyint",
        16 => "smallint",
        32 => "integer",
        _ => "bigint",
    }
}

fn both(arguments: &Arguments<'_, '_>) -> Result<(i64, i64), Failure> {
    Ok((arguments.integer(0)?, arguments.integer(1)?))
}

fn add<const BITS: u32>(arguments: &Arguments<'_, '_>) -> Outcome {
    let (a, b) = both(arguments)?;
    bounded::<BITS>(a.checked_add(b), || format!("addition overflow: {a} + {b}"))
}

fn subtract<const BITS: u32>(arguments: &Arguments<'_, '_>) -> Outcome {
    let (a, b) = both(arguments)?;
    bounded::<BITS>(a.checked_sub(b), || format!("subtraction overflow: {a} - {b}"))
}

fn multiply<const BITS: u32>(arguments: &Arguments<'_, '_>) -> Outcome {
    let (a, b) = both(arguments)?;
    bounded::<BITS>(a.checked_mul(b), || format!("multiplication overflow: {a} * {b}"))
}

fn divide<const BITS: u32>(arguments: &Arguments<'_, '_>) -> Outcome {
    let (a, b) = both(arguments)?;
    if b == 0 {
        return Err(Failure::division());
    }
    bounded::<BITS>(a.checked_div(b), || format!("division overflow: {a} / {b}"))
}

fn modulus(arguments: &Arguments<'_, '_>) -> Outcome {
    let (a, b) = both(arguments)?;
    if b == 0 { Err(Failure::division()) } else { Ok(Value::Integer(a.wrapping_rem(b))) }
}

fn negate<const BITS: u32>(arguments: &Arguments<'_, '_>) -> Outcome {
    let a = arguments.integer(0)?;
    bounded::<BITS>(a.checked_neg(), || format!("negation overflow: {a}"))
}

#[cfg(test)]
mod tests {
    use crate::athena::functions::tests::{error, value};

    #[test]
    fn whole_numbers_stay_in_range() {
        assert_eq!(value("t_add_integer(2147483646, 1)"), "2147483647");
        assert_eq!(
            error("t_add_integer(2147483647, 1)"),
            "NUMERIC_VALUE_OUT_OF_RANGE: integer addition overflow: 2147483647 + 1"
        );
        assert_eq!(
            error("t_multiply_bigint(9223372036854775807, 2)"),
            "NUMERIC_VALUE_OUT_OF_RANGE: bigint multiplication overflow: 9223372036854775807 * 2"
        );
        assert_eq!(
            error("t_negate_tinyint(-128)"),
            "NUMERIC_VALUE_OUT_OF_RANGE: tinyint negation overflow: -128"
        );
        assert_eq!(value("try_t_add_integer(2147483647, 1)"), "NULL");
        assert_eq!(value("t_divide_bigint(-7, 2)"), "-3");
        assert_eq!(value("t_modulus_bigint(-7, 2)"), "-1");
        assert_eq!(error("t_divide_bigint(1, 0)"), "DIVISION_BY_ZERO: Division by zero");
        assert_eq!(value("t_add_bigint(NULL, 1)"), "NULL");
    }

    #[test]
    fn doubles_and_decimals() {
        assert_eq!(value("t_divide_double(1.0, 0)"), "Infinity");
        let decimal = |text: &str| format!("cast_value('{text}', 'varchar', 'decimal(10,2)')");
        let shown =
            |sql: &str, scale: u8| value(&format!("cast_value({sql}, 'decimal(38,{scale})', 'varchar')"));
        let (a, b) = (decimal("1.25"), decimal("0.50"));
        assert_eq!(shown(&format!("t_add_decimal({a}, 2, {b}, 2)"), 2), "1.75");
        assert_eq!(shown(&format!("t_multiply_decimal({a}, {b})"), 4), "0.6250");
        assert_eq!(shown(&format!("t_divide_decimal({b}, 2, {a}, 2)"), 2), "0.40");
        assert_eq!(shown(&format!("t_modulus_decimal({a}, 2, {b}, 2)"), 2), "0.25");
        assert_eq!(shown(&format!("t_negate_decimal({a})"), 2), "-1.25");
        assert_eq!(value("t_concat('a', 'b')"), "ab");
    }
}
