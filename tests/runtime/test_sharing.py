"""One cache and one call for all who ask."""

import functools
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from ssm_securestring import (
    SecureStrings,
)
from ssm_securestring.core.errors import SettingError
from ssm_securestring.runtime import lifecycle
from tests.runtime.faults import ARN, FaultServer, drip
from tests.runtime.weather import Held, in_threads

CANARY = "c4n4ry-correct-horse"


def test_path_batch_arn_and_single_share_one_cache(faults: FaultServer) -> None:
    """After one call by path, no way of asking for the same parameters makes another."""
    faults.values |= {"/shop/a": "1", "/shop/b": "2"}
    secrets = SecureStrings()

    below = secrets.get_by_path("/shop")

    assert {name: value.reveal() for name, value in below.items()} == {"/shop/a": "1", "/shop/b": "2"}
    assert secrets.get("/shop/a").reveal() == "1"
    assert secrets.get(f"{ARN}shop/a").reveal() == "1"
    assert secrets.get_many(["/shop/a", "/shop/b"])["/shop/b"].reveal() == "2"
    assert secrets.parameter("/shop/b").value.reveal() == "2"
    assert secrets.record("/shop/a").arn == f"{ARN}shop/a"
    assert len(faults.calls) == 1


def test_one_call_for_a_name_that_many_threads_want(faults: FaultServer) -> None:
    """Cold, 32 of them."""
    faults.values["/x"] = CANARY
    faults.latency_seconds = 0.05
    secrets = SecureStrings()
    assert in_threads(*[lambda: secrets.get("/x")] * 32) == []
    assert len(faults.calls) == 1


def test_few_calls_for_many_names_that_many_threads_want(faults: FaultServer) -> None:
    """32 threads, 32 names: 5 calls at most, and each thread gets its own value.

    On a busy machine the threads may not start together, so there are three tries.
    """
    faults.values |= {f"/{number}": f"value {number}" for number in range(32)}
    faults.latency_seconds = 0.05
    counts = []
    for _ in range(3):
        secrets = SecureStrings()
        seen: dict[str, str] = {}
        faults.calls.clear()
        assert in_threads(*[functools.partial(_note, secrets, name, seen) for name in faults.values]) == []
        assert seen == faults.values
        counts.append(len(faults.calls))
    assert min(counts) <= 5


def _note(secrets: SecureStrings, name: str, seen: dict[str, str]) -> None:
    seen[name] = secrets.get(name).reveal()


def test_a_hundred_names_are_ten_calls_at_the_same_time(faults: FaultServer) -> None:
    """They take hardly longer than one."""
    faults.values |= {f"/{number}": f"value {number}" for number in range(100)}
    faults.latency_seconds = 0.2
    started = time.monotonic()
    values = SecureStrings().get_many(faults.values)
    assert time.monotonic() - started < 1
    assert {name: value.reveal() for name, value in values.items()} == faults.values
    assert [operation for operation, _ in faults.calls] == ["GetParameters"] * 10


def test_a_call_that_hangs_does_not_hold_up_other_names(faults: FaultServer) -> None:
    """A single wish waits for company only a moment."""
    faults.values |= {"/slow": CANARY, "/fast": CANARY}
    faults.faults = [drip]
    secrets = SecureStrings(timeout_seconds=2)
    hanging = threading.Thread(target=lambda: in_threads(lambda: secrets.get("/slow")))
    hanging.start()
    time.sleep(0.05)
    started = time.monotonic()
    assert secrets.get("/fast").reveal() == CANARY
    assert time.monotonic() - started < 1.5
    hanging.join()


def test_refresh_and_invalidate_bring_what_is_stored_now(faults: FaultServer) -> None:
    """By any name of the parameter; refresh is seen by all who ask later."""
    faults.values |= {"/x": "1", "/y": "1"}
    secrets = SecureStrings()
    secrets.get_many(["/x", f"{ARN}x", "/y"])
    faults.values |= {"/x": "2", "/y": "2"}
    assert secrets.refresh("/x").reveal() == "2"
    assert secrets.get(f"{ARN}x").reveal() == "2"
    assert secrets.get("/y").reveal() == "1"
    secrets.invalidate("/y")
    assert secrets.get("/y").reveal() == "2"
    faults.values["/x"] = "3"
    secrets.invalidate()
    assert secrets.get("/x").reveal() == "3"


def test_a_call_that_began_before_an_invalidation_does_not_bring_the_old_value_back(faults: FaultServer) -> None:
    """Whoever asks after both gets what is stored then."""
    faults.values["/x"] = "old"
    secrets = SecureStrings()
    faults.latency_seconds = 0.3
    early = threading.Thread(target=secrets.get, args=("/x",))
    early.start()
    time.sleep(0.1)
    secrets.invalidate("/x")
    early.join()
    faults.values["/x"] = "new"
    assert secrets.get("/x").reveal() == "new"


def test_nobody_joins_a_call_that_began_before_an_invalidation(faults: FaultServer) -> None:
    """It may bring an older value, so there is a call of its own."""
    faults.values["/x"] = CANARY
    secrets = SecureStrings()
    faults.latency_seconds = 0.3
    early = threading.Thread(target=secrets.get, args=("/x",))
    early.start()
    time.sleep(0.1)
    secrets.invalidate("/x")
    secrets.get("/x")
    early.join()
    assert len(faults.calls) == 2


def test_a_version_is_another_entry(faults: FaultServer) -> None:
    """The newest and a version do not stand for each other."""
    faults.values |= {"/x": "new", "/x:1": "old"}
    secrets = SecureStrings()
    assert secrets.get("/x").reveal() == "new"
    assert secrets.get("/x:1").reveal() == "old"
    assert secrets.get("/x").reveal() == "new"


def test_a_forked_child_shares_no_connection(faults: FaultServer) -> None:
    """It keeps what is known, and both sides go on."""
    faults.values |= {"/x": CANARY, "/y": CANARY}
    secrets = SecureStrings()
    secrets.get("/x")
    child = os.fork()
    if child == 0:
        good = secrets.get("/x").reveal() == CANARY and secrets.get("/y").reveal() == CANARY
        os._exit(0 if good else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert secrets.get("/y").reveal() == CANARY
    assert len(faults.calls) == 3


def test_a_restored_snapshot_asks_again(faults: FaultServer) -> None:
    """What was read when the snapshot was taken may be days old."""
    faults.values["/x"] = "old"
    secrets = SecureStrings()
    secrets.get("/x")
    faults.values["/x"] = "new"
    lifecycle.after_restore()
    assert secrets.get("/x").reveal() == "new"


def test_a_child_does_not_wait_for_calls_of_its_parent(faults: FaultServer) -> None:
    """The thread that made them does not exist there."""
    faults.values["/x"] = CANARY
    secrets = SecureStrings()
    held = Held(faults, secrets, "/x")
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        os._exit(0 if secrets.get("/x").reveal() == CANARY else 1)
    assert os.waitpid(child, 0)[1] == 0
    held.let_go()
    assert secrets.get("/x").reveal() == CANARY
    assert len(faults.calls) == 2


def test_lambda_restores_a_snapshot_and_everything_is_asked_for_again(faults: FaultServer) -> None:
    """By the hook that Lambda's own package calls."""
    faults.values["/x"] = "old"
    script = (
        "import snapshot_restore_py as lambda_, ssm_securestring\n"
        "secrets = ssm_securestring.SecureStrings()\n"
        "print(secrets.get('/x').reveal(), flush=True)\n"
        "input()\n"
        "print(secrets.get('/x').reveal())\n"
        "[hook(*a, **k) for hook, a, k in lambda_._after_restore_registry]\n"
        "print(secrets.get('/x').reveal())\n"
    )
    environment = os.environ | {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
    with subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as function:
        assert function.stdout is not None
        assert function.stdout.readline() == "old\n"
        faults.values["/x"] = "new"
        assert function.communicate("\n", timeout=20)[0] == "old\nnew\n"
    assert function.returncode == 0


@pytest.mark.parametrize(
    ("setting", "number"), [("ttl_seconds", -1), ("max_stale_seconds", float("nan")), ("timeout_seconds", 0)]
)
def test_fails_for_a_duration_out_of_range(setting: str, number: float) -> None:
    """When the helper is made, not when it is used."""
    with pytest.raises(SettingError, match=setting):
        SecureStrings(**{setting: number})  # type: ignore[arg-type]  # the settings are all numbers
