"""One cache and one call for all who ask, whatever the order; nothing older than the time to live."""

import functools
import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssm_securestring import (
    ParameterAccessDeniedError,
    ParameterNotFoundError,
    ParameterThrottledError,
    SecretValue,
    SecureStrings,
)
from ssm_securestring.core.errors import ParameterReadError, SettingError
from ssm_securestring.runtime import cache, lifecycle, reader, secure_strings
from ssm_securestring.runtime.calls import Answer, ServiceRefusalError
from tests.runtime.faults import ARN, Fault, FaultServer, Handler, drip, half, refuse, reset

CANARY = "c4n4ry-correct-horse"


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


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """Replace the clocks of the cache."""
    moved = Clocks()
    for module in (cache, reader):
        monkeypatch.setattr(module, "time", moved)
    monkeypatch.setattr(secure_strings, "_monotonic", moved.monotonic)
    monkeypatch.setattr(secure_strings, "_wall", moved.time)
    return moved


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


class Store:
    """Parameter Store as a history of values, for the property below."""

    def __init__(self, clocks: Clocks) -> None:
        """Begin with two parameters."""
        self.clocks = clocks
        self.history: dict[str, list[tuple[float, str]]] = {"/a": [(0.0, "a0")], "/b": [(0.0, "b0")]}
        self.broken = False
        self.mended_at = -1e9
        self.meanwhile: Callable[[], None] | None = None

    @property
    def oldest_seconds(self) -> float:
        """How old an answer may be: for 5 s after an outage, nobody asks for what stood in."""
        return 120 if self.broken or self.clocks.now - self.mended_at <= 5.001 else 60.001

    def toggle(self) -> None:
        """Break down, or be mended."""
        self.broken = not self.broken
        self.mended_at = self.clocks.now

    def change(self, name: str) -> None:
        """Store another value."""
        self.history[name].append((self.clocks.now, f"{name}{len(self.history[name])}"))

    def call(self, operation: str, request: dict[str, object]) -> Answer:
        """Answer, or be throttled; somebody may ask meanwhile."""
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        if self.broken:
            raise ServiceRefusalError("ThrottlingException", "", request_id=None)
        if operation == "GetParameter":
            return Answer({"Parameter": self._fields(str(request["Name"]))}, "")
        if operation == "PutParameter":
            self.history[str(request["Name"])].append((self.clocks.now, str(request["Value"])))
            return Answer({"Version": len(self.history[str(request["Name"])])}, "")
        names = request["Names"] if operation == "GetParameters" else list(self.history)
        assert isinstance(names, list)
        return Answer({"Parameters": [self._fields(name) for name in names]}, "")

    def reset(self) -> None:
        """Have no connections."""

    def held_within(self, name: str, seconds: float) -> set[str]:
        """Return every value of that long."""
        since = self.clocks.now - seconds
        older = [value for at, value in self.history[name] if at <= since]
        return {value for at, value in self.history[name] if at > since} | set(older[-1:])

    def _fields(self, text: str) -> dict[str, object]:
        name = f"/{text.removeprefix(ARN).removeprefix('/')}"
        value, version = self.history[name][-1][1], len(self.history[name])
        return {"Name": name, "Value": value, "Version": version, "ARN": f"{ARN}{name[1:]}", "Type": "SecureString"}


ACTIONS = (
    *("get /a", "get /b", "many", "path", "refresh /a", "forget /a", "forget", "set /a", "set /b", "break", "wait"),
    *("race /a", "race many", "pause", f"get {ARN}a", f"refresh {ARN}a", f"forget {ARN}a", "put /a"),
)


@settings(max_examples=300, deadline=None)
@example(order=["get /a", "set /a", "wait", "wait", "wait", "race /a"])
@example(order=["get /a", "set /a", "wait", "wait", "wait", "break", "get /a", "break", "get /a"])
@given(order=st.lists(st.sampled_from(ACTIONS), max_size=40))
def test_what_is_returned_was_held_within_the_time_to_live(order: list[str]) -> None:
    """In every order of calls, changes and failures; after a refresh or invalidation, it is the very newest."""
    with pytest.MonkeyPatch.context() as patch:
        moved = Clocks()
        for module in (cache, reader):
            patch.setattr(module, "time", moved)
        patch.setattr(secure_strings, "_monotonic", moved.monotonic)
        patch.setattr(secure_strings, "_wall", moved.time)
        store = Store(moved)
        patch.setattr(secure_strings, "connect", lambda *_, **__: store)
        secrets = SecureStrings(ttl_seconds=60, max_stale_seconds=60)
        for action in order:
            play(action, store, secrets)


def play(action: str, store: Store, secrets: SecureStrings) -> None:
    """Do one thing and look at what comes back."""
    verb, _, name = action.partition(" ")
    if verb == "set":
        store.change(name)
    elif verb == "break":
        store.toggle()
    elif verb in {"wait", "pause"}:
        store.clocks.pass_by(25 if verb == "wait" else 8)
    elif verb == "race":
        race(["/a"] if name == "/a" else ["/a", "/b"], store, secrets)
    elif verb in {"forget", "put"}:
        change(verb, name, store, secrets)
    else:
        try:
            values = {
                "get": lambda: {name: secrets.get(name)},
                "many": lambda: dict(secrets.get_many(["/a", "/b", f"{ARN}b"])),
                "path": lambda: dict(secrets.get_by_path("/")),
                "refresh": lambda: {name: secrets.refresh(name)},
            }[verb]()
        except ParameterThrottledError:
            assert store.broken
            return
        for each, value in values.items():
            allowed = 0.001 if verb in {"refresh", "path"} else store.oldest_seconds
            assert value.reveal() in store.held_within(f"/{each[-1]}", allowed)


def change(verb: str, name: str, store: Store, secrets: SecureStrings) -> None:
    """Forget, or store another value: whoever asks afterwards, by name or ARN, gets what is stored."""
    if verb == "forget":
        secrets.invalidate(*([name] if name else []))
    elif store.broken:
        with pytest.raises(ParameterThrottledError):
            secrets.put(name, "x", key_id="k", tier="Standard", description="")
    else:
        version = len(store.history[name])
        assert secrets.put(name, f"{name}{version}", key_id="k", tier="Standard", description="") == version + 1
    if not store.broken:
        assert secrets.get("/a").reveal() == store.history["/a"][-1][1]
        assert secrets.get(f"{ARN}a").reveal() == store.history["/a"][-1][1]


def race(names: list[str], store: Store, secrets: SecureStrings) -> None:
    """Let somebody ask while a call for the same is under way: no answer is older than the time to live."""
    seen: list[dict[str, SecretValue]] = []
    other = threading.Thread(target=lambda: seen.append(dict(secrets.get_many(names))))

    def meanwhile() -> None:
        other.start()
        other.join(0.005)

    store.meanwhile = meanwhile
    seen.append(dict(secrets.get_many(names)))
    if store.meanwhile is None:
        other.join()
    store.meanwhile = None
    for values in seen:
        for each, value in values.items():
            assert value.reveal() in store.held_within(each, store.oldest_seconds)


def test_a_storm_loses_no_exception_and_gives_no_wrong_value(faults: FaultServer) -> None:
    """Eight threads for some seconds in all weathers: each call ends with the right value or an error of ours.

    SSM_SECURESTRING_SOAK_SECONDS makes it longer.
    """
    faults.values |= {f"/{number}": f"value of /{number}" for number in range(40)}
    weathers = [refuse("ThrottlingException"), refuse("InternalServerError", 500), reset, half, refuse("ExpiredToken")]
    secrets = SecureStrings(ttl_seconds=0.01, max_stale_seconds=0.05, timeout_seconds=0.3)
    end = time.monotonic() + float(os.environ.get("SSM_SECURESTRING_SOAK_SECONDS", "2"))
    counts = {"good": 0, "refused": 0}

    def play_on(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - the weather of a test
        while time.monotonic() < end:
            if chance.random() < 0.3:
                faults.faults.append(chance.choice(weathers))
            names = chance.sample(sorted(faults.values), chance.randint(1, 25))
            values = secrets.get_many(names)
            assert all(values[name].reveal() == f"value of {name}" for name in values)
            assert all(isinstance(error, ParameterReadError) for error in values.errors.values())
            assert len(values) + len(values.errors) == len(names)
            counts["good"] += len(values)
            counts["refused"] += len(values.errors)
            if chance.random() < 0.1:
                secrets.invalidate(*names[:2])

    raised = in_threads(*[lambda seed=seed: play_on(seed) for seed in range(8)])
    gc.collect()

    assert raised == []
    assert counts["good"] > 100
    assert threading.active_count() < 60
