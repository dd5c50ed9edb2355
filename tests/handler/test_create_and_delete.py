"""Create and Delete, as sequences of events, on an AWS that enforces the function's role."""

import json

import pytest

from tests.handler.aws import Account
from tests.handler.cloudformation import (
    EXTERNAL,
    GENERATED,
    OTHER_STACK_ID,
    STACK_ID,
    Address,
    CloudFormation,
    properties,
)

NAME_TAKEN = "a parameter of this name exists and is not this resource's"


def test_generated_parameter_lives_and_dies(account: Account, address: Address, key: str) -> None:
    """Create makes it under the key that was asked for, the answer tells all but the value, Delete removes it."""
    name = account.name("password")
    cloudformation = CloudFormation(account.function([name], keys=[key]), address)
    wanted = properties(name, KeyId=key, Description="For the orders service", Tags={"team": "orders"})

    created = cloudformation.create(wanted)

    assert created.status == "SUCCESS"
    assert created.physical_id.startswith(f"{account.arn(name)}#")
    assert created.data == {"Arn": account.arn(name), "Name": name, "Version": "1", "Tier": "Standard"}
    assert len(account.value(name)) == 24
    assert account.value(name).encode() not in created.body
    assert account.metadata(name) == {"KeyId": key, "Tier": "Standard", "Description": "For the orders service"}
    assert account.tags(name) == {"team": "orders"}

    deleted = cloudformation.delete(created.physical_id)

    assert (deleted.status, deleted.physical_id) == ("SUCCESS", created.physical_id)
    assert not account.exists(name)


@pytest.mark.parametrize("field", [None, "password"], ids=["whole", "field"])
def test_secret_is_copied(account: Account, address: Address, key: str, field: str | None) -> None:
    """From Secrets Manager, inside the function: neither the event nor the answer holds it."""
    name, document = account.name("copy"), json.dumps({"user": "u", "password": "canary-secret"})
    secret = account.put_secret(document)
    cloudformation = CloudFormation(account.function([name], keys=[key], secrets=[secret]), address)
    source = {"Kind": "SecretsManager", "SecretArn": secret, **({"JsonField": field} if field else {})}

    created = cloudformation.create(properties(name, KeyId=key, Source=source))

    assert account.value(name) == ("canary-secret" if field else document)
    assert b"canary-secret" not in created.body
    assert cloudformation.delete(created.physical_id).status == "SUCCESS"
    assert not account.exists(name)


def test_external_parameter_starts_with_a_placeholder(account: Account, address: Address, key: str) -> None:
    """It is there for others to fill in, and goes with the stack."""
    name = account.name("external")
    cloudformation = CloudFormation(account.function([name], keys=[key]), address)

    created = cloudformation.create(properties(name, KeyId=key, Source=EXTERNAL))

    assert account.value(name).startswith("not-set-yet-")
    assert cloudformation.delete(created.physical_id).status == "SUCCESS"
    assert not account.exists(name)


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        (("Advanced", "24"), "Advanced"),
        (("Intelligent-Tiering", "24"), "Standard"),
        (("Intelligent-Tiering", "5000"), "Advanced"),
    ],
)
def test_answer_tells_the_tier_that_parameter_store_chose(
    account: Account, address: Address, key: str, asked: tuple[str, str], chosen: str
) -> None:
    """Also where nothing is put, so that what depends on it does not change for nothing."""
    name, (tier, length) = account.name("tiered"), asked
    cloudformation = CloudFormation(account.function([name], keys=[key]), address)
    wanted = properties(name, KeyId=key, Tier=tier, Source={**GENERATED, "Length": length})

    created = cloudformation.create(wanted)
    tagged = cloudformation.update(created.physical_id, wanted, {**wanted, "Tags": {"team": "orders"}})

    assert (created.data["Tier"], tagged.data["Tier"]) == (chosen, chosen)


def test_aws_managed_key_needs_no_kms_permission(account: Account, address: Address) -> None:
    """The explicit choice of the AWS managed key works with a role that names no key."""
    name = account.name("managed")

    created = CloudFormation(account.function([name]), address).create(properties(name, KeyId="alias/aws/ssm"))

    assert created.status == "SUCCESS"
    assert account.metadata(name)["KeyId"] == "alias/aws/ssm"


def test_single_level_name_is_one_parameter_with_or_without_slash(account: Account, address: Address, key: str) -> None:
    """The physical id holds the ARN, which has the slash either way; Delete finds the parameter nevertheless."""
    name = account.path.replace("/t", "/single")
    cloudformation = CloudFormation(account.function([name], keys=[key]), address)

    created = cloudformation.create(properties(name, KeyId=key))
    deleted = cloudformation.delete(created.physical_id)

    assert (created.status, deleted.status) == ("SUCCESS", "SUCCESS")
    assert not account.exists(name)


def test_second_delivery_of_create_changes_nothing(account: Account, address: Address, key: str) -> None:
    """Lambda may deliver an event twice: same answer, same value."""
    name = account.name("password")
    cloudformation = CloudFormation(account.function([name], keys=[key]), address)

    first = cloudformation.create(properties(name, KeyId=key), request_id="request-7")
    value = account.value(name)
    second = cloudformation.create(properties(name, KeyId=key), request_id="request-7")

    assert second.fields == first.fields
    assert (account.value(name), account.version(name)) == (value, 1)


@pytest.mark.parametrize("owner", [None, OTHER_STACK_ID, STACK_ID], ids=["nobody", "other stack", "same stack"])
def test_fails_over_a_foreign_parameter_and_the_delete_that_follows_spares_it(
    account: Account, address: Address, key: str, owner: str | None
) -> None:
    """CloudFormation sends Delete with the id of the failed answer. The foreign parameter survives both."""
    name = account.name("taken")
    tags = {"ssm-securestring:stack": owner, "ssm-securestring:incarnation": "0123456789ab"} if owner else {}
    account.put_foreign(name, "theirs", **tags)
    cloudformation = CloudFormation(account.function([name], keys=[key]), address)

    failed = cloudformation.create(properties(name, KeyId=key))
    deleted = cloudformation.delete(failed.physical_id)

    assert (failed.status, deleted.status) == ("FAILED", "SUCCESS")
    assert failed.reason.startswith(f"parameter {name}: {NAME_TAKEN}")
    assert (account.value(name), account.version(name)) == ("theirs", 1)
    # The role may not read tags of other stacks, so their name is not known to it.
    assert ("made by another resource of this stack" in failed.reason) == (owner == STACK_ID)


def test_fails_naming_the_stack_that_has_the_parameter(account: Account, address: Address, key: str) -> None:
    """Where the role may read the tags."""
    name = account.name("taken")
    account.put_foreign(name, "theirs", **{"ssm-securestring:stack": OTHER_STACK_ID})
    function = account.function([name], keys=[key])
    function._ssm = account.ssm

    failed = CloudFormation(function, address).create(properties(name, KeyId=key))

    assert f"{NAME_TAKEN}, but that of {OTHER_STACK_ID}. It was not touched." in failed.reason


@pytest.mark.parametrize("physical_id", ["shop-Password-1ABCDEFGHIJKL", "Custom::SsmSecureString/create-failed/r"])
def test_delete_for_an_invented_id_calls_nothing(account: Account, address: Address, physical_id: str) -> None:
    """Not even with a role that could: the properties name a parameter, but an id that is not ours is not gone by."""
    name = account.name("spared")
    account.put_foreign(name, "theirs")

    deleted = CloudFormation(account.function([name]), address).delete(physical_id, properties(name))

    assert (deleted.status, deleted.physical_id) == ("SUCCESS", physical_id)
    assert account.calls(name) == ["PutParameter"]
    assert account.calls(name, denied=True) == []


def test_delete_of_a_missing_parameter_succeeds(account: Account, address: Address, key: str) -> None:
    """Somebody was faster; a stack that could not be deleted any more would help nobody."""
    name = account.name("gone")
    cloudformation = CloudFormation(account.function([name], keys=[key]), address)
    created = cloudformation.create(properties(name, KeyId=key))
    account.ssm.delete_parameter(Name=name)

    assert cloudformation.delete(created.physical_id).status == "SUCCESS"
    # The same when the role may see which it is.
    cloudformation.store._ssm = account.ssm
    assert cloudformation.delete(created.physical_id).status == "SUCCESS"


def test_delete_spares_a_parameter_that_others_made_under_our_name(
    account: Account, address: Address, key: str
) -> None:
    """Deleted behind the stack and made anew by somebody: it is theirs."""
    name = account.name("replaced")
    cloudformation = CloudFormation(account.function([name], keys=[key]), address)
    created = cloudformation.create(properties(name, KeyId=key))
    account.ssm.delete_parameter(Name=name)
    account.put_foreign(name, "theirs")

    deleted = cloudformation.delete(created.physical_id)

    assert deleted.status == "SUCCESS"
    assert account.value(name) == "theirs"


def test_delete_goes_by_tags_when_the_role_lists_the_parameter_no_more(
    account: Account, address: Address, key: str
) -> None:
    """A parameter that left the template is deleted after its ARN left the role."""
    name = account.name("removed")
    created = CloudFormation(account.function([name], keys=[key]), address).create(properties(name, KeyId=key))

    deleted = CloudFormation(account.function([]), address).delete(created.physical_id)

    assert deleted.status == "SUCCESS"
    assert not account.exists(name)


def test_fails_where_the_value_is_too_long_and_leaves_nothing(account: Account, address: Address, key: str) -> None:
    """A secret over the tier's limit: the message has name, length and limit, and nothing was made."""
    name = account.name("long")
    secret = account.put_secret("canary" * 800)
    cloudformation = CloudFormation(account.function([name], keys=[key], secrets=[secret]), address)
    source = {"Kind": "SecretsManager", "SecretArn": secret}

    failed = cloudformation.create(properties(name, KeyId=key, Source=source))

    assert failed.reason == (
        f"parameter {name}: its value has 4800 bytes, and tier Standard takes 4096 at most. "
        "Use a tier that takes more, or a shorter value"
    )
    assert not account.exists(name)
    assert cloudformation.delete(failed.physical_id).status == "SUCCESS"


def test_fails_where_the_secret_lacks_the_field(
    account: Account, address: Address, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names secret and field; neither it nor the logs repeat what is in the secret."""
    name = account.name("copy")
    secret = account.put_secret('{"pass": "canary"}')
    cloudformation = CloudFormation(account.function([name], keys=[key], secrets=[secret]), address)
    source = {"Kind": "SecretsManager", "SecretArn": secret, "JsonField": "password"}

    failed = cloudformation.create(properties(name, KeyId=key, Source=source))

    assert failed.reason.startswith(f"parameter {name}: secret {secret} has no field 'password'. ")
    output = capsys.readouterr()
    assert "canary" not in output.out + output.err + failed.body.decode()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"Name": "shop/db"}, "has no leading slash: write '/shop/db'"),
        ({"ContractVersion": "2"}, "deploy function and template with the same version of ssm-securestring"),
        ({"Source": {"Kind": "Literal"}}, "Source.Kind 'Literal' is unknown to this function"),
    ],
    ids=["bad name", "newer contract", "unknown source"],
)
def test_fails_for_properties_that_make_no_sense(
    account: Account, address: Address, changes: dict[str, object], says: str
) -> None:
    """And the Delete that follows succeeds."""
    cloudformation = CloudFormation(account.function([]), address)

    failed = cloudformation.create(properties(account.name("odd"), **changes))

    assert failed.status == "FAILED"
    assert says in failed.reason
    assert cloudformation.delete(failed.physical_id).status == "SUCCESS"
