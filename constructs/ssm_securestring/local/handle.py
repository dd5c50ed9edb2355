"""The handle to a running engine: start it, find it, ask it, stop it."""

import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from ssm_securestring.local.errors import EmbeddedAwsError
from ssm_securestring.local.files import EngineFiles, EngineRecord
from ssm_securestring.local.settings import DEFAULT_ACCOUNT, DEFAULT_REGION, Settings
from ssm_securestring.local.trail import TrailRecord, follow_trail, read_trail

if TYPE_CHECKING:
    from ssm_securestring.local.accounts import EmbeddedAccount

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.02
_ACCOUNT_DIGITS: Final = 12
_ACCOUNTS: Final = 10**_ACCOUNT_DIGITS
# Variables that would take precedence over those of EmbeddedAws.environment().
UNSET: Final = (
    *(
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_CA_BUNDLE",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    ),
    *("AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_S3"),
)
_SOURCE_ROOT: Final = Path(__file__).parents[2]
# All that the engine inherits: nothing of the caller's AWS configuration may reach it.
_INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "SSL_CERT_FILE")


class EmbeddedAws:
    """A running embedded AWS. As a context manager it stops at the end.

    Access key ``test`` is the account's root, unchecked; users and roles made in it are checked.

    Attributes:
        endpoint_url: Where it listens, for ``AWS_ENDPOINT_URL``. On the loopback interface only.
        region: Its Region.
        account: Its account.
        pid: Process id of the engine.
        directory: Where it keeps its files.

    Example:
        >>> with EmbeddedAws.start(Path("aws")) as aws:
        ...     subprocess.run(["aws", "ssm", "describe-parameters"], env={**os.environ, **aws.environment()})
    """

    def __init__(
        self, files: EngineFiles, record: EngineRecord, *, process: subprocess.Popen[bytes] | None = None
    ) -> None:
        """Wrap what :meth:`start` or :meth:`attach` found."""
        self.endpoint_url = f"http://127.0.0.1:{record.port}"
        self.region = record.region
        self.account = record.account
        self.pid = record.pid
        self.directory = files.directory
        self._files = files
        self._process = process

    @classmethod
    def start(
        cls,
        directory: Path,
        *,
        port: int = 0,
        or_next_port: bool = False,
        region: str = DEFAULT_REGION,
        account: str = DEFAULT_ACCOUNT,
        settings: Settings | None = None,
        persistent: bool = False,
        detached: bool = False,
    ) -> Self:
        """Start an engine and return when it is ready.

        Args:
            directory: Where it keeps its files; nothing is written elsewhere. Made if it is missing.
            port: Port on 127.0.0.1. Default: any free one.
            or_next_port: Take the next free port if that one is in use. Default: refuse to start.
            region: Its Region.
            account: Its account, 12 digits.
            settings: How it behaves where AWS's behaviour is not documented. Default: see :class:`Settings`.
            persistent: Begin with what a persistent engine left in this directory, and leave everything there when
                stopped. It is written when the engine stops, so not if it is killed. Default: begin with nothing.
            detached: Let it outlive this process. Default: it ends with this process, even by SIGKILL.

        Raises:
            EmbeddedAwsError: It could not start; the message says why and what to do.
        """
        files = EngineFiles(directory)
        options = {
            "port": port,
            "or_next_port": or_next_port,
            "region": region,
            "account": account,
            "settings": (settings or Settings()).to_json(),
            "persistent": persistent,
            "tied": not detached,
        }
        lock = _lock(files)
        try:
            files.prepare()
            process, answer = _spawn(files, options, lock)
            record = _started(files, process, answer)
        finally:
            os.close(lock)
        if detached:
            # What we started has only passed the engine on.
            process.wait(_STOP_SECONDS)
        return cls(files, record, process=None if detached else process)

    @classmethod
    def attach(cls, directory: Path) -> Self:
        """Return the handle to the engine that runs in this directory.

        Raises:
            EmbeddedAwsError: None runs there.
        """
        files = EngineFiles(directory)
        record = files.read_record()
        if record is None:
            raise EmbeddedAwsError(
                f"none is running in {files.directory}",
                fix="Start one with `ssm-securestring local start`, or name its directory.",
            )
        return cls(files, record)

    def environment(self) -> dict[str, str]:
        """Return the variables that make ``aws``, ``cdk`` and every AWS SDK use this engine and nothing else.

        A variable of :data:`UNSET` must not be there: a profile or session token would go before them.
        """
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "CDK_DEFAULT_ACCOUNT": self.account,
            "CDK_DEFAULT_REGION": self.region,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def new_account(self) -> "EmbeddedAccount":
        """Return an account of this engine that nobody has used yet, with everything in it still to be made."""
        from ssm_securestring.local.accounts import EmbeddedAccount  # noqa: PLC0415 - it loads boto3

        # A random one, not a counter: several processes may use one engine.
        return EmbeddedAccount(self, f"{secrets.randbelow(_ACCOUNTS):0{_ACCOUNT_DIGITS}d}")

    def trail(self) -> list[TrailRecord]:
        """Return every KMS and Parameter Store call so far, in order. None of them holds a value."""
        return read_trail(self._files.trail)

    def follow_trail(self) -> Iterator[TrailRecord]:
        """Yield every call so far, then each further one as it happens, until the engine is stopped."""
        return follow_trail(self._files.trail, until=lambda: not self._files.is_locked())

    def stop(self) -> None:
        """End the engine and the functions it runs, and remove every file it wrote. May be called again.

        Only a persistent engine leaves its state, in ``state`` in its directory.
        """
        if self._process is not None:
            _end(self._process)
        elif self._files.is_locked():
            _end_foreign(self._files, self.pid)
        _clear(self._files)

    def __enter__(self) -> Self:
        """Return the handle."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the engine."""
        self.stop()


def _lock(files: EngineFiles) -> int:
    """Take the directory for a new engine, which inherits the lock."""
    try:
        lock = files.lock()
    except OSError as error:
        raise EmbeddedAwsError(
            f"cannot write to {files.directory} ({error.strerror})", fix="Choose a directory that can be written to."
        ) from error
    if lock is None:
        raise EmbeddedAwsError(
            f"one is running in {files.directory} already",
            fix=f"Stop it with `ssm-securestring local stop --directory {files.directory}`, or choose another one.",
        )
    return lock


def _clear(files: EngineFiles) -> None:
    """Remove the files of an engine that is gone, unless another one runs there by now."""
    if not files.directory.exists():
        return
    lock = files.lock()
    if lock is not None:
        files.remove()
        os.close(lock)


def _spawn(files: EngineFiles, options: dict[str, object], lock: int) -> tuple[subprocess.Popen[bytes], int]:
    """Start the engine's process; returns it and the pipe by which it will say that it is ready."""
    answer, ready = os.pipe()
    command = [sys.executable, "-m", "ssm_securestring.local.engine", str(files.directory), str(ready)]
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    search_path = [str(_SOURCE_ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    environment |= {"TMPDIR": str(files.temporary), "PYTHONPATH": os.pathsep.join(search_path)}
    with files.log.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [*command, json.dumps(options)],
            # The end of this pipe tells the engine that we are gone, whatever ended us.
            stdin=subprocess.PIPE if options["tied"] else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(ready, lock),
            env=environment,
            cwd=files.directory,
            start_new_session=True,
        )
    os.close(ready)
    return process, answer


def _started(files: EngineFiles, process: subprocess.Popen[bytes], answer: int) -> EngineRecord:
    """Wait for the engine's word, and turn anything but a good one into an error that says why."""
    said = None
    try:
        said = _read_line(answer, seconds=_START_SECONDS)
        if said is not None and "problem" not in said:
            return EngineRecord.from_json(json.dumps(said))
    except BaseException:
        _abandon(files, process)
        raise
    tail = files.log_tail()
    _abandon(files, process)
    if said is not None:
        raise EmbeddedAwsError(str(said["problem"]), fix=str(said["fix"]))
    raise EmbeddedAwsError(
        "the engine ended before it was ready", fix=f"Look at the end of its log for the reason:\n{tail}"
    )


def _abandon(files: EngineFiles, process: subprocess.Popen[bytes]) -> None:
    """End an engine that did not start, and remove its files."""
    with suppress(ProcessLookupError):
        # The whole session: a detached engine is a child of the process that we started.
        os.killpg(process.pid, signal.SIGKILL)
    _end(process)
    files.remove()


def _read_line(descriptor: int, *, seconds: float) -> dict[str, object] | None:
    """Read one JSON line; ``None`` if the other side went away or took too long."""
    with os.fdopen(descriptor, "rb") as pipe:
        readable, _, _ = select.select([pipe], [], [], seconds)
        line = pipe.readline() if readable else b""
    answer: dict[str, object] | None = json.loads(line) if line else None
    return answer


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None and not process.stdin.closed:
        process.stdin.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # It leads a session of its own: the functions it runs go with it.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _end_foreign(files: EngineFiles, pid: int) -> None:
    """End an engine that is not our child. Its lock tells when it is gone; a pid could be reused."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            if number == signal.SIGTERM:
                os.kill(pid, number)
            else:
                os.killpg(os.getpgid(pid), number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline:
            if not files.is_locked():
                return
            time.sleep(_POLL_SECONDS)
    raise EmbeddedAwsError(f"process {pid} does not end", fix=f"End it with `kill -9 {pid}`.")
