"""A stack of a test on the embedded AWS, its parameters, and its principals as callers."""

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from botocore.exceptions import ClientError

from ssm_securestring.cdk import ParameterKey, SecureStringParameter, SecureStringParameterBase, Tier
from ssm_securestring.local import EmbeddedAccount, EmbeddedAws
from tests.local.aws import Account

KINDS = ("role", "imported", "user", "group", "function", "task")
VALUE = "made up for the test"


@dataclass
class World:
    """A stack of the test, its parameters, and how to become one of its principals."""

    aws: EmbeddedAws
    base: str

    def __post_init__(self) -> None:
        """Make an empty stack."""
        self.root = Account(self.aws)
        self.app = cdk.App()
        self.stack = cdk.Stack(
            self.app,
            f"Access{self.base.strip('/')}",
            env=cdk.Environment(account=self.aws.account, region=self.aws.region),
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )

    def named(self, name: str, key: ParameterKey, tier: Tier = Tier.STANDARD) -> SecureStringParameterBase:
        """Refer to a parameter of the test."""
        construct_id = name.strip("/").replace("/", "-")
        return SecureStringParameter.from_name(self.stack, construct_id, name=name, encryption_key=key, tier=tier)

    def grantee(self, kind: str, label: str) -> iam.IGrantable:
        """Make a principal of a kind."""
        makers: dict[str, Callable[[str], iam.IGrantable]] = {
            "role": self._role,
            "imported": self._imported,
            "user": self._user,
            "group": self._group,
            "function": self._function,
            "task": self._task_role,
        }
        return makers[kind](label)

    def become(self, kind: str, label: str) -> Account:
        """Return the principal as a caller; for a group, the user that is in it."""
        name = self._name(label)
        if kind in {"user", "group"}:
            made = self.root.iam.create_access_key(UserName=name)["AccessKey"]
            return Account(self.aws, made["AccessKeyId"], made["SecretAccessKey"])
        arn = f"arn:aws:iam::{self.aws.account}:role/{name}"
        session = self.root.sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return Account(self.aws, session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])

    def _name(self, label: str) -> str:
        return f"{label}-{self.base.strip('/')}"

    def _role(self, label: str, service: str = "ec2.amazonaws.com") -> iam.Role:
        trusted = iam.CompositePrincipal(iam.ServicePrincipal(service), iam.AccountRootPrincipal())
        return iam.Role(self.stack, label, assumed_by=trusted, role_name=self._name(label))

    def _imported(self, label: str) -> iam.IRole:
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": self.aws.account}}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        self.root.iam.create_role(RoleName=self._name(label), AssumeRolePolicyDocument=document)
        return iam.Role.from_role_name(self.stack, label, self._name(label))

    def _user(self, label: str) -> iam.User:
        return iam.User(self.stack, label, user_name=self._name(label))

    def _group(self, label: str) -> iam.Group:
        group = iam.Group(self.stack, f"{label}Group")
        group.add_user(self._user(label))
        return group

    def _function(self, label: str) -> lambda_.Function:
        return lambda_.Function(
            self.stack,
            f"{label}Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_inline("def handler(event, context): pass"),
            role=self._role(label, "lambda.amazonaws.com"),
        )

    def _task_role(self, label: str) -> iam.IRole:
        role = self._role(label, "ecs-tasks.amazonaws.com")
        return ecs.FargateTaskDefinition(self.stack, f"{label}Task", task_role=role).task_role

    def deploy(self) -> dict[str, str]:
        """Deploy the stack and return its outputs."""
        return dict(EmbeddedAccount(self.aws, self.aws.account).deploy(self.stack).outputs)

    def put(self, name: str, key: str, tier: Tier = Tier.STANDARD) -> None:
        """Store a value as the account's root."""
        self.root.ssm.put_parameter(
            Name=name, Value=VALUE, Type="SecureString", KeyId=key, Tier=tier.value, Overwrite=True
        )

    def arn_of(self, name: str) -> str:
        """Spell out an ARN."""
        return f"arn:aws:ssm:{self.aws.region}:{self.aws.account}:parameter{name}"

    def ciphertext(self, name: str) -> bytes:
        """Return what Parameter Store keeps of a standard parameter."""
        stored = self.root.ssm.get_parameter(Name=name, WithDecryption=False)["Parameter"]["Value"]
        return b64decode(stored)


def outcome(call: Callable[[], object]) -> str:
    """Tell whether a call was allowed; anything but a refusal by policies is an error of the test."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return "refused"
    return "allowed"
