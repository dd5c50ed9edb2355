"""Synthesize the example as a user would: the pinned CLI, cdk.json, no credentials."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def environment_without_aws() -> dict[str, str]:
    """Return this process's environment without anything that could point the CLI at an account."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


def synthesize(output: Path) -> list[Path]:
    """Write the example's cloud assembly to ``output`` and return its templates.

    Raises:
        SystemExit: Synthesis failed, or made no template.
    """
    command = ["cdk", "synth", "--quiet", "--no-notices", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, env=environment_without_aws(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{done.stdout}{done.stderr}cdk synth failed with exit code {done.returncode}")
    templates = sorted(output.rglob("*.template.json"))
    if not templates:
        raise SystemExit(f"cdk synth wrote no template to {output}")
    return templates
