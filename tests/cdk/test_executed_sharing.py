"""A parameter for another account, tried: its owner deploys it, the other account attaches the output, both call."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
import pytest
from botocore.exceptions import ClientError

from ssm_securestring.cdk import ParameterKey, SecureStringParameter, Tier
from ssm_securestring.local import EmbeddedAccount, EmbeddedAws

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Accounts:
    """The owner of two parameters under one key, and the account that is to read one of them."""

    owner: EmbeddedAccount
    reader: EmbeddedAccount

    def deploy(self, *, shared: bool) -> dict[str, str]:
        """Deploy the owner's stack, with or without the share; return its outputs."""
        app = cdk.App()
        stack = cdk.Stack(app, "Owner", env=cdk.Environment(account=self.owner.account, region=self.owner.region))
        key = ParameterKey(stack, "Key", removal_policy=cdk.RemovalPolicy.DESTROY)
        cdk.CfnOutput(stack, "KeyArn", value=key.key_arn)
        report, other = (
            SecureStringParameter(stack, name, name=f"/shop/{name}", encryption_key=key, tier=Tier.ADVANCED)
            for name in ("report", "other")
        )
        for number, parameter in enumerate([report, other] if shared else []):
            # The second is shared as well, so that it is the key that keeps the reader of the first one out.
            name = ("reports", "auditor")[number]
            parameter.share_read("Share", principal_arn=f"arn:aws:iam::{self.reader.account}:role/{name}")
        return dict(self.owner.deploy(stack).outputs)

    def arn_of(self, name: str) -> str:
        """Spell out the ARN of a parameter of the owner."""
        return f"arn:aws:ssm:{self.owner.region}:{self.owner.account}:parameter/shop/{name}"

    def role(self, name: str, statements: list[dict[str, Any]]) -> Callable[[str], Any]:
        """Make a role of the other account with these statements; returns what gives its clients."""
        iam = self.reader.client("iam")
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": self.reader.account}}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        return lambda service: self.reader.client(service, role_arn=arn)


@pytest.fixture
def accounts(embedded_aws: EmbeddedAws) -> Accounts:
    """Two accounts with nothing in them."""
    return Accounts(embedded_aws.new_account(), embedded_aws.new_account())


def _outcome(call: Callable[[], Any]) -> str:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "allowed"


def _statements(outputs: dict[str, str], parameter: str) -> list[dict[str, Any]]:
    (text,) = [value for name, value in outputs.items() if name.startswith(f"{parameter}ShareStatements")]
    statements: list[dict[str, Any]] = json.loads(text)
    return statements


def test_the_named_principal_reads_by_arn_and_nothing_else_opens(accounts: Accounts) -> None:
    """With exactly the statements of the output attached; everything else is refused, and all of it without a share."""
    outputs = accounts.deploy(shared=True)
    statements, key = _statements(outputs, "report"), outputs["KeyArn"]
    report, other = accounts.arn_of("report"), accounts.arn_of("other")
    everything = [{"Effect": "Allow", "Action": ["ssm:*", "kms:*"], "Resource": "*"}]
    named, twin = accounts.role("reports", statements), accounts.role("twin", statements)
    admin = accounts.role("admin", everything)
    owners = accounts.owner.client("ssm")
    value = owners.get_parameter(Name=report, WithDecryption=True)["Parameter"]["Value"]
    context = {"PARAMETER_ARN": report}
    blob = accounts.owner.client("kms").encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]

    def get(who: Callable[[str], Any], name: str) -> str:
        return _outcome(lambda: who("ssm").get_parameter(Name=name, WithDecryption=True))

    def decrypt(who: Callable[[str], Any]) -> str:
        return _outcome(lambda: who("kms").decrypt(CiphertextBlob=blob, KeyId=key, EncryptionContext=context))

    ssm = named("ssm")
    assert ssm.get_parameter(Name=report, WithDecryption=True)["Parameter"]["Value"] == value
    assert [each["Value"] for each in ssm.get_parameters(Names=[report], WithDecryption=True)["Parameters"]] == [value]
    denied = "AccessDeniedException"
    tried = {
        "by name": _outcome(lambda: ssm.get_parameter(Name="/shop/report", WithDecryption=True)),
        "another parameter": get(named, other),
        "history": _outcome(lambda: ssm.get_parameter_history(Name=report, WithDecryption=True)),
        "by path": _outcome(lambda: ssm.get_parameters_by_path(Path="/shop", WithDecryption=True)),
        "tags": _outcome(lambda: ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=report)),
        "decrypt directly": decrypt(named),
        "another principal with the same statements": get(twin, report),
        "another principal, decrypt directly": decrypt(twin),
        "an administrator of that account": get(admin, report),
        "an administrator, the parameter of somebody else": get(admin, other),
        "an administrator, history": _outcome(lambda: admin("ssm").get_parameter_history(Name=report)),
        "an administrator, decrypt directly": decrypt(admin),
        "an administrator, grant": _outcome(
            lambda: admin("kms").create_grant(
                KeyId=key, GranteePrincipal=accounts.reader.account, Operations=["Decrypt"]
            )
        ),
    }
    assert tried == dict.fromkeys(tried, denied)
    written = {
        "put": _outcome(lambda: admin("ssm").put_parameter(Name=report, Value="x", Type="String", Overwrite=True)),
        "delete": _outcome(lambda: admin("ssm").delete_parameter(Name=report)),
    }
    assert written == dict.fromkeys(written, "ValidationException")
    assert owners.get_parameter(Name=report, WithDecryption=True)["Parameter"]["Value"] == value

    accounts.deploy(shared=False)

    assert owners.get_parameter(Name=report, WithDecryption=True)["Parameter"]["Value"] == value
    assert {get(named, report), _outcome(lambda: ssm.get_parameter(Name=report)), get(admin, other)} == {denied}


def test_the_statements_that_the_other_account_attaches_are_needed(accounts: Accounts) -> None:
    """The share opens the way, and that account decides: without its half the principal stays outside."""
    outputs = accounts.deploy(shared=True)
    fetch, decrypt = _statements(outputs, "report")
    report = accounts.arn_of("report")
    iam = accounts.reader.client("iam")
    ssm = accounts.role("reports", [decrypt])("ssm")

    assert _outcome(lambda: ssm.get_parameter(Name=report, WithDecryption=True)) == "AccessDeniedException"
    for statements, expected in (([fetch], "AccessDeniedException"), ([fetch, decrypt], "allowed")):
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName="reports", PolicyName="p", PolicyDocument=document)
        assert _outcome(lambda: ssm.get_parameter(Name=report, WithDecryption=True)) == expected
