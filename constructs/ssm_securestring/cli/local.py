"""``ssm-securestring local``: the embedded AWS from a shell."""

import argparse
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssm_securestring.local import EmbeddedAws, TrailRecord

_DEFAULT_DIRECTORY: Final = Path(".ssm-securestring")
_NOT_RUNNING: Final = 1
_MAX_PORT: Final = 65535
_ACCOUNT_DIGITS: Final = 12


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``local`` and its subcommands."""
    local = commands.add_parser(
        "local",
        help="run an AWS on this machine",
        description="An AWS on this machine: Parameter Store uses KMS as AWS does, IAM and key policies are enforced.",
    )
    actions = local.add_subparsers(metavar="ACTION", required=True)
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--directory", type=Path, default=_DEFAULT_DIRECTORY, help="where it keeps its files (default: %(default)s)"
    )
    start = actions.add_parser("start", parents=[where], help="start it; returns when it is ready")
    start.add_argument("--port", type=_port, default=0, help="port on 127.0.0.1 (default: any free one)")
    start.add_argument("--region", default=None, help="its Region (default: eu-west-1)")
    start.add_argument("--account", type=_account, default=None, help="its account (default: 111122223333)")
    start.add_argument("--or-next-port", action="store_true", help="take the next free port if that one is in use")
    start.add_argument("--persist", action="store_true", help="keep everything in DIRECTORY/state for the next start")
    start.add_argument("--throttle", action="store_true", help="enforce request quotas: 40 reads, 3 writes a second")
    start.add_argument("--deletion-pause", action="store_true", help="a deleted parameter's name stays taken for 30 s")
    start.set_defaults(run=_start)
    for name, run, text in (
        ("stop", _stop, "end it and remove its files"),
        ("status", _status, "say whether it runs; exit code 0 if so, 1 if not"),
        ("env", _env, 'print shell variables: eval "$(ssm-securestring local env)"'),
    ):
        actions.add_parser(name, parents=[where], help=text).set_defaults(run=run)
    trail = actions.add_parser("trail", parents=[where], help="print the KMS and Parameter Store calls so far")
    trail.add_argument("--json", action="store_true", help="one JSON object a line, with CloudTrail's field names")
    trail.add_argument("--follow", action="store_true", help="go on printing calls until it is stopped")
    trail.set_defaults(run=_trail)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: write 1 to {_MAX_PORT}")
    return int(text)


def _account(text: str) -> str:
    if len(text) != _ACCOUNT_DIGITS or not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not an account: write {_ACCOUNT_DIGITS} digits")
    return text


def _attach(options: argparse.Namespace) -> "EmbeddedAws":
    from ssm_securestring.local import EmbeddedAws

    return EmbeddedAws.attach(options.directory)


def _start(options: argparse.Namespace) -> int:
    from ssm_securestring.local import EmbeddedAws, Settings
    from ssm_securestring.local.settings import DELETION_PAUSE_SECONDS

    pause = DELETION_PAUSE_SECONDS if options.deletion_pause else 0
    settings = Settings(throttled=options.throttle, deletion_pause_seconds=pause)
    given = {name: getattr(options, name) for name in ("region", "account") if getattr(options, name) is not None}
    aws = EmbeddedAws.start(
        options.directory,
        port=options.port,
        or_next_port=options.or_next_port,
        settings=settings,
        persistent=options.persist,
        detached=True,
        **given,
    )
    flag = "" if options.directory == _DEFAULT_DIRECTORY else f" --directory {shlex.quote(str(options.directory))}"
    print(f"embedded AWS: {aws.endpoint_url}, account {aws.account}, Region {aws.region}")
    print(f'use it:       eval "$(ssm-securestring local env{flag})"')
    print(f"stop it:      ssm-securestring local stop{flag}")
    return 0


def _stop(options: argparse.Namespace) -> int:
    from ssm_securestring.local import EmbeddedAws, EmbeddedAwsError

    try:
        aws = EmbeddedAws.attach(options.directory)
    except EmbeddedAwsError:
        print("embedded AWS: was not running")
        return 0
    aws.stop()
    print("embedded AWS: stopped")
    return 0


def _status(options: argparse.Namespace) -> int:
    from ssm_securestring.local import EmbeddedAws, EmbeddedAwsError

    try:
        aws = EmbeddedAws.attach(options.directory)
    except EmbeddedAwsError:
        print("embedded AWS: not running")
        return _NOT_RUNNING
    print(f"embedded AWS: running at {aws.endpoint_url}, account {aws.account}, Region {aws.region}, pid {aws.pid}")
    return 0


def _env(options: argparse.Namespace) -> int:
    from ssm_securestring.local import UNSET

    for name, value in _attach(options).environment().items():
        print(f"export {name}={shlex.quote(value)}")
    print(f"unset {' '.join(UNSET)}")
    return 0


def _trail(options: argparse.Namespace) -> int:
    aws = _attach(options)
    records: Iterable[TrailRecord] = aws.follow_trail() if options.follow else aws.trail()
    for record in records:
        print(json.dumps(record.to_json()) if options.json else _line(record), flush=True)
    return 0


def _line(record: "TrailRecord") -> str:
    parts = [
        f"{record.event_time:%H:%M:%S}",
        f"{record.event_source.split('.')[0]}:{record.event_name}",
        record.error_code or "ok",
        record.caller,
        f"by {record.invoked_by}" if record.invoked_by else "",
        *record.resources,
        *(f"{name}={value}" for name, value in record.encryption_context.items()),
    ]
    return "  ".join(part for part in parts if part)
