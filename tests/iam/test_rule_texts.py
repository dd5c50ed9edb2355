"""What rules may say of patterns, held against all short texts."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssm_securestring.iam.model import Unknown
from ssm_securestring.iam.patterns import matches, pattern_of
from ssm_securestring.iam.rules.texts import covers, has_wildcard, is_about, is_every, may_meet

# Two patterns of three characters that meet do so in a text of six characters or less.
TEXTS = ["".join(each) for length in range(7) for each in product("ab", repeat=length)]
patterns = st.text(alphabet="ab*?", max_size=3)


@given(patterns, patterns)
def test_patterns_meet_when_both_match_a_text(one: str, other: str) -> None:
    """Not more often, and not less."""
    assert may_meet(one, other) == any(matches(one, text) and matches(other, text) for text in TEXTS)


@given(patterns, patterns)
def test_a_pattern_that_covers_another_matches_all_that_it_matches(one: str, other: str) -> None:
    """So what is said to be allowed as a whole is."""
    if covers(one, other):
        assert [text for text in TEXTS if matches(other, text) and not matches(one, text)] == []


@pytest.mark.parametrize(
    ("pattern", "other", "covered"),
    [
        ("*", "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/*", True),
        ("arn:*:parameter/shop/*", "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/db/*", True),
        ("arn:*:parameter/shop/*", "arn:aws:ssm:eu-west-1:111122223333:parameter/*", False),
        ("parameter/shop/?", "parameter/shop/*", False),
    ],
)
def test_what_covers_what(pattern: str, other: str, *, covered: bool) -> None:
    """The check above would hold if nothing covered anything."""
    assert covers(pattern, other) is covered


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "**",
        "arn:*",
        "arn:aws:ssm:*",
        "arn:aws:ssm:*:*:*",
        "arn:aws:*:eu-west-1:111122223333:*",
        "arn:aws:ssm:eu-west-1:111122223333:parameter/*",
        "arn:aws:ssm:eu-west-1:111122223333:parameter*",
    ],
)
def test_every_parameter(text: str) -> None:
    """Of all accounts, or of one."""
    assert is_every(text, service="ssm", kind="parameter")


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/*",
        "arn:aws:ssm:eu-west-1:111122223333:document/*",
        "arn:aws:kms:eu-west-1:111122223333:*",
        "arn:aws:s3:::*",
        "",
        Unknown(place="here", reason="it is told later"),
    ],
)
def test_not_every_parameter(text: str | Unknown) -> None:
    """Another service, a path, and what is not known."""
    assert not is_every(text, service="ssm", kind="parameter")


def test_what_a_text_is_about_is_the_third_part_of_its_arn() -> None:
    """Also where the rest is not known."""
    assert is_about("arn:aws:ssm:eu-west-1:111122223333:parameter/shop", service="ssm")
    assert is_about(Unknown(place="here", reason="it is told later", pattern="arn:*:ssm:*"), service="ssm")
    assert not is_about("arn:aws:s3:::ssm", service="ssm")
    assert not is_about("*", service="ssm")


def test_a_policy_variable_is_any_text_and_no_wildcard() -> None:
    """``${*}`` is a star that stands for itself."""
    assert pattern_of("parameter/${aws:username}/${*}") == "parameter/*/*"
    assert not has_wildcard("parameter/${aws:username}/${*}")
    assert has_wildcard("parameter/${aws:username}/*")
