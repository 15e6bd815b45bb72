//! Texts with wildcards and variables: `arn:aws:s3:::b/${aws:username}/*`.

use super::context::Context;

/// A text with wildcards: `*` for any run of characters, `?` for one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern(Vec<Glyph>);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Glyph {
    Any,
    Exactly(char),
    One,
}

impl Pattern {
    /// Reads a text in which `${…}` stands for nothing.
    pub fn plain(text: &str) -> Self {
        Self(text.chars().map(glyph).collect())
    }

    /// Reads a text, putting the values of a request in for `${key}`, or else the default of
    /// `${key, 'default'}`; `None` if the request has no such key: then nothing matches
    /// (aws: policy-variables).
    pub fn with_variables(text: &str, context: &Context) -> Option<Self> {
        let mut glyphs = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((variable, tail)) = after.split_once('}') else { break };
            glyphs.extend(before.chars().map(glyph));
            let (key, default) = match variable.split_once(',') {
                Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
                None => (variable, None),
            };
            // `${*}` is a star and no wildcard.
            let is_literal = ["*", "?", "$"].contains(&key);
            let value = if is_literal { key } else { context.get(key).or(default)? };
            glyphs.extend(value.chars().map(Glyph::Exactly));
            rest = tail;
        }
        glyphs.extend(rest.chars().map(glyph));
        Some(Self(glyphs))
    }

    /// Whether the whole of a text is such.
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        matches(&self.0, &text, |a, b| a == b)
    }

    /// The same in any case.
    pub fn matches_ignoring_case(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        matches(&self.0, &text, |a, b| a.to_lowercase().eq(b.to_lowercase()))
    }

    /// Whether a text is these characters, wildcards taken literally.
    pub fn is(&self, text: &str, ignoring_case: bool) -> bool {
        let own: String = self
            .0
            .iter()
            .map(|glyph| match glyph {
                Glyph::Any => '*',
                Glyph::Exactly(c) => *c,
                Glyph::One => '?',
            })
            .collect();
        if ignoring_case { own.to_lowercase() == text.to_lowercase() } else { own == text }
    }

    /// Whether an ARN is such: wildcards do not reach over the colons of its first five parts.
    pub fn matches_arn(&self, arn: &str) -> bool {
        let own: Vec<&[Glyph]> = self.0.splitn(6, |glyph| *glyph == Glyph::Exactly(':')).collect();
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let fits = |(own, part): (&[Glyph], &str)| {
            let part: Vec<char> = part.chars().collect();
            matches(own, &part, |a, b| a == b)
        };
        own.len() == 6 && parts.len() == 6 && own.into_iter().zip(parts).all(fits)
    }
}

fn glyph(c: char) -> Glyph {
    match c {
        '*' => Glyph::Any,
        '?' => Glyph::One,
        c => Glyph::Exactly(c),
    }
}

/// Goes back to the last star only, so that it takes no longer than the product of the lengths.
fn matches(pattern: &[Glyph], text: &[char], same: impl Fn(char, char) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Glyph::Any) => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(Glyph::One) => (p, t) = (p + 1, t + 1),
            Some(Glyph::Exactly(c)) if same(*c, text[t]) => (p, t) = (p + 1, t + 1),
            Some(Glyph::Exactly(_)) | None => {
                let Some((after, from)) = star else { return false };
                (p, t) = (after, from + 1);
                star = Some((after, from + 1));
            }
        }
    }
    pattern[p..].iter().all(|glyph| *glyph == Glyph::Any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_characters() {
        let rows = [
            ("*", "", true),
            ("*", "anything", true),
            ("?", "", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("s3:Get*", "s3:GetObject", true),
            ("s3:Get*", "s3:PutObject", false),
            ("*a*b", "xaxxab", true),
            ("*a*b", "xaxxabc", false),
            ("a**b", "ab", true),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/k/l", true),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b", false),
            ("é*", "éa", true),
        ];
        for (pattern, text, expected) in rows {
            assert_eq!(Pattern::plain(pattern).matches(text), expected, "{pattern} {text}");
        }
        assert!(Pattern::plain("S3:getobject").matches_ignoring_case("s3:GetObject"));
        assert!(!Pattern::plain("a").matches("A"));
    }

    #[test]
    fn many_stars_take_no_time() {
        let (pattern, text) = ("*a".repeat(500), "a".repeat(5_000) + "b");
        assert!(!Pattern::plain(&pattern).matches(&text));
    }

    #[test]
    fn wildcards_do_not_reach_over_the_parts_of_an_arn() {
        let arn = "arn:aws:iam::123456789012:role/a/b:c";
        for (pattern, expected) in [
            ("arn:aws:iam::123456789012:role/*", true),
            ("arn:aws:iam::*:role/a/b:c", true),
            ("arn:*:role/a/b:c", false),
            ("*", false),
            ("arn:aws:iam::123456789012:role/a", false),
        ] {
            assert_eq!(Pattern::plain(pattern).matches_arn(arn), expected, "{pattern}");
        }
    }
}
