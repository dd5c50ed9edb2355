"""Texts of policies compared with those of requests: exactly, by pattern, or by the parts of an ARN.

Source:
    IAM User Guide, "IAM JSON policy elements: Resource" and "IAM JSON policy elements: Condition operators".
"""

import re
from collections.abc import Callable, Iterable
from enum import Enum
from functools import lru_cache
from typing import Final

from ssm_securestring.iam.model import Text, Unknown
from ssm_securestring.iam.variables import Piece, Values, Variable, mentions_variable, pieces_of, resolve

# The parts before an ARN's last one, each ended by a colon.
_ARN_COLONS: Final = 5


_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")


class Style(Enum):
    """How a text is compared."""

    EXACT = "exact"
    """Character by character."""
    GLOB = "glob"
    """``*`` is any text, ``?`` any character, colons included."""
    ARN = "arn"
    """As a pattern, and no wildcard reaches out of its part of the ARN."""


def pattern_of(text: Text) -> str:
    """Return the pattern that a text matches whatever it turns out to be; a policy variable may be any text."""
    return text.pattern if isinstance(text, Unknown) else _VARIABLE.sub("*", text)


def without_variables(text: str) -> str:
    """Return a text of a policy without the policy variables in it."""
    return _VARIABLE.sub("", text)


def matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Return whether a pattern with ``*`` and ``?`` fits the whole text.

    Args:
        pattern: The pattern; variables in it are plain text.
        text: The text.
        ignore_case: As for actions. Default: case counts, as for resources.
    """
    if ignore_case:
        pattern, text = pattern.lower(), text.lower()
    if not _is_wild(pattern):
        return pattern == text
    return _fits((Piece(pattern),), Style.GLOB)(text)


@lru_cache(maxsize=65536)
def _fits(pieces: tuple[Piece, ...], style: Style) -> Callable[[str], bool]:
    search = re.compile(_expression(pieces, style), re.DOTALL).fullmatch
    return lambda text: search(text) is not None


@lru_cache(maxsize=65536)
def _expression(pieces: tuple[Piece, ...], style: Style) -> str:
    """Write a pattern as a regular expression that never tries a star again, so that no pattern is slow."""
    parts = [""]
    stars = []
    colons = 0
    for piece in pieces:
        for character in piece.text:
            inside = style is Style.ARN and colons < _ARN_COLONS
            wild = not piece.literal and style is not Style.EXACT
            if wild and character == "*":
                stars.append("[^:]*" if inside else ".*")
                parts.append("")
            elif wild and character == "?":
                parts[-1] += "[^:]" if inside else "."
            else:
                colons += character == ":"
                parts[-1] += re.escape(character)
    if not stars:
        return parts[0]
    middle = "".join(f"(?>{star}?{part})" for star, part in zip(stars, parts[1:-1], strict=False))
    return parts[0] + middle + stars[-1] + parts[-1]


def _is_wild(text: str) -> bool:
    return "*" in text or "?" in text


class Texts:
    """The texts of one element of a policy, ready to be compared.

    Args:
        texts: What is written.
        style: How they are compared.
        ignore_case: Whether case does not count.
        variables: Whether ``${...}`` is a variable in them.

    Attributes:
        everything: One of them fits everything.
        literals: Texts that fit, whatever else does; in lower case where case does not count.
    """

    __slots__ = ("_certain", "_fold", "_patterns", "_style", "_templates", "_unknown", "everything", "literals")

    def __init__(
        self, texts: Iterable[Text], *, style: Style, ignore_case: bool = False, variables: bool = True
    ) -> None:
        """Sort the texts into what is looked up, what is searched for, and what depends on the request."""
        self._style = style
        self._fold = ignore_case
        self._unknown = [text for text in texts if isinstance(text, Unknown)]
        known = [text for text in texts if isinstance(text, str)]
        templates = [text for text in known if variables and mentions_variable(text)]
        self._templates = [pieces_of(text) for text in templates]
        fixed = [self._folded(text) for text in known if text not in templates]
        if style is Style.ARN:
            self._unknown += [_no_arn(text) for text in fixed if text.count(":") < _ARN_COLONS]
            fixed = [text for text in fixed if text.count(":") >= _ARN_COLONS]
        self.everything = style is Style.GLOB and "*" in fixed
        wild = [text for text in fixed if style is not Style.EXACT and _is_wild(text)]
        self.literals = frozenset(fixed) - frozenset(wild)
        self._patterns = self._alternatives(wild)
        self._certain = not self._templates and not self._unknown

    def match(self, text: str, values: Values) -> bool | None:
        """Return whether one of them fits; ``None`` if that depends on what is not known."""
        if self.everything:
            return True
        if self._fold:
            text = text.lower()
        if text in self.literals or (self._patterns is not None and self._patterns(text)):
            return True
        if self._certain:
            return False
        if any(self._fits_template(pieces, text, values) for pieces in self._templates):
            return True
        return None if any(self._may_fit(unknown, text) for unknown in self._unknown) else False

    def unknown_for(self, text: str) -> list[Unknown]:
        """Return what is not known of those that could fit a text."""
        return [unknown for unknown in self._unknown if self._may_fit(unknown, text)]

    def _may_fit(self, unknown: Unknown, text: str) -> bool:
        return matches(unknown.pattern, text, ignore_case=self._fold)

    def _fits_template(self, pieces: tuple[Piece | Variable, ...], text: str, values: Values) -> bool:
        resolved = resolve(pieces, values)
        if resolved is None:
            return False
        if self._fold:
            resolved = tuple(Piece(piece.text.lower(), piece.literal) for piece in resolved)
        return _fits(resolved, self._style)(text)

    def _folded(self, text: str) -> str:
        return text.lower() if self._fold else text

    def _alternatives(self, wild: list[str]) -> Callable[[str], object] | None:
        if not wild:
            return None
        expressions = (_expression((Piece(text),), self._style) for text in wild)
        return re.compile("|".join(f"(?:{each})" for each in expressions), re.DOTALL).fullmatch


@lru_cache(maxsize=65536)
def texts_of(texts: tuple[Text, ...], *, style: Style, ignore_case: bool = False, variables: bool = True) -> Texts:
    """Return the texts of an element, ready to be compared; the same for the same texts.

    Args:
        texts: What is written.
        style: How they are compared.
        ignore_case: Whether case does not count.
        variables: Whether ``${...}`` is a variable in them.
    """
    return Texts(texts, style=style, ignore_case=ignore_case, variables=variables)


def _no_arn(text: str) -> Unknown:
    return Unknown(place=text, reason="it is compared as an ARN and has not the six parts of one")
