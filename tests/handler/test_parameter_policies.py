"""Parameter policies, as sequences of events: they come and go, and a parameter that expired comes back."""

import json
from typing import Any

import pytest

from tests.handler.aws import Account
from tests.handler.cloudformation import Address, CloudFormation, properties
from tests.handler.parameter import Parameter


def test_expired_parameter_is_made_anew_and_its_deletion_succeeds(account: Account, address: Address, key: str) -> None:
    """Parameter Store deletes it at its time; the next update brings it back."""
    parameter = Parameter(account, address, keys=[key], Tier="Advanced")
    expired = {"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": "2020-01-01T00:00:00.000Z"}}
    account.ssm.put_parameter(
        Name=parameter.name, Value="v", Overwrite=True, KeyId=key, Tier="Advanced", Policies=json.dumps([expired])
    )
    gone = not account.exists(parameter.name)

    answer = parameter.update(Policies=[{"Type": "Expiration", "Timestamp": "2099-01-01T00:00:00.000Z"}])

    assert gone
    assert (answer.status, answer.data["Version"]) == ("SUCCESS", "1"), answer.reason
    assert account.policies(parameter.name) == ["Expiration"]
    assert account.value(parameter.name) != parameter.value
    account.ssm.delete_parameter(Name=parameter.name)
    assert parameter.cloudformation.delete(parameter.physical_id).status == "SUCCESS"


PASSED = [{"Type": "Expiration", "Timestamp": "2020-01-01T00:00:00.000Z"}]
LATER = [{"Type": "Expiration", "Timestamp": "2099-01-01T00:00:00.000Z"}]


@pytest.fixture
def expired(account: Account, address: Address, key: str) -> Parameter:
    """A parameter whose time has come: it was created long before that, and now it is not there any more."""
    parameter = Parameter(account, address, keys=[key], Tier="Advanced")
    parameter.before = parameter.properties = {**parameter.properties, "Policies": PASSED}
    account.ssm.delete_parameter(Name=parameter.name)
    return parameter


def test_update_of_what_has_expired_says_so_and_makes_nothing(
    expired: Parameter, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its absence is what the template says; a deployment that changes something else goes on."""
    capsys.readouterr()

    answer = expired.update(Description="d")

    assert (answer.status, answer.data["Version"], answer.data["Tier"]) == ("SUCCESS", "0", "Advanced"), answer.reason
    assert not expired.account.exists(expired.name)
    assert '"outcome": "expired"' in capsys.readouterr().out
    assert expired.cloudformation.delete(expired.physical_id).status == "SUCCESS"


def test_later_expiration_brings_it_back_and_its_rollback_leaves_it(expired: Parameter) -> None:
    """To send a moment that has passed may be refused, and a rollback must not fail."""
    account, name = expired.account, expired.name

    updated = expired.update(Policies=LATER, Description="d")
    made = account.value(name)
    rolled_back = expired.roll_back()

    assert (updated.status, updated.data["Version"], rolled_back.status) == ("SUCCESS", "1", "SUCCESS")
    assert (account.value(name), account.policies(name)) == (made, ["Expiration"])
    assert account.metadata(name)["Description"] == ""


def test_rollback_to_what_has_expired_makes_nothing(expired: Parameter) -> None:
    """The update failed before it made anything."""
    rolled_back = expired.roll_back({**expired.properties, "Policies": LATER})

    assert (rolled_back.status, rolled_back.data["Version"]) == ("SUCCESS", "0")
    assert not expired.account.exists(expired.name)


def test_fails_to_move_an_expiration_into_the_past(account: Account, address: Address, key: str) -> None:
    """It would be gone at once; nothing is changed."""
    parameter = Parameter(account, address, keys=[key], Tier="Advanced", Policies=LATER)

    failed = parameter.update(Policies=PASSED)

    assert failed.reason == (
        f"parameter {parameter.name}: its Expiration has passed already. "
        "Write a later timestamp, or take the parameter out of the stack"
    )
    assert (account.value(parameter.name), account.version(parameter.name)) == (parameter.value, 1)


def test_fails_to_create_what_has_expired(account: Account, address: Address, key: str) -> None:
    """In an account that never had it, for example."""
    name = account.name("expired")
    cloudformation = CloudFormation(account.function([name], keys=[key]), address)

    failed = cloudformation.create(properties(name, KeyId=key, Tier="Advanced", Policies=PASSED))

    assert f"parameter {name}: its Expiration has passed already." in failed.reason
    assert account.calls(name) == []
    assert cloudformation.delete(failed.physical_id).status == "SUCCESS"


def test_policies_change_and_go_without_a_touch_to_the_value(account: Account, address: Address, key: str) -> None:
    """To leave them out of a put would keep them; an edit of something else does."""
    parameter = Parameter(account, address, keys=[key], Tier="Advanced")
    notice = {"Type": "NoChangeNotification", "After": "20", "Unit": "Days"}
    seen = []
    changes: list[dict[str, Any]] = [
        {"Policies": [notice]},
        {"Description": "d"},
        {"Policies": [notice, notice]},
        {"Policies": []},
    ]
    for change in changes:
        assert parameter.update(**change).status == "SUCCESS"
        seen.append(len(account.policies(parameter.name)))

    assert seen == [1, 1, 2, 0]
    assert account.value(parameter.name) == parameter.value
