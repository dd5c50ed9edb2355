"""The trail: every KMS and Parameter Store call, as CloudTrail would record it. It never holds a value."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final, Self

from ssm_securestring.local.protocol import ServiceError

# Request parameters that may be shown. Everything else, known to hold a secret or not, is left out.
_SHOWN: Final = frozenset(
    {
        *("Name", "Names", "Path", "Type", "Tier", "KeyId", "DataType", "Overwrite", "WithDecryption", "Recursive"),
        *("MaxResults", "Labels", "ParameterVersion", "ResourceType", "ResourceId", "TagKeys", "SettingId"),
        *("SettingValue", "AliasName", "TargetKeyId", "SourceKeyId", "DestinationKeyId", "KeySpec", "KeyUsage"),
        *("KeyPairSpec", "NumberOfBytes", "Origin", "MultiRegion", "EncryptionAlgorithm", "DryRun", "GrantId"),
        *("GranteePrincipal", "RetiringPrincipal", "Operations", "PendingWindowInDays", "RotationPeriodInDays"),
        *("PolicyName", "Limit", "KeyStates", "ResourceArn", "PolicyId"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailRecord:
    """One call.

    Attributes:
        event_time: When it came, in UTC.
        event_source: ``kms.amazonaws.com`` or ``ssm.amazonaws.com``.
        event_name: Operation, for example ``GenerateDataKey``.
        caller: ARN of who called; for a call that Parameter Store made, of who called Parameter Store.
        request_parameters: Those that are never secret.
        encryption_context: Of a cryptographic KMS call; otherwise empty.
        invoked_by: ``ssm.amazonaws.com`` if Parameter Store made the call for the caller, otherwise ``None``.
        error_code: Why it was refused; ``None`` if it succeeded.
        resources: ARNs of the keys and parameters it was about.
    """

    event_time: datetime
    event_source: str
    event_name: str
    caller: str
    request_parameters: Mapping[str, object] = field(default_factory=dict)
    encryption_context: Mapping[str, str] = field(default_factory=dict)
    invoked_by: str | None = None
    error_code: str | None = None
    resources: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, with CloudTrail's words for the fields."""
        return {
            "eventTime": self.event_time.isoformat(),
            "eventSource": self.event_source,
            "eventName": self.event_name,
            "userIdentity": {"arn": self.caller, "invokedBy": self.invoked_by},
            "requestParameters": {
                **self.request_parameters,
                **({"encryptionContext": dict(self.encryption_context)} if self.encryption_context else {}),
            },
            "errorCode": self.error_code,
            "resources": [{"ARN": arn} for arn in self.resources],
        }

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read one line of the trail file."""
        data = json.loads(line)
        data["event_time"] = datetime.fromisoformat(data["event_time"])
        data["resources"] = tuple(data["resources"])
        return cls(**data)


@dataclass(kw_only=True)
class TrailDraft:
    """A call that is under way."""

    event_source: str
    event_name: str
    caller: str
    invoked_by: str | None
    request_parameters: dict[str, object]
    encryption_context: dict[str, str] = field(default_factory=dict)
    resources: list[str] = field(default_factory=list)
    error_code: str | None = None
    recorded: bool = True
    event_time: datetime = field(default_factory=lambda: datetime.now(UTC))
    made_calls: list["TrailDraft"] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the call, then the calls that it made itself."""
        if self.recorded:
            data = asdict(self)
            for name in ("recorded", "made_calls"):
                del data[name]
            yield json.dumps({**data, "event_time": self.event_time.isoformat()})
        for call in self.made_calls:
            yield from call.lines()


_under_way: ContextVar[TrailDraft | None] = ContextVar("ssm_securestring_call_under_way", default=None)


class Trail:
    """Writes the trail file.

    Args:
        path: The file; made when the first call is recorded.
    """

    def __init__(self, path: Path) -> None:
        """Remember where to write."""
        self._path = path
        self._lock = Lock()

    @contextmanager
    def recording(self, draft: TrailDraft) -> Iterator[TrailDraft]:
        """Record the call that runs inside; calls that it makes in turn come right after it."""
        outer = _under_way.get()
        token = _under_way.set(draft)
        try:
            yield draft
        except ServiceError as error:
            draft.error_code = error.code
            raise
        finally:
            _under_way.reset(token)
            if outer is None:
                self._write(draft)
            else:
                outer.made_calls.append(draft)

    def _write(self, draft: TrailDraft) -> None:
        text = "".join(f"{line}\n" for line in draft.lines())
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(text)


def shown_parameters(data: Mapping[str, object]) -> dict[str, object]:
    """Return the request parameters that may be shown, if they are of a harmless form."""
    return {name: value for name, value in data.items() if name in _SHOWN and _is_plain(value)}


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(each, str) for each in value)
    return isinstance(value, str | int | bool)


def read_trail(path: Path) -> list[TrailRecord]:
    """Return every call that was recorded so far."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    # The last line may be in the middle of being written.
    return [TrailRecord.from_line(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def follow_trail(path: Path, *, until: Callable[[], bool], every_seconds: float = 0.2) -> Iterator[TrailRecord]:
    """Yield every call, those recorded so far first, until the trail ends.

    Args:
        path: The trail file.
        until: Says whether it has ended.
        every_seconds: How often to look for new calls.
    """
    seen = 0
    while True:
        ended = until()
        records = read_trail(path)
        yield from records[seen:]
        seen = max(seen, len(records))
        if ended:
            return
        time.sleep(every_seconds)
