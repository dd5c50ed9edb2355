"""A parameter that may be replaced: what the function may do for it besides, and what is refused at synthesis."""

from typing import Any

import aws_cdk as cdk
import pytest

from ssm_securestring.cdk import ParameterKey, SecureStringParameter, Tier, ValueSource
from ssm_securestring.core.errors import ParameterNameError, SettingError
from tests.cdk.spelled import KEY_ARN, arn_of, bound_to, only, permissions, resources

KEY = ParameterKey.from_key_arn(KEY_ARN)


def replacement_policies(stack: cdk.Stack) -> dict[str, Any]:
    """Return the policies that are for replacements."""
    return {name: each for name, each in resources(stack, "AWS::IAM::Policy").items() if "Replacement" in name}


def test_the_role_may_do_this_besides(stack: cdk.Stack) -> None:
    """For the copy of one value, by its name, and the history of that one parameter; in a policy of its own.

    Of its own, so that a rollback finds it: what an update adds is removed after everything else is taken back.
    """
    SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=KEY, allow_replacement=True)

    (policy,) = replacement_policies(stack).values()
    copy = arn_of("/shop/db.recovery")
    from_here = {**bound_to("/shop/db.recovery")["StringEquals"], "kms:CallerAccount": "111122223333"}  # type: ignore[dict-item]
    assert permissions(policy["Properties"]["PolicyDocument"]["Statement"]) == permissions(
        [
            {
                "Action": ["ssm:AddTagsToResource", "ssm:GetParameter", "ssm:ListTagsForResource", "ssm:PutParameter"],
                "Resource": copy,
            },
            {"Action": "ssm:GetParameterHistory", "Resource": arn_of("/shop/db")},
            {"Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringEquals": from_here}},
            {"Action": "kms:Encrypt", "Resource": KEY_ARN, "Condition": bound_to("/shop/db.recovery")},
        ]
    )


def test_the_parameter_waits_for_it(stack: cdk.Stack) -> None:
    """The function needs it as soon as it is asked."""
    SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=KEY, allow_replacement=True)

    (name,) = replacement_policies(stack)
    resource = only(stack, "Custom::SsmSecureString")
    assert name in resource["DependsOn"]
    assert resource["Properties"]["AllowReplacement"] == "true"


def test_parameters_that_do_not_ask_get_nothing(stack: cdk.Stack) -> None:
    """No policy, no property: stacks that are deployed see no change."""
    SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=KEY, tier=Tier.ADVANCED)

    assert not replacement_policies(stack)
    assert "AllowReplacement" not in only(stack, "Custom::SsmSecureString")["Properties"]


def test_under_the_key_of_aws_no_key_is_named_for_encryption(stack: cdk.Stack) -> None:
    """Its own policy admits everybody in the account."""
    key = ParameterKey.aws_managed()
    SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=key, allow_replacement=True)

    (policy,) = replacement_policies(stack).values()
    actions = {action for action, _, _ in permissions(policy["Properties"]["PolicyDocument"]["Statement"])}
    assert "kms:Encrypt" not in actions


def test_fails_where_the_copy_has_the_name_of_another_parameter(stack: cdk.Stack) -> None:
    """In one app, at synthesis."""
    SecureStringParameter(stack, "Copy", name="/shop/db.recovery", encryption_key=KEY)

    with pytest.raises(SettingError, match=r"name '/shop/db.recovery' is taken by Shop/Copy"):
        SecureStringParameter(stack, "Db", name="/shop/db", encryption_key=KEY, allow_replacement=True)


def test_fails_where_the_name_of_the_copy_is_too_long(stack: cdk.Stack) -> None:
    """The parameter itself just fits."""
    name = "/shop/" + "n" * 955

    with pytest.raises(ParameterNameError, match="characters long"):
        SecureStringParameter(stack, "Db", name=name, encryption_key=KEY, allow_replacement=True)


def test_fails_with_adoption(stack: cdk.Stack) -> None:
    """What was there before is never deleted."""
    with pytest.raises(SettingError) as caught:
        SecureStringParameter(
            stack,
            "Db",
            name="/shop/db",
            encryption_key=KEY,
            value=ValueSource.external(),
            adopt_existing=True,
            allow_replacement=True,
        )

    assert str(caught.value).startswith(
        "allow_replacement does not go with adopt_existing=True: an adopted parameter is never deleted"
    )
