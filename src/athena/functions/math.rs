//! Functions of numbers.

use rusqlite::types::Value;

use super::arithmetic::kept;
use super::function::{Arguments, Function, text, truth};
use crate::athena::cast::Outcome;
use crate::athena::decimal::{self, power_of_ten, rescale};
use crate::athena::failure::Failure;

macro_rules! real {
    ($name:literal, $method:ident) => {
        Function::new($name, 1, |arguments| Ok(Value::Real(arguments.real(0)?.$method())))
    };
}

/// The functions of numbers.
pub const FUNCTIONS: &[Function] = &[
    real!("t_sqrt", sqrt),
    real!("t_cbrt", cbrt),
    real!("t_exp", exp),
    real!("t_ln", ln),
    real!("t_log2", log2),
    real!("t_log10", log10),
    real!("t_sin", sin),
    real!("t_cos", cos),
    real!("t_tan", tan),
    real!("t_asin", asin),
    real!("t_acos", acos),
    real!("t_atan", atan),
    real!("t_degrees", to_degrees),
    real!("t_radians", to_radians),
    real!("t_ceil_double", ceil),
    real!("t_floor_double", floor),
    real!("t_truncate_double", trunc),
    real!("t_abs_double", abs),
    Function::new("t_log", 2, |a| Ok(Value::Real(a.real(1)?.ln() / a.real(0)?.ln()))),
    Function::new("t_power", 2, |a| Ok(Value::Real(a.real(0)?.powf(a.real(1)?)))),
    Function::new("t_atan2", 2, |a| Ok(Value::Real(a.real(0)?.atan2(a.real(1)?)))),
    Function::new("t_sign_double", 1, |a| {
        let number = a.real(0)?;
        Ok(Value::Real(if number == 0.0 { 0.0 } else { number.signum() }))
    }),
    Function::new("t_is_nan", 1, |a| truth(a.real(0)?.is_nan())),
    Function::new("t_is_infinite", 1, |a| truth(a.real(0)?.is_infinite())),
    Function::new("t_is_finite", 1, |a| truth(a.real(0)?.is_finite())),
    Function::new("t_abs_bigint", 1, |a| {
        let number = a.integer(0)?;
        let size = number.checked_abs();
        size.map(Value::Integer)
            .ok_or_else(|| Failure::range(format!("Value {number} is out of range for abs(bigint)")))
    }),
    Function::new("t_round_bigint", 2, round_bigint),
    Function::new("t_round_double", 2, |a| digits(a, f64::round)),
    Function::new("t_truncate_double", 2, |a| digits(a, f64::trunc)),
    Function::new("t_round_decimal", 3, round_decimal),
    Function::new("t_truncate_decimal", 3, truncate_decimal),
    Function::new("t_ceil_decimal", 2, |a| whole(a, |floor, rest| floor + i128::from(rest != 0))),
    Function::new("t_floor_decimal", 2, |a| whole(a, |floor, _| floor)),
    Function::new("t_whole_decimal", 2, |a| {
        whole(a, |floor, rest| floor + i128::from(rest != 0 && floor < 0))
    }),
    Function::new("t_rounded_decimal", 2, |a| {
        kept(decimal::checked(rescale(a.decimal(0)?, a.scale(1)?, 0))?)
    }),
    Function::new("t_abs_decimal", 1, |a| kept(a.decimal(0)?.abs())),
    Function::new("t_sign_decimal", 1, |a| kept(a.decimal(0)?.signum())),
    Function::new("t_bitwise_xor", 2, |a| Ok(Value::Integer(a.integer(0)? ^ a.integer(1)?))),
    Function::new("t_bit_count", 2, bit_count),
    Function::new("t_shift_left", 2, |a| {
        let by = u32::try_from(a.integer(1)?).unwrap_or(64);
        Ok(Value::Integer(a.integer(0)?.checked_shl(by).unwrap_or(0)))
    }),
    Function::new("t_shift_right", 2, |a| {
        let by = u32::try_from(a.integer(1)?).unwrap_or(64);
        let shifted = a.integer(0)?.cast_unsigned().checked_shr(by).unwrap_or(0);
        Ok(Value::Integer(shifted.cast_signed()))
    }),
    Function::new("t_from_base", 2, from_base),
    Function::new("t_to_base", 2, to_base),
    Function::new("t_width_bucket", 4, width_bucket),
];

fn round_bigint(arguments: &Arguments<'_, '_>) -> Outcome {
    let (number, digits) = (arguments.integer(0)?, arguments.integer(1)?);
    if digits >= 0 {
        return Ok(Value::Integer(number));
    }
    let factor = u32::try_from(-digits.max(-30)).ok().and_then(power_of_ten).unwrap_or(i128::MAX);
    let rounded = decimal::divide_half_up(i128::from(number), factor) * factor;
    let rounded = i64::try_from(rounded);
    rounded
        .map(Value::Integer)
        .map_err(|_| Failure::range(format!("Value {number} is out of range for round")))
}

fn digits(arguments: &Arguments<'_, '_>, round: fn(f64) -> f64) -> Outcome {
    let (number, digits) = (arguments.real(0)?, arguments.integer(1)?);
    let factor = 10f64.powi(i32::try_from(digits).unwrap_or(0));
    let scaled = number * factor;
    let is_finite = scaled.is_finite() && factor != 0.0;
    Ok(Value::Real(if is_finite { round(scaled) / factor } else { number }))
}

fn round_decimal(arguments: &Arguments<'_, '_>) -> Outcome {
    let (number, scale) = (arguments.decimal(0)?, arguments.scale(1)?);
    let digits = arguments.integer(2)?.clamp(-40, 40);
    let digits = i32::try_from(digits).unwrap_or(0).min(scale);
    let rounded = rescale(number, scale, digits).and_then(|rounded| rescale(rounded, digits, scale));
    kept(decimal::checked(rounded)?)
}

fn truncate_decimal(arguments: &Arguments<'_, '_>) -> Outcome {
    let (number, scale) = (arguments.decimal(0)?, arguments.scale(1)?);
    let dropped = i64::from(scale) - arguments.integer(2)?.clamp(-40, 40);
    let factor = u32::try_from(dropped.max(0)).ok().and_then(power_of_ten);
    kept(factor.map_or(0, |factor| number - number % factor))
}

/// A decimal without what is behind its point, made of the whole number below it and the rest.
fn whole(arguments: &Arguments<'_, '_>, make: fn(i128, i128) -> i128) -> Outcome {
    let scale = arguments.scale(1)?.unsigned_abs();
    let factor = power_of_ten(scale).ok_or_else(decimal::overflow)?;
    let number = arguments.decimal(0)?;
    kept(make(number.div_euclid(factor), number.rem_euclid(factor)))
}

fn radix(number: i64) -> Result<u32, Failure> {
    let radix = u32::try_from(number).ok().filter(|radix| (2..=36).contains(radix));
    radix.ok_or_else(|| Failure::argument("Radix must be between 2 and 36"))
}

fn from_base(arguments: &Arguments<'_, '_>) -> Outcome {
    let (digits, radix) = (arguments.text(0)?, radix(arguments.integer(1)?)?);
    let number = i64::from_str_radix(digits, radix);
    number
        .map(Value::Integer)
        .map_err(|_| Failure::argument(format!("Not a valid base-{radix} number: {digits}")))
}

fn to_base(arguments: &Arguments<'_, '_>) -> Outcome {
    let (number, radix) = (arguments.integer(0)?, radix(arguments.integer(1)?)?);
    let (mut rest, mut digits) = (number.unsigned_abs(), Vec::new());
    while rest > 0 || digits.is_empty() {
        let digit = u32::try_from(rest % u64::from(radix)).unwrap_or(0);
        digits.extend(char::from_digit(digit, radix));
        rest /= u64::from(radix);
    }
    if number < 0 {
        digits.push('-');
    }
    text(digits.iter().rev().collect::<String>())
}

#[expect(clippy::cast_possible_truncation, reason = "a bucket is below the count of buckets")]
fn width_bucket(arguments: &Arguments<'_, '_>) -> Outcome {
    let (number, low, high, count) =
        (arguments.real(0)?, arguments.real(1)?, arguments.real(2)?, arguments.integer(3)?);
    if count <= 0 {
        return Err(Failure::argument("bucketCount must be greater than 0"));
    }
    if low.total_cmp(&high).is_eq() {
        return Err(Failure::argument("bounds cannot equal each other"));
    }
    let share = (number - low) / (high - low);
    let bucket = if share < 0.0 {
        0
    } else if share >= 1.0 {
        count.saturating_add(1)
    } else {
        (crate::athena::value::to_double(count) * share) as i64 + 1
    };
    Ok(Value::Integer(bucket))
}

/// The ones of a number in two's complement of so many bits.
fn bit_count(a: &Arguments<'_, '_>) -> Outcome {
    let (number, bits) = (a.integer(0)?, a.integer(1)?);
    if !(2..=64).contains(&bits) {
        let message = format!("Bits specified in bit_count must be between 2 and 64, got {bits}");
        return Err(Failure::argument(message));
    }
    let above = 64 - bits;
    if (number << above) >> above != number {
        let message = "Number must be representable with the bits specified.";
        return Err(Failure::argument(format!("{message} {number} cannot be represented with {bits} bits")));
    }
    Ok(Value::Integer(i64::from((number << above).count_ones())))
}

#[cfg(test)]
mod tests {
    use crate::athena::functions::tests::{call, call_error};

    #[test]
    fn rounding() {
        for (name, arguments, expected) in [
            ("round", &[("2.5", "double")][..], "3.0"),
            ("round", &[("-2.5", "double")], "-3.0"),
            ("round", &[("1.2345", "double"), ("2", "integer")], "1.23"),
            ("round", &[("1250", "bigint"), ("-2", "integer")], "1300"),
            ("round", &[("1.25", "decimal(5,2)")], "1"),
            ("round", &[("1.25", "decimal(5,2)"), ("1", "integer")], "1.30"),
            ("ceil", &[("1.25", "decimal(5,2)")], "2"),
            ("floor", &[("-1.25", "decimal(5,2)")], "-2"),
            ("truncate", &[("-1.25", "decimal(5,2)")], "-1"),
            ("truncate", &[("-1.7", "double")], "-1.0"),
            ("ceiling", &[("1.2", "double")], "2.0"),
            ("abs", &[("-1.25", "decimal(5,2)")], "1.25"),
            ("abs", &[("-5", "integer")], "5"),
            ("sign", &[("-5.5", "double")], "-1.0"),
        ] {
            assert_eq!(call(name, arguments), expected, "{name} {arguments:?}");
        }
    }

    #[test]
    fn others() {
        for (name, arguments, expected) in [
            ("sqrt", &[("9", "bigint")][..], "3.0"),
            ("power", &[("2", "integer"), ("10", "integer")], "1024.0"),
            ("log", &[("2", "double"), ("8", "double")], "3.0"),
            ("mod", &[("7", "bigint"), ("3", "integer")], "1"),
            ("mod", &[("7.5", "decimal(3,1)"), ("2", "integer")], "1.5"),
            ("greatest", &[("1", "integer"), ("3", "bigint"), ("2", "integer")], "3"),
            ("least", &[("'b'", "varchar"), ("'a'", "varchar")], "a"),
            ("greatest", &[("1", "integer"), ("NULL", "unknown")], "NULL"),
            ("bitwise_and", &[("6", "bigint"), ("3", "bigint")], "2"),
            ("bitwise_xor", &[("6", "bigint"), ("3", "bigint")], "5"),
            ("bitwise_not", &[("0", "bigint")], "-1"),
            ("bitwise_right_shift", &[("-1", "bigint"), ("63", "bigint")], "1"),
            ("bit_count", &[("-7", "bigint"), ("8", "integer")], "6"),
            ("bit_count", &[("9", "bigint"), ("64", "integer")], "2"),
            ("from_base", &[("'ff'", "varchar"), ("16", "integer")], "255"),
            ("to_base", &[("255", "bigint"), ("2", "integer")], "11111111"),
            ("width_bucket", &[("5", "double"), ("0", "double"), ("10", "double"), ("4", "bigint")], "3"),
            ("is_infinite", &[("9e999", "double")], "true"),
        ] {
            assert_eq!(call(name, arguments), expected, "{name} {arguments:?}");
        }
        assert_eq!(
            call_error("bit_count", &[("64", "bigint"), ("6", "bigint")]),
            "INVALID_FUNCTION_ARGUMENT: Number must be representable with the bits specified. 64 cannot be represented with 6 bits"
        );
        assert_eq!(
            call_error("mod", &[("7", "bigint"), ("0", "bigint")]),
            "DIVISION_BY_ZERO: Division by zero"
        );
    }
}
