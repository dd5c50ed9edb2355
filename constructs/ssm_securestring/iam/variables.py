"""Policy variables: ``${aws:username}`` in resources and in values of conditions.

Source:
    IAM User Guide, "IAM policy elements: Variables and tags".
"""

import re
from collections.abc import Mapping
from typing import Final

from ssm_securestring.iam.patterns import LITERAL

# ${*}, ${?} and ${$} are the characters themselves; the rest is a condition key, with a value for when there is none.
_VARIABLE: Final = re.compile(r"\$\{\s*(?P<key>[^},]*?)\s*(?:,\s*'(?P<default>[^']*)'\s*)?\}")


def has_variables(text: str) -> bool:
    """Return whether something is to be filled in."""
    return "${" in text


def filled_in(text: str, context: Mapping[str, str | tuple[str, ...]]) -> str | None:
    """Return a text with its variables filled in; ``None``: one of them has no value, so that nothing matches it.

    Args:
        text: A pattern.
        context: Condition keys in lower case.
    """
    parts, end = [], 0
    for found in _VARIABLE.finditer(text):
        value = _value(found["key"], found["default"], context)
        if value is None:
            return None
        parts += [text[end : found.start()], value]
        end = found.end()
    return "".join([*parts, text[end:]])


def _value(key: str, default: str | None, context: Mapping[str, str | tuple[str, ...]]) -> str | None:
    if key in LITERAL:
        return LITERAL[key]
    value = context.get(key.lower(), default)
    if not isinstance(value, str):
        return None
    # What is filled in is a text and no pattern.
    return "".join(LITERAL.get(each, each) for each in value)
