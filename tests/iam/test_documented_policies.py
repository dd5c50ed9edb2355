"""The four example policies of "How AWS Systems Manager Parameter Store uses AWS KMS", each with what it lets do."""

import pytest

from ssm_securestring.iam.evaluate import decide
from ssm_securestring.iam.keys import decide_key
from ssm_securestring.iam.model import Caller, Identity, Request
from ssm_securestring.iam.policy import parse_policy

ACCOUNT = "111122223333"
KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/0987dcba-09fe-87dc-65ba-ab0987654321"
PARAMETER = f"arn:aws:ssm:us-west-2:{ACCOUNT}:parameter"
USER = Caller(arn=f"arn:aws:iam::{ACCOUNT}:user/alice", account=ACCOUNT)
KEY_POLICY = parse_policy(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
    },
    place="Key",
)


def two(parameter_action: str, parameter: str, key_action: str, **condition: object) -> Identity:
    """Read a policy of the document: a statement for parameters, and one for the key."""
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": [parameter_action], "Resource": f"{PARAMETER}/{parameter}"},
            {"Effect": "Allow", "Action": [key_action], "Resource": KEY, **condition},
        ],
    }
    return Identity(policies=(parse_policy(document, place="Policy"),))


STANDARD_WRITER = two("ssm:PutParameter", "FinancialParameters/*", "kms:Encrypt")
ADVANCED_WRITER = two("ssm:PutParameter", "ReservedParameters/*", "kms:GenerateDataKey")
READER = two("ssm:GetParameter*", "ITParameters/*", "kms:Decrypt")
READER_OF_ONE = two(
    "ssm:GetParameter*",
    "MyParameter",
    "kms:Decrypt",
    Condition={"StringEquals": {"kms:EncryptionContext:PARAMETER_ARN": f"{PARAMETER}/MyParameter"}},
)


@pytest.mark.parametrize(
    ("who", "action", "parameter", "allowed"),
    [
        (STANDARD_WRITER, "ssm:PutParameter", "FinancialParameters/a", True),
        (STANDARD_WRITER, "ssm:PutParameter", "FinancialParameters/a/b", True),
        (STANDARD_WRITER, "ssm:PutParameter", "FinancialParameters", False),
        (STANDARD_WRITER, "ssm:PutParameter", "FinancialParametersX/a", False),
        (STANDARD_WRITER, "ssm:PutParameter", "ReservedParameters/a", False),
        (STANDARD_WRITER, "ssm:GetParameter", "FinancialParameters/a", False),
        (STANDARD_WRITER, "ssm:DeleteParameter", "FinancialParameters/a", False),
        (ADVANCED_WRITER, "ssm:PutParameter", "ReservedParameters/a", True),
        (ADVANCED_WRITER, "ssm:PutParameter", "FinancialParameters/a", False),
        (ADVANCED_WRITER, "ssm:GetParameter", "ReservedParameters/a", False),
        (READER, "ssm:GetParameter", "ITParameters/a", True),
        (READER, "ssm:GetParameters", "ITParameters/a", True),
        (READER, "ssm:GetParametersByPath", "ITParameters/", True),
        (READER, "ssm:GetParametersByPath", "ITParameters", False),
        (READER, "ssm:GetParameterHistory", "ITParameters/a", True),
        (READER, "ssm:PutParameter", "ITParameters/a", False),
        (READER, "ssm:GetParameter", "itparameters/a", False),
        (READER_OF_ONE, "ssm:GetParameter", "MyParameter", True),
        (READER_OF_ONE, "ssm:GetParameterHistory", "MyParameter", True),
        (READER_OF_ONE, "ssm:GetParameter", "MyParameter2", False),
        (READER_OF_ONE, "ssm:PutParameter", "MyParameter", False),
    ],
)
def test_parameters_that_the_examples_open(who: Identity, action: str, parameter: str, allowed: bool) -> None:  # noqa: FBT001 - a table
    """The operation that the example is for, below its path, and no other."""
    asked = Request(caller=USER, action=action, resource=f"{PARAMETER}/{parameter}")

    assert decide(asked, who).allowed is allowed


@pytest.mark.parametrize(
    ("who", "action", "key", "context", "allowed"),
    [
        (STANDARD_WRITER, "kms:Encrypt", KEY, "FinancialParameters/a", True),
        (STANDARD_WRITER, "kms:Encrypt", KEY, "ReservedParameters/a", True),
        (STANDARD_WRITER, "kms:Encrypt", OTHER_KEY, "FinancialParameters/a", False),
        (STANDARD_WRITER, "kms:GenerateDataKey", KEY, "FinancialParameters/a", False),
        (STANDARD_WRITER, "kms:Decrypt", KEY, "FinancialParameters/a", False),
        (ADVANCED_WRITER, "kms:GenerateDataKey", KEY, "ReservedParameters/a", True),
        (ADVANCED_WRITER, "kms:Encrypt", KEY, "ReservedParameters/a", False),
        (ADVANCED_WRITER, "kms:Decrypt", KEY, "ReservedParameters/a", False),
        (READER, "kms:Decrypt", KEY, "ITParameters/a", True),
        (READER, "kms:Decrypt", KEY, "FinancialParameters/a", True),
        (READER, "kms:Decrypt", OTHER_KEY, "ITParameters/a", False),
        (READER, "kms:Encrypt", KEY, "ITParameters/a", False),
        (READER_OF_ONE, "kms:Decrypt", KEY, "MyParameter", True),
        (READER_OF_ONE, "kms:Decrypt", KEY, "MyParameter2", False),
        (READER_OF_ONE, "kms:Decrypt", KEY, "/MyParameter", False),
        (READER_OF_ONE, "kms:Decrypt", KEY, None, False),
        (READER_OF_ONE, "kms:Decrypt", OTHER_KEY, "MyParameter", False),
    ],
)
def test_keys_that_the_examples_open(who: Identity, action: str, key: str, context: str | None, allowed: bool) -> None:  # noqa: FBT001 - a table
    """The first three open the key for whatever it encrypted; the last for one parameter."""
    pair = {} if context is None else {"kms:EncryptionContext:PARAMETER_ARN": f"{PARAMETER}/{context}"}
    asked = Request(caller=USER, action=action, resource=key, context=pair)

    assert decide_key(asked, who, key_policy=KEY_POLICY, key_account=ACCOUNT).allowed is allowed
