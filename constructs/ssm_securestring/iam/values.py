"""Values of a template while they are resolved: JSON whose leaves may be unknown, and texts made of them."""

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from enum import Enum
from typing import Final, TypeVar

from ssm_securestring.iam.model import Text, Unknown

T = TypeVar("T")

MAX_DEPTH: Final = 64
# CloudFormation User Guide, "CloudFormation quotas": a template has 1 MB at most, and so has no longer text.
_MAX_CHARS: Final = 1024 * 1024
# One that is not closed may be closed by what is not known.
_DYNAMIC_REFERENCE: Final = re.compile(r"\{\{resolve:.*?(?:\}\}|\Z)", re.DOTALL)


class Nothing(Enum):
    """What ``AWS::NoValue`` stands for: the property or item is left out."""

    NOTHING = "nothing"


def text_of(value: object) -> Text | None:
    """Return a value as the text that CloudFormation makes of it; ``None`` for what is no text."""
    if isinstance(value, str | Unknown):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else None


def moved(value: object, place: str) -> object:
    """Return what a reference at this place came to; an unknown one then stands here, and says where it comes from."""
    if not isinstance(value, Unknown) or value.place == place:
        return value
    return Unknown(place=place, reason=f"{value.reason} ({value.place})", pattern=value.pattern)


def joined(parts: Sequence[object], *, between: str = "", place: str, function: str) -> Text:
    """Return the parts as one text; where one is not known, with a pattern that has the others."""
    try:
        # Most are known; this is where most of the time goes.
        whole = between.join(parts)  # type: ignore[arg-type]  # what is no text raises
    except TypeError:
        return _joined_in_part(parts, between, place, function)
    if len(whole) > _MAX_CHARS:
        return Unknown(place=place, reason="it is longer than a template may be")
    return whole


def _joined_in_part(parts: Sequence[object], between: str, place: str, function: str) -> Text:
    texts = [text_of(each) for each in parts]
    known = [each for each in texts if isinstance(each, str)]
    unknown = [each for each in texts if isinstance(each, Unknown)]
    if len(known) + len(unknown) < len(texts):
        return malformed(function, place)
    if sum(map(len, known)) + sum(len(each.pattern) for each in unknown) + len(between) * len(parts) > _MAX_CHARS:
        return Unknown(place=place, reason="it is longer than a template may be")
    if not unknown:
        return between.join(known)
    pattern = between.join(each.pattern if isinstance(each, Unknown) else str(each) for each in texts)
    return Unknown(place=unknown[0].place, reason=unknown[0].reason, pattern=pattern)


def malformed(function: str, place: str) -> Unknown:
    """Return what a function comes to whose arguments CloudFormation would refuse."""
    return Unknown(place=place, reason=f"{function} is malformed")


def plain(value: object, place: str) -> object:
    """Return a resolved value with all leaves as texts, as CloudFormation passes them on."""
    if isinstance(value, dict):
        return {key: each if _is_plain(each) else plain(each, f"{place}.{key}") for key, each in value.items()}
    if isinstance(value, list):
        return [each if _is_plain(each) else plain(each, f"{place}[{index}]") for index, each in enumerate(value)]
    text = text_of(value)
    written = text.pattern if isinstance(text, Unknown) else text
    if written is None or "{{resolve:" not in written:
        return text
    reason = text.reason if isinstance(text, Unknown) else "a dynamic reference is resolved in the deployment"
    return Unknown(place=place, reason=reason, pattern=_DYNAMIC_REFERENCE.sub("*", written))


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and "{{resolve:" not in value


def unknowns(value: object) -> Iterator[Unknown]:
    """Return what is not known in a value."""
    if isinstance(value, Unknown):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from unknowns(each)


class Nesting:
    """Keeps resolving finite: each thing is worked out once, not while it is worked out, and not too deep."""

    def __init__(self) -> None:
        """Start with nothing worked out."""
        self._depth = 0
        self._known: dict[Hashable, object] = {}
        self._open: set[Hashable] = set()

    def deeper(self, compute: Callable[[], object], place: str) -> object:
        """Work something out one level deeper."""
        if self._depth >= MAX_DEPTH:
            return Unknown(place=place, reason=f"it is nested more than {MAX_DEPTH} levels deep")
        self._depth += 1
        try:
            return compute()
        finally:
            self._depth -= 1

    def once(self, key: Hashable, compute: Callable[[], object], place: str) -> object:
        """Work something out, or return what it came to before."""
        if key in self._known:
            return self._known[key]
        if key in self._open:
            return Unknown(place=place, reason="it depends on itself")
        self._open.add(key)
        try:
            self._known[key] = self.deeper(compute, place)
        finally:
            self._open.discard(key)
        return self._known[key]
