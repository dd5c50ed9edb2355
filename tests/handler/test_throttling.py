"""A hundred parameters at once, at the three writes a second that Parameter Store admits by default."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import boto3
import pytest

from ssm_securestring.handler import on_event as entry
from ssm_securestring.handler.store import Store
from ssm_securestring.handler.throttling import Throttles
from ssm_securestring.local import UNSET, EmbeddedAws, Settings
from tests.handler.cloudformation import STACK_ID, Address, Context, properties

COUNT = 100
FUNCTION_SECONDS = 180.0
ANSWER_SECONDS = 10.0


@pytest.fixture
def throttled_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    """An engine that holds to the quotas, and the environment that leads to it."""
    with EmbeddedAws.start(tmp_path, settings=Settings(throttled=True)) as aws:
        for name in UNSET:
            monkeypatch.delenv(name, raising=False)
        for name, text in aws.environment().items():
            monkeypatch.setenv(name, text)
        yield aws


def invocation(address: Address, store: Store, number: int) -> float:
    """Deliver a creation to an environment of its own; returns how long it took."""
    event = {
        "RequestType": "Create",
        "ResponseURL": address.url,
        "StackId": STACK_ID,
        "RequestId": f"request-{number}",
        "LogicalResourceId": f"P{number}",
        "ResourceProperties": properties(f"/many/p{number}", KeyId="alias/aws/ssm"),
    }
    start = time.monotonic()
    entry.carry_out(event, Context(FUNCTION_SECONDS), make_store=lambda: store)
    return time.monotonic() - start


@pytest.mark.e2e
@pytest.mark.timeout(240)  # seconds; a hundred writes take 33 at the least
@pytest.mark.usefixtures("throttled_aws")
def test_a_hundred_parameters_at_once_are_created_within_the_functions_time(
    address: Address, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each invocation has clients of its own, made as in Lambda; what is refused for its rate is tried again."""
    # The time limit is a signal, and goes to main threads only: here the clock tells.
    monkeypatch.setattr(entry, "time_limit", lambda _: nullcontext())
    stores = [entry._store.__wrapped__() for _ in range(COUNT)]

    with ThreadPoolExecutor(COUNT) as invocations:
        seconds = list(invocations.map(lambda number: invocation(address, stores[number], number), range(COUNT)))

    counts = capsys.readouterr().out.count('"Throttles": 0')
    with capsys.disabled():
        print(f"\n{COUNT} parameters in {max(seconds):.0f} s, {COUNT - counts} of them refused for the rate at first")
    assert sorted(answer.fields["LogicalResourceId"] for answer in address.answers) == sorted(
        f"P{number}" for number in range(COUNT)
    )
    assert {answer.status for answer in address.answers} == {"SUCCESS"}
    assert max(seconds) < FUNCTION_SECONDS - ANSWER_SECONDS
    assert counts < COUNT, "nothing was refused, so nothing was shown"
    pages = boto3.client("ssm").get_paginator("get_parameters_by_path").paginate(Path="/many")
    found = [each for page in pages for each in page["Parameters"]]
    assert len(found) == COUNT
    assert {each["Version"] for each in found} == {1}


@pytest.mark.parametrize(
    ("response", "counted"),
    [
        ((None, {"Error": {"Code": "ThrottlingException"}}), 1),
        ((None, {"Error": {"Code": "Throttling"}}), 1),
        ((None, {"Error": {"Code": "ParameterNotFound"}}), 0),
        ((None, {"Version": 1}), 0),
        (None, 0),
    ],
    ids=["throttled", "throttled by CloudFormation", "refused", "answered", "no answer"],
)
def test_only_what_is_refused_for_its_rate_is_counted(response: object, counted: int) -> None:
    """Each answer that botocore gets, one by one; asked for once, the count starts anew."""
    client = boto3.client("ssm", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    throttles = Throttles()
    throttles.watch(client)

    for _ in range(2):
        # Only to this handler, since botocore's own would want a whole request.
        client.meta.events.emit("needs-retry", response=response)

    assert throttles.taken() == 2 * counted
    assert throttles.taken() == 0
