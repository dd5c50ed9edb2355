"""The answer to CloudFormation: form, limit, delivery."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssm_securestring.handler.response import Answer, AnswerError, deliver
from tests.handler.cloudformation import STACK_ID, Address, request

LONGEST_ARN = "arn:aws:ssm:eu-west-1:111122223333:parameter/" + "n" * 966
LONGEST_ID = f"{LONGEST_ARN}#0123456789ab"


def test_success_has_the_fields_that_cloudformation_asks_for() -> None:
    """Status, the four ids, and the attributes; no reason and no NoEcho."""
    answer = Answer(physical_id="id", data={"Arn": "a", "Version": "3"})

    assert json.loads(answer.body(request())) == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "id",
        "StackId": STACK_ID,
        "RequestId": "request-1",
        "LogicalResourceId": "Password",
        "Data": {"Arn": "a", "Version": "3"},
    }


def test_longest_names_leave_room_for_success() -> None:
    """The longest parameter name in the stack with the longest name, under the longest logical id, can be answered."""
    stack_id = f"arn:aws:cloudformation:eu-west-1:111122223333:stack/{'s' * 128}/{'0' * 36}"
    data = {"Arn": LONGEST_ARN, "Name": "/" + "n" * 966, "Version": "9" * 19, "Tier": "Intelligent-Tiering"}

    body = Answer(physical_id=LONGEST_ID, data=data).body(
        request(stack_id=stack_id, logical_id="l" * 255, request_id="0" * 36)
    )

    assert len(LONGEST_ID) == 1024
    assert len(body) <= 4096


@settings(deadline=None)  # a busy machine is no failure
@given(st.one_of(st.text(), st.text(alphabet='"\\\n\x00\U0001f511ä\ud800', min_size=1, max_size=6000)))
def test_failure_never_exceeds_the_limit(reason: str) -> None:
    """Whatever a reason is made of and however long it is, the body has 4,096 bytes at most and is valid JSON."""
    body = Answer(physical_id=LONGEST_ID, reason=reason or "x").body(request())

    fields = json.loads(body)
    assert len(body) <= 4096
    assert fields["Status"] == "FAILED"
    kept = fields["Reason"].removesuffix("…")
    assert reason.encode("utf-8", "replace").decode().startswith(kept) or kept == "x"


@pytest.mark.parametrize("character", ["x", "ä", "\U0001f511", '"', "\n"])
def test_reason_is_cut_as_late_as_possible(character: str) -> None:
    """A cut answer is full to the last character that fits."""
    body = Answer(physical_id="id", reason=character * 5000).body(request())

    assert 4096 - 6 <= len(body) <= 4096
    assert json.loads(body)["Reason"].endswith(f"{character}…")


def test_delivery_is_signed_for_an_empty_content_type(address: Address) -> None:
    """The URL is signed for it; any other one would be refused."""
    deliver(request(response_url=address.url), Answer(physical_id="id"))

    assert [(answer.status, answer.content_type) for answer in address.answers] == [("SUCCESS", "")]


def test_delivery_is_tried_again(address: Address) -> None:
    """A server error is no reason to leave a stack waiting."""
    address.refusals = [500, 503]
    waits: list[float] = []

    deliver(request(response_url=address.url), Answer(physical_id="id"), sleep=waits.append)

    assert len(address.answers) == 1
    assert waits == [0.2, 0.5]


@pytest.mark.parametrize(
    ("refusals", "attempts", "problem"),
    [([503] * 9, 5, "HTTP status 503"), ([403], 1, "HTTP status 403")],
    ids=["server error", "expired URL"],
)
def test_fails_without_repeating_the_url(address: Address, refusals: list[int], attempts: int, problem: str) -> None:
    """After five attempts, or one that cannot get better, Lambda is told; the signed URL is in no error."""
    address.refusals = refusals

    with pytest.raises(AnswerError) as caught:
        deliver(request(response_url=address.url), Answer(physical_id="id"), sleep=lambda _: None)

    assert str(caught.value) == f"CloudFormation could not be answered: {problem}"
    assert caught.value.__context__ is None
    assert address.attempts == attempts


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://127.0.0.1:1/?signature=canary", "URLError"),
        ("file:///etc/canary", "the response URL is not one of HTTP"),
        ("http://[canary", "ValueError"),
    ],
    ids=["nobody listens", "other scheme", "malformed"],
)
def test_fails_for_an_address_that_nobody_listens_at(url: str, problem: str) -> None:
    """The same goes for a URL that leads nowhere."""
    with pytest.raises(AnswerError, match=problem) as caught:
        deliver(request(response_url=url), Answer(physical_id="id"), sleep=lambda _: None)

    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None
