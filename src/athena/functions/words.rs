//! Functions of text. They count characters.

use rusqlite::types::Value;

use super::function::{Arguments, Function, array, count, text, truth};
use crate::athena::cast::Outcome;
use crate::athena::failure::Failure;

/// The functions of text.
pub const FUNCTIONS: &[Function] = &[
    Function::new("t_lower", 1, |a| text(a.text(0)?.to_lowercase())),
    Function::new("t_upper", 1, |a| text(a.text(0)?.to_uppercase())),
    Function::new("t_length", 1, |a| count(a.text(0)?.chars().count())),
    Function::new("t_reverse", 1, |a| text(a.text(0)?.chars().rev().collect::<String>())),
    Function::new("t_trim", 1, |a| text(a.text(0)?.trim())),
    Function::new("t_ltrim", 1, |a| text(a.text(0)?.trim_start())),
    Function::new("t_rtrim", 1, |a| text(a.text(0)?.trim_end())),
    Function::new("t_trim", 2, |a| text(a.text(0)?.trim_matches(|c| is_in(a, c)))),
    Function::new("t_ltrim", 2, |a| text(a.text(0)?.trim_start_matches(|c| is_in(a, c)))),
    Function::new("t_rtrim", 2, |a| text(a.text(0)?.trim_end_matches(|c| is_in(a, c)))),
    Function::new("t_substr", 2, |a| substr(a.text(0)?, a.integer(1)?, i64::MAX)),
    Function::new("t_substr", 3, |a| substr(a.text(0)?, a.integer(1)?, a.integer(2)?)),
    Function::new("t_replace", 2, |a| text(a.text(0)?.replace(a.text(1)?, ""))),
    Function::new("t_replace", 3, |a| text(a.text(0)?.replace(a.text(1)?, a.text(2)?))),
    Function::new("t_starts_with", 2, |a| truth(a.text(0)?.starts_with(a.text(1)?))),
    Function::new("t_strpos", 2, |a| strpos(a.text(0)?, a.text(1)?, 1)),
    Function::new("t_strpos", 3, |a| strpos(a.text(0)?, a.text(1)?, a.integer(2)?)),
    Function::new("t_split_part", 3, split_part),
    Function::new("t_split", 2, |a| split(a, i64::MAX)),
    Function::new("t_split", 3, |a| split(a, a.integer(2)?)),
    Function::new("t_lpad", 3, |a| pad(a, |text, padding| padding + &text)),
    Function::new("t_rpad", 3, |a| pad(a, |text, padding| text + &padding)),
    Function::new("t_chr", 1, chr),
    Function::new("t_codepoint", 1, codepoint),
    Function::new("t_translate", 3, translate),
    Function::of_nulls("t_concat_ws", -1, concat_ws),
    Function::of_nulls("t_concat_ws_array", 2, concat_ws_array),
    Function::new("t_url_encode", 1, url_encode),
    Function::new("t_url_decode", 1, url_decode),
    Function::new("t_levenshtein_distance", 2, levenshtein_distance),
];

fn is_in(arguments: &Arguments<'_, '_>, character: char) -> bool {
    arguments.text(1).is_ok_and(|characters| characters.contains(character))
}

fn substr(whole: &str, start: i64, length: i64) -> Outcome {
    let size = i64::try_from(whole.chars().count()).unwrap_or(i64::MAX);
    let begin = if start < 0 { size.saturating_add(start) } else { start - 1 };
    if start == 0 || begin < 0 || begin >= size || length <= 0 {
        return text("");
    }
    let begin = usize::try_from(begin).unwrap_or(usize::MAX);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    text(whole.chars().skip(begin).take(length).collect::<String>())
}

fn strpos(whole: &str, part: &str, instance: i64) -> Outcome {
    if instance == 0 {
        return Err(Failure::argument("'instance' must be a positive or negative number."));
    }
    if part.is_empty() {
        return Ok(Value::Integer(1));
    }
    let nth = usize::try_from(instance.unsigned_abs() - 1).unwrap_or(usize::MAX);
    // Instances may overlap, so every place counts.
    let mut places = whole.char_indices().map(|(at, _)| at).filter(|at| whole[*at..].starts_with(part));
    let place = if instance > 0 {
        places.nth(nth)
    } else {
        let places: Vec<usize> = places.collect();
        places.into_iter().rev().nth(nth)
    };
    count(place.map_or(0, |at| whole[..at].chars().count() + 1))
}

fn split_part(arguments: &Arguments<'_, '_>) -> Outcome {
    let (whole, delimiter, index) = (arguments.text(0)?, arguments.text(1)?, arguments.integer(2)?);
    let nth = usize::try_from(index).ok().and_then(|index| index.checked_sub(1));
    let nth = nth.ok_or_else(|| Failure::argument("Index must be greater than zero"))?;
    let part = if delimiter.is_empty() {
        whole.chars().nth(nth).map(String::from)
    } else {
        whole.split(delimiter).nth(nth).map(str::to_owned)
    };
    Ok(part.map_or(Value::Null, Value::Text))
}

fn split(arguments: &Arguments<'_, '_>, limit: i64) -> Outcome {
    let (whole, delimiter) = (arguments.text(0)?, arguments.text(1)?);
    if limit <= 0 {
        return Err(Failure::argument("Limit must be positive"));
    }
    if delimiter.is_empty() {
        return Err(Failure::argument("The delimiter may not be the empty string"));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    array(whole.splitn(limit, delimiter).map(serde_json::Value::from).collect())
}

fn pad(arguments: &Arguments<'_, '_>, join: fn(String, String) -> String) -> Outcome {
    let (whole, padding) = (arguments.text(0)?, arguments.text(2)?);
    let size = u32::try_from(arguments.integer(1)?).ok().filter(|size| *size <= i32::MAX.unsigned_abs());
    let size = size.ok_or_else(|| Failure::argument("Target length must be in the range [0..2147483647]"))?;
    if padding.is_empty() {
        return Err(Failure::argument("Padding string must not be empty"));
    }
    if size > 10_000_000 {
        return Err(Failure::argument("Result string is too long"));
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let length = whole.chars().count();
    if length >= size {
        return text(whole.chars().take(size).collect::<String>());
    }
    let padding = padding.chars().cycle().take(size - length).collect();
    text(join(whole.to_owned(), padding))
}

fn chr(arguments: &Arguments<'_, '_>) -> Outcome {
    let code = arguments.integer(0)?;
    let character = u32::try_from(code).ok().and_then(char::from_u32);
    character
        .map(|character| Value::Text(character.to_string()))
        .ok_or_else(|| Failure::argument(format!("Not a valid Unicode code point: {code}")))
}

fn codepoint(arguments: &Arguments<'_, '_>) -> Outcome {
    let mut characters = arguments.text(0)?.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Ok(Value::Integer(i64::from(u32::from(character)))),
        _ => Err(Failure::argument("Input string must be a single character string")),
    }
}

fn translate(arguments: &Arguments<'_, '_>) -> Outcome {
    let (from, to) = (arguments.text(1)?, arguments.text(2)?);
    let moved = |character: char| match from.chars().position(|from| from == character) {
        Some(place) => to.chars().nth(place),
        None => Some(character),
    };
    text(arguments.text(0)?.chars().filter_map(moved).collect::<String>())
}

fn concat_ws(arguments: &Arguments<'_, '_>) -> Outcome {
    if arguments.is_null(0) {
        return Ok(Value::Null);
    }
    let parts = (1..arguments.len()).filter(|index| !arguments.is_null(*index));
    let parts: Result<Vec<&str>, Failure> = parts.map(|index| arguments.text(index)).collect();
    text(parts?.join(arguments.text(0)?))
}

fn concat_ws_array(arguments: &Arguments<'_, '_>) -> Outcome {
    if arguments.is_null(0) {
        return Ok(Value::Null);
    }
    let items = if arguments.is_null(1) { Vec::new() } else { arguments.array(1)? };
    let parts: Vec<&str> = items.iter().filter_map(serde_json::Value::as_str).collect();
    text(parts.join(arguments.text(0)?))
}

fn url_encode(arguments: &Arguments<'_, '_>) -> Outcome {
    let mut encoded = String::new();
    for byte in arguments.text(0)?.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => {
                encoded.push(char::from(byte))
            }
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    text(encoded)
}

fn url_decode(arguments: &Arguments<'_, '_>) -> Outcome {
    let spaced = arguments.text(0)?.replace('+', " ");
    text(percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy())
}

fn levenshtein_distance(arguments: &Arguments<'_, '_>) -> Outcome {
    let right: Vec<char> = arguments.text(1)?.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, left) in arguments.text(0)?.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    count(row.last().copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use crate::athena::functions::tests::{call, call_error};

    const TEXT: &str = "varchar";

    #[test]
    fn characters_are_counted() {
        for (name, arguments, expected) in [
            ("length", &[("'äöü'", TEXT)][..], "3"),
            ("upper", &[("'äß'", TEXT)], "ÄSS"),
            ("lower", &[("'ÄB'", TEXT)], "äb"),
            ("reverse", &[("'abä'", TEXT)], "äba"),
            ("substr", &[("'äbc'", TEXT), ("2", "integer")], "bc"),
            ("substr", &[("'abc'", TEXT), ("-2", "integer"), ("1", "integer")], "b"),
            ("substr", &[("'abc'", TEXT), ("0", "integer")], ""),
            ("substring", &[("'abc'", TEXT), ("4", "integer")], ""),
            ("strpos", &[("'äbcb'", TEXT), ("'b'", TEXT)], "2"),
            ("strpos", &[("'äbcb'", TEXT), ("'b'", TEXT), ("2", "integer")], "4"),
            ("strpos", &[("'abc'", TEXT), ("'x'", TEXT)], "0"),
            ("trim", &[("'  a '", TEXT)], "a"),
            ("rtrim", &[("' a '", TEXT)], " a"),
            ("lpad", &[("'7'", TEXT), ("3", "integer"), ("'0'", TEXT)], "007"),
            ("rpad", &[("'abcd'", TEXT), ("3", "integer"), ("'x'", TEXT)], "abc"),
            ("split_part", &[("'a,b,c'", TEXT), ("','", TEXT), ("2", "integer")], "b"),
            ("split_part", &[("'a,b,c'", TEXT), ("','", TEXT), ("9", "integer")], "NULL"),
            ("split_part", &[("NULL", "unknown"), ("','", TEXT), ("9", "integer")], "NULL"),
            ("split", &[("'a,b,c'", TEXT), ("','", TEXT)], "[a, b, c]"),
            ("split", &[("'a,b,c'", TEXT), ("','", TEXT), ("2", "integer")], "[a, b,c]"),
            ("concat", &[("'a'", TEXT), ("'b'", TEXT), ("'c'", TEXT)], "abc"),
            ("concat_ws", &[("','", TEXT), ("'a'", TEXT), ("NULL", "unknown"), ("'c'", TEXT)], "a,c"),
            ("concat_ws", &[("','", TEXT), ("'[\"a\",null,\"b\"]'", "array(varchar)")], "a,b"),
            ("replace", &[("'a.b'", TEXT), ("'.'", TEXT), ("'-'", TEXT)], "a-b"),
            ("replace", &[("'a.b'", TEXT), ("'.'", TEXT)], "ab"),
            ("starts_with", &[("'abc'", TEXT), ("'ab'", TEXT)], "true"),
            ("chr", &[("65", "bigint")], "A"),
            ("codepoint", &[("'A'", TEXT)], "65"),
            ("translate", &[("'abcd'", TEXT), ("'abc'", TEXT), ("'xy'", TEXT)], "xyd"),
            ("url_encode", &[("'a b/ä'", TEXT)], "a+b%2F%C3%A4"),
            ("url_decode", &[("'a+b%2F'", TEXT)], "a b/"),
            ("levenshtein_distance", &[("'kitten'", TEXT), ("'sitting'", TEXT)], "3"),
        ] {
            assert_eq!(call(name, arguments), expected, "{name} {arguments:?}");
        }
        assert_eq!(
            call_error("split_part", &[("'a'", TEXT), ("','", TEXT), ("0", "integer")]),
            "INVALID_FUNCTION_ARGUMENT: Index must be greater than zero"
        );
    }
}
