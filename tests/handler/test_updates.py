"""Update, as sequences of events, on an AWS that enforces the function's role."""

import json
from typing import Any

import pytest

from ssm_securestring.core.spec import ParameterSpec
from ssm_securestring.handler.store import Present, Written
from tests.handler.aws import Account
from tests.handler.cloudformation import EXTERNAL, GENERATED, Address
from tests.handler.parameter import Parameter

PUTS_BACK = ["ListTagsForResource", "GetParameter", "PutParameter"]
LONGER = {**GENERATED, "Length": "64"}


def test_metadata_edits_keep_the_value(parameter: Parameter) -> None:
    """A new description is a new version of the same value; taking it away again clears it."""
    parameter.calls()

    described = parameter.update(Description="For the orders service")

    assert (described.status, described.data["Version"]) == ("SUCCESS", "2")
    assert parameter.calls() == PUTS_BACK
    assert parameter.account.metadata(parameter.name)["Description"] == "For the orders service"
    assert parameter.account.value(parameter.name) == parameter.value

    cleared = parameter.update(Description="")

    assert cleared.data["Version"] == "3"
    assert parameter.account.metadata(parameter.name)["Description"] == ""
    assert parameter.account.value(parameter.name) == parameter.value


def test_tag_edits_put_nothing(parameter: Parameter) -> None:
    """Tags come and go without a new version; those that others set stay, and so do those that say whose it is."""
    account, name = parameter.account, parameter.name
    parameter.update(Tags={"team": "orders", "stage": "test"})
    account.ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=[{"Key": "cost", "Value": "42"}])
    parameter.calls()

    answer = parameter.update(Tags={"team": "people"})

    assert (answer.status, answer.data["Version"]) == ("SUCCESS", "1")
    assert "PutParameter" not in parameter.calls()
    assert account.tags(name) == {"team": "people", "cost": "42"}
    assert account.value(name) == parameter.value
    assert parameter.cloudformation.delete(parameter.physical_id).status == "SUCCESS"
    assert not account.exists(name)


def test_update_without_a_change_writes_nothing(parameter: Parameter) -> None:
    """An edit of a property that the function does not know, for example."""
    parameter.calls()

    answer = parameter.update(ServiceTimeout="600")

    assert answer.data["Version"] == "1"
    assert parameter.calls() == ["ListTagsForResource", "GetParameter"]
    decrypted = [
        record.event_name
        for record in parameter.account.aws.trail()
        if record.encryption_context.get("PARAMETER_ARN") == parameter.account.arn(parameter.name)
    ]
    assert decrypted == ["Encrypt", "Decrypt"], "of the creation and of the test itself"


def test_change_of_key_encrypts_the_same_value_anew(account: Account, address: Address) -> None:
    """And what is under the new key can be read without the old one."""
    old_key, new_key = account.new_key(), account.new_key()
    parameter = Parameter(account, address, keys=[old_key, new_key])

    answer = parameter.update(KeyId=new_key)

    assert (answer.status, answer.data["Version"], answer.physical_id) == ("SUCCESS", "2", parameter.physical_id)
    account.kms.disable_key(KeyId=old_key)
    assert account.metadata(parameter.name)["KeyId"] == new_key
    assert account.value(parameter.name) == parameter.value


def test_fails_where_the_value_reads_differently_under_the_new_key(
    account: Account, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says which version is good, before anybody deletes the old key; neither value is in it."""
    old_key, new_key = account.new_key(), account.new_key()
    parameter = Parameter(account, address, keys=[old_key, new_key])
    store = parameter.cloudformation.store
    read = store.read

    def garbled(name: str, *, version: int | None = None) -> Present:
        found = read(name, version=version)
        return found if version is None else Present(value=found.value[::-1], version=found.version)

    monkeypatch.setattr(store, "read", garbled)

    failed = parameter.update(KeyId=new_key)

    assert failed.reason == (
        f"parameter {parameter.name}: its value does not read under the new key as it did under the old one, in "
        "version 2. The version before it holds the right value; put it again, and do not delete the old key"
    )
    assert account.value(parameter.name, version=1) == parameter.value


def test_change_of_key_needs_nothing_that_names_the_old_key(account: Account, address: Address) -> None:
    """The template names the new key alone, and so does the role by the time of the update."""
    old_key, new_key = account.new_key(), account.new_key()
    parameter = Parameter(account, address, keys=[old_key])
    parameter.cloudformation.store = account.function([parameter.name], keys=[new_key])
    parameter.calls()

    answer = parameter.update(KeyId=new_key)

    assert answer.status == "SUCCESS", answer.reason
    assert parameter.calls() == PUTS_BACK
    assert account.calls(f"{parameter.name}:2") == ["GetParameter"], "what was put under the new key is read back"
    account.kms.disable_key(KeyId=old_key)
    assert account.value(parameter.name) == parameter.value


def test_fails_where_the_old_keys_policy_refuses(account: Account, address: Address) -> None:
    """Then nothing is changed, and the message says what is missing."""
    old_key, new_key = account.new_key(), account.new_key()
    parameter = Parameter(account, address, keys=[old_key])
    refusing: dict[str, object] = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                "Action": "kms:PutKeyPolicy",
                "Resource": "*",
            }
        ],
    }
    account.kms.put_key_policy(KeyId=old_key, PolicyName="default", Policy=json.dumps(refusing))
    parameter.cloudformation.store = account.function([parameter.name], keys=[new_key])

    failed = parameter.update(KeyId=new_key)

    assert failed.reason == (
        f"parameter {parameter.name}: its key changes, and its value, encrypted under {old_key}, cannot be read with "
        "the function's role any more. Nothing was changed. The function's role may decrypt its own parameters with "
        "any key, so it is the old key's policy or state that refuses: let it admit the function's role through "
        "Parameter Store until this deployment is done"
    )
    assert failed.physical_id == parameter.physical_id
    assert account.version(parameter.name) == 1


def test_fails_where_the_new_key_is_disabled(account: Account, address: Address) -> None:
    """The old version stays as it was; the message says what KMS says."""
    old_key, new_key = account.new_key(), account.new_key()
    account.kms.disable_key(KeyId=new_key)
    parameter = Parameter(account, address, keys=[old_key, new_key])

    failed = parameter.update(KeyId=new_key)

    assert f"parameter {parameter.name}: its KMS key cannot be used: {new_key} is disabled" in failed.reason
    assert (account.version(parameter.name), account.value(parameter.name)) == (1, parameter.value)


def test_tier_is_raised_in_place(parameter: Parameter) -> None:
    """Same parameter, same value, advanced from now on."""
    answer = parameter.update(Tier="Advanced")

    assert (answer.status, answer.data["Tier"]) == ("SUCCESS", "Advanced")
    assert parameter.account.value(parameter.name) == parameter.value


def test_fails_to_lower_the_tier_before_any_call(account: Account, address: Address, key: str) -> None:
    """Parameter Store does not do it, and says so only after the value has been read."""
    parameter = Parameter(account, address, keys=[key], Tier="Advanced")
    parameter.calls()

    failed = parameter.update(Tier="Standard")

    assert failed.reason.startswith(
        f"parameter {parameter.name}: it is an advanced parameter, and Parameter Store does not turn one into a "
    )
    assert parameter.calls() == []
    assert account.value(parameter.name) == parameter.value


def test_fails_in_the_same_words_where_parameter_store_had_chosen_advanced(
    account: Account, address: Address, key: str
) -> None:
    """Under intelligent-tiering the function cannot know beforehand; the refusal is translated."""
    parameter = Parameter(account, address, keys=[key], Tier="Intelligent-Tiering")
    account.ssm.put_parameter(
        Name=parameter.name, Value="x" * 5000, Type="SecureString", Overwrite=True, KeyId=key, Tier="Advanced"
    )
    account.ssm.put_parameter(
        Name=parameter.name, Value="short", Type="SecureString", Overwrite=True, KeyId=key, Tier="Advanced"
    )

    failed = parameter.update(Tier="Standard")

    assert "does not turn one into a standard one" in failed.reason
    assert account.value(parameter.name) == "short"


def test_changed_source_brings_a_new_value(parameter: Parameter) -> None:
    """Generated anew, then copied, then generated again: each change of the source is a new value."""
    account, name = parameter.account, parameter.name

    assert parameter.update(Source=LONGER).data["Version"] == "2"
    assert len(account.value(name)) == 64
    assert parameter.update(Source=parameter.copied).data["Version"] == "3"
    assert account.value(name) == "copied"
    assert parameter.update(Source=GENERATED).data["Version"] == "4"
    assert len(account.value(name)) == 24
    assert account.value(name) != parameter.value


def test_second_delivery_of_an_update_makes_no_second_value(parameter: Parameter) -> None:
    """A value that was answered for stays, whatever Lambda delivers again."""
    old = dict(parameter.properties)
    first = parameter.update(Source=LONGER, request_id="request-7")
    value = parameter.account.value(parameter.name)
    parameter.properties = old

    second = parameter.update(Source=LONGER, request_id="request-7")

    assert second.fields == first.fields
    assert parameter.account.value(parameter.name) == value


def test_rollback_of_an_update_that_changed_nothing_keeps_the_value(parameter: Parameter) -> None:
    """The source was to change and could not be read. The rollback looks like a change of source, and is none."""
    missing = {"Kind": "SecretsManager", "SecretArn": f"{parameter.copied['SecretArn']}-missing"}

    failed = parameter.update(Source=missing)
    rolled_back = parameter.roll_back({**parameter.properties, "Source": missing})

    assert (failed.status, rolled_back.status) == ("FAILED", "SUCCESS")
    assert "GetSecretValue is refused" in failed.reason
    assert (rolled_back.data["Version"], parameter.account.value(parameter.name)) == ("1", parameter.value)


@pytest.mark.parametrize(
    "changes",
    [{"Description": "d"}, {"Tags": {"team": "orders"}}, {"Tier": "Advanced"}, {"KeyId": "alias/aws/ssm"}],
    ids=["description", "tags", "tier", "key"],
)
def test_what_a_person_set_is_never_overwritten(
    account: Account, address: Address, key: str, changes: dict[str, Any]
) -> None:
    """The value of an external parameter is people's, whatever else the template changes."""
    parameter = Parameter(account, address, keys=[key], Source=EXTERNAL)
    account.set_value(parameter.name, "set by a person")

    answer = parameter.update(**changes)

    assert answer.status == "SUCCESS", answer.reason
    assert account.value(parameter.name) == "set by a person"


def test_handing_a_parameter_over_to_people_keeps_its_value(parameter: Parameter) -> None:
    """From generated to external: nothing is put."""
    answer = parameter.update(Source=EXTERNAL)

    assert (answer.status, answer.data["Version"]) == ("SUCCESS", "1")
    assert parameter.account.value(parameter.name) == parameter.value


def test_missing_parameter_is_made_anew(parameter: Parameter, capsys: pytest.CaptureFixture[str]) -> None:
    """Deleted behind the stack: same physical id, so that the stack goes on as if nothing had been; the log tells."""
    account, name = parameter.account, parameter.name
    account.ssm.delete_parameter(Name=name)
    capsys.readouterr()

    answer = parameter.update(Description="d")

    assert (answer.status, answer.physical_id, answer.data["Version"]) == ("SUCCESS", parameter.physical_id, "1")
    assert len(account.value(name)) == 24
    assert '"outcome": "recreated"' in capsys.readouterr().out
    assert parameter.cloudformation.delete(parameter.physical_id).status == "SUCCESS"
    assert not account.exists(name)


def test_fails_to_update_what_others_made_under_our_name(parameter: Parameter) -> None:
    """Deleted and made anew by somebody: it is theirs, and the update says so."""
    account, name = parameter.account, parameter.name
    account.ssm.delete_parameter(Name=name)
    account.put_foreign(name, "theirs")

    failed = parameter.update(Description="d")

    assert "its tags do not say any more that it is this resource's. It was not touched." in failed.reason
    assert (account.value(name), account.version(name)) == ("theirs", 1)


def test_fails_where_the_ownership_tag_is_lost(parameter: Parameter) -> None:
    """Reported, not guessed; and Delete leaves it alone."""
    account, name = parameter.account, parameter.name
    account.ssm.remove_tags_from_resource(
        ResourceType="Parameter", ResourceId=name, TagKeys=["ssm-securestring:incarnation"]
    )

    failed = parameter.update(Source=LONGER)
    deleted = parameter.cloudformation.delete(parameter.physical_id)

    assert "its tags do not say any more that it is this resource's" in failed.reason
    assert deleted.status == "SUCCESS"
    assert account.value(name) == parameter.value


def test_old_properties_of_a_later_version_are_no_obstacle(parameter: Parameter) -> None:
    """A rollback to an older version of the function sends it what it cannot read; the value stays."""
    later = {**parameter.properties, "ContractVersion": "2", "Source": {"Kind": "Sealed"}}

    answer = parameter.cloudformation.update(parameter.physical_id, later, parameter.properties)

    assert answer.status == "SUCCESS"
    assert parameter.account.value(parameter.name) == parameter.value


@pytest.mark.parametrize("rivals", [0, 1, 3], ids=["nobody", "one", "as many as are borne"])
def test_value_that_somebody_sets_in_between_stays_on_top(
    account: Account, address: Address, key: str, monkeypatch: pytest.MonkeyPatch, rivals: int
) -> None:
    """Parameter Store has no conditional put. Who sets a value between our read and our put does not lose it."""
    parameter = Parameter(account, address, keys=[key], Source=EXTERNAL)
    last = disturb(parameter, monkeypatch, rivals)

    answer = parameter.update(Description="d")

    assert answer.status == "SUCCESS", answer.reason
    assert account.value(parameter.name) == last
    assert answer.data["Version"] == str(account.version(parameter.name))


def test_fails_where_somebody_sets_the_value_again_and_again(
    parameter: Parameter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says where the last value of theirs is."""
    last = disturb(parameter, monkeypatch, 4)

    failed = parameter.update(Description="d")

    version = parameter.account.version(parameter.name)
    assert "check its value: the version before the newest is theirs" in failed.reason
    assert parameter.account.value(parameter.name, version=version - 1) == last


def disturb(parameter: Parameter, monkeypatch: pytest.MonkeyPatch, rivals: int) -> str:
    """Let others set values, one before each of the function's puts; returns the last one."""
    store, account, name = parameter.cloudformation.store, parameter.account, parameter.name
    overwrite = store.overwrite
    values = [f"rival {number}" for number in range(rivals)]
    last = values[-1] if values else parameter.value

    def late_overwrite(spec: ParameterSpec, *, value: str, **cleared: bool) -> Written:
        if values:
            account.set_value(name, values.pop(0))
        return overwrite(spec, value=value, **cleared)

    monkeypatch.setattr(store, "overwrite", late_overwrite)
    return last
