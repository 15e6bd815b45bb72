//! Patterns: LIKE, and regular expressions as far as regex-lite reads Java's.

use regex_lite::{Captures, Regex};
use rusqlite::types::Value;

use super::function::{Arguments, Function, array, count, text, truth};
use crate::athena::cast::Outcome;
use crate::athena::failure::Failure;

/// The functions of patterns.
pub const FUNCTIONS: &[Function] = &[
    Function::of_nulls("t_like", 3, like),
    Function::new("t_regexp_like", 2, |a| truth(a.regex(1)?.is_match(a.text(0)?))),
    Function::new("t_regexp_extract", 2, |a| extract(a, 0)),
    Function::new("t_regexp_extract", 3, |a| extract(a, a.integer(2)?)),
    Function::new("t_regexp_extract_all", 2, |a| extract_all(a, 0)),
    Function::new("t_regexp_extract_all", 3, |a| extract_all(a, a.integer(2)?)),
    Function::new("t_regexp_replace", 2, |a| text(a.regex(1)?.replace_all(a.text(0)?, ""))),
    Function::new("t_regexp_replace", 3, replace),
    Function::new("t_regexp_count", 2, |a| count(a.regex(1)?.find_iter(a.text(0)?).count())),
    Function::new("t_regexp_position", 2, position),
    Function::new("t_regexp_split", 2, |a| {
        array(a.regex(1)?.split(a.text(0)?).map(serde_json::Value::from).collect())
    }),
];

/// A piece of a LIKE pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Literal(char),
    One,
    Any,
}

struct Like {
    escape: Option<char>,
    pieces: Vec<Piece>,
}

fn like(arguments: &Arguments<'_, '_>) -> Outcome {
    if arguments.is_null(0) || arguments.is_null(1) {
        return Ok(Value::Null);
    }
    let escape = if arguments.is_null(2) { None } else { escape(arguments.text(2)?)? };
    let compile = |pattern: &str| Ok(Like { escape, pieces: compile(pattern, escape)? });
    let cached = arguments.cached(1, compile)?;
    let value: Vec<char> = arguments.text(0)?.chars().collect();
    // SQLite keeps what was made of a constant pattern, though its escape may differ from row to row.
    if cached.escape == escape {
        return truth(matches(&value, &cached.pieces));
    }
    truth(matches(&value, &self::compile(arguments.text(1)?, escape)?))
}

fn escape(text: &str) -> Result<Option<char>, Failure> {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Ok(Some(character)),
        _ => Err(Failure::argument("Escape string must be a single character")),
    }
}

fn compile(pattern: &str, escape: Option<char>) -> Result<Vec<Piece>, Failure> {
    let mut pieces = Vec::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        pieces.push(match character {
            _ if Some(character) == escape => {
                let next =
                    characters.next().filter(|next| matches!(next, '%' | '_') || Some(*next) == escape);
                Piece::Literal(next.ok_or_else(|| {
                    Failure::argument(
                        "Escape character must be followed by '%', '_' or the escape character itself",
                    )
                })?)
            }
            '%' => Piece::Any,
            '_' => Piece::One,
            _ => Piece::Literal(character),
        });
    }
    Ok(pieces)
}

/// Whether a text matches as a whole. Only the last `%` is ever tried again, so the time is no more than the product
/// of both lengths.
fn matches(value: &[char], pieces: &[Piece]) -> bool {
    let (mut at, mut piece, mut retry) = (0, 0, None);
    while at < value.len() {
        match pieces.get(piece) {
            Some(Piece::Any) => {
                retry = Some((piece + 1, at));
                piece += 1;
            }
            Some(Piece::One) => (at, piece) = (at + 1, piece + 1),
            Some(Piece::Literal(character)) if *character == value[at] => (at, piece) = (at + 1, piece + 1),
            Some(Piece::Literal(_)) | None => {
                let Some((after, from)) = retry else { return false };
                (at, piece) = (from + 1, after);
                retry = Some((after, from + 1));
            }
        }
    }
    pieces[piece..].iter().all(|piece| *piece == Piece::Any)
}

fn group(regex: &Regex, number: i64) -> Result<usize, Failure> {
    let last = regex.captures_len() - 1;
    let group = usize::try_from(number).map_err(|_| Failure::argument("Group cannot be negative"))?;
    if group <= last {
        return Ok(group);
    }
    Err(Failure::argument(format!("Pattern has {last} groups. Cannot access group {number}")))
}

fn extract(arguments: &Arguments<'_, '_>, number: i64) -> Outcome {
    let regex = arguments.regex(1)?;
    let group = group(&regex, number)?;
    let found = regex.captures(arguments.text(0)?).and_then(|captures| captures.get(group));
    Ok(found.map_or(Value::Null, |found| Value::Text(found.as_str().to_owned())))
}

fn extract_all(arguments: &Arguments<'_, '_>, number: i64) -> Outcome {
    let regex = arguments.regex(1)?;
    let group = group(&regex, number)?;
    let found = regex.captures_iter(arguments.text(0)?);
    array(found.map(|captures| captures.get(group).map(|found| found.as_str()).into()).collect())
}

fn position(arguments: &Arguments<'_, '_>) -> Outcome {
    let whole = arguments.text(0)?;
    let Some(found) = arguments.regex(1)?.find(whole).map(|found| found.start()) else {
        return Ok(Value::Integer(-1));
    };
    count(whole[..found].chars().count() + 1)
}

fn replace(arguments: &Arguments<'_, '_>) -> Outcome {
    let (whole, template) = (arguments.text(0)?, arguments.text(2)?);
    let regex = arguments.regex(1)?;
    let (mut replaced, mut end) = (String::new(), 0);
    for captures in regex.captures_iter(whole) {
        let Some(found) = captures.get(0) else { continue };
        replaced.push_str(&whole[end..found.start()]);
        expand(template, &captures, regex.captures_len(), &mut replaced)?;
        end = found.end();
    }
    replaced.push_str(&whole[end..]);
    text(replaced)
}

/// Writes a replacement of Java: `$1`, `${name}`, and a backslash before what is meant literally.
fn expand(template: &str, captures: &Captures<'_>, groups: usize, to: &mut String) -> Result<(), Failure> {
    let mut characters = template.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => to.extend(characters.next()),
            '$' if characters.next_if_eq(&'{').is_some() => {
                let name: String = characters.by_ref().take_while(|c| *c != '}').collect();
                to.push_str(captures.name(&name).map_or("", |found| found.as_str()));
            }
            '$' => {
                let mut number = None;
                // As in Java, further digits belong to the group's number while there is such a group.
                while let Some(digit) = characters.peek().and_then(|c| c.to_digit(10)) {
                    let longer = number.unwrap_or(0) * 10 + digit as usize;
                    if number.is_some() && longer >= groups {
                        break;
                    }
                    number = Some(longer);
                    characters.next();
                }
                let number = number.filter(|number| *number < groups);
                let number =
                    number.ok_or_else(|| Failure::argument("Illegal replacement sequence: unknown group"))?;
                to.push_str(captures.get(number).map_or("", |found| found.as_str()));
            }
            _ => to.push(character),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::athena::functions::tests::{call, call_error, error, value};

    const TEXT: &str = "varchar";

    #[test]
    fn like_is_case_sensitive() {
        for (arguments, expected) in [
            ("'10.0.0.1', '10.%', NULL", "1"),
            ("'abc', 'ABC', NULL", "0"),
            ("'abc', 'a_c', NULL", "1"),
            ("'aXbXc', '%X%c', NULL", "1"),
            ("'abcd', '%b', NULL", "0"),
            ("'', '%', NULL", "1"),
            ("'a%', 'a\\%', '\\'", "1"),
            ("'ab', 'a\\%', '\\'", "0"),
            ("NULL, 'a', NULL", "NULL"),
        ] {
            assert_eq!(value(&format!("t_like({arguments})")), expected, "{arguments}");
        }
        assert_eq!(
            error("t_like('a', '\\a', '\\')"),
            "INVALID_FUNCTION_ARGUMENT: Escape character must be followed by '%', '_' or the escape character itself"
        );
        assert_eq!(
            error("t_like('a', 'a', 'xy')"),
            "INVALID_FUNCTION_ARGUMENT: Escape string must be a single character"
        );
    }

    #[test]
    fn regular_expressions() {
        let (whole, pattern) = (("'1a 2b 14m'", TEXT), ("'(\\d+)([a-z]+)'", TEXT));
        for (name, arguments, expected) in [
            ("regexp_like", &[whole, ("'\\d+b'", TEXT)][..], "true"),
            ("regexp_extract", &[whole, pattern], "1a"),
            ("regexp_extract", &[whole, pattern, ("2", "integer")], "a"),
            ("regexp_extract", &[whole, ("'x'", TEXT)], "NULL"),
            ("regexp_extract_all", &[whole, pattern, ("1", "integer")], "[1, 2, 14]"),
            ("regexp_replace", &[whole, pattern, ("'$2$1\\$'", TEXT)], "a1$ b2$ m14$"),
            ("regexp_replace", &[whole, ("'\\d'", TEXT)], "a b m"),
            ("regexp_count", &[whole, pattern], "3"),
            ("regexp_position", &[whole, ("'b'", TEXT)], "5"),
            ("regexp_split", &[whole, ("' '", TEXT)], "[1a, 2b, 14m]"),
        ] {
            assert_eq!(call(name, arguments), expected, "{name} {arguments:?}");
        }
        assert_eq!(
            call_error("regexp_extract", &[whole, pattern, ("3", "integer")]),
            "INVALID_FUNCTION_ARGUMENT: Pattern has 2 groups. Cannot access group 3"
        );
    }
}
