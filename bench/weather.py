"""A Parameter Store in bad weather, for ``python -m bench.helper_soak``."""

import random
import time
from collections import Counter, deque
from typing import Any, Final

from tests.runtime import faults
from tests.runtime.faults import FaultServer, Handler

CANARY: Final = "c4n4ry"
NAMES: Final = tuple(f"/soak/{number}" for number in range(30))
REVOKED: Final = "/soak/revoked"


def slow(handler: Handler) -> bool:
    """Send a body that takes longer than a call may."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(12):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)
    handler.close_connection = True
    return True


_WEATHERS: Final[dict[str, faults.Fault]] = {
    "throttled": faults.refuse("ThrottlingException"),
    "failed": faults.refuse("InternalServerError", 500),
    "reset": faults.reset,
    "half": faults.half,
    "short, of another parameter": faults.short,
    "garbage": faults.garbage,
    "slow body": slow,
    "expired": faults.refuse("ExpiredTokenException"),
    "unknown credentials": faults.refuse("UnrecognizedClientException"),
}


class Weather(FaultServer):
    """A Parameter Store with a history, a key that can be disabled, credentials that change, and a fault now and then.

    Attributes:
        played: How often each fault was played.
        revoked_at: Since when the key is disabled, on the monotonic clock. ``None`` while it is enabled.
        access_key: Access key id that is accepted.
        calm: Whether no fault is played any more.
    """

    def __init__(self) -> None:
        """Store a first value under each name."""
        super().__init__()
        self.calls: Any = deque(maxlen=64)
        self.headers: Any = deque(maxlen=64)
        self.played: Counter[str] = Counter()
        self.revoked_at: float | None = None
        self.access_key = "AKID0"
        self.calm = False
        self._chance = random.Random(0)  # noqa: S311 - the weather
        self._history: dict[str, deque[tuple[float, str]]] = {name: deque(maxlen=2000) for name in (*NAMES, REVOKED)}
        self._number = 0
        for name in (*NAMES, REVOKED):
            self.store(name, self.new_value(name))

    def new_value(self, name: str) -> str:
        """Make a value that was never stored before."""
        with self._lock:
            self._number += 1
            return f"{CANARY} {name} {self._number}"

    def store(self, name: str, value: str) -> int:
        """Store a value, and note when."""
        with self._lock:
            self._history[name].append((time.monotonic(), value))
            self.values[name] = value
            self.versions[name] = self.versions.get(name, 0) + 1
            return self.versions[name]

    def next_fault(self) -> faults.Fault:
        """Choose what happens to a call."""
        return self._play

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer; what is put goes into the history."""
        if operation == "PutParameter":
            return {"Version": self.store(request["Name"], request["Value"]), "Tier": "Standard"}
        return super().answer(operation, request)

    def replaced_at(self, name: str, value: str) -> float | None:
        """Return when a value ceased to be the stored one; infinity if it is; ``None`` if it never was."""
        with self._lock:
            history = list(self._history[name])
        ends = [*(at for at, _ in history[1:]), float("inf")]
        return max((end for (_, each), end in zip(history, ends, strict=True) if each == value), default=None)

    def stored_at(self, name: str, value: str) -> float:
        """Return when a value was stored for the first time that is remembered."""
        with self._lock:
            return min((at for at, each in self._history[name] if each == value), default=0.0)

    def _play(self, handler: Handler) -> bool:
        if f"Credential={self.access_key}/" not in handler.headers["Authorization"]:
            return self._count("rotated credentials", faults.refuse("ExpiredTokenException"), handler)
        if self.revoked_at is not None and REVOKED in str(handler.asked):
            text = "key is disabled. (Service: AWSKMS; Status Code: 400; Error Code: DisabledException; Request ID: r)"
            return self._count("disabled key", faults.refuse("InvalidKeyId", text=text), handler)
        with self._lock:
            kind = self._chance.choice(list(_WEATHERS)) if not self.calm and self._chance.random() < 0.15 else ""  # noqa: PLR2004 - one call in seven
        return bool(kind) and self._count(kind, _WEATHERS[kind], handler)

    def _count(self, kind: str, fault: faults.Fault, handler: Handler) -> bool:
        with self._lock:
            self.played[kind] += 1
        return fault(handler)
