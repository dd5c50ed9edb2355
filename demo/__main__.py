"""``make demo``: the main job from beginning to end, with everything it started stopped in the end."""

import argparse
import json
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

import boto3

from demo.access import Observation, Operation, find_parameters, observe, proved
from demo.cdk import ROOT, Cdk, CdkError
from demo.report import Progress, access_table, kms_table, say
from ssm_securestring.core.errors import SecureStringError
from ssm_securestring.iam.report import columns
from ssm_securestring.local import EmbeddedAws
from stacks.access import ACCESS

DEFAULT_DIRECTORY: Final = ROOT / ".ssm-securestring" / "demo"
_PATH: Final = "/shop"
_STEPS: Final = 7


class DemoError(Exception):
    """The example does not do what it says."""


def run(directory: Path, *, keep: bool) -> None:
    """Run the main job.

    Args:
        directory: Where everything is written that the job leaves on disk while it runs; removed in the end.
        keep: Leave the embedded AWS running with everything deployed, and say how to use it.

    Raises:
        DemoError: Something was observed that the app does not declare.
        CdkError: The CDK CLI ended with an error.
    """
    progress = Progress(_STEPS)
    directory.mkdir(parents=True, exist_ok=True)
    kept = False
    with progress.step("start the embedded AWS on loopback"):
        aws = EmbeddedAws.start(directory / "aws", detached=keep)
        say(f"{aws.endpoint_url}, account {aws.account}, {aws.region}")
    try:
        _use_only(aws)
        cdk = Cdk(aws.environment(), scratch=directory, say=say)
        observations, report = _deploy_and_observe(progress, cdk, aws, directory)
        if keep:
            kept = True
        else:
            with progress.step("cdk destroy --all"):
                cdk.run("destroy", "--all", "--force", "--app", str(directory / "cdk.out"))
    finally:
        if not kept:
            _stop(progress, aws, directory)
    print(report)
    if kept:
        _explain(aws, directory)
    judge(observations)
    print(f"\nAll {len(observations)} observations are as the app declares, and as was proved before.")
    print(f"{progress.total_seconds():.0f} s in all.")


def _deploy_and_observe(
    progress: Progress, cdk: Cdk, aws: EmbeddedAws, directory: Path
) -> tuple[list[Observation], str]:
    """Return what was observed, and a report of it for people."""
    assembly, outputs = directory / "cdk.out", directory / "outputs.json"
    with progress.step("cdk bootstrap"):
        cdk.run("bootstrap", f"aws://{aws.account}/{aws.region}", f"--output={assembly}")
    with progress.step("cdk deploy --all"):
        cdk.run(
            "deploy",
            "--all",
            "--require-approval=never",
            f"--output={assembly}",
            f"--outputs-file={outputs}",
            "--progress=events",
        )
    session = boto3.Session(region_name=aws.region)
    found = json.loads(outputs.read_text(encoding="utf-8"))["ShopService"]
    created = _what_was_created(session)
    with progress.step("invoke the orders function, which fetches and decrypts its parameter under its own role"):
        _invoke(session, found["OrdersFunctionName"])
    with progress.step("assume each role and try to read, write and directly decrypt each parameter"):
        roles = {name.removesuffix("RoleArn"): arn for name, arn in found.items() if name.endswith("RoleArn")}
        declared = {who: {f"{_PATH}/{name}": what for name, what in own.items()} for who, own in ACCESS.items()}
        observations = list(observe(session, roles, find_parameters(session, _PATH), declared))
        judge_proof(observations, proved(assembly, aws.account, aws.region, roles))
        say(f"what was proved before the deployment is what was observed, {len(observations)} times")
    # Told at the very end, so that it is what remains on the screen.
    report = (
        f"\nCreated:\n\n{created}\n"
        f"\nCalls to KMS that Parameter Store made in the caller's name:\n\n{kms_table(aws.trail(), roles)}\n"
        f"\nWho can do what, observed:\n\n{access_table(observations)}"
    )
    return observations, report


def _what_was_created(session: boto3.Session) -> str:
    ssm, cloudformation = session.client("ssm"), session.client("cloudformation")
    lines = []
    for stack in ("ShopParameters", "ShopService"):
        resources = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
        kinds = [each["ResourceType"] for each in resources]
        counted = ", ".join(f"{kinds.count(kind)} x {kind}" for kind in sorted(set(kinds)))
        lines.append(f"{stack}: {counted}")
    described = ssm.get_paginator("describe_parameters").paginate(
        ParameterFilters=[{"Key": "Path", "Option": "Recursive", "Values": [_PATH]}]
    )
    rows = [
        (each["Name"], each["Type"], each["Tier"], str(each["Version"]), each.get("Description", ""))
        for page in described
        for each in page["Parameters"]
    ]
    return "\n".join([*lines, "", columns(["parameter", "type", "tier", "version", "description"], sorted(rows))])


def _invoke(session: boto3.Session, function_name: str) -> None:
    answer = session.client("lambda").invoke(FunctionName=function_name)
    payload = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise DemoError(f"the orders function failed with {payload.get('errorType')}: {payload.get('errorMessage')}")
    say(f"it answered {payload}")
    if payload != {"parameter": f"{_PATH}/db/password", "length_chars": 40}:
        raise DemoError("the orders function did not read the 40 characters that were generated")


def judge(observations: Sequence[Observation]) -> None:
    """Raise when an observation is not what the app declares.

    Raises:
        DemoError: Who may, or may not, do what.
    """
    wrong = [each for each in observations if not each.as_declared]
    if wrong:
        texts = [
            f"{each.principal} may {'' if each.allowed else 'not '}{each.operation} {each.parameter}" for each in wrong
        ]
        raise DemoError("not as the app declares: " + "; ".join(texts))


def judge_proof(observations: Sequence[Observation], proof: Mapping[tuple[str, str, Operation], bool]) -> None:
    """Raise when an observation is not what the proof said of the synthesized app.

    Raises:
        DemoError: Where the two differ.
    """
    observed = {(each.principal, each.parameter, each.operation): each.allowed for each in observations}
    if observed != proof:
        wrong = sorted(each for each in observed.keys() | proof.keys() if observed.get(each) != proof.get(each))
        raise DemoError("not as was proved: " + "; ".join(" ".join(each) for each in wrong))


def _use_only(aws: EmbeddedAws) -> None:
    """Let boto3 in this process see the embedded AWS and no other."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(aws.environment())


def _explain(aws: EmbeddedAws, directory: Path) -> None:
    folder = os.path.relpath(directory / "aws")
    print(
        f"""
The embedded AWS is still running (process {aws.pid}, {aws.endpoint_url}). To use it:

  . .venv/bin/activate
  eval "$(ssm-securestring local env --directory {folder})"
  aws ssm get-parameter --name {_PATH}/db/password
  aws ssm get-parameter --name {_PATH}/db/password --with-decryption
  cdk diff
  ssm-securestring local trail --directory {folder}

To stop it:  ssm-securestring local stop --directory {folder}"""
    )


def _stop(progress: Progress, aws: EmbeddedAws, directory: Path) -> None:
    with progress.step("stop the embedded AWS and remove what was written"):
        aws.stop()
        shutil.rmtree(directory, ignore_errors=True)
        # The folder above is ours too, unless something else is running in it.
        if directory == DEFAULT_DIRECTORY and not any(directory.parent.iterdir()):
            directory.parent.rmdir()


def _leave(number: int, frame: object) -> NoReturn:
    del frame
    raise SystemExit(128 + number)


def main() -> None:
    """Run, and end with an exit code: 0 as declared, 1 not so, 128 + signal when interrupted."""
    # Both: Python leaves SIGINT ignored where whoever started it ignores it, as shells do for jobs in the background.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    try:
        run(_directory(), keep=os.environ.get("KEEP", "") not in {"", "0"})
    except (DemoError, CdkError, SecureStringError) as error:
        sys.exit(f"\ndemo: {error}")


def _directory() -> Path:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument(
        "--directory", type=Path, default=DEFAULT_DIRECTORY, help="where to write (default: %(default)s)"
    )
    given: Path = parser.parse_args().directory
    return given.resolve()


if __name__ == "__main__":
    main()
