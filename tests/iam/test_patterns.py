"""Patterns of policies: which texts they fit."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssm_securestring.iam.model import Unknown
from ssm_securestring.iam.patterns import Style, matches, texts_of


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "", True),
        ("*", "anything:at/all", True),
        ("?", "", False),
        ("?", ":", True),
        ("", "", True),
        ("abc", "abc", True),
        ("abc", "Abc", False),
        ("a*c", "ac", True),
        ("a*c", "a:b/c", True),
        ("a*c", "acb", False),
        ("a?c", "ac", False),
        ("*ab", "aab", True),
        ("*a*b*", "xbxaxb", True),
        ("*a*b*", "xbxa", False),
        ("a*a", "a", False),
        ("arn:aws:ssm:*:parameter/x", "arn:aws:ssm:eu-west-1:111122223333:parameter/x", True),
        ("a.c", "abc", False),
        ("a\n*", "a\nb", True),
    ],
)
def test_a_pattern_fits_as_iam_documents(pattern: str, text: str, fits: bool) -> None:  # noqa: FBT001 - a table
    """A star is any text, colons and slashes included; a question mark is one character; the rest is itself."""
    assert matches(pattern, text) is fits


def test_case_counts_unless_it_is_said_not_to() -> None:
    """Resources are compared exactly, actions in any case."""
    assert not matches("kms:Decrypt*", "KMS:decrypt")
    assert matches("kms:Decrypt*", "KMS:decrypt", ignore_case=True)
    assert matches("kms:Decrypt", "KMS:decrypt", ignore_case=True)


@given(pattern=st.text("ab*?:", max_size=8), text=st.text("ab:", max_size=8))
def test_patterns_fit_what_a_plain_reading_of_them_fits(pattern: str, text: str) -> None:
    """The expression that never tries a star again decides as the obvious one does."""
    obvious = "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)

    assert matches(pattern, text) is (re.fullmatch(obvious, text) is not None)


@given(pattern=st.text("ab*?:", max_size=14), text=st.text("ab:", max_size=14))
def test_arns_are_compared_part_by_part(pattern: str, text: str) -> None:
    """The first five parts each by itself, and all the rest as one."""
    parts, found = pattern.split(":", 5), text.split(":", 5)
    expected = (
        len(parts) == len(found) == 6
        and all(":" not in each for each in found[:5])
        and all(matches(part, each) for part, each in zip(parts, found, strict=True))
    )

    assert texts_of((pattern,), style=Style.ARN).match(text, {}) is (None if len(parts) < 6 else expected)


def test_a_pattern_of_many_stars_is_quick_to_fail() -> None:
    """A policy cannot stall the proof: with backtracking this would take years."""
    assert not matches("*a" * 40 + "b", "a" * 2000)


def test_what_is_not_known_decides_nothing_unless_it_cannot_fit() -> None:
    """A value of which a part is known is compared with that part."""
    unknown = Unknown(place="Shop/Policy", reason="Fn::Cidr is not supported", pattern="arn:aws:kms:*")
    texts = texts_of(("arn:aws:ssm:one", unknown), style=Style.GLOB)

    assert texts.match("arn:aws:ssm:one", {}) is True
    assert texts.match("arn:aws:kms:two", {}) is None
    assert texts.match("arn:aws:ssm:two", {}) is False
    assert texts.unknown_for("arn:aws:kms:two") == [unknown]
