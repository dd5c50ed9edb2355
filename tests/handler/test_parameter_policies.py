"""Parameter policies, as sequences of events: they come and go, and a parameter that expired comes back."""

import json
from typing import Any

from tests.handler.aws import Account
from tests.handler.cloudformation import Address
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
