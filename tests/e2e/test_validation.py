"""The rules with the real CDK CLI: ``cdk synth`` fails at a finding, and passes when it is acknowledged."""

import sys
from pathlib import Path

import pytest

from demo.cdk import Cdk, CdkError

APP = Path(__file__).with_name("validated_app.py")

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def offline_cdk(tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    """The CLI without any AWS: synthesis calls none."""
    return Cdk({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, scratch=tmp_path_factory.mktemp("cdk"))


def synth(cdk: Cdk, folder: Path, *context: str) -> str:
    """Synthesize the app; return what the CLI printed."""
    contexts = [f"--context={each}" for each in context]
    return cdk.run("synth", f"--app={sys.executable} {APP}", f"--output={folder / 'cdk.out'}", "--quiet", *contexts)


def test_fails_to_synthesize_what_breaks_a_rule(offline_cdk: Cdk, tmp_path: Path) -> None:
    """The CLI names construct, place and id, once for the plugin and once for the annotation of the aspect."""
    with pytest.raises(CdkError) as refused:
        synth(offline_cdk, tmp_path)

    output = refused.value.output
    assert output.count("Properties/Type: CloudFormation cannot create a SecureString") == 2
    assert "Acknowledge with 'ssm-securestring::securestring-in-template'" in output
    assert "Rule ssm-securestring::securestring-in-template" in output


def test_an_acknowledged_finding_lets_synthesis_pass(offline_cdk: Cdk, tmp_path: Path) -> None:
    """One acknowledgement, with a reason, is enough for both."""
    output = synth(offline_cdk, tmp_path, "acknowledged=true")

    assert "cannot create a SecureString" not in output
