"""An advanced parameter becomes a standard one: deleted and created anew, and its value is never gone."""

from collections.abc import Mapping
from typing import Any

import pytest

from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.handler.store import Written
from tests.handler.aws import Account
from tests.handler.cloudformation import GENERATED, Address
from tests.handler.faults import Fault, Killed
from tests.handler.parameter import Parameter

REPLACED: dict[str, Any] = {"Tier": "Standard", "AllowReplacement": "true", "Policies": []}
LETTERS_AND_DIGITS = "[A-Za-z0-9]+"
POLICY = {"Type": "NoChangeNotification", "After": "20", "Unit": "Days"}


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

    updated = advanced.update(**REPLACED)

    assert (updated.status, updated.data["Tier"], updated.data["Version"]) == ("SUCCESS", "Standard", "1")
    assert updated.physical_id == advanced.physical_id
    assert account.value(name) == advanced.value
    assert account.metadata(name) == {"KeyId": advanced.keys[0], "Tier": "Standard", "Description": "d"}
    assert all_tags(advanced) == tags
    assert account.policies(name) == []
    assert not account.exists(copy_of(advanced))


def test_the_name_is_given_the_time_that_aws_asks_for(advanced: Parameter) -> None:
    """30 seconds between the deletion and the creation, and no other wait."""
    advanced.update(**REPLACED)

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


def held(parameter: Parameter) -> set[str]:
    """Return the values of the parameter and of its copy, whichever there are."""
    found = parameter.account.ssm.get_parameters(Names=[parameter.name, copy_of(parameter)], WithDecryption=True)
    return {each["Value"] for each in found["Parameters"]}


@pytest.mark.e2e
@pytest.mark.parametrize("kind", ["no answer, after", "out of time, before", "killed, before", "killed, after"])
def test_whatever_cuts_it_off_the_next_request_finishes_or_takes_it_back(parameter: Parameter, kind: str) -> None:
    """At each of its calls: the value is in one of two parameters, and the error says so where it is in the second.

    The allowed pattern holds all along, and policies are back when the tier is.
    """
    account, name = parameter.account, parameter.name
    for nth in range(1, 100):
        parameter.update(Tier="Advanced", Policies=[POLICY], AllowedPattern=LETTERS_AND_DIGITS)
        parameter.faults.next = Fault(kind, nth)
        wanted = {**parameter.properties, **REPLACED}
        try:
            updated = parameter.update(**REPLACED, request_id=f"request-{nth}")
        except Killed:
            assert held(parameter) == {parameter.value}
            updated = parameter.update(**REPLACED, request_id=f"request-{nth}")
            assert updated.status == "SUCCESS", updated.reason
        if parameter.faults.next is not None:
            break
        assert held(parameter) == {parameter.value}
        if updated.status == "FAILED":
            gone = not account.exists(name)
            assert not gone or f"Its value is kept in parameter {copy_of(parameter)}" in updated.reason
            rolled_back = parameter.roll_back(wanted)
            assert rolled_back.status == "SUCCESS", rolled_back.reason
            assert rolled_back.data["Tier"] == "Advanced"
            assert account.policies(name) == ["NoChangeNotification"]
        assert account.value(name) == parameter.value
        assert account.pattern(name) == LETTERS_AND_DIGITS
        assert not account.exists(copy_of(parameter))
        assert "ssm-securestring:recovery" not in all_tags(parameter)
    assert nth == 18, "it makes 17 calls"


def test_rollback_of_a_replacement_makes_it_advanced_again(advanced: Parameter) -> None:
    """In place, with its policies; the versions from before the replacement are gone."""
    advanced.update(**REPLACED)

    rolled_back = advanced.roll_back()

    assert (rolled_back.status, rolled_back.data["Tier"], rolled_back.data["Version"]) == ("SUCCESS", "Advanced", "2")
    assert advanced.account.value(advanced.name) == advanced.value
    assert advanced.account.policies(advanced.name) == ["NoChangeNotification"]


def test_source_and_key_can_change_in_the_same_update(account: Account, address: Address) -> None:
    """The earlier value is version 1 of the new parameter, so that a rollback restores it."""
    keys = [account.new_key(), account.new_key()]
    parameter = Parameter(account, address, keys=keys, Tier="Advanced")

    updated = parameter.update(**REPLACED, KeyId=keys[1], Source={**GENERATED, "Regenerate": "2"})
    replaced = account.value(parameter.name)
    key = account.key_of(parameter.name)
    rolled_back = parameter.roll_back()

    assert (updated.status, updated.data["Tier"], updated.data["Version"]) == ("SUCCESS", "Standard", "2")
    assert replaced != parameter.value
    assert key == keys[1]
    assert (rolled_back.status, account.value(parameter.name)) == ("SUCCESS", parameter.value)
    assert account.key_of(parameter.name) == keys[0]


def test_a_tier_that_parameter_store_chose_is_replaced_too(account: Account, address: Address, key: str) -> None:
    """Intelligent tiering had made it advanced, for its policy."""
    parameter = Parameter(account, address, keys=[key], Tier="Intelligent-Tiering", Policies=[POLICY])

    updated = parameter.update(**REPLACED)

    assert (updated.status, updated.data["Tier"]) == ("SUCCESS", "Standard")
    assert account.value(parameter.name) == parameter.value


def test_a_tier_that_a_rollback_left_is_replaced_when_it_may_be(parameter: Parameter) -> None:
    """No rollback waits 30 seconds; a later deployment does, if it says so."""
    parameter.update(Tier="Advanced")
    parameter.roll_back()
    left = parameter.account.metadata(parameter.name)["Tier"]

    updated = parameter.update(AllowReplacement="true")
    later = parameter.update(Description="later")

    assert (left, updated.data["Tier"], later.data["Tier"]) == ("Advanced", "Standard", "Standard")
    assert parameter.account.value(parameter.name) == parameter.value
    assert parameter.waits == [30]


def test_rollback_never_replaces(parameter: Parameter) -> None:
    """What a deployment may replace stays advanced in a rollback, which shall neither pause nor lose versions."""
    parameter.update(AllowReplacement="true")
    parameter.update(Tier="Advanced")

    rolled_back = parameter.roll_back()

    assert (rolled_back.status, rolled_back.data["Tier"]) == ("SUCCESS", "Advanced")
    assert parameter.waits == []


def test_a_repeated_request_does_not_replace_again(parameter: Parameter) -> None:
    """It finds a standard parameter."""
    parameter.update(Tier="Advanced")
    advanced = dict(parameter.properties)
    parameter.update(**REPLACED)

    again = parameter.cloudformation.update(parameter.physical_id, advanced, parameter.properties)

    assert again.status == "SUCCESS"
    assert parameter.waits == [30]
    assert parameter.account.value(parameter.name) == parameter.value


def test_fails_for_a_value_that_a_standard_parameter_cannot_hold(advanced: Parameter) -> None:
    """Before anything is touched."""
    advanced.account.set_value(advanced.name, "x" * 4097)
    advanced.calls()

    failed = advanced.update(**REPLACED)

    assert failed.reason == (
        f"parameter {advanced.name}: its value has 4097 bytes, and tier Standard takes 4096 at most. "
        "Use a tier that takes more, or a shorter value"
    )
    assert not set(advanced.calls()) & {"PutParameter", "AddTagsToResource", "DeleteParameter"}
    assert not advanced.account.exists(copy_of(advanced))


def test_fails_without_permission_to_replace(advanced: Parameter) -> None:
    """The reason is that of Parameter Store, with the way out."""
    failed = advanced.update(Tier="Standard", Policies=[])

    assert "Parameter Store does not turn one into a standard one" in failed.reason
    assert "write allow_replacement=True" in failed.reason
    assert advanced.calls() == []


def test_fails_where_the_copy_would_be_somebody_elses(advanced: Parameter) -> None:
    """Neither parameter is touched, and the rollback takes back the mark."""
    advanced.account.put_foreign(copy_of(advanced), "of somebody else")

    failed = advanced.update(**REPLACED)
    rolled_back = advanced.roll_back({**advanced.properties, **REPLACED, "Policies": []})

    assert f"its value is kept in parameter {copy_of(advanced)}, and one of that name exists" in failed.reason
    assert rolled_back.status == "SUCCESS"
    assert advanced.account.value(advanced.name) == advanced.value
    assert advanced.account.value(copy_of(advanced)) == "of somebody else"
    assert "ssm-securestring:recovery" not in all_tags(advanced)


def test_fails_when_too_little_time_is_left(advanced: Parameter) -> None:
    """70 seconds, of which 10 are kept for the answer: not enough for the pause and what follows it."""
    wanted = {**advanced.properties, **REPLACED, "Policies": []}

    failed = advanced.cloudformation.update(advanced.physical_id, advanced.properties, wanted, seconds=69)
    rolled_back = advanced.roll_back(wanted)

    assert "takes 60 seconds, which are not left" in failed.reason
    assert "It was not deleted" in failed.reason
    assert rolled_back.status == "SUCCESS"
    assert not advanced.account.exists(copy_of(advanced))


def test_fails_for_an_adopted_parameter(account: Account, address: Address, key: str) -> None:
    """It was there before this resource, and is never deleted."""
    parameter = Parameter(account, address, keys=[key], Tier="Advanced")
    account.ssm.add_tags_to_resource(
        ResourceType="Parameter",
        ResourceId=parameter.name,
        Tags=[{"Key": "ssm-securestring:adopted", "Value": "yes"}],
    )

    failed = parameter.update(**REPLACED)

    assert "it was adopted, and an adopted parameter is never deleted" in failed.reason
    assert account.metadata(parameter.name)["Tier"] == "Advanced"


def test_what_a_person_sets_before_the_deletion_is_what_is_kept(
    parameter: Parameter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the copy was made, and before the parameter was deleted."""
    account, name = parameter.account, parameter.name
    parameter.update(Tier="Advanced")
    store = parameter.cloudformation.store
    create = store.create

    def late(spec: ParameterSpec, *, value: str, tags: Mapping[str, str]) -> Written:
        written = create(spec, value=value, tags=tags)
        if spec.name.text != name:
            account.set_value(name, "set at the last moment")
        return written

    monkeypatch.setattr(store, "create", late)
    updated = parameter.update(**REPLACED)

    assert updated.status == "SUCCESS", updated.reason
    assert account.value(name) == "set at the last moment"


def test_fails_when_somebody_takes_the_name_in_the_pause(parameter: Parameter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Theirs is not touched, and the error says where the value is; when theirs is gone, it comes back."""
    account, name = parameter.account, parameter.name
    parameter.update(Tier="Advanced")
    store = parameter.cloudformation.store
    monkeypatch.setattr(store, "pause", lambda _: account.put_foreign(name, "of somebody else"))

    failed = parameter.update(**REPLACED)

    assert "its tags do not say any more that it is this resource's" in failed.reason
    assert f"Its value is kept in parameter {copy_of(parameter)}" in failed.reason
    assert account.value(name) == "of somebody else"
    assert account.value(copy_of(parameter)) == parameter.value
    monkeypatch.undo()
    account.ssm.delete_parameter(Name=name)
    rolled_back = parameter.roll_back({**parameter.properties, **REPLACED})
    assert (rolled_back.status, account.value(name)) == ("SUCCESS", parameter.value)


def test_deletion_takes_the_copy_along(parameter: Parameter) -> None:
    """The replacement was cut off in the pause, and then the stack was destroyed."""
    parameter.update(Tier="Advanced")
    parameter.faults.next = Fault("no answer, after", 11)
    failed = parameter.update(**REPLACED)
    left = held(parameter)

    deleted = parameter.cloudformation.delete(parameter.physical_id)

    assert failed.reason.endswith(
        f"Its value is kept in parameter {copy_of(parameter)}, from which a rollback or the next attempt restores it."
    )
    assert left == {parameter.value}
    assert deleted.status == "SUCCESS"
    assert held(parameter) == set()


def test_fails_when_the_new_parameter_reads_differently(parameter: Parameter, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy stays, and the error names it; no value is in the answer."""
    account, name = parameter.account, parameter.name
    parameter.update(Tier="Advanced")
    store = parameter.cloudformation.store
    create = store.create

    def damaging(spec: ParameterSpec, *, value: str, tags: Mapping[str, str]) -> Written:
        return create(spec, value="damaged" if spec.name.text == name else value, tags=tags)

    monkeypatch.setattr(store, "create", damaging)
    failed = parameter.update(**REPLACED)

    assert f"does not read as the copy of its value in parameter {copy_of(parameter)} does" in failed.reason
    assert parameter.value not in failed.reason
    assert account.value(copy_of(parameter)) == parameter.value
    monkeypatch.undo()
    account.set_value(name, parameter.value)
    again = parameter.update(**REPLACED)
    assert (again.status, held(parameter)) == ("SUCCESS", {parameter.value})
    assert not account.exists(copy_of(parameter))
