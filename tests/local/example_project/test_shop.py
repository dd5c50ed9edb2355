"""Somebody's tests of their own stack. The fixtures come with ``pip install "ssm-securestring[local]"``."""

import json

import aws_cdk as cdk
import pytest
from shop import ShopStack

from ssm_securestring.local import DeployedStack, EmbeddedAccount


@pytest.fixture
def shop(embedded_account: EmbeddedAccount) -> DeployedStack:
    """The stack, deployed to an account of its own."""
    return embedded_account.deploy(ShopStack(cdk.App(), "Shop"))


def _call(account: EmbeddedAccount, shop: DeployedStack, event: dict[str, str]) -> dict[str, object]:
    answer = account.client("lambda").invoke(FunctionName=shop.outputs["LogInName"], Payload=json.dumps(event))
    return json.loads(answer["Payload"].read())


def test_the_function_logs_in(embedded_account: EmbeddedAccount, shop: DeployedStack) -> None:
    """It gets the password, by one decryption that is bound to this parameter."""
    with embedded_account.recorded() as trail:
        answer = _call(embedded_account, shop, {})

    assert answer == {"logged_in": True}
    assert [each.event_name for each in trail] == ["GetParameter", "Decrypt"]
    assert trail[1].encryption_context["PARAMETER_ARN"].endswith(":parameter/shop/password")


def test_the_function_reads_nothing_else(embedded_account: EmbeddedAccount, shop: DeployedStack) -> None:
    """Another parameter of the same stack, under the same key, is refused."""
    answer = _call(embedded_account, shop, {"name": "/shop/other"})

    assert "AccessDeniedException" in str(answer["errorMessage"])
