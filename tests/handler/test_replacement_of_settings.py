"""Allowed patterns and parameter policies of a parameter that is deleted and created anew, and what roll backs make."""

from typing import Any

import pytest

from tests.handler.aws import Account
from tests.handler.cloudformation import EXTERNAL, GENERATED, Address
from tests.handler.faults import Fault
from tests.handler.parameter import Parameter

REPLACED: dict[str, Any] = {"Tier": "Standard", "AllowReplacement": "true", "Policies": []}
NOTICE = {"Type": "NoChangeNotification", "After": "20", "Unit": "Days"}
LATER, PASSED = ([{"Type": "Expiration", "Timestamp": f"{year}-01-01T00:00:00.000Z"}] for year in (2099, 2020))
MATCHED = "[A-Za-z0-9]{24}"
LOOSER = "[A-Za-z0-9]+"
DIGITS = "[0-9]+"


@pytest.fixture
def patterned(account: Account, address: Address, key: str) -> Parameter:
    """An advanced parameter with a pattern and a policy."""
    return Parameter(account, address, keys=[key], Tier="Advanced", AllowedPattern=MATCHED, Policies=[NOTICE])


def exists_copy(parameter: Parameter) -> bool:
    """Return whether there is a copy, its name spelled by hand."""
    return parameter.account.exists(f"{parameter.name}.recovery")


def cut_off_in_the_pause(parameter: Parameter, **changes: object) -> dict[str, object]:
    """Let a replacement fail while the parameter is not there; returns what was asked for."""
    for nth in range(1, 100):
        parameter.faults.next = Fault("out of time, after", nth)
        failed = parameter.update(**{**REPLACED, **changes})
        assert failed.status == "FAILED", "no call is left"
        if not parameter.account.exists(parameter.name):
            return {**parameter.properties, **REPLACED, **changes}
    raise AssertionError("it is always there")


def test_pattern_stays_and_holds_later_values(patterned: Parameter) -> None:
    """It is that of the template; what people set is refused as before."""
    account, name = patterned.account, patterned.name

    updated = patterned.update(**REPLACED)

    assert (updated.status, updated.data["Tier"]) == ("SUCCESS", "Standard"), updated.reason
    assert (account.value(name), account.pattern(name)) == (patterned.value, MATCHED)
    with pytest.raises(account.ssm.exceptions.ParameterPatternMismatchException):
        account.set_value(name, "short")


def test_rollback_brings_pattern_and_policies_back(patterned: Parameter) -> None:
    """Another pattern came with the replacement."""
    account, name = patterned.account, patterned.name

    patterned.update(**REPLACED, AllowedPattern=LOOSER)
    between = account.pattern(name)
    rolled_back = patterned.roll_back()

    assert between == LOOSER
    assert (rolled_back.status, rolled_back.data["Tier"]) == ("SUCCESS", "Advanced"), rolled_back.reason
    assert (account.value(name), account.pattern(name)) == (patterned.value, MATCHED)
    assert account.policies(name) == ["NoChangeNotification"]


def test_source_and_pattern_can_change_with_the_replacement(patterned: Parameter) -> None:
    """The earlier value need not match the pattern of the later one, nor the other way round."""
    account, name = patterned.account, patterned.name
    longer = {**GENERATED, "Length": "64"}

    updated = patterned.update(**REPLACED, Source=longer, AllowedPattern="[A-Za-z0-9]{64}")
    made = (len(account.value(name)), account.pattern(name))
    rolled_back = patterned.roll_back()

    assert (updated.status, updated.data["Version"], made) == ("SUCCESS", "2", (64, "[A-Za-z0-9]{64}"))
    assert rolled_back.status == "SUCCESS", rolled_back.reason
    assert (account.value(name), account.pattern(name)) == (patterned.value, MATCHED)
    assert account.policies(name) == ["NoChangeNotification"]


def test_external_value_that_is_not_set_yet_goes_along(account: Account, address: Address, key: str) -> None:
    """Copy and parameter admit what stands for no value, as the pattern did before."""
    parameter = Parameter(account, address, keys=[key], Tier="Advanced", Source=EXTERNAL, AllowedPattern=DIGITS)

    updated = parameter.update(**REPLACED)
    account.set_value(parameter.name, "12")

    assert updated.status == "SUCCESS", updated.reason
    assert account.value(parameter.name, version=1) == parameter.value


def test_rollback_admits_a_value_that_the_earlier_pattern_refuses(patterned: Parameter) -> None:
    """Set under a later pattern and left by an earlier rollback; to refuse it would leave the stack stuck."""
    account, name = patterned.account, patterned.name
    patterned.update(AllowedPattern=LOOSER)
    account.set_value(name, "short")
    patterned.roll_back()

    failed = cut_off_in_the_pause(patterned, AllowedPattern="")
    rolled_back = patterned.roll_back(failed)

    assert (rolled_back.status, rolled_back.data["Tier"]) == ("SUCCESS", "Advanced"), rolled_back.reason
    assert (account.value(name), account.pattern(name)) == ("short", "")
    assert account.policies(name) == ["NoChangeNotification"]
    assert not exists_copy(patterned)


def test_rollback_makes_nothing_if_it_has_expired_meanwhile(account: Account, address: Address, key: str) -> None:
    """Had nobody touched it, it would be gone by now; so its copy is, too."""
    parameter = Parameter(account, address, keys=[key], Tier="Advanced", Policies=LATER)

    failed = cut_off_in_the_pause(parameter)
    copied = exists_copy(parameter)
    parameter.properties = {**parameter.properties, "Policies": PASSED}
    rolled_back = parameter.roll_back(failed)

    assert copied
    assert (rolled_back.status, rolled_back.data["Version"]) == ("SUCCESS", "0"), rolled_back.reason
    assert not account.exists(parameter.name)
    assert not exists_copy(parameter)
    assert parameter.cloudformation.delete(parameter.physical_id).status == "SUCCESS"


def test_what_has_expired_comes_back_as_a_standard_parameter(account: Account, address: Address, key: str) -> None:
    """There is nothing to replace, so it takes no pause; a rollback leaves the value and makes it advanced again."""
    parameter = Parameter(account, address, keys=[key], Tier="Advanced")
    parameter.before = parameter.properties = {**parameter.properties, "Policies": PASSED}
    account.ssm.delete_parameter(Name=parameter.name)

    updated = parameter.update(**REPLACED)
    made = account.value(parameter.name)
    rolled_back = parameter.roll_back()

    assert (updated.status, updated.data["Tier"], updated.data["Version"]) == ("SUCCESS", "Standard", "1")
    assert (rolled_back.status, rolled_back.data["Tier"]) == ("SUCCESS", "Advanced"), rolled_back.reason
    assert account.value(parameter.name) == made
    assert parameter.waits == []


def test_fails_before_anything_is_gone_if_the_value_does_not_match(patterned: Parameter) -> None:
    """Parameter Store refuses the copy; the parameter keeps its versions, and the rollback tidies up."""
    account, name = patterned.account, patterned.name

    failed = patterned.update(**REPLACED, AllowedPattern=DIGITS)
    after = (account.value(name), account.version(name), account.metadata(name)["Tier"], account.pattern(name))
    rolled_back = patterned.roll_back({**patterned.properties, **REPLACED, "AllowedPattern": DIGITS})
    tags = account.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]

    assert failed.reason == (
        f"parameter {name}: its value does not match its allowed pattern, so it was not replaced. "
        "Let allowed_pattern admit it, or set a value that matches first"
    )
    assert after == (patterned.value, 1, "Advanced", MATCHED)
    assert rolled_back.status == "SUCCESS", rolled_back.reason
    assert (account.value(name), account.policies(name)) == (patterned.value, ["NoChangeNotification"])
    assert "ssm-securestring:recovery" not in [each["Key"] for each in tags]
    assert not exists_copy(patterned)
