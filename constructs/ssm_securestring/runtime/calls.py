"""What every way of reaching Parameter Store has in common: a call, its answer, and the two ways it can fail."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

# A response that came too late for its call, and was taken for that to the next one on the same connection.
OUT_OF_STEP: Final = "the answer was to another call"


class Answer(NamedTuple):
    """What the service answered.

    Args:
        data: The answer's fields, by the API's names.
        request_id: For AWS Support. Empty where there is none.
    """

    data: Mapping[str, Any]
    request_id: str


class Transport(Protocol):
    """Calls one AWS service. Safe to use from several threads."""

    def call(self, operation: str, request: Mapping[str, object]) -> Answer:
        """Call an operation by its API name.

        Raises:
            ServiceRefusalError: The service answered with an error.
            NoAnswerError: It did not answer.
        """

    def reset(self) -> None:
        """Drop connections and credentials: the process was forked, or restored from a snapshot."""


class ServiceRefusalError(Exception):
    """The service answered with an error. Its text is that of AWS and holds no value.

    Attributes:
        code: Error code, for example ``AccessDeniedException``.
        text: What the service says about it.
        request_id: For AWS Support.
        status: HTTP status. 0 if it is not known.
        date: The service's clock, as in the response's header. Empty if it is not known.
    """

    def __init__(self, code: str, text: str, *, request_id: str | None, status: int = 0, date: str = "") -> None:
        """Keep what the service said."""
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.request_id = request_id
        self.status = status
        self.date = date


class NoAnswerError(Exception):
    """The service could not be asked, or did not answer.

    Attributes:
        reason: The kind of failure, for example ``ConnectionRefusedError``.
        credentials: Whether it failed for want of credentials.
    """

    def __init__(self, reason: str, *, credentials: bool = False) -> None:
        """Keep the reason. What was read of a body so far must not be in it."""
        super().__init__(reason)
        self.reason = reason
        self.credentials = credentials
