"""An advanced parameter becomes a standard one: deleted and created anew, and its value is never gone."""

import pytest

from tests.handler.aws import Account
from tests.handler.cloudformation import Address
from tests.handler.parameter import Parameter

REPLACED = {"Tier": "Standard", "AllowReplacement": "true"}
POLICY = {"Type": "NoChangeNotification", "After": "20", "Unit": "Days"}


class Killed(BaseException):
    """The process died."""


@pytest.fixture
def advanced(account: Account, address: Address, key: str) -> Parameter:
    """An advanced parameter with all that one can have."""
    return Parameter(
        account, address, keys=[key], Tier="Advanced", Description="d", Tags={"team": "orders"}, Policies=[POLICY]
    )


def copy_of(parameter: Parameter) -> str:
    """Return the name of the copy, spelled by hand."""
    return f"{parameter.name}.recovery"


def all_tags(parameter: Parameter) -> dict[str, str]:
    """Return all tags, the function's own included."""
    found = parameter.account.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=parameter.name)
    return {each["Key"]: each["Value"] for each in found["TagList"]}


def test_advanced_parameter_becomes_standard_with_its_value(advanced: Parameter) -> None:
    """Value, description and tags are those of before, also the tags of people; policies, which need the tier, go."""
    account, name = advanced.account, advanced.name
    account.ssm.add_tags_to_resource(
        ResourceType="Parameter", ResourceId=name, Tags=[{"Key": "by-hand", "Value": "yes"}]
    )
    tags = all_tags(advanced)

    updated = advanced.update(**REPLACED, Policies=[])

    assert (updated.status, updated.data["Tier"], updated.data["Version"]) == ("SUCCESS", "Standard", "1")
    assert updated.physical_id == advanced.physical_id
    assert account.value(name) == advanced.value
    assert account.metadata(name) == {"KeyId": advanced.keys[0], "Tier": "Standard", "Description": "d"}
    assert all_tags(advanced) == tags
    assert account.policies(name) == []
    assert not account.exists(copy_of(advanced))


def test_the_name_is_given_the_time_that_aws_asks_for(advanced: Parameter) -> None:
    """30 seconds between the deletion and the creation, and no other wait."""
    advanced.update(**REPLACED, Policies=[])

    assert advanced.waits == [30]
    assert advanced.account.calls(copy_of(advanced)) == [
        "PutParameter",
        "GetParameter",
        "GetParameter",
        "GetParameter",
        "DeleteParameter",
    ]
    assert [call for call in advanced.calls() if call not in ("ListTagsForResource", "GetParameter")] == [
        "GetParameterHistory",
        "AddTagsToResource",
        "DeleteParameter",
        "PutParameter",
        "RemoveTagsFromResource",
    ]
