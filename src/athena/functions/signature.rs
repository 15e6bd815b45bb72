//! Signatures as they are written in `table`, and which of them takes which arguments.

use std::collections::BTreeMap;

use super::{Call, Kind};
use crate::athena::types::Type;
use crate::athena::value::is_blob;

/// What a parameter takes, or what a result is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Pattern {
    Of(Type),
    /// `T` and `U` take any type, `O` what has an order, `M` days and moments, `I` whole numbers, `D` decimals.
    Variable(char),
    ArrayOf(Box<Self>),
    /// A decimal whose digits follow from those of `D`.
    Decimal(String),
}

/// A signature: what it takes, and what it gives.
pub struct Signature<'a> {
    text: &'a str,
    parameters: Vec<Pattern>,
    /// Whether the last parameter may come any number of times, at least once.
    is_variadic: bool,
    returns: Pattern,
}

type Bindings = BTreeMap<char, Type>;

fn parse_pattern(text: &str) -> Pattern {
    let text = text.trim();
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => return Pattern::Variable(letter),
        _ if text.starts_with("decimal(") => return Pattern::Decimal(text.to_owned()),
        _ => {}
    }
    if let Some(element) = text.strip_prefix("array(").and_then(|rest| rest.strip_suffix(')')) {
        return Pattern::ArrayOf(Box::new(parse_pattern(element)));
    }
    Pattern::Of(text.parse().unwrap_or_else(|()| panic!("a signature names the type {text}")))
}

/// The parts between commas that are not within parentheses.
fn split(list: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, character) in list.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !list.trim().is_empty() {
        parts.push(&list[start..]);
    }
    parts
}

impl<'a> Signature<'a> {
    /// Reads a signature, e.g. `split_part(varchar, varchar, bigint): varchar`.
    pub fn parse(text: &'a str) -> Self {
        let (head, returns) = text.split_once("): ").unwrap_or((text, "unknown"));
        let list = head.split_once('(').map_or("", |(_, list)| list);
        let is_variadic = list.ends_with("...");
        let list = list.trim_end_matches("...");
        let parameters = split(list).into_iter().map(parse_pattern).collect();
        Self { text, parameters, is_variadic, returns: parse_pattern(returns) }
    }

    /// Types that it takes, one for each parameter.
    #[cfg(test)]
    pub fn samples(&self) -> Vec<Type> {
        self.parameters.iter().map(Pattern::sample).collect()
    }

    /// The signature as an error shows it.
    pub fn shown(&self) -> String {
        let head = self.text.split_once("): ").map_or(self.text, |(head, _)| head);
        let mut parts = head.splitn(2, '(');
        let (name, list) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let list: Vec<&str> = split(list)
            .into_iter()
            .map(|parameter| match parameter.trim() {
                "I" => "bigint",
                "D" => "decimal(p,s)",
                "M" => "timestamp(p)",
                "O" => "T",
                other => other,
            })
            .collect();
        format!("{name}({})", list.join(", "))
    }

    /// What a call with such arguments is, if the signature takes them.
    pub fn call(&self, kind: Kind, template: &str, arguments: &[Type], is_exact: bool) -> Option<Call> {
        let missing = arguments.len() < self.parameters.len();
        if missing || (arguments.len() > self.parameters.len() && !self.is_variadic) {
            return None;
        }
        let mut bindings = Bindings::new();
        let patterns: Vec<&Pattern> = (0..arguments.len())
            .filter_map(|index| self.parameters.get(index).or_else(|| self.parameters.last()))
            .collect();
        let mut taken = patterns.iter().zip(arguments);
        if !taken.all(|(pattern, argument)| pattern.takes(argument, is_exact, &mut bindings)) {
            return None;
        }
        // Whole numbers become decimals only beside a decimal.
        let has_decimal = arguments.iter().any(|argument| matches!(argument, Type::Decimal(..)));
        if bindings.contains_key(&'D') && !has_decimal {
            return None;
        }
        let parameters: Vec<Type> = patterns
            .iter()
            .zip(arguments)
            .map(|(pattern, argument)| {
                let is_text =
                    matches!((pattern, argument), (Pattern::Of(Type::Varchar(_)), Type::Varchar(_)));
                if is_text { argument.clone() } else { pattern.resolve(&bindings) }
            })
            .collect();
        let returns = self.returns.resolve(&bindings);
        let template = specialize(template, &bindings, &parameters, &returns);
        Some(Call { kind, parameters, returns, template })
    }
}

impl Pattern {
    #[cfg(test)]
    fn sample(&self) -> Type {
        match self {
            Self::Of(ty) => ty.clone(),
            Self::Variable('D') | Self::Decimal(_) => Type::Decimal(5, 2),
            Self::Variable('M') => Type::Date,
            Self::Variable(_) => Type::Bigint,
            Self::ArrayOf(element) => Type::Array(Box::new(element.sample())),
        }
    }

    fn takes(&self, argument: &Type, is_exact: bool, bindings: &mut Bindings) -> bool {
        match self {
            Self::Of(ty) if is_exact => is_same(ty, argument),
            Self::Of(ty) => argument.coerces_to(ty),
            Self::Variable(letter) => bind(*letter, argument, is_exact, bindings),
            Self::ArrayOf(element) => {
                if let Type::Array(argument) = argument {
                    return element.takes(argument, is_exact, bindings);
                }
                *argument == Type::Unknown && !is_exact
            }
            Self::Decimal(_) => false,
        }
    }

    fn resolve(&self, bindings: &Bindings) -> Type {
        match self {
            Self::Of(ty) => ty.clone(),
            Self::Variable(letter) => bindings.get(letter).cloned().unwrap_or(Type::Unknown),
            Self::ArrayOf(element) => Type::Array(Box::new(element.resolve(bindings))),
            Self::Decimal(rule) => {
                let (precision, scale) = bindings.get(&'D').and_then(Type::as_decimal).unwrap_or((38, 0));
                decimal(rule, precision, scale)
            }
        }
    }
}

/// The result of a function of a decimal, by Trino's rules.
fn decimal(rule: &str, precision: u8, scale: u8) -> Type {
    match rule {
        "decimal(38,s)" => Type::Decimal(38, scale),
        "decimal(p+1,s)" => Type::Decimal((precision + 1).min(38), scale),
        "decimal(rounded)" => Type::Decimal((precision - scale + scale.min(1)).clamp(1, 38), 0),
        "decimal(cut)" => Type::Decimal((precision - scale).max(1), 0),
        _ => Type::Decimal(1, 0),
    }
}

fn is_same(a: &Type, b: &Type) -> bool {
    a == b || matches!((a, b), (Type::Varchar(_), Type::Varchar(_)))
}

fn bind(letter: char, argument: &Type, is_exact: bool, bindings: &mut Bindings) -> bool {
    let is_moment = matches!(argument, Type::Date | Type::Timestamp | Type::TimestampTz);
    let is_decimal = matches!(argument, Type::Decimal(..)) || (argument.is_integer() && !is_exact);
    let is_allowed = match letter {
        'M' => is_moment,
        'I' => argument.is_integer(),
        'D' => is_decimal,
        'O' => !matches!(argument, Type::Array(_)),
        _ => true,
    };
    let is_unknown = *argument == Type::Unknown;
    if (is_unknown && is_exact) || !(is_allowed || is_unknown) {
        return false;
    }
    let argument = match argument.integer_digits() {
        Some(digits) if letter == 'D' => Type::Decimal(digits, 0),
        _ => argument.clone(),
    };
    let bound = match bindings.get(&letter) {
        None => Some(argument),
        Some(bound) if is_exact && !is_same(bound, &argument) => None,
        Some(bound) => bound.common(&argument),
    };
    let Some(bound) = bound else { return false };
    bindings.insert(letter, bound);
    true
}

/// Fills in what a template says of types. The arguments stay open.
fn specialize(template: &str, bindings: &Bindings, parameters: &[Type], returns: &Type) -> String {
    let mut text = template.to_owned();
    // An element of an array that is kept as a blob lies there as its hex digits.
    if let Some(element) = template.strip_prefix('@') {
        text = if is_blob(returns) { format!("unhex({element})") } else { element.to_owned() };
    }
    for (letter, ty) in bindings {
        text = text.replace(&format!("{{{letter}}}"), &ty.to_string());
        let is_nested = matches!(ty, Type::Array(_));
        text = text.replace(&format!("{{_arrays:{letter}}}"), if is_nested { "_arrays" } else { "" });
    }
    let (precision, scale) = bindings.get(&'D').and_then(Type::as_decimal).unwrap_or((38, 0));
    text = text.replace("{p}", &precision.to_string()).replace("{s}", &scale.to_string());
    for (index, ty) in parameters.iter().enumerate() {
        let is_day = *ty == Type::Date;
        let moment = if is_day { format!("({{{index}}} * 86400000)") } else { format!("{{{index}}}") };
        text = text.replace(&format!("{{ms{index}}}"), &moment);
    }
    text
}
