"""Hold the synthesized example against cfn-lint and checkov; every finding fails.

A finding is accepted beside the code it is about, with a reason, in the metadata of the resource:
``checkov: {skip: [{id, comment}]}`` and ``cfn-lint: {config: {ignore_checks: [...]}}``.
"""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.synthesis import ROOT, environment_without_aws, synthesize

CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"

# What aws-cdk-lib itself writes into every template, so that no code of ours could carry the reason.
CFN_LINT_IGNORED = {
    "W3005": "lambda.Function depends on its role by DependsOn and by GetAtt: twice, harmlessly",
}


def lint(templates: Sequence[Path]) -> list[str]:
    """Return cfn-lint's findings, warnings and remarks included, one text each."""
    command = ["cfn-lint", "--format", "parseable", "--ignore-checks", *CFN_LINT_IGNORED, "--", *map(str, templates)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment_without_aws())
    findings = [line for line in done.stdout.splitlines() if line]
    if done.returncode != 0 and not findings:
        return [f"cfn-lint failed with exit code {done.returncode}: {done.stderr.strip()}"]
    return findings


def findings_of(report: Mapping[str, object]) -> list[str]:
    """Return the failed checks of checkov's JSON report, and a finding of our own where it looked at nothing."""
    results = report.get("results")
    if not isinstance(results, Mapping) or not results["passed_checks"]:
        return ["checkov passed no check: it has read no template"]
    failed = [
        f"{each['file_path']}: {each['check_id']} {each['resource']}: {each['check_name']}"
        for each in results["failed_checks"]
    ]
    return failed + [f"{path}: checkov cannot read it" for path in results["parsing_errors"]]


def scan(assembly: Path) -> list[str]:
    """Return checkov's findings; it uploads and downloads nothing."""
    command = [str(CHECKOV), "--directory", str(assembly), "--framework", "cloudformation", "--output", "json"]
    offline = ["--skip-download", "--skip-results-upload"]
    done = subprocess.run(
        [*command, *offline], capture_output=True, text=True, check=False, env=environment_without_aws()
    )
    try:
        return findings_of(json.loads(done.stdout))
    except json.JSONDecodeError:
        return [f"checkov failed with exit code {done.returncode}: {done.stderr.strip()}"]


def main() -> None:
    """Synthesize, check, print, and fail when there is a finding."""
    with tempfile.TemporaryDirectory() as folder:
        templates = synthesize(Path(folder))
        findings = {"cfn-lint": lint(templates), "checkov": scan(Path(folder))}
    for tool, texts in findings.items():
        print(f"{tool}: {len(texts)} findings in {len(templates)} templates", *texts, sep="\n  ")
    raise SystemExit(any(findings.values()))


if __name__ == "__main__":
    main()
