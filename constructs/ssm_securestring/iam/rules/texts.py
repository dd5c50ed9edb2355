"""Texts of policies as patterns: what they can be for certain, and what they cannot be.

A value that is not known before the deployment stands for every text that its pattern matches. A rule reports what is
wrong with all of them, never what is wrong with some.
"""

import re
from functools import lru_cache
from typing import Final

from ssm_securestring.iam.model import Text, Unknown

# Characters that no ARN has: only a wildcard matches them.
_ANY: Final = "\ue000" * 7
_ARN_PARTS: Final = 6


def pattern_of(text: Text) -> str:
    """Return the pattern that a text matches whatever it turns out to be."""
    return text.pattern if isinstance(text, Unknown) else text


def has_wildcard(text: Text) -> bool:
    """Tell whether a text has a wildcard for certain; one that is not known has none for certain."""
    return isinstance(text, str) and ("*" in text or "?" in text)


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern of ``*`` and ``?`` matches a text, case and all."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    pieces = {"*": ".*", "?": "."}
    # Several stars in a row mean one star, and would make the search exponential.
    tidy = re.sub(r"\*+", "*", pattern)
    return re.compile("".join(pieces.get(each) or re.escape(each) for each in tidy), re.DOTALL)


def may_meet(one: str, other: str) -> bool:
    """Tell whether there is a text that two patterns both match."""
    reached = {0}
    for character in one:
        reached = _after(reached, character, other)
    return any(all(each == "*" for each in other[position:]) for position in reached)


def _after(reached: set[int], character: str, other: str) -> set[int]:
    """Return where in ``other`` one may be after one more character of a pattern."""
    if character == "*":
        return set(range(min(reached), len(other) + 1)) if reached else set()
    following: set[int] = set()
    for start in reached:
        position = start
        while position < len(other) and other[position] == "*":
            following.add(position)
            position += 1
        if position < len(other) and (character == "?" or other[position] in {character, "?"}):
            following.add(position + 1)
    return following


def covers(pattern: str, other: str) -> bool:
    """Tell whether a pattern matches everything that another one matches."""
    return matches(pattern, other.replace("*", _ANY).replace("?", _ANY[0]))


def is_every(text: Text, *, service: str, kind: str) -> bool:
    """Tell whether a resource stands for every key or parameter, at least of one account and Region.

    Args:
        text: The text of a ``Resource``.
        service: ``kms`` or ``ssm``.
        kind: What the last part of the ARN starts with: ``key`` or ``parameter``.
    """
    if not isinstance(text, str):
        return False
    parts = (text.split(":", _ARN_PARTS - 1) + [_ANY] * _ARN_PARTS)[:_ARN_PARTS]
    if parts[2] != _ANY and not matches(parts[2], service):
        return False
    parts[2] = parts[2] if "*" in parts[2] else service
    return matches(text, ":".join([*parts[:-1], f"{kind}/{_ANY}"]))


def is_about(text: Text, *, service: str) -> bool:
    """Tell whether a resource names the service, so that it is meant."""
    return matches(f"arn:*:{service}:*", pattern_of(text))
