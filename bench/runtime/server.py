"""A Parameter Store that does nothing but answer, in a process of its own, so that clients are measured and not it."""

import json
import socketserver
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any


class _Handler(socketserver.StreamRequestHandler):
    """Reads no more of a request than it needs: what is slow here would be taken for the client's."""

    disable_nagle_algorithm = True
    server: "Server"

    def handle(self) -> None:
        """Answer until the client goes."""
        while first := self.rfile.readline():
            length = 0
            while line := self.rfile.readline().strip():
                name, _, text = line.partition(b":")
                length = int(text) if name.lower() == b"content-length" else length
            body = self.rfile.read(length)
            answer = self._called(json.loads(body)) if body else self._looked(first.split()[1].decode())
            content = json.dumps(answer).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {len(content)}\r\n"
            # One packet: two would make clients wait for a delayed acknowledgement.
            self.wfile.write(f"{head}x-amzn-RequestId: r\r\n\r\n".encode() + content)

    def _looked(self, path: str) -> dict[str, object]:
        """Return how many calls there were since the last look; the path sets the latency in milliseconds."""
        with self.server.lock:
            count, self.server.count = self.server.count, 0
        self.server.latency_seconds = float(path.strip("/")) / 1000
        return {"count": count}

    def _called(self, request: Mapping[str, Any]) -> dict[str, object]:
        with self.server.lock:
            self.server.count += 1
        time.sleep(self.server.latency_seconds)
        if "Name" in request:
            return {"Parameter": _parameter(request["Name"])}
        return {"Parameters": [_parameter(name) for name in request["Names"]], "InvalidParameters": []}


class Server(socketserver.ThreadingTCPServer):
    """Counts calls and answers after some time."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        """Listen on a free port of the loopback interface."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Lock()
        self.count = 0
        self.latency_seconds = 0.0

    def handle_error(self, request: object, client_address: object) -> None:
        """Be silent about clients that have gone."""


def _parameter(name: str) -> dict[str, object]:
    arn = f"arn:aws:ssm:eu-west-1:111122223333:parameter/{name.removeprefix('/')}"
    return {"Name": name, "Type": "SecureString", "Value": f"value of {name}", "Version": 1, "ARN": arn}


def main(certificate: str | None) -> None:
    """Serve until the standard input ends."""
    server = Server()
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
