"""Allowed patterns, as sequences of events: they come, change and go, and no value suffers."""

import pytest

from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.handler.store import Written
from tests.handler.aws import Account
from tests.handler.cloudformation import EXTERNAL, GENERATED, Address, CloudFormation, properties
from tests.handler.parameter import Parameter

CANARY = "canary-8f3a1c"
MATCHED = "[a-z0-9]{24}"
LOOSER = "[a-z0-9]+"
DIGITS = r"\d+"


def refused(account: Account, name: str, value: str) -> bool:
    """Return whether Parameter Store refuses a value that people set."""
    try:
        account.set_value(name, value)
    except account.ssm.exceptions.ParameterPatternMismatchException:
        return True
    return False


def test_pattern_comes_changes_and_goes_without_a_touch_to_the_value(
    account: Account, address: Address, key: str
) -> None:
    """Sent with the creation, kept by an edit of something else, and taken away: then every value is admitted."""
    parameter = Parameter(account, address, keys=[key], AllowedPattern=MATCHED)
    name, seen = parameter.name, [account.pattern(parameter.name)]
    for change in ({"Description": "d"}, {"Tier": "Advanced"}, {"AllowedPattern": LOOSER}):
        assert parameter.update(**change).status == "SUCCESS"
        seen.append(account.pattern(name))
    held = refused(account, name, "NO")
    taken_away = parameter.update(AllowedPattern="")

    assert seen == [MATCHED, MATCHED, MATCHED, LOOSER]
    assert held
    assert (taken_away.status, account.value(name)) == ("SUCCESS", parameter.value)
    assert account.pattern(name) == r"[\s\S]*", "right whatever Parameter Store makes of an empty one"
    assert not refused(account, name, "Of two\nlines")


def test_parameter_without_a_pattern_never_gets_one(parameter: Parameter) -> None:
    """Neither at its creation nor by an edit."""
    parameter.update(Description="d")

    assert parameter.account.pattern(parameter.name) == ""


def test_rollback_restores_pattern_and_value(account: Account, address: Address, key: str) -> None:
    """Both were changed, something else failed."""
    parameter = Parameter(account, address, keys=[key], AllowedPattern=MATCHED)

    updated = parameter.update(AllowedPattern="[a-z0-9]{64}", Source={**GENERATED, "Length": "64"})
    rolled_back = parameter.roll_back()

    assert (updated.status, rolled_back.status) == ("SUCCESS", "SUCCESS"), rolled_back.reason
    assert (account.pattern(parameter.name), account.value(parameter.name)) == (MATCHED, parameter.value)


def test_rollback_of_a_new_pattern_takes_it_away(parameter: Parameter) -> None:
    """Nothing is refused that was not refused before."""
    parameter.update(AllowedPattern=MATCHED)

    parameter.roll_back()

    assert parameter.account.value(parameter.name) == parameter.value
    assert not refused(parameter.account, parameter.name, "NO")


def test_rollback_leaves_what_the_earlier_pattern_refuses(account: Account, address: Address, key: str) -> None:
    """Somebody has set a value under the later pattern. To refuse it would leave the stack stuck in its rollback."""
    parameter = Parameter(account, address, keys=[key], AllowedPattern=MATCHED)
    parameter.update(AllowedPattern=LOOSER)
    account.set_value(parameter.name, "short")

    rolled_back = parameter.roll_back()

    assert rolled_back.status == "SUCCESS", rolled_back.reason
    assert (account.value(parameter.name), account.pattern(parameter.name)) == ("short", LOOSER)


def test_later_rollback_admits_what_was_left(account: Account, address: Address, key: str) -> None:
    """Neither pattern of it is the one that the value was set under."""
    parameter = Parameter(account, address, keys=[key], AllowedPattern=MATCHED)
    parameter.update(AllowedPattern=LOOSER)
    account.set_value(parameter.name, "short")
    parameter.roll_back()

    failed = parameter.update(Description="d")
    rolled_back = parameter.roll_back({**parameter.properties, "Description": "d"})

    assert (failed.status, rolled_back.status) == ("FAILED", "SUCCESS"), rolled_back.reason
    assert (account.value(parameter.name), account.pattern(parameter.name)) == ("short", r"[\s\S]*")


def test_fails_for_a_present_value_that_the_new_pattern_refuses(parameter: Parameter) -> None:
    """Nothing is changed, and the rollback has nothing to do."""
    account, name = parameter.account, parameter.name

    failed = parameter.update(AllowedPattern=DIGITS)
    after = (account.version(name), account.pattern(name), account.value(name))
    rolled_back = parameter.roll_back({**parameter.properties, "AllowedPattern": DIGITS})

    assert failed.reason == (
        f"parameter {name}: its value does not match its allowed pattern. Let allowed_pattern admit it, or let its "
        "source give another one; set it anew if people set it"
    )
    assert after == (1, "", parameter.value)
    assert (rolled_back.status, account.value(name)) == ("SUCCESS", parameter.value)


@pytest.mark.parametrize("source", [GENERATED, {"Kind": "NoEcho", "Value": CANARY}], ids=["generated", "no echo"])
def test_fails_to_create_what_the_pattern_refuses(
    account: Account, address: Address, key: str, source: object, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is left behind; the value is in neither answer nor log."""
    name = account.name("refused")
    cloudformation = CloudFormation(account.function([name], keys=[key]), address)

    failed = cloudformation.create(properties(name, KeyId=key, Source=source, AllowedPattern=DIGITS))

    assert failed.reason.startswith(f"parameter {name}: its value does not match its allowed pattern. ")
    assert not account.exists(name)
    assert CANARY not in failed.reason + capsys.readouterr().out
    assert cloudformation.delete(failed.physical_id).status == "SUCCESS"


def test_fails_for_what_is_no_regular_expression(account: Account, address: Address, key: str) -> None:
    """In words that name the prop."""
    name = account.name("refused")
    cloudformation = CloudFormation(account.function([name], keys=[key]), address)

    failed = cloudformation.create(properties(name, KeyId=key, AllowedPattern="("))

    assert failed.reason.endswith("no regular expression that Parameter Store understands. Correct allowed_pattern")


def test_external_parameter_starts_in_spite_of_its_pattern(account: Account, address: Address, key: str) -> None:
    """People are held to it; the value that stands for none is admitted, also when an edit puts it again."""
    parameter = Parameter(account, address, keys=[key], Source=EXTERNAL, AllowedPattern=DIGITS)

    edited = parameter.update(Description="d")

    assert edited.status == "SUCCESS", edited.reason
    assert account.value(parameter.name).startswith("not-set-yet-")
    assert refused(account, parameter.name, "no number")
    assert not refused(account, parameter.name, "42")


def test_value_set_in_between_that_the_new_pattern_refuses_stays_on_top(
    account: Account, address: Address, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The update fails, and what somebody set meanwhile is not hidden below the value from before."""
    parameter = Parameter(account, address, keys=[key], Source=EXTERNAL)
    store, overwrite = parameter.cloudformation.store, parameter.cloudformation.store.overwrite
    theirs = ["of somebody"]

    def late(spec: ParameterSpec, *, value: str, **cleared: bool) -> Written:
        if theirs:
            account.set_value(parameter.name, theirs.pop())
        return overwrite(spec, value=value, **cleared)

    monkeypatch.setattr(store, "overwrite", late)

    failed = parameter.update(AllowedPattern=DIGITS)

    assert failed.status == "FAILED"
    assert account.value(parameter.name) == "of somebody"
    assert not refused(account, parameter.name, "of somebody else")
