//! The numbers and words `ping` prints.
//!
//! Knows iputils' formats; never packets.

use std::time::Duration;

/// What `ping` counts.
#[derive(Default, Debug)]
pub(super) struct Statistics {
    pub transmitted: u64,
    pub received: u64,
    pub repeats: u64,
    pub errors: u64,
    /// From the first probe to the last.
    pub last_sent: Duration,
    /// The most probes that were on their way at once.
    pub pipe: u32,
    times: Option<Times>,
}

/// Round trips in microseconds.
#[derive(Clone, Copy, Debug)]
struct Times {
    min: u64,
    max: u64,
    sum: u64,
    squares: u64,
}

impl Statistics {
    pub fn reply(&mut self, is_repeat: bool, round_trip: Option<Duration>) {
        if is_repeat {
            self.repeats += 1;
        } else {
            self.received += 1;
        }
        let Some(round_trip) = round_trip else { return };
        let micros = micros(round_trip);
        let times = self.times.get_or_insert(Times { min: micros, max: 0, sum: 0, squares: 0 });
        times.min = times.min.min(micros);
        times.max = times.max.max(micros);
        times.sum += micros;
        times.squares = times.squares.saturating_add(micros.saturating_mul(micros));
    }

    pub fn longest(&self) -> Duration {
        Duration::from_micros(self.times.map_or(0, |times| times.max))
    }

    /// Everything from the empty line on.
    pub fn summary(&self, host: &str) -> String {
        let mut text = format!("\n--- {host} ping statistics ---\n");
        text += &format!("{} packets transmitted, {} received", self.transmitted, self.received);
        if self.repeats > 0 {
            text += &format!(", +{} duplicates", self.repeats);
        }
        if self.errors > 0 {
            text += &format!(", +{} errors", self.errors);
        }
        if self.transmitted > 0 {
            let loss = percent(self.transmitted.saturating_sub(self.received), self.transmitted);
            let millis = (self.last_sent.as_micros() + 500) / 1000;
            text += &format!(", {loss}% packet loss, time {millis}ms");
        }
        text.push('\n');
        let round_trips = self.times.map(|times| times.line(self.received + self.repeats));
        let pipe = (self.pipe > 1).then(|| format!("pipe {}", self.pipe));
        let parts: Vec<String> = round_trips.into_iter().chain(pipe).collect();
        text + &parts.join(", ") + "\n"
    }
}

impl Times {
    fn line(&self, replies: u64) -> String {
        let average = self.sum / replies;
        let squares = u128::from(self.sum) * u128::from(self.sum) / u128::from(replies);
        let variance = u128::from(self.squares).saturating_sub(squares) / u128::from(replies);
        let deviation = u64::try_from(variance.isqrt()).unwrap_or(u64::MAX);
        let parts = [self.min, average, self.max, deviation].map(thousandths);
        format!("rtt min/avg/max/mdev = {} ms", parts.join("/"))
    }
}

/// A round trip in milliseconds: three digits that matter.
pub(super) fn time(round_trip: Duration) -> String {
    let micros = micros(round_trip);
    match micros {
        99_950.. => format!("{}", (micros + 500) / 1000),
        9_995.. => format!("{}.{}", (micros + 50) / 1000, (micros + 50) % 1000 / 100),
        1_000.. => format!("{}.{:02}", (micros + 5) / 1000, (micros + 5) % 1000 / 10),
        0.. => thousandths(micros),
    }
}

/// What an ICMP error says.
pub(super) fn icmp_error(kind: u8, code: u8, mtu: u16) -> String {
    const DESTINATION_UNREACHABLE: u8 = 3;
    const TIME_EXCEEDED: u8 = 11;
    match (kind, code) {
        (DESTINATION_UNREACHABLE, 0) => "Destination Net Unreachable".to_owned(),
        (DESTINATION_UNREACHABLE, 1) => "Destination Host Unreachable".to_owned(),
        (DESTINATION_UNREACHABLE, 2) => "Destination Protocol Unreachable".to_owned(),
        (DESTINATION_UNREACHABLE, 3) => "Destination Port Unreachable".to_owned(),
        (DESTINATION_UNREACHABLE, 4) => format!("Frag needed and DF set (mtu = {mtu})"),
        (DESTINATION_UNREACHABLE, 9) => "Destination Net Prohibited".to_owned(),
        (DESTINATION_UNREACHABLE, 10) => "Destination Host Prohibited".to_owned(),
        (DESTINATION_UNREACHABLE, 13) => "Packet filtered".to_owned(),
        (DESTINATION_UNREACHABLE, code) => format!("Dest Unreachable, Bad Code: {code}"),
        (TIME_EXCEEDED, 0) => "Time to live exceeded".to_owned(),
        (TIME_EXCEEDED, _) => "Frag reassembly time exceeded".to_owned(),
        (kind, _) => format!("Bad ICMP type: {kind}"),
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn thousandths(micros: u64) -> String {
    format!("{}.{:03}", micros / 1000, micros % 1000)
}

/// A percentage with six significant digits and no trailing zeros, as C's `%g` prints it.
fn percent(part: u64, whole: u64) -> String {
    if part == 0 {
        return "0".to_owned();
    }
    // Digits behind the point so that six are significant; 100 is exact, below 0.0001 %g changes its look.
    let hundred_millionths = u128::from(part) * 100 * 100_000_000 / u128::from(whole);
    let behind = match hundred_millionths {
        10_000_000_000.. => 3,
        1_000_000_000.. => 4,
        100_000_000.. => 5,
        10_000_000.. => 6,
        0.. => 7,
    };
    let scale = 10_u128.pow(behind);
    let scaled = (u128::from(part) * 100 * scale * 2 / u128::from(whole)).div_ceil(2);
    let text = format!("{}.{:0width$}", scaled / scale, scaled % scale, width = behind as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_look_as_c_prints_them() {
        let cases = [
            (0, 3, "0"),
            (1, 3, "33.3333"),
            (2, 3, "66.6667"),
            (3, 3, "100"),
            (1, 17, "5.88235"),
            (1, 2, "50"),
            (1, 8, "12.5"),
            (1, 101, "0.990099"),
            (1, 200, "0.5"),
        ];
        for (part, whole, text) in cases {
            assert_eq!(percent(part, whole), text, "{part} of {whole}");
        }
    }

    #[test]
    fn times_have_three_digits_that_matter() {
        let cases = [
            (63, "0.063"),
            (545, "0.545"),
            (1_234, "1.23"),
            (9_994, "9.99"),
            (9_996, "10.0"),
            (39_240, "39.2"),
            (99_949, "99.9"),
            (99_951, "100"),
            (182_400, "182"),
        ];
        for (micros, text) in cases {
            assert_eq!(time(Duration::from_micros(micros)), text);
        }
    }
}
