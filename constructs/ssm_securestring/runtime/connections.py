"""Connections to one endpoint, kept alive between calls. Proxies are honoured; redirects are not followed."""

import os
import time
import weakref
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from ssm_securestring.core.errors import SettingError
from ssm_securestring.runtime.calls import NoAnswerError

if TYPE_CHECKING:
    import ssl

# A connection that rested longer may be dead without having been closed, after a freeze for example.
_MAX_IDLE_SECONDS: Final = 20.0
_CONNECT_SECONDS: Final = 3.0
# Ten parameters of 8 KB, JSON-escaped, with room to spare.
_MAX_ANSWER_BYTES: Final = 2 * 1024 * 1024
_PIECE_BYTES: Final = 64 * 1024


class RawAnswer(NamedTuple):
    """Status, headers (lower case) and body of a response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Idle(NamedTuple):
    connection: HTTPConnection
    since: float
    since_wall: float


class Connections:
    """A pool of connections to one endpoint.

    Args:
        url: The endpoint.
        environment: Environment variables: ``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY`` and ``AWS_CA_BUNDLE``.

    Raises:
        SettingError: ``url`` is not an http or https URL, or has a query.

    Attributes:
        host: What the ``Host`` header says.
        path: Path of the endpoint.
    """

    def __init__(self, url: str, environment: Mapping[str, str]) -> None:
        """Read the URL; no connection is made yet."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or "@" in url:
            raise SettingError(
                "AWS_ENDPOINT_URL", problem="is not the URL of an endpoint", fix="write one such as 'https://host:port'"
            )
        self._secure = parts.scheme == "https"
        self._name = parts.hostname
        self._port = parts.port or (443 if self._secure else 80)
        name = f"[{self._name}]" if ":" in self._name else self._name
        self.host = name if parts.port in {None, 443 if self._secure else 80} else f"{name}:{parts.port}"
        self.path = parts.path or "/"
        self._environment = environment
        self._proxy = _proxy(parts.scheme, f"{self._name}:{self._port}", environment)
        self._tls: ssl.SSLContext | None = None
        self._idle: list[_Idle] = []
        weakref.finalize(self, _close, self._idle)

    def post(self, headers: Mapping[str, str], body: bytes, *, seconds: float) -> RawAnswer:
        """Send a request and read the whole response.

        Raises:
            NoAnswerError: It was not complete in time. Nothing of the response is in the error.
        """
        deadline = time.monotonic() + seconds
        connection, reused = self._take(seconds)
        try:
            answer, keep = self._exchange(connection, headers, body, deadline)
        except (OSError, HTTPException) as error:
            reason = "" if reused and isinstance(error, ConnectionError) else type(error).__name__
        except BaseException:
            connection.close()
            raise
        else:
            if keep:
                self._idle.append(_Idle(connection, time.monotonic(), time.time()))
            else:
                connection.close()
            return answer
        connection.close()
        left = deadline - time.monotonic()
        if not reason and left > 0:
            self.close()
            return self.post(headers, body, seconds=left)
        # Outside of the except block: IncompleteRead holds what was read so far.
        raise NoAnswerError(reason or "TimeoutError")

    def close(self) -> None:
        """Close idle connections."""
        _close(self._idle)

    def abandon(self) -> None:
        """Forget idle connections without a word to the other side: they are another process's, too."""
        for idle in self._idle:
            if idle.connection.sock is not None:
                os.close(idle.connection.sock.detach())
        self._idle.clear()

    def _take(self, seconds: float) -> tuple[HTTPConnection, bool]:
        while True:
            try:
                idle = self._idle.pop()
            except IndexError:
                return self._open(seconds), False
            rested = max(time.monotonic() - idle.since, time.time() - idle.since_wall)
            if rested < _MAX_IDLE_SECONDS:
                return idle.connection, True
            idle.connection.close()

    def _open(self, seconds: float) -> HTTPConnection:
        timeout = min(seconds, _CONNECT_SECONDS)
        host, port = (self._proxy.host, self._proxy.port) if self._proxy else (self._name, self._port)
        if not self._secure:
            return HTTPConnection(host, port, timeout=timeout)
        from http.client import HTTPSConnection

        connection = HTTPSConnection(host, port, timeout=timeout, context=self._context())
        if self._proxy:
            connection.set_tunnel(self._name, self._port, headers=self._proxy.headers)
        return connection

    def _context(self) -> "ssl.SSLContext":
        if self._tls is None:
            import ssl

            self._tls = ssl.create_default_context(cafile=self._environment.get("AWS_CA_BUNDLE") or None)
        return self._tls

    def _exchange(
        self, connection: HTTPConnection, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> tuple[RawAnswer, bool]:
        through_proxy = self._proxy is not None and not self._secure
        target = f"http://{self.host}{self.path}" if through_proxy else self.path
        more = self._proxy.headers if through_proxy and self._proxy else {}
        if connection.sock is not None:
            connection.sock.settimeout(max(deadline - time.monotonic(), 0.001))
        connection.request("POST", target, body, {**headers, **more})
        if connection.sock is not None:
            connection.sock.settimeout(max(deadline - time.monotonic(), 0.001))
        with connection.getresponse() as response:
            received = {name.lower(): text for name, text in response.getheaders()}
            content = _content(connection, response, deadline)
            return RawAnswer(response.status, received, content), not response.will_close


def _close(idle: list[_Idle]) -> None:
    while idle:
        idle.pop().connection.close()


def _content(connection: HTTPConnection, response: HTTPResponse, deadline: float) -> bytes:
    """Read a body piece by piece, so that one that drips cannot outlast the deadline, nor one that is cut pass."""
    declared = response.length
    pieces: list[bytes] = []
    size = 0
    while declared is None or size < declared:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if connection.sock is not None:
            connection.sock.settimeout(left)
        piece = response.read1(_PIECE_BYTES if declared is None else min(_PIECE_BYTES, declared - size))
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
        if size > _MAX_ANSWER_BYTES:
            raise HTTPException("the answer is too long")
    if declared is not None and size < declared:
        raise HTTPException("the answer is cut off")
    return b"".join(pieces)


class _Proxy(NamedTuple):
    host: str
    port: int
    headers: dict[str, str]


def _proxy(scheme: str, host: str, environment: Mapping[str, str]) -> _Proxy | None:
    name = f"{scheme}_proxy"
    url = environment.get(name) or (environment.get(name.upper()) if scheme == "https" else None)
    if not url or _is_bypassed(host, environment):
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise SettingError(name.upper(), problem="is not an http URL", fix="write one such as 'http://proxy:3128'")
    headers = {}
    if parts.username:
        from base64 import b64encode

        account = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {b64encode(account.encode()).decode()}"
    return _Proxy(parts.hostname, parts.port or 80, headers)


def _is_bypassed(host: str, environment: Mapping[str, str]) -> bool:
    """Read ``NO_PROXY`` as the standard library does: hosts and domains, with or without a port; ``*`` means all."""
    exempt = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    name = host.rpartition(":")[0]
    for entry in (each.strip().lstrip(".").lower() for each in exempt.split(",")):
        if entry == "*" or (entry and any(f".{each}".endswith(f".{entry}") for each in (host, name))):
            return True
    return False
