"""One request and its response, in the small part of HTTP/1.1 that services of AWS speak.

``http.client`` speaks all of it, but reads headers with the email package, which takes longer to load than everything
else that a first value needs, and a third of the work of a call. What is not in that part is refused here, never
guessed: a wrong guess could take a part of one response for another.

Source:
    RFC 9112, "HTTP/1.1", sections 4 to 7.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from socket import socket

_MAX_HEAD_BYTES: Final = 64 * 1024
# Ten parameters of 8 KB, JSON-escaped, with room to spare.
_MAX_BODY_BYTES: Final = 2 * 1024 * 1024
_PIECE_BYTES: Final = 64 * 1024
_DECIMAL: Final = "0123456789"
_HEXADECIMAL: Final = "0123456789abcdef"
_MAX_DIGITS: Final = 8
# Statuses of HTTP: below this they announce another response; these two never have a body.
_FINAL: Final = 200
_WITHOUT_BODY: Final = frozenset({204, 304})
_SUCCESSES: Final = range(200, 300)


class ExchangeError(Exception):
    """A request that cannot be sent, or a response that is cut off or not understood. Nothing of either is in it."""


class Response(NamedTuple):
    """A whole response.

    Args:
        status: HTTP status.
        headers: Headers, by their names in lower case.
        body: The body.
        keeps: Whether the connection is good for another request.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    keeps: bool


def exchange(connection: "socket", request: bytes, *, deadline: float) -> Response:
    """Send a request and read the whole response.

    Args:
        connection: The connection, with nothing on its way.
        request: The request, see :func:`encode`.
        deadline: When the response must be complete, on the monotonic clock.

    Raises:
        ConnectionResetError: The other side closed the connection without a response.
        ExchangeError: The response is cut off, too long, or not understood.
        OSError: The connection failed, or the time is up.
    """
    incoming = _send(connection, request, deadline)
    while True:
        version, status, headers = _head(incoming.until(b"\r\n\r\n"))
        if status >= _FINAL:
            break
    body, is_bounded = _body(incoming, status, headers)
    # More than was announced belongs to nothing that was asked for.
    keeps = is_bounded and version == "HTTP/1.1" and not incoming.has_more
    return Response(status, headers, body, keeps and "close" not in headers.get("connection", "").lower())


def tunnel(connection: "socket", authority: str, headers: Mapping[str, str], *, deadline: float) -> None:
    """Let a proxy connect through to another host.

    Args:
        connection: The connection to the proxy.
        authority: Host and port to reach.
        headers: Headers for the proxy.
        deadline: When it must have answered, on the monotonic clock.

    Raises:
        ExchangeError: It refuses, or its answer is not understood.
        OSError: The connection failed, or the time is up.
    """
    incoming = _send(connection, encode("CONNECT", authority, {"Host": authority, **headers}), deadline)
    _, status, _ = _head(incoming.until(b"\r\n\r\n"))
    if status not in _SUCCESSES or incoming.has_more:
        raise ExchangeError(f"the proxy answered {status}")


def encode(method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Return a request in one piece.

    Raises:
        ExchangeError: A header is not printable ASCII: a line break in it would begin another header.
    """
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items())]
    together = "".join(lines)
    if not (together.isascii() and together.isprintable()):
        raise ExchangeError("a header is not printable ASCII")
    return "\r\n".join((*lines, "", "")).encode() + body


class _Incoming:
    """What a connection brings until a deadline."""

    def __init__(self, connection: "socket", deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline
        self._waiting = bytearray()
        self._has_begun = False

    @property
    def has_more(self) -> bool:
        return bool(self._waiting)

    def until(self, mark: bytes) -> str:
        """Take what comes before a mark, and the mark."""
        while (end := self._waiting.find(mark)) < 0:
            if len(self._waiting) > _MAX_HEAD_BYTES:
                raise ExchangeError("the head of the answer is too long")
            self._more()
        taken = self._waiting[:end].decode("latin-1")
        del self._waiting[: end + len(mark)]
        return taken

    def exactly(self, size: int) -> bytes:
        while len(self._waiting) < size:
            self._more()
        taken = bytes(self._waiting[:size])
        del self._waiting[:size]
        return taken

    def rest(self) -> bytes:
        """Take all until the other side closes the connection."""
        while self._receive():
            if len(self._waiting) > _MAX_BODY_BYTES:
                raise ExchangeError("the answer is too long")
        return self.exactly(len(self._waiting))

    def _more(self) -> None:
        if not self._receive():
            if self._has_begun:
                raise ExchangeError("the answer is cut off")
            raise ConnectionResetError
        self._has_begun = True

    def _receive(self) -> int:
        self._connection.settimeout(_left(self._deadline))
        piece = self._connection.recv(_PIECE_BYTES)
        self._waiting += piece
        return len(piece)


def _send(connection: "socket", request: bytes, deadline: float) -> _Incoming:
    connection.settimeout(_left(deadline))
    connection.sendall(request)
    return _Incoming(connection, deadline)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _head(text: str) -> tuple[str, int, dict[str, str]]:
    """Read status line and headers."""
    first, *lines = text.split("\r\n")
    version, _, rest = first.partition(" ")
    status, _, _ = rest.partition(" ")
    if version not in {"HTTP/1.0", "HTTP/1.1"} or len(status) != len("200") or status.strip(_DECIMAL):
        raise ExchangeError("the answer is not HTTP/1.1")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        # White space there is how a line continues the one before, or pretends to be another header.
        if not colon or name.split() != [name]:
            raise ExchangeError("a header of the answer is malformed")
        key, value = name.lower(), value.strip(" \t")
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return version, int(status), headers


def _body(incoming: _Incoming, status: int, headers: Mapping[str, str]) -> tuple[bytes, bool]:
    """Return the body, and whether the response itself tells where it ends."""
    coding, declared = headers.get("transfer-encoding"), headers.get("content-length")
    if status in _WITHOUT_BODY:
        return b"", True
    if coding is not None:
        if coding.lower() != "chunked" or declared is not None:
            raise ExchangeError("the length of the answer is ambiguous")
        return _chunks(incoming), True
    if declared is not None:
        return incoming.exactly(_length(declared, _DECIMAL)), True
    return incoming.rest(), False


def _chunks(incoming: _Incoming) -> bytes:
    body = b""
    while length := _length(incoming.until(b"\r\n").partition(";")[0].strip().lower(), _HEXADECIMAL):
        body += incoming.exactly(length)
        if incoming.until(b"\r\n"):
            raise ExchangeError("a chunk of the answer is longer than it says")
        if len(body) > _MAX_BODY_BYTES:
            raise ExchangeError("the answer is too long")
    while incoming.until(b"\r\n"):
        pass  # what comes after the last chunk are more headers, of no interest
    return body


def _length(text: str, digits: str) -> int:
    """Read a length, which is digits only: int() would take signs, spaces, underscores and prefixes, too."""
    if not text or len(text) > _MAX_DIGITS or text.strip(digits):
        raise ExchangeError("the length of the answer is malformed")
    length = int(text, len(digits))
    if length > _MAX_BODY_BYTES:
        raise ExchangeError("the answer is too long")
    return length
