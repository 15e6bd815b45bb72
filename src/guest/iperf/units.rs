//! Amounts and rates as iperf3 prints them.
//!
//! Knows numbers; computes with whole ones, so that every machine prints the same.

/// Bytes, e.g. `1.10 GBytes`.
pub fn bytes(amount: u64) -> String {
    scaled(u128::from(amount) * 1000, 1024, ["Bytes", "KBytes", "MBytes", "GBytes", "TBytes"])
}

/// Bits per second, e.g. ` 943 Mbits/sec`, of bytes within nanoseconds.
pub fn rate(bytes: u64, nanos: u128) -> String {
    let bits = u128::from(bytes) * 8 * 1_000_000_000 * 1000 / nanos.max(1);
    scaled(bits, 1000, ["bits/sec", "Kbits/sec", "Mbits/sec", "Gbits/sec", "Tbits/sec"])
}

/// Thousandths of something, in the unit in which it has one to three digits before its point.
fn scaled(thousandths: u128, step: u128, units: [&str; 5]) -> String {
    let mut divisor = 1;
    let mut unit = 0;
    while thousandths / divisor >= step * 1000 && unit + 1 < units.len() {
        divisor *= step;
        unit += 1;
    }
    let rounded = |to: u128| (thousandths + divisor * to / 2) / (divisor * to);
    let number = match (rounded(10), rounded(100)) {
        (hundredths, _) if hundredths < 1000 => format!("{}.{:02}", hundredths / 100, hundredths % 100),
        (_, tenths) if tenths < 1000 => format!("{}.{}", tenths / 10, tenths % 10),
        (_, _) => rounded(1000).to_string(),
    };
    format!("{number:>4} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_say_it() {
        let cases = [
            (0, "0.00 Bytes"),
            (1023, "1023 Bytes"),
            (117_440_512, " 112 MBytes"),
            (1_181_116_006, "1.10 GBytes"),
            (11_703_703_962, "10.9 GBytes"),
        ];
        for (amount, text) in cases {
            assert_eq!(bytes(amount), text);
        }
        assert_eq!(rate(117_875_000, 1_000_000_000), " 943 Mbits/sec");
        assert_eq!(rate(1_250_000_000, 1_000_000_000), "10.0 Gbits/sec");
        assert_eq!(rate(5, 0), "40.0 Gbits/sec");
    }
}
