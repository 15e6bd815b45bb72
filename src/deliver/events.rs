//! The events of a stream: read from their file, compared with what is there, cut into batches.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;

use super::error::Error;

/// How many events a request of PutLogEvents takes.
const BATCH_EVENTS_MAX: usize = 10_000;
/// How many bytes a request of PutLogEvents takes, each event counted with [`EVENT_OVERHEAD`].
const BATCH_BYTES_MAX: usize = 1_048_576;
/// What an event counts in addition to its message.
const EVENT_OVERHEAD: usize = 26;
/// How many milliseconds there may be between the first and the last event of a request.
const BATCH_SPAN_MAX: u64 = 24 * 60 * 60 * 1000;

/// An event.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
pub struct Event {
    /// Milliseconds since 1970.
    pub timestamp: u64,
    /// What happened.
    pub message: String,
    /// Where it is in its file: of events of the same time, the order is kept.
    #[serde(skip)]
    line: usize,
}

/// All events of a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Events {
    /// By time and message, so that one of them is found fast.
    sorted: Vec<Event>,
    /// How many events like the one at this place, the first of its like, are there already.
    there: Vec<usize>,
}

impl Events {
    /// Reads the file of a stream: an event a line. One stream at a time is in memory.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|error| Error::unreadable(path, error))?;
        let mut events = Vec::new();
        for (at, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(|error| Error::unreadable(path, error))?;
            let event: Event =
                serde_json::from_str(&line).map_err(|error| Error::json(path, at + 1, &error))?;
            let problem = match event.size() {
                EVENT_OVERHEAD => "the message of an event cannot be empty",
                size if size > BATCH_BYTES_MAX => "the event is longer than CloudWatch Logs takes, 1 MiB",
                _ => {
                    events.push(Event { line: at, ..event });
                    continue;
                }
            };
            let place = format!("{}:{}", super::shown(path), at + 1);
            return Err(Error::Malformed { place, problem: problem.to_owned() });
        }
        Ok(Self::new(events))
    }

    fn new(mut sorted: Vec<Event>) -> Self {
        sorted.sort_unstable();
        Self { there: vec![0; sorted.len()], sorted }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The times of the first and the last one.
    pub fn span(&self) -> Option<(u64, u64)> {
        Some((self.sorted.first()?.timestamp, self.sorted.last()?.timestamp))
    }

    /// Forgets what is there already.
    pub fn forget(&mut self) {
        self.there.fill(0);
    }

    /// Takes note of an event that is there already. It may be one of somebody else's.
    pub fn is_there(&mut self, timestamp: u64, message: &str) {
        let key = |event: &Event| (event.timestamp, event.message.as_str()) < (timestamp, message);
        let first = self.sorted.partition_point(key);
        let found = self.sorted.get(first);
        if found.is_some_and(|event| event.timestamp == timestamp && event.message == message) {
            self.there[first] += 1;
        }
    }

    /// Those that are not there yet, by time: an event that happened three times has to be there three
    /// times.
    pub fn missing(&self) -> Vec<&Event> {
        let (mut missing, mut first) = (Vec::new(), 0);
        let alike = |a: &Event, b: &Event| a.timestamp == b.timestamp && a.message == b.message;
        for group in self.sorted.chunk_by(alike) {
            missing.extend(group.iter().skip(self.there[first]));
            first += group.len();
        }
        missing.sort_by_key(|event| (event.timestamp, event.line));
        missing
    }
}

impl Event {
    fn size(&self) -> usize {
        self.message.len() + EVENT_OVERHEAD
    }
}

/// Cuts events, which are sorted by time, into requests that CloudWatch Logs takes.
pub fn batches<'a, 'e>(events: &'a [&'e Event]) -> impl Iterator<Item = &'a [&'e Event]> {
    let mut rest = events;
    std::iter::from_fn(move || {
        let first = rest.first()?;
        let mut bytes = 0;
        let fits = |event: &&&Event| {
            bytes += event.size();
            bytes <= BATCH_BYTES_MAX && event.timestamp - first.timestamp <= BATCH_SPAN_MAX
        };
        // An event alone always fits: that was seen to when it was read.
        let fit = rest.iter().take(BATCH_EVENTS_MAX).take_while(fits).count().max(1);
        let batch;
        (batch, rest) = rest.split_at(fit);
        Some(batch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(of: impl IntoIterator<Item = (u64, &'static str)>) -> Events {
        let event = |(line, (timestamp, message)): (usize, (u64, &str))| Event {
            timestamp,
            message: message.to_owned(),
            line,
        };
        Events::new(of.into_iter().enumerate().map(event).collect())
    }

    fn missing(events: &Events) -> Vec<(u64, &str)> {
        events.missing().into_iter().map(|event| (event.timestamp, event.message.as_str())).collect()
    }

    #[test]
    fn what_is_missing_is_counted_by_likes_and_sorted_by_time() {
        let mut events = events([(2, "z"), (2, "a"), (1, "m"), (2, "z"), (2, "z")]);
        assert_eq!(events.span(), Some((1, 2)));
        assert_eq!(missing(&events), [(1, "m"), (2, "z"), (2, "a"), (2, "z"), (2, "z")]);
        for (timestamp, message) in [(2, "z"), (1, "m"), (2, "z"), (1, "z"), (3, "a"), (1, "m")] {
            events.is_there(timestamp, message);
        }
        assert_eq!(missing(&events), [(2, "a"), (2, "z")]);
        events.forget();
        assert_eq!(missing(&events).len(), 5);
    }

    #[test]
    fn batches_are_as_large_as_they_may_be() {
        const DAY: u64 = 86_400_000;
        let sizes = |events: &Events| -> Vec<usize> { batches(&events.missing()).map(<[_]>::len).collect() };
        assert_eq!(sizes(&events([])), [0_usize; 0]);
        assert_eq!(sizes(&events(vec![(7, "m"); 20_001])), [10_000, 10_000, 1]);
        assert_eq!(
            sizes(&events([(0, "a"), (DAY, "b"), (DAY + 1, "c"), (2 * DAY, "d"), (2 * DAY + 1, "e")])),
            [2, 3]
        );
        // 1024 events of 1024 bytes, overhead included, and one more byte.
        let message: &'static str = "x".repeat(1024 - 26).leak();
        assert_eq!(sizes(&events(vec![(0, message); 1024])), [1024]);
        let longer: &'static str = "x".repeat(1024 - 25).leak();
        let with_one_longer = vec![(0, message); 1023].into_iter().chain([(1, longer)]);
        assert_eq!(sizes(&events(with_one_longer)), [1023, 1]);
        // Bytes count, not characters.
        let korean: &'static str = "가".repeat(349_516).leak();
        assert_eq!(sizes(&events([(0, korean), (1, "x")])), [1, 1]);
    }
}
