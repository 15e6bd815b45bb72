//! Keys of the objects that flow logs deliver.

use crate::model::{DestinationOptions, FileFormat, FlowLog};

/// The key of an object with records that end in the five minutes from `slot` on, in Unix seconds
/// (aws: flow-log-s3-layout, flow-log-s3-file-name).
pub fn key(log: &FlowLog, prefix: &str, options: DestinationOptions, slot: u64, hash: u32) -> String {
    let (account, region) = (log.scope.account, log.scope.region);
    let at = i64::try_from(slot).ok().and_then(|slot| jiff::Timestamp::from_second(slot).ok());
    let at = at.expect("virtual time is within jiff's range");
    let [year, month, day, hour, minute] =
        ["%Y", "%m", "%d", "%H", "%M"].map(|part| at.strftime(part).to_string());
    let mut parts = Vec::from_iter((!prefix.is_empty()).then(|| prefix.to_owned()));
    parts.push("AWSLogs".to_owned());
    if options.hive_compatible_partitions {
        parts.extend([
            format!("aws-account-id={account}"),
            "aws-service=vpcflowlogs".to_owned(),
            format!("aws-region={region}"),
            format!("year={year}"),
            format!("month={month}"),
            format!("day={day}"),
        ]);
        parts.extend(options.per_hour_partition.then(|| format!("hour={hour}")));
    } else {
        parts.extend([account.to_string(), "vpcflowlogs".to_owned(), region.to_string()]);
        parts.extend([year.clone(), month.clone(), day.clone()]);
        parts.extend(options.per_hour_partition.then(|| hour.clone()));
    }
    // AWS documents the name of text files only (assumed: flow-log-parquet-name).
    let suffix = match options.file_format {
        FileFormat::Parquet => "log.parquet",
        FileFormat::PlainText => "log.gz",
    };
    let id = log.id;
    parts.push(format!(
        "{account}_vpcflowlogs_{region}_{id}_{year}{month}{day}T{hour}{minute}Z_{hash:08x}.{suffix}"
    ));
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{DeliverLogsStatus, FlowLogResource, LogDestination, LogFormat, Scope, TrafficType};
    use crate::time::Instant;

    /// The four layouts that AWS documents, and its example of a file name.
    #[test]
    fn keys_are_laid_out_as_aws_documents() {
        let log = FlowLog {
            id: "fl-1234abcd".parse().unwrap(),
            name: None,
            scope: Scope { account: "123456789012".parse().unwrap(), region: "us-east-1".parse().unwrap() },
            resource: FlowLogResource::Vpc("vpc-12345678".parse().unwrap()),
            traffic_type: TrafficType::All,
            destination: LogDestination::CloudWatchLogs { group: String::new(), role: String::new() },
            format: LogFormat::default(),
            max_aggregation_interval: Duration::from_secs(60),
            tag_fields: Vec::new(),
            created: Instant::EPOCH,
            deliver_logs_status: DeliverLogsStatus::Success,
        };
        // 2018-06-20T16:20:00Z
        let key = |prefix, hive_compatible_partitions, per_hour_partition, file_format| {
            let options = DestinationOptions { file_format, hive_compatible_partitions, per_hour_partition };
            key(&log, prefix, options, 1_529_511_600, 0xfe12_3456)
        };
        let text = FileFormat::PlainText;
        assert_eq!(
            key("", false, false, text),
            "AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/20/\
             123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.gz"
        );
        assert_eq!(
            key("my-logs", false, true, text),
            "my-logs/AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/20/16/\
             123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.gz"
        );
        assert_eq!(
            key("", true, false, text),
            "AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/year=2018/month=06/day=20/\
             123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.gz"
        );
        assert_eq!(
            key("", true, true, FileFormat::Parquet),
            "AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/year=2018/month=06/day=20/\
             hour=16/123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.parquet"
        );
    }
}
