"""The entry point: it answers whatever happens, and tells nothing that it should not."""

import json
import logging
import socket
import time
from collections.abc import Iterator, Mapping
from typing import NoReturn

import pytest
from botocore.config import Config

from ssm_securestring.core.errors import ContractError
from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.handler import on_event as entry
from ssm_securestring.handler.response import AnswerError
from ssm_securestring.handler.store import Store, Written
from ssm_securestring.handler.throttling import Throttles
from tests.handler.aws import Account
from tests.handler.cloudformation import GENERATED, STACK_ID, Address, CloudFormation, Context, properties, unreachable

CANARY = "canary-8f3a1c"
LOG_FIELDS = {
    "request_id",
    "request_type",
    "logical_id",
    "parameter",
    "step",
    "outcome",
    "duration_ms",
    "error_type",
    "error_code",
    "error_at",
}


class BrokenStore(Store):
    """Fails in a way that nobody thought of, with a value in the text."""

    def __init__(self) -> None:
        """Need no clients."""
        self.throttles = Throttles()

    def observe(self, name: str, *, patient: bool = False) -> NoReturn:
        """Fail."""
        del patient
        raise RuntimeError(f"{name} = {CANARY}")


def event_of(request_type: str, address: Address, **fields: object) -> dict[str, object]:
    """Return a bare event."""
    ids = {"StackId": STACK_ID, "RequestId": "r", "LogicalResourceId": "Password"}
    return {"RequestType": request_type, "ResponseURL": address.url, **ids, **fields}


@pytest.fixture
def silent_endpoint() -> Iterator[str]:
    """An endpoint that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_unexpected_error_is_answered_by_its_type_alone(address: Address, capsys: pytest.CaptureFixture[str]) -> None:
    """Its text may hold anything, so the answer says where to look, and the log has type and place."""
    name = "/shop/db"
    cloudformation = CloudFormation(BrokenStore(), address)

    failed = cloudformation.update(
        f"arn:aws:ssm:eu-west-1:111122223333:parameter{name}#0123456789ab", {}, properties(name)
    )

    output = capsys.readouterr()
    assert failed.reason == (
        "RuntimeError in the function. See log group /aws/lambda/f, stream 2026/11/22/[$LATEST]abc."
    )
    assert CANARY not in output.out + output.err + failed.body.decode()
    lines = [line for line in map(json.loads, output.out.splitlines()) if "_aws" not in line]
    assert lines[-2]["error_type"] == "RuntimeError"
    assert lines[-2]["error_at"].startswith("test_on_event.py:")


def test_failure_before_the_first_call_is_answered(address: Address) -> None:
    """Of the clients, for example."""

    def no_store() -> Store:
        raise OSError(CANARY)

    entry.carry_out(event_of("Delete", address), Context(), make_store=no_store)

    assert address.answers[0].reason.startswith("OSError in the function. See log group")


def test_unknown_request_type_is_answered(address: Address) -> None:
    """What CloudFormation may send one day does not hang a stack."""
    entry.carry_out(event_of("Import", address), Context(), make_store=BrokenStore)

    assert address.answers[0].reason == "RequestType 'Import' is unknown to this function"


@pytest.mark.parametrize("missing", ["ResponseURL", "StackId", "RequestId", "LogicalResourceId"])
def test_fails_for_an_event_that_cannot_be_answered(missing: str) -> None:
    """Somebody else invoked the function; the error names the field and repeats nothing of the event."""
    event = {"ResponseURL": CANARY, "StackId": CANARY, "RequestId": CANARY, "LogicalResourceId": CANARY}
    del event[missing]

    with pytest.raises(ContractError) as caught:
        entry.on_event(event, Context())

    assert str(caught.value) == f"the event is not from CloudFormation, it has no '{missing}'"


@pytest.mark.parametrize("seconds", [5.3, 4.0], ids=["nearly", "already"])
def test_nearly_expired_time_is_answered(address: Address, silent_endpoint: str, seconds: float) -> None:
    """Five seconds before Lambda would end the function without a word, in the middle of a call that hangs."""
    store = unreachable(silent_endpoint, Config(read_timeout=20, retries={"mode": "standard"}))
    name = "/shop/db"
    physical_id = f"arn:aws:ssm:eu-west-1:111122223333:parameter{name}#0123456789ab"

    failed = CloudFormation(store, address).update(physical_id, properties(name), properties(name), seconds=seconds)

    assert failed.status == "FAILED"
    assert failed.physical_id == physical_id
    assert failed.reason.startswith("The function ran out of time before it was done. See log group /aws/lambda/f,")


def test_create_that_ran_out_of_time_after_the_put_is_cleaned_up(
    account: Account, address: Address, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAILED is answered with the id that the parameter has by then, so the Delete that follows finds it."""
    name = account.name("late")
    function = account.function([name], keys=[key])
    cloudformation = CloudFormation(function, address)
    put = function.create

    def put_and_hang(spec: ParameterSpec, *, value: str, tags: Mapping[str, str]) -> Written:
        put(spec, value=value, tags=tags)
        time.sleep(60)
        pytest.fail("was not interrupted")

    monkeypatch.setattr(function, "create", put_and_hang)
    failed = cloudformation.create(properties(name, KeyId=key), seconds=10.5)
    assert failed.status == "FAILED"
    assert account.exists(name)

    assert cloudformation.delete(failed.physical_id).status == "SUCCESS"
    assert not account.exists(name)


def test_fails_where_the_answer_cannot_be_delivered(
    account: Account, address: Address, capsys: pytest.CaptureFixture[str]
) -> None:
    """The invocation fails, so that Lambda delivers the event again; the signed URL is nowhere."""
    address.refusals = [403]

    with pytest.raises(AnswerError) as caught:
        CloudFormation(account.function([]), address).delete("never ours")

    output = capsys.readouterr()
    assert "canary-of-the-url" not in str(caught.value) + output.out + output.err


def test_logs_hold_their_fields_and_nothing_else(
    account: Account, address: Address, key: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Through a whole life, at the chattiest level that a function can be set to, no value and no URL is written."""
    name = account.name("logged")
    secret = account.put_secret(CANARY)
    copied = {"Kind": "SecretsManager", "SecretArn": secret}
    cloudformation = CloudFormation(account.function([name], keys=[key], secrets=[secret]), address)
    wanted = properties(name, KeyId=key, Source=copied)
    caplog.set_level(logging.DEBUG)
    capfd.readouterr()

    created = cloudformation.create(wanted)
    described = {**wanted, "Description": "d"}
    cloudformation.update(created.physical_id, wanted, described)
    cloudformation.update(created.physical_id, described, {**described, "Source": GENERATED})
    value = account.value(name)
    cloudformation.update(created.physical_id, described, {**described, "KeyId": "arn:aws:kms:eu-west-1:1:key/none"})
    cloudformation.delete(created.physical_id)

    output = capfd.readouterr()
    written = output.out + output.err + caplog.text
    for secret_text in (CANARY, value, "canary-of-the-url"):
        assert secret_text not in written
    assert all(secret_text.encode() not in each.body for each in address.answers for secret_text in (CANARY, value))
    written_lines = [json.loads(line) for line in output.out.splitlines()]
    lines = [line for line in written_lines if "_aws" not in line]
    counts = [line for line in written_lines if "_aws" in line]
    assert set().union(*lines) <= LOG_FIELDS
    assert {tuple(sorted(line)) for line in counts} == {("Failures", "Operations", "Stack", "Throttles", "_aws")}
    assert {(line["Stack"], line["Operations"]) for line in counts} == {("shop", 1)}
    assert [line["Failures"] for line in counts].count(1) == sum(line["outcome"] == "FAILED" for line in lines)
    assert counts[0]["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": "SsmSecureString",
            "Dimensions": [["Stack"]],
            "Metrics": [
                {"Name": "Operations", "Unit": "Count"},
                {"Name": "Failures", "Unit": "Count"},
                {"Name": "Throttles", "Unit": "Count"},
            ],
        }
    ]
    assert [(line["step"], line["outcome"]) for line in lines[:3]] == [
        ("plan", "created"),
        ("CreateParameter", "done"),
        ("answer", "SUCCESS"),
    ]
    assert {line["parameter"] for line in lines} == {name}
    failure = next(line for line in lines if line["outcome"] == "failed")
    assert failure["error_code"] in ("AccessDeniedException", "InvalidKeyId")


@pytest.mark.parametrize("library", ["boto3", "botocore", "urllib3"])
def test_libraries_do_not_log_bodies(library: str) -> None:
    """Botocore writes every request with its value at level DEBUG; the function's own level must not let that out."""
    assert logging.getLogger(library).getEffectiveLevel() == logging.WARNING


def test_entry_point_makes_its_clients_once_from_the_environment(
    account: Account, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Lambda calls it."""
    for variable, text in account.aws.environment().items():
        monkeypatch.setenv(variable, text)
    entry._store.cache_clear()
    wanted = properties(account.name("entry"), KeyId="alias/aws/ssm")
    event = event_of("Create", address, ResourceProperties=wanted)
    try:
        entry.on_event(event, Context())
        entry.on_event(event, Context())
        misses = entry._store.cache_info().misses
    finally:
        entry._store.cache_clear()

    assert [answer.status for answer in address.answers] == ["SUCCESS", "SUCCESS"]
    assert misses == 1
    assert account.exists(account.name("entry"))
