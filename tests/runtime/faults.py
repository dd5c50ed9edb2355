"""A Parameter Store of a few lines that misbehaves as it is told, for what the embedded AWS does too well."""

import json
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ARN = "arn:aws:ssm:eu-west-1:111122223333:parameter/"
Fault = Callable[["Handler"], bool]


class Handler(BaseHTTPRequestHandler):
    """Answers, unless the next fault does."""

    protocol_version = "HTTP/1.1"
    server: "FaultServer"
    operation: str
    asked: dict[str, Any]

    def do_POST(self) -> None:
        """Answer one call."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        request = self.asked = json.loads(body)
        self.server.calls.append((operation, request))
        self.server.headers.append(dict(self.headers.items()))
        time.sleep(self.server.latency_seconds)
        fault = self.server.next_fault()
        if fault is None or not fault(self):
            self.send(200, self.server.answer(operation, request))

    def send(self, status: int, fields: dict[str, Any]) -> None:
        """Send a whole response."""
        self.send_raw(status, json.dumps(fields).encode())

    def send_raw(self, status: int, content: bytes, *, declared: int | None = None, **headers: str) -> None:
        """Send a response of these very bytes."""
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("x-amzn-RequestId", "11112222-3333-4444-5555-666677778888")
        self.send_header("Content-Length", str(len(content) if declared is None else declared))
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the server's clock, which may be off."""
        return super().date_time_string((timestamp or time.time()) + self.server.clock_offset_seconds)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Print nothing."""


class FaultServer(ThreadingHTTPServer):
    """Holds parameters, counts calls, and plays faults in order.

    Attributes:
        values: What is stored, by name with its leading slash.
        calls: Operation and request of each call.
        headers: Headers of each call.
        faults: What happens to the next calls; an empty list is good weather.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        """Listen on a free port of the loopback interface."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.values: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []
        self.faults: list[Fault] = []
        self.latency_seconds = 0.0
        self.clock_offset_seconds = 0.0
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Its endpoint."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def wrong_parameter(self) -> dict[str, Any]:
        """A parameter that nobody stored."""
        return {"Name": "/x", "Type": "SecureString", "Value": "wrong", "Version": 1, "ARN": f"{ARN}x"}

    def next_fault(self) -> Fault | None:
        """Take the next fault."""
        with self._lock:
            return self.faults.pop(0) if self.faults else None

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer as Parameter Store does, without its errors for single parameters."""
        if operation == "GetParameter":
            return {"Parameter": self._parameter(request["Name"])}
        if operation == "GetParametersByPath":
            names = sorted(name for name in self.values if name.startswith(request["Path"]))
            return {"Parameters": [self._parameter(name) for name in names]}
        if operation == "DescribeParameters":
            found = [name for name in request["ParameterFilters"][0]["Values"] if name in self.values]
            return {"Parameters": [self._parameter(name) | {"KeyId": "alias/k", "Tier": "Standard"} for name in found]}
        if operation == "PutParameter":
            self.values[request["Name"]] = request["Value"]
            self.versions[request["Name"]] = self.versions.get(request["Name"], 1) + 1
            return {"Version": self.versions[request["Name"]], "Tier": "Standard"}
        names = [name for name in request["Names"] if name in self.values]
        missing = [name for name in request["Names"] if name not in self.values]
        return {"Parameters": [self._parameter(name) for name in names], "InvalidParameters": missing}

    def handle_error(self, request: object, client_address: object) -> None:
        """Be silent about clients that have gone."""

    def _parameter(self, name: str) -> dict[str, Any]:
        if name.startswith(ARN):
            name = f"/{name.removeprefix(ARN)}"
        value = self.values[name]
        version = self.versions.get(name, 1)
        base, colon, selector = name.partition(":")
        arn = f"{ARN}{base.removeprefix('/')}"
        found = {"Name": base, "Type": "SecureString", "Value": value, "Version": version, "ARN": arn}
        return {**found, "Selector": f":{selector}"} if colon else found


def refuse(code: str, status: int = 400, text: str = "refused") -> Fault:
    """Answer with an error."""

    def play(handler: Handler) -> bool:
        handler.send(status, {"__type": f"com.amazonaws.ssm#{code}", "message": text})
        return True

    return play


def reset(handler: Handler) -> bool:
    """Cut the connection without an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    handler.connection.close()
    handler.close_connection = True
    return True


def half(handler: Handler) -> bool:
    """Send half of the answer, the value included, and cut the connection."""
    content = json.dumps(handler.server.answer(handler.operation, handler.asked)).encode()
    handler.send_raw(200, content[:-2], declared=len(content))
    handler.close_connection = True
    return True


def short(handler: Handler) -> bool:
    """Send what reads like a whole answer, with another value, and less than was announced."""
    handler.send_raw(200, json.dumps({"Parameter": handler.server.wrong_parameter}).encode(), declared=10_000)
    handler.close_connection = True
    return True


def out_of_step(handler: Handler) -> bool:
    """Answer a call that was made before, as a connection does on which a response came too late."""
    wrong = handler.server.wrong_parameter
    handler.send(200, {"Parameter": wrong, "Parameters": [wrong], "InvalidParameters": []})
    return True


def drip(handler: Handler) -> bool:
    """Send a body so slowly that no single read times out, but the call must."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)
    handler.close_connection = True
    return True


def garbage(handler: Handler) -> bool:
    """Send what is no JSON."""
    handler.send_raw(200, b"<html>")
    return True


def redirect(handler: Handler) -> bool:
    """Point to somewhere else."""
    handler.send_raw(307, b"", Location=f"{handler.server.url}/elsewhere")
    return True
