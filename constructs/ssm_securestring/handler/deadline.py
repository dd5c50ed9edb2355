"""Stops the work in time to say so: Lambda ends a function without a word, and CloudFormation would wait an hour."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class OutOfTime(BaseException):
    """The time is up.

    Not an ``Exception``, so that no library on the way takes it for a failure of its own and tries again.
    """


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`OutOfTime` within the block when the time is up, in the middle of a blocked call too.

    By signal, so it works in the main thread only. That is where Lambda runs a function. A thread could answer as
    well, but not end the call, and then Lambda would end the function and deliver the event again, after the answer.

    Args:
        seconds: How long the block may take.

    Raises:
        OutOfTime: The time is up.
    """
    if seconds <= 0:
        raise OutOfTime
    earlier_handler = signal.signal(signal.SIGALRM, _ring)
    earlier_seconds, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, earlier_handler)
        # There is one such timer in a process, and a test runner may have set it. Lambda has not.
        signal.setitimer(signal.ITIMER_REAL, earlier_seconds)


def _ring(_number: int, _frame: FrameType | None) -> None:
    raise OutOfTime
