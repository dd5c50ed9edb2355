"""Keys of one account used from another: both sides have to allow it."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from ssm_securestring.local import EmbeddedAccount, EmbeddedAws
from tests.local.aws import refused

CONTEXT = {"PARAMETER_ARN": "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/db"}


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


@dataclass(frozen=True)
class Neighbours:
    """An owner with a key, and somebody else."""

    owner: EmbeddedAccount
    other: EmbeddedAccount
    key: str

    def admit(self, *principals: str, actions: str = "kms:*") -> None:
        """Let the key's policy admit the owner and these."""
        names = [f"arn:aws:iam::{self.owner.account}:root", *principals]
        policy = _document(*({"Principal": {"AWS": each}, "Action": actions, "Resource": "*"} for each in names))
        self.owner.client("kms").put_key_policy(KeyId=self.key, Policy=policy, BypassPolicyLockoutSafetyCheck=True)

    def role(self, *statements: dict[str, Any]) -> str:
        """Make a role of the other account; return its ARN."""
        iam = self.other.client("iam")
        trust = _document({"Action": "sts:AssumeRole", "Principal": {"AWS": "*"}})
        made = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=_document(*statements))
        return str(made)


@pytest.fixture
def neighbours(embedded_aws: EmbeddedAws) -> Neighbours:
    """Two accounts; the key admits its owner only."""
    owner, other = embedded_aws.new_account(), embedded_aws.new_account()
    return Neighbours(owner, other, owner.client("kms").create_key()["KeyMetadata"]["Arn"])


def test_a_key_is_closed_to_other_accounts(neighbours: Neighbours) -> None:
    """Not even the other account's root, which may do everything at home, gets past the key's policy."""
    kms = neighbours.other.client("kms")

    with refused("AccessDeniedException"):
        kms.encrypt(KeyId=neighbours.key, Plaintext=b"x")
    with refused("AccessDeniedException"):
        kms.describe_key(KeyId=neighbours.key)
    with refused("NotFoundException"):
        kms.encrypt(KeyId=neighbours.key.rsplit("/", 1)[1], Plaintext=b"x")


def test_a_role_needs_the_key_policy_and_its_own(neighbours: Neighbours) -> None:
    """The policy of the key admits the other account; there, its own policy decides who."""
    role = neighbours.role({"Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": neighbours.key})
    kms = neighbours.other.client("kms", role_arn=role)
    with refused("AccessDeniedException"):
        kms.encrypt(KeyId=neighbours.key, Plaintext=b"x", EncryptionContext=CONTEXT)

    neighbours.admit(f"arn:aws:iam::{neighbours.other.account}:root")

    sealed = kms.encrypt(KeyId=neighbours.key, Plaintext=b"x", EncryptionContext=CONTEXT)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed, EncryptionContext=CONTEXT)["Plaintext"] == b"x"
    with refused("InvalidCiphertextException"):
        kms.decrypt(CiphertextBlob=sealed)
    with refused("AccessDeniedException"):
        kms.generate_data_key(KeyId=neighbours.key, KeySpec="AES_256")


def test_naming_a_foreign_role_in_the_key_policy_is_not_enough(neighbours: Neighbours) -> None:
    """Inside an account it would be; across accounts the role's own policy must allow it too."""
    role = neighbours.role()
    neighbours.admit(role)

    with refused("AccessDeniedException") as message:
        neighbours.other.client("kms", role_arn=role).encrypt(KeyId=neighbours.key, Plaintext=b"x")

    assert "no identity-based policy allows" in message[0]


def test_an_alias_arn_and_metadata_work_across_accounts(neighbours: Neighbours) -> None:
    """An admitted account finds the key by alias ARN and may describe it, but not manage it."""
    owner = neighbours.owner
    owner.client("kms").create_alias(AliasName="alias/mine", TargetKeyId=neighbours.key)
    neighbours.admit(f"arn:aws:iam::{neighbours.other.account}:root")
    kms = neighbours.other.client("kms")
    alias = f"arn:aws:kms:eu-west-1:{owner.account}:alias/mine"

    assert kms.encrypt(KeyId=alias, Plaintext=b"x")["KeyId"] == neighbours.key
    assert kms.describe_key(KeyId=neighbours.key)["KeyMetadata"]["AWSAccountId"] == owner.account
    with refused("AccessDeniedException"):
        kms.disable_key(KeyId=neighbours.key)
    with refused("AccessDeniedException"):
        kms.put_key_policy(KeyId=neighbours.key, Policy=_document())


def test_a_parameter_can_be_under_a_key_of_another_account(neighbours: Neighbours) -> None:
    """Parameter Store uses the foreign key in the caller's name, by ARN, with the context of the caller's parameter."""
    neighbours.admit(f"arn:aws:iam::{neighbours.other.account}:root")
    ssm = neighbours.other.client("ssm")

    for name, tier in (("/shop/a", "Standard"), ("/shop/b", "Advanced")):
        with neighbours.other.recorded() as trail:
            ssm.put_parameter(Name=name, Value="secret", Type="SecureString", KeyId=neighbours.key, Tier=tier)
            assert ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "secret"
        arn = f"arn:aws:ssm:eu-west-1:{neighbours.other.account}:parameter{name}"
        assert [each.encryption_context for each in trail[1::2]] == [{"PARAMETER_ARN": arn}] * 2
        assert [each.resources for each in trail[1::2]] == [(neighbours.key,)] * 2


def test_the_managed_key_is_never_for_others(neighbours: Neighbours) -> None:
    """aws/ssm admits callers of its own account only."""
    managed = neighbours.owner.client("kms").describe_key(KeyId="alias/aws/ssm")["KeyMetadata"]["Arn"]

    with refused("AccessDeniedException"):
        neighbours.other.client("ssm").put_parameter(Name="/a", Value="v", Type="SecureString", KeyId=managed)


def test_a_grant_opens_a_key_across_accounts(neighbours: Neighbours) -> None:
    """A grantee of another account needs its own policy as well."""
    role = neighbours.role({"Action": "kms:Encrypt", "Resource": neighbours.key})
    kms = neighbours.other.client("kms", role_arn=role)
    with refused("AccessDeniedException"):
        kms.encrypt(KeyId=neighbours.key, Plaintext=b"x")

    neighbours.owner.client("kms").create_grant(
        KeyId=neighbours.key, GranteePrincipal=role, Operations=["Encrypt", "Decrypt"]
    )

    sealed = kms.encrypt(KeyId=neighbours.key, Plaintext=b"x")["CiphertextBlob"]
    with refused("AccessDeniedException"):
        kms.decrypt(CiphertextBlob=sealed)
