"""Whether the principals of a statement are the caller, and in which of the ways that IAM treats differently.

Source:
    IAM User Guide, "AWS JSON policy elements: Principal", "AWS JSON policy elements: NotPrincipal", "Permissions
    boundaries for IAM entities" and "Policy evaluation for requests within a single account".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ssm_securestring.iam.model import Caller, Effect, Statement, Text, Unknown
from ssm_securestring.iam.patterns import matches

_ROOT: Final = ":root"


class Level(IntEnum):
    """How closely a statement names a caller; the closest first."""

    SELF = 0
    """By the ARN of its session or of its user, or as a service."""
    ROLE = 1
    """By the ARN of its role, or as everybody; a boundary and session policies still limit it."""
    ACCOUNT = 2
    """By its account, so that the account's own policies decide."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How the principals of a statement name a caller.

    Args:
        levels: For each level, closest first, whether they name it at this level or closer; ``None``: not known.
        unknown: What that depends on.
    """

    levels: tuple[bool | None, bool | None, bool | None]
    unknown: tuple[Unknown, ...] = ()


_NOT: Final = Naming((False, False, False))
_ALL: Final = Naming((False, True, True))


def is_root(caller: Caller) -> bool:
    """Return whether a caller is the root user of its account."""
    return caller.arn.endswith(_ROOT)


def is_service(caller: Caller) -> bool:
    """Return whether a caller is a service."""
    return not caller.arn.startswith("arn:")


def naming(statement: Statement, caller: Caller, *, bounded: bool) -> Naming:
    """Return how a statement of a resource's policy names a caller.

    Args:
        statement: The statement.
        caller: Who asks.
        bounded: The caller has a permissions boundary.
    """
    if statement.principals is None:
        return _NOT
    if not statement.not_principals:
        return _named(statement, caller)
    if statement.effect is Effect.DENY:
        return _all_but(statement, caller, bounded=bounded)
    named = _named(statement, caller)
    outside = None if named.levels[-1] is None else not named.levels[-1]
    return Naming((False, outside, outside), named.unknown)


def _named(statement: Statement, caller: Caller) -> Naming:
    certain: list[Level] = []
    possible: list[tuple[Level, Unknown]] = []
    for kind, text in _principals_of(statement):
        for level, name in _names_of(caller, kind):
            if isinstance(text, Unknown):
                if matches(text.pattern, name):
                    possible.append((level, text))
            elif text == name or (kind == "Service" and text.lower() == name.lower()):
                certain.append(level)
        if kind == "CanonicalUser":
            possible.append((Level.SELF, Unknown(place=statement.place, reason="canonical user ids are not supported")))
    levels = [_at(level, certain, [each for each, _ in possible]) for level in Level]
    return Naming((levels[0], levels[1], levels[2]), tuple(dict.fromkeys(unknown for _, unknown in possible)))


def _at(level: Level, certain: list[Level], possible: list[Level]) -> bool | None:
    if any(each <= level for each in certain):
        return True
    return None if any(each <= level for each in possible) else False


def _all_but(statement: Statement, caller: Caller, *, bounded: bool) -> Naming:
    """Return whom a Deny with NotPrincipal means.

    It spares who is named by every one of its ARNs, the account included; IAM says that it *might* deny who is named by
    some of them. Who has a permissions boundary is always denied.
    """
    if bounded:
        return _ALL
    texts = [text for _, text in _principals_of(statement)]
    names = [caller.arn, *([caller.session_arn] if caller.session_arn else [])]
    listed = [name in texts or "*" in texts for name in names]
    if not is_service(caller):
        listed.append(caller.account in texts or _root_of(caller) in texts or "*" in texts)
    unknown = tuple(text for text in texts if isinstance(text, Unknown))
    if all(listed):
        return _NOT
    if not any(listed) and not unknown:
        return _ALL
    partly = Unknown(place=statement.place, reason="NotPrincipal names some of the caller's ARNs and not all of them")
    return Naming((False, None, None), unknown or (partly,))


def _principals_of(statement: Statement) -> Iterator[tuple[str, Text]]:
    for kind, texts in (statement.principals or {}).items():
        yield from ((kind, text) for text in texts)


def _names_of(caller: Caller, kind: str) -> Iterator[tuple[Level, str]]:
    """Return what a caller is called by principals of a kind."""
    if kind == "*" or (kind == "AWS" and is_service(caller)):
        yield Level.ROLE, "*"
    elif kind == "AWS":
        yield Level.ROLE, "*"
        yield Level.ACCOUNT, caller.account
        yield Level.ACCOUNT, _root_of(caller)
        if not is_root(caller):
            yield Level.ROLE if ":role/" in caller.arn else Level.SELF, caller.arn
        if caller.session_arn:
            yield Level.SELF, caller.session_arn
    elif kind == "Service" and is_service(caller):
        yield Level.ROLE, "*"
        yield Level.SELF, caller.arn
    elif kind == "Federated":
        yield Level.SELF, caller.arn


def _root_of(caller: Caller) -> str:
    partition = caller.arn.split(":")[1]
    return f"arn:{partition}:iam::{caller.account}{_ROOT}"
