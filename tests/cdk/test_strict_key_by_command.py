"""A strict key, tried with the real ``aws`` command: holding ``kms:*`` in IAM does not open it, being granted does."""

import json
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ssm_securestring.cdk import KeyMode, ParameterKey
from tests.cdk.world import VALUE, World
from tests.local.commands import Shell

pytestmark = pytest.mark.e2e
DENIED = "AccessDeniedException"


@dataclass(frozen=True)
class Deployed:
    """A parameter under a strict key, and shells of those who try to get at it."""

    world: World
    key: str
    name: str
    ciphertext: Path

    def shell(self, label: str) -> Shell:
        """Return a shell of a role of the stack."""
        return Shell(self.world.become("role", label))

    @property
    def get(self) -> str:
        """Reads the parameter."""
        return f"aws ssm get-parameter --name {self.name} --with-decryption"

    @property
    def decrypt(self) -> str:
        """Decrypts with KMS what Parameter Store keeps, with the context that it was encrypted with."""
        return f"aws kms decrypt --ciphertext-blob fileb://{self.ciphertext} {self.context}"

    @property
    def context(self) -> str:
        """Key and encryption context of the parameter."""
        return f"--key-id {self.key} --encryption-context PARAMETER_ARN={self.world.arn_of(self.name)}"


def _role(world: World, label: str, *actions: str) -> iam.Role:
    role = iam.Role(
        world.stack, label, role_name=f"{label}-{world.base.strip('/')}", assumed_by=iam.AccountRootPrincipal()
    )
    if actions:
        role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=["*"]))
    return role


def _deploy(world: World, folder: Path, *, administered: bool) -> Deployed:
    """Deploy key, readers and administrators; store the parameter as the account's root."""
    name = f"{world.base}/db/password"
    keeper = _role(world, "Keeper", "kms:*")
    _role(world, "Everything", "kms:*", "ssm:*")
    key = ParameterKey(
        world.stack,
        "Key",
        mode=KeyMode.STRICT,
        administrators=[keeper] if administered else None,
        break_glass_role=_role(world, "Glass", "ssm:GetParameter"),
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    cdk.CfnOutput(world.stack, "KeyArn", value=key.key_arn)
    world.named(name, key).grant_read(_role(world, "Reader"))
    key_arn = world.deploy()["KeyArn"]
    world.put(name, key_arn)
    ciphertext = folder / "ciphertext"
    ciphertext.write_bytes(world.ciphertext(name))
    return Deployed(world, key_arn, name, ciphertext)


def test_who_holds_everything_in_iam_cannot_decrypt_and_who_was_granted_can(world: World, tmp_path: Path) -> None:
    """Neither with KMS nor through Parameter Store; reader and break glass do, and through Parameter Store only."""
    deployed = _deploy(world, tmp_path, administered=False)
    everything, reader, glass = (deployed.shell(each) for each in ("Everything", "Reader", "Glass"))

    grantee = world.root.sts.get_caller_identity()["Arn"]
    for line in (
        deployed.decrypt,
        deployed.get,
        f"aws kms encrypt --plaintext eA== {deployed.context}",
        f"aws kms generate-data-key --key-spec AES_256 {deployed.context}",
        f"aws kms create-grant --key-id {deployed.key} --grantee-principal {grantee} --operations Decrypt",
    ):
        assert "is not authorized to perform: kms:" in everything.refused(line, DENIED)
    assert everything.run(f"aws kms describe-key --key-id {deployed.key}")["KeyMetadata"]["KeyState"] == "Enabled"

    for allowed in (reader, glass):
        assert allowed.run(deployed.get)["Parameter"]["Value"] == VALUE
        allowed.refused(deployed.decrypt, DENIED)


def test_nobody_is_locked_out_of_a_strict_key(world: World, tmp_path: Path) -> None:
    """KMS takes the policy from its administrator and from nobody else; without any, the account's root repairs it."""
    deployed = _deploy(world, tmp_path, administered=True)
    policy = tmp_path / "policy.json"
    shown = f"aws kms get-key-policy --key-id {deployed.key} --policy-name default"
    put = f"aws kms put-key-policy --key-id {deployed.key} --policy-name default --policy file://{policy}"
    keeper, root = deployed.shell("Keeper"), Shell(world.root)

    policy.write_text(keeper.run(shown)["Policy"])
    keeper.run(put)
    deployed.shell("Everything").refused(put, DENIED)

    statements = json.loads(policy.read_text())
    statements["Statement"] = [each for each in statements["Statement"] if each["Sid"] != "AdministerWithoutUse"]
    (tmp_path / "locked.json").write_text(json.dumps(statements))
    keeper.refused(put.replace("policy.json", "locked.json"), "MalformedPolicyDocumentException")

    name = f"Keeper-{world.base.strip('/')}"
    for each in world.root.iam.list_role_policies(RoleName=name)["PolicyNames"]:
        world.root.iam.delete_role_policy(RoleName=name, PolicyName=each)
    world.root.iam.delete_role(RoleName=name)
    root.run(put)
