"""Rollbacks, as sequences of events: what a failed deployment leaves behind is what was there before it."""

import pytest

from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.handler.store import Written
from tests.handler.aws import Account
from tests.handler.cloudformation import EXTERNAL, GENERATED, Address
from tests.handler.parameter import Parameter

LONGER = {**GENERATED, "Length": "64"}
AGAIN = {**GENERATED, "Regenerate": "2"}


@pytest.mark.parametrize("source", [LONGER, AGAIN, "copied"], ids=["longer", "regenerated", "copied"])
def test_rollback_restores_the_value_from_the_history(parameter: Parameter, source: object) -> None:
    """The update made a new value, something else failed, and the old one is back: not a third one."""
    account, name = parameter.account, parameter.name

    updated = parameter.update(Source=parameter.copied if source == "copied" else source)
    replaced = account.value(name)
    rolled_back = parameter.roll_back()

    assert (updated.status, rolled_back.status) == ("SUCCESS", "SUCCESS")
    assert replaced != parameter.value
    assert (rolled_back.data["Version"], account.value(name)) == ("3", parameter.value)


def test_rollback_twice_delivered_restores_once(parameter: Parameter) -> None:
    """The second delivery finds the value restored."""
    parameter.update(Source=LONGER)
    undone = dict(parameter.properties)
    parameter.roll_back()

    again = parameter.roll_back(undone)

    assert (again.status, again.data["Version"]) == ("SUCCESS", "3")
    assert parameter.account.value(parameter.name) == parameter.value


def test_source_that_goes_back_in_a_deployment_brings_a_new_value(parameter: Parameter) -> None:
    """Somebody who turns the token back wants another value, maybe because the earlier one has leaked."""
    parameter.update(Source=AGAIN)

    parameter.update(Source=GENERATED)

    account, name = parameter.account, parameter.name
    assert len({account.value(name, version=version) for version in (1, 2, 3)}) == 3


@pytest.mark.parametrize("method", ["overwrite", "add_tags"])
@pytest.mark.parametrize("nth", [1, 2])
def test_rollback_of_an_update_that_was_cut_off(
    parameter: Parameter, monkeypatch: pytest.MonkeyPatch, method: str, nth: int
) -> None:
    """After the record, after the put, after the source's tag: the value is the one from before."""
    cut_off(parameter, monkeypatch, method, nth)

    failed = parameter.update(Source=LONGER)
    monkeypatch.undo()
    rolled_back = parameter.roll_back({**parameter.properties, "Source": LONGER} if failed.reason else None)

    assert failed.reason or (method, nth) == ("overwrite", 2), "there is one put only"
    assert rolled_back.status == "SUCCESS", rolled_back.reason
    assert parameter.account.value(parameter.name) == parameter.value


def test_rollback_after_a_second_delivery_of_a_cut_off_update(
    parameter: Parameter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first delivery put a value that nobody was told of; the rollback restores the one from before both."""
    cut_off(parameter, monkeypatch, "overwrite", 1)
    parameter.update(Source=LONGER, request_id="request-7")
    monkeypatch.undo()
    second = parameter.update(Source=LONGER, request_id="request-7")

    rolled_back = parameter.roll_back()

    assert (second.data["Version"], rolled_back.data["Version"]) == ("3", "4")
    assert parameter.account.value(parameter.name) == parameter.value


def test_rollback_after_a_delivery_that_was_cut_off_at_its_end(
    parameter: Parameter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Value and tier were put, and the source's tag after them; the second delivery has nothing to put."""
    changes = {"Source": LONGER, "Tier": "Advanced", "Tags": {"team": "orders"}}
    cut_off(parameter, monkeypatch, "add_tags", 2)
    parameter.update(**changes, request_id="request-7")
    monkeypatch.undo()
    second = parameter.update(**changes, request_id="request-7")

    rolled_back = parameter.roll_back()

    assert (second.status, second.data["Version"], rolled_back.status) == ("SUCCESS", "2", "SUCCESS")
    assert parameter.account.value(parameter.name) == parameter.value


def test_rollback_leaves_what_a_person_has_set_since(parameter: Parameter) -> None:
    """The newest value wins; the generated ones are in the history."""
    parameter.update(Source=LONGER)
    parameter.account.set_value(parameter.name, "set by a person")

    rolled_back = parameter.roll_back()

    assert rolled_back.status == "SUCCESS"
    assert parameter.account.value(parameter.name) == "set by a person"


def test_rollback_restores_what_a_person_set_at_the_last_moment(
    parameter: Parameter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the function had looked and before it put: what was replaced is theirs."""
    store, account, name = parameter.cloudformation.store, parameter.account, parameter.name
    overwrite = store.overwrite

    def late(spec: ParameterSpec, *, value: str, **cleared: bool) -> Written:
        account.set_value(name, "set at the last moment")
        return overwrite(spec, value=value, **cleared)

    monkeypatch.setattr(store, "overwrite", late)
    updated = parameter.update(Source=LONGER)
    monkeypatch.undo()

    rolled_back = parameter.roll_back()

    assert (updated.data["Version"], rolled_back.status) == ("3", "SUCCESS")
    assert account.value(name) == "set at the last moment"


def test_rollback_restores_what_a_person_had_set(account: Account, address: Address, key: str) -> None:
    """An external parameter was to be generated; the deployment failed, and people have their value back."""
    parameter = Parameter(account, address, keys=[key], Source=EXTERNAL)
    account.set_value(parameter.name, "set by a person")
    parameter.update(Source=GENERATED)

    parameter.roll_back()

    assert account.value(parameter.name) == "set by a person"


def test_rollback_from_people_keeps_the_generated_value(parameter: Parameter) -> None:
    """Handing it over had not changed the value, so there is nothing to restore and nothing to generate."""
    parameter.update(Source=EXTERNAL)

    rolled_back = parameter.roll_back()

    assert (rolled_back.data["Version"], parameter.account.value(parameter.name)) == ("1", parameter.value)


def test_rollback_of_source_and_key_together(account: Account, address: Address) -> None:
    """The old value is back, under the old key, though the role of a rollback names that one alone."""
    old_key, new_key = account.new_key(), account.new_key()
    parameter = Parameter(account, address, keys=[old_key, new_key])
    parameter.update(Source=LONGER, KeyId=new_key)
    parameter.cloudformation.store = account.function([parameter.name], keys=[old_key], stack=parameter.stack)

    rolled_back = parameter.roll_back()

    assert rolled_back.status == "SUCCESS", rolled_back.reason
    account.kms.disable_key(KeyId=new_key)
    assert account.value(parameter.name) == parameter.value
    assert account.key_of(parameter.name) == old_key


def test_value_through_cloudformation_rolls_back_by_itself(account: Account, address: Address, key: str) -> None:
    """The rollback has the earlier value in its request."""
    parameter = Parameter(account, address, keys=[key], Source={"Kind": "NoEcho", "Value": "first"})
    parameter.update(Source={"Kind": "NoEcho", "Value": "second"})
    updated = account.value(parameter.name)

    parameter.roll_back()

    assert (parameter.value, updated, account.value(parameter.name)) == ("first", "second", "first")


def test_rollback_of_a_tier_keeps_the_parameter_advanced_and_says_so(parameter: Parameter) -> None:
    """Parameter Store cannot make it standard again; a failed rollback would leave the stack stuck."""
    account, name = parameter.account, parameter.name
    parameter.update(Tier="Advanced", Description="d")

    rolled_back = parameter.roll_back()
    later = parameter.update(Description="later")

    assert (rolled_back.status, rolled_back.data["Tier"]) == ("SUCCESS", "Advanced")
    assert (later.status, later.data["Tier"]) == ("SUCCESS", "Advanced"), later.reason
    assert account.metadata(name)["Description"] == "later"
    assert account.value(name) == parameter.value


def test_rollback_of_a_tier_that_was_not_raised_raises_none(parameter: Parameter) -> None:
    """The update failed before it changed anything: the parameter stays standard, and costs nothing."""
    rolled_back = parameter.roll_back({**parameter.properties, "Tier": "Advanced"})

    assert (rolled_back.status, rolled_back.data["Tier"]) == ("SUCCESS", "Standard")
    assert parameter.account.metadata(parameter.name)["Tier"] == "Standard"


def test_rollback_of_added_policies_clears_them(account: Account, address: Address, key: str) -> None:
    """They come, they go, and the value stays."""
    parameter = Parameter(account, address, keys=[key], Tier="Advanced")
    policy = {"Type": "NoChangeNotification", "After": "20", "Unit": "Days"}
    parameter.update(Policies=[policy])
    with_policy = account.policies(parameter.name)

    parameter.roll_back()

    assert (with_policy, account.policies(parameter.name)) == (["NoChangeNotification"], [])
    assert account.value(parameter.name) == parameter.value


def cut_off(parameter: Parameter, monkeypatch: pytest.MonkeyPatch, method: str, nth: int) -> None:
    """Let the function break right after its n-th call of a method of the store."""
    store = parameter.cloudformation.store
    original = getattr(store, method)
    calls = 0

    def broken(*arguments: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        answer = original(*arguments, **named)
        if calls == nth:
            raise ConnectionError("cut off")
        return answer

    monkeypatch.setattr(store, method, broken)
