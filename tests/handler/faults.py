"""What can go wrong with a call to AWS, made to go wrong at a call of one's choice."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from ssm_securestring.handler.deadline import OutOfTime


class Killed(BaseException):
    """The process died: nothing is answered, and Lambda delivers the event again."""


@dataclass(slots=True)
class Fault:
    """What goes wrong, and at which call from now on."""

    kind: str
    nth: int


ERRORS: Final[dict[str, Callable[[], BaseException]]] = {
    "no answer, before": lambda: EndpointConnectionError(endpoint_url="x"),
    "no answer, after": lambda: ReadTimeoutError(endpoint_url="x"),
    "throttled": lambda: ClientError({"Error": {"Code": "ThrottlingException"}}, "x"),
    "out of time, before": OutOfTime,
    "out of time, after": OutOfTime,
    "killed, before": Killed,
    "killed, after": Killed,
}
"""By kind: before the call has taken effect, or after that."""


@dataclass(slots=True)
class Faults:
    """Stands at the calls of all clients that it has been put into.

    Attributes:
        next: What goes wrong next. It does so once.
        met: How often which fault was met, and how often at which operation.
    """

    next: Fault | None = None
    met: Counter[str] = field(default_factory=Counter)
    met_at: Counter[str] = field(default_factory=Counter)

    def stand_in(self, client: Any) -> None:  # noqa: ANN401 - whichever client
        """Stand at each call of a client, in the middle of botocore, so that pages count as well."""
        client.meta.events.register("before-call", lambda model, **_: self.before(model.name))
        client.meta.events.register("after-call", lambda model, **_: self.after(model.name))

    def before(self, operation: str) -> None:
        """Go wrong before a call, or count it."""
        if self.next is None:
            return
        self.next.nth -= 1
        if self.next.nth == 0 and not self.next.kind.endswith("after"):
            self._go_wrong(operation)

    def after(self, operation: str) -> None:
        """Go wrong after a call has taken effect."""
        if self.next is not None and self.next.nth == 0:
            self._go_wrong(operation)

    def _go_wrong(self, operation: str) -> None:
        assert self.next is not None
        kind, self.next = self.next.kind, None
        self.met[kind] += 1
        self.met_at[operation] += 1
        error = ERRORS[kind]()
        raise error
