"""Connections to one endpoint, kept alive between calls. Proxies are honoured; redirects are not followed."""

import os
import socket
import time
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from ssm_securestring.core.errors import SettingError
from ssm_securestring.runtime.calls import NoAnswerError
from ssm_securestring.runtime.exchange import ExchangeError, Response, encode, exchange, tunnel
from ssm_securestring.runtime.proxies import proxy_for

if TYPE_CHECKING:
    import ssl

# A connection that rested longer may be dead without having been closed, after a freeze for example.
_MAX_IDLE_SECONDS: Final = 20.0
_CONNECT_SECONDS: Final = 3.0


class _Idle(NamedTuple):
    connection: socket.socket
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
        is_usable = parts.scheme in {"http", "https"} and parts.hostname and not (parts.query or parts.fragment)
        if not is_usable or not parts.hostname or "@" in url or not url.isascii() or " " in url:
            raise SettingError(
                "AWS_ENDPOINT_URL", problem="is not the URL of an endpoint", fix="write one such as 'https://host:port'"
            )
        self._secure = parts.scheme == "https"
        self._name = parts.hostname
        self._port = parts.port or (443 if self._secure else 80)
        name = f"[{self._name}]" if ":" in self._name else self._name
        self._authority = f"{name}:{self._port}"
        self.host = name if parts.port in {None, 443 if self._secure else 80} else self._authority
        self.path = parts.path or "/"
        self._environment = environment
        self._proxy = proxy_for(parts.scheme, f"{self._name}:{self._port}", environment)
        self._tls: ssl.SSLContext | None = None
        self._idle: list[_Idle] = []
        weakref.finalize(self, _close, self._idle)

    def post(self, headers: Mapping[str, str], body: bytes, *, seconds: float) -> Response:
        """Send a request and read the whole response.

        Raises:
            NoAnswerError: It was not complete in time. Nothing of the response is in the error.
        """
        deadline = time.monotonic() + seconds
        connection = self._rested()
        reused = connection is not None
        try:
            request = self._encoded(headers, body)
            if connection is None:
                connection = self._open(seconds)
            response = exchange(connection, request, deadline=deadline)
        except ExchangeError as error:
            reason = str(error)
        except OSError as error:
            reason = "" if reused and isinstance(error, ConnectionError) else type(error).__name__
        except BaseException:
            _close_one(connection)
            raise
        else:
            if response.keeps:
                self._idle.append(_Idle(connection, time.monotonic(), time.time()))
            else:
                connection.close()
            return response
        _close_one(connection)
        left = deadline - time.monotonic()
        if not reason and left > 0:
            self.close()
            return self.post(headers, body, seconds=left)
        # Outside of the except block: the frames that it would take along hold what was read so far.
        raise NoAnswerError(reason or "TimeoutError")

    def close(self) -> None:
        """Close idle connections."""
        _close(self._idle)

    def abandon(self) -> None:
        """Forget idle connections without a word to the other side: they are another process's, too."""
        for idle in self._idle:
            os.close(idle.connection.detach())
        self._idle.clear()

    def _rested(self) -> socket.socket | None:
        while True:
            try:
                idle = self._idle.pop()
            except IndexError:
                return None
            rested = max(time.monotonic() - idle.since, time.time() - idle.since_wall)
            if rested < _MAX_IDLE_SECONDS and _is_silent(idle.connection):
                return idle.connection
            idle.connection.close()

    def _encoded(self, headers: Mapping[str, str], body: bytes) -> bytes:
        more = {"Accept-Encoding": "identity", "Content-Length": str(len(body))}
        if self._proxy is None or self._secure:
            return encode("POST", self.path, {**headers, **more}, body)
        return encode("POST", f"http://{self.host}{self.path}", {**headers, **more, **self._proxy.headers}, body)

    def _open(self, seconds: float) -> socket.socket:
        timeout = min(seconds, _CONNECT_SECONDS)
        deadline = time.monotonic() + timeout
        host, port = (self._proxy.host, self._proxy.port) if self._proxy else (self._name, self._port)
        connection = socket.create_connection((_wire(host), port), timeout)  # type: ignore[arg-type]  # see _wire
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not self._secure:
                return connection
            if self._proxy:
                tunnel(connection, self._authority, self._proxy.headers, deadline=deadline)
                connection.settimeout(timeout)
            return self._context().wrap_socket(connection, server_hostname=_wire(self._name))
        except BaseException:
            connection.close()
            raise

    def _context(self) -> "ssl.SSLContext":
        if self._tls is None:
            import ssl

            self._tls = ssl.create_default_context(cafile=self._environment.get("AWS_CA_BUNDLE") or None)
        return self._tls


def _is_silent(connection: socket.socket) -> bool:
    """Tell whether nothing waits on a connection: neither its end, nor an answer to what nobody asked."""
    connection.settimeout(0)
    try:
        # Below TLS, which cannot peek.
        socket.socket.recv(connection, 1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _wire(host: str) -> str | bytes:
    """Return a host's name as it is resolved: as bytes it does not load Python's tables for names in other scripts."""
    return host.encode() if host.isascii() else host


def _close(idle: list[_Idle]) -> None:
    while idle:
        idle.pop().connection.close()


def _close_one(connection: socket.socket | None) -> None:
    if connection is not None:
        connection.close()
