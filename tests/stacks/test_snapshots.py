"""The example's templates as a whole: a change of any line is seen before it is deployed.

After a wanted change: ``pytest tests/stacks --snapshot-update``, and look at the diff.
"""

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from app import build

FLAGS = json.loads((Path(__file__).parents[2] / "cdk.json").read_text(encoding="utf-8"))["context"]


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as ``cdk synth`` writes it."""
    folder = tmp_path_factory.mktemp("cdk.out")
    app = cdk.App(context=FLAGS, outdir=str(folder))
    build(app)
    app.synth()
    return folder


@pytest.mark.parametrize("stack", ["ShopParameters", "ShopService"])
def test_a_template_is_as_it_was(assembly: Path, stack: str, snapshot: SnapshotAssertion) -> None:
    """Hashes of assets and what the bootstrap brings are blanked."""
    assert _blanked(assembly / f"{stack}.template.json") == snapshot(extension_class=JSONSnapshotExtension)


def test_no_template_knows_of_the_embedded_aws(assembly: Path) -> None:
    """What is deployed locally is byte for byte what is deployed for real."""
    for template in assembly.glob("*.template.json"):
        text = template.read_text(encoding="utf-8").lower()
        assert not [word for word in ("localhost", "127.0.0.1", "ministack", "111122223333") if word in text]


def _blanked(template: Path) -> dict[str, Any]:
    text = re.sub(r"[0-9a-f]{64}", "<asset>", template.read_text(encoding="utf-8"))
    content: dict[str, Any] = json.loads(text)
    del content["Rules"]
    del content["Parameters"]["BootstrapVersion"]
    return content
