"""A parameter for another account: one call makes the share, opens the key for one principal, and says what is left."""

import json
from typing import Any

import aws_cdk as cdk
import pytest

from ssm_securestring.cdk import EncryptionKey, ParameterKey, SecureStringParameter, Tier
from ssm_securestring.core.errors import GrantError
from tests.cdk.spelled import KEY_ARN, VIA_SSM, arn_of, only, resources

READER = "arn:aws:iam::999922223333:role/reports"


def _shared(stack: cdk.Stack, *principal_arns: str) -> None:
    key = ParameterKey(stack, "Key")
    parameter = SecureStringParameter(
        stack, "Certificate", name="/shop/certificate", encryption_key=key, tier=Tier.ADVANCED
    )
    for number, arn in enumerate(principal_arns):
        parameter.share_read(f"Share{number}", principal_arn=arn)


def _bound(name: str) -> dict[str, Any]:
    return {"kms:ViaService": VIA_SSM, "kms:EncryptionContext:PARAMETER_ARN": name}


def test_one_call_shares_the_parameter_and_opens_the_key_for_one_principal(stack: cdk.Stack) -> None:
    """RAM's share for reading, and a statement that names principal, parameter and Parameter Store."""
    _shared(stack, READER)

    share = only(stack, "AWS::RAM::ResourceShare")["Properties"]
    (parameter,) = resources(stack, "Custom::SsmSecureString")
    permission = ":ram::aws:permission/AWSRAMDefaultPermissionSSMParameterReadOnly"
    assert share["Principals"] == ["999922223333"]
    assert share["ResourceArns"] == [{"Fn::GetAtt": [parameter, "Arn"]}]
    assert share["PermissionArns"] == [{"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, permission]]}]
    other = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::999922223333:root"]]}
    assert only(stack, "AWS::KMS::Key")["Properties"]["KeyPolicy"]["Statement"][-1] == {
        "Effect": "Allow",
        "Principal": {"AWS": other},
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": READER},
            "StringEquals": {
                "kms:ViaService": VIA_SSM,
                "kms:EncryptionContext:PARAMETER_ARN": [arn_of("/shop/certificate")],
            },
        },
    }


def test_the_output_is_what_the_other_account_has_to_attach(stack: cdk.Stack) -> None:
    """Two statements, of which neither has a wildcard."""
    _shared(stack, READER)

    template = cdk.App.of(stack).synth().get_stack_by_name("Shop").template  # type: ignore[union-attr]  # it has one
    (output,) = [each for name, each in template["Outputs"].items() if "Statements" in name]
    assert output["Description"] == "To attach in account 999922223333, which reads /shop/certificate by its ARN"
    (key_id,) = resources(stack, "AWS::KMS::Key")
    texts = {"AWS::Partition": "aws", key_id: KEY_ARN}
    statements = json.loads(
        "".join(
            part if isinstance(part, str) else texts[part.get("Ref") or part["Fn::GetAtt"][0]]
            for part in output["Value"]["Fn::Join"][1]
        )
    )
    arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/certificate"
    assert statements == [
        {"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"], "Resource": arn},
        {
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": KEY_ARN,
            "Condition": {"StringEquals": _bound(arn)},
        },
    ]


def test_each_principal_gets_a_statement_and_a_share_of_its_own(stack: cdk.Stack) -> None:
    """Two roles of two accounts do not see what is for the other."""
    _shared(stack, READER, "arn:aws:iam::888822223333:user/auditor")

    assert len(resources(stack, "AWS::RAM::ResourceShare")) == 2
    statements = only(stack, "AWS::KMS::Key")["Properties"]["KeyPolicy"]["Statement"]
    named = [each["Condition"]["ArnEquals"]["aws:PrincipalArn"] for each in statements if "ArnEquals" in str(each)]
    assert named == [READER, "arn:aws:iam::888822223333:user/auditor"]


@pytest.mark.parametrize(
    ("principal", "problem"),
    [
        ("arn:aws:iam::999922223333:role/*", "is not the ARN of one role or user"),
        ("arn:aws:iam::999922223333:root", "is not the ARN of one role or user"),
        ("*", "is not the ARN of one role or user"),
        ("arn:aws:iam::111122223333:role/x", "because this principal is of the same account: use grant_read"),
    ],
)
def test_fails_for_anything_but_one_principal_of_another_account(
    stack: cdk.Stack, principal: str, problem: str
) -> None:
    """Nothing wider is ever written."""
    with pytest.raises(GrantError, match=problem):
        _shared(stack, principal)


@pytest.mark.parametrize(
    ("tier", "key", "problem"),
    [
        (Tier.STANDARD, None, "shares only advanced parameters with other accounts: write tier=Tier.ADVANCED"),
        (Tier.INTELLIGENT_TIERING, None, "shares only advanced parameters"),
        (Tier.ADVANCED, ParameterKey.aws_managed(), "the AWS managed key can never be shared"),
        (Tier.ADVANCED, ParameterKey.from_key_arn(KEY_ARN), "needs a statement in the policy of its key, which is not"),
    ],
)
def test_fails_for_what_aws_would_not_share(
    stack: cdk.Stack, tier: Tier, key: EncryptionKey | None, problem: str
) -> None:
    """Found at synthesis, before a share is made that opens nothing."""
    parameter = SecureStringParameter(stack, "Parameter", name="/shop/p", encryption_key=key, tier=tier)
    with pytest.raises(GrantError, match=problem):
        parameter.share_read("Share", principal_arn=READER)
    assert not resources(stack, "AWS::RAM::ResourceShare")


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("eu-west-1:888822223333", "because it is in account 888822223333 and this stack is in 111122223333"),
        ("us-east-1:111122223333", "because it is in Region us-east-1 and this stack is in eu-west-1"),
    ],
)
def test_fails_away_from_where_the_parameter_is(stack: cdk.Stack, place: str, problem: str) -> None:
    """Only the owner can share, and a share is of one Region."""
    arn = f"arn:aws:ssm:{place}:parameter/shop/p"
    key = ParameterKey(stack, "Key")
    parameter = SecureStringParameter.from_arn(stack, "P", arn=arn, encryption_key=key, tier=Tier.ADVANCED)

    with pytest.raises(GrantError, match=f"{problem}: call share_read"):
        parameter.share_read("Share", principal_arn=READER)
