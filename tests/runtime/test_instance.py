"""Credentials of an EC2 instance, from a metadata service of a few lines, beside what botocore makes of the same."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from botocore.utils import InstanceMetadataFetcher

from ssm_securestring import ParameterCredentialsError, SecureStrings
from ssm_securestring.runtime import instance
from ssm_securestring.runtime.calls import NoAnswerError
from ssm_securestring.runtime.credentials import CredentialsSource, find
from tests.runtime.faults import FaultServer, refuse

SECRET = "s3cr3t-k3y"
TOKEN = "t0k3n-of-the-session"
NOWHERE = {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}
ROLE_PATH = "/latest/meta-data/iam/security-credentials/"


class Metadata(ThreadingHTTPServer):
    """The metadata service of an instance that demands version 2."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), MetadataHandler)
        self.requests: list[tuple[str, str, str | None]] = []
        self.given = 0
        self.lasts_seconds = 3600.0
        self.role = "shop role"
        self.status = 200
        self.token_delay_seconds = 0.0
        self.broken = ""

    @property
    def environment(self) -> dict[str, str]:
        """What points to it."""
        return NOWHERE | {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{self.server_port}/"}


class MetadataHandler(BaseHTTPRequestHandler):
    """Answers with new credentials each time, to whoever has the token."""

    protocol_version = "HTTP/1.1"
    server: Metadata

    def do_PUT(self) -> None:
        """Hand out a token."""
        lifetime = self.headers["x-aws-ec2-metadata-token-ttl-seconds"]
        self.server.requests.append(("PUT", self.path, lifetime))
        time.sleep(self.server.token_delay_seconds)
        good = self.path == "/latest/api/token" and lifetime == "21600"
        self._send(200 if good else 400, TOKEN if good else "")

    def do_GET(self) -> None:
        """Name the role, or hand out its credentials."""
        token = self.headers["x-aws-ec2-metadata-token"]
        self.server.requests.append(("GET", self.path, token))
        if token != TOKEN:
            self._send(401, "")
        elif self.path == ROLE_PATH:
            self._send(self.server.status, self.server.role)
        else:
            self._send(self.server.status, self.server.broken or json.dumps(self._credentials()))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Print nothing."""

    def _credentials(self) -> dict[str, str]:
        self.server.given += 1
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.server.lasts_seconds))
        keys = {"AccessKeyId": f"ASIA{self.server.given}", "SecretAccessKey": SECRET, "Token": "session"}
        return keys | {"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": end, "Expiration": end}

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


@pytest.fixture
def metadata() -> Iterator[Metadata]:
    """Run a metadata service."""
    with Metadata() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


def source_of(environment: dict[str, str]) -> CredentialsSource:
    """Return where credentials come from."""
    source = find(environment)
    assert source is not None
    return source


def test_an_instance_is_asked_as_botocore_asks_it(metadata: Metadata) -> None:
    """The same requests in the same order, with the same token, and the same keys out of the answers."""
    fetcher = InstanceMetadataFetcher(
        base_url=metadata.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"], env={}, timeout=1, num_attempts=1
    )
    theirs = fetcher.retrieve_iam_role_credentials()
    asked, metadata.requests = metadata.requests, []
    metadata.given = 0

    ours = source_of(metadata.environment)()

    assert (ours.access_key, ours.secret_key, ours.session_token) == ("ASIA1", SECRET, "session")
    assert (theirs["access_key"], theirs["secret_key"], theirs["token"]) == ("ASIA1", SECRET, "session")
    assert ours.expires_at is not None
    assert abs(ours.expires_at - time.time() - 3600) < 5
    assert metadata.requests == [
        ("PUT", "/latest/api/token", "21600"),
        ("GET", ROLE_PATH, TOKEN),
        ("GET", f"{ROLE_PATH}shop%20role", TOKEN),
    ]
    assert asked == metadata.requests


@pytest.mark.parametrize("chosen", ["environment", "profile", "container", "instance", "none"])
def test_the_order_is_botocores(
    metadata: Metadata, chosen: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever comes before the instance wins, here and there; AWS_EC2_METADATA_DISABLED ends the search."""
    config = tmp_path / "credentials"
    config.write_text("[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = k\n", encoding="utf-8")
    container = f"http://127.0.0.1:{metadata.server_port}{ROLE_PATH}x"
    layers = {
        "none": {"AWS_EC2_METADATA_DISABLED": "TRUE"},
        "instance": {"AWS_EC2_METADATA_DISABLED": "no"},
        "container": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": container},
        "profile": {"AWS_SHARED_CREDENTIALS_FILE": str(config)},
        "environment": {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "k"},
    }
    environment = dict(metadata.environment)
    for name, more in layers.items():
        environment |= more
        if name == chosen:
            break
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_EC2_METADATA_DISABLED", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        monkeypatch.delenv(name, raising=False)
    for name, text in environment.items():
        monkeypatch.setenv(name, text)

    theirs = boto3.Session().get_credentials() if chosen != "container" else None
    ours = find(environment)

    expected = {"environment": "AKIDENV", "profile": "AKIDFILE", "instance": "ASIA1"}.get(chosen)
    assert (theirs and theirs.access_key) == expected
    if chosen in {"profile", "none"}:
        assert ours is None
    else:
        assert ours is not None
        assert type(ours).__name__ == {"environment": "function", "container": "ContainerCredentials"}.get(
            chosen, "InstanceCredentials"
        )


def test_they_are_renewed_before_they_end_and_old_ones_serve_meanwhile(metadata: Metadata) -> None:
    """Asked for again within the last five minutes; while the service is away, as long as they last."""
    source = source_of(metadata.environment)
    metadata.lasts_seconds = 250
    assert source().access_key == "ASIA1"
    metadata.status = 500
    assert source().access_key == "ASIA1"
    metadata.status, metadata.lasts_seconds = 200, 3600
    assert source().access_key == "ASIA2"
    assert source().access_key == "ASIA2"


def test_a_parameter_is_read_under_the_role_of_the_instance(
    metadata: Metadata, faults: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without boto3; keys that Parameter Store calls expired are asked for again, once."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    for name, text in metadata.environment.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setattr("ssm_securestring.runtime.connect._boto3_is_installed", lambda: False)
    faults.values["/x"] = "value"
    faults.faults = [refuse("ExpiredTokenException")]
    assert SecureStrings().get("/x").reveal() == "value"
    assert [each["Authorization"].split("=")[1].split("/")[0] for each in faults.headers] == ["ASIA1", "ASIA2"]
    assert faults.headers[-1]["X-Amz-Security-Token"] == "session"


def test_the_last_good_value_stands_in_while_credentials_cannot_be_renewed(
    metadata: Metadata, faults: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That nobody hands out credentials says nothing about the parameter."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    for name, text in metadata.environment.items():
        monkeypatch.setenv(name, text)
    faults.values["/x"] = "value"
    metadata.lasts_seconds = -1
    secrets = SecureStrings(ttl_seconds=0)
    assert secrets.get("/x").reveal() == "value"
    metadata.status = 500
    assert secrets.get("/x").reveal() == "value"
    with pytest.raises(ParameterCredentialsError, match="metadata service of EC2"):
        secrets.refresh("/x")
    assert len(faults.calls) == 1


@pytest.mark.parametrize(
    ("setting", "text", "problem"),
    [
        ("status", 404, "HTTPException"),
        ("role", "", "HTTPException"),
        ("token_delay_seconds", 1.3, "did not answer in 1 s; in a container, raise the instance's hop limit to 2"),
        ("broken", '{"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume"}', "malformed answer"),
        ("broken", f'"{SECRET}', "malformed answer"),
    ],
    ids=["no-role", "empty", "hop-limit", "refused", "no-json"],
)
def test_fails_with_the_reason_and_nothing_of_the_answer(
    metadata: Metadata, setting: str, text: object, problem: str
) -> None:
    """Neither keys nor token are in the text or the causes."""
    setattr(metadata, setting, text)
    with pytest.raises(NoAnswerError, match=problem) as caught:
        source_of(metadata.environment)()
    assert caught.value.credentials
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert SECRET not in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_version_1_is_not_asked(metadata: Metadata) -> None:
    """Without a token nothing is sent: not even where botocore would fall back."""
    source = source_of(
        metadata.environment
        | {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{metadata.server_port}/elsewhere"}
    )
    with pytest.raises(NoAnswerError, match="HTTPException"):
        source()
    assert [method for method, _, _ in metadata.requests] == ["PUT"]


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({}, "http://169.254.169.254"),
        ({"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"}, "http://[fd00:ec2::254]"),
        (
            {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://other"},
            "http://other",
        ),
    ],
    ids=["usual", "ipv6", "given"],
)
def test_the_service_is_where_the_environment_says(environment: dict[str, str], url: str) -> None:
    """An endpoint goes before a mode, as in botocore."""
    assert instance._endpoint(environment) == url


@pytest.mark.parametrize("url", ["ftp://x", "nonsense", "http://"])
def test_fails_for_what_is_no_endpoint(url: str) -> None:
    """The variable is named."""
    with pytest.raises(NoAnswerError, match="AWS_EC2_METADATA_SERVICE_ENDPOINT"):
        source_of(NOWHERE | {"AWS_EC2_METADATA_SERVICE_ENDPOINT": url})()


def test_fails_with_one_sentence_where_there_is_no_instance(
    faults: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All places that were looked at are named; nothing is sent."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    for name, text in NOWHERE.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")
    expected = "none in the environment, in files or from a container, and the metadata service of EC2: ConnectionRef"
    with pytest.raises(ParameterCredentialsError, match=expected):
        SecureStrings().get("/x")
    assert faults.calls == []
