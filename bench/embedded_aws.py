"""How long the embedded AWS takes to start, and to deploy a stack without the CLI: ``python -m bench.embedded_aws``."""

import importlib.util
import statistics
import sys
import tempfile
import time
from pathlib import Path

import aws_cdk as cdk

from ssm_securestring.local import EmbeddedAws

_EXAMPLE = Path(__file__).parent.parent / "tests" / "local" / "example_project" / "shop.py"
_RUNS = 5


def main() -> int:
    """Measure and print; the stack has a key, two parameters, their function, a role and a function of its own."""
    spec = importlib.util.spec_from_file_location("shop", _EXAMPLE)
    assert spec is not None  # noqa: S101 - the file is part of this repository
    assert spec.loader is not None  # noqa: S101 - the same
    shop = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shop)
    with tempfile.TemporaryDirectory() as folder:
        starts = []
        for number in range(_RUNS):
            begin = time.monotonic()
            with EmbeddedAws.start(Path(folder) / str(number)):
                starts.append(time.monotonic() - begin)
        app = cdk.App(outdir=str(Path(folder) / "cdk.out"))
        shop.ShopStack(app, "Shop")
        assembly = Path(app.synth().directory)
        with EmbeddedAws.start(Path(folder) / "aws") as aws:
            deployments = []
            for _ in range(_RUNS):
                account = aws.new_account()
                begin = time.monotonic()
                account.deploy_assembly(assembly, "Shop")
                deployments.append(time.monotonic() - begin)
    print(f"start: {statistics.median(starts):.2f} s (median of {_RUNS}, slowest {max(starts):.2f})")
    print(f"deploy: first {deployments[0]:.2f} s, then {statistics.median(deployments[1:]):.2f} s (median)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
