"""Parameters of one account read from another, by ARN, with the owner's key."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from ssm_securestring.local import EmbeddedAccount, EmbeddedAws
from tests.local.aws import refused

READ = ["ssm:GetParameter", "ssm:GetParameters"]


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


@dataclass(frozen=True)
class Shared:
    """An owner with a parameter under a key that admits the reader's account."""

    owner: EmbeddedAccount
    reader: EmbeddedAccount
    key: str
    name: str = "/shop/db"

    @property
    def arn(self) -> str:
        """ARN of the parameter, by which others name it."""
        return f"arn:aws:ssm:eu-west-1:{self.owner.account}:parameter{self.name}"

    def share(self) -> dict[str, str]:
        """Let the reader's account read the parameter; return id and hash of the policy."""
        admitted = {"Principal": {"AWS": f"arn:aws:iam::{self.reader.account}:root"}, "Action": READ}
        answer = self.owner.client("ssm").put_resource_policy(
            ResourceArn=self.arn, Policy=_document({**admitted, "Resource": self.arn})
        )
        return {"PolicyId": answer["PolicyId"], "PolicyHash": answer["PolicyHash"]}


@pytest.fixture
def shared(embedded_aws: EmbeddedAws) -> Shared:
    """The parameter is there, and nobody may read it yet."""
    owner, reader = embedded_aws.new_account(), embedded_aws.new_account()
    admitted = [f"arn:aws:iam::{each.account}:root" for each in (owner, reader)]
    policy = _document({"Principal": {"AWS": admitted}, "Action": "kms:*", "Resource": "*"})
    key = owner.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
    owner.client("ssm").put_parameter(Name="/shop/db", Value="secret", Type="SecureString", Tier="Advanced", KeyId=key)
    return Shared(owner, reader, key)


def test_a_shared_parameter_is_read_by_arn_with_the_owners_context(shared: Shared) -> None:
    """Closed at first; shared, it opens by its full ARN, and KMS is asked by the reader with the owner's ARN."""
    ssm = shared.reader.client("ssm")
    with refused("AccessDeniedException"):
        ssm.get_parameter(Name=shared.arn, WithDecryption=True)
    shared.share()

    with shared.reader.recorded() as trail:
        answer = ssm.get_parameter(Name=shared.arn, WithDecryption=True)["Parameter"]

    assert (answer["Value"], answer["ARN"]) == ("secret", shared.arn)
    assert [each.event_name for each in trail] == ["GetParameter", "Decrypt"]
    assert trail[1].encryption_context == {"PARAMETER_ARN": shared.arn}
    assert trail[1].resources == (shared.key,)
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name=shared.name)


def test_own_and_shared_parameters_in_one_call(shared: Shared) -> None:
    """The same name in two accounts is two parameters, also in one answer."""
    shared.share()
    ssm = shared.reader.client("ssm")
    ssm.put_parameter(Name=shared.name, Value="mine", Type="String")

    found = ssm.get_parameters(Names=[shared.name, f"{shared.arn}:1"], WithDecryption=True)["Parameters"]

    assert sorted(each["Value"] for each in found) == ["mine", "secret"]


def test_a_share_gives_no_more_than_it_says(shared: Shared) -> None:
    """No history unless shared, no writing, no deleting, and no path."""
    shared.share()
    ssm = shared.reader.client("ssm")

    with refused("AccessDeniedException"):
        ssm.get_parameter_history(Name=shared.arn)
    with refused("ValidationException"):
        ssm.put_parameter(Name=shared.arn, Value="x", Type="SecureString", Overwrite=True)
    with refused("ValidationException"):
        ssm.delete_parameter(Name=shared.arn)
    assert ssm.get_parameters_by_path(Path="/shop")["Parameters"] == []


def test_the_readers_role_needs_permission_at_home_too(shared: Shared) -> None:
    """The share admits the account; which of its roles reads is that account's decision, for both services."""
    shared.share()
    iam = shared.reader.client("iam")
    trust = _document({"Action": "sts:AssumeRole", "Principal": {"AWS": "*"}})
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    ssm = shared.reader.client("ssm", role_arn=role)
    with refused("AccessDeniedException"):
        ssm.get_parameter(Name=shared.arn, WithDecryption=True)

    fetch = {"Action": "ssm:GetParameter", "Resource": shared.arn}
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=_document(fetch))
    with refused("AccessDeniedException") as message:
        ssm.get_parameter(Name=shared.arn, WithDecryption=True)
    decrypt = {"Action": "kms:Decrypt", "Resource": shared.key}
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=_document(fetch, decrypt))

    assert "kms:Decrypt" in message[0]
    assert ssm.get_parameter(Name=shared.arn, WithDecryption=True)["Parameter"]["Value"] == "secret"


def test_a_share_outlives_new_values_and_ends_when_it_is_taken_back(shared: Shared) -> None:
    """The policy belongs to the parameter, not to a version."""
    policy = shared.share()
    owner, reader = shared.owner.client("ssm"), shared.reader.client("ssm")
    owner.put_parameter(Name=shared.name, Value="newer", Type="SecureString", KeyId=shared.key, Overwrite=True)
    assert reader.get_parameter(Name=shared.arn, WithDecryption=True)["Parameter"]["Value"] == "newer"
    assert [each["PolicyId"] for each in owner.get_resource_policies(ResourceArn=shared.arn)["Policies"]] == [
        policy["PolicyId"]
    ]

    with refused("ResourcePolicyConflictException"):
        owner.delete_resource_policy(ResourceArn=shared.arn, PolicyId=policy["PolicyId"], PolicyHash="0" * 64)
    owner.delete_resource_policy(ResourceArn=shared.arn, **policy)

    with refused("AccessDeniedException"):
        reader.get_parameter(Name=shared.arn)


@pytest.mark.parametrize("more", [{"Tier": "Standard"}, {"Tier": "Advanced", "KeyId": "alias/aws/ssm"}])
def test_fails_to_share_what_cannot_be_shared(shared: Shared, more: dict[str, str]) -> None:
    """Only advanced parameters can be shared, and SecureStrings only under a key of one's own."""
    ssm = shared.owner.client("ssm")
    ssm.put_parameter(Name="/shop/x", Value="v", Type="SecureString", **{"KeyId": shared.key, **more})

    with refused("ResourcePolicyInvalidParameterException"):
        ssm.put_resource_policy(ResourceArn=shared.arn.replace("/shop/db", "/shop/x"), Policy=_document())
    with refused("MalformedResourcePolicyDocumentException"):
        ssm.put_resource_policy(ResourceArn=shared.arn, Policy="{")
    with refused("ResourceNotFoundException"):
        ssm.put_resource_policy(ResourceArn=f"{shared.arn}-none", Policy=_document())


@pytest.mark.parametrize(
    "arn", ["arn:", "arn:aws:ssm", "arn:aws:ssm:eu-west-1:x:y", "arn:aws:ssm:us-east-1:{}:parameter/shop/db"]
)
def test_an_arn_that_leads_nowhere_is_not_found(shared: Shared, arn: str) -> None:
    """A malformed ARN, or one of another Region, is no parameter."""
    with refused("ParameterNotFound"):
        shared.owner.client("ssm").get_parameter(Name=arn.format(shared.owner.account))
