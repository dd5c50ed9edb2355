"""A Parameter Store that does nothing but answer, in a process of its own, so that clients are measured and not it."""

import json
import socketserver
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def do_GET(self) -> None:
        """Return how many calls there were since the last look; the path sets the latency in milliseconds."""
        with self.server.lock:
            count, self.server.count = self.server.count, 0
        self.server.latency_seconds = float(self.path.strip("/")) / 1000
        self._send({"count": count})

    def do_POST(self) -> None:
        """Answer a call."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.count += 1
        time.sleep(self.server.latency_seconds)
        if "Name" in request:
            self._send({"Parameter": _parameter(request["Name"])})
        else:
            self._send({"Parameters": [_parameter(name) for name in request["Names"]], "InvalidParameters": []})

    def _send(self, fields: dict[str, object]) -> None:
        body = json.dumps(fields).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {len(body)}\r\n"
        # One packet: two would make clients wait for a delayed acknowledgement.
        self.wfile.write(f"{head}x-amzn-RequestId: r\r\n\r\n".encode() + body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Print nothing."""


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
