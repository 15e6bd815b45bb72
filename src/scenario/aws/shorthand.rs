//! Structures as the AWS CLI lets people type them: `Key=Value,Key=[{Key=Value}]`, or JSON.

use std::iter::Peekable;
use std::str::Chars;

/// A structure, or a part of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tree {
    /// Several values.
    List(Vec<Tree>),
    /// Members by name, in the order they were typed.
    Map(Vec<(String, Tree)>),
    /// A word, a number.
    Text(String),
}

impl Tree {
    /// The member with a name.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members.iter().find(|(name, _)| name == key).map(|(_, member)| member),
            Self::List(_) | Self::Text(_) => None,
        }
    }

    /// The text that it is.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The text of a member.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_text()
    }

    /// The elements of a member that is a list; one that is not counts as a list of one.
    pub fn elements(&self, key: &str) -> &[Self] {
        match self.get(key) {
            None => &[],
            Some(Self::List(elements)) => elements,
            Some(one @ (Self::Map(_) | Self::Text(_))) => std::slice::from_ref(one),
        }
    }
}

/// Reads a structure; `None` if it is not one.
pub fn read(text: &str) -> Option<Tree> {
    if text.starts_with(['{', '[']) {
        return serde_json::from_str(text).ok().map(from_json);
    }
    let mut reader = Reader { rest: text.chars().peekable() };
    let map = reader.map()?;
    reader.rest.next().is_none().then_some(map)
}

/// Reads what stands for several structures: one, or a list of them as JSON.
pub fn read_all(text: &str) -> Option<Vec<Tree>> {
    Some(match read(text)? {
        Tree::List(elements) => elements,
        one @ (Tree::Map(_) | Tree::Text(_)) => vec![one],
    })
}

fn from_json(value: serde_json::Value) -> Tree {
    match value {
        serde_json::Value::Array(elements) => Tree::List(elements.into_iter().map(from_json).collect()),
        serde_json::Value::Object(members) => {
            Tree::Map(members.into_iter().map(|(key, member)| (key, from_json(member))).collect())
        }
        serde_json::Value::String(text) => Tree::Text(text),
        other @ (serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => {
            Tree::Text(other.to_string())
        }
    }
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
}

impl Reader<'_> {
    fn map(&mut self) -> Option<Tree> {
        let mut members: Vec<(String, Tree)> = Vec::new();
        loop {
            let word = self.word();
            if self.rest.next_if_eq(&'=').is_some() {
                members.push((word, self.value()?));
            } else {
                // `Values=a,b`: what has no key goes on with the value before it.
                let (_, before) = members.last_mut()?;
                let mut list = match std::mem::replace(before, Tree::List(Vec::new())) {
                    Tree::List(list) => list,
                    one @ (Tree::Map(_) | Tree::Text(_)) => vec![one],
                };
                list.push(Tree::Text(word));
                *before = Tree::List(list);
            }
            if self.rest.next_if_eq(&',').is_none() {
                return Some(Tree::Map(members));
            }
        }
    }

    fn value(&mut self) -> Option<Tree> {
        if self.rest.next_if_eq(&'[').is_some() {
            let mut elements = Vec::new();
            while self.rest.next_if_eq(&']').is_none() {
                elements.push(self.value()?);
                if self.rest.next_if_eq(&',').is_none() && self.rest.peek() != Some(&']') {
                    return None;
                }
            }
            return Some(Tree::List(elements));
        }
        if self.rest.next_if_eq(&'{').is_some() {
            let map = self.map()?;
            return self.rest.next_if_eq(&'}').map(|_| map);
        }
        Some(Tree::Text(self.word()))
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.rest.next_if(|c| !matches!(c, ',' | '=' | '[' | ']' | '{' | '}')) {
            word.push(c);
        }
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Tree {
        Tree::Text(text.to_owned())
    }

    #[test]
    fn structures_nest() {
        let tree =
            read("IpProtocol=tcp,FromPort=443,PrefixListIds=[{PrefixListId=pl-1},{PrefixListId=pl-2}]");
        let tree = tree.expect("a structure");
        assert_eq!(tree.text("FromPort"), Some("443"));
        let lists: Vec<_> = tree.elements("PrefixListIds").iter().map(|e| e.text("PrefixListId")).collect();
        assert_eq!(lists, [Some("pl-1"), Some("pl-2")]);
    }

    #[test]
    fn lists_need_no_brackets() {
        let tree = read("Name=vpc-id,Values=a,b").expect("a structure");
        assert_eq!(tree.elements("Values"), [text("a"), text("b")]);
        assert_eq!(tree.elements("Name"), [text("vpc-id")]);
    }

    #[test]
    fn json_works_too() {
        assert_eq!(read(r#"{"Value":true}"#).expect("JSON").text("Value"), Some("true"));
    }

    #[test]
    fn json_has_lists_of_structures() {
        let all = read_all(r#"[{"Key":"a"},{"Key":"b"}]"#).expect("a list");
        assert_eq!(all.iter().map(|tree| tree.text("Key")).collect::<Vec<_>>(), [Some("a"), Some("b")]);
        assert_eq!(read_all("Key=a").expect("one").len(), 1);
    }

    #[test]
    fn mistakes_are_no_structures() {
        for text in ["", "a", "a=[b", "a={b=c", "a=b]", "[", "a=[{b=c}x]"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
