"""A process that is killed in the middle of a replacement, where the pause after a deletion is enforced."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import boto3
import pytest

from ssm_securestring.local import UNSET, EmbeddedAws, Settings
from tests.handler.aws import Account
from tests.handler.cloudformation import Address, properties

pytestmark = pytest.mark.e2e

# What Lambda does with an event, in a process of its own.
INVOCATION = """
import json, sys
from ssm_securestring.handler.on_event import on_event
from tests.handler.cloudformation import Context
on_event(json.load(sys.stdin), Context(170))
"""


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[EmbeddedAws]:
    """An engine in which the name of a deleted parameter stays taken for 30 seconds."""
    with EmbeddedAws.start(tmp_path, settings=Settings(deletion_pause_seconds=30)) as engine:
        yield engine


def invoke(aws: EmbeddedAws, event: Mapping[str, object]) -> subprocess.Popen[str]:
    """Start an invocation."""
    kept = {name: text for name, text in os.environ.items() if name not in UNSET}
    command = [sys.executable, "-c", INVOCATION]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**kept, **aws.environment()}
    )
    assert process.stdin is not None
    json.dump(event, process.stdin)
    process.stdin.close()
    return process


def stack_of(aws: EmbeddedAws) -> str:
    """Make a stack, whose status the function asks for; returns its ARN."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=aws.region)
    template = {"Resources": {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}
    cloudformation = session.client("cloudformation", endpoint_url=aws.endpoint_url)
    return cloudformation.create_stack(StackName="shop", TemplateBody=json.dumps(template))["StackId"]


@pytest.mark.timeout(240)  # seconds; the pause alone takes 30
def test_a_killed_replacement_is_finished_by_the_next_delivery(aws: EmbeddedAws, address: Address) -> None:
    """SIGKILL in the pause: the value is in the copy; delivered again, the event is carried out and answered once."""
    account = Account.of(aws)
    key = "alias/aws/ssm"
    ids = {"ResponseURL": address.url, "StackId": stack_of(aws), "LogicalResourceId": "Password"}
    old = properties("/killed/db", KeyId=key, Tier="Advanced")
    created = invoke(aws, {**ids, "RequestType": "Create", "RequestId": "1", "ResourceProperties": old})
    assert created.wait(60) == 0
    (answer,) = address.answers
    value = account.value("/killed/db")
    update = {
        **ids,
        "RequestType": "Update",
        "RequestId": "2",
        "PhysicalResourceId": answer.physical_id,
        "OldResourceProperties": old,
        "ResourceProperties": {**old, "Tier": "Standard", "AllowReplacement": "true"},
    }

    killed = invoke(aws, update)
    give_up = time.monotonic() + 60
    while account.exists("/killed/db"):
        assert killed.poll() is None, address.answers[-1].reason
        assert time.monotonic() < give_up, "it was never deleted"
        time.sleep(0.05)
    killed.kill()
    killed.wait()
    kept = account.value("/killed/db.recovery")
    answers = len(address.answers)
    again = invoke(aws, update)
    assert again.wait(120) == 0

    assert (answers, kept) == (1, value)
    assert (address.answers[1].status, address.answers[1].data["Tier"]) == ("SUCCESS", "Standard")
    assert len(address.answers) == 2
    assert account.value("/killed/db") == value
    assert not account.exists("/killed/db.recovery")
    for process in (created, killed, again):
        assert process.stdout is not None
        assert value not in process.stdout.read()
        process.stdout.close()
