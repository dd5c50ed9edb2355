"""Clocks that a test moves, threads, and a call that is held at the server."""

import threading
from collections.abc import Callable

from ssm_securestring import (
    SecureStrings,
)
from tests.runtime.faults import Fault, FaultServer, Handler


class Clocks:
    """Two clocks that the test moves: the monotonic one, and the wall's."""

    def __init__(self) -> None:
        """Begin at some moment."""
        self.now = 1000.0
        self.now_wall = 1_700_000_000.0

    def pass_by(self, seconds: float) -> None:
        """Let time pass on both."""
        self.now += seconds
        self.now_wall += seconds

    def monotonic(self) -> float:
        """Return the time since some moment; each look takes a moment."""
        self.now += 1e-6
        return self.now

    def time(self) -> float:
        """Return the time of day."""
        return self.now_wall


def in_threads(*tasks: Callable[[], object]) -> list[BaseException]:
    """Run tasks at the same time and return what they raised."""
    raised: list[BaseException] = []
    start = threading.Barrier(len(tasks))

    def run(task: Callable[[], object]) -> None:
        start.wait()
        try:
            task()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            raised.append(error)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return raised


class Held:
    """A call that reaches the server and is held there until it is let go."""

    def __init__(self, faults: FaultServer, secrets: SecureStrings, name: str, answer: Fault = lambda _: False) -> None:
        """Let another thread ask, and wait until its call is there; it is answered well unless told otherwise."""
        self._answer = answer
        self.arrived, self.released = threading.Event(), threading.Event()
        faults.faults.insert(0, self._hold)
        self._thread = threading.Thread(target=in_threads, args=(lambda: secrets.get(name),))
        self._thread.start()
        assert self.arrived.wait(10)

    def let_go(self) -> None:
        """Let the server answer, and wait until the caller has it."""
        self.released.set()
        self._thread.join(10)

    def _hold(self, handler: Handler) -> bool:
        self.arrived.set()
        self.released.wait(10)
        return self._answer(handler)
