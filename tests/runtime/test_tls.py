"""TLS: whom the helper talks to, and through what."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.runtime.certificates import make_certificate
from ssm_securestring import ParameterUnreachableError, SecureStrings
from tests.runtime.faults import FaultServer


@pytest.fixture
def secured(faults: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FaultServer:
    """Let the fault server speak TLS as ``localhost``, and the environment trust it."""
    bundle, certificate = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    faults.socket = context.wrap_socket(faults.socket, server_side=True)
    faults.values |= {"/x": "right", "/y": "right"}
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://localhost:{faults.server_port}")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    return faults


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[bytes]]]:
    """Run a proxy that lets one connection through, and notes what it was asked."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            client, _ = server.accept()
            request = client.recv(65536)
            heard.append(request)
            host, _, port = request.split()[1].decode().rpartition(":")
            with client, socket.create_connection((host, int(port))) as target:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pass_on, args=(target, client), daemon=True)
                back.start()
                _pass_on(client, target)
                back.join(5)

        threading.Thread(target=run, daemon=True).start()
        yield f"http://me:word@127.0.0.1:{server.getsockname()[1]}", heard


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other direction has ended
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


def test_a_value_comes_over_tls_on_a_kept_connection(secured: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One handshake for both."""
    accepted: list[object] = []
    accept = secured.get_request

    def counted() -> tuple[socket.socket, object]:
        accepted.append(secured)
        return accept()

    monkeypatch.setattr(secured, "get_request", counted)
    secrets = SecureStrings()

    assert [secrets.get(name).reveal() for name in ("/x", "/y")] == ["right", "right"]
    assert len(accepted) == 1


def test_fails_when_nobody_vouches_for_the_server(secured: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent to it."""
    monkeypatch.delenv("AWS_CA_BUNDLE")
    with pytest.raises(ParameterUnreachableError, match="SSLCertVerificationError"):
        SecureStrings(timeout_seconds=0.3).get("/x")
    assert secured.calls == []


def test_fails_when_the_server_is_another_host(secured: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate is good, but for another name."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{secured.server_port}")
    with pytest.raises(ParameterUnreachableError, match="SSLCertVerificationError"):
        SecureStrings(timeout_seconds=0.3).get("/x")
    assert secured.calls == []


def test_tls_goes_through_a_proxy_to_the_host_itself(
    secured: FaultServer, proxy: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy sees host, port and its own password; the certificate that counts is the host's."""
    url, heard = proxy
    monkeypatch.setenv("HTTPS_PROXY", url)

    assert SecureStrings().get("/x").reveal() == "right"
    authority = f"localhost:{secured.server_port}"
    assert heard == [
        f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nProxy-Authorization: Basic bWU6d29yZA==\r\n\r\n".encode()
    ]
    assert "Proxy-Authorization" not in secured.headers[-1]
