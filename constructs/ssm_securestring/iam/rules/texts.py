"""Texts of policies as patterns: what they can be for certain, and what they cannot be.

A value that is not known before the deployment stands for every text that its pattern matches. A rule reports what is
wrong with all of them, never what is wrong with some.
"""

from typing import Final

from ssm_securestring.iam.model import Text, Unknown
from ssm_securestring.iam.patterns import matches, pattern_of, without_variables
from ssm_securestring.iam.witnesses import witnesses

# Characters that no ARN has: only a wildcard matches them.
_ANY: Final = "\ue000" * 7
_ARN_PARTS: Final = 6
_SERVICE: Final = 2


def shown(text: Text) -> str:
    """Return a text for people."""
    return repr(text.pattern if isinstance(text, Unknown) else text)


def has_wildcard(text: Text) -> bool:
    """Tell whether a text has a wildcard for certain; one that is not known has none for certain."""
    if isinstance(text, Unknown):
        return False
    plain = without_variables(text)
    return "*" in plain or "?" in plain


def may_meet(one: str, other: str) -> bool:
    """Tell whether there is a text that two patterns both match."""
    for pattern, text in ((one, other), (other, one)):
        if "*" not in text and "?" not in text:
            return matches(pattern, text)
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
    if not matches(pattern, other.replace("*", _ANY).replace("?", _ANY[0])):
        return False
    return all(matches(pattern, each) for each in witnesses([pattern], domain=other))


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
    if parts[_SERVICE] != _ANY and not matches(parts[_SERVICE], service):
        return False
    parts[_SERVICE] = parts[_SERVICE] if "*" in parts[_SERVICE] else service
    return matches(text, ":".join([*parts[:-1], f"{kind}/{_ANY}"]))


def is_about(text: Text, *, service: str) -> bool:
    """Tell whether a resource names the service, so that it is meant."""
    parts = pattern_of(text).split(":", _SERVICE + 1)
    return len(parts) > _SERVICE and parts[_SERVICE] == service


def is_public(text: Text) -> bool:
    """Tell whether a resource is of the parameters that AWS publishes, such as the ids of machine images.

    Source:
        Systems Manager User Guide, "Working with public parameters".
    """
    return matches("arn:*:ssm:*:parameter/aws/service/*", pattern_of(text))
