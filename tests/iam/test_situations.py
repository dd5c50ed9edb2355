"""Condition keys take every value that their conditions tell apart, and no value at all."""

import pytest

from ssm_securestring.iam import situations
from ssm_securestring.iam.model import Condition, Effect, Statement, Unknown
from ssm_securestring.iam.patterns import pattern_of
from ssm_securestring.iam.situations import Value, combinations, conditions_on, patterns_in, values_of
from ssm_securestring.iam.witnesses import TooManyCombinationsError


def condition(operator: str, *values: str, key: str = "aws:SomeKey") -> Condition:
    """Spell a condition."""
    return Condition(operator=operator, key=key, values=values)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([condition("StringEquals", "a")], [None, "a", "z"]),
        ([condition("StringLike", "a*"), condition("StringNotEquals", "ab")], [None, "z", "az", "ab"]),
        ([condition("StringEqualsIgnoreCase", "a")], [None, "A", "a", "z"]),
        ([condition("Bool", "true")], [None, "true", "false"]),
        ([condition("Null", "true")], [None, "present"]),
        ([condition("NumericLessThanIfExists", "10")], [None, "9", "10", "11"]),
        (
            [condition("DateGreaterThan", "2026-01-01T00:00:00Z")],
            [None, "2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"],
        ),
        ([condition("IpAddress", "10.0.0.0/8")], [None, "10.0.0.0", "192.0.2.1"]),
        ([condition("NotIpAddress", "192.0.2.0/24")], [None, "192.0.2.0", "198.51.100.1"]),
        (
            [condition("ForAllValues:StringEquals", "a", "b")],
            [None, ("a",), ("b",), ("z",), ("a", "b", "z")],
        ),
    ],
)
def test_values_that_conditions_tell_apart(conditions: list[Condition], expected: list[Value]) -> None:
    """One on either side of each border, and the key's absence."""
    assert sorted(values_of(conditions), key=str) == sorted(expected, key=str)


def test_keys_that_follow_from_caller_and_resource_are_no_choice() -> None:
    """Their value is given by the request; others are collected over all statements, in whichever case."""
    statements = [
        Statement(
            effect=Effect.ALLOW,
            actions=("kms:Decrypt",),
            resources=("*",),
            conditions=(
                condition("ArnEquals", "arn:aws:iam::111122223333:role/x", key="aws:PrincipalArn"),
                condition("StringEquals", "111122223333", key="kms:CallerAccount"),
                condition("StringEquals", "a", key="aws:SourceVpce"),
            ),
        ),
        Statement(
            effect=Effect.DENY,
            actions=("kms:*",),
            resources=("*",),
            conditions=(condition("StringEquals", "b", key="AWS:sourceVpce"),),
        ),
    ]

    found = conditions_on(statements, besides=("kms:ViaService",))

    assert {key: [each.values for each in conditions] for key, conditions in found.items()} == {
        "aws:sourcevpce": [("a",), ("b",)]
    }


def test_every_combination_is_made_and_absent_keys_are_left_out() -> None:
    """Two keys with two choices each."""
    assert list(combinations({"a": [None, "1"], "b": [None, "2"]})) == [
        {},
        {"b": "2"},
        {"a": "1"},
        {"a": "1", "b": "2"},
    ]


def test_fails_when_there_are_too_many_combinations(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so after what it has made, so that nobody takes it for everything."""
    monkeypatch.setattr(situations, "MAX_SITUATIONS", 3)
    made = combinations({"a": [None, "1"], "b": [None, "2"]})

    assert [next(made) for _ in range(3)] == [{}, {"b": "2"}, {"a": "1"}]
    with pytest.raises(TooManyCombinationsError, match="conditions on a, b can be combined in more than 3 ways"):
        next(made)


def test_what_is_filled_in_later_is_a_wildcard() -> None:
    """Policy variables, and values that are not known; each keeps what is known of it."""
    assert pattern_of("/shop/${aws:username}/${aws:PrincipalTag/team}") == "/shop/*/*"
    assert pattern_of(Unknown(place="", reason="", pattern="/shop/*")) == "/shop/*"
    assert patterns_in([condition("StringEqualsIgnoreCase", "/Shop")]) == {"/Shop", "/sHOP"}
    arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/shop"
    assert patterns_in([condition("StringEqualsIgnoreCase", arn)]) == {arn, arn.replace("shop", "SHOP")}
