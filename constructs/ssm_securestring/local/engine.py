"""The engine's process. The handle starts it: ``python -m ssm_securestring.local.engine DIRECTORY READY OPTIONS``."""

import asyncio
import errno
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TextIO

from ssm_securestring.local.errors import EmbeddedAwsError
from ssm_securestring.local.files import EngineFiles, EngineRecord
from ssm_securestring.local.settings import Settings

_HOST: Final = "127.0.0.1"
_BACKLOG: Final = 256
_GRACE_SECONDS: Final = 0.2
_SAVE_SECONDS: Final = 8.0
_MAX_PORT: Final = 65535

# Services that a CDK application with secrets needs.
_SERVICES: Final = (
    *("s3", "iam", "sts", "ssm", "kms", "lambda", "cloudformation", "logs", "secretsmanager", "ecr", "ec2", "events"),
    *("sqs", "sns", "dynamodb", "monitoring", "ecs", "tagging"),
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def main(arguments: list[str]) -> int:
    """Run an engine until it is told to stop. The lock of its directory was taken by who started it."""
    files = EngineFiles(Path(arguments[0]))
    options = json.loads(arguments[2])
    if not options["tied"] and os.fork():
        # A detached engine is nobody's child: nobody has to wait for it, and none of it stays when it ends.
        os._exit(0)
    with os.fdopen(int(arguments[1]), "w") as ready:
        try:
            _run(files, options, ready)
        except EmbeddedAwsError as error:
            ready.write(json.dumps({"problem": error.problem, "fix": error.fix}) + "\n")
            return 1
    return 0


def _run(files: EngineFiles, options: dict[str, Any], ready: TextIO) -> None:
    listener = listen(options["port"], or_next=options["or_next_port"])
    record = EngineRecord(
        pid=os.getpid(), port=listener.getsockname()[1], region=options["region"], account=options["account"]
    )
    _set_environment(files, record, persistent=options["persistent"])
    # Only now: ministack reads its settings when it is imported.
    from ssm_securestring.local import cloudformation, functions, gateway  # noqa: PLC0415
    from ssm_securestring.local.seam import Seam  # noqa: PLC0415
    from ssm_securestring.local.trail import Trail  # noqa: PLC0415

    seam = Seam()
    gateway.install(seam, Settings.from_json(options["settings"]), Trail(files.trail))
    cloudformation.install(seam)
    functions.install(seam, functions.FunctionInterpreter(files.function_python))

    def on_ready() -> None:
        files.write_record(record)
        ready.write(json.dumps(asdict(record)) + "\n")
        ready.close()

    def on_end() -> None:
        seam.end_workers()
        files.remove()
        # Threads may still wait for functions that are gone; nothing of this process is needed any more.
        os._exit(0)

    application = over_https(announcing(seam.application, on_ready))
    asyncio.run(_serve(application, listener, tied=options["tied"], on_end=on_end))


def listen(port: int, *, or_next: bool = False) -> socket.socket:
    """Return a listening socket on the loopback interface.

    Args:
        port: The port; 0 takes any free one.
        or_next: Take the next free port if this one is in use.

    Raises:
        EmbeddedAwsError: The port is in use, or there is no loopback interface.
    """
    for candidate in range(port, _MAX_PORT) if or_next else ():
        try:
            return listen(candidate)
        except EmbeddedAwsError as error:
            if not _is_in_use(error.__cause__):
                raise
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise EmbeddedAwsError(
                f"port {port} on {_HOST} is in use", fix="Choose another port, or leave it out to get a free one."
            ) from error
        if error.errno == errno.EACCES:
            raise EmbeddedAwsError(
                f"port {port} may not be used by this user", fix="Choose a port above 1023, or leave it out."
            ) from error
        raise EmbeddedAwsError(
            f"cannot listen on {_HOST} ({error.strerror})",
            fix="Bring up the loopback interface, for example with `ip link set lo up`.",
        ) from error
    return listener


def _is_in_use(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno == errno.EADDRINUSE


def _set_environment(files: EngineFiles, record: EngineRecord, *, persistent: bool) -> None:
    state = files.kept_state if persistent else files.temporary / "state"
    state.mkdir(mode=0o700, exist_ok=True)
    # It has done its work, and functions must not inherit it.
    os.environ.pop("PYTHONPATH", None)
    os.environ.update(
        {
            "AUTH": "true",
            "BIND_HOST": _HOST,
            "GATEWAY_PORT": str(record.port),
            "MINISTACK_HOST": _HOST,
            "MINISTACK_ACCOUNT_ID": record.account,
            "MINISTACK_REGION": record.region,
            "MINISTACK_AUTOCREATE_AWS_MANAGED": "1",
            "SERVICES": ",".join(_SERVICES),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "LOG_LEVEL": "INFO",
            "STATE_DIR": str(state),
            "S3_DATA_DIR": str(state / "s3"),
            "PERSIST_STATE": str(int(persistent)),
            "S3_PERSIST": str(int(persistent)),
            "DOCKER_HOST": f"unix://{files.directory}/no-docker.sock",
        }
    )


def over_https(application: Application) -> Application:
    """Say that requests came over TLS: the CDK's bucket policies demand it, and the loopback interface needs none."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
        await application(scope, receive, send)

    return serve


def announcing(application: Application, on_ready: Callable[[], None]) -> Application:
    """Call ``on_ready`` when the application has started."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await application(scope, receive, send)
            return

        async def watch(message: Scope) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                on_ready()

        await application(scope, receive, watch)

    return serve


async def _serve(application: Application, listener: socket.socket, *, tied: bool, on_end: Callable[[], None]) -> None:
    from hypercorn.asyncio import serve  # noqa: PLC0415 - after ministack has set it up
    from hypercorn.config import Config  # noqa: PLC0415

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    if tied:
        threading.Thread(target=_await_parent, args=(loop, stop), daemon=True).start()
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = _GRACE_SECONDS
    # Not a moment's grace as above: this is when the state is written.
    config.shutdown_timeout = _SAVE_SECONDS
    config.loglevel = "WARNING"
    await serve(application, config, shutdown_trigger=stop.wait)  # type: ignore[arg-type]  # its type of an application is narrower
    on_end()


def _await_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Stop when the process that started us closes its end of the pipe, or is gone."""
    sys.stdin.buffer.read()
    loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
