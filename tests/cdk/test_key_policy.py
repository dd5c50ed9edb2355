"""What grants add to the policy of a ParameterKey: nothing when IAM decides, the principal when the key does."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ssm_securestring.cdk import KeyMode, ParameterKey, ParameterPath, SecureStringParameter
from ssm_securestring.core.errors import GrantError
from tests.cdk.spelled import KEY_ARN, VIA_SSM, arn_of, only, resources

ROOT_ARN = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::111122223333:root"]]}
ROOT = {"AWS": ROOT_ARN}


def _role(stack: cdk.Stack, construct_id: str = "Reader", **named: str) -> iam.Role:
    return iam.Role(stack, construct_id, assumed_by=iam.AccountRootPrincipal(), role_name=named.get("name"))


def _policy(stack: cdk.Stack) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = only(stack, "AWS::KMS::Key")["Properties"]["KeyPolicy"]["Statement"]
    return statements


def _arn(stack: cdk.Stack, role: str) -> dict[str, Any]:
    (logical_id,) = [each for each in resources(stack, "AWS::IAM::Role") if each.startswith(role)]
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def _named(action: str, arns: list[object]) -> dict[str, Any]:
    return {
        "Sid": f"{action.removeprefix('kms:')}ByNamedPrincipals",
        "Effect": "Allow",
        "Principal": ROOT,
        "Action": action,
        "Resource": "*",
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": arns},
            "StringEquals": {"kms:CallerAccount": "111122223333", "kms:ViaService": VIA_SSM},
            "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": [arn_of("/shop/*")]},
        },
    }


def test_strict_mode_names_who_was_granted_and_the_function_that_keeps_the_parameter(stack: cdk.Stack) -> None:
    """For each action of KMS its own list of principals; nothing else opens the use of the key."""
    key = ParameterKey(stack, "Key", path_prefixes=["/shop"], mode=KeyMode.STRICT)
    parameter = SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=key)

    parameter.grant_read(_role(stack))
    parameter.grant_read_metadata(_role(stack, "Lists"))

    keeper, reader = _arn(stack, "SecureStringProvider"), _arn(stack, "Reader")
    administration, decrypt, encrypt, generate = _policy(stack)
    assert administration["Sid"] == "AdministerWithoutUse"
    assert decrypt == _named("kms:Decrypt", [reader, keeper])
    assert encrypt == _named("kms:Encrypt", [keeper])
    # The function may find the parameter advanced after a rollback.
    assert generate == _named("kms:GenerateDataKey", [keeper])


def test_in_delegated_mode_grants_leave_the_key_policy_alone(stack: cdk.Stack) -> None:
    """IAM decides, so a thousand readers are no reason to touch the key."""
    key = ParameterKey(stack, "Key")
    SecureStringParameter.from_name(stack, "Db", name="/shop/db", encryption_key=key).grant_read(_role(stack))

    assert [each["Sid"] for each in _policy(stack)] == ["AdministerWithoutUse", "UseThroughParameterStore"]


@pytest.mark.parametrize("path", [False, True], ids=["parameter", "path"])
def test_direct_leaves_out_the_service_on_both_sides(stack: cdk.Stack, *, path: bool) -> None:
    """In the principal's policy and in the key's; the parameter and the principal remain."""
    key = ParameterKey(stack, "Key")
    role = _role(stack)
    if path:
        ParameterPath(stack, "Db", path="/shop/db", encryption_key=key).grant_read(role, direct=True)
    else:
        parameter = SecureStringParameter.from_name(stack, "Db", name="/shop/db", encryption_key=key)
        parameter.grant_read_history(role, direct=True)

    context = {"kms:EncryptionContext:PARAMETER_ARN": arn_of("/shop/db/*" if path else "/shop/db")}
    identity = only(stack, "AWS::IAM::Policy")["Properties"]["PolicyDocument"]["Statement"][-1]
    assert identity["Condition"] == {"StringLike" if path else "StringEquals": context}
    direct = _policy(stack)[-1]
    (key_context,) = context.values()
    compared: dict[str, Any] = {"kms:EncryptionContext:PARAMETER_ARN": [key_context]}
    account = {"kms:CallerAccount": "111122223333"}
    assert direct == {
        "Effect": "Allow",
        "Principal": ROOT,
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": _arn(stack, "Reader")},
            **({"StringLike": compared, "StringEquals": account} if path else {"StringEquals": compared | account}),
        },
    }


def test_fails_for_direct_use_of_a_key_that_is_not_ours(stack: cdk.Stack) -> None:
    """Its policy may not admit it, and cannot be changed from here."""
    for key in (ParameterKey.from_key_arn(KEY_ARN), ParameterKey.aws_managed()):
        parameter = SecureStringParameter.from_name(
            stack, f"Db{key.key_arn is None}", name="/shop/db", encryption_key=key
        )
        with pytest.raises(GrantError, match="direct=True needs a statement in the policy of its key, which is not"):
            parameter.grant_read(_role(stack, f"Reader{key.key_arn is None}"), direct=True)
    assert not resources(stack, "AWS::IAM::Policy")


def test_fails_in_strict_mode_for_who_has_no_arn_of_its_own(stack: cdk.Stack) -> None:
    """A group is no principal for a key policy."""
    key = ParameterKey(stack, "Key", mode=KeyMode.STRICT)
    parameter = SecureStringParameter.from_name(stack, "Db", name="/shop/db", encryption_key=key)
    with pytest.raises(GrantError, match="this one is neither a role nor a user: grant it to a role or"):
        parameter.grant_read(iam.Group(stack, "Group"))


def test_strict_mode_across_stacks_makes_no_cycle(stack: cdk.Stack) -> None:
    """The principal's stack needs the key, so the key policy spells the ARN; without a name that is an error."""
    key = ParameterKey(stack, "Key", mode=KeyMode.STRICT, path_prefixes=["/shop"])
    parameter = SecureStringParameter.from_name(stack, "Db", name="/shop/db", encryption_key=key)
    other = cdk.Stack(cdk.App.of(stack), "Other", env=cdk.Environment(account="111122223333", region="eu-west-1"))

    parameter.grant_read(_role(other, name="reader"))
    parameter.grant_read(iam.Role.from_role_name(other, "Imported", "imported"))
    with pytest.raises(GrantError, match=r"give Other/Nameless a name of its own \(role_name=...\), or define it in"):
        parameter.grant_read(_role(other, "Nameless"))

    arns = [
        {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":iam::111122223333:role/{name}"]]}
        for name in ("reader", "imported")
    ]
    named = _policy(stack)[-1]["Condition"]["ArnEquals"]["aws:PrincipalArn"]
    assert sorted(map(str, named)) == sorted(map(str, arns))


def test_fails_for_a_parameter_in_another_stack_than_its_strict_key(stack: cdk.Stack) -> None:
    """The function that keeps it would have to be named, and its stack needs the key."""
    key = ParameterKey(stack, "Key", mode=KeyMode.STRICT)
    other = cdk.Stack(cdk.App.of(stack), "Other", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    with pytest.raises(GrantError, match="give Other/SecureStringProvider/Role a name of its own"):
        SecureStringParameter(other, "Db", name="/shop/db", encryption_key=key)


def test_administrators_break_glass_and_multi_region(stack: cdk.Stack) -> None:
    """Administrators without use, the account's root among them so that nobody is locked out; the rest by option."""
    key = ParameterKey(
        stack,
        "Key",
        administrators=[_role(stack, "Keeper")],
        break_glass_role=_role(stack, "Glass"),
        multi_region=True,
    )

    administration, _, glass = _policy(stack)
    assert administration["Condition"] == {"ArnEquals": {"aws:PrincipalArn": [_arn(stack, "Keeper"), ROOT_ARN]}}
    assert (glass["Sid"], glass["Action"]) == ("BreakGlass", "kms:Decrypt")
    assert glass["Principal"] == {"AWS": _arn(stack, "Glass")}
    assert glass["Condition"] == {
        "StringEquals": {"kms:CallerAccount": "111122223333", "kms:ViaService": VIA_SSM},
        "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": [arn_of("/*")]},
    }
    assert only(stack, "AWS::KMS::Key")["Properties"]["MultiRegion"] is True
    assert key.key_arn


def test_fails_when_the_key_policy_is_too_large() -> None:
    """KMS admits 32,768 bytes; the error comes at synthesis and names the way out."""
    app = cdk.App()
    stack = cdk.Stack(app, "Shop", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    key = ParameterKey(stack, "Key")
    role = iam.Role.from_role_arn(stack, "Reader", "arn:aws:iam::111122223333:role/reader")
    for number in range(200):
        name = f"/shop/{'long/' * 10}{'x' * 60}{number}"
        parameter = SecureStringParameter.from_name(stack, f"P{number}", name=name, encryption_key=key)
        if number < 150:
            parameter.grant_read(role, direct=True)
    more = iam.Role.from_role_arn(stack, "More", "arn:aws:iam::111122223333:role/more")
    for number in range(50, 150):
        found = stack.node.find_child(f"P{number}")
        found.grant_read(more, direct=True)  # type: ignore[attr-defined]  # one of ours

    with pytest.raises(RuntimeError, match=r"the policy of key Shop/Key/Resource has \d+ bytes, and KMS admits 32768"):
        app.synth()
