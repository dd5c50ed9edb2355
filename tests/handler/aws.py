"""An account of the embedded AWS, seen by the function's role and by people."""

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import boto3

from ssm_securestring.handler.store import Store
from ssm_securestring.local import EmbeddedAws
from tests.handler.cloudformation import STACK_ID
from tests.handler.faults import Faults

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_kms import KMSClient
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_ssm import SSMClient
    from types_boto3_sts import STSClient


@dataclass(slots=True)
class StackStandIn:
    """What CloudFormation says of the stack; the real one is asked in the end-to-end tests.

    Attributes:
        status: The stack's status.
        faults: What goes wrong when it is asked for. Default: nothing.
    """

    status: str = "UPDATE_IN_PROGRESS"
    faults: Faults = field(default_factory=Faults)

    def describe_stacks(self, **request: str) -> dict[str, list[dict[str, str]]]:
        """Answer as the API does, as far as the function reads it."""
        assert request == {"StackName": STACK_ID}
        self.faults.before("DescribeStacks")
        self.faults.after("DescribeStacks")
        return {"Stacks": [{"StackStatus": self.status}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What people see and do, unrestricted.

    Attributes:
        aws: The embedded AWS.
        path: Start of the names of this test's parameters.
    """

    aws: EmbeddedAws
    ssm: "SSMClient"
    kms: "KMSClient"
    secretsmanager: "SecretsManagerClient"
    iam: "IAMClient"
    sts: "STSClient"
    path: str = field(default_factory=lambda: f"/t{uuid.uuid4().hex}")

    @classmethod
    def of(cls, aws: EmbeddedAws) -> Self:
        """Return the account of an embedded AWS."""
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=aws.region)
        return cls(
            aws=aws,
            ssm=session.client("ssm", endpoint_url=aws.endpoint_url),
            kms=session.client("kms", endpoint_url=aws.endpoint_url),
            secretsmanager=session.client("secretsmanager", endpoint_url=aws.endpoint_url),
            iam=session.client("iam", endpoint_url=aws.endpoint_url),
            sts=session.client("sts", endpoint_url=aws.endpoint_url),
        )

    def name(self, last: str) -> str:
        """Return a name that no other test uses."""
        return f"{self.path}/{last}"

    def arn(self, name: str) -> str:
        """Return a parameter's ARN, spelled by hand."""
        return f"arn:aws:ssm:eu-west-1:111122223333:parameter{name}"

    def new_key(self) -> str:
        """Make a key; returns its ARN."""
        return self.kms.create_key()["KeyMetadata"]["Arn"]

    def put_secret(self, text: str) -> str:
        """Make a secret; returns its ARN."""
        return self.secretsmanager.create_secret(Name=self.name("secret"), SecretString=text)["ARN"]

    def put_foreign(self, name: str, value: str, **tags: str) -> None:
        """Create a parameter that has nothing to do with the function."""
        self.ssm.put_parameter(
            Name=name,
            Value=value,
            Type="SecureString",
            Tags=[{"Key": key, "Value": text} for key, text in tags.items()],
        )

    def set_value(self, name: str, value: str) -> None:
        """Set a value the way people do: from the console, without a thought for tags or tier."""
        self.ssm.put_parameter(Name=name, Value=value, Overwrite=True, KeyId=self.key_of(name))

    def value(self, name: str, *, version: int | None = None) -> str:
        """Return a value."""
        selector = name if version is None else f"{name}:{version}"
        return self.ssm.get_parameter(Name=selector, WithDecryption=True)["Parameter"]["Value"]

    def version(self, name: str) -> int:
        """Return the number of the newest version."""
        return self.ssm.get_parameter(Name=name)["Parameter"]["Version"]

    def tags(self, name: str) -> dict[str, str]:
        """Return the tags that are not the function's."""
        found = self.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
        return {tag["Key"]: tag["Value"] for tag in found if not tag["Key"].startswith("ssm-securestring:")}

    def metadata(self, name: str) -> dict[str, Any]:
        """Return key, tier and description of the newest version."""
        newest = self.ssm.get_parameter_history(Name=name)["Parameters"][-1]
        return {"KeyId": newest["KeyId"], "Tier": newest["Tier"], "Description": newest.get("Description", "")}

    def pattern(self, name: str) -> str:
        """Return the allowed pattern; empty for none."""
        (found,) = self.ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])["Parameters"]
        return found.get("AllowedPattern", "")

    def policies(self, name: str) -> list[str]:
        """Return the types of the policies of the newest version."""
        policies = self.ssm.get_parameter_history(Name=name)["Parameters"][-1].get("Policies", [])
        return [each["PolicyType"] for each in policies]

    def key_of(self, name: str) -> str:
        """Return the key of the newest version."""
        return str(self.metadata(name)["KeyId"])

    def exists(self, name: str) -> bool:
        """Return whether there is such a parameter."""
        return not self.ssm.get_parameters(Names=[name])["InvalidParameters"]

    def calls(self, name: str, *, denied: bool = False) -> list[str]:
        """Return the Parameter Store operations on a name, in order: those that succeeded, or the refused ones."""
        records = [record for record in self.aws.trail() if record.event_source == "ssm.amazonaws.com"]
        return [
            record.event_name
            for record in records
            if name in (record.request_parameters.get("Name"), record.request_parameters.get("ResourceId"))
            and (record.error_code is not None) == denied
        ]

    def function(
        self,
        names: Sequence[str],
        *,
        keys: Sequence[str] = (),
        secrets: Sequence[str] = (),
        copied: Sequence[str] = (),
        sealed_with: Sequence[str] = (),
        replaced: Sequence[str] = (),
        stack: StackStandIn | None = None,
        sleep: Callable[[float], None] = lambda _: None,
        faults: Faults | None = None,
    ) -> Store:
        """Return the function's way to AWS, with a role that may do what the function needs and no more."""
        role = f"f-{uuid.uuid4().hex}"
        trust: dict[str, object] = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        arn = self.iam.create_role(RoleName=role, AssumeRolePolicyDocument=_document([trust]))["Role"]["Arn"]
        statements = permissions([self.arn(name) for name in names], keys, secrets, [self.arn(name) for name in copied])
        for key in sealed_with:
            bound = {"StringEquals": {"kms:EncryptionContext:SEALED_FOR": [self.arn(name) for name in names]}}
            statements.append({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key, "Condition": bound})
        statements += replacement_permissions([self.arn(name) for name in replaced], keys)
        self.iam.put_role_policy(RoleName=role, PolicyName="function", PolicyDocument=_document(statements))
        credentials = self.sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        session = boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            region_name=self.aws.region,
        )
        stand_in: Any = stack or StackStandIn()
        ssm = session.client("ssm", endpoint_url=self.aws.endpoint_url)
        secretsmanager = session.client("secretsmanager", endpoint_url=self.aws.endpoint_url)
        if faults is not None:
            for client in (ssm, secretsmanager):
                faults.stand_in(client)
        return Store(
            ssm=ssm,
            secretsmanager=secretsmanager,
            cloudformation=lambda: stand_in,
            kms=lambda: session.client("kms", endpoint_url=self.aws.endpoint_url),
            ssm_in=lambda region: session.client("ssm", region_name=region, endpoint_url=self.aws.endpoint_url),
            sleep=sleep,
        )


def permissions(
    arns: Sequence[str], keys: Sequence[str], secrets: Sequence[str], copied: Sequence[str]
) -> list[dict[str, object]]:
    """Return what the function needs for these parameters, keys and secrets, spelled by hand."""
    statements: list[dict[str, object]] = [
        {
            "Effect": "Allow",
            "Action": ["ssm:DeleteParameter", "ssm:ListTagsForResource", "ssm:RemoveTagsFromResource"],
            "Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/*",
            "Condition": {"StringEquals": {"aws:ResourceTag/ssm-securestring:stack": STACK_ID}},
        }
    ]
    if arns:
        actions = (
            "AddTagsToResource",
            "GetParameter",
            "GetParameterHistory",
            "ListTagsForResource",
            "PutParameter",
            "RemoveTagsFromResource",
        )
        statements.append({"Effect": "Allow", "Action": [f"ssm:{each}" for each in actions], "Resource": list(arns)})
    bound = {"kms:ViaService": "ssm.eu-west-1.amazonaws.com", "kms:EncryptionContext:PARAMETER_ARN": list(arns)}
    if arns:
        # Under any key: the one that a parameter leaves is not in the template any more.
        statements.append(
            {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringEquals": bound}}
        )
    if arns and keys:
        statements.append(
            {
                "Effect": "Allow",
                "Action": ["kms:Encrypt", "kms:GenerateDataKey"],
                "Resource": list(keys),
                "Condition": {"StringEquals": bound},
            }
        )
    if copied:
        statements.append({"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": list(copied)})
    if secrets:
        statements.append({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": list(secrets)})
    return statements


def replacement_permissions(arns: Sequence[str], keys: Sequence[str]) -> list[dict[str, object]]:
    """Return what the function needs besides for parameters that may be replaced, spelled by hand."""
    if not arns:
        return []
    copies = [f"{arn}.recovery" for arn in arns]
    bound = {"kms:ViaService": "ssm.eu-west-1.amazonaws.com", "kms:EncryptionContext:PARAMETER_ARN": copies}
    actions = ["ssm:AddTagsToResource", "ssm:GetParameter", "ssm:ListTagsForResource", "ssm:PutParameter"]
    decrypt: dict[str, object] = {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {"StringEquals": bound},
    }
    encrypt = {**decrypt, "Action": "kms:Encrypt", "Resource": list(keys)}
    return [
        {"Effect": "Allow", "Action": actions, "Resource": copies},
        {"Effect": "Allow", "Action": "ssm:GetParameterHistory", "Resource": list(arns)},
        decrypt,
        *([encrypt] if keys else []),
    ]


def _document(statements: list[dict[str, object]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
