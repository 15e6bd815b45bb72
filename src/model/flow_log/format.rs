//! Formats of flow-log records: which fields, in which order.

use std::fmt;
use std::str::FromStr;

use super::field::{Field, FieldUse};

/// The fields of a record in the order in which they stand.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LogFormat(Vec<Field>);

/// A text that is no format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MalformedFormat {
    /// There is no field in it.
    Empty,
    /// A word that is not `${field}`.
    NotAField(String),
    /// `${…}` around what is no field.
    Unknown(String),
}

/// The 14 fields of version 2 (aws: flow-log-default-format).
const DEFAULT: [Field; 14] = [
    Field::Version,
    Field::AccountId,
    Field::InterfaceId,
    Field::SrcAddr,
    Field::DstAddr,
    Field::SrcPort,
    Field::DstPort,
    Field::Protocol,
    Field::Packets,
    Field::Bytes,
    Field::Start,
    Field::End,
    Field::Action,
    Field::LogStatus,
];

impl Default for LogFormat {
    fn default() -> Self {
        Self(DEFAULT.to_vec())
    }
}

impl LogFormat {
    /// Certain fields, one at least.
    pub fn of(fields: Vec<Field>) -> Option<Self> {
        (!fields.is_empty()).then_some(Self(fields))
    }

    /// What transit gateways log unless a format is given: all that they can, as far as it has version 2 to 6
    /// (aws: tgw-flow-log-default-format).
    pub fn of_transit_gateways() -> Self {
        let counted = |field: &Field| field.used_in() != FieldUse::Interface;
        // The direction and the services come after all else (assumed: tgw-flow-log-order).
        let last = [Field::FlowDirection, Field::PktSrcAwsService, Field::PktDstAwsService];
        let middle = [Field::TcpFlags, Field::Region];
        let first = Field::ALL.iter().copied().filter(counted);
        let first = first.filter(|field| !last.contains(field) && !middle.contains(field));
        Self(first.chain(middle).chain(last).collect())
    }

    /// The fields.
    pub fn fields(&self) -> &[Field] {
        &self.0
    }

    /// The highest version among the fields, which is what records print as theirs
    /// (aws: flow-log-version).
    pub fn version(&self) -> u8 {
        self.0.iter().map(|field| field.version()).max().expect("a format has a field")
    }

    /// The first line of text files (aws: flow-log-s3-header).
    pub fn header(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|field| field.name()).collect();
        names.join(" ")
    }
}

/// As it is given and described: `${version} ${account-id} …`.
impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<String> = self.0.iter().map(|field| format!("${{{field}}}")).collect();
        f.pad(&fields.join(" "))
    }
}

impl FromStr for LogFormat {
    type Err = MalformedFormat;

    fn from_str(text: &str) -> Result<Self, MalformedFormat> {
        let field = |word: &str| {
            let name = word.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
            let name = name.ok_or_else(|| MalformedFormat::NotAField(word.to_owned()))?;
            name.parse().map_err(|_| MalformedFormat::Unknown(name.to_owned()))
        };
        let fields = text.split_whitespace().map(field).collect::<Result<Vec<Field>, _>>()?;
        Self::of(fields).ok_or(MalformedFormat::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_the_fields_aws_counts() {
        let up_to = |version| {
            let fields = Field::ALL.iter().filter(|field| field.used_in() != FieldUse::TransitGateway);
            fields.filter(|field| field.version() <= version).count()
        };
        assert_eq!([2, 3, 4, 5, 7, 8, 9, 10, 11].map(up_to), [14, 21, 25, 29, 39, 40, 41, 42, 54]);
    }

    #[test]
    fn the_version_is_the_highest_among_the_fields() {
        let version = |text: &str| text.parse::<LogFormat>().unwrap().version();
        assert_eq!(version("${version}"), 2);
        assert_eq!(version("${version} ${vpc-id} ${region}"), 4);
        assert_eq!(version("${traffic-path}"), 5);
        assert_eq!(LogFormat::default().version(), 2);
        assert_eq!(LogFormat::of_transit_gateways().version(), 6);
    }

    #[test]
    fn a_format_prints_as_it_was_given() {
        let text = "${version} ${vpc-id} ${next-hop-az-id}";
        assert_eq!(text.parse::<LogFormat>().unwrap().to_string(), text);
        assert_eq!("  ".parse::<LogFormat>(), Err(MalformedFormat::Empty));
        assert_eq!("srcaddr".parse::<LogFormat>(), Err(MalformedFormat::NotAField("srcaddr".into())));
        assert_eq!("${src}".parse::<LogFormat>(), Err(MalformedFormat::Unknown("src".into())));
    }
}
