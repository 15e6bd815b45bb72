//! How Athena's queries are read: what Trino's grammar has beyond the standard, and nothing of others.

use std::any::TypeId;

use sqlparser::dialect::{Dialect, GenericDialect};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// Trino's dialect.
#[derive(Debug)]
pub struct Trino;

impl Dialect for Trino {
    // Some of what the parser knows, as UNNEST, it reads for those alone whom it knows by name.
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    // Backquotes are read to be refused with the words of Athena.
    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        matches!(ch, '"' | '`')
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_'
    }

    fn allow_extract_custom(&self) -> bool {
        true
    }

    fn supports_comma_separated_trim(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_lambda_functions(&self) -> bool {
        true
    }

    fn supports_parens_around_table_factor(&self) -> bool {
        true
    }

    fn supports_unicode_string_literal(&self) -> bool {
        true
    }

    fn supports_window_clause_named_window_reference(&self) -> bool {
        true
    }
}

/// Tokens that Trino's grammar does not have and the parser takes.
pub fn is_foreign(token: &Token) -> bool {
    matches!(
        token,
        Token::DoubleEq
            | Token::DoubleColon
            | Token::Ampersand
            | Token::Pipe
            | Token::Caret
            | Token::Tilde
            | Token::ShiftLeft
            | Token::ShiftRight
            | Token::Spaceship
            | Token::Assignment
    )
}

/// Whether something stands between two operands.
pub fn is_operator(token: &Token) -> bool {
    match token {
        Token::Eq | Token::Neq | Token::Lt | Token::Gt | Token::LtEq | Token::GtEq | Token::StringConcat => {
            true
        }
        Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::Mod => true,
        Token::Word(word) => matches!(word.keyword, Keyword::AND | Keyword::OR),
        _ => false,
    }
}

/// The tokens of a statement in the words of the parser: brackets around rows of `VALUES` that are written without them, and
/// casts for literals of addresses.
pub fn standard(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut result = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().filter(|token| !is_space(token)).peekable();
    while let Some(token) = tokens.next() {
        let mut is_before_row = is_keyword(&token, &[Keyword::VALUES]);
        result.push(token);
        address(&mut result);
        while is_before_row {
            let mut depth = 0;
            let mut row: Vec<TokenWithSpan> = Vec::new();
            while let Some(token) = tokens.next_if(|token| depth > 0 || !ends_row(token)) {
                match token.token {
                    Token::LParen | Token::LBracket => depth += 1,
                    Token::RParen | Token::RBracket => depth -= 1,
                    _ => {}
                }
                row.push(token);
                address(&mut row);
            }
            let is_bare =
                |token: &&TokenWithSpan| token.token != Token::LParen && !is_keyword(token, &[Keyword::ROW]);
            let brackets = row.first().filter(is_bare).map(|first| {
                [Token::LParen, Token::RParen].map(|token| TokenWithSpan { token, span: first.span })
            });
            match brackets {
                Some([open, close]) => result.extend([open].into_iter().chain(row).chain([close])),
                None => result.extend(row),
            }
            let comma = tokens.next_if(|token| token.token == Token::Comma);
            is_before_row = comma.is_some();
            result.extend(comma);
        }
    }
    result
}

/// `IPADDRESS '10.0.0.1'` at the end of tokens becomes a cast.
fn address(tokens: &mut Vec<TokenWithSpan>) {
    let [.., word, text] = tokens.as_slice() else { return };
    let is_type = matches!(&word.token, Token::Word(word)
        if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("ipaddress"));
    if !is_type || !matches!(text.token, Token::SingleQuotedString(_)) {
        return;
    }
    let (text, word) = (tokens.pop().expect("it is there"), tokens.pop().expect("it is there"));
    let span = text.span;
    let keyword = |name: &str| TokenWithSpan { token: Token::make_keyword(name), span };
    let bracket = |token: Token| TokenWithSpan { token, span };
    tokens.extend([
        keyword("CAST"),
        bracket(Token::LParen),
        text,
        keyword("AS"),
        word,
        bracket(Token::RParen),
    ]);
}

fn is_space(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Whitespace(_))
}

fn is_keyword(token: &TokenWithSpan, keywords: &[Keyword]) -> bool {
    matches!(&token.token, Token::Word(word) if keywords.contains(&word.keyword))
}

/// Whether a row of `VALUES` has ended before.
fn ends_row(token: &TokenWithSpan) -> bool {
    const AFTER: [Keyword; 7] = [
        Keyword::ORDER,
        Keyword::LIMIT,
        Keyword::OFFSET,
        Keyword::FETCH,
        Keyword::UNION,
        Keyword::INTERSECT,
        Keyword::EXCEPT,
    ];
    matches!(token.token, Token::Comma | Token::RParen | Token::SemiColon | Token::EOF)
        || is_keyword(token, &AFTER)
}
