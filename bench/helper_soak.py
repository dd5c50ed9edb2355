"""The helper in all weathers at once: ``python -m bench.helper_soak [SECONDS] [THREADS]``.

Threads read and write through one helper while the server throttles, fails, resets connections, sends half answers and
answers of other parameters, drips, refuses keys and credentials, while host names do not resolve, credentials are
rotated and the clock is set. No value may be wrong or too old, no exception lost, nothing may hang or grow, and no
value may be in a log line or an error.
"""

import asyncio
import contextlib
import gc
import logging
import os
import random
import resource
import socket
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from bench.weather import CANARY, NAMES, REVOKED, Weather
from ssm_securestring import (
    AsyncSecureStrings,
    SecretValue,
    SecureStringError,
    SecureStrings,
)
from ssm_securestring.runtime import cache, parameters, reader, secure_strings
from ssm_securestring.runtime.record import Record

_TTL_SECONDS: Final = 0.05
_MAX_STALE_SECONDS: Final = 0.1
_TIMEOUT_SECONDS: Final = 0.4
_OLDEST_SECONDS: Final = _TTL_SECONDS + _MAX_STALE_SECONDS
# From the end of a call until the last of those who joined it has its value, on a busy machine.
_HAND_OVER_SECONDS: Final = 0.3
_REMEMBERED: Final = 5000
_GROWTH_MB: Final = 10


class Clock:
    """A wall clock that is set to and fro, and a monotonic one that is not."""

    def __init__(self) -> None:
        """Begin with the time of day."""
        self.offset_seconds = 0.0
        self.monotonic = time.monotonic

    def time(self) -> float:
        """Return what the wall clock says."""
        return time.time() + self.offset_seconds


class Findings(logging.Handler):
    """What was seen, and what was wrong; also listens to every log line.

    Attributes:
        counts: How often everything happened.
        faults: What was wrong, one line each.
    """

    def __init__(self) -> None:
        """Have seen nothing yet."""
        super().__init__(logging.DEBUG)
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []

    def count(self, what: str) -> None:
        """Count something."""
        with self.lock or contextlib.nullcontext():
            self.counts[what] += 1

    def fault(self, what: str) -> None:
        """Note that something is wrong."""
        self.faults.append(what)

    def emit(self, record: logging.LogRecord) -> None:
        """Look for values in a log line."""
        self.counts["log lines"] += 1
        if CANARY in self.format(record):
            self.fault(f"a log line of {record.name} has a value")

    def error(self, error: BaseException) -> None:
        """Count an error and look for values in it, its causes and the frames below ours."""
        self.count(type(error).__name__)
        if not isinstance(error, SecureStringError):
            self.fault(f"{type(error).__name__} came out: {error}")
        each: BaseException | None = error
        while each is not None:
            shown = [str(each), repr(vars(each)), repr(each.args)]
            if self.counts[type(error).__name__] % 20 == 1:
                lines = traceback.TracebackException.from_exception(each, capture_locals=True).format()
                shown += [line for line in lines if __file__ not in line]
            if any(CANARY in text for text in shown):
                self.fault(f"{type(each).__name__} has a value")
            each = each.__cause__ or each.__context__


class Soak:
    """One soak.

    Args:
        seconds: How long the weather is bad.
        threads: How many read and write at once; more change values, credentials and the clock.
    """

    def __init__(self, *, seconds: float, threads: int) -> None:
        """Make server and helper; nothing runs yet."""
        self.server = Weather()
        self.findings = Findings()
        self._seconds = seconds
        self._threads = threads
        self._clock = Clock()
        self._end = 0.0
        self._first_rss_mb = 0.0
        self._usable_until: dict[tuple[str, str], float] = {}
        self._secrets = SecureStrings(
            ttl_seconds=_TTL_SECONDS, max_stale_seconds=_MAX_STALE_SECONDS, timeout_seconds=_TIMEOUT_SECONDS
        )

    def run(self) -> Findings:
        """Let everything happen; return what was found."""
        with self._surroundings():
            self._end = time.monotonic() + self._seconds
            work = [self._read, self._read, self._read_alone, self._write]
            tasks = [work[number % len(work)] for number in range(self._threads)]
            tasks += [self._read_with_asyncio, self._change, self._revoke, self._rotate_credentials, self._measure]
            threads = [
                threading.Thread(target=self._guarded, args=(task, random.Random(number)), daemon=True)  # noqa: S311 - the order of calls
                for number, task in enumerate(tasks)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(max(self._end + 30 - time.monotonic(), 0))
            if any(thread.is_alive() for thread in threads):
                self.findings.fault("a thread hangs")
            self._check_recovery()
        return self.findings

    @contextlib.contextmanager
    def _surroundings(self) -> Iterator[None]:
        """Point environment, clocks, names of hosts and logs to what this soak makes of them, and back again."""
        patched: list[tuple[Any, str, Any]] = [
            (cache, "time", self._clock),
            (reader, "time", self._clock),
            (reader, "fetch", self._noting(parameters.fetch)),
            (secure_strings, "_wall", self._clock.time),
            (socket, "getaddrinfo", self._resolve(socket.getaddrinfo)),
            (threading, "excepthook", lambda lost: self.findings.fault(f"lost: {lost.exc_type.__name__}")),
        ]
        before = [(module, name, getattr(module, name)) for module, name, _ in patched]
        environment, root = dict(os.environ), logging.getLogger()
        level = root.level
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            for module, name, ours in patched:
                setattr(module, name, ours)
            os.environ |= {"AWS_ENDPOINT_URL": self.server.url, "AWS_REGION": "eu-west-1"}
            os.environ |= {"AWS_ACCESS_KEY_ID": self.server.access_key, "AWS_SECRET_ACCESS_KEY": "example"}
            root.addHandler(self.findings)
            root.setLevel(logging.DEBUG)
            yield
        finally:
            root.removeHandler(self.findings)
            root.setLevel(level)
            for module, name, theirs in before:
                setattr(module, name, theirs)
            os.environ.clear()
            os.environ |= environment
            self.server.shutdown()
            self.server.server_close()

    def _noting(self, real: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        """Note how long each value may be used that a call brings: whoever joined that call gets it, however old."""

        def fetch(*arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - those of the helper
            began = time.monotonic()
            outcomes = real(*arguments)
            for outcome in outcomes.values():
                if isinstance(outcome, Record):
                    until = max(began + _OLDEST_SECONDS, time.monotonic() + _HAND_OVER_SECONDS)
                    self._note(outcome.name, outcome.value, until)
            return outcomes

        return fetch

    def _note(self, name: str, value: SecretValue, until: float) -> None:
        noted = self._usable_until
        noted[name, value.reveal()] = max(noted.get((name, value.reveal()), 0.0), until)
        if len(noted) > _REMEMBERED:
            noted.pop(next(iter(noted)))

    def _resolve(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def resolve(*arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - those of the standard library
            if not self.server.calm and random.random() < 0.05:  # noqa: PLR2004, S311 - one name of twenty
                self.findings.count("names that did not resolve")
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            return real(*arguments, **more)

        return resolve

    def _guarded(self, task: Callable[[random.Random], None], chance: random.Random) -> None:
        try:
            while time.monotonic() < self._end:
                task(chance)
        except BaseException as error:  # noqa: BLE001 - whatever ends a thread is a finding
            self.findings.error(error)

    def _try(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the call returns
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - it is looked at
            self.findings.error(error)
            return None

    def _read(self, chance: random.Random) -> None:
        names = chance.sample([*NAMES, REVOKED], chance.randint(1, 20))
        started = time.monotonic()
        values = self._secrets.get_many(names)
        for name, value in values.items():
            self._check(name, value, started)
        for error in values.errors.values():
            self.findings.error(error)
        if len(values) + len(values.errors) != len(names):
            self.findings.fault("a name has neither value nor error")

    def _read_alone(self, chance: random.Random) -> None:
        name = chance.choice([*NAMES, REVOKED])
        started = time.monotonic()
        method = self._secrets.refresh if chance.random() < 0.1 else self._secrets.get  # noqa: PLR2004 - now and then
        value = self._try(lambda: method(name))
        if value is not None:
            self._check(name, value, started)
        if chance.random() < 0.02:  # noqa: PLR2004 - seldom
            self._secrets.invalidate(*chance.choice(([], [name])))

    def _read_with_asyncio(self, chance: random.Random) -> None:
        names = chance.sample(NAMES, 5)

        async def run() -> list[Any]:
            helper = AsyncSecureStrings(self._secrets)
            return await asyncio.gather(*[helper.get(name) for name in names], return_exceptions=True)

        started = time.monotonic()
        for name, outcome in zip(names, asyncio.run(run()), strict=True):
            if isinstance(outcome, BaseException):
                self.findings.error(outcome)
            else:
                self._check(name, outcome, started)
        time.sleep(0.05)

    def _write(self, chance: random.Random) -> None:
        name = chance.choice(NAMES[:10])
        value = SecretValue(self.server.new_value(name))
        if chance.random() < 0.3:  # noqa: PLR2004 - some of the writes
            version = self._try(lambda: self._secrets.rotate(name, lambda _: value))
        else:
            version = self._try(lambda: self._secrets.put(name, value))
        if version is None:
            return
        self._note(name, value, time.monotonic() + _OLDEST_SECONDS)
        self.findings.count("writes")
        seen = self._try(lambda: self._secrets.get(name))
        if seen is not None and seen != value:
            ended = self.server.replaced_at(name, seen.reveal())
            if ended is None or ended <= self.server.stored_at(name, value.reveal()):
                self.findings.fault(f"{name} was older than what its writer had stored")

    def _check(self, name: str, value: SecretValue, started: float) -> None:
        self.findings.count("values")
        ended, usable = (
            self.server.replaced_at(name, value.reveal()),
            self._usable_until.get((name, value.reveal()), 0.0),
        )
        if ended is None:
            self.findings.fault(f"{name} had a value that nobody stored there")
        elif started > max(ended + _OLDEST_SECONDS, usable):
            self.findings.fault(f"{name} had a value that was replaced {started - ended:.3f} s before")
        revoked_at = self.server.revoked_at
        if name == REVOKED and revoked_at is not None and started > max(revoked_at + _OLDEST_SECONDS, usable):
            self.findings.fault("a value was read under a disabled key")

    def _change(self, chance: random.Random) -> None:
        name = chance.choice(NAMES)
        self.server.store(name, self.server.new_value(name))
        self._clock.offset_seconds = chance.choice((0.0, 0.0, 0.0, 3600.0, -86400.0, 0.03))
        time.sleep(0.01)

    def _revoke(self, chance: random.Random) -> None:
        time.sleep(chance.uniform(0.3, 0.6))
        self.server.revoked_at = time.monotonic()
        time.sleep(chance.uniform(0.3, 0.6))
        self.server.revoked_at = None

    def _rotate_credentials(self, chance: random.Random) -> None:
        time.sleep(chance.uniform(0.2, 0.5))
        new = f"AKID{chance.randrange(10**9)}"
        os.environ["AWS_ACCESS_KEY_ID"] = new
        self.server.access_key = new

    def _measure(self, chance: random.Random) -> None:
        del chance
        time.sleep(min(self._seconds / 3, 20))
        gc.collect()
        self._first_rss_mb = self._first_rss_mb or _rss_mb()

    def _check_recovery(self) -> None:
        """When the weather is good again, everything is as it is stored, and nothing has piled up."""
        self.server.calm, self.server.revoked_at = True, None
        self._clock.offset_seconds = 0.0
        time.sleep(_TTL_SECONDS + _MAX_STALE_SECONDS)
        for name, value in self._secrets.get_many([*NAMES, REVOKED]).items():
            if value.reveal() != self.server.values[name]:
                self.findings.fault(f"{name} is not what is stored after all")
            self.findings.count("recovered")
        if self.findings.counts["recovered"] != len(NAMES) + 1:
            self.findings.fault("some names are not read in good weather")
        gc.collect()
        grown = _rss_mb() - self._first_rss_mb
        self.findings.counts["MB grown"] = round(grown)
        if grown > _GROWTH_MB:
            self.findings.fault(f"memory grew by {grown:.0f} MB")


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 1024 / 1024


def report(soak: Soak) -> str:
    """Return what happened, what was played, and what was wrong."""
    seen, played = (
        ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
        for counts in (soak.findings.counts, soak.server.played)
    )
    wrong = "".join(f"\n  {fault}" for fault in soak.findings.faults[:20])
    return f"seen: {seen}\nplayed: {played}\n{len(soak.findings.faults)} faults{wrong}"


def main(seconds: float = 60.0, threads: float = 8) -> int:
    """Run a soak; returns 1 if anything was wrong."""
    soak = Soak(seconds=seconds, threads=int(threads))
    soak.run()
    print(f"{threads:.0f} threads, {seconds:.0f} s\n{report(soak)}")
    return 1 if soak.findings.faults else 0


if __name__ == "__main__":
    sys.exit(main(*(float(each) for each in sys.argv[1:])))
