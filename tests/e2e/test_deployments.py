"""Deployments with the real CDK CLI: what happens to a value, to tags, and to parameters of others."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from demo.cdk import CdkError
from tests.e2e.conftest import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("only_the_embedded_aws")]


def _value(name: str) -> str:
    return boto3.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]


def _metadata(name: str) -> Any:  # noqa: ANN401 - the answer of the API
    filters: Any = [{"Key": "Name", "Values": [name]}]
    (found,) = boto3.client("ssm").describe_parameters(ParameterFilters=filters)["Parameters"]
    return found


def _tags(name: str) -> dict[str, str]:
    tags = boto3.client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    return {each["Key"]: each["Value"] for each in tags}


def _is_there(name: str) -> bool:
    try:
        boto3.client("ssm").get_parameter(Name=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return False
    return True


def test_a_parameter_from_creation_to_destruction(make_stack: Callable[[str], Stack]) -> None:
    """Edits keep the value, a set value is never overwritten, a rename makes a new one, leaving the stack deletes."""
    stack = make_stack("Life")
    stack.deploy(
        {"id": "Db", "name": "/life/db"},
        {"id": "Api", "name": "/life/api", "source": "external"},
        {"id": "Gone", "name": "/life/gone"},
    )
    generated = _value("/life/db")
    assert len(generated) == 40
    assert _metadata("/life/db")["KeyId"].startswith("arn:aws:kms:eu-west-1:111122223333:key/")
    boto3.client("ssm").put_parameter(Name="/life/api", Value="set-by-a-person", Type="SecureString", Overwrite=True)

    # One edits the description, one becomes advanced, one leaves the stack.
    stack.deploy(
        {"id": "Db", "name": "/life/db", "description": "orders", "tags": {"team": "orders"}},
        {"id": "Api", "name": "/life/api", "source": "external", "tier": "Advanced"},
    )
    assert _value("/life/db") == generated
    assert _metadata("/life/db")["Description"] == "orders"
    assert _tags("/life/db")["team"] == "orders"
    assert _value("/life/api") == "set-by-a-person"
    assert _metadata("/life/api")["Tier"] == "Advanced"
    assert not _is_there("/life/gone")

    stack.deploy({"id": "Db", "name": "/life/renamed"})
    assert _is_there("/life/renamed")
    assert not _is_there("/life/db")
    assert not _is_there("/life/api")

    stack.destroy()
    assert not _is_there("/life/renamed")


def test_a_failed_creation_leaves_what_was_there_alone(make_stack: Callable[[str], Stack]) -> None:
    """The name is taken by somebody else's parameter: the stack rolls back, and its clean-up does not delete that."""
    boto3.client("ssm").put_parameter(Name="/taken/db", Value="of-somebody-else", Type="SecureString")

    with pytest.raises(CdkError) as caught:
        make_stack("Taken").deploy({"id": "Own", "name": "/taken/own"}, {"id": "Db", "name": "/taken/db"})

    assert "/taken/db" in caught.value.output
    assert "a parameter of this name exists and is not this resource's" in caught.value.output
    assert _value("/taken/db") == "of-somebody-else"
    assert _metadata("/taken/db")["Version"] == 1
    assert not _is_there("/taken/own")


def test_a_failed_update_rolls_back_to_a_readable_parameter(make_stack: Callable[[str], Stack]) -> None:
    """The value, the description and the tags are those of before."""
    stack = make_stack("Back")
    stack.deploy({"id": "Db", "name": "/back/db", "description": "before"})
    value = _value("/back/db")
    boto3.client("ssm").put_parameter(Name="/back/taken", Value="of-somebody-else", Type="SecureString")

    with pytest.raises(CdkError):
        stack.deploy(
            {"id": "Db", "name": "/back/db", "description": "after", "tags": {"team": "x"}},
            {"id": "Taken", "name": "/back/taken"},
        )

    assert _value("/back/db") == value
    assert _metadata("/back/db")["Description"] == "before"
    assert "team" not in _tags("/back/db")
    stack.destroy()


def test_a_change_of_key_keeps_the_value(make_stack: Callable[[str], Stack]) -> None:
    """Without the old key the deployment fails, changes nothing, and says how; with it, for once, it succeeds."""
    stack = make_stack("Keys")
    stack.deploy({"id": "Db", "name": "/keys/db"})
    value, old_key = _value("/keys/db"), _metadata("/keys/db")["KeyId"]

    with pytest.raises(CdkError) as caught:
        stack.deploy({"id": "Db", "name": "/keys/db", "key": "OtherKey"})
    assert ".grant_read(SecureStringProvider.of(self))" in caught.value.output
    assert (_value("/keys/db"), _metadata("/keys/db")["KeyId"]) == (value, old_key)

    stack.deploy({"id": "Db", "name": "/keys/db", "key": "OtherKey", "old_key": "Key"})
    assert _value("/keys/db") == value
    assert _metadata("/keys/db")["KeyId"] != old_key
    boto3.client("kms").disable_key(KeyId=old_key)
    assert _value("/keys/db") == value
    stack.destroy()


def test_under_a_strict_key_the_function_still_does_its_work(make_stack: Callable[[str], Stack]) -> None:
    """The key policy names it for what each parameter needs: creation, sending the value again, another tier."""
    stack = make_stack("Strict")
    first = {"id": "Db", "name": "/strict/db", "key": "StrictKey"}
    stack.deploy(first)
    generated = _value("/strict/db")

    stack.deploy(
        {**first, "description": "orders", "tier": "Advanced"},
        {"id": "Api", "name": "/strict/api", "key": "StrictKey", "tier": "Intelligent-Tiering"},
    )

    assert _value("/strict/db") == generated
    assert _metadata("/strict/db")["Tier"] == "Advanced"
    assert len(_value("/strict/api")) == 40
    stack.destroy()
    assert not _is_there("/strict/db")
