"""One cache for all ways of asking. It never says what Parameter Store did not hold within the time to live."""

import os
import threading
import time
from typing import Final, final

from ssm_securestring.core.errors import ParameterNotFoundError, ParameterReadError
from ssm_securestring.runtime.record import Record
from ssm_securestring.runtime.reference import name_in

# Names that do not exist can be asked for without end; values are bounded by what exists.
_MAX_MISSING: Final = 1024
# This share of the time to live is left at the end of each: one caller refreshes then, and others go on meanwhile.
_SPARE: Final = 0.05
# Up to this share is taken off before it, so that entries of one moment do not expire in one moment.
_JITTER: Final = 0.05
# After a failure, the last good value is used for that long before Parameter Store is asked again.
_PAUSE_SECONDS: Final = 5.0


@final
class Entry:
    """A value with its end, on two clocks: one stands still while the process is frozen, the other can be set.

    Attributes:
        value: The value.
        until: End, on the monotonic clock. 0 when something newer is known.
        until_wall: End, on the wall clock.
        record: All that was read.
        asked_at: When the call began, on the monotonic clock; the value is at least as new as that.
        asked_at_wall: The same on the wall clock.
    """

    __slots__ = ("asked_at", "asked_at_wall", "record", "until", "until_wall", "value")

    def __init__(self, record: Record, *, asked_at: float, asked_at_wall: float, seconds: float) -> None:
        """Keep a record for some seconds from the moment the call began."""
        self.record = record
        self.value = record.value
        self.asked_at = asked_at
        self.asked_at_wall = asked_at_wall
        self.until = asked_at + seconds
        self.until_wall = asked_at_wall + seconds


class Cache:
    """Keeps values, and the knowledge that a name does not exist.

    Args:
        ttl_seconds: How long a value may be used.
        missing_ttl_seconds: How long a name counts as missing.
        max_stale_seconds: How long after its end a value may stand in while Parameter Store cannot be asked.

    Attributes:
        texts: Entries by the text they were asked for with: the short way for the next time.
    """

    def __init__(self, *, ttl_seconds: float, missing_ttl_seconds: float, max_stale_seconds: float) -> None:
        """Begin empty."""
        self.texts: dict[str, Entry] = {}
        self._ttl = ttl_seconds
        self._missing_ttl = missing_ttl_seconds
        self._max_stale = max_stale_seconds
        self._entries: dict[str, Entry] = {}
        self._missing: dict[str, tuple[ParameterReadError, float, float]] = {}
        self._forgotten: dict[str, float] = {}
        self._all_forgotten = 0.0
        self._lock = threading.Lock()

    def find(self, key: str, text: str) -> Record | ParameterReadError | None:
        """Return what is known and still good: a record, that there is none of this name, or nothing."""
        now, now_wall = time.monotonic(), time.time()
        entry = self._entries.get(key)
        if entry is not None and now < entry.until and now_wall < entry.until_wall:
            self.texts[text] = entry
            return entry.record
        known = self._missing.get(key)
        return known[0] if known and now < known[1] and now_wall < known[2] else None

    def young(self, key: str, seconds: float) -> Record | None:
        """Return a value that is good and not older than so many seconds."""
        now, now_wall = time.monotonic(), time.time()
        entry = self._entries.get(key)
        if entry is None or now >= min(entry.until, entry.asked_at + seconds):
            return None
        return entry.record if now_wall < min(entry.until_wall, entry.asked_at_wall + seconds) else None

    def spare(self, key: str) -> Record | None:
        """Return a value that is to be refreshed but within its time to live, for use while somebody does."""
        now, now_wall = time.monotonic(), time.time()
        entry = self._entries.get(key)
        if entry is None:
            return None
        more, ttl = self._ttl * _SPARE, self._ttl
        end = min(entry.until + more, entry.asked_at + ttl)
        end_wall = min(entry.until_wall + more, entry.asked_at_wall + ttl)
        return entry.record if now < end and now_wall < end_wall else None

    def put(self, keys: tuple[str, ...], record: Record, *, asked_at: float, asked_at_wall: float) -> None:
        """Keep what was read, unless something newer is known or it was invalidated since the call began."""
        entry = Entry(record, asked_at=asked_at, asked_at_wall=asked_at_wall, seconds=self._some_ttl())
        with self._lock:
            for key in keys:
                known = self._entries.get(key)
                if self._is_outdated(key, asked_at) or (known is not None and known.asked_at > asked_at):
                    continue
                self._entries[key] = entry
                self._missing.pop(key, None)
                if known is not None:
                    known.until = 0.0

    def learn(self, keys: tuple[str, ...], record: Record, *, began: float) -> None:
        """Keep what was written by a call that began then; what calls read that have begun until now is older."""
        now, now_wall = time.monotonic(), time.time()
        with self._lock:
            known = self._entries.get(keys[0])
            if known is not None and known.asked_at > began and known.record.version > record.version:
                return
            self._drop(keys, now)
            # Somebody else may have written since the call began, so that is where its time to live begins.
            entry = Entry(record, asked_at=now, asked_at_wall=now_wall, seconds=self._some_ttl() - (now - began))
            self._entries.update(dict.fromkeys(keys, entry))

    def put_failure(self, key: str, error: ParameterReadError, *, asked_at: float, asked_at_wall: float) -> None:
        """Keep that a name does not exist; a definite failure of any kind ends the value that was known."""
        with self._lock:
            known = self._entries.get(key)
            if self._is_outdated(key, asked_at) or (known is not None and known.asked_at > asked_at):
                return
            if known is not None:
                known.until = 0.0
                for alias in self._aliases(key):
                    del self._entries[alias]
            if not isinstance(error, ParameterNotFoundError):
                return
            if len(self._missing) >= _MAX_MISSING:
                self._missing.clear()
            self._missing[key] = (error, asked_at + self._missing_ttl, asked_at_wall + self._missing_ttl)

    def stale(self, key: str) -> Record | None:
        """Return the last good value if it may stand in, and use it for some seconds before asking again."""
        now, now_wall = time.monotonic(), time.time()
        entry = self._entries.get(key)
        if entry is None:
            return None
        allowed = self._ttl + self._max_stale
        left = min(entry.asked_at + allowed - now, entry.asked_at_wall + allowed - now_wall)
        if left <= 0:
            return None
        with self._lock:
            if self._entries.get(key) is entry:
                if entry.record.stale_since is None:
                    entry.record = entry.record._replace(stale_since=entry.asked_at_wall + self._ttl)
                entry.until = max(entry.until, now + min(left, _PAUSE_SECONDS))
                entry.until_wall = max(entry.until_wall, now_wall + min(left, _PAUSE_SECONDS))
        return entry.record

    def forget(self, keys: tuple[str, ...] | None = None) -> None:
        """Drop what is known of some keys, or of all; a call that has begun already does not bring it back."""
        now = time.monotonic()
        with self._lock:
            if keys is not None:
                self._drop(keys, now)
                return
            self._all_forgotten = now
            self._forgotten.clear()
            self._missing.clear()
            self.texts.clear()
            for entry in self._entries.values():
                entry.until = 0.0
            self._entries.clear()

    def reset_locks(self) -> None:
        """Replace the lock: another thread of the process we were forked from may have held it."""
        self._lock = threading.Lock()

    def _some_ttl(self) -> float:
        return self._ttl * (1 - _SPARE - _JITTER * int.from_bytes(os.urandom(2)) / 0x10000)

    def _drop(self, keys: tuple[str, ...], now: float) -> None:
        doomed = [alias for key in keys for alias in self._aliases(key)]
        if len(self._forgotten) >= _MAX_MISSING:
            self._forgotten.clear()
            self._all_forgotten = now
        self._forgotten.update((name_in(key), now) for key in keys)
        for key in doomed:
            self._missing.pop(key, None)
            entry = self._entries.pop(key, None)
            if entry is not None:
                entry.until = 0.0

    def _aliases(self, key: str) -> list[str]:
        # Whose an ARN is, is not known here; to forget too much costs a call, too little an old value.
        name = name_in(key)
        return list(dict.fromkeys([key, *(each for each in self._entries if name_in(each) == name)]))

    def _is_outdated(self, key: str, asked_at: float) -> bool:
        return asked_at <= max(self._all_forgotten, self._forgotten.get(name_in(key), 0.0))
