"""``ssm-securestring exec``: run a program with secrets in its environment, and nowhere else."""

import argparse
import os
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ssm_securestring.runtime import SecretValues

_FOREIGN: Final = re.compile(r"[^A-Z0-9_]")


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``exec``."""
    command = commands.add_parser(
        "exec",
        help="run a program with the parameters below a path as environment variables",
        description="Fetch the parameters below a path and become CMD: with --path /shop, /shop/db/password is "
        "DB_PASSWORD. No value is on a command line or on disk. If one of them cannot be read, CMD is not run.",
    )
    command.add_argument("--path", required=True, help="path of the parameters")
    command.add_argument("command", metavar="CMD", nargs=argparse.REMAINDER, help="after --, program and arguments")
    command.set_defaults(run=_exec)


def _exec(options: argparse.Namespace) -> int:
    from ssm_securestring.core.errors import SettingError
    from ssm_securestring.runtime import SecureStrings

    program = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not program:
        raise SettingError("CMD", problem="is missing", fix="write -- and the program after it")
    values = SecureStrings().get_by_path(options.path)
    for error in values.errors.values():
        raise error
    environment = os.environ | variables(options.path, values)
    try:
        os.execvpe(program[0], program, environment)  # noqa: S606 - running this program is what was asked for
    except OSError as error:
        fix = "check the program's name and its permissions"
        raise SettingError("CMD", problem=f"cannot be run ({error.strerror})", fix=fix) from error


def variables(path: str, values: "SecretValues") -> dict[str, str]:
    """Return the environment variables for the parameters below a path.

    Raises:
        SettingError: Two parameters would be one variable, or a value cannot be in an environment.
    """
    from ssm_securestring.core.errors import SettingError

    found: dict[str, str] = {}
    for name, value in values.items():
        below = name.removeprefix(path.rstrip("/")).strip("/")
        variable = _FOREIGN.sub("_", below.upper())
        if variable in found:
            raise SettingError("--path", problem=f"makes {variable} of two parameters", fix="choose a path below it")
        if "\0" in value.reveal():
            raise SettingError("--path", problem=f"has {name} with a NUL character", fix="read that one in the program")
        found[variable] = value.reveal()
    return found
