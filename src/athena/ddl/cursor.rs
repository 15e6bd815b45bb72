//! The words of a statement, taken one after the other.

use sqlparser::dialect::HiveDialect;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

use crate::athena::error::{Place, QueryError, Result};

/// Words that are no names in DDL unless they are quoted.
const RESERVED: &[&str] = &[
    "ALL",
    "ALTER",
    "AND",
    "AS",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "COLUMN",
    "CREATE",
    "CROSS",
    "CURRENT_DATE",
    "CURRENT_TIMESTAMP",
    "DATABASE",
    "DELETE",
    "DESCRIBE",
    "DISTINCT",
    "DROP",
    "ELSE",
    "END",
    "EXISTS",
    "EXTERNAL",
    "FALSE",
    "FROM",
    "FULL",
    "FUNCTION",
    "GRANT",
    "GROUP",
    "HAVING",
    "IF",
    "IMPORT",
    "IN",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTERVAL",
    "INTO",
    "IS",
    "JOIN",
    "LEFT",
    "LIKE",
    "NOT",
    "NULL",
    "OF",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "PARTITION",
    "PROCEDURE",
    "RANGE",
    "REVOKE",
    "RIGHT",
    "ROW",
    "ROWS",
    "SELECT",
    "SET",
    "TABLE",
    "THEN",
    "TO",
    "TRUE",
    "TRUNCATE",
    "UNION",
    "UPDATE",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
];

/// A statement, and how much of it was taken.
pub struct Cursor {
    tokens: Vec<TokenWithSpan>,
    next: usize,
    end: Place,
}

impl Cursor {
    /// The words of a statement, without comments.
    pub fn of(text: &str) -> Result<Self> {
        let tokens = Tokenizer::new(&HiveDialect {}, text).tokenize_with_location().map_err(|error| {
            let place = Place { line: error.location.line, column: error.location.column };
            QueryError::at("SYNTAX_ERROR", place, error.message)
        })?;
        let end = tokens.last().map_or(Place { line: 1, column: 1 }, |token| Place {
            line: token.span.end.line,
            column: token.span.end.column,
        });
        let is_word = |token: &TokenWithSpan| !matches!(token.token, Token::Whitespace(_) | Token::EOF);
        Ok(Self { tokens: tokens.into_iter().filter(is_word).collect(), next: 0, end })
    }

    /// Where the next word is.
    pub fn place(&self) -> Option<Place> {
        let start = self.tokens.get(self.next).map(|token| token.span.start);
        Some(start.map_or(self.end, |start| Place { line: start.line, column: start.column }))
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|token| &token.token)
    }

    /// Says that something else should be here.
    pub fn unexpected(&self, expected: &str) -> QueryError {
        let found = self.peek().map_or_else(|| "<EOF>".to_owned(), Token::to_string);
        QueryError::at(
            "SYNTAX_ERROR",
            self.place(),
            format!("mismatched input '{found}'. Expecting: {expected}"),
        )
    }

    /// Whether the next word is a keyword.
    pub fn is(&self, keyword: &str) -> bool {
        self.is_nth(0, keyword)
    }

    fn is_nth(&self, nth: usize, keyword: &str) -> bool {
        let token = self.tokens.get(self.next + nth).map(|token| &token.token);
        matches!(token, Some(Token::Word(word)) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(keyword))
    }

    /// Takes keywords, e.g. `IF NOT EXISTS`, if they are next.
    pub fn take(&mut self, keywords: &str) -> bool {
        let all = keywords.split(' ').enumerate().all(|(nth, keyword)| self.is_nth(nth, keyword));
        if all {
            self.next += keywords.split(' ').count();
        }
        all
    }

    /// Takes keywords, which must be next.
    pub fn expect(&mut self, keywords: &str) -> Result<()> {
        if self.take(keywords) { Ok(()) } else { Err(self.unexpected(&format!("'{keywords}'"))) }
    }

    /// Takes a sign, if it is next.
    pub fn take_sign(&mut self, sign: &Token) -> bool {
        let is_next = self.peek() == Some(sign);
        self.next += usize::from(is_next);
        is_next
    }

    /// Takes a sign, which must be next.
    pub fn expect_sign(&mut self, sign: &Token) -> Result<()> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.unexpected(&format!("'{sign}'"))) }
    }

    /// Whether nothing is left.
    pub fn is_done(&self) -> bool {
        self.next == self.tokens.len()
    }

    /// Whether a semicolon is next.
    pub fn is_semicolon(&self) -> bool {
        self.peek() == Some(&Token::SemiColon)
    }

    /// Passes over a word.
    pub fn skip(&mut self) {
        self.next = self.tokens.len().min(self.next + 1);
    }

    /// Checks that nothing but a semicolon is left.
    pub fn finish(mut self) -> Result<()> {
        while self.take_sign(&Token::SemiColon) {}
        if self.is_done() { Ok(()) } else { Err(self.unexpected("<EOF>")) }
    }

    /// A name, quoted with backticks or not at all, in lower case.
    pub fn name(&mut self) -> Result<String> {
        let name = match self.peek() {
            Some(Token::Word(word)) => match word.quote_style {
                None if RESERVED.contains(&word.value.to_ascii_uppercase().as_str()) => {
                    let message = format!(
                        "mismatched input '{0}'. Expecting: a name ({0} is a reserved word: write `{0}` if it is a name)",
                        word.value
                    );
                    return Err(QueryError::at("SYNTAX_ERROR", self.place(), message));
                }
                Some('"') => {
                    let message = format!(
                        "mismatched input '\"{0}\"'. Expecting: a name (DDL quotes names with backticks: `{0}`)",
                        word.value
                    );
                    return Err(QueryError::at("SYNTAX_ERROR", self.place(), message));
                }
                _ => word.value.to_lowercase(),
            },
            _ => return Err(self.unexpected("a name")),
        };
        self.next += 1;
        Ok(name)
    }

    /// A name with dots between its parts.
    pub fn names(&mut self) -> Result<Vec<String>> {
        let mut parts = vec![self.name()?];
        while self.take_sign(&Token::Period) {
            parts.push(self.name()?);
        }
        // Backticks around a whole name quote its dots too, and Athena takes them for those between parts.
        if let [only] = parts.as_slice() {
            return Ok(only.split('.').map(str::to_owned).collect());
        }
        Ok(parts)
    }

    /// A text in single or double quotes.
    pub fn text(&mut self) -> Result<String> {
        let text = match self.peek() {
            Some(Token::SingleQuotedString(text) | Token::DoubleQuotedString(text)) => text.clone(),
            Some(Token::Word(word)) if word.quote_style == Some('"') => word.value.clone(),
            _ => return Err(self.unexpected("a text in quotes")),
        };
        self.next += 1;
        Ok(text)
    }

    /// A text in quotes, or a number.
    pub fn constant(&mut self) -> Result<String> {
        let sign = if self.take_sign(&Token::Minus) { "-" } else { "" };
        let number = match self.peek() {
            Some(Token::Number(number, _)) => number.clone(),
            Some(Token::Word(word))
                if word.quote_style.is_none() && word.value.bytes().all(|b| b.is_ascii_digit()) =>
            {
                word.value.clone()
            }
            _ if sign.is_empty() => {
                // `DATE '2024-01-31'` is the same value.
                self.take("DATE");
                return self.text();
            }
            _ => return Err(self.unexpected("a number")),
        };
        self.next += 1;
        Ok(format!("{sign}{number}"))
    }

    /// A type, as it is written but in lower case, e.g. `decimal(10,2)`.
    pub fn type_name(&mut self) -> Result<String> {
        let place = self.place();
        let Some(Token::Word(word)) = self.peek() else { return Err(self.unexpected("a type")) };
        let mut name = word.value.to_ascii_lowercase();
        self.next += 1;
        if name == "double" && self.take("PRECISION") {
            return Ok(name);
        }
        let mut depth = 0_i32;
        while let Some(token) = self.peek() {
            let step = match token {
                Token::LParen | Token::Lt => 1,
                Token::RParen | Token::Gt => -1,
                Token::ShiftRight => -2,
                _ => 0,
            };
            if depth + step < 0 || (depth == 0 && step == 0) {
                break;
            }
            depth += step;
            name.push_str(&token.to_string().to_ascii_lowercase());
            self.next += 1;
            if depth == 0 {
                break;
            }
        }
        if depth > 0 {
            return Err(QueryError::at("SYNTAX_ERROR", place, format!("the type {name} has no end")));
        }
        Ok(name)
    }

    /// Things in parentheses with commas between them.
    pub fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        self.expect_sign(&Token::LParen)?;
        let mut items = Vec::new();
        loop {
            items.push(item(self)?);
            if !self.take_sign(&Token::Comma) {
                break;
            }
        }
        if !self.take_sign(&Token::RParen) {
            return Err(self.unexpected("',' or ')'"));
        }
        Ok(items)
    }

    /// `('key'='value', …)`.
    pub fn properties(&mut self) -> Result<Vec<(String, String)>> {
        self.list(|cursor| {
            let key = cursor.text()?;
            cursor.expect_sign(&Token::Eq)?;
            Ok((key, cursor.text()?))
        })
    }
}

/// Whether a statement begins with a keyword.
pub fn first_keyword(text: &str) -> Option<String> {
    let tokens = Tokenizer::new(&HiveDialect {}, text).tokenize().ok();
    let mut rest = text.trim_start();
    // What cannot be split into words still begins with one.
    let Some(tokens) = tokens else {
        while let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        }
        return rest.split(|c: char| !c.is_ascii_alphabetic()).next().map(str::to_ascii_uppercase);
    };
    let is_word = |token: &&Token| {
        !matches!(
            token,
            Token::Whitespace(
                Whitespace::Space
                    | Whitespace::Newline
                    | Whitespace::Tab
                    | Whitespace::SingleLineComment { .. }
                    | Whitespace::MultiLineComment(_)
            )
        )
    };
    match tokens.iter().find(is_word)? {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_ascii_uppercase()),
        _ => None,
    }
}
