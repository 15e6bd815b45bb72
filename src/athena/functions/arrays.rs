//! Functions of arrays, and of values of any type.

use std::cmp::Ordering;

use rusqlite::types::{Value, ValueRef};
use serde_json::Value as Item;

use super::function::{Arguments, Function, array, count, text, truth};
use crate::athena::cast::{Outcome, cast};
use crate::athena::failure::Failure;
use crate::athena::types::Type;
use crate::athena::value::{from_json, raw_from_json, to_json};

const MOST_OF_SEQUENCE: i128 = 10_000;

/// The functions of arrays.
pub const FUNCTIONS: &[Function] = &[
    Function::of_nulls("t_array", -1, |a| {
        array((0..a.len()).map(|index| to_json(a.raw(index), false)).collect())
    }),
    Function::of_nulls("t_array_of_arrays", -1, |a| {
        array((0..a.len()).map(|index| to_json(a.raw(index), true)).collect())
    }),
    Function::new("t_subscript", 2, subscript),
    Function::new("t_element_at", 2, element_at),
    Function::new("t_cardinality", 1, |a| count(a.array(0)?.len())),
    Function::new("t_contains", 2, contains),
    Function::new("t_array_position", 2, |a| {
        let wanted = item(a, 1);
        count(a.array(0)?.iter().position(|item| *item == wanted).map_or(0, |place| place + 1))
    }),
    Function::new("t_array_remove", 2, |a| {
        let unwanted = item(a, 1);
        array(a.array(0)?.into_iter().filter(|item| *item != unwanted).collect())
    }),
    Function::of_nulls("t_array_join", -1, join),
    Function::new("t_array_distinct", 1, |a| array(distinct(a.array(0)?))),
    Function::new("t_array_sort", 1, |a| {
        let mut items = a.array(0)?;
        items.sort_by(order);
        array(items)
    }),
    Function::new("t_array_max", 1, |a| extreme(&a.array(0)?, Ordering::Greater)),
    Function::new("t_array_min", 1, |a| extreme(&a.array(0)?, Ordering::Less)),
    Function::new("t_array_reverse", 1, |a| array(a.array(0)?.into_iter().rev().collect())),
    Function::new("t_array_concat", -1, |a| {
        let parts: Result<Vec<Vec<Item>>, Failure> = (0..a.len()).map(|index| a.array(index)).collect();
        array(parts?.concat())
    }),
    Function::new("t_array_append", 2, |a| array([a.array(0)?, vec![item(a, 1)]].concat())),
    Function::new("t_array_prepend", 2, |a| array([vec![item(a, 0)], a.array(1)?].concat())),
    Function::new("t_slice", 3, slice),
    Function::new("t_trim_array", 2, |a| {
        let items = a.array(0)?;
        let kept = usize::try_from(a.integer(1)?).ok().and_then(|less| items.len().checked_sub(less));
        let kept = kept
            .ok_or_else(|| Failure::argument("size must not exceed array cardinality and not be negative"))?;
        array(items[..kept].to_vec())
    }),
    Function::new("t_sequence", 3, |a| sequence(a.integer(0)?, a.integer(1)?, a.integer(2)?)),
    Function::of_nulls("t_repeat", 2, repeat),
    Function::new("t_arrays_overlap", 2, overlap),
    Function::new("t_array_union", 2, |a| array(distinct([a.array(0)?, a.array(1)?].concat()))),
    Function::new("t_array_intersect", 2, |a| {
        let other = a.array(1)?;
        array(distinct(a.array(0)?.into_iter().filter(|item| other.contains(item)).collect()))
    }),
    Function::new("t_array_except", 2, |a| {
        let other = a.array(1)?;
        array(distinct(a.array(0)?.into_iter().filter(|item| !other.contains(item)).collect()))
    }),
    Function::new("t_flatten", 1, |a| {
        let arrays = a.array(0)?;
        array(arrays.iter().filter_map(Item::as_array).flatten().cloned().collect())
    }),
    Function::new("t_greatest", -1, |a| best(a, Ordering::Greater)),
    Function::new("t_least", -1, |a| best(a, Ordering::Less)),
];

/// An argument as an element. What is an array to the array it is looked up in is one of JSON.
fn item(arguments: &Arguments<'_, '_>, index: usize) -> Item {
    to_json(arguments.raw(index), false)
}

fn subscript(arguments: &Arguments<'_, '_>) -> Outcome {
    let (items, index) = (arguments.array(0)?, arguments.integer(1)?);
    if index == 0 {
        return Err(Failure::argument("SQL array indices start at 1"));
    }
    if index < 0 {
        return Err(Failure::argument(format!("Array subscript is negative: {index}")));
    }
    let found = usize::try_from(index - 1).ok().and_then(|place| items.get(place));
    found.map(raw_from_json).ok_or_else(|| {
        let length = items.len();
        Failure::argument(format!(
            "Array subscript must be less than or equal to array length: {index} > {length}"
        ))
    })
}

fn element_at(arguments: &Arguments<'_, '_>) -> Outcome {
    let (items, index) = (arguments.array(0)?, arguments.integer(1)?);
    if index == 0 {
        return Err(Failure::argument("SQL array indices start at 1"));
    }
    let size = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    let place = if index > 0 { Some(size - 1) } else { items.len().checked_sub(size) };
    Ok(place.and_then(|place| items.get(place)).map_or(Value::Null, raw_from_json))
}

fn contains(arguments: &Arguments<'_, '_>) -> Outcome {
    let (items, wanted) = (arguments.array(0)?, item(arguments, 1));
    if items.contains(&wanted) {
        return truth(true);
    }
    if items.contains(&Item::Null) { Ok(Value::Null) } else { truth(false) }
}

/// `(array, delimiter, type of the elements)`, and what stands for NULL.
fn join(arguments: &Arguments<'_, '_>) -> Outcome {
    if (0..arguments.len()).any(|index| arguments.is_null(index)) {
        return Ok(Value::Null);
    }
    let element =
        arguments.cached(2, |name| name.parse::<Type>().map_err(|()| Failure::internal("no such type")))?;
    let null = if arguments.len() > 3 { Some(arguments.text(3)?) } else { None };
    let mut parts = Vec::new();
    for item in arguments.array(0)? {
        let value = from_json(&item, &element);
        if let Value::Text(text) = cast(&value, &element, &Type::VARCHAR)? {
            parts.push(text);
        } else {
            parts.extend(null.map(str::to_owned));
        }
    }
    text(parts.join(arguments.text(1)?))
}

fn distinct(items: Vec<Item>) -> Vec<Item> {
    let mut kept = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for item in items {
        if seen.insert(item.to_string()) {
            kept.push(item);
        }
    }
    kept
}

/// The order of elements of one type; NULL comes last.
pub fn order(a: &Item, b: &Item) -> Ordering {
    match (a.is_null(), b.is_null()) {
        (false, false) => order_values(ValueRef::from(&raw_from_json(a)), ValueRef::from(&raw_from_json(b))),
        (a, b) => a.cmp(&b),
    }
}

/// The order of values of one type that are not NULL.
pub fn order_values(a: ValueRef<'_>, b: ValueRef<'_>) -> Ordering {
    match (a, b) {
        (ValueRef::Integer(a), ValueRef::Integer(b)) => a.cmp(&b),
        (ValueRef::Text(a), ValueRef::Text(b)) | (ValueRef::Blob(a), ValueRef::Blob(b)) => a.cmp(b),
        _ => number(a).total_cmp(&number(b)),
    }
}

fn number(value: ValueRef<'_>) -> f64 {
    if let ValueRef::Integer(number) = value {
        return crate::athena::value::to_double(number);
    }
    value.as_f64().unwrap_or(f64::NAN)
}

fn extreme(items: &[Item], wanted: Ordering) -> Outcome {
    if items.iter().any(Item::is_null) {
        return Ok(Value::Null);
    }
    let best = items.iter().reduce(|best, item| if order(item, best) == wanted { item } else { best });
    Ok(best.map_or(Value::Null, raw_from_json))
}

fn best(arguments: &Arguments<'_, '_>, wanted: Ordering) -> Outcome {
    let best = (0..arguments.len()).reduce(|best, index| {
        let is_better = order_values(arguments.raw(index), arguments.raw(best)) == wanted;
        if is_better { index } else { best }
    });
    Ok(best.map_or(Value::Null, |best| arguments.value(best)))
}

fn slice(arguments: &Arguments<'_, '_>) -> Outcome {
    let (items, start, length) = (arguments.array(0)?, arguments.integer(1)?, arguments.integer(2)?);
    if start == 0 {
        return Err(Failure::argument("SQL array indices start at 1"));
    }
    let length = usize::try_from(length)
        .map_err(|_| Failure::argument("length must be greater than or equal to 0"))?;
    let size = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
    let begin = if start > 0 { Some(size - 1) } else { items.len().checked_sub(size) };
    array(begin.map_or_else(Vec::new, |begin| items.into_iter().skip(begin).take(length).collect()))
}

fn sequence(start: i64, stop: i64, step: i64) -> Outcome {
    let span = i128::from(stop) - i128::from(start);
    if step == 0 || (span != 0 && span.signum() != i128::from(step.signum())) {
        let rule =
            "sequence stop value should be greater than or equal to start value if step is greater than zero";
        return Err(Failure::argument(format!(
            "{rule} otherwise stop should be less than or equal to start"
        )));
    }
    let steps = span / i128::from(step);
    if steps >= MOST_OF_SEQUENCE {
        return Err(Failure::argument("result of sequence function must not have more than 10000 entries"));
    }
    let steps = i64::try_from(steps).unwrap_or(0);
    array((0..=steps).map(|index| Item::from(start + index * step)).collect())
}

fn repeat(arguments: &Arguments<'_, '_>) -> Outcome {
    if arguments.is_null(1) {
        return Ok(Value::Null);
    }
    let times = usize::try_from(arguments.integer(1)?).ok().filter(|times| *times <= 10_000);
    let times = times
        .ok_or_else(|| Failure::argument("count argument of repeat function must be between 0 and 10000"))?;
    array(vec![item(arguments, 0); times])
}

fn overlap(arguments: &Arguments<'_, '_>) -> Outcome {
    let (a, b) = (arguments.array(0)?, arguments.array(1)?);
    if a.iter().any(|item| !item.is_null() && b.contains(item)) {
        return truth(true);
    }
    let has_null = a.iter().chain(&b).any(Item::is_null) && !a.is_empty() && !b.is_empty();
    if has_null { Ok(Value::Null) } else { truth(false) }
}

#[cfg(test)]
mod tests {
    use crate::athena::functions::tests::{call, error, value};

    const NUMBERS: (&str, &str) = ("'[3,1,2,1]'", "array(bigint)");
    const WITH_NULL: (&str, &str) = ("'[\"b\",null,\"a\"]'", "array(varchar)");

    #[test]
    fn elements_are_found() {
        assert_eq!(value("t_array(1, NULL, 'a', x'0aff')"), r#"[1,null,"a","0aff"]"#);
        assert_eq!(value("t_subscript('[1,2,3]', 3)"), "3");
        assert_eq!(
            error("t_subscript('[1,2,3]', 5)"),
            "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: 5 > 3"
        );
        assert_eq!(value("try_t_subscript('[1,2,3]', 5)"), "NULL");
    }

    #[test]
    fn functions_of_arrays() {
        for (name, arguments, expected) in [
            ("cardinality", &[NUMBERS][..], "4"),
            ("element_at", &[NUMBERS, ("-2", "integer")], "2"),
            ("element_at", &[NUMBERS, ("9", "integer")], "NULL"),
            ("contains", &[NUMBERS, ("2", "integer")], "true"),
            ("contains", &[WITH_NULL, ("'x'", "varchar")], "NULL"),
            ("array_position", &[NUMBERS, ("2", "bigint")], "3"),
            ("array_join", &[NUMBERS, ("'-'", "varchar")], "3-1-2-1"),
            ("array_join", &[WITH_NULL, ("','", "varchar")], "b,a"),
            ("array_join", &[WITH_NULL, ("','", "varchar"), ("'?'", "varchar")], "b,?,a"),
            ("array_distinct", &[NUMBERS], "[3, 1, 2]"),
            ("array_sort", &[NUMBERS], "[1, 1, 2, 3]"),
            ("array_sort", &[WITH_NULL], "[a, b, null]"),
            ("array_max", &[NUMBERS], "3"),
            ("array_min", &[WITH_NULL], "NULL"),
            ("slice", &[NUMBERS, ("2", "integer"), ("2", "integer")], "[1, 2]"),
            ("slice", &[NUMBERS, ("-2", "integer"), ("5", "integer")], "[2, 1]"),
            ("sequence", &[("1", "integer"), ("3", "integer")], "[1, 2, 3]"),
            ("sequence", &[("3", "integer"), ("1", "integer")], "[3, 2, 1]"),
            ("sequence", &[("1", "integer"), ("6", "integer"), ("2", "integer")], "[1, 3, 5]"),
            ("sequence", &[("0", "date"), ("2", "date")], "[1970-01-01, 1970-01-02, 1970-01-03]"),
            ("arrays_overlap", &[NUMBERS, ("'[9,3]'", "array(bigint)")], "true"),
            ("array_union", &[NUMBERS, ("'[9,3]'", "array(bigint)")], "[3, 1, 2, 9]"),
            ("array_intersect", &[NUMBERS, ("'[9,3]'", "array(bigint)")], "[3]"),
            ("array_except", &[NUMBERS, ("'[9,3]'", "array(bigint)")], "[1, 2]"),
            ("concat", &[NUMBERS, ("'[9]'", "array(bigint)")], "[3, 1, 2, 1, 9]"),
            ("reverse", &[NUMBERS], "[1, 2, 1, 3]"),
            ("repeat", &[("'a'", "varchar"), ("2", "integer")], "[a, a]"),
            ("flatten", &[("'[[1],[2,3]]'", "array(array(bigint))")], "[1, 2, 3]"),
        ] {
            assert_eq!(call(name, arguments), expected, "{name} {arguments:?}");
        }
    }
}
