"""Entry point of the ``ssm-securestring`` command. A subcommand's code is loaded when it is called, not before."""

import argparse
import sys
from collections.abc import Sequence

from ssm_securestring.cli import doctor, get, local, prove, seal
from ssm_securestring.cli import exec as exec_
from ssm_securestring.core.errors import SecureStringError

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code.

    Args:
        arguments: What follows the command's name. Default: those of this process.
    """
    parser = argparse.ArgumentParser(
        prog="ssm-securestring", description="SecureString parameters for AWS CDK: tools around the constructs."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    local.add_commands(commands)
    get.add_commands(commands)
    exec_.add_commands(commands)
    doctor.add_commands(commands)
    seal.add_commands(commands)
    prove.add_commands(commands)
    chosen = parser.parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
    except SecureStringError as error:
        print(f"ssm-securestring: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has seen enough, as `head` does.
        sys.stderr.close()
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main())
