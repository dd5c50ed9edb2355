"""What a change of source replaced, kept in a tag, so that a rollback can restore it from the parameter's history."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Final, Self

from ssm_securestring.core.sources import NO_ECHO_PROPERTY, Source

_SOURCE_DIGITS: Final = 16
_REQUEST_DIGITS: Final = 8
_FORM: Final = re.compile(
    rf"(?P<source>[0-9a-f]{{{_SOURCE_DIGITS}}}|)/(?P<version>\d+)/(?P<new_source>[0-9a-f]{{{_SOURCE_DIGITS}}})"
    rf"/(?P<request>[0-9a-f]{{{_REQUEST_DIGITS}}})/(?P<newest>\d+)"
)


def source_digest(source: Source) -> str:
    """Return a short digest of where a value comes from; the value has no part in it."""
    said = {key: text for key, text in source.to_properties().items() if key != NO_ECHO_PROPERTY}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:_SOURCE_DIGITS]


def request_digest(request_id: str) -> str:
    """Return a short digest of a request's id: the same at each delivery of it."""
    return hashlib.sha256(request_id.encode()).hexdigest()[:_REQUEST_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """One replacement of a value, as the tag tells it; it is written before the new value is.

    Args:
        source: Digest of the source that the old value is from; empty if that is not known.
        version: Version that holds the old value.
        new_source: Digest of the source of the new value.
        request: Digest of the request that replaces it.
        newest: Newest version when the request began to put, so the new value is the one after it.
    """

    source: str
    version: int
    new_source: str
    request: str
    newest: int

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Read the tag. ``None`` if it is missing, or is not as this version writes it."""
        match = _FORM.fullmatch(text or "")
        if match is None:
            return None
        return cls(
            source=match["source"],
            version=int(match["version"]),
            new_source=match["new_source"],
            request=match["request"],
            newest=int(match["newest"]),
        )

    def __str__(self) -> str:
        """Return the text of the tag."""
        return f"{self.source}/{self.version}/{self.new_source}/{self.request}/{self.newest}"

    def undoes(self, *, source: str, new_source: str) -> bool:
        """Return whether to undo it means to go back to this source from that one."""
        return (self.source, self.new_source) == (source, new_source)

    def is_on_top(self, version: int) -> bool:
        """Return whether the newest version is the new value that this replacement put.

        Neither is it if nothing was put yet, nor if somebody has set a value since.
        """
        return version == self.newest + 1 or version == self.newest > self.version
