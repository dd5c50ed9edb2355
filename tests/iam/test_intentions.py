"""Access as a test writes it down is held against what policies allow, whoever wrote those."""

import pytest

from ssm_securestring.core.errors import SettingError
from ssm_securestring.iam.intentions import Intended, compare
from ssm_securestring.iam.world import World
from tests.iam.worlds import CONTEXT, KEY_ARN, PASSWORD, PREFIX, VIA, allow, key, policy, reading, role, world

# Written by hand, so that nothing is recorded as granted.
HAND_MADE = world(role("Reader", *reading(PASSWORD)), role("Auditor", allow("ssm:DescribeParameters", "*")))
INTENDED = {"Shop/Reader": {"read": ["/shop/db/password"]}, "Shop/Auditor": {"read metadata": ["*"]}}


def test_what_is_written_down_is_what_is_allowed() -> None:
    """No difference, no line."""
    assert compare(HAND_MADE, INTENDED) == []


def test_a_leading_slash_makes_no_difference() -> None:
    """As for Parameter Store with names of one level."""
    assert compare(HAND_MADE, {**INTENDED, "Shop/Reader": {"read": ["shop/db/password"]}}) == []


@pytest.mark.parametrize(
    ("intended", "expected"),
    [
        (
            {"Shop/Auditor": {"read metadata": ["*"]}},
            [
                "allowed, but not intended: Shop/Reader can read /shop/db/password",
                f"allowed, but not intended: Shop/Reader, kms:Decrypt on /shop/db/password, through {VIA}",
                "allowed, but not intended: Shop/Reader, ssm:GetParameter on /shop/db/password",
                "allowed, but not intended: Shop/Reader, ssm:GetParameters on /shop/db/password",
            ],
        ),
        (
            {**INTENDED, "Shop/Reader": {"read": ["/shop/db/password", "/shop/mail/api-key"]}},
            ["intended, but not allowed: Shop/Reader can read /shop/mail/api-key"],
        ),
        (
            {**INTENDED, "Shop/Reader": {"read": ["/shop/db/password"], "delete": ["/shop/db/password"]}},
            ["intended, but not allowed: Shop/Reader can delete /shop/db/password"],
        ),
    ],
)
def test_each_difference_is_a_line(intended: Intended, expected: list[str]) -> None:
    """In both directions."""
    assert compare(HAND_MADE, intended) == expected


def test_a_parameter_that_does_not_exist_yet_counts() -> None:
    """A pattern that is too wide opens no parameter of today, and the next one."""
    wide = {"StringEquals": {"kms:ViaService": VIA}, "StringLike": {CONTEXT: f"{PREFIX}/shop/db/*"}}
    reader = role(
        "Reader",
        allow(["ssm:GetParameter", "ssm:GetParameters"], PASSWORD),
        allow("kms:Decrypt", KEY_ARN, Condition=wide),
    )

    assert compare(world(reader), {"Shop/Reader": {"read": ["/shop/db/password"]}}) == [
        "allowed, but not intended: Shop/Reader, kms:Decrypt on /shop/db/z, through ssm.eu-west-1.amazonaws.com"
    ]


def test_decrypting_directly_is_an_operation_of_its_own() -> None:
    """It needs a key whose policy is not bound to Parameter Store."""
    open_key = key(policy(allow("kms:Decrypt", "*", Principal={"AWS": "111122223333"}), place="Shop/Key"))
    direct = world(
        role("Reader", allow("kms:Decrypt", KEY_ARN, Condition={"StringEquals": {CONTEXT: PASSWORD}})), keys=[open_key]
    )

    assert compare(direct, {"Shop/Reader": {"decrypt directly": ["/shop/db/password"]}}) == []


@pytest.mark.parametrize(
    ("intended", "message"),
    [
        (
            {"Shop/Writer": {"read": ["/shop/db/password"]}},
            "allows has a principal 'Shop/Writer', which is not known here: write one of Shop/Reader, Shop/Auditor",
        ),
        (
            {"Shop/Reader": {"read": ["/shop/db/passwort"]}},
            "allows has a parameter '/shop/db/passwort', which is not known here: write one of /shop/db/password, ",
        ),
        ({"Shop/Reader": {"reed": ["/shop/db/password"]}}, "operation 'reed' is none: write one of 'read', "),
    ],
)
def test_fails_when_something_is_not_known(intended: Intended, message: str) -> None:
    """A typing mistake in a test must not look like access that is refused."""
    with pytest.raises(SettingError) as caught:
        compare(HAND_MADE, intended)

    assert str(caught.value).startswith(message)


def test_an_empty_world_has_nothing_to_differ() -> None:
    """No principals, no keys, no parameters."""
    assert compare(World(principals=(), keys=(), parameters=(), declared=()), {}) == []
