"""A replacement that fails in its pause, rolled back by CloudFormation with the role that the constructs make."""

import json
import threading
import time
from typing import Any

import aws_cdk as cdk
import pytest

from ssm_securestring.cdk import KeyMode, ParameterKey, SecureStringParameter, Tier
from ssm_securestring.local import EmbeddedAccount, EmbeddedAwsError

pytestmark = pytest.mark.e2e

NAME = "/cut/off"
COPY = "/cut/off.recovery"
DENY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "ssm:PutParameter", "Resource": "*"}],
}


def stack_with(**changes: Any) -> cdk.Stack:  # noqa: ANN401 - props
    """Return a stack with one parameter under a strict key."""
    stack = cdk.Stack(cdk.App(), "CutOff")
    key = ParameterKey(stack, "Key", mode=KeyMode.STRICT, removal_policy=cdk.RemovalPolicy.DESTROY)
    SecureStringParameter(
        stack, "Db", name=NAME, encryption_key=key, removal_policy=cdk.RemovalPolicy.DESTROY, **changes
    )
    return stack


class Trouble(threading.Thread):
    """Takes the function's permission to write while the parameter is away, and gives it back for the rollback."""

    def __init__(self, account: EmbeddedAccount, role: str) -> None:
        super().__init__(daemon=True)
        self._ssm, self._iam = account.client("ssm"), account.client("iam")
        self._cloudformation = account.client("cloudformation")
        self._role = role
        self.kept: list[str] = []

    def run(self) -> None:
        """Make trouble once."""
        while not self._ssm.get_parameters(Names=[NAME])["InvalidParameters"]:
            time.sleep(0.05)
        self.kept = [self._ssm.get_parameter(Name=COPY, WithDecryption=True)["Parameter"]["Value"]]
        self._iam.put_role_policy(RoleName=self._role, PolicyName="trouble", PolicyDocument=json.dumps(DENY))
        while "ROLLBACK" not in self._cloudformation.describe_stacks(StackName="CutOff")["Stacks"][0]["StackStatus"]:
            time.sleep(0.05)
        self._iam.delete_role_policy(RoleName=self._role, PolicyName="trouble")


@pytest.mark.timeout(400)  # seconds; two pauses of 30, and 15 until a refusal is believed
def test_a_replacement_that_was_cut_off_is_taken_back_by_the_rollback(embedded_account: EmbeddedAccount) -> None:
    """The template from before knows of no replacement, and the function can read the copy all the same."""
    ssm = embedded_account.client("ssm")
    deployed = embedded_account.deploy(stack_with(tier=Tier.ADVANCED))
    value = ssm.get_parameter(Name=NAME, WithDecryption=True)["Parameter"]["Value"]
    (role,) = [
        physical_id
        for logical_id, physical_id in deployed.resources.items()
        if logical_id.startswith("SecureStringProviderRole") and "Policy" not in logical_id
    ]
    trouble = Trouble(embedded_account, role)
    trouble.start()

    with pytest.raises(EmbeddedAwsError) as failed:
        embedded_account.deploy(stack_with(tier=Tier.STANDARD, allow_replacement=True))
    trouble.join(10)

    (stack,) = embedded_account.client("cloudformation").describe_stacks(StackName="CutOff")["Stacks"]
    newest = ssm.get_parameter_history(Name=NAME, WithDecryption=True)["Parameters"][-1]
    assert f"Its value is kept in parameter {COPY}" in str(failed.value)
    assert trouble.kept == [value]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert (newest["Value"], newest["Tier"]) == (value, "Advanced")
    assert ssm.get_parameters(Names=[COPY])["InvalidParameters"] == [COPY]
