"""CloudFormation's side of a custom resource: the events it sends, and the address it takes answers at."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from botocore.config import Config

from ssm_securestring.handler.on_event import carry_out
from ssm_securestring.handler.request import Request
from ssm_securestring.handler.store import Store

STACK_ID = "arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/0a1b2c3d-1111-2222-3333-444455556666"
OTHER_STACK_ID = "arn:aws:cloudformation:eu-west-1:111122223333:stack/other/9f8e7d6c-1111-2222-3333-444455556666"
KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
GENERATED = {"Kind": "Generated", "Length": "24", "Classes": ["lowercase", "digits"], "ExcludeCharacters": ""}
EXTERNAL = {"Kind": "External"}


def properties(name: str, **changes: object) -> dict[str, object]:
    """Return the properties of a parameter as a template has them, spelled by hand."""
    return {
        "ServiceToken": "arn:aws:lambda:eu-west-1:111122223333:function:f",
        "ContractVersion": "1",
        "Name": name,
        "KeyId": KEY_ARN,
        "Tier": "Standard",
        "Description": "",
        "Tags": {},
        "Source": GENERATED,
        **changes,
    }


def request(
    *,
    response_url: str = "https://example.invalid/signed-with-a-secret",
    stack_id: str = STACK_ID,
    request_id: str = "request-1",
    logical_id: str = "Password",
    properties: Mapping[str, object] | None = None,
) -> Request:
    """Return a Create request."""
    return Request(
        request_type="Create",
        response_url=response_url,
        stack_id=stack_id,
        request_id=request_id,
        logical_id=logical_id,
        properties=properties or {},
    )


def unreachable(endpoint_url: str, config: Config) -> Store:
    """Return a store whose services are not where it looks for them."""
    session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-west-1")
    return Store(
        ssm=session.client("ssm", endpoint_url=endpoint_url, config=config),
        secretsmanager=session.client("secretsmanager", endpoint_url=endpoint_url, config=config),
        cloudformation=lambda: session.client("cloudformation", endpoint_url=endpoint_url, config=config),
        kms=lambda: session.client("kms", endpoint_url=endpoint_url, config=config),
        ssm_in=lambda region: session.client("ssm", region_name=region, endpoint_url=endpoint_url, config=config),
    )


@dataclass(slots=True)
class Context:
    """What Lambda tells a function about its invocation."""

    seconds: float = 120.0
    log_group_name: str = "/aws/lambda/f"
    log_stream_name: str = "2026/11/22/[$LATEST]abc"

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the invocation's time."""
        return round(self.seconds * 1000)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it arrived."""

    body: bytes
    content_type: str | None
    fields: dict[str, Any] = field(repr=False)

    @property
    def status(self) -> str:
        """SUCCESS or FAILED."""
        return str(self.fields["Status"])

    @property
    def reason(self) -> str:
        """Why it failed."""
        return str(self.fields.get("Reason", ""))

    @property
    def physical_id(self) -> str:
        """The resource's physical id."""
        return str(self.fields["PhysicalResourceId"])

    @property
    def data(self) -> dict[str, str]:
        """The resource's attributes."""
        return dict(self.fields["Data"])


@dataclass(slots=True)
class Address:
    """Where CloudFormation takes answers: a real server on this machine.

    Attributes:
        url: The response URL.
        answers: What was accepted, in order.
        refusals: Statuses to refuse the next attempts with.
        attempts: How many attempts there were.
    """

    url: str
    answers: list[Answer] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    attempts: int = 0

    def take(self, body: bytes, content_type: str | None) -> int:
        """Take an attempt; returns the HTTP status."""
        self.attempts += 1
        if self.refusals:
            return self.refusals.pop(0)
        self.answers.append(Answer(body, content_type, json.loads(body)))
        return 200


@contextmanager
def listening() -> Iterator[Address]:
    """Take answers until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(address.take(body, self.headers.get("Content-Type")))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name is the base class's
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = Address(f"http://127.0.0.1:{server.server_port}/answer?signature=canary-of-the-url")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(slots=True)
class CloudFormation:
    """Sends requests for one resource to the function, and hands out its answers.

    Attributes:
        store: What the function calls AWS with.
        address: Where it answers.
        stack_id: ARN of the stack.
        logical_id: Logical id of the resource.
    """

    store: Store
    address: Address
    stack_id: str = STACK_ID
    logical_id: str = "Password"
    requests: int = 0

    def create(self, wanted: Mapping[str, object], *, request_id: str | None = None, seconds: float = 120.0) -> Answer:
        """Send Create."""
        return self._send("Create", request_id, seconds=seconds, ResourceProperties=wanted)

    def update(
        self,
        physical_id: str,
        old: Mapping[str, object],
        wanted: Mapping[str, object],
        *,
        request_id: str | None = None,
        seconds: float = 120.0,
    ) -> Answer:
        """Send Update."""
        return self._send(
            "Update",
            request_id,
            seconds=seconds,
            PhysicalResourceId=physical_id,
            ResourceProperties=wanted,
            OldResourceProperties=old,
        )

    def delete(self, physical_id: str, wanted: Mapping[str, object] | None = None) -> Answer:
        """Send Delete."""
        return self._send("Delete", None, PhysicalResourceId=physical_id, ResourceProperties=wanted or {})

    def _send(self, request_type: str, request_id: str | None, *, seconds: float = 120.0, **fields: object) -> Answer:
        self.requests += 1
        event = {
            "RequestType": request_type,
            "ResponseURL": self.address.url,
            "StackId": self.stack_id,
            "RequestId": request_id or f"{self.logical_id}-{self.requests}",
            "LogicalResourceId": self.logical_id,
            "ResourceType": "Custom::SsmSecureString",
            **fields,
        }
        before = len(self.address.answers)
        carry_out(event, Context(seconds), make_store=lambda: self.store)
        assert len(self.address.answers) == before + 1, "a request gets exactly one answer"
        return self.address.answers[-1]
