//! Topics.

use super::{ApiError, Ec2, Result};
use crate::model::Topic;
use crate::seed;

/// Messages have at most 256 KiB (aws: sns-message).
const MESSAGE_MAX: usize = 256 << 10;

impl Ec2<'_> {
    /// Makes a topic, or finds the one with that name; its ARN (aws: sns-create-topic).
    pub fn create_topic(&mut self, name: &str) -> Result<String> {
        let is_name = |name: &str| {
            (1..=256).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if !is_name(name.strip_suffix(".fifo").unwrap_or(name)) {
            return Err(ApiError::new("InvalidParameter", "Invalid parameter: Topic Name"));
        }
        let topic = Topic { name: name.to_owned(), scope: self.caller, messages: Vec::new() };
        let arn = topic.arn();
        self.model.topics.entry(arn.clone()).or_insert(topic);
        Ok(arn)
    }

    /// Says something on a topic; the id of the message (aws: sns-message).
    pub fn publish(&mut self, topic_arn: &str, message: &str) -> Result<String> {
        if message.is_empty() {
            return Err(ApiError::new("InvalidParameter", "Invalid parameter: Empty message"));
        }
        if message.len() > MESSAGE_MAX {
            return Err(ApiError::new("InvalidParameter", "Invalid parameter: Message too long"));
        }
        let topic = self.model.topics.get_mut(topic_arn);
        let topic = topic.ok_or_else(|| ApiError::new("NotFound", "Topic does not exist"))?;
        topic.messages.push(message.to_owned());
        Ok(uuid(&["message", topic_arn, &topic.messages.len().to_string()]))
    }

    /// The caller's topics in the region that is asked, by name.
    pub fn list_topics(&self) -> Vec<&Topic> {
        self.model.topics.values().filter(|topic| topic.scope == self.caller).collect()
    }
}

/// An id in the form of a UUID of version 4.
fn uuid(path: &[&str]) -> String {
    let half = |which| seed::hash(&[path, &[which]].concat());
    let (a, b) = (half("left"), half("right"));
    let (c, d) = (a & 0x0fff, b >> 48 & 0x3fff | 0x8000);
    format!("{:08x}-{:04x}-4{c:03x}-{d:04x}-{:012x}", a >> 32, a >> 16 & 0xffff, b & 0xffff_ffff_ffff)
}
