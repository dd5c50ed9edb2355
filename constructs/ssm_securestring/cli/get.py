"""``ssm-securestring get``: print values, for people and scripts."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssm_securestring.runtime import SecretValues


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``get``."""
    get = commands.add_parser(
        "get",
        help="print decrypted values",
        description="Fetch and decrypt parameters and print their values on standard output.",
    )
    get.add_argument("names", metavar="NAME", nargs="*", help="name or ARN, with :version or :label if wanted")
    get.add_argument("--path", help="all parameters below this path")
    get.add_argument("--json", action="store_true", help="one JSON object, values by name")
    get.set_defaults(run=_get)


def _get(options: argparse.Namespace) -> int:
    from ssm_securestring.core.errors import SettingError
    from ssm_securestring.runtime import SecureStrings

    if bool(options.names) == bool(options.path):
        raise SettingError("NAME", problem="or --path is needed", fix="name parameters, or a path, not both")
    secrets = SecureStrings()
    values = secrets.get_by_path(options.path) if options.path else secrets.get_many(options.names)
    _show(values, as_json=options.json)
    for error in values.errors.values():
        print(f"ssm-securestring: {error}", file=sys.stderr)
    return 1 if values.errors else 0


def _show(values: "SecretValues", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({name: value.reveal() for name, value in values.items()}, indent=2))
        return
    for value in values.values():
        print(value.reveal())
