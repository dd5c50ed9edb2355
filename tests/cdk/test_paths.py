"""A grant on a path reaches everything below it, and nothing beside it."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ssm_securestring.cdk import ParameterKey, ParameterPath, SecureStringParameter, Tier
from ssm_securestring.core.errors import GrantError, ParameterNameError, SettingError
from tests.cdk.spelled import KEY_ARN, VIA_SSM, arn_of, bound_to, resources, statements_of

KEY = ParameterKey.from_key_arn(KEY_ARN)
READ_ALL = ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"]


def _role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())


def _below(name: str) -> dict[str, Any]:
    return {
        "StringEquals": {"kms:ViaService": VIA_SSM},
        "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": arn_of(f"{name}/*")},
    }


def _use(action: str | list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": KEY_ARN, "Condition": _below("/shop/db")}


def _on(actions: str | list[str], arn: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": arn}


@pytest.mark.parametrize(
    ("verb", "tier", "expected"),
    [
        (
            "grant_read",
            None,
            [
                _on(READ_ALL, arn_of("/shop/db/*")),
                _on("ssm:GetParametersByPath", arn_of("/shop/db")),
                _use("kms:Decrypt"),
            ],
        ),
        ("grant_write", Tier.STANDARD, [_on("ssm:PutParameter", arn_of("/shop/db/*")), _use("kms:Encrypt")]),
        ("grant_write", Tier.ADVANCED, [_on("ssm:PutParameter", arn_of("/shop/db/*")), _use("kms:GenerateDataKey")]),
        (
            "grant_read_write",
            Tier.INTELLIGENT_TIERING,
            [
                _on([*READ_ALL, "ssm:PutParameter"], arn_of("/shop/db/*")),
                _on("ssm:GetParametersByPath", arn_of("/shop/db")),
                _use(["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]),
            ],
        ),
        (
            "grant_read_history",
            None,
            [_on("ssm:GetParameterHistory", arn_of("/shop/db/*")), _use("kms:Decrypt")],
        ),
        ("grant_read_metadata", None, [_on("ssm:DescribeParameters", "*")]),
        ("grant_delete", None, [_on(["ssm:DeleteParameter", "ssm:DeleteParameters"], arn_of("/shop/db/*"))]),
    ],
)
def test_each_verb_gives_exactly_these_statements(
    stack: cdk.Stack, verb: str, tier: Tier | None, expected: list[dict[str, Any]]
) -> None:
    """The children, compared with StringLike in KMS; the path's own ARN only for the call that asks for it."""
    path = ParameterPath(stack, "Db", path="/shop/db", encryption_key=KEY, tier=tier)

    getattr(path, verb)(_role(stack))

    assert statements_of(stack, "Reader") == expected
    assert path.path == "/shop/db"


def test_the_path_itself_goes_along_when_asked_for(stack: cdk.Stack) -> None:
    """Its own ARN under StringEquals, beside the pattern: a pattern /shop/db* would open /shop/dbx."""
    path = ParameterPath(stack, "Db", path="/shop/db", encryption_key=KEY, include_path_itself=True)

    path.grant_read(_role(stack))

    assert statements_of(stack, "Reader") == [
        _on(READ_ALL, [arn_of("/shop/db"), arn_of("/shop/db/*")]),
        _on("kms:Decrypt", KEY_ARN) | {"Condition": bound_to("/shop/db")},
        _use("kms:Decrypt"),
    ]


def test_grants_of_a_path_and_of_a_parameter_merge(stack: cdk.Stack) -> None:
    """One inline policy, in which neither widens the other."""
    role = _role(stack)
    ParameterPath(stack, "Db", path="/shop/db", encryption_key=KEY).grant_read(role)
    SecureStringParameter.from_name(stack, "Mail", name="/shop/mail", encryption_key=KEY).grant_read(role)

    assert statements_of(stack, "Reader") == [
        _on(["ssm:GetParameter", "ssm:GetParameters"], arn_of("/shop/mail")),
        _on(READ_ALL, arn_of("/shop/db/*")),
        _on("ssm:GetParametersByPath", arn_of("/shop/db")),
        _on("kms:Decrypt", KEY_ARN) | {"Condition": bound_to("/shop/mail")},
        _use("kms:Decrypt"),
    ]
    assert len(resources(stack, "AWS::IAM::Policy")) == 1


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/shop/", "has an empty level"),
        ("shop", "is no path: write '/shop'"),
        ("/shop/*", r"contains '\*'"),
        ("/", "has an empty level"),
    ],
)
def test_fails_for_what_is_no_path(stack: cdk.Stack, path: str, problem: str) -> None:
    """The whole store is no path either: that grant would be the one of the key."""
    with pytest.raises(ParameterNameError, match=problem):
        ParameterPath(stack, "Db", path=path, encryption_key=KEY)


def test_fails_for_a_path_that_is_a_token(stack: cdk.Stack) -> None:
    """Its text is not known when policies are written."""
    with pytest.raises(ParameterNameError, match="is a token, whose text is not known at synthesis: write the path"):
        ParameterPath(stack, "Db", path=f"/{stack.stack_id}", encryption_key=KEY)


def test_fails_for_a_path_that_the_key_does_not_admit(stack: cdk.Stack) -> None:
    """Below the prefix or the prefix itself, which has only admitted children."""
    key = ParameterKey(stack, "Key", path_prefixes=["/shop/db"])
    for path, itself in (("/shop", False), ("/shop/dbx", False), ("/shop/db", True)):
        with pytest.raises(SettingError, match=f"admits only parameters under /shop/db, not all of '{path}': add"):
            ParameterPath(stack, "Path", path=path, encryption_key=key, include_path_itself=itself)
    ParameterPath(stack, "Path", path="/shop/db", encryption_key=key)
    ParameterPath(stack, "Below", path="/shop/db/a", encryption_key=key, include_path_itself=True)


def test_fails_to_grant_writing_when_the_tier_is_not_known(stack: cdk.Stack) -> None:
    """As for one parameter."""
    path = ParameterPath(stack, "Db", path="/shop/db", encryption_key=KEY)
    with pytest.raises(GrantError, match="cannot grant path /shop/db, because writing takes other permissions"):
        path.grant_manage(_role(stack))


def test_under_the_aws_managed_key_there_is_nothing_to_permit_in_kms(stack: cdk.Stack) -> None:
    """Then only Parameter Store limits it."""
    ParameterPath(stack, "Db", path="/shop/db", encryption_key=ParameterKey.aws_managed()).grant_read(_role(stack))

    assert "kms:" not in str(statements_of(stack, "Reader"))
