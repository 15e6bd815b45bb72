//! Decimals: an unscaled whole number of at most 38 digits, and how it is kept, read, shown and reckoned with.
//!
//! The scale belongs to the type, so whoever calls says it.

use super::failure::Failure;

/// The most digits of a decimal.
pub const MOST_DIGITS: u8 = 38;

const SIGN: u128 = 1 << 127;

/// The bytes that a decimal is kept as. They order as the numbers do.
pub fn encode(unscaled: i128) -> Vec<u8> {
    (unscaled.cast_unsigned() ^ SIGN).to_be_bytes().to_vec()
}

/// The number that is kept as such bytes, if they are a decimal.
pub fn decode(bytes: &[u8]) -> Option<i128> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    Some((u128::from_be_bytes(bytes) ^ SIGN).cast_signed())
}

/// Ten to a power, if 128 bits hold it.
pub fn power_of_ten(exponent: u32) -> Option<i128> {
    10i128.checked_pow(exponent)
}

/// Whether a number has no more than so many digits.
pub fn fits(unscaled: i128, precision: u8) -> bool {
    power_of_ten(u32::from(precision)).is_some_and(|limit| unscaled.unsigned_abs() < limit.unsigned_abs())
}

/// Reads a number as unscaled value and scale, e.g. `-1.50` as -150 and 2. An exponent may follow.
pub fn parse(text: &str) -> Option<(i128, i32)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut unscaled = 0i128;
    for digit in whole.chars().chain(fraction.chars()) {
        unscaled = unscaled.checked_mul(10)?.checked_add(i128::from(digit.to_digit(10)?))?;
    }
    let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    Some((if negative { -unscaled } else { unscaled }, scale))
}

/// Shows a number with as many digits after the point as its scale says.
pub fn to_text(unscaled: i128, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if unscaled < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// The number at another scale, half of a last digit away from zero. None if 38 digits do not hold it.
pub fn rescale(unscaled: i128, from: i32, to: i32) -> Option<i128> {
    if unscaled == 0 {
        return Some(0);
    }
    let steps = to.checked_sub(from)?;
    let scaled = match power_of_ten(steps.unsigned_abs()) {
        Some(factor) if steps >= 0 => unscaled.checked_mul(factor)?,
        Some(factor) => divide_half_up(unscaled, factor),
        None if steps < 0 => 0,
        None => return None,
    };
    fits(scaled, MOST_DIGITS).then_some(scaled)
}

/// A quotient of whole numbers, half of the last digit away from zero. The divisor is above zero.
pub fn divide_half_up(dividend: i128, divisor: i128) -> i128 {
    let quotient = dividend / divisor;
    let remainder = (dividend % divisor).unsigned_abs();
    if remainder >= divisor.unsigned_abs() - remainder { quotient + dividend.signum() } else { quotient }
}

/// A sum, at the greater of both scales.
pub fn add(a: i128, scale_a: i32, b: i128, scale_b: i32) -> Result<i128, Failure> {
    let (a, b) = align(a, scale_a, b, scale_b)?;
    checked(a.checked_add(b))
}

/// A difference, at the greater of both scales.
pub fn subtract(a: i128, scale_a: i32, b: i128, scale_b: i32) -> Result<i128, Failure> {
    let (a, b) = align(a, scale_a, b, scale_b)?;
    checked(a.checked_sub(b))
}

/// A product, at the sum of both scales.
pub fn multiply(a: i128, b: i128) -> Result<i128, Failure> {
    checked(a.checked_mul(b))
}

/// A quotient, at the greater of both scales, half of the last digit away from zero.
pub fn divide(a: i128, scale_a: i32, b: i128, scale_b: i32) -> Result<i128, Failure> {
    if b == 0 {
        return Err(Failure::division());
    }
    let divisor = b.unsigned_abs();
    let steps = scale_a.max(scale_b) - scale_a + scale_b;
    let (mut quotient, mut remainder) = (a.unsigned_abs() / divisor, a.unsigned_abs() % divisor);
    for _ in 0..steps {
        let digit;
        (digit, remainder) = next_digit(remainder, divisor);
        quotient = quotient.checked_mul(10).and_then(|tens| tens.checked_add(digit)).ok_or_else(overflow)?;
    }
    if remainder >= divisor - remainder {
        quotient += 1;
    }
    let quotient = i128::try_from(quotient).map_err(|_| overflow())?;
    checked(Some(if (a < 0) == (b < 0) { quotient } else { -quotient }))
}

/// A remainder with the sign of the dividend, at the greater of both scales.
pub fn modulus(a: i128, scale_a: i32, b: i128, scale_b: i32) -> Result<i128, Failure> {
    if b == 0 {
        return Err(Failure::division());
    }
    let (a, b) = align(a, scale_a, b, scale_b)?;
    Ok(a % b)
}

/// One digit of a long division. Adding ten times stays within 128 bits where multiplying would not.
fn next_digit(remainder: u128, divisor: u128) -> (u128, u128) {
    let (mut digit, mut rest) = (0, 0u128);
    for _ in 0..10 {
        rest += remainder;
        if rest >= divisor {
            rest -= divisor;
            digit += 1;
        }
    }
    (digit, rest)
}

fn align(a: i128, scale_a: i32, b: i128, scale_b: i32) -> Result<(i128, i128), Failure> {
    let scale = scale_a.max(scale_b);
    let a = rescale(a, scale_a, scale).ok_or_else(overflow)?;
    let b = rescale(b, scale_b, scale).ok_or_else(overflow)?;
    Ok((a, b))
}

/// The number, unless it has more digits than a decimal.
pub fn checked(unscaled: Option<i128>) -> Result<i128, Failure> {
    unscaled.filter(|unscaled| fits(*unscaled, MOST_DIGITS)).ok_or_else(overflow)
}

/// The failure of a number that has more digits than a decimal.
pub fn overflow() -> Failure {
    Failure::range("Decimal overflow")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_order_as_numbers() {
        let numbers = [i128::MIN, -100, -1, 0, 1, 99, 10i128.pow(37)];
        for pair in numbers.windows(2) {
            assert!(encode(pair[0]) < encode(pair[1]));
        }
        assert!(numbers.iter().all(|number| decode(&encode(*number)) == Some(*number)));
        assert_eq!(decode(&[1]), None);
    }

    #[test]
    fn text_and_back() {
        for (text, expected) in [
            ("-1.50", Some((-150, 2))),
            (".5", Some((5, 1))),
            ("1e3", Some((1, -3))),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(to_text(-5, 2), "-0.05");
        assert_eq!(to_text(150, 2), "1.50");
        assert_eq!(to_text(7, 0), "7");
    }

    #[test]
    fn a_half_goes_away_from_zero() {
        for (unscaled, from, to, expected) in
            [(125, 2, 1, Some(13)), (-125, 2, 1, Some(-13)), (124, 2, 1, Some(12)), (1, 0, 3, Some(1000))]
        {
            assert_eq!(rescale(unscaled, from, to), expected);
        }
        assert_eq!(rescale(10, 0, 38), None);
    }

    #[test]
    fn reckons_as_trino_does() {
        assert_eq!(add(11, 1, 222, 2), Ok(332));
        assert_eq!(subtract(11, 1, 222, 2), Ok(-112));
        assert_eq!(multiply(11, -3), Ok(-33));
        assert_eq!(divide(10, 1, 3, 0), Ok(3));
        assert_eq!(divide(200, 2, 3, 0), Ok(67));
        assert_eq!(divide(-1, 0, 2, 0), Ok(-1));
        assert_eq!(modulus(-70, 1, 3, 0), Ok(-10));
        assert_eq!(divide(1, 0, 0, 0), Err(Failure::division()));
        let most = 10i128.pow(38) - 1;
        assert_eq!(add(most, 0, 1, 0), Err(overflow()));
        assert_eq!(divide(most, 37, most, 37), Ok(10i128.pow(37)));
    }
}
