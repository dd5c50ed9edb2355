"""Hold the example against cdk-nag's AwsSolutions pack; every finding fails.

A finding is accepted beside the code it is about, with a reason, by the CDK's own means and thus without cdk-nag in the
product: ``Validations.of(construct).acknowledge(Acknowledgment(id="AwsSolutions-IAM5[Resource::*]", reason="..."))``.
"""

import json
import tempfile
from collections.abc import Callable

import aws_cdk as cdk
import cdk_nag

from app import build
from tools.synthesis import ROOT


def findings_of(compose: Callable[[cdk.App], None]) -> list[str]:
    """Compose an app, synthesize it, and return what the pack finds, one text for each resource."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(context=context, outdir=folder)
        compose(app)
        # Tags and other aspects are in place only after synthesis.
        app.synth()
        violations = cdk_nag.AwsSolutionsChecks(app, verbose=True).validate_scope(app).violations
    return [
        f"{resource.construct_path}: {each.rule_name} ({each.severity}): {each.description}"
        for each in violations
        for resource in each.violating_resources
    ]


def main() -> None:
    """Check the example, print, and fail when there is a finding."""
    findings = findings_of(build)
    print(f"cdk-nag AwsSolutions: {len(findings)} findings", *findings, sep="\n  ")
    raise SystemExit(bool(findings))


if __name__ == "__main__":
    main()
