"""The calls: what is tried again, what is not, and how refusals are told."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from ssm_securestring.core.errors import LifecycleError
from ssm_securestring.core.names import ParameterName
from ssm_securestring.core.sources import ExternalSource
from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.core.tiers import Tier
from ssm_securestring.handler.failures import AwsRefusalError
from ssm_securestring.handler.observed import (
    Presence,
)
from ssm_securestring.handler.store import NameTakenError, Store
from tests.handler.cloudformation import KEY_ARN, unreachable

CANARY = "canary-8f3a1c"
SPEC = ParameterSpec(name=ParameterName("/shop/db"), key_id=KEY_ARN, tier=Tier.STANDARD, source=ExternalSource())
DENIED = "User: arn:aws:sts::111122223333:assumed-role/f/f is not authorized to perform: kms:Encrypt"


class Stubbed:
    """A store whose Parameter Store answers what is laid down, in order."""

    def __init__(self) -> None:
        session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-west-1")
        client = session.client("ssm")
        self.answers = Stubber(client)
        self.cloudformation = session.client("cloudformation")
        self.waits: list[float] = []
        self.store = Store(
            ssm=client,
            secretsmanager=session.client("secretsmanager"),
            cloudformation=lambda: self.cloudformation,
            kms=lambda: pytest.fail("asked for KMS"),
            ssm_in=lambda region: pytest.fail(f"asked for {region}"),
            sleep=self.waits.append,
        )

    def refuse(self, operation: str, code: str, message: str = "", *, times: int = 1) -> None:
        """Lay down refusals."""
        for _ in range(times):
            self.answers.add_client_error(operation, service_error_code=code, service_message=message)


@pytest.fixture
def stubbed() -> Iterator[Stubbed]:
    """The store, and what it is told."""
    made = Stubbed()
    with made.answers:
        yield made
        made.answers.assert_no_pending_responses()


def refusal(call: Callable[[], Any]) -> LifecycleError:
    """Return the error that a call ends in."""
    with pytest.raises(LifecycleError) as caught:
        call()
    return caught.value


def test_put_names_key_and_tier_always_and_the_description_where_it_matters(stubbed: Stubbed) -> None:
    """Creation has tags and no Overwrite; an overwrite has no tags, and an empty description clears the old one."""
    attributes = {"Name": "/shop/db", "Value": "v", "Type": "SecureString", "KeyId": KEY_ARN, "Tier": "Standard"}
    answer = {"Version": 1, "Tier": "Standard"}
    stubbed.answers.add_response("put_parameter", answer, {**attributes, "Tags": [{"Key": "team", "Value": "orders"}]})
    stubbed.answers.add_response("put_parameter", answer, {**attributes, "Overwrite": True, "Description": ""})

    stubbed.store.create(SPEC, value="v", tags={"team": "orders"})
    stubbed.store.overwrite(SPEC, value="v")


@pytest.mark.parametrize("code", ["AccessDeniedException", "TooManyUpdates"])
def test_what_may_pass_is_tried_again(stubbed: Stubbed, code: str) -> None:
    """A role that was changed a moment ago is not everywhere yet; two writers at once get out of each other's way."""
    stubbed.refuse("put_parameter", code, times=2)
    stubbed.answers.add_response("put_parameter", {"Version": 3, "Tier": "Standard"})

    written = stubbed.store.overwrite(SPEC, value="v")

    assert written.version == 3
    assert stubbed.waits == [1.0, 2.0]


def test_fails_after_fifteen_seconds_of_refusals_with_what_aws_says(stubbed: Stubbed) -> None:
    """The message of a denial names principal, action and key, and never a value."""
    stubbed.refuse("put_parameter", "AccessDeniedException", DENIED, times=5)

    error = refusal(lambda: stubbed.store.overwrite(SPEC, value=CANARY))

    assert stubbed.waits == [1.0, 2.0, 4.0, 8.0]
    assert isinstance(error, AwsRefusalError)
    assert error.code == "AccessDeniedException"
    assert isinstance(error.__cause__, ClientError)
    assert str(error) == (
        f"parameter /shop/db: PutParameter is refused: {DENIED}. The function's role needs ssm:PutParameter and "
        "ssm:AddTagsToResource on the parameter, and on its key kms:Encrypt (standard tier) or kms:GenerateDataKey "
        "(advanced tier); the key's policy must admit it too"
    )


@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidResourceId", "ParameterNotFound"])
def test_looking_for_a_parameter_takes_a_refusal_for_an_answer(stubbed: Stubbed, code: str) -> None:
    """Hidden or absent, at once: to ask again would delay every deletion of what is not ours."""
    stubbed.refuse("list_tags_for_resource", code)

    observed = stubbed.store.observe("/shop/db")

    assert observed.presence is (Presence.HIDDEN if code == "AccessDeniedException" else Presence.ABSENT)
    assert stubbed.waits == []


def test_fails_where_looking_fails_for_another_reason(stubbed: Stubbed) -> None:
    """Nothing is concluded from that."""
    stubbed.refuse("list_tags_for_resource", "InternalServerError")

    assert "ListTagsForResource failed with InternalServerError" in str(refusal(lambda: stubbed.store.observe("/a")))


def test_deleting_what_is_gone_succeeds(stubbed: Stubbed) -> None:
    """The race against another deletion is won either way."""
    stubbed.refuse("delete_parameter", "ParameterNotFound")

    stubbed.store.delete("/shop/db")


def test_fails_to_delete_without_the_permission_and_names_it(stubbed: Stubbed) -> None:
    """Its tags said it is ours, so a denial is no sign that it is not: after some tries it is an error."""
    stubbed.refuse("delete_parameter", "AccessDeniedException", "no", times=5)

    error = refusal(lambda: stubbed.store.delete("/shop/db"))

    assert "The function's role needs ssm:DeleteParameter on the parameter" in str(error)
    assert stubbed.waits == [1.0, 2.0, 4.0, 8.0]


def test_deletion_waits_until_iam_sees_the_tags(stubbed: Stubbed) -> None:
    """Right after a creation, the role may not see that the parameter is its own: it would be left behind."""
    stubbed.refuse("list_tags_for_resource", "AccessDeniedException", times=2)
    stubbed.answers.add_response("list_tags_for_resource", {"TagList": [{"Key": "team", "Value": "orders"}]})

    observed = stubbed.store.observe("/shop/db", patient=True)

    assert (observed.presence, observed.tags) == (Presence.PRESENT, {"team": "orders"})
    assert stubbed.waits == [1.0, 2.0]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("UPDATE_ROLLBACK_IN_PROGRESS", True),
        ("ROLLBACK_IN_PROGRESS", True),
        ("UPDATE_IN_PROGRESS", False),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", False),
    ],
)
def test_rollback_is_told_by_the_status_of_the_stack(stubbed: Stubbed, status: str, answer: bool) -> None:  # noqa: FBT001 a table
    """The events do not tell."""
    with Stubber(stubbed.cloudformation) as cloudformation:
        stack = {"StackName": "shop", "CreationTime": datetime(2026, 11, 22, tzinfo=UTC), "StackStatus": status}
        cloudformation.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "arn"})

        assert stubbed.store.is_rolling_back("arn", name="/shop/db") is answer


def test_role_that_may_not_ask_for_the_stack_is_in_no_rollback(stubbed: Stubbed) -> None:
    """That of a stack from before this was asked: what it did then is what it does now."""
    with Stubber(stubbed.cloudformation) as cloudformation:
        for _ in range(5):
            cloudformation.add_client_error("describe_stacks", "AccessDenied", "no")

        assert stubbed.store.is_rolling_back("arn", name="/shop/db") is False


@pytest.mark.parametrize("code", ["ValidationException", "ParameterPatternMismatchException"])
def test_fails_without_a_trace_of_the_value_where_aws_quotes_it(stubbed: Stubbed, code: str) -> None:
    """These may quote the value that they refuse, so neither their text nor the error itself is kept."""
    stubbed.refuse("put_parameter", code, f"Value '{CANARY}' at 'value' failed to satisfy constraint")

    error = refusal(lambda: stubbed.store.overwrite(SPEC, value=CANARY))

    assert str(error).startswith("parameter /shop/db: ")
    assert CANARY not in str(error)
    assert (error.__cause__, error.__context__) == (None, None)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("ThrottlingException", "Parameter Store refuses the rate of calls, after all retries. Deploy again in a few"),
        ("ParameterLimitExceeded", "this account has as many parameters in this Region as it may. Delete some"),
        ("ParameterMaxVersionLimitExceeded", "its oldest version carries a label"),
        ("HierarchyTypeMismatchException", "it exists with another type, and Parameter Store cannot change that"),
        (
            "ParameterPatternMismatchException",
            "its value does not match its allowed pattern. Let allowed_pattern admit it",
        ),
        ("InvalidAllowedPatternException", "its allowed pattern is no regular expression that Parameter Store"),
        ("InvalidKeyId", "its KMS key cannot be used: said so. Enable the key, cancel its deletion"),
        ("Whatever", "PutParameter failed with Whatever, AWS request "),
    ],
)
def test_fails_with_the_way_out(stubbed: Stubbed, code: str, says: str) -> None:
    """Each refusal that Parameter Store documents is told with what to do about it."""
    stubbed.refuse("put_parameter", code, "said so")

    error = refusal(lambda: stubbed.store.create(SPEC, value="v", tags={}))

    assert str(error).startswith(f"parameter /shop/db: {says}")


def test_fails_to_create_what_exists(stubbed: Stubbed) -> None:
    """An error of its own, for the planner to look again."""
    stubbed.refuse("put_parameter", "ParameterAlreadyExists")

    assert isinstance(refusal(lambda: stubbed.store.create(SPEC, value="v", tags={})), NameTakenError)


def test_fails_where_nobody_answers() -> None:
    """In a VPC without a way out, for example; botocore's text is not repeated, it may hold what was sent."""
    store = unreachable("http://127.0.0.1:1", Config(retries={"total_max_attempts": 1}))

    error = refusal(lambda: store.overwrite(SPEC, value=CANARY))

    assert "PutParameter got no answer (EndpointConnectionError). If the function runs in a VPC" in str(error)
    assert (error.__cause__, error.__context__) == (None, None)
