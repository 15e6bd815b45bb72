//! Flow logs.

use super::Reader;
use crate::import::inventory::{FlowLog, LogDestination};
use crate::import::json::At;

impl Reader {
    pub(super) fn flow_log(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "FlowLogId") else { return };
        let kind = at.text("LogDestinationType").unwrap_or_else(|| "cloud-watch-logs".to_owned());
        let place = at.text("LogDestination").unwrap_or_default();
        // The last part of an ARN; a trailing star is that of log groups.
        let last = place.trim_end_matches(":*").rsplit(':').next().unwrap_or_default().to_owned();
        let destination = match kind.as_str() {
            "cloud-watch-logs" => {
                let group = at.text("LogGroupName").or(Some(last).filter(|name| !name.is_empty()));
                group.map(LogDestination::LogGroup)
            }
            "s3" => {
                let options = at.get("DestinationOptions");
                let (name, prefix) = last.split_once('/').unwrap_or((&last, ""));
                let prefix = prefix.trim_matches('/');
                Some(LogDestination::Bucket {
                    name: name.to_owned(),
                    prefix: Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty()),
                    parquet: options.text("FileFormat").as_deref() == Some("parquet"),
                    hive_compatible: options.flag("HiveCompatiblePartitions").unwrap_or(false),
                    per_hour: options.flag("PerHourPartition").unwrap_or(false),
                })
                .filter(|_| !name.is_empty())
            }
            _ => None,
        };
        let (Some(destination), Some(resource)) = (destination, at.text("ResourceId")) else {
            self.lost(&at.place(), format!("a flow log to {kind} is not simulated: left out"));
            return;
        };
        self.reading.inventory.flow_logs.push(FlowLog {
            about,
            resource,
            traffic_type: at.text("TrafficType").unwrap_or_else(|| "ALL".to_owned()),
            destination,
            format: at.text("LogFormat"),
            interval_seconds: at.number("MaxAggregationInterval"),
        });
    }
}
