"""Policies that AWS manages, as far as CDK apps commonly attach them; the texts are those of the partition ``aws``.

AWS changes such policies now and then, so each has the version that it was read in.

Source:
    https://github.com/zoph-io/MAMIP, folder "policies": what ``iam:GetPolicyVersion`` answers, recorded each day.
"""

from collections.abc import Mapping
from typing import Any, Final

_ARN_PREFIX: Final = "arn:aws:iam::aws:policy/"
_LOGS: Final = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
_MESSAGES: Final = (
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
_TRACES: Final = (
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:GetSamplingStatisticSummaries",
)
_SSM_ROLE: Final = "arn:aws:iam::*:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM*"


def _allow(*actions: str, resource: str = "*", **others: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **others}


_STATEMENTS: Final[Mapping[str, tuple[dict[str, Any], ...]]] = {
    # v1
    "AdministratorAccess": (_allow("*"),),
    # v12
    "PowerUserAccess": (
        {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
        _allow(
            "account:GetAccountInformation",
            "account:GetGovCloudAccountInformation",
            "account:GetPrimaryEmail",
            "account:ListRegions",
            "iam:CreateServiceLinkedRole",
            "iam:DeleteServiceLinkedRole",
            "iam:ListRoles",
            "organizations:DescribeEffectivePolicy",
            "organizations:DescribeOrganization",
        ),
    ),
    # v1
    "AmazonSSMReadOnlyAccess": (_allow("ssm:Describe*", "ssm:Get*", "ssm:List*"),),
    # v4
    "AmazonSSMFullAccess": (
        _allow(
            "cloudwatch:PutMetricData",
            "ds:CreateComputer",
            "ds:DescribeDirectories",
            "ec2:DescribeInstanceStatus",
            "logs:*",
            "ssm:*",
            "ec2messages:*",
        ),
        _allow(
            "iam:CreateServiceLinkedRole",
            resource=_SSM_ROLE,
            Condition={"StringLike": {"iam:AWSServiceName": "ssm.amazonaws.com"}},
        ),
        _allow("iam:DeleteServiceLinkedRole", "iam:GetServiceLinkedRoleDeletionStatus", resource=_SSM_ROLE),
        _allow(*_MESSAGES),
    ),
    # v2
    "AmazonSSMManagedInstanceCore": (
        _allow(
            "ssm:DescribeAssociation",
            "ssm:GetDeployablePatchSnapshotForInstance",
            "ssm:GetDocument",
            "ssm:DescribeDocument",
            "ssm:GetManifest",
            "ssm:GetParameter",
            "ssm:GetParameters",
            "ssm:ListAssociations",
            "ssm:ListInstanceAssociations",
            "ssm:PutInventory",
            "ssm:PutComplianceItems",
            "ssm:PutConfigurePackageResult",
            "ssm:UpdateAssociationStatus",
            "ssm:UpdateInstanceAssociationStatus",
            "ssm:UpdateInstanceInformation",
        ),
        _allow(*_MESSAGES),
        _allow(
            "ec2messages:AcknowledgeMessage",
            "ec2messages:DeleteMessage",
            "ec2messages:FailMessage",
            "ec2messages:GetEndpoint",
            "ec2messages:GetMessages",
            "ec2messages:SendReply",
        ),
    ),
    # v1
    "service-role/AWSLambdaBasicExecutionRole": (_allow(*_LOGS),),
    # v3
    "service-role/AWSLambdaVPCAccessExecutionRole": (
        _allow(
            *_LOGS,
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ),
    ),
    # v1
    "service-role/AWSLambdaSQSQueueExecutionRole": (
        _allow("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", *_LOGS),
    ),
    # v1
    "service-role/AWSLambdaDynamoDBExecutionRole": (
        _allow(
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
            *_LOGS,
        ),
    ),
    # v1
    "CloudWatchLambdaInsightsExecutionRolePolicy": (
        _allow("logs:CreateLogGroup"),
        _allow(
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            resource="arn:aws:logs:*:*:log-group:/aws/lambda-insights:*",
        ),
    ),
    # v2
    "AWSXRayDaemonWriteAccess": (_allow(*_TRACES),),
    # v3
    "CloudWatchAgentServerPolicy": (
        _allow(
            "cloudwatch:PutMetricData",
            "ec2:DescribeVolumes",
            "ec2:DescribeTags",
            "logs:PutRetentionPolicy",
            "logs:DescribeLogStreams",
            "logs:DescribeLogGroups",
            *_LOGS,
            *_TRACES,
        ),
        _allow("ssm:GetParameter", resource="arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*"),
    ),
    # v1
    "service-role/AmazonECSTaskExecutionRolePolicy": (
        _allow(
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ),
    ),
    # v1
    "service-role/AmazonAPIGatewayPushToCloudWatchLogs": (
        _allow(
            *_LOGS,
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
            "logs:GetLogEvents",
            "logs:FilterLogEvents",
        ),
    ),
}


def managed_policy(arn: str) -> Mapping[str, object] | None:
    """Return the document of a policy that AWS manages; ``None`` for one that is not known here."""
    name = arn.removeprefix(_ARN_PREFIX)
    statements = _STATEMENTS.get(name) if name != arn else None
    return None if statements is None else {"Version": "2012-10-17", "Statement": list(statements)}
