"""Allowed patterns: regular expressions that Parameter Store holds each new value of a parameter against.

Source:
    SSM API reference, PutParameter, "AllowedPattern".
"""

from typing import Final

# What an external value starts with. Whoever uses it too early fails to log in, and sees why.
PLACEHOLDER_PREFIX: Final = "not-set-yet-"
# Takes a pattern away. What Parameter Store makes of an empty pattern on an overwrite, to clear or to keep, is not
# documented; this one admits every value, line breaks included, either way.
ANYTHING: Final = r"[\s\S]*"


def admitting_placeholder(pattern: str) -> str:
    """Return a pattern that admits what an external value starts with, too."""
    return f"(?:{pattern})|{PLACEHOLDER_PREFIX}[A-Za-z0-9_-]+"
