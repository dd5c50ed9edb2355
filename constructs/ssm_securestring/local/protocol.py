"""The JSON protocol of KMS and Parameter Store: reading requests that may be malformed, and answering errors."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self, TypeVar

JsonObject = dict[str, Any]
"""A decoded JSON object."""
HttpAnswer = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""

# HTTP statuses from here on are errors.
ERROR_STATUS: Final = 400
_CONTENT_TYPE: Final = "application/x-amz-json-1.1"
_T = TypeVar("_T")


class ServiceError(Exception):
    """An error that a service answers with. Its message is AWS's, and never holds a value.

    Attributes:
        code: AWS's error code.
        message: AWS's text.
        status: HTTP status.
    """

    def __init__(self, code: str, message: str, *, status: int = ERROR_STATUS) -> None:
        """Keep what will be answered."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    def answer(self) -> HttpAnswer:
        """Return the HTTP form."""
        body = json.dumps({"__type": self.code, "message": self.message}).encode()
        return self.status, {"Content-Type": _CONTENT_TYPE, "x-amzn-errortype": self.code}, body


def answer(data: Mapping[str, Any]) -> HttpAnswer:
    """Return the HTTP form of a successful answer."""
    return 200, {"Content-Type": _CONTENT_TYPE}, json.dumps(data).encode()


def validation_error(message: str) -> ServiceError:
    """Return the error for a request that breaks a rule."""
    return ServiceError("ValidationException", message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who makes a call, and where.

    Attributes:
        access_key: As the request was signed; empty for the account itself.
        arn: ARN of the user, role session or root.
        account: Account of the caller.
        region: Region the request was signed for.
        invoked_by: Service that makes the call in the caller's name, ``ssm.amazonaws.com``; usually ``None``.
    """

    access_key: str
    arn: str
    account: str
    region: str
    invoked_by: str | None = None

    def through(self, service: str) -> Self:
        """Return the same caller, with a service making the call in its name."""
        return replace(self, invoked_by=service)


class Payload:
    """The body of a request. Reading a field of a wrong type is an error that AWS would answer, not a crash."""

    def __init__(self, data: JsonObject) -> None:
        """Wrap a decoded body."""
        self.data = data

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Decode a body.

        Raises:
            ServiceError: It is not a JSON object.
        """
        try:
            data = json.loads(body) if body else {}
        except (ValueError, RecursionError) as error:
            raise ServiceError("SerializationException", "The request body is not valid JSON.") from error
        if not isinstance(data, dict):
            raise ServiceError("SerializationException", "The request body is not a JSON object.")
        return cls(data)

    def text(self, name: str) -> str | None:
        """Return a text; ``None`` if it is missing."""
        return self._typed(name, str)

    def required_text(self, name: str) -> str:
        """Return a text that must not be missing."""
        text = self.text(name)
        if text is None:
            raise missing(name)
        return text

    def flag(self, name: str) -> bool:
        """Return a boolean; ``False`` if it is missing."""
        return bool(self._typed(name, bool))

    def integer(self, name: str) -> int | None:
        """Return a whole number; ``None`` if it is missing."""
        number = self._typed(name, int)
        if isinstance(number, bool):
            raise _wrong_type(name)
        return number

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; empty if it is missing."""
        values = self._typed(name, list) or []
        if not all(isinstance(each, str) for each in values):
            raise _wrong_type(name)
        return values

    def objects(self, name: str) -> list["Payload"]:
        """Return a list of objects; empty if it is missing."""
        values = self._typed(name, list) or []
        if not all(isinstance(each, dict) for each in values):
            raise _wrong_type(name)
        return [Payload(each) for each in values]

    def mapping(self, name: str) -> dict[str, str]:
        """Return a map from text to text; empty if it is missing."""
        values = self._typed(name, dict) or {}
        if not all(isinstance(value, str) for value in values.values()):
            raise _wrong_type(name)
        return values

    def blob(self, name: str) -> bytes:
        """Return bytes that must not be missing."""
        try:
            return base64.b64decode(self.required_text(name), validate=True)
        except (binascii.Error, ValueError) as error:
            raise ServiceError("SerializationException", f"{name} is not base64.") from error

    def _typed(self, name: str, kind: type[_T]) -> _T | None:
        value = self.data.get(name)
        if value is not None and not isinstance(value, kind):
            raise _wrong_type(name)
        return value


def to_base64(data: bytes) -> str:
    """Return the text form of bytes."""
    return base64.b64encode(data).decode("ascii")


def missing(name: str) -> ServiceError:
    """Return the error for a required field that is not there."""
    field = name[:1].lower() + name[1:]
    return validation_error(
        f"1 validation error detected: Value null at '{field}' failed to satisfy constraint: Member must not be null"
    )


def _wrong_type(name: str) -> ServiceError:
    return ServiceError("SerializationException", f"{name} has a wrong type.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What policies say about a request: ``Allow``, ``Deny``, or ``ImplicitDeny`` when no statement fits.

    Attributes:
        is_root: Whether the caller is the account's root, which has no policies.
        identity: What the caller's own policies say.
        key_policy: What the key's policy says by itself; ``None`` if it is not about a key.
        together: What holds.
    """

    is_root: bool
    identity: str
    key_policy: str | None
    together: str
