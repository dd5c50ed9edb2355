"""The real CDK CLI against one bootstrapped embedded AWS."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.cdk import Cdk
from ssm_securestring.local import EmbeddedAws

SMALL_APP = Path(__file__).with_name("small_app.py")


@dataclass(frozen=True)
class Stack:
    """One stack of the small app, deployed again and again with other parameters."""

    name: str
    cdk: Cdk
    assembly: Path

    def deploy(self, *parameters: dict[str, Any], after_all: str = "") -> str:
        """Deploy it with these parameters; return what the CLI printed.

        Args:
            *parameters: What the small app knows of each.
            after_all: Id of the one that waits for all others. Default: none does.
        """
        return self._run("deploy", "--require-approval=never", f"--context=last={after_all}", parameters=parameters)

    def destroy(self) -> str:
        """Destroy it; return what the CLI printed."""
        return self._run("destroy", "--force", parameters=())

    def _run(self, *command: str, parameters: tuple[dict[str, Any], ...]) -> str:
        return self.cdk.run(
            *command,
            f"--app={sys.executable} {SMALL_APP}",
            f"--context=stack={self.name}",
            f"--context=parameters={json.dumps(parameters)}",
            f"--output={self.assembly}",
            "--progress=events",
        )


@pytest.fixture(scope="session")
def cdk(embedded_aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    """The CLI, with the embedded AWS bootstrapped."""
    scratch = tmp_path_factory.mktemp("cdk")
    cdk = Cdk(embedded_aws.environment(), scratch=scratch)
    cdk.run("bootstrap", f"aws://{embedded_aws.account}/{embedded_aws.region}", f"--output={scratch / 'cdk.out'}")
    return cdk


@pytest.fixture
def make_stack(cdk: Cdk, tmp_path: Path) -> Callable[[str], Stack]:
    """A maker of stacks of the small app."""
    return lambda name: Stack(name=name, cdk=cdk, assembly=tmp_path / "cdk.out")
