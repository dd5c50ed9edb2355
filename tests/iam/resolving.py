"""A template with one of everything, and its values resolved."""

from typing import Any

from ssm_securestring.iam.assembly import Assembly, from_templates
from ssm_securestring.iam.intrinsics import Resolver
from ssm_securestring.iam.model import Unknown

PLACE = "Shop/Thing, Properties.Value"
STACK_ID = "arn:aws:cloudformation:eu-west-1:111122223333:stack/Shop/"
SHOP: dict[str, Any] = {
    "Parameters": {
        "Stage": {"Type": "String", "Default": "prod"},
        "Zones": {"Type": "CommaDelimitedList", "Default": "a, b,c"},
        "Count": {"Type": "Number", "Default": 3},
        "Open": {"Type": "String"},
        "Secret": {"Type": "String", "NoEcho": True, "Default": "never-shown"},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/shop/version"},
    },
    "Mappings": {"Sizes": {"prod": {"Memory": 512, "Names": ["x", "y"]}}},
    "Conditions": {
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "IsTest": {"Fn::Equals": [{"Ref": "Stage"}, "test"]},
        "IsOpen": {"Fn::Equals": [{"Ref": "Open"}, "yes"]},
        "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Fn::Not": [{"Condition": "IsTest"}]}]},
        "Either": {"Fn::Or": [{"Condition": "IsOpen"}, {"Condition": "IsProd"}]},
        "Neither": {"Fn::And": [{"Condition": "IsOpen"}, {"Condition": "IsTest"}]},
        "Unsure": {"Fn::Or": [{"Condition": "IsOpen"}, {"Condition": "IsTest"}]},
        "Circle": {"Fn::Not": [{"Condition": "Circle"}]},
        "Strange": {"Fn::Contains": [["a"], "a"]},
    },
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "shop-data"}},
        "Left": {"Type": "AWS::S3::Bucket", "Condition": "IsTest"},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "orders", "Path": "/shop/"}},
        "User": {"Type": "AWS::IAM::User", "Properties": {"UserName": "alice"}},
        "Group": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": "readers"}},
        "Managed": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": "reading", "Path": "/x/"}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "orders"}},
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/shop"}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders"}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "orders"}},
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "orders"}},
        "Alias": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/shop"}},
        "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "shop"}},
        "Version": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/shop/version", "Value": "7"}},
        "Custom": {"Type": "Custom::Other"},
        "Password": {"Type": "Custom::SsmSecureString", "Properties": {"Name": "/shop/db", "Tier": "Standard"}},
        "Itself": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "Itself"}}},
        "OpenBucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "shop-${Open}"}}},
    },
    "Outputs": {
        "Own": {"Value": {"Ref": "Bucket"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-bucket"}}},
        "Itself": {"Value": {"Fn::ImportValue": "itself"}, "Export": {"Name": "itself"}},
    },
}


def resolved(value: object, *, assembly: Assembly | None = None) -> object:
    """Resolve a value of the first stack."""
    assembly = assembly or from_templates({"Shop": SHOP})
    return Resolver(assembly).plain(value, assembly.stacks[0], PLACE)


def unknown(reason: str, pattern: str = "*") -> Unknown:
    """Spell out what is not known at the one place of these tests."""
    return Unknown(place=PLACE, reason=reason, pattern=pattern)
