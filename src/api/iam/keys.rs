//! Keys and unique ids: derived, as ids of EC2 are, from what they are for.

use crate::model::{Account, Credentials, Model, Principal};
use crate::seed;
use crate::time::Instant;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What the tokens of sessions begin with, and how long they are (assumed: session-token-length).
const TOKEN_PREFIX: &str = "IQoJb3JpZ2luX2Vj";
const TOKEN_CHARS: usize = 1_100;

/// So many characters of an alphabet, whose length is a power of two.
fn letters(alphabet: &[u8], count: usize, path: &[&str]) -> String {
    const PER_HASH: usize = 8;
    let block = |number: usize| {
        let number = number.to_string();
        let mut parts = path.to_vec();
        parts.push(&number);
        seed::hash(&parts).to_be_bytes()
    };
    let blocks = (0..count.div_ceil(PER_HASH)).flat_map(block);
    blocks.take(count).map(|byte| char::from(alphabet[usize::from(byte) % alphabet.len()])).collect()
}

/// The unique id of a role, user, policy or profile, e.g. `AROA` and 17 characters (aws: iam-unique-ids).
/// What has the name of something that is gone has another one.
pub(super) fn unique_id(model: &mut Model, prefix: &str, account: Account, name: &str) -> String {
    let account = account.to_string();
    let occasion = model.derived.entry(seed::hash(&["iam", prefix, &account, name])).or_insert(0);
    *occasion += 1;
    prefix.to_owned() + &letters(BASE32, 17, &[prefix, &account, name, &occasion.to_string()])
}

/// New keys for somebody: long-term ones if they do not expire (aws: access-key-ids).
pub fn keys(model: &Model, principal: &Principal, issued: Instant, expires: Option<Instant>) -> Credentials {
    let (arn, when) = (principal.to_string(), issued.as_nanos().to_string());
    let prefix = if expires.is_some() { "ASIA" } else { "AKIA" };
    let occasions = (0_u64..).map(|occasion| occasion.to_string());
    let mut ids = occasions.map(|n| prefix.to_owned() + &letters(BASE32, 16, &["key", &arn, &when, &n]));
    let id = ids.find(|id| !model.sessions.contains_key(id)).expect("there are more than are used");
    let token = || {
        let rest = letters(BASE64, TOKEN_CHARS - TOKEN_PREFIX.len(), &["token", &arn, &id]);
        TOKEN_PREFIX.to_owned() + &rest
    };
    Credentials {
        secret_access_key: letters(BASE64, 40, &["secret", &arn, &id]),
        token: expires.map(|_| token()),
        access_key_id: id,
        issued,
        expires,
    }
}

/// The second in which a moment is: documents write no fractions.
pub fn whole_second(now: Instant) -> Instant {
    Instant::from_unix_seconds(now.unix_seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_look_like_those_of_aws() {
        let account: Account = "123456789012".parse().expect("an account");
        let role = Principal::Role { account, role: "R".to_owned(), session: "i-0".to_owned() };
        let now = Instant::from_unix_seconds(1);
        let session = keys(&Model::default(), &role, now, Some(now));
        assert!(session.access_key_id.starts_with("ASIA"));
        assert_eq!((session.access_key_id.len(), session.secret_access_key.len()), (20, 40));
        assert_eq!(session.token.as_deref().map(str::len), Some(TOKEN_CHARS));
        let user = Principal::User { account, name: "U".to_owned() };
        let long_term = keys(&Model::default(), &user, now, None);
        assert!(long_term.access_key_id.starts_with("AKIA") && long_term.token.is_none());
        assert_eq!(keys(&Model::default(), &user, now, None), long_term);
    }
}
