"""Physical ids and ARNs for resources that do not exist yet: always the same for one resource, in AWS's own forms.

What a policy compares are texts of this kind, so it matters that two references to one resource come to the same text,
and that this text cannot be mistaken for another resource's.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

# CloudFormation User Guide, "Name type" and the physical ids in the examples of "Resource physical IDs".
_SUFFIX_CHARS: Final = 12
_DEFAULT_NAME_CHARS: Final = 64


@dataclass(frozen=True, slots=True)
class Partition:
    """Names that differ between partitions."""

    name: str
    url_suffix: str


# botocore, endpoints: partitions with the beginnings of their Regions.
_PARTITIONS: Final = (
    ("cn-", Partition("aws-cn", "amazonaws.com.cn")),
    ("us-gov-", Partition("aws-us-gov", "amazonaws.com")),
    ("us-iso-", Partition("aws-iso", "c2s.ic.gov")),
    ("us-isob-", Partition("aws-iso-b", "sc2s.sgov.gov")),
    ("eu-isoe-", Partition("aws-iso-e", "cloud.adc-e.uk")),
    ("us-isof-", Partition("aws-iso-f", "csp.hci.ic.gov")),
    ("eusc-", Partition("aws-eusc", "amazonaws.eu")),
)
_COMMERCIAL: Final = Partition("aws", "amazonaws.com")


def partition_of(region: str) -> Partition:
    """Return the partition of a Region."""
    return next((each for start, each in _PARTITIONS if region.startswith(start)), _COMMERCIAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How resources of one type are named.

    Args:
        name_property: Property that gives the name.
        max_chars: Longest name.
        ref: What ``Ref`` gives.
        attributes: What ``Fn::GetAtt`` gives, by attribute.
        lower: Names have no upper-case letters.
        always_named: A name that is not known is replaced by one, too: policies are attached by name.
    """

    name_property: str
    max_chars: int = _DEFAULT_NAME_CHARS
    ref: str = "{name}"
    attributes: Mapping[str, str] = field(default_factory=dict)
    lower: bool = False
    always_named: bool = False


_HERE: Final = "{region}:{account}"
_SECRET: Final = f"arn:{{partition}}:secretsmanager:{_HERE}:secret:{{name}}-{{short}}"
_TOPIC: Final = f"arn:{{partition}}:sns:{_HERE}:{{name}}"
_POLICY: Final = "arn:{partition}:iam::{account}:policy{path}{name}"
_KEY: Final = f"arn:{{partition}}:kms:{_HERE}:key/{{key}}"
_MACHINE: Final = f"arn:{{partition}}:states:{_HERE}:stateMachine:{{name}}"

# CloudFormation User Guide, "AWS resource and property types reference": return values of each type;
# Service Authorization Reference: forms of the ARNs.
KINDS: Final[Mapping[str, Kind]] = {
    "AWS::IAM::Role": Kind(
        name_property="RoleName",
        attributes={"Arn": "arn:{partition}:iam::{account}:role{path}{name}"},
        always_named=True,
    ),
    "AWS::IAM::User": Kind(
        name_property="UserName",
        attributes={"Arn": "arn:{partition}:iam::{account}:user{path}{name}"},
        always_named=True,
    ),
    "AWS::IAM::Group": Kind(
        name_property="GroupName",
        max_chars=128,
        attributes={"Arn": "arn:{partition}:iam::{account}:group{path}{name}"},
        always_named=True,
    ),
    "AWS::IAM::ManagedPolicy": Kind(
        name_property="ManagedPolicyName",
        max_chars=128,
        ref=_POLICY,
        attributes={"PolicyArn": _POLICY},
        always_named=True,
    ),
    "AWS::IAM::InstanceProfile": Kind(
        name_property="InstanceProfileName",
        max_chars=128,
        attributes={"Arn": "arn:{partition}:iam::{account}:instance-profile{path}{name}"},
    ),
    "AWS::KMS::Key": Kind(name_property="", ref="{key}", attributes={"Arn": _KEY, "KeyId": "{key}"}),
    "AWS::KMS::ReplicaKey": Kind(name_property="", ref="{key}", attributes={"Arn": _KEY, "KeyId": "{key}"}),
    "AWS::KMS::Alias": Kind(name_property="AliasName", max_chars=256),
    "AWS::Lambda::Function": Kind(
        name_property="FunctionName",
        attributes={"Arn": f"arn:{{partition}}:lambda:{_HERE}:function:{{name}}"},
    ),
    "AWS::S3::Bucket": Kind(
        name_property="BucketName", max_chars=63, attributes={"Arn": "arn:{partition}:s3:::{name}"}, lower=True
    ),
    "AWS::Logs::LogGroup": Kind(
        name_property="LogGroupName",
        max_chars=512,
        attributes={"Arn": f"arn:{{partition}}:logs:{_HERE}:log-group:{{name}}:*"},
    ),
    "AWS::SecretsManager::Secret": Kind(
        name_property="Name", max_chars=512, ref=_SECRET, attributes={"Id": _SECRET, "Arn": _SECRET}
    ),
    "AWS::SQS::Queue": Kind(
        name_property="QueueName",
        max_chars=80,
        ref="https://sqs.{region}.{suffix}/{account}/{name}",
        attributes={"Arn": f"arn:{{partition}}:sqs:{_HERE}:{{name}}", "QueueName": "{name}"},
    ),
    "AWS::SNS::Topic": Kind(
        name_property="TopicName",
        max_chars=256,
        ref=_TOPIC,
        attributes={"TopicArn": _TOPIC, "Arn": _TOPIC, "TopicName": "{name}"},
    ),
    "AWS::DynamoDB::Table": Kind(
        name_property="TableName",
        max_chars=255,
        attributes={"Arn": f"arn:{{partition}}:dynamodb:{_HERE}:table/{{name}}"},
    ),
    "AWS::SSM::Parameter": Kind(
        name_property="Name", max_chars=1011, attributes={"Value": "{Value}", "Type": "{Type}"}
    ),
    "AWS::StepFunctions::StateMachine": Kind(
        name_property="StateMachineName", max_chars=80, ref=_MACHINE, attributes={"Arn": _MACHINE, "Name": "{name}"}
    ),
}


def other_kind(resource_type: str) -> Kind:
    """Return how resources of a type that is not in the table are named: after the parts of the type."""
    parts = resource_type.split("::")
    service, thing = (parts[-2], parts[-1]) if len(parts) > 1 else ("", resource_type)
    arn = f"arn:{{partition}}:{_braced(service.lower())}:{_HERE}:{_braced(thing.lower())}/{{name}}"
    return Kind(name_property=f"{thing}Name", attributes={"Arn": arn})


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def generated_name(stack: str, logical_id: str, *, seed: tuple[str, ...], max_chars: int = 128) -> str:
    """Return a name in the form that CloudFormation generates: stack, logical id, and characters of its choice.

    Args:
        stack: Name of the stack.
        logical_id: Logical id of the resource.
        seed: What tells the stack from others of that name.
        max_chars: Longest name; the stack's name is cut first, then the logical id.
    """
    room = max_chars - _SUFFIX_CHARS - 2
    kept = max(room // 2, room - len(logical_id))
    first = stack[:kept]
    return f"{first}-{logical_id[: room - len(first)]}-{_digest(*seed, logical_id)[:_SUFFIX_CHARS]}"


def stable_uuid(*seed: str) -> str:
    """Return an id in the form of a UUID."""
    text = hashlib.sha256("\n".join(seed).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"


def stable_short(*seed: str) -> str:
    """Return the six characters that Secrets Manager adds to the name of a secret."""
    return _digest("short", *seed)[:6]


def _digest(*seed: str) -> str:
    digest = hashlib.sha256("\n".join(seed).encode("utf-8", "surrogatepass")).digest()
    return base64.b32encode(digest).decode("ascii")
