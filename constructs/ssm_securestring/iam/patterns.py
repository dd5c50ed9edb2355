"""Glob patterns of policies: ``*`` for any text, ``?`` for any one character.

Source:
    IAM User Guide, "IAM JSON policy elements: Resource": a star at the end of a part of an ARN goes on beyond the colon.
    So ARNs in Resource are compared as a whole; only the Arn operators compare part by part.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from ssm_securestring.iam.model import Text, Unknown

_WILDCARDS: Final = frozenset("*?")
# Stand for the characters themselves where a policy variable puts one into a pattern.
LITERAL: Final = {"*": "\ue000", "?": "\ue001", "$": "\ue002"}
_EXPRESSIONS: Final = {
    "*": ".*",
    "?": ".",
    **{stand_in: re.escape(character) for character, stand_in in LITERAL.items()},
}
_NUMBER_OF_ARN_PARTS: Final = 6


def is_literal(pattern: str) -> bool:
    """Return whether a pattern matches its own text alone."""
    return not _WILDCARDS & set(pattern)


def plain(text: str) -> str:
    """Return a text with the characters that were kept from being wildcards."""
    for character, stand_in in LITERAL.items():
        text = text.replace(stand_in, character)
    return text


def matches(pattern: str, text: str) -> bool:
    """Return whether a pattern matches the whole of a text; case matters."""
    return compiled(pattern)(text)


def arn_matches(pattern: str, arn: str) -> bool:
    """Return whether an ARN matches part by part, as the Arn operators compare.

    Source:
        IAM User Guide, "IAM JSON policy elements: Condition operators", Amazon Resource Name (ARN) condition operators.
    """
    patterns, parts = pattern.split(":", 5), arn.split(":", 5)
    if len(patterns) != _NUMBER_OF_ARN_PARTS or len(parts) != _NUMBER_OF_ARN_PARTS:
        return False
    return all(matches(each, part) for each, part in zip(patterns, parts, strict=True))


@lru_cache(maxsize=50_000)
def compiled(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a text matches."""
    if is_literal(pattern):
        text = plain(pattern)
        return text.__eq__
    found = re.compile(_expression(pattern), re.DOTALL).fullmatch
    return lambda text: found(text) is not None


def _expression(pattern: str) -> str:
    return "".join(_EXPRESSIONS.get(each) or re.escape(each) for each in pattern)


class Texts:
    """Several patterns, of which one has to match: equal texts by their hash, wildcards by one expression.

    Args:
        texts: The patterns; one that is not known may match what its own pattern matches.
        lower: Compare in lower case, as IAM compares actions.
    """

    __slots__ = ("_expression", "_literals", "_unknown")

    def __init__(self, texts: Iterable[Text], *, lower: bool = False) -> None:
        """Sort them."""
        known, self._unknown = [], []
        for text in texts:
            if isinstance(text, Unknown):
                self._unknown.append(compiled(text.pattern.lower() if lower else text.pattern))
            else:
                known.append(text.lower() if lower else text)
        self._literals = frozenset(plain(each) for each in known if is_literal(each))
        globs = [_expression(each) for each in known if not is_literal(each)]
        self._expression = re.compile("|".join(globs), re.DOTALL).fullmatch if globs else None

    def match(self, text: str) -> bool | None:
        """Return whether one matches; ``None``: only one that is not known may."""
        if text in self._literals:
            return True
        if self._expression is not None and self._expression(text) is not None:
            return True
        return None if any(each(text) for each in self._unknown) else False
