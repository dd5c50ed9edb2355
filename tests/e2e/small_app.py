"""A small app whose parameters are told by context, so that a test can deploy one change after another."""

import json

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

from ssm_securestring.cdk import (
    EncryptionKey,
    KeyMode,
    NoChangeNotification,
    ParameterKey,
    SecureStringParameter,
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
    made: dict[str, SecureStringParameter] = {}
    for each in parameters:
        made[each["id"]] = SecureStringParameter(
            stack,
            each["id"],
            name=each["name"],
            encryption_key=_key(each.get("key", "Key"), keys),
            value=_source(stack, each),
            tier=Tier(each.get("tier", "Standard")),
            description=each.get("description", ""),
            tags=each.get("tags", {}),
            policies=[NoChangeNotification(after=days) for days in each.get("notices", [])],
            adopt_existing=each.get("adopt", False),
            allow_replacement=each.get("replace", False),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
    if last := made.pop(app.node.try_get_context("last") or "", None):
        last.node.add_dependency(*made.values())
    app.synth()


def _source(stack: cdk.Stack, each: dict[str, str]) -> ValueSource:
    if "secret" in each:
        secret = secretsmanager.Secret.from_secret_complete_arn(stack, f"{each['id']}Secret", each["secret"])
        return ValueSource.secrets_manager(secret, json_field=each.get("field"))
    if "copy" in each:
        clear = ssm.StringParameter.from_string_parameter_attributes(
            stack, f"{each['id']}Clear", parameter_name=each["copy"]
        )
        return ValueSource.copy_from(clear)
    if each.get("source") == "external":
        return ValueSource.external()
    return ValueSource.generated(regenerate=each.get("regenerate", ""))


def _key(key: str, keys: dict[str, ParameterKey]) -> EncryptionKey:
    return ParameterKey.aws_managed() if key == "aws" else keys[key]


if __name__ == "__main__":
    main()
