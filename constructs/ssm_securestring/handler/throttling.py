"""Counts what AWS refused for its rate. botocore tries again without a word, so nobody else would see it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from botocore.client import BaseClient

# SSM, KMS and Secrets Manager API references, "Common errors"; CloudFormation says it without "Exception".
THROTTLED: Final = ("ThrottlingException", "Throttling")
# botocore tells of each answer under this name and those of service and operation, before it decides on another try.
_EACH_ANSWER: Final = "needs-retry"


class Throttles:
    """How often clients were refused for their rate since the last time that this was asked for."""

    def __init__(self) -> None:
        """Start with none."""
        self._count = 0

    def watch(self, client: "BaseClient") -> None:
        """Count what this client meets, too."""
        client.meta.events.register_first(_EACH_ANSWER, self._look)

    def taken(self) -> int:
        """Return the count, and start anew."""
        taken, self._count = self._count, 0
        return taken

    def _look(self, response: tuple[object, Mapping[str, Any]] | None = None, **_: object) -> None:
        # Without a response there was no answer at all.
        if response is not None and response[1].get("Error", {}).get("Code") in THROTTLED:
            self._count += 1
