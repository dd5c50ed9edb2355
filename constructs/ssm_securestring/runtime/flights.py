"""Each parameter is asked for once, however many threads want it; those wanted together share calls of ten.

One thread that wants a value makes the call; the others wait. While a call is under way, further wishes gather for a
moment and go together. There is no thread in the background: a frozen process leaves nothing half done.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, final

from ssm_securestring.core.limits import GET_PARAMETERS_BATCH
from ssm_securestring.runtime.parameters import Outcome
from ssm_securestring.runtime.reference import Reference

# How long a single wish waits for company while another call is under way. Longer than a call usually takes; short
# enough not to be noticed when that call hangs.
_LINGER_SECONDS: Final = 0.1
_MAX_PARALLEL: Final = 10

# Its second argument: keys for which nothing that is known already will do.
Fetch = Callable[[Sequence[Reference], AbstractSet[str]], Mapping[str, Outcome]]


@final
class Flight:
    """One parameter on its way.

    Attributes:
        reference: Which.
        fresh: Whether nothing that is known already will do.
        done: Whether it has ended.
        outcome: How. ``None`` if it was lost with the thread that made the call.
    """

    __slots__ = ("done", "fresh", "outcome", "reference")

    def __init__(self, reference: Reference) -> None:
        """Note a wish."""
        self.reference = reference
        self.fresh = False
        self.done = False
        self.outcome: Outcome | None = None


class Flights:
    """Gathers wishes into calls.

    Args:
        fetch: Fetches up to ten parameters with one call. It runs in the threads of those who ask.
    """

    def __init__(self, fetch: Fetch) -> None:
        """Begin with no wish."""
        self._fetch = fetch
        self.reset()

    def reset(self) -> None:
        """Begin anew: after a fork, the threads that were on their way exist no more."""
        # Taken by itself where nobody waits or is woken: a condition's own way to it is slower.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._waiting: dict[str, Flight] = {}
        self._under_way: dict[str, Flight] = {}
        self._calls = 0

    def bring(self, wanted: Iterable[Reference], *, fresh: bool = False) -> dict[str, Outcome]:
        """Fetch parameters, together with what other threads want; returns an outcome for each key.

        Args:
            wanted: Which.
            fresh: Do not join a call that has begun already: it may bring an older value.
        """
        outcomes: dict[str, Outcome] = {}
        missing = list(wanted)
        while missing:
            with self._lock:
                flights = [self._join(reference, fresh=fresh) for reference in missing]
            several = len(flights) > 1
            for _ in range(min((len(flights) - 1) // GET_PARAMETERS_BATCH, _MAX_PARALLEL - 1)):
                threading.Thread(target=self._help, daemon=True).start()
            self._await(flights, eager=several)
            outcomes.update((each.reference.key, each.outcome) for each in flights if each.outcome is not None)
            # Lost with their thread: this one tries itself, and meets the error itself if there is one.
            missing = [each.reference for each in flights if each.outcome is None]
        return outcomes

    def has(self, key: str) -> bool:
        """Tell whether somebody waits for a parameter already."""
        return key in self._under_way or key in self._waiting

    def forget(self, keys: Iterable[str] | None = None) -> None:
        """Let nobody join the calls that have begun."""
        with self._lock:
            for key in list(self._under_way) if keys is None else keys:
                self._under_way.pop(key, None)

    def _join(self, reference: Reference, *, fresh: bool) -> Flight:
        key = reference.key
        flight = self._waiting.get(key) or (None if fresh else self._under_way.get(key))
        if flight is None:
            flight = self._waiting[key] = Flight(reference)
        flight.fresh |= fresh
        return flight

    def _await(self, flights: list[Flight], *, eager: bool) -> None:
        patience = time.monotonic() + _LINGER_SECONDS
        while True:
            with self._lock:
                if all(each.done for each in flights):
                    return
                left = patience - time.monotonic()
                batch = self._take(eager=eager or left <= 0)
                if not batch:
                    is_waiting = any(self._waiting.get(each.reference.key) is each for each in flights)
                    self._changed.wait(left if is_waiting else None)
                    continue
            self._fly(batch)

    def _take(self, *, eager: bool) -> list[Flight]:
        if not eager and self._calls and len(self._waiting) < GET_PARAMETERS_BATCH:
            return []
        batch = list(self._waiting.values())[:GET_PARAMETERS_BATCH]
        for flight in batch:
            key = flight.reference.key
            self._under_way[key] = self._waiting.pop(key)
        self._calls += bool(batch)
        return batch

    def _fly(self, batch: list[Flight]) -> None:
        outcomes: Mapping[str, Outcome] = {}
        try:
            outcomes = self._fetch(
                [each.reference for each in batch], {each.reference.key for each in batch if each.fresh}
            )
        finally:
            with self._lock:
                self._calls -= 1
                for flight in batch:
                    key = flight.reference.key
                    flight.outcome, flight.done = outcomes.get(key), True
                    if self._under_way.get(key) is flight:
                        del self._under_way[key]
                self._changed.notify_all()

    def _help(self) -> None:
        """Make calls for the thread that wants more than ten parameters."""
        # An error ends this thread only; whoever waits for the parameters tries itself and meets it there.
        with contextlib.suppress(Exception):
            while True:
                with self._lock:
                    batch = self._take(eager=True)
                if not batch:
                    return
                self._fly(batch)
