"""A unique secret is deployed and then searched for everywhere it must not be."""

import json
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from demo.cdk import CdkError
from ssm_securestring.local import EmbeddedAws
from tests.e2e.conftest import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("only_the_embedded_aws")]


def _files_with(text: str, folder: Path) -> list[str]:
    needle = text.encode()
    found = []
    for file in (each for each in folder.rglob("*") if each.is_file()):
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                found += [f"{file}:{name}" for name in archive.namelist() if needle in archive.read(name)]
        elif needle in file.read_bytes():
            found.append(str(file))
    return found


def _cloudformation_says(stack: str) -> str:
    cloudformation = boto3.client("cloudformation")
    told = [
        cloudformation.get_template(StackName=stack)["TemplateBody"],
        cloudformation.describe_stacks(StackName=stack)["Stacks"],
        cloudformation.describe_stack_events(StackName=stack)["StackEvents"],
    ]
    return json.dumps(told, default=str)


def _function_logs() -> str:
    logs = boto3.client("logs")
    messages = []
    for group in logs.describe_log_groups()["logGroups"]:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
            messages += [event["message"] for event in page["events"]]
    return "\n".join(messages)


def test_the_value_is_in_parameter_store_and_nowhere_else(
    make_stack: Callable[[str], Stack], embedded_aws: EmbeddedAws, tmp_path: Path
) -> None:
    """Not in the assembly, the template, the events, the function's logs, the CLI's output or the trail."""
    canary = f"c4n4ry{uuid.uuid4().hex}"
    secret = boto3.client("secretsmanager").create_secret(
        Name=f"canary-{uuid.uuid4().hex}", SecretString=json.dumps({"password": canary})
    )
    wanted = {"id": "Db", "name": "/secrecy/db", "secret": secret["ARN"], "field": "password"}
    stack = make_stack("Secrecy")

    printed = stack.deploy(wanted)
    printed += stack.deploy({**wanted, "description": "an edit reads the value and puts it back"})
    with pytest.raises(CdkError) as failed:  # and a failure has a message, which is a place to leak
        stack.deploy({**wanted, "name": "/secrecy/renamed", "field": "missing"})

    stored = boto3.client("ssm").get_parameter(Name="/secrecy/db", WithDecryption=True)["Parameter"]["Value"]
    logs = _function_logs()
    assert stored == canary
    assert "/secrecy/db" in logs
    assert "missing" in failed.value.output
    places = {
        "cloud assembly and temporary files": str(_files_with(canary, tmp_path)),
        "CloudFormation": _cloudformation_says("Secrecy"),
        "logs of the function": logs,
        "output of the CLI": printed + failed.value.output,
        "trail": repr(embedded_aws.trail()),
    }
    assert [place for place, text in places.items() if canary in text] == []
    stack.destroy()
