"""Made-up texts show every way in which patterns can match, and no other; held against trying all short texts."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssm_securestring.iam import witnesses as module
from ssm_securestring.iam.witnesses import TooManyCombinationsError, is_literal, witnesses

PREFIX = "arn:aws:ssm:eu-west-1:111122223333:parameter"


def fits(pattern: str, text: str) -> bool:
    """Match without the code under test."""
    expression = "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def told_apart(patterns: list[str], text: str) -> tuple[bool, ...]:
    """Return which patterns match; what is equal for two texts, no statement tells apart."""
    return tuple(fits(each, text) for each in patterns)


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([], ["/z"]),
        (["/shop/db"], ["/shop/db", "/z"]),
        (["/shop/*"], ["/shop/z", "/z"]),
        (["/shop/*", "/shop/db"], ["/shop/db", "/shop/z", "/z"]),
        (["/shop/db*", "/shop/db/*"], ["/shop/db/z", "/shop/dbz", "/z"]),
        (["/a/?", "/a/*"], ["/a/z", "/a/zz", "/z"]),
        (["*/password", "/shop/*"], ["/shop/z", "/shop/z/password", "/z", "/z/password"]),
        # What only a text with an empty level matches, no parameter matches.
        (["//shop/db"], ["/z"]),
        (["/shop/"], ["/z"]),
    ],
)
def test_one_text_for_each_way_to_match(patterns: list[str], expected: list[str]) -> None:
    """Names of parameters, as policies have them."""
    found = witnesses(
        [f"{PREFIX}{each}" for each in patterns if each.startswith("/")]
        + [each for each in patterns if each[0] == "*"],
        domain=f"{PREFIX}/*",
        never=("*//*", "*/"),
    )

    assert [each.removeprefix(PREFIX) for each in found] == expected


patterns_of_few_letters = st.lists(st.text("ab*?", min_size=1, max_size=5), max_size=5)
every_short_text = ["".join(each) for length in range(6) for each in itertools.product("abz", repeat=length)]


@given(patterns=patterns_of_few_letters)
@settings(max_examples=100, deadline=None)
def test_every_combination_of_matches_has_a_text_and_only_one(patterns: list[str]) -> None:
    """All texts of up to five letters show the same combinations: patterns of five letters cannot hide another."""
    literals = {each for each in patterns if is_literal(each)}

    found = witnesses(patterns)

    combinations = [told_apart(patterns, each) for each in found]
    assert set(combinations) >= {told_apart(patterns, each) for each in every_short_text}
    assert literals <= set(found)
    assert len(set(combinations)) == len(combinations)


@given(patterns=patterns_of_few_letters, domain=st.text("ab*?", min_size=1, max_size=3))
@settings(max_examples=100, deadline=None)
def test_no_text_leaves_its_domain(patterns: list[str], domain: str) -> None:
    """And none is of what there never is."""
    found = witnesses(patterns, domain=domain, never=("*bb*",))

    assert all(fits(domain, each) and "bb" not in each for each in found)
    inside = {each for each in every_short_text if fits(domain, each) and "bb" not in each}
    assert {told_apart(patterns, each) for each in found} >= {told_apart(patterns, each) for each in inside}


def test_fails_when_patterns_can_be_combined_in_too_many_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so instead of looking at some of them."""
    monkeypatch.setattr(module, "MAX_STATES", 2_000)
    patterns = [f"*{first}*{second}*{third}*" for first, second, third in itertools.permutations("abcdefgh", 3)]

    with pytest.raises(TooManyCombinationsError, match="in more than 2000 ways: write fewer wildcards"):
        witnesses(patterns)
