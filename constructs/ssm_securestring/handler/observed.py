"""A parameter as it is found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final


class Presence(Enum):
    """What asking for a parameter's tags told."""

    PRESENT = auto()
    ABSENT = auto()
    HIDDEN = auto()
    """Asking was refused: the parameter is missing or is not this stack's, and IAM does not say which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A parameter as it is found.

    Args:
        presence: Whether it is there.
        tags: Its tags.
        version: Its newest version; 0 where no rule asks for it.
        rolling_back: Whether the stack is rolling back; asked only where a rule depends on it.
        expired: Whether the template's expiration has passed.
        is_advanced: Whether its tier is advanced now; asked only where it may be replaced.
        copy_tags: Tags of the parameter that may hold a copy of its value, if there is one; looked for only where a
            replacement may have left it.
    """

    presence: Presence
    tags: Mapping[str, str] = field(default_factory=dict)
    version: int = 0
    rolling_back: bool = False
    expired: bool = False
    is_advanced: bool = False
    copy_tags: Mapping[str, str] | None = None


NOTHING: Final = Observed(presence=Presence.ABSENT)
