"""A small app whose access is exactly what its grants say: what the mutations break, one at a time."""

import json
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ssm_securestring.cdk import (
    KeyMode,
    ParameterKey,
    ParameterPath,
    SecureStringParameter,
    Tier,
)

ACCOUNT: Final = "111122223333"
REGION: Final = "eu-west-1"
STACK: Final = "Shop"
_FLAGS: Final = json.loads((Path(__file__).parents[2] / "cdk.json").read_text(encoding="utf-8"))["context"]


def build(folder: Path) -> cdk.App:
    """Make the app: two keys, three parameters, and a role for each kind of grant."""
    app = cdk.App(context=_FLAGS, outdir=str(folder))
    stack = cdk.Stack(app, STACK, env=cdk.Environment(account=ACCOUNT, region=REGION))
    delegated = ParameterKey(stack, "Delegated", alias="shop/parameters", path_prefixes=["/shop"])
    strict = ParameterKey(stack, "Strict", path_prefixes=["/vault"], mode=KeyMode.STRICT)
    password = SecureStringParameter(stack, "Password", name="/shop/db/password", encryption_key=delegated)
    certificate = SecureStringParameter(
        stack, "Certificate", name="/shop/tls/certificate", encryption_key=delegated, tier=Tier.ADVANCED
    )
    seal = SecureStringParameter(stack, "Seal", name="/vault/seal", encryption_key=strict)
    password.grant_read(_role(stack, "Reader"))
    password.grant_write(_role(stack, "StandardWriter"))
    certificate.grant_write(_role(stack, "AdvancedWriter"))
    ParameterPath(stack, "Db", path="/shop/db", encryption_key=delegated).grant_read(_role(stack, "PathReader"))
    seal.grant_read(_role(stack, "VaultReader"))
    _role(stack, "Stranger")
    _deny(_role(stack, "Operator"), stack)
    return app


def templates(folder: Path) -> dict[str, Any]:
    """Return the templates of the app by stack."""
    build(folder).synth()
    return {STACK: json.loads((folder / f"{STACK}.template.json").read_text(encoding="utf-8"))}


def _role(stack: cdk.Stack, name: str) -> iam.Role:
    return iam.Role(stack, name, assumed_by=iam.AccountRootPrincipal())


def _deny(operator: iam.Role, stack: cdk.Stack) -> None:
    """Let a role read a path, but for what is secret there: only the Deny keeps it from the parameters."""
    below = stack.format_arn(service="ssm", resource="parameter", resource_name="shop/*")
    operator.add_to_policy(iam.PolicyStatement(actions=["ssm:GetParameter"], resources=[below]))
    for path in ("shop/db/*", "shop/tls/*"):
        secret = stack.format_arn(service="ssm", resource="parameter", resource_name=path)
        denial = iam.PolicyStatement(effect=iam.Effect.DENY, actions=["ssm:*"], resources=[secret])
        operator.add_to_policy(denial)
