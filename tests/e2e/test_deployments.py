"""Deployments with the real CDK CLI: what happens to a value, to tags, and to parameters of others."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest

from demo.cdk import Cdk, CdkError
from ssm_securestring.local import EmbeddedAws
from tests.e2e.behaviours import BEHAVIOURS, Behaviour, Props
from tests.e2e.conftest import Stack

pytestmark = [pytest.mark.e2e]

OF_SOMEBODY_ELSE = "/behaviours/of-somebody-else"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What can be seen of one parameter. A value in a failed assertion is one of the embedded AWS."""

    value: str
    version: int
    tier: str
    key: str
    description: str
    tags: dict[str, str]
    policies: list[str]
    is_ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All parameters by name: before the first deployment and after each of the four commands."""

    by_hand: dict[str, State]
    created: dict[str, State]
    rolled_back: dict[str, State]
    updated: dict[str, State]
    destroyed: dict[str, State]
    failure: str
    status: str
    keys: dict[str, str]


def _state(ssm: Any, name: str) -> State:  # noqa: ANN401 - a client
    newest = ssm.get_parameter_history(Name=name, WithDecryption=True)["Parameters"][-1]
    tags = {
        each["Key"]: each["Value"]
        for each in ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    }
    return State(
        value=newest["Value"],
        version=newest["Version"],
        tier=newest["Tier"],
        key=newest.get("KeyId", ""),
        description=newest.get("Description", ""),
        tags={key: text for key, text in tags.items() if not key.startswith("ssm-securestring:")},
        policies=[each["PolicyType"] for each in newest.get("Policies", [])],
        is_ours="ssm-securestring:stack" in tags,
    )


def _look(ssm: Any) -> dict[str, State]:  # noqa: ANN401 - a client
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/behaviours")
    return {each["Name"]: _state(ssm, each["Name"]) for page in pages for each in page["Parameters"]}


def _declared(title: str, props: Props) -> Props:
    return {"id": title.title().replace("-", ""), "name": f"/behaviours/{title}", **props}


def _before() -> list[Props]:
    return [_declared(title, each.before) for title, each in BEHAVIOURS.items() if each.before is not None]


def _after() -> list[Props]:
    return [
        _declared(title, {**(each.before or {}), **each.after, "name": f"/behaviours/{each.name_after or title}"})
        for title, each in BEHAVIOURS.items()
        if each.after is not None
    ]


@pytest.fixture(scope="module")
def seen(cdk: Cdk, embedded_aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """All behaviours at once: created, updated in vain, updated, destroyed.

    The function waits 30 seconds in each of the two updates, between the deletion and the new creation of one
    parameter.
    """
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=embedded_aws.region)
    ssm = session.client("ssm", endpoint_url=embedded_aws.endpoint_url)
    kms = session.client("kms", endpoint_url=embedded_aws.endpoint_url)
    cloudformation = session.client("cloudformation", endpoint_url=embedded_aws.endpoint_url)
    stack = Stack(name="Behaviours", cdk=cdk, assembly=tmp_path_factory.mktemp("behaviours") / "cdk.out")
    ssm.put_parameter(Name=OF_SOMEBODY_ELSE, Value="of-somebody-else", Type="SecureString")
    ssm.put_parameter(Name="/behaviours/clear", Value="in-clear", Type="String")
    for title, each in BEHAVIOURS.items():
        if each.by_hand:
            ssm.put_parameter(Name=f"/behaviours/{title}", **each.by_hand)
    by_hand = _look(ssm)

    stack.deploy(*_before())
    for title, each in BEHAVIOURS.items():
        if each.set_by_hand:
            name = f"/behaviours/{title}"
            ssm.put_parameter(Name=name, Value=each.set_by_hand, Overwrite=True, KeyId=_state(ssm, name).key)
    created = _look(ssm)
    with pytest.raises(CdkError) as failed:
        stack.deploy(*_after(), {"id": "Taken", "name": OF_SOMEBODY_ELSE}, after_all="Taken")
    rolled_back = _look(ssm)
    (described,) = cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
    stack.deploy(*_after())
    updated = _look(ssm)
    resources = cloudformation.describe_stack_resources(StackName=stack.name)["StackResources"]
    stack.destroy()
    return Seen(
        by_hand=by_hand,
        created=created,
        rolled_back=rolled_back,
        updated=updated,
        destroyed=_look(ssm),
        failure=failed.value.output,
        status=described["StackStatus"],
        keys=_keys(kms, resources),
    )


def _keys(kms: Any, resources: Iterable[Any]) -> dict[str, str]:  # noqa: ANN401 - a client
    """Return the ARN of each key by its id in the app."""
    return {
        name: kms.describe_key(KeyId=each["PhysicalResourceId"])["KeyMetadata"]["Arn"]
        for each in resources
        if each["ResourceType"] == "AWS::KMS::Key"
        for name in ("OtherKey", "StrictKey", "Key")
        if each["LogicalResourceId"].startswith(name)
    }


@pytest.mark.timeout(900)  # seconds; the first of them makes all deployments, in two minutes on an idle machine
@pytest.mark.parametrize("title", BEHAVIOURS)
def test_behaviour(title: str, seen: Seen) -> None:
    """Each row of the table, after the update that failed, after the one that did not, and after the stack is gone."""
    behaviour, name = BEHAVIOURS[title], f"/behaviours/{title}"
    before = seen.created.get(name)

    _check_rollback(behaviour, before, seen.rolled_back.get(name))
    if behaviour.name_after:
        assert f"/behaviours/{behaviour.name_after}" not in seen.rolled_back
        assert name not in seen.updated
        name = f"/behaviours/{behaviour.name_after}"
    _check_update(behaviour, before, seen.updated.get(name), seen.keys)
    _check_destruction(behaviour, seen.updated.get(name), seen.destroyed.get(name))


def _check_rollback(behaviour: Behaviour, before: State | None, after: State | None) -> None:
    if behaviour.rolled_back == "gone":
        assert after is None
        return
    assert before is not None
    assert after is not None
    expected = replace(before, **behaviour.left)
    assert replace(after, version=before.version) == expected


def _check_update(behaviour: Behaviour, before: State | None, after: State | None, keys: dict[str, str]) -> None:
    if behaviour.value == "gone":
        assert after is None
        return
    assert after is not None
    assert after.is_ours
    if before is None:
        assert behaviour.value == "made"
        assert len(after.value) == 40
        return
    assert (after.value == before.value) == (behaviour.value == "kept")
    changes = {**behaviour.changes}
    if "key" in changes:
        changes["key"] = keys[changes["key"]]
    assert replace(after, value=before.value, version=before.version, is_ours=before.is_ours) == replace(
        before, **changes
    )


def _check_destruction(behaviour: Behaviour, before: State | None, after: State | None) -> None:
    if behaviour.destroyed == "gone":
        assert after is None
        return
    assert before is not None
    assert after == replace(before, is_ours=False)


def test_the_update_that_failed_says_why_and_is_rolled_back(seen: Seen) -> None:
    """A name was taken: the error names it, the stack is not stuck, and what had that name is as it was."""
    assert OF_SOMEBODY_ELSE in seen.failure
    assert "a parameter of this name exists and is not this resource's" in seen.failure
    assert seen.status == "UPDATE_ROLLBACK_COMPLETE"
    for later in (seen.rolled_back, seen.updated, seen.destroyed):
        assert later[OF_SOMEBODY_ELSE] == seen.by_hand[OF_SOMEBODY_ELSE]


def test_what_is_by_hand_is_taken_over_with_its_value(seen: Seen) -> None:
    """Adoption makes no new version; a copy of clear text is encrypted."""
    assert seen.created["/behaviours/adopted"] == replace(seen.by_hand["/behaviours/adopted"], is_ours=True)
    assert seen.created["/behaviours/copied-from-clear-text"].value == "in-clear"


def test_no_copy_of_a_replaced_value_is_left(seen: Seen) -> None:
    """It was there for the 30 seconds only."""
    for each in (seen.created, seen.rolled_back, seen.updated, seen.destroyed):
        assert not [name for name in each if name.endswith(".recovery")]


@pytest.mark.usefixtures("only_the_embedded_aws")
def test_a_failed_creation_leaves_what_was_there_alone(make_stack: Callable[[str], Stack]) -> None:
    """The name is taken by somebody else's parameter: the stack rolls back, and its clean-up does not delete that."""
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/taken/db", Value="of-somebody-else", Type="SecureString")

    with pytest.raises(CdkError) as caught:
        make_stack("Taken").deploy({"id": "Own", "name": "/taken/own"}, {"id": "Db", "name": "/taken/db"})

    assert "a parameter of this name exists and is not this resource's" in caught.value.output
    assert (_state(ssm, "/taken/db").value, _state(ssm, "/taken/db").version) == ("of-somebody-else", 1)
    assert not ssm.get_parameters(Names=["/taken/own"])["Parameters"]
