"""``ssm-securestring prove``: who can do what with which parameter of a synthesized app, held against its grants."""

import argparse
import json
from pathlib import Path
from typing import Final

_NOT_EXACT: Final = 1
_NOT_KNOWN: Final = 3


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``prove``."""
    prove = commands.add_parser(
        "prove",
        help="say who can decrypt which parameter of a synthesized app, and whether that is what was granted",
        description="Reads what `cdk synth` wrote; calls nothing. Exit code 0 if all that was granted is allowed "
        "and nothing else is, 1 if not, 3 if that depends on what is not known before the deployment.",
    )
    prove.add_argument("assembly", metavar="FOLDER", nargs="?", default="cdk.out", help="default: cdk.out")
    prove.add_argument("--json", action="store_true", help="print JSON instead of text")
    prove.add_argument(
        "--open-world",
        action="store_true",
        help="also tell what an administrator could do, who is allowed everything as far as IAM goes",
    )
    prove.add_argument(
        "--explain",
        nargs=3,
        metavar=("PRINCIPAL", "PARAMETER", "OPERATION"),
        help="walk one decision: read, 'read history', write, delete, 'decrypt directly', or decrypt for any of the "
        "ways to see a value; PRINCIPAL is a construct path, its end, or an ARN",
    )
    prove.add_argument("--account", help="stands for the account of stacks without one. Default: 111122223333")
    prove.add_argument("--region", help="stands for the Region of stacks without one. Default: eu-west-1")
    prove.set_defaults(run=_prove)


def _prove(arguments: argparse.Namespace) -> int:
    from ssm_securestring.iam.assembly import read_assembly
    from ssm_securestring.iam.explain import explain
    from ssm_securestring.iam.proof import Kind, prove
    from ssm_securestring.iam.reading import read_world
    from ssm_securestring.iam.report import as_json, as_text
    from ssm_securestring.iam.table import table_of

    stand_ins = {name: value for name in ("account", "region") if (value := getattr(arguments, name)) is not None}
    world = read_world(read_assembly(Path(arguments.assembly), **stand_ins))
    if arguments.explain:
        print(explain(world, *arguments.explain))
        return 0
    proof, cells = prove(world, open_world=arguments.open_world), list(table_of(world))
    print(json.dumps(as_json(proof, cells), indent=2) if arguments.json else as_text(proof, cells))
    if proof.exact:
        return 0
    return _NOT_EXACT if proof.of_kind(Kind.EXTRA) or proof.of_kind(Kind.MISSING) else _NOT_KNOWN
