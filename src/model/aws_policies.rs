//! Managed policies that AWS makes for everybody, as far as they are about services that are here.

use std::sync::LazyLock;

use super::ManagedPolicy;

/// The policies, in the order of their names.
///
/// AmazonS3ReadOnlyAccess is as AWS documents it (aws: managed-policy-s3-read-only); the others allow
/// what their names say (assumed: managed-policies).
static DOCUMENTS: [(&str, &str); 12] = [
    ("AdministratorAccess", r#""*""#),
    ("AmazonDynamoDBFullAccess", r#""dynamodb:*""#),
    (
        "AmazonDynamoDBReadOnlyAccess",
        r#"["dynamodb:BatchGetItem","dynamodb:Describe*","dynamodb:List*","dynamodb:GetItem","dynamodb:GetResourcePolicy","dynamodb:Query","dynamodb:Scan","dynamodb:PartiQLSelect"]"#,
    ),
    (
        "AmazonEC2ReadOnlyAccess",
        r#"["ec2:Describe*","ec2:GetSecurityGroupsForVpc","elasticloadbalancing:Describe*","cloudwatch:ListMetrics","cloudwatch:GetMetricStatistics","cloudwatch:Describe*","autoscaling:Describe*"]"#,
    ),
    ("AmazonS3FullAccess", r#"["s3:*","s3-object-lambda:*"]"#),
    (
        "AmazonS3ReadOnlyAccess",
        r#"["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"]"#,
    ),
    ("AmazonSNSFullAccess", r#""sns:*""#),
    (
        "AmazonSNSReadOnlyAccess",
        r#"["sns:GetTopicAttributes","sns:List*","sns:CheckIfPhoneNumberIsOptedOut","sns:GetEndpointAttributes","sns:GetDataProtectionPolicy","sns:GetPlatformApplicationAttributes","sns:GetSMSAttributes","sns:GetSMSSandboxAccountStatus","sns:GetSubscriptionAttributes"]"#,
    ),
    (
        "AmazonSSMManagedInstanceCore",
        r#"["ssm:DescribeAssociation","ssm:GetDeployablePatchSnapshotForInstance","ssm:GetDocument","ssm:DescribeDocument","ssm:GetManifest","ssm:GetParameter","ssm:GetParameters","ssm:ListAssociations","ssm:ListInstanceAssociations","ssm:PutInventory","ssm:PutComplianceItems","ssm:PutConfigurePackageResult","ssm:UpdateAssociationStatus","ssm:UpdateInstanceAssociationStatus","ssm:UpdateInstanceInformation","ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel","ssmmessages:OpenControlChannel","ssmmessages:OpenDataChannel","ec2messages:AcknowledgeMessage","ec2messages:DeleteMessage","ec2messages:FailMessage","ec2messages:GetEndpoint","ec2messages:GetMessages","ec2messages:SendReply"]"#,
    ),
    (
        "AmazonSageMakerFullAccess",
        r#"["sagemaker:*","ecr:BatchGetImage","ecr:Describe*","ecr:Get*","logs:CreateLogGroup","logs:CreateLogStream","logs:Describe*","logs:GetLogEvents","logs:PutLogEvents","s3:GetObject","s3:PutObject","s3:DeleteObject","s3:CreateBucket","s3:GetBucketLocation","s3:ListBucket","s3:ListAllMyBuckets"]"#,
    ),
    ("CloudWatchLogsFullAccess", r#"["logs:*","cloudwatch:GenerateQuery"]"#),
    (
        "ReadOnlyAccess",
        r#"["cloudwatch:Describe*","cloudwatch:Get*","cloudwatch:List*","dynamodb:BatchGet*","dynamodb:Describe*","dynamodb:Get*","dynamodb:List*","dynamodb:Query","dynamodb:Scan","ec2:Describe*","ec2:Get*","iam:Get*","iam:List*","logs:Describe*","logs:FilterLogEvents","logs:Get*","logs:List*","s3:Get*","s3:List*","sagemaker:Describe*","sagemaker:List*","sns:Get*","sns:List*","sqs:Get*","sqs:List*","ssm:Describe*","ssm:Get*","ssm:List*"]"#,
    ),
];

static POLICIES: LazyLock<Vec<ManagedPolicy>> = LazyLock::new(|| {
    let policy = |(name, actions): &(&str, &str)| {
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"*"}}]}}"#
        );
        ManagedPolicy {
            arn: format!("arn:aws:iam::aws:policy/{name}"),
            name: (*name).to_owned(),
            document: document.parse().expect("the table holds policies"),
        }
    };
    DOCUMENTS.iter().map(policy).collect()
});

/// All of them.
pub(super) fn all() -> &'static [ManagedPolicy] {
    &POLICIES
}
