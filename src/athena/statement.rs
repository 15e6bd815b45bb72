//! Where a text's statements begin and end, and what queries they are.

use sqlparser::ast::{Query, Statement};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::dialect::{Trino, is_foreign, is_operator, standard};
use super::error::{Place, QueryError, Result};

/// The longest statement that Athena takes, in bytes (aws: athena-query-length).
const LENGTH_MAX: usize = 262_144;
/// So many operators and brackets are as deep as a statement may go: its parts are looked at one within the other, here
/// and by SQLite, which goes no deeper than 1000.
const DEPTH_MAX: usize = 900;

/// The statements of a text, without the semicolons between them; comments and empty ones are none.
pub fn split(text: &str) -> Vec<&str> {
    let (mut statements, mut begin) = (Vec::new(), 0);
    let mut rest = text.char_indices();
    while let Some((at, c)) = rest.next() {
        match c {
            '\'' | '"' | '`' => _ = rest.by_ref().find(|(_, end)| *end == c),
            '-' if text[at..].starts_with("--") => _ = rest.by_ref().find(|(_, end)| *end == '\n'),
            '/' if text[at..].starts_with("/*") => {
                let slash = text[at + 2..].find("*/").map_or(text.len(), |star| at + 2 + star + 1);
                let _ = rest.by_ref().find(|(end, _)| *end >= slash);
            }
            ';' => {
                statements.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    statements.push(&text[begin..]);
    statements.into_iter().map(str::trim).filter(|statement| !is_empty(statement)).collect()
}

/// Whether there is nothing but comments.
fn is_empty(statement: &str) -> bool {
    statement.lines().all(|line| line.trim().is_empty() || line.trim().starts_with("--"))
}

/// A query that was read.
#[derive(Debug)]
pub struct Parsed {
    /// The query.
    pub query: Query,
    /// Where its operators are, in their order: an operand knows its place, but not that of the operator beside it.
    pub operators: Vec<Place>,
}

/// Reads a query.
pub fn query(text: &str) -> Result<Parsed> {
    if text.len() > LENGTH_MAX {
        let message = format!("the statement has {} bytes; Athena takes {LENGTH_MAX} at most", text.len());
        return Err(QueryError::new("INVALID_INPUT", message));
    }
    let tokens = Tokenizer::new(&Trino, text).tokenize_with_location().map_err(|error| {
        let place = Place { line: error.location.line, column: error.location.column };
        QueryError::at("SYNTAX_ERROR", place, error.message)
    })?;
    let deepens = |token: &Token| {
        let word = |word: &str| matches!(word.to_ascii_uppercase().as_str(), "AND" | "OR" | "NOT" | "CASE");
        match token {
            Token::LParen
            | Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::Mod
            | Token::StringConcat => true,
            Token::Word(name) => word(&name.value),
            _ => false,
        }
    };
    if tokens.iter().filter(|token| deepens(&token.token)).count() > DEPTH_MAX {
        let message = format!("the statement has more than {DEPTH_MAX} operators and brackets");
        return Err(QueryError::new("QUERY_TOO_COMPLEX", message));
    }
    let operators = tokens.iter().filter(|token| is_operator(&token.token)).map(place_of).collect();
    if let Some(token) = tokens.iter().find(|token| is_foreign(&token.token)) {
        let message = format!("mismatched input '{token}'. Expecting: <EOF>");
        return Err(QueryError::at("SYNTAX_ERROR", place_of(token), message));
    }
    let mut parser = Parser::new(&Trino).with_tokens_with_locations(standard(tokens));
    let statement = parser.parse_statement().map_err(|error| {
        let error = of_parser(error);
        // Of what ends too early, the place is the end.
        let place =
            error.place.map_or_else(|| end_of(text), |place| found_before(text, &error.message, place));
        let error = QueryError { place: Some(place), ..error };
        if error.message.starts_with("mismatched input 'end'") {
            return error.hint("the word is reserved: \"end\" is a column");
        }
        error
    })?;
    let next = parser.peek_token();
    if next.token != Token::EOF {
        return Err(QueryError::at(
            "SYNTAX_ERROR",
            place_of(&next),
            format!("mismatched input '{next}'. Expecting: <EOF>"),
        ));
    }
    match statement {
        Statement::Query(query) => Ok(Parsed { query: *query, operators }),
        other => {
            let word = other.to_string().split(' ').next().unwrap_or_default().to_owned();
            Err(QueryError::new("NOT_SUPPORTED", format!("vpclab does not run {word} statements")))
        }
    }
}

fn place_of(token: &TokenWithSpan) -> Place {
    Place { line: token.span.start.line, column: token.span.start.column }
}

/// Where it is that was found instead of something else: the parser may have gone past it.
fn found_before(text: &str, message: &str, place: Place) -> Place {
    let found = message.strip_prefix("mismatched input '").and_then(|rest| rest.split_once("'. "));
    let tokens = Tokenizer::new(&Trino, text).tokenize_with_location().unwrap_or_default();
    let mut until = tokens.iter().rev().filter(|token| place_of(token) <= place);
    let last = found.and_then(|(found, _)| until.find(|token| token.to_string() == found));
    last.map_or(place, place_of)
}

/// The place behind the last character.
fn end_of(text: &str) -> Place {
    let text = text.trim_end();
    let last = text.rsplit('\n').next().unwrap_or_default();
    Place { line: text.matches('\n').count() as u64 + 1, column: last.chars().count() as u64 + 1 }
}

/// What the parser says, in Athena's form: it names the place at the end of its text.
pub fn of_parser(error: ParserError) -> QueryError {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
        ParserError::RecursionLimitExceeded => "the statement is nested too deeply".to_owned(),
    };
    let (message, place) = match text.split_once(" at Line: ") {
        Some((message, place)) => {
            let numbers: Vec<u64> =
                place.split(", Column: ").filter_map(|number| number.trim().parse().ok()).collect();
            let place = match numbers.as_slice() {
                [line, column] => Some(Place { line: *line, column: *column }),
                _ => None,
            };
            (message.to_owned(), place)
        }
        None => (text, None),
    };
    let expected = message.strip_prefix("Expected: ").or_else(|| message.strip_prefix("Expected "));
    let message = match expected.and_then(|rest| rest.rsplit_once(", found: ")) {
        Some((expected, "EOF")) => format!("mismatched input '<EOF>'. Expecting: {expected}"),
        Some((expected, found)) => format!("mismatched input '{found}'. Expecting: {expected}"),
        None => message,
    };
    QueryError::at("SYNTAX_ERROR", place, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_at_semicolons_that_are_not_quoted() {
        assert_eq!(split("SELECT 1; SELECT ';' ;\n-- no; more\n"), ["SELECT 1", "SELECT ';'"]);
        assert_eq!(
            split("SELECT \"a;b\", 'it''s;' -- x;\nFROM `t;u`"),
            ["SELECT \"a;b\", 'it''s;' -- x;\nFROM `t;u`"]
        );
        assert_eq!(split(" ;; "), [] as [&str; 0]);
        assert_eq!(split("SELECT 'open;"), ["SELECT 'open;"]);
        assert_eq!(split("SELECT 'ü;é' /* ;ü */; SELECT 2"), ["SELECT 'ü;é' /* ;ü */", "SELECT 2"]);
    }

    #[test]
    fn rows_of_values_may_have_no_brackets() {
        let read = |text: &str| query(text).map(|parsed| parsed.query.to_string());
        for (text, same) in [
            ("VALUES 1, f(2, 3), 'a' LIMIT 2", "VALUES (1), (f(2, 3)), ('a') LIMIT 2"),
            (
                "SELECT * FROM (VALUES 1, (2)) t (x), (VALUES 3) u",
                "SELECT * FROM (VALUES (1), (2)) t (x), (VALUES (3)) u",
            ),
            ("VALUES ARRAY[1, 2] UNION VALUES NULL", "VALUES (ARRAY[1, 2]) UNION VALUES (NULL)"),
            ("SELECT 1 IN (VALUES 1, 2), 3", "SELECT 1 IN (VALUES (1), (2)), 3"),
            ("VALUES (1, 2), ROW (3, 4)", "VALUES (1, 2), (3, 4)"),
        ] {
            let without_row = |text: String| text.replace("ROW", "");
            assert_eq!(read(text).map(without_row), read(same).map(without_row), "{text}");
        }
        assert_eq!(read("VALUES 1,").unwrap_err().code, "SYNTAX_ERROR");
        assert_eq!(read("VALUES (1").unwrap_err().code, "SYNTAX_ERROR");
    }

    #[test]
    fn mistakes_have_a_place() {
        let error = |text: &str| query(text).unwrap_err().to_string();
        assert_eq!(
            error("SELECT 1 FROM t WHERE"),
            "SYNTAX_ERROR: line 1:22: mismatched input '<EOF>'. Expecting: an expression"
        );
        assert_eq!(
            error("SELECT a, FROM t"),
            "SYNTAX_ERROR: line 1:11: mismatched input 'FROM'. Expecting: an expression"
        );
        assert_eq!(error("SELECT 1 2"), "SYNTAX_ERROR: line 1:10: mismatched input '2'. Expecting: <EOF>");
        assert_eq!(
            error("SELEC 1").split(". ").next().unwrap(),
            "SYNTAX_ERROR: line 1:1: mismatched input 'SELEC'"
        );
        assert_eq!(error("DELETE FROM t"), "NOT_SUPPORTED: vpclab does not run DELETE statements");
        assert!(error(&"(".repeat(3000)).starts_with("QUERY_TOO_COMPLEX: "));
        assert!(error(&format!("SELECT 1{}", "+1".repeat(3000))).starts_with("QUERY_TOO_COMPLEX: "));
    }
}
