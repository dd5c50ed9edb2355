"""What the tests of the helper share."""

import threading
from collections.abc import Iterator

import pytest

from ssm_securestring.local import UNSET
from ssm_securestring.runtime import cache, reader, secure_strings
from tests.runtime.faults import FaultServer
from tests.runtime.weather import Clocks


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """Run a fault server, and point the environment to it."""
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)
    with FaultServer() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        settings = {
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_REGION": "eu-west-1",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }
        for name, text in settings.items():
            monkeypatch.setenv(name, text)
        yield server
        server.shutdown()


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """Replace the clocks of the cache."""
    moved = Clocks()
    for module in (cache, reader):
        monkeypatch.setattr(module, "time", moved)
    monkeypatch.setattr(secure_strings, "_monotonic", moved.monotonic)
    monkeypatch.setattr(secure_strings, "_wall", moved.time)
    return moved
