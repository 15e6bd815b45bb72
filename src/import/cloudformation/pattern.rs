//! Whether a text matches an `AllowedPattern` as a whole.
//!
//! Knows the part of regular expressions that such patterns are made of. Must never know a parameter.
//! What it does not know, it does not judge.

use std::iter::Peekable;
use std::str::Chars;

/// How many attempts a match may take.
const STEPS_MAX: usize = 200_000;

/// How deep groups may be nested.
const DEPTH_MAX: usize = 16;

/// The most times that a part can be repeated by number.
const TIMES_MAX: usize = 1000;

/// The longest text that is judged, in characters.
const TEXT_MAX: usize = 2000;

/// Whether a text matches; `None` if the pattern has parts that are not known here, or is too costly.
pub fn matches(pattern: &str, text: &str) -> Option<bool> {
    let mut chars = pattern.chars().peekable();
    let root = either(&mut chars, 0)?;
    if chars.next().is_some() || text.chars().count() > TEXT_MAX {
        return None;
    }
    let text: Vec<char> = text.chars().collect();
    let mut search = Search { text: &text, steps: 0 };
    let found = search.any(&root, 0, &mut |search, at| at == search.text.len());
    if search.steps > STEPS_MAX { None } else { Some(found) }
}

/// Alternatives, each of them parts one after the other.
type Either = Vec<Vec<Part>>;

struct Part {
    what: What,
    least: usize,
    most: usize,
}

enum What {
    Any,
    End,
    Group(Either),
    Set { ranges: Vec<(char, char)>, is_negated: bool },
    Start,
}

fn either(chars: &mut Peekable<Chars<'_>>, depth: usize) -> Option<Either> {
    if depth > DEPTH_MAX {
        return None;
    }
    let mut alternatives = vec![Vec::new()];
    while let Some(&next) = chars.peek() {
        match next {
            ')' => break,
            '|' => {
                chars.next();
                alternatives.push(Vec::new());
            }
            _ => {
                let part = part(chars, depth)?;
                alternatives.last_mut()?.push(part);
            }
        }
    }
    Some(alternatives)
}

fn part(chars: &mut Peekable<Chars<'_>>, depth: usize) -> Option<Part> {
    let what = match chars.next()? {
        '.' => What::Any,
        '^' => What::Start,
        '$' => What::End,
        '(' => {
            if chars.next_if_eq(&'?').is_some() {
                chars.next_if_eq(&':')?;
            }
            let group = either(chars, depth + 1)?;
            chars.next_if_eq(&')')?;
            What::Group(group)
        }
        '[' => set(chars)?,
        '\\' => {
            let (ranges, is_negated) = escaped(chars.next()?)?;
            What::Set { ranges, is_negated }
        }
        '*' | '+' | '?' | '{' => return None,
        literal => What::Set { ranges: vec![(literal, literal)], is_negated: false },
    };
    let (least, most) = times(chars)?;
    Some(Part { what, least, most })
}

fn times(chars: &mut Peekable<Chars<'_>>) -> Option<(usize, usize)> {
    let times = match chars.peek() {
        Some('*') => (0, usize::MAX),
        Some('+') => (1, usize::MAX),
        Some('?') => (0, 1),
        Some('{') => {
            chars.next();
            let inside: String = std::iter::from_fn(|| chars.next_if(|c| *c != '}')).collect();
            let bound = |text: &str| text.parse::<usize>().ok().filter(|times| *times <= TIMES_MAX);
            match inside.split_once(',') {
                None => (bound(&inside)?, bound(&inside)?),
                Some((least, "")) => (bound(least)?, usize::MAX),
                Some((least, most)) => (bound(least)?, bound(most)?),
            }
        }
        _ => return Some((1, 1)),
    };
    chars.next()?;
    // A lazy or possessive one changes what is found, which here is the whole.
    if chars.peek() == Some(&'+') {
        return None;
    }
    chars.next_if_eq(&'?');
    Some(times)
}

fn set(chars: &mut Peekable<Chars<'_>>) -> Option<What> {
    let is_negated = chars.next_if_eq(&'^').is_some();
    let mut ranges: Vec<(char, char)> = Vec::new();
    loop {
        let from = match chars.next()? {
            ']' if !ranges.is_empty() => return Some(What::Set { ranges, is_negated }),
            '[' => return None,
            '&' if chars.peek() == Some(&'&') => return None,
            '\\' => match escaped(chars.next()?)? {
                (one, false) if one.len() == 1 && one[0].0 == one[0].1 => one[0].0,
                (several, false) => {
                    ranges.extend(several);
                    continue;
                }
                (_, true) => return None,
            },
            literal => literal,
        };
        let mut after = chars.clone();
        let is_range = after.next() == Some('-') && after.next().is_some_and(|c| c != ']');
        if is_range {
            chars.next();
            let to = match chars.next()? {
                '\\' => chars.next()?,
                literal => literal,
            };
            ranges.push((from, to));
        } else {
            ranges.push((from, from));
        }
    }
}

/// The characters that an escape stands for, and whether it means all others.
fn escaped(letter: char) -> Option<(Vec<(char, char)>, bool)> {
    let ranges = match letter.to_ascii_lowercase() {
        'd' => vec![('0', '9')],
        'w' => vec![('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')],
        's' => vec![(' ', ' '), ('\t', '\r')],
        _ if letter.is_ascii_alphanumeric() => return None,
        _ => vec![(letter, letter)],
    };
    Some((ranges, letter.is_ascii_uppercase()))
}

struct Search<'t> {
    text: &'t [char],
    steps: usize,
}

/// What is left to match, from a place on.
type Rest<'r, 't> = &'r mut dyn FnMut(&mut Search<'t>, usize) -> bool;

impl<'t> Search<'t> {
    fn any(&mut self, either: &Either, at: usize, rest: Rest<'_, 't>) -> bool {
        either.iter().any(|parts| self.all(parts, at, rest))
    }

    fn all(&mut self, parts: &[Part], at: usize, rest: Rest<'_, 't>) -> bool {
        match parts.split_first() {
            None => rest(self, at),
            Some((part, after)) => {
                self.repeated(part, 0, at, &mut |search, at| search.all(after, at, &mut *rest))
            }
        }
    }

    /// As often as possible first.
    fn repeated(&mut self, part: &Part, done: usize, at: usize, rest: Rest<'_, 't>) -> bool {
        self.steps += 1;
        if self.steps > STEPS_MAX || done > TIMES_MAX {
            self.steps = STEPS_MAX + 1;
            return false;
        }
        if done < part.most
            && self.once(&part.what, at, &mut |search, after| {
                // What matched nothing would match nothing for ever.
                (after > at || done < part.least) && search.repeated(part, done + 1, after, &mut *rest)
            })
        {
            return true;
        }
        done >= part.least && rest(self, at)
    }

    fn once(&mut self, what: &What, at: usize, rest: Rest<'_, 't>) -> bool {
        let here = self.text.get(at).copied();
        match what {
            What::Any => here.is_some_and(|c| c != '\n') && rest(self, at + 1),
            What::End => here.is_none() && rest(self, at),
            What::Group(either) => self.any(either, at, rest),
            What::Set { ranges, is_negated } => {
                let is_in = |c: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
                here.is_some_and(|c| is_in(c) != *is_negated) && rest(self, at + 1)
            }
            What::Start => at == 0 && rest(self, at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_of_real_templates() {
        const CIDR: &str = r"^(([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])\.){3}([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])(\/(1[6-9]|2[0-8]))$";
        for (pattern, text, expected) in [
            (CIDR, "10.0.0.0/16", Some(true)),
            (CIDR, "10.0.0.0/8", Some(false)),
            (CIDR, "10.0.0.256/16", Some(false)),
            (r"[a-zA-Z][a-zA-Z0-9]*", "Name1", Some(true)),
            (r"[a-zA-Z][a-zA-Z0-9]*", "1Name", Some(false)),
            (r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})/(\d{1,2})", "0.0.0.0/0", Some(true)),
            (r"^[0-9a-zA-Z-/.]*$", "a-b/c", Some(true)),
            (r"(?!x).*", "a", None),
            (r"(a*)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", None),
            ("", "", Some(true)),
            ("[", "", None),
            ("a|", "", Some(true)),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
