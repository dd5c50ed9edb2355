"""Where credentials come from without an AWS SDK, and when one is needed."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ssm_securestring import SecureStrings
from ssm_securestring.core.errors import ParameterCredentialsError
from ssm_securestring.runtime.calls import NoAnswerError
from ssm_securestring.runtime.credentials import Credentials, find
from tests.runtime.faults import FaultServer, refuse

SECRET = "s3cr3t-k3y"
NOWHERE = {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}


class Container(ThreadingHTTPServer):
    """The credentials endpoint of a container."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), ContainerHandler)
        self.tokens: list[str | None] = []
        self.status = 200
        self.lasts_seconds = 3600.0

    @property
    def environment(self) -> dict[str, str]:
        """What the agent sets for the container."""
        return NOWHERE | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{self.server_port}/v1?role=x"}


class ContainerHandler(BaseHTTPRequestHandler):
    """Answers with new credentials each time."""

    server: Container

    def do_GET(self) -> None:
        """Answer."""
        self.server.tokens.append(self.headers["Authorization"])
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.server.lasts_seconds))
        fields = {"AccessKeyId": f"AKID{len(self.server.tokens)}", "SecretAccessKey": SECRET, "Token": "t"}
        body = json.dumps(fields | {"Expiration": end}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Print nothing."""


@pytest.fixture
def container() -> Iterator[Container]:
    """Run a credentials endpoint."""
    with Container() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


def test_a_container_gives_credentials_and_renews_them_before_they_end(container: Container, tmp_path: Path) -> None:
    """With the token of the environment, or that of a file, which is read anew each time."""
    token = tmp_path / "token"
    token.write_text("first\n", encoding="utf-8")
    source = find(container.environment | {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)})
    assert source is not None
    container.lasts_seconds = 60
    assert source().access_key == "AKID1"
    token.write_text("second", encoding="utf-8")
    container.lasts_seconds = 3600
    assert source().access_key == "AKID2"
    assert source().access_key == "AKID2"
    assert container.tokens == ["first", "second"]


def test_old_credentials_serve_while_the_endpoint_is_away(container: Container) -> None:
    """As long as they last."""
    source = find(container.environment)
    assert source is not None
    container.lasts_seconds = 60
    source()
    container.status = 500
    assert source().access_key == "AKID1"


def test_fails_without_the_keys_in_the_error(container: Container) -> None:
    """The endpoint's answer is in neither text nor causes."""
    source = find(container.environment)
    assert source is not None
    container.status = 500
    with pytest.raises(NoAnswerError, match="status 500") as caught:
        source()
    assert caught.value.credentials
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_fails_for_an_endpoint_that_is_neither_local_nor_encrypted() -> None:
    """The token would be sent in clear to anybody."""
    source = find(NOWHERE | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/"})
    assert source is not None
    with pytest.raises(NoAnswerError, match="not https"):
        source()


def test_expired_credentials_of_a_container_are_asked_for_again(
    container: Container, faults: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, and the caller does not notice."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name, text in container.environment.items():
        monkeypatch.setenv(name, text)
    faults.values["/x"] = "value"
    faults.faults = [refuse("ExpiredTokenException")]
    assert SecureStrings().get("/x").reveal() == "value"
    assert [each["Authorization"].split("=")[1].split("/")[0] for each in faults.headers] == ["AKID1", "AKID2"]


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"])
def test_what_needs_botocore_is_left_to_it(name: str, container: Container) -> None:
    """In its order: profiles and web identities go before a container's credentials, after the environment's."""
    assert find(container.environment | {name: "x"}) is None
    source = find(NOWHERE | {name: "x", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": SECRET})
    assert source is not None
    assert source().access_key == "AKID"


def test_a_profile_works_through_boto3(faults: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Region and keys are those of the profile."""
    config = tmp_path / "config"
    config.write_text(
        "[profile p]\nregion = eu-north-1\naws_access_key_id = AKIDP\naws_secret_access_key = k\n", "utf-8"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_PROFILE", "p")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    faults.values["/x"] = "value"
    assert SecureStrings().get("/x").reveal() == "value"
    assert "Credential=AKIDP/" in faults.headers[0]["Authorization"]
    assert "/eu-north-1/ssm/" in faults.headers[0]["Authorization"]


def test_fails_with_one_sentence_without_credentials(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to do; nothing is sent."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ParameterCredentialsError, match="no credentials to ask with"):
        SecureStrings().get("/x")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "half")
    with pytest.raises(ParameterCredentialsError, match="AWS_SECRET_ACCESS_KEY is not set"):
        SecureStrings().get("/x")
    assert faults.calls == []


def test_credentials_do_not_show_themselves() -> None:
    """Only who they are."""
    assert repr(Credentials("AKID", SECRET, SECRET)) == "Credentials('AKID', ***)"
