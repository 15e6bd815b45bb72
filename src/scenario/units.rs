//! Readers of shares, bandwidths, rates and sizes, beside those of `fields`.
//!
//! Like them, knows shapes and no keys.

use std::time::Duration;

use super::fields::{DURATION_MAX, whole_number};
use super::problem::Problems;
use super::yaml::{Node, Spanned};
use crate::model::{Bandwidth, Ppm};

/// The most that can be given: a thousand times what any instance has.
const BANDWIDTH_MAX: u64 = 1_000_000_000_000_000;
/// How often something may happen: ten thousand times a second.
const GAP_MIN: Duration = Duration::from_micros(100);
/// The most that is sent in one piece: 1 TB.
const SIZE_MAX: u64 = 1_000_000_000_000;

impl Node {
    /// How often something happens, e.g. `2%`, `0.1%`, `50ppm`. The unit must be given.
    pub fn share(&self, problems: &mut Problems) -> Option<Spanned<Ppm>> {
        const EXPECTED: &str = "a share such as `2%`, `0.1%` or `50ppm`, at most `100%`";
        let (text, _) = self.scalar(problems, EXPECTED)?;
        let units = [("%", 10_000), ("ppm", 1)];
        let value = with_unit(text, &units).and_then(|millionths| Ppm::new(u32::try_from(millionths).ok()?));
        let hint = decimal(text, 1_000_000).map(|_| format!("add a unit: `{text}%`"));
        match value {
            Some(value) => Some(self.spanned(value)),
            None => self.mismatch(problems, EXPECTED, hint),
        }
    }

    /// How often something happens, as the mean time between two, e.g. `20/s`, `120/h`, `0.5/m`.
    pub fn rate(&self, problems: &mut Problems) -> Option<Spanned<Duration>> {
        const EXPECTED: &str = "a rate such as `20/s`, `120/h` or `0.5/m`, at most `10000/s`";
        const THOUSAND: u64 = 1_000;
        let (text, _) = self.scalar(problems, EXPECTED)?;
        let units = [("/d", 86_400), ("/h", 3_600), ("/m", 60), ("/s", 1)];
        let gap = units.iter().find_map(|(unit, seconds)| {
            let thousandths = decimal(text.strip_suffix(unit)?, THOUSAND).filter(|number| *number > 0)?;
            let nanos = u128::from(*seconds * THOUSAND) * 1_000_000_000 / u128::from(thousandths);
            u64::try_from(nanos).ok().map(Duration::from_nanos)
        });
        let hint =
            decimal(text, THOUSAND).map(|_| format!("say in what time: `{text}/s`, `/m`, `/h` or `/d`"));
        match gap.filter(|gap| (GAP_MIN..=DURATION_MAX).contains(gap)) {
            Some(gap) => Some(self.spanned(gap)),
            None => self.mismatch(problems, EXPECTED, hint),
        }
    }

    /// So many bytes, e.g. `200MB`, `1.5GB`, `10kB`, or a whole number.
    pub fn size(&self, problems: &mut Problems) -> Option<Spanned<u64>> {
        const EXPECTED: &str = "a number of bytes such as `200MB`, `10kB` or `4096`, at most `1000GB`";
        let (text, _) = self.scalar(problems, EXPECTED)?;
        let units = [("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1), ("", 1)];
        let bytes = with_unit(text, &units).filter(|bytes| (1..=SIZE_MAX).contains(bytes));
        match bytes {
            Some(bytes) => Some(self.spanned(bytes)),
            None => self.mismatch(problems, EXPECTED, None),
        }
    }

    /// Bits per second, e.g. `100Mbps`, `1.5Gbps`, `64kbps`. The unit must be given.
    pub fn bandwidth(&self, problems: &mut Problems) -> Option<Spanned<Bandwidth>> {
        const EXPECTED: &str = "a bandwidth such as `100Mbps`, `1.5Gbps` or `64kbps`, at most `1000Tbps`";
        let (text, _) = self.scalar(problems, EXPECTED)?;
        let units = [
            ("kbps", 1_000),
            ("Mbps", 1_000_000),
            ("Gbps", 1_000_000_000),
            ("Tbps", 1_000_000_000_000),
            ("bps", 1),
        ];
        let bits = with_unit(text, &units).filter(|bits| *bits <= BANDWIDTH_MAX);
        if let Some(value) = bits.and_then(Bandwidth::new) {
            return Some(self.spanned(value));
        }
        let number: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        let unit = units.iter().find(|(unit, _)| unit.eq_ignore_ascii_case(&text[number.len()..]));
        let hint = match (bits, unit) {
            (Some(_), _) => Some("nothing would ever pass: for that there is `fault: { cut: … }`".to_owned()),
            (None, Some((unit, _))) if !text.ends_with(unit) => Some(format!("write `{number}{unit}`")),
            (None, None) if number == text && !text.is_empty() => {
                Some(format!("add a unit: `{text}Mbps`; the units are bps, kbps, Mbps, Gbps and Tbps"))
            }
            (None, Some(_) | None) => None,
        };
        self.mismatch(problems, EXPECTED, hint)
    }
}

/// A number with one of some units, as a multiple of what the unit of 1 stands for.
fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    units.iter().find_map(|(unit, scale)| decimal(text.strip_suffix(unit)?, *scale))
}

/// A number with or without a fraction, times `scale`, if that is whole.
fn decimal(text: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || fraction.len() > 15 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let whole = u64::try_from(whole_number(whole)?).ok()?.checked_mul(scale)?;
    let unit = 10_u128.pow(fraction.len() as u32);
    let part = fraction.parse::<u128>().ok()? * u128::from(scale);
    if part % unit != 0 {
        return None;
    }
    whole.checked_add(u64::try_from(part / unit).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::fields::tests::read;

    #[test]
    fn shares() {
        const EXPECTED: &str = "expected a share such as `2%`, `0.1%` or `50ppm`, at most `100%`, found ";
        let share = |yaml| {
            read(yaml, |node, problems| node.share(problems))
                .map(|found| found.value.get())
                .map_err(|said| said.concat())
        };
        for (yaml, millionths) in
            [("2%", 20_000), ("0.1%", 1_000), ("0.0001%", 1), ("100%", 1_000_000), ("0%", 0), ("50ppm", 50)]
        {
            assert_eq!(share(yaml), Ok(millionths));
        }
        assert_eq!(share("2"), Err(format!("{EXPECTED}`2`; add a unit: `2%`")));
        assert_eq!(share("0.5"), Err(format!("{EXPECTED}`0.5`; add a unit: `0.5%`")));
        for yaml in ["101%", "0.00001%", "1.5ppm", ".5%", "1.%", "-1%", "2 %", "a few", "1e-2%"] {
            assert_eq!(share(yaml), Err(format!("{EXPECTED}`{yaml}`")));
        }
    }

    #[test]
    fn rates() {
        const EXPECTED: &str =
            "expected a rate such as `20/s`, `120/h` or `0.5/m`, at most `10000/s`, found ";
        let rate = |yaml| {
            read(yaml, |node, problems| node.rate(problems))
                .map(|found| found.value)
                .map_err(|said| said.concat())
        };
        for (yaml, micros) in [
            ("20/s", 50_000),
            ("120/h", 30_000_000),
            ("0.5/m", 120_000_000),
            ("1/d", 86_400_000_000),
            ("10000/s", 100),
        ] {
            assert_eq!(rate(yaml), Ok(Duration::from_micros(micros)));
        }
        let hint = "; say in what time: `20/s`, `/m`, `/h` or `/d`";
        for (yaml, hint) in
            [("20", hint), ("20/w", ""), ("0/s", ""), ("10001/s", ""), ("0.001/d", ""), ("often", "")]
        {
            assert_eq!(rate(yaml), Err(format!("{EXPECTED}`{yaml}`{hint}")));
        }
    }

    #[test]
    fn sizes() {
        const EXPECTED: &str =
            "expected a number of bytes such as `200MB`, `10kB` or `4096`, at most `1000GB`, found ";
        let size = |yaml| {
            read(yaml, |node, problems| node.size(problems))
                .map(|found| found.value)
                .map_err(|said| said.concat())
        };
        for (yaml, bytes) in
            [("200MB", 200_000_000), ("1.5GB", 1_500_000_000), ("10kB", 10_000), ("7B", 7), ("4096", 4096)]
        {
            assert_eq!(size(yaml), Ok(bytes));
        }
        for yaml in ["0", "1001GB", "200mb", "1.5B", "much"] {
            assert_eq!(size(yaml), Err(format!("{EXPECTED}`{yaml}`")));
        }
    }

    #[test]
    fn bandwidths() {
        const EXPECTED: &str =
            "expected a bandwidth such as `100Mbps`, `1.5Gbps` or `64kbps`, at most `1000Tbps`, found ";
        let bandwidth = |yaml| {
            read(yaml, |node, problems| node.bandwidth(problems))
                .map(|found| found.value)
                .map_err(|said| said.concat())
        };
        for (yaml, bits) in [
            ("100Mbps", 100_000_000),
            ("1.5Gbps", 1_500_000_000),
            ("64kbps", 64_000),
            ("300bps", 300),
            ("1000Tbps", BANDWIDTH_MAX),
        ] {
            assert_eq!(bandwidth(yaml), Ok(Bandwidth::new(bits).unwrap()));
        }
        for (yaml, hint) in [
            ("100", "; add a unit: `100Mbps`; the units are bps, kbps, Mbps, Gbps and Tbps"),
            ("100mbps", "; write `100Mbps`"),
            ("100MB/s", ""),
            ("0Mbps", "; nothing would ever pass: for that there is `fault: { cut: … }`"),
            ("1001Tbps", ""),
            ("0.5bps", ""),
            ("fast", ""),
        ] {
            assert_eq!(bandwidth(yaml), Err(format!("{EXPECTED}`{yaml}`{hint}")));
        }
    }
}
