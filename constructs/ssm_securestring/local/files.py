"""What a running engine keeps in its directory, and how to tell from outside whether it runs."""

import fcntl
import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

_LOCK_ATTEMPTS: Final = 5
_LOCK_PAUSE_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRecord:
    """Where a running engine listens and who it is."""

    pid: int
    port: int
    region: str
    account: str

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the JSON form."""
        return cls(**json.loads(text))


class EngineFiles:
    """The files of one engine. All of them are inside one directory, and :meth:`remove` removes all of them.

    Only the state of an engine that was asked to keep it stays.

    Args:
        directory: Where they are; it need not exist yet.
    """

    def __init__(self, directory: Path) -> None:
        """Name the files; create nothing."""
        self.directory = directory.absolute()
        self.log = self.directory / "engine.log"
        self.trail = self.directory / "trail.jsonl"
        self.temporary = self.directory / "tmp"
        self.kept_state = self.directory / "state"
        self.function_python = self.directory / "python"
        self._record = self.directory / "engine.json"
        self._lock = self.directory / "engine.lock"
        self._made_marker = self.directory / "engine.made-directory"

    def prepare(self) -> None:
        """Remove what an engine left behind that was killed. Only for the holder of the lock."""
        made = self._made_marker.exists()
        self._remove_contents()
        if made:
            self._made_marker.touch()
        self.temporary.mkdir()

    def write_record(self, record: EngineRecord) -> None:
        """Say where the engine listens. Readers see all of it or nothing."""
        draft = self._record.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(record)), encoding="utf-8")
        draft.replace(self._record)

    def read_record(self) -> EngineRecord | None:
        """Return where the running engine listens, or ``None`` if none runs here."""
        if not self.is_locked():
            return None
        try:
            return EngineRecord.from_json(self._record.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def lock(self) -> int | None:
        """Take the engine's lock; returns its descriptor, or ``None`` if an engine holds it.

        The kernel releases it when the last process that has the descriptor is gone, however that ends, so it
        cannot be stale as a pid can.
        """
        if not self.directory.exists():
            self.directory.mkdir(parents=True)
            self._made_marker.touch()
        for _ in range(_LOCK_ATTEMPTS):
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                # It may be somebody who only looks whether an engine runs.
                time.sleep(_LOCK_PAUSE_SECONDS)
            else:
                return descriptor
        return None

    def is_locked(self) -> bool:
        """Return whether an engine runs here."""
        try:
            descriptor = os.open(self._lock, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def log_tail(self, *, lines: int = 15) -> str:
        """Return the end of the log."""
        try:
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""

    def remove(self) -> None:
        """Remove every file of the engine, and the directory if the engine made it and nothing else is in it."""
        made = self._made_marker.exists()
        self._remove_contents()
        self._lock.unlink(missing_ok=True)
        if made:
            with suppress(OSError):
                self.directory.rmdir()

    def _remove_contents(self) -> None:
        for folder in (self.temporary, self.function_python):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self._record, self.log, self.trail, self._made_marker):
            file.unlink(missing_ok=True)
