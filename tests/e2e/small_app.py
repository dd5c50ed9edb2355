"""A small app whose parameters are told by context, so that a test can deploy one change after another."""

import json

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager

from ssm_securestring.cdk import (
    KeyMode,
    ParameterKey,
    SecureStringParameter,
    SecureStringProvider,
    Tier,
    ValueSource,
)


def main() -> None:
    """Build one stack with a key and the parameters that context ``parameters`` describes."""
    app = cdk.App()
    stack = cdk.Stack(app, app.node.get_context("stack"))
    keys = {name: ParameterKey(stack, name, removal_policy=cdk.RemovalPolicy.DESTROY) for name in ("Key", "OtherKey")}
    parameters = json.loads(app.node.get_context("parameters"))
    if any(each.get("key") == "StrictKey" for each in parameters):
        keys["StrictKey"] = ParameterKey(
            stack, "StrictKey", mode=KeyMode.STRICT, removal_policy=cdk.RemovalPolicy.DESTROY
        )
    for each in parameters:
        SecureStringParameter(
            stack,
            each["id"],
            name=each["name"],
            encryption_key=keys[each.get("key", "Key")],
            value=_source(stack, each),
            tier=Tier(each.get("tier", "Standard")),
            description=each.get("description", ""),
            tags=each.get("tags", {}),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        if "old_key" in each:
            old = SecureStringParameter.from_name(
                stack, f"{each['id']}Old", name=each["name"], encryption_key=keys[each["old_key"]]
            )
            old.grant_read(SecureStringProvider.of(stack))
    app.synth()


def _source(stack: cdk.Stack, each: dict[str, str]) -> ValueSource:
    if "secret" in each:
        secret = secretsmanager.Secret.from_secret_complete_arn(stack, f"{each['id']}Secret", each["secret"])
        return ValueSource.secrets_manager(secret, json_field=each.get("field"))
    return ValueSource.external() if each.get("source") == "external" else ValueSource.generated()


if __name__ == "__main__":
    main()
