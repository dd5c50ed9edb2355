"""The standard-library transport in bad weather."""

import logging
import os
import socket
import threading
import time
import traceback

import pytest

from ssm_securestring import (
    ParameterReadError,
    ParameterThrottledError,
    SecureStrings,
)
from ssm_securestring.core.errors import ParameterCredentialsError, ParameterUnreachableError, SettingError
from ssm_securestring.runtime import http
from ssm_securestring.runtime.calls import NoAnswerError
from ssm_securestring.runtime.connections import Connections
from tests.runtime import faults as weather
from tests.runtime.faults import Fault, FaultServer, Handler

CANARY = "c4n4ry-correct-horse"


@pytest.mark.parametrize(
    "fault",
    [
        weather.refuse("ThrottlingException"),
        weather.refuse("InternalServerError", 500),
        weather.reset,
        weather.half,
        weather.short,
        weather.garbage,
    ],
    ids=["throttled", "failed", "reset", "half", "short", "garbage"],
)
def test_a_passing_fault_is_not_seen_by_the_caller(faults: FaultServer, fault: Fault) -> None:
    """Two of them, and the third call brings the value."""
    faults.values["/x"] = CANARY
    faults.faults = [fault, fault]

    assert SecureStrings().get("/x").reveal() == CANARY
    assert len(faults.calls) == 3


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (weather.refuse("ThrottlingException"), ParameterThrottledError),
        (weather.refuse("InternalServerError", 500), ParameterUnreachableError),
        (weather.half, ParameterUnreachableError),
        (weather.drip, ParameterUnreachableError),
        (weather.garbage, ParameterUnreachableError),
        (weather.refuse("UnrecognizedClientException"), ParameterCredentialsError),
        (weather.refuse("ExpiredTokenException"), ParameterCredentialsError),
        (weather.redirect, ParameterReadError),
    ],
    ids=["throttled", "failed", "half", "drip", "garbage", "unknown", "expired", "redirect"],
)
def test_fails_in_time_with_an_error_of_ours_that_holds_no_value(
    faults: FaultServer, fault: Fault, kind: type[ParameterReadError], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither text nor causes nor attributes nor the locals of any frame know what was read of a body so far."""
    faults.values["/x"] = CANARY
    faults.faults = [fault] * 1000
    started = time.monotonic()

    with caplog.at_level(logging.DEBUG), pytest.raises(kind) as caught:
        SecureStrings(timeout_seconds=1).get("/x")

    assert time.monotonic() - started < 4
    assert type(caught.value) is kind
    error: BaseException | None = caught.value
    while error is not None:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert CANARY not in "".join(shown.format())
        assert CANARY not in repr(vars(error))
        error = error.__cause__ or error.__context__
    assert CANARY not in caplog.text


@pytest.mark.parametrize("names", [["/a"], ["/a", "/b"]], ids=["one", "many"])
def test_an_answer_to_another_call_is_nobodys_value(faults: FaultServer, names: list[str]) -> None:
    """Neither taken for what was asked nor for its absence; the connection that it came on is not used again."""
    faults.values.update({"/a": "1", "/b": "2"})
    secrets = SecureStrings(ttl_seconds=0)
    faults.faults = [weather.out_of_step]

    found = secrets.get_many(names)

    assert set(found.errors) == set(names)
    assert {type(each) for each in found.errors.values()} == {ParameterUnreachableError}
    assert all("the answer was to another call" in str(each) for each in found.errors.values())
    assert [secrets.get(name).reveal() for name in names] == [faults.values[name] for name in names]


def test_a_redirect_is_not_followed(faults: FaultServer) -> None:
    """A signed request goes nowhere else."""
    faults.values["/x"] = CANARY
    faults.faults = [weather.redirect]
    with pytest.raises(ParameterReadError, match="Http307"):
        SecureStrings().get("/x")
    assert len(faults.calls) == 1


def test_a_connection_is_kept_and_a_dead_one_replaced_at_once(
    faults: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the pause of a retry: the other side closing an idle connection is no failure."""
    faults.values |= {"/x": CANARY, "/y": CANARY}
    secrets = SecureStrings()
    monkeypatch.setattr(http, "_FIRST_PAUSE_SECONDS", 1e9)

    secrets.get("/x")
    faults.faults = [weather.reset]
    secrets.get("/y")

    assert len(faults.calls) == 3


def test_a_clock_that_is_off_is_set_by_the_service(faults: FaultServer) -> None:
    """The refused signature is made again with the service's time, and so are all that follow."""
    faults.values |= {"/x": CANARY, "/y": CANARY}
    faults.clock_offset_seconds = 3600
    faults.faults = [weather.refuse("InvalidSignatureException", text="Signature expired")]
    secrets = SecureStrings()

    secrets.get("/x")
    secrets.get("/y")

    stamps = [each["X-Amz-Date"] for each in faults.headers]
    now = time.time()
    for stamp, offset in zip(stamps, (0, 3600, 3600), strict=True):
        signed = time.mktime(time.strptime(stamp, "%Y%m%dT%H%M%SZ")) - time.timezone
        assert abs(signed - now - offset) < 60


def test_credentials_renewed_in_the_environment_are_used(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a new helper."""
    faults.values |= {"/x": CANARY, "/y": CANARY}
    secrets = SecureStrings()
    secrets.get("/x")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDRENEWED")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    secrets.get("/y")
    assert "Credential=AKIDRENEWED/" in faults.headers[-1]["Authorization"]
    assert faults.headers[-1]["X-Amz-Security-Token"] == "token"


def test_fails_when_the_name_of_the_host_is_not_known(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS is a network failure like others."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://nowhere.invalid")
    with pytest.raises(ParameterUnreachableError, match="could not be asked"):
        SecureStrings(timeout_seconds=0.2).get("/x")
    assert faults.calls == []


def test_a_proxy_is_asked_unless_the_host_is_exempt(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy gets the whole URL and its own password; NO_PROXY goes around it."""
    faults.values["/x"] = CANARY
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://ssm.example.test")
    monkeypatch.setenv("http_proxy", f"http://me:pass%20word@127.0.0.1:{faults.server_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert SecureStrings().get("/x").reveal() == CANARY
    assert faults.headers[-1]["Proxy-Authorization"] == "Basic bWU6cGFzcyB3b3Jk"
    assert faults.headers[-1]["Host"] == "ssm.example.test"
    for exempt in ("*", ".example.test", "other, ssm.example.test", "ssm.example.test:80"):
        monkeypatch.setenv("NO_PROXY", exempt)
        with pytest.raises(ParameterUnreachableError):
            SecureStrings(timeout_seconds=0.2).get("/x")


def test_https_goes_through_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy sees the host's name and nothing else."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        heard: list[bytes] = []

        def listen() -> None:
            connection, _ = proxy.accept()
            with connection:
                heard.append(connection.recv(4096))

        thread = threading.Thread(target=listen)
        thread.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        connections = Connections("https://ssm.eu-west-1.amazonaws.com", dict(os.environ) | {"NO_PROXY": ""})
        with pytest.raises(NoAnswerError):
            connections.post({"Host": connections.host}, b"secret", seconds=1)
        thread.join()
    assert heard[0].startswith(b"CONNECT ssm.eu-west-1.amazonaws.com:443 ")


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://user@x", "http://x/?q", "nonsense"])
def test_fails_for_what_is_no_endpoint(url: str) -> None:
    """Before anything is sent."""
    with pytest.raises(SettingError, match="AWS_ENDPOINT_URL"):
        Connections(url, {})


def test_a_body_cannot_fill_the_memory(faults: FaultServer) -> None:
    """A response that is longer than any answer can be is refused."""

    def flood(handler: Handler) -> bool:
        handler.send_raw(200, b" " * 3_000_000)
        return True

    faults.faults = [flood] * 1000
    with pytest.raises(ParameterUnreachableError):
        SecureStrings(timeout_seconds=0.3).get("/x")
