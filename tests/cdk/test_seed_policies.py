"""The four example policies of AWS's page on Parameter Store and KMS, reproduced by grants, statement for statement.

Ours are stricter, which each test spells out: the KMS statement is bound to the parameter or to the path
(``kms:EncryptionContext:PARAMETER_ARN``), where the page opens everything under the key, and to calls that come through
Parameter Store (``kms:ViaService``). Reading leaves out the history.

Source:
    KMS Developer Guide, "How AWS Systems Manager Parameter Store uses AWS KMS".
"""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ssm_securestring.cdk import ParameterKey, ParameterPath, SecureStringParameter, SecureStringParameterBase, Tier
from tests.cdk.spelled import statements_of

ACCOUNT = "arn:aws:ssm:us-west-2:111122223333:parameter"
KEY = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture
def stack() -> cdk.Stack:
    """The Region and account of the page, with the partition written out."""
    app = cdk.App(context={"@aws-cdk/core:enablePartitionLiterals": True})
    return cdk.Stack(app, "Page", env=cdk.Environment(account="111122223333", region="us-west-2"))


def _parameter(stack: cdk.Stack, name: str, tier: Tier) -> SecureStringParameterBase:
    key = ParameterKey.from_key_arn(KEY)
    return SecureStringParameter.from_name(stack, "Parameter", name=name, encryption_key=key, tier=tier)


def _granted(stack: cdk.Stack, name: str, tier: Tier, verb: str) -> list[dict[str, Any]]:
    user = iam.Role(stack, "User", assumed_by=iam.AccountRootPrincipal())
    getattr(_parameter(stack, name, tier), verb)(user)
    return statements_of(stack, "User")


@pytest.mark.parametrize(
    ("name", "tier", "verb", "ssm_actions", "kms_action"),
    [
        pytest.param(
            "/FinancialParameters/rate", Tier.STANDARD, "grant_write", "ssm:PutParameter", "kms:Encrypt", id="standard"
        ),
        pytest.param(
            "/ReservedParameters/rate",
            Tier.ADVANCED,
            "grant_write",
            "ssm:PutParameter",
            "kms:GenerateDataKey",
            id="advanced",
        ),
        pytest.param(
            "/ITParameters/rate",
            Tier.ADVANCED,
            "grant_read",
            # The page writes ssm:GetParameter*, which also reads the history, that is, old secrets, and whole paths.
            ["ssm:GetParameter", "ssm:GetParameters"],
            "kms:Decrypt",
            id="read",
        ),
        pytest.param(
            "MyParameter",
            Tier.STANDARD,
            "grant_read",
            ["ssm:GetParameter", "ssm:GetParameters"],
            "kms:Decrypt",
            id="encryption-context",
        ),
    ],
)
def test_a_policy_of_the_page(  # noqa: PLR0917 - one column of the table each
    stack: cdk.Stack, name: str, tier: Tier, verb: str, ssm_actions: object, kms_action: str
) -> None:
    """The same actions on the same kind of resource under the same key, for one parameter instead of its path."""
    arn = f"{ACCOUNT}/{name.removeprefix('/')}"

    assert _granted(stack, name, tier, verb) == [
        {"Effect": "Allow", "Action": ssm_actions, "Resource": arn},
        {
            "Effect": "Allow",
            "Action": kms_action,
            "Resource": KEY,
            "Condition": {
                "StringEquals": {
                    "kms:EncryptionContext:PARAMETER_ARN": arn,
                    "kms:ViaService": "ssm.us-west-2.amazonaws.com",
                }
            },
        },
    ]


@pytest.mark.parametrize(
    ("path", "tier", "verb", "ssm_actions", "kms_action"),
    [
        ("/FinancialParameters", Tier.STANDARD, "grant_write", "ssm:PutParameter", "kms:Encrypt"),
        ("/ReservedParameters", Tier.ADVANCED, "grant_write", "ssm:PutParameter", "kms:GenerateDataKey"),
        (
            "/ITParameters",
            None,
            "grant_read",
            ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
            "kms:Decrypt",
        ),
    ],
    ids=["standard", "advanced", "read"],
)
def test_a_policy_of_the_page_for_its_path(  # noqa: PLR0917 - one column of the table each
    stack: cdk.Stack, path: str, tier: Tier | None, verb: str, ssm_actions: object, kms_action: str
) -> None:
    """The page's statements as they stand there, and what a grant on the same path makes of each."""
    below = f"{ACCOUNT}{path}/*"
    page_actions = "ssm:GetParameter*" if verb == "grant_read" else "ssm:PutParameter"
    page = [
        {"Effect": "Allow", "Action": page_actions, "Resource": below},
        {"Effect": "Allow", "Action": kms_action, "Resource": KEY},
    ]
    key = ParameterKey.from_key_arn(KEY)
    user = iam.Role(stack, "User", assumed_by=iam.AccountRootPrincipal())

    getattr(ParameterPath(stack, "Path", path=path, encryption_key=key, tier=tier), verb)(user)

    condition = {
        "StringEquals": {"kms:ViaService": "ssm.us-west-2.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": below},
    }
    # The page's pattern does not match the path itself, so by it the path could not be asked for.
    by_path = {"Effect": "Allow", "Action": "ssm:GetParametersByPath", "Resource": f"{ACCOUNT}{path}"}
    assert statements_of(stack, "User") == [
        page[0] | {"Action": ssm_actions},
        *([by_path] if verb == "grant_read" else []),
        page[1] | {"Condition": condition},
    ]
