//! Flow logs, and what they need to be delivered.

use std::collections::BTreeSet;

use super::super::inventory::{FlowLog, LogDestination};
use super::Composer;
use super::page::{Doc, Map};

/// Whom the flow logs of log groups act for; sources do not say what their roles allow.
const ROLE: &str = "flow-logs";

impl Composer<'_> {
    /// Flow logs with their buckets, groups and a role that may write.
    pub(super) fn flow_logs(&mut self, root: &mut Map) {
        let inventory = self.inventory;
        let (mut logs, mut groups, mut buckets) = (Map::default(), BTreeSet::new(), BTreeSet::new());
        for log in inventory.flow_logs.iter() {
            let Some((key, map)) = self.flow_log(log) else { continue };
            match &log.destination {
                LogDestination::LogGroup(group) => {
                    groups.insert(group.clone());
                }
                LogDestination::Bucket { name, .. } => {
                    buckets.insert(name.clone());
                }
            }
            logs.put(key, map.doc().from(&log.about.place));
        }
        if !groups.is_empty() {
            root.put("iam", role());
            root.put("log_groups", Doc::list(groups.into_iter().map(Doc::text)));
        }
        let mut map = Map::default();
        for bucket in buckets {
            map.put(bucket, Map::default().doc());
        }
        root.unless_empty("buckets", map.doc());
        root.unless_empty("flow_logs", logs.doc());
    }

    fn flow_log(&mut self, log: &FlowLog) -> Option<(String, Map)> {
        let place = &log.about.place;
        // Whatever has a name can be watched: an id says which of them is meant.
        let called = self.names.get(&log.resource);
        let own_id = called.and_then(|called| called.id.clone());
        let Some(resource) = own_id.or_else(|| self.names.refer(&log.resource, None)) else {
            self.lost(place, format!("{} is not in the source: its flow log left out", log.resource));
            return None;
        };
        let (key, mut map) = self.named(&log.about);
        map.put("resource", Doc::text(resource));
        map.put("traffic_type", Doc::text(&log.traffic_type));
        map.maybe("format", log.format.as_ref().map(Doc::text));
        let interval = log.interval_seconds.map(|seconds| format!("{}m", seconds / 60));
        map.maybe("max_aggregation_interval", interval.map(Doc::plain));
        match &log.destination {
            LogDestination::LogGroup(group) => {
                map.put("log_group", Doc::text(group)).put("role", Doc::text(ROLE));
            }
            LogDestination::Bucket { name, prefix, parquet, hive_compatible, per_hour } => {
                map.put("bucket", Doc::text(name));
                map.maybe("prefix", prefix.as_ref().map(Doc::text));
                let flag = |on: &bool| Some(*on).filter(|on| *on).map(Doc::plain);
                map.maybe("file_format", Some("parquet").filter(|_| *parquet).map(Doc::plain));
                map.maybe("hive_compatible_partitions", flag(hive_compatible));
                map.maybe("per_hour_partition", flag(per_hour));
            }
        }
        Some((key, map))
    }
}

/// A role that flow logs may assume and that may write.
fn role() -> Doc {
    let mut role = Map::default();
    role.put("trusts", Doc::text("vpc-flow-logs.amazonaws.com"));
    role.put("policies", Doc::list([Doc::text("CloudWatchLogsFullAccess")]));
    let (mut roles, mut iam) = (Map::default(), Map::default());
    roles.put(ROLE, role.doc());
    iam.put("roles", roles.doc());
    iam.doc()
}
