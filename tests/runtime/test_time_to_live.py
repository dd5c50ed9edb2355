"""Nothing older than the time to live, by either clock; the last good value in an outage, and never after a refusal."""

import threading

import pytest

from ssm_securestring import (
    ParameterAccessDeniedError,
    ParameterNotFoundError,
    ParameterThrottledError,
    SecureStrings,
)
from ssm_securestring.core.errors import ParameterReadError
from tests.runtime.faults import ARN, FaultServer, refuse
from tests.runtime.weather import Clocks, Held

CANARY = "c4n4ry-correct-horse"


@pytest.mark.parametrize("jump", ["both", "frozen", "set back"])
def test_a_value_ends_by_either_clock(faults: FaultServer, clocks: Clocks, jump: str) -> None:
    """A frozen process sees it on the wall clock; a wall clock that is set back does not prolong it."""
    faults.values["/x"] = "old"
    secrets = SecureStrings(ttl_seconds=60)
    secrets.get("/x")
    faults.values["/x"] = "new"
    clocks.pass_by(50)
    assert secrets.get("/x").reveal() == "old"
    if jump == "both":
        clocks.pass_by(11)
    elif jump == "frozen":
        clocks.now_wall += 11
    else:
        clocks.now += 11
        clocks.now_wall -= 86400
    assert secrets.get("/x").reveal() == "new"


def test_entries_of_one_moment_do_not_end_in_one_moment(faults: FaultServer, clocks: Clocks) -> None:
    """Up to a tenth of the time to live is taken off."""
    faults.values |= {f"/{number}": CANARY for number in range(50)}
    secrets = SecureStrings(ttl_seconds=100)
    secrets.get_many(faults.values)
    clocks.pass_by(92.5)
    faults.calls.clear()
    secrets.get_many(faults.values)
    asked = sum(len(request.get("Names", ["a single one"])) for _, request in faults.calls)
    assert 0 < asked < 50


def test_while_one_caller_refreshes_others_do_not_wait(faults: FaultServer, clocks: Clocks) -> None:
    """Within the last twentieth of the time to live: they get what they know at once, and the new value afterwards."""
    faults.values["/x"] = "old"
    secrets = SecureStrings(ttl_seconds=100)
    secrets.get("/x")
    clocks.pass_by(95)  # due at 90 to 95, and good for five more
    faults.values["/x"] = "new"
    first = Held(faults, secrets, "/x")
    assert {value.reveal() for value in secrets.get_many(["/x"]).values()} == {"old"}
    assert secrets.get("/x").reveal() == "old"
    first.let_go()
    assert secrets.get("/x").reveal() == "new"


@pytest.mark.parametrize("how", ["over", "invalidated", "frozen"])
def test_nobody_gets_an_old_value_at_once_after_its_time_to_live(faults: FaultServer, clocks: Clocks, how: str) -> None:
    """Also not while somebody refreshes it, by either clock, nor after it was invalidated."""
    faults.values["/x"] = "old"
    secrets = SecureStrings(ttl_seconds=100)
    secrets.get("/x")
    clocks.pass_by(100.1 if how == "over" else 95.5)
    if how == "frozen":
        clocks.now_wall += 5
    faults.values["/x"] = "new"
    first = Held(faults, secrets, "/x")
    if how == "invalidated":
        secrets.invalidate("/x")
    threading.Timer(0.2, first.let_go).start()
    assert secrets.get("/x").reveal() == "new"


def test_a_revocation_ends_what_others_got_at_once(faults: FaultServer, clocks: Clocks) -> None:
    """As soon as the one who refreshes is refused."""
    faults.values["/x"] = CANARY
    secrets = SecureStrings(ttl_seconds=100)
    secrets.get("/x")
    clocks.pass_by(95)  # due at 90 to 95, and good for five more
    first = Held(faults, secrets, "/x", refuse("AccessDeniedException"))
    faults.faults = [refuse("AccessDeniedException")]
    assert secrets.get("/x").reveal() == CANARY
    first.let_go()
    with pytest.raises(ParameterAccessDeniedError):
        secrets.get("/x")


def test_the_last_good_value_stands_in_while_parameter_store_cannot_be_asked(
    faults: FaultServer, clocks: Clocks, caplog: pytest.LogCaptureFixture
) -> None:
    """Within max_stale, said in the log, without asking anew each time; not after it."""
    faults.values["/x"] = CANARY
    secrets = SecureStrings(ttl_seconds=60, max_stale_seconds=100, timeout_seconds=1)
    secrets.get("/x")
    clocks.pass_by(61)
    faults.faults = [refuse("ThrottlingException")] * 1000
    assert secrets.get("/x").reveal() == CANARY
    assert "Using the last good value" in caplog.text
    assert CANARY not in caplog.text
    asked = len(faults.calls)
    assert secrets.get("/x").reveal() == CANARY
    assert len(faults.calls) == asked
    with pytest.raises(ParameterThrottledError):
        secrets.refresh("/x")
    clocks.pass_by(101)
    with pytest.raises(ParameterThrottledError):
        secrets.get("/x")


def test_the_caller_is_told_when_a_value_stands_in(faults: FaultServer, clocks: Clocks) -> None:
    """Since when, in the record; why, by a hook that may refuse it."""
    faults.values["/x"] = CANARY
    told: list[ParameterReadError] = []
    secrets = SecureStrings(ttl_seconds=60, timeout_seconds=0.3, on_stale=told.append)
    asked_at = clocks.now_wall
    assert secrets.record("/x").stale_since is None
    clocks.pass_by(61)
    faults.faults = [refuse("ThrottlingException")] * 1000
    assert secrets.record("/x").value.reveal() == CANARY
    assert secrets.record("/x").stale_since == asked_at + 60
    assert [(type(error), error.name) for error in told] == [(ParameterThrottledError, "/x")]
    faults.faults.clear()
    clocks.pass_by(6)
    assert secrets.record("/x").stale_since is None

    def refuse_it(error: ParameterReadError) -> None:
        raise error

    strict = SecureStrings(ttl_seconds=0, timeout_seconds=0.3, on_stale=refuse_it)
    strict.get("/x")
    faults.faults = [refuse("ThrottlingException")] * 1000
    with pytest.raises(ParameterThrottledError):
        strict.get("/x")


def test_a_definite_refusal_ends_the_last_good_value(faults: FaultServer, clocks: Clocks) -> None:
    """Revocation wins, also over an outage that follows, and by whatever name is asked."""
    faults.values["/x"] = CANARY
    secrets = SecureStrings(ttl_seconds=60, timeout_seconds=1)
    secrets.get("/x")
    clocks.pass_by(61)
    faults.faults = [refuse("AccessDeniedException")]
    with pytest.raises(ParameterAccessDeniedError):
        secrets.get("/x")
    faults.faults = [refuse("ThrottlingException")] * 1000
    for name in ("/x", f"{ARN}x"):
        with pytest.raises(ParameterThrottledError):
            secrets.get(name)


def test_a_missing_name_is_asked_for_once_in_a_while(faults: FaultServer, clocks: Clocks) -> None:
    """Each caller gets an exception of its own; the name is found soon after it was made."""
    secrets = SecureStrings()
    faults.faults = [refuse("ParameterNotFound")]
    errors = []
    for _ in range(3):
        with pytest.raises(ParameterNotFoundError) as caught:
            secrets.get("/x")
        errors.append(caught.value)
    assert len(faults.calls) == 1
    assert len({id(error) for error in errors}) == 3
    faults.values["/x"] = CANARY
    clocks.pass_by(6)
    assert secrets.get("/x").reveal() == CANARY
