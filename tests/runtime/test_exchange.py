"""Our reading of HTTP responses against the standard library's, and what it refuses."""

import contextlib
import http.client
import socket
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssm_securestring import ParameterUnreachableError, SecureStrings
from ssm_securestring.runtime.exchange import ExchangeError, Response, encode, exchange
from tests.runtime.faults import Fault, FaultServer, Handler

# Names that frame the response are written by the test itself.
HEADER = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,15}", fullmatch=True).filter(
    lambda name: name.lower() not in {"content-length", "transfer-encoding", "connection"}
)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)


class Dripping(socket.socket):
    """A real socket that hands out a few bytes at a time."""

    piece_bytes = 65536

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Receive a piece."""
        return super().recv(min(bufsize, self.piece_bytes), flags)


def answered(raw: bytes, *, piece_bytes: int = 65536) -> Response:
    """Let a server answer a request with these bytes, and close its side."""
    ours, theirs = socket.socketpair()

    def send() -> None:
        with theirs, contextlib.suppress(OSError):  # a client that refuses the head does not read on
            theirs.sendall(raw)
            theirs.shutdown(socket.SHUT_WR)
            while theirs.recv(65536):
                pass

    thread = threading.Thread(target=send)
    thread.start()
    try:
        with Dripping(fileno=ours.detach()) as connection:
            connection.piece_bytes = piece_bytes
            return exchange(connection, encode("POST", "/", {"Host": "x"}), deadline=time.monotonic() + 5)
    finally:
        thread.join()


def by_the_standard_library(raw: bytes) -> tuple[int, dict[str, str], bytes]:
    """Let http.client read the same response."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(raw)
        theirs.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(ours, method="POST")
        response.begin()
        with response:
            headers = {name.lower(): text for name, text in response.getheaders()}
            return response.status, headers, response.read()


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    """Write a response as a server may: whole, in chunks, or until the connection ends; maybe announced before."""
    status = draw(st.sampled_from([200, 204, 304, 400, 429, 500, 599]))
    head = [f"HTTP/1.{draw(st.integers(0, 1))} {status}{draw(st.sampled_from(['', ' ', ' Some Reason']))}"]
    for name, text in draw(st.lists(st.tuples(HEADER, TEXT), max_size=4, unique_by=lambda each: each[0].lower())):
        head.append(f"{name}:{draw(st.sampled_from(['', ' ', '  ']))}{text}")
    body = b"" if status in {204, 304} else draw(st.binary(max_size=300))
    framing = draw(st.sampled_from(["length", "chunks", "end"])) if body else "length"
    if framing == "length":
        head.append(f"content-LENGTH: {len(body)}")
    if framing == "chunks":
        head.append("Transfer-Encoding: Chunked")
        body = in_chunks(body, size=draw(st.integers(1, 100)), more=draw(st.sampled_from([b"", b";a=b"])))
    announced = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n"]))
    return announced + "\r\n".join([*head, "", ""]).encode() + body


def in_chunks(body: bytes, *, size: int, more: bytes) -> bytes:
    """Write a body in chunks, with a header behind the last one."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    chunks = [b"%X%s\r\n%s\r\n" % (len(each), more, each) for each in pieces]
    return b"".join(chunks) + b"0\r\nX-Checked: yes\r\n\r\n"


@settings(max_examples=300, deadline=None)
@given(raw=responses(), piece_bytes=st.integers(1, 400))
def test_a_response_reads_as_the_standard_library_reads_it(raw: bytes, piece_bytes: int) -> None:
    """Status, headers and body, however it is cut into pieces on its way."""
    status, headers, body, _ = answered(raw, piece_bytes=piece_bytes)

    assert (status, headers, body) == by_the_standard_library(raw)


@settings(max_examples=200, deadline=None)
@given(raw=responses(), share=st.floats(0, 1, exclude_max=True), piece_bytes=st.integers(1, 400))
def test_a_response_that_is_cut_never_passes_as_another(raw: bytes, share: float, piece_bytes: int) -> None:
    """It is refused, unless only its own end tells where it ends."""
    cut = raw[: int(len(raw) * share)]
    try:
        response = answered(cut, piece_bytes=piece_bytes)
    except (ExchangeError, ConnectionResetError):
        return
    tells_its_end = {"content-length", "transfer-encoding"} & response.headers.keys()
    assert response == answered(raw) or not (tells_its_end or response.keeps)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not HTTP/1.1"),
        (b"HTTP/2 200\r\n\r\n", "not HTTP/1.1"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "not HTTP/1.1"),
        (b"HTTP/1.1 -20 OK\r\n\r\n", "not HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "header of the answer is malformed"),
        (b"HTTP/1.1 200 OK\r\nX: y\r\n continued: 1\r\n\r\n", "header of the answer is malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}", "header of the answer is malformed"),
        (b"HTTP/1.1 200 OK\r\n: 2\r\n\r\n{}", "header of the answer is malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", "length of the answer is malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}", "length of the answer is malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n{}        ", "length of the answer is malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "length of the answer is malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n{}", "length of the answer is malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "too long"),
        (CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\n") + b"{}", "ambiguous"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n{}", "ambiguous"),
        (CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n", "length of the answer is malformed"),
        (CHUNKED + b"1\r\n{}\r\n0\r\n\r\n", "longer than it says"),
        (CHUNKED + b"2\r\n{}\r\n", "cut off"),
        (CHUNKED + (b"fffff\r\n" + b" " * 0xFFFFF + b"\r\n") * 3, "too long"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", "cut off"),
        (b"HTTP/1.1 200 OK\r\nX: y", "cut off"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000, "head of the answer is too long"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 3_000_000, "too long"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_fails_for_a_response_that_could_be_read_in_two_ways_or_not_at_all(raw: bytes, problem: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ExchangeError, match=problem):
        answered(raw)


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", True),
        (CHUNKED + b"2\r\n{}\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: Close\r\n\r\n{}", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", False),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}H", False),
    ],
    ids=["length", "chunks", "close", "old", "end", "more"],
)
def test_a_connection_is_kept_only_when_nothing_is_left_on_it(head: bytes, keeps: bool) -> None:  # noqa: FBT001
    """And when the other side does not close it."""
    response = answered(head)

    assert (response.body, response.keeps) == (b"{}", keeps)


def test_fails_for_a_header_that_would_begin_another() -> None:
    """A session token with a line break goes nowhere, not into the error either."""
    with pytest.raises(ExchangeError, match="not printable ASCII") as caught:
        encode("POST", "/", {"X-Amz-Security-Token": "token\r\nX-Other: c4n4ry"})
    assert "c4n4ry" not in str(caught.value)


def test_an_answer_to_what_nobody_asked_is_never_taken_for_one(faults: FaultServer) -> None:
    """A second response comes behind the first, at once or later: the next caller gets a new connection."""
    faults.values |= {"/x": "right", "/y": "right"}

    def twice(pause_seconds: float) -> Fault:
        def play(handler: Handler) -> bool:
            operation, request = handler.server.calls[-1]
            handler.send(200, handler.server.answer(operation, request))
            time.sleep(pause_seconds)
            handler.send(200, {"Parameter": handler.server.wrong_parameter})
            sent.set()
            return True

        return play

    for pause_seconds in (0, 0.05):
        sent = threading.Event()
        faults.faults = [twice(pause_seconds)]
        secrets = SecureStrings()
        assert secrets.get("/x").reveal() == "right"
        assert sent.wait(5)
        assert secrets.get("/y").reveal() == "right"


def test_fails_when_the_proxy_does_not_let_through(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer is named; what it says beside that is not shown."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://ssm.example.test")
    monkeypatch.setenv("HTTPS_PROXY", faults.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(ParameterUnreachableError, match="the proxy answered 501"):
        SecureStrings(timeout_seconds=0.3).get("/x")
