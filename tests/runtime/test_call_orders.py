"""Whatever the order of calls, and in a storm: what is returned was held within the time to live."""

import gc
import os
import random
import threading
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssm_securestring import (
    ParameterThrottledError,
    SecretValue,
    SecureStrings,
)
from ssm_securestring.core.errors import ParameterReadError
from ssm_securestring.runtime import cache, reader, secure_strings
from ssm_securestring.runtime.calls import Answer, ServiceRefusalError
from tests.runtime.faults import ARN, FaultServer, half, refuse, reset
from tests.runtime.weather import Clocks, in_threads

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "c4n4ry-correct-horse"


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
