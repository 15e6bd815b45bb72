//! Flow logs.

use super::{Builder, Item};
use crate::import::inventory::{FlowLog, LogDestination};
use crate::import::json::At;

impl Builder {
    pub(super) fn flow_log(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let Some(resource) = self.need(at, "ResourceId") else { return };
        let traffic_type = at.text("TrafficType").unwrap_or_else(|| "ALL".to_owned());
        let Some(destination) = self.log_destination(at) else { return };
        let interval_seconds = self.number(at, "MaxAggregationInterval");
        self.inventory.flow_logs.push(FlowLog {
            about,
            resource,
            traffic_type: traffic_type.to_ascii_uppercase(),
            destination,
            format: at.text("LogFormat"),
            interval_seconds,
        });
    }

    fn log_destination(&mut self, at: &At<'_>) -> Option<LogDestination> {
        let destination = at.text("LogDestination");
        match at.text("LogDestinationType").as_deref() {
            Some("s3") => self.bucket(at, &destination.unwrap_or_default()),
            None | Some("cloud-watch-logs") => {
                let of_arn = destination.as_deref().and_then(|arn| arn.split_once(":log-group:"));
                let of_arn = of_arn.and_then(|(_, name)| name.split(':').next()).map(str::to_owned);
                let name = at.text("LogGroupName").or(of_arn);
                if name.is_none() {
                    self.harmless(self.place(at), "a flow log whose log group is not known is left out");
                }
                name.map(LogDestination::LogGroup)
            }
            Some(other) => {
                self.harmless(self.place(at), format!("a flow log that goes to `{other}` is left out"));
                None
            }
        }
    }

    fn bucket(&mut self, at: &At<'_>, arn: &str) -> Option<LogDestination> {
        let Some((_, path)) = arn.split_once(":s3:::").filter(|(_, path)| !path.is_empty()) else {
            self.harmless(
                self.place(at),
                format!("a flow log whose bucket `{arn}` is not known is left out"),
            );
            return None;
        };
        let (name, prefix) = path.split_once('/').unwrap_or((path, ""));
        let prefix = prefix.trim_end_matches('/');
        let options = at.get("DestinationOptions");
        Some(LogDestination::Bucket {
            name: name.to_owned(),
            prefix: Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty()),
            parquet: options.text("FileFormat").as_deref() == Some("parquet"),
            hive_compatible: self.flag(&options, "HiveCompatiblePartitions").unwrap_or(false),
            per_hour: self.flag(&options, "PerHourPartition").unwrap_or(false),
        })
    }
}
