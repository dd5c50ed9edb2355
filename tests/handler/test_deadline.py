"""The time limit."""

import signal
import time

import pytest

from ssm_securestring.handler.deadline import OutOfTime, time_limit


def test_blocked_call_is_interrupted() -> None:
    """In the middle of a call that would take longer, and past handlers that take any error for their own."""
    start = time.monotonic()

    def library() -> None:
        try:
            time.sleep(10)
        except Exception:  # noqa: BLE001 what libraries do
            pytest.fail("taken for an ordinary error")

    with pytest.raises(OutOfTime), time_limit(0.05):
        library()

    assert time.monotonic() - start < 5


@pytest.mark.parametrize("seconds", [0.0, -3.0])
def test_no_time_left_is_noticed_at_once(seconds: float) -> None:
    """The block does not even begin."""
    with pytest.raises(OutOfTime), time_limit(seconds):
        pytest.fail("began")


def test_nothing_rings_after_the_block() -> None:
    """Lambda keeps the process for the next event, which must not be hit by an old alarm."""
    before = signal.getsignal(signal.SIGALRM)

    with time_limit(0.02):
        assert signal.getitimer(signal.ITIMER_REAL)[0] <= 0.02

    assert signal.getsignal(signal.SIGALRM) is before
    time.sleep(0.05)


def test_timer_of_others_goes_on() -> None:
    """A test runner's, for example."""
    earlier = signal.getitimer(signal.ITIMER_REAL)
    signal.setitimer(signal.ITIMER_REAL, 100)
    try:
        with time_limit(5):
            assert signal.getitimer(signal.ITIMER_REAL)[0] <= 5
        assert 90 < signal.getitimer(signal.ITIMER_REAL)[0] <= 100
    finally:
        signal.setitimer(signal.ITIMER_REAL, *earlier)
