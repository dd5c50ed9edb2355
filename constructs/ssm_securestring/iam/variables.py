"""Policy variables: ``${aws:username}``, with a default, and the three characters that are written as variables.

Source:
    IAM User Guide, "IAM policy elements: Variables and tags".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_VARIABLE: Final = re.compile(r"\$\{\s*([^}]*?)\s*\}", re.DOTALL)
_WITH_DEFAULT: Final = re.compile(r"(.*?)\s*,\s*'(.*)'", re.DOTALL)
_CHARACTERS: Final = frozenset("*?$")

Values = Mapping[str, str | tuple[str, ...]]
"""Condition keys in lower case, with one value or several."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text.

    Args:
        text: The text itself.
        literal: Its ``*`` and ``?`` stand for themselves.
    """

    text: str
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable in a text.

    Args:
        key: Its condition key, in lower case.
        default: What it stands for where the request has no such key. ``None``: nothing; the text fits nothing.
    """

    key: str
    default: str | None = None


@lru_cache(maxsize=65536)
def pieces_of(text: str) -> tuple[Piece | Variable, ...]:
    """Cut a text at its variables."""
    found: list[Piece | Variable] = []
    end = 0
    for match in _VARIABLE.finditer(text):
        if match.start() > end:
            found.append(Piece(text[end : match.start()]))
        found.append(_piece(match[1]))
        end = match.end()
    if end < len(text):
        found.append(Piece(text[end:]))
    return tuple(found)


def _piece(inside: str) -> Piece | Variable:
    if inside in _CHARACTERS:
        return Piece(inside, literal=True)
    with_default = _WITH_DEFAULT.fullmatch(inside)
    if with_default:
        return Variable(with_default[1].lower(), with_default[2])
    return Variable(inside.lower())


def resolve(pieces: tuple[Piece | Variable, ...], values: Values) -> tuple[Piece, ...] | None:
    """Put the values of a request in place of the variables.

    What comes in is plain text: a ``*`` in a tag is no wildcard.

    Returns:
        ``None`` if one has no value, or several: the text then equals nothing.
    """
    resolved = []
    for piece in pieces:
        if isinstance(piece, Variable):
            value = values.get(piece.key)
            if value is not None and not isinstance(value, str):
                value = value[0] if len(value) == 1 else None
            if value is None:
                value = piece.default
            if value is None:
                return None
            resolved.append(Piece(value, literal=True))
        else:
            resolved.append(piece)
    return tuple(resolved)


def mentions_variable(text: str) -> bool:
    """Return whether a text has anything to resolve."""
    return "${" in text and _VARIABLE.search(text) is not None
