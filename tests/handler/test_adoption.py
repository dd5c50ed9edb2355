"""Adoption: a parameter that is there already becomes the stack's, with its value, and is given back undeleted."""

import pytest

from tests.handler.aws import Account
from tests.handler.cloudformation import EXTERNAL, OTHER_STACK_ID, Address, Answer, CloudFormation, properties


class Adoption:
    """A parameter that people made, and a stack that is to adopt it."""

    def __init__(self, account: Account, address: Address, key: str) -> None:
        self.account = account
        self.name = account.name("adopted")
        self.key = key
        self.cloudformation = CloudFormation(account.function([self.name], keys=[key]), address)

    def make(self, **changes: str) -> None:
        """Let people make it."""
        given = {"Value": "of people", "Type": "SecureString", "KeyId": self.key, **changes}
        self.account.ssm.put_parameter(Name=self.name, **{key: text for key, text in given.items() if text})  # type: ignore[arg-type]  # a table

    def adopt(self, **changes: object) -> Answer:
        """Let the stack adopt it."""
        wanted = {"Source": EXTERNAL, "AdoptExisting": "true", "Tags": {"team": "orders"}, **changes}
        return self.cloudformation.create(properties(self.name, KeyId=self.key, **wanted))


@pytest.fixture
def adoption(account: Account, address: Address, key: str) -> Adoption:
    """One that has not happened yet."""
    return Adoption(account, address, key)


@pytest.mark.parametrize("source", [EXTERNAL, {"Kind": "Generated", "Length": "24", "Classes": ["digits"]}])
def test_adoption_leaves_the_value_alone(adoption: Adoption, source: object) -> None:
    """Not even a new version; afterwards the stack changes it like its own."""
    adoption.make()

    adopted = adoption.adopt(Source=source)

    account, name = adoption.account, adoption.name
    assert (adopted.status, adopted.data["Version"]) == ("SUCCESS", "1"), adopted.reason
    assert (account.value(name), account.tags(name)) == ("of people", {"team": "orders"})
    before = properties(name, KeyId=adoption.key, Source=source, AdoptExisting="true")
    updated = adoption.cloudformation.update(adopted.physical_id, before, {**before, "Description": "d"})
    assert updated.data["Version"] == "2"
    assert account.value(name) == "of people"


def test_adoption_is_undone_without_deletion(adoption: Adoption) -> None:
    """By a failed creation or by leaving the stack: our tags go, the parameter stays."""
    adoption.make()
    adopted = adoption.adopt()

    deleted = adoption.cloudformation.delete(adopted.physical_id)

    found = adoption.account.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=adoption.name)["TagList"]
    assert deleted.status == "SUCCESS"
    assert adoption.account.value(adoption.name) == "of people"
    assert [tag["Key"] for tag in found] == ["team"]
    assert adoption.cloudformation.delete(adopted.physical_id).status == "SUCCESS", "a second delivery"
    assert adoption.account.exists(adoption.name)


def test_release_needs_no_permission_that_names_the_parameter(adoption: Adoption) -> None:
    """Its ARN has left the role by then; its tag lets the function go on."""
    adoption.make()
    adopted = adoption.adopt()
    adoption.cloudformation.store = adoption.account.function([])

    assert adoption.cloudformation.delete(adopted.physical_id).status == "SUCCESS"
    assert adoption.account.exists(adoption.name)


def test_what_is_not_there_is_created_and_later_deleted(adoption: Adoption) -> None:
    """So one app serves the account that has the parameter and the one that has not."""
    created = adoption.adopt()

    assert created.status == "SUCCESS"
    assert adoption.account.value(adoption.name).startswith("not-set-yet-")
    adoption.cloudformation.delete(created.physical_id)
    assert not adoption.account.exists(adoption.name)


def test_second_delivery_of_an_adoption_does_nothing(adoption: Adoption) -> None:
    """Its tags say that it is ours already."""
    adoption.make()
    wanted = properties(adoption.name, KeyId=adoption.key, Source=EXTERNAL, AdoptExisting="true")

    first = adoption.cloudformation.create(wanted, request_id="r")
    second = adoption.cloudformation.create(wanted, request_id="r")

    assert first.fields == second.fields


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ({"Type": "String", "KeyId": ""}, "its type is String, and Parameter Store does not change the type"),
        ({"Tier": "Advanced"}, "its tier is Advanced, and Standard in the template"),
        ({"KeyId": "alias/aws/ssm"}, "its key is alias/aws/ssm, and arn:aws:kms:"),
        ({"AllowedPattern": "[a-z ]+"}, "its allowed pattern is '[a-z ]+', and '' in the template"),
    ],
    ids=["type", "tier", "key", "pattern"],
)
def test_fails_to_adopt_what_is_not_what_the_template_says(adoption: Adoption, made: dict[str, str], says: str) -> None:
    """To change it in the same deployment could not be undone."""
    adoption.make(**made)

    failed = adoption.adopt()

    assert f"it cannot be adopted, because {says}" in failed.reason
    assert adoption.account.tags(adoption.name) == {}
    assert adoption.cloudformation.delete(failed.physical_id).status == "SUCCESS"
    assert adoption.account.value(adoption.name) == "of people"


def test_fails_to_adopt_what_another_stack_keeps_in_place(adoption: Adoption) -> None:
    """And does not touch it."""
    adoption.account.put_foreign(adoption.name, "theirs", **{"ssm-securestring:stack": OTHER_STACK_ID})

    failed = adoption.adopt()

    assert f"it cannot be adopted, because it is that of {OTHER_STACK_ID}. It was not touched" in failed.reason
    assert adoption.account.value(adoption.name) == "theirs"


@pytest.mark.parametrize("found", [r"[a-z ]+", r"(?:[a-z ]+)|not-set-yet-[A-Za-z0-9_-]+"], ids=["people's", "ours"])
def test_adoption_keeps_the_allowed_pattern(adoption: Adoption, found: str) -> None:
    """As people wrote it, or as an earlier stack did for an external value; an edit keeps it, too."""
    adoption.make(AllowedPattern=found)

    adopted = adoption.adopt(AllowedPattern="[a-z ]+")

    account, name = adoption.account, adoption.name
    assert (adopted.status, account.pattern(name), account.version(name)) == ("SUCCESS", found, 1), adopted.reason
    before = properties(name, KeyId=adoption.key, Source=EXTERNAL, AdoptExisting="true", AllowedPattern="[a-z ]+")
    adoption.cloudformation.update(adopted.physical_id, before, {**before, "Description": "d"})
    assert account.pattern(name) == "(?:[a-z ]+)|not-set-yet-[A-Za-z0-9_-]+"
    assert account.value(name) == "of people"


def test_key_id_without_its_arn_is_the_same_key(adoption: Adoption) -> None:
    """People write the id; the template has the ARN."""
    adoption.make(KeyId=adoption.key.rpartition("/")[2])

    assert adoption.adopt().status == "SUCCESS"


def test_fails_as_long_as_nobody_has_set_the_value(account: Account, address: Address, key: str) -> None:
    """Asked for by must_be_set; once the value is set, the deployment passes."""
    name = account.name("set")
    cloudformation = CloudFormation(account.function([name], keys=[key]), address)
    before = properties(name, KeyId=key, Source=EXTERNAL)
    after = {**before, "Source": {"Kind": "External", "MustBeSet": "true"}}
    created = cloudformation.create(before)

    failed = cloudformation.update(created.physical_id, before, after)
    account.set_value(name, "set by a person")
    passed = cloudformation.update(created.physical_id, before, after)

    assert failed.reason.startswith(f"parameter {name}: nobody has set its value yet, and must_be_set=True asks for")
    assert passed.status == "SUCCESS"
    assert account.value(name) == "set by a person"


def test_copy_of_a_string_becomes_a_secure_one(account: Account, address: Address, key: str) -> None:
    """The way from a parameter in clear to an encrypted one of another name; another token copies again."""
    name, clear = account.name("secure"), account.name("copied")
    account.ssm.put_parameter(Name=clear, Value="first", Type="String")
    cloudformation = CloudFormation(account.function([name], keys=[key], copied=[clear]), address)
    source = {"Kind": "Copy", "ParameterArn": account.arn(clear)}
    before = properties(name, KeyId=key, Source=source)

    created = cloudformation.create(before)
    first = account.value(name)
    account.ssm.put_parameter(Name=clear, Value="second", Type="String", Overwrite=True)
    cloudformation.update(created.physical_id, before, {**before, "Source": {**source, "Follow": "2"}})

    assert (created.status, first, account.value(name)) == ("SUCCESS", "first", "second"), created.reason


def test_fails_where_there_is_nothing_to_copy(account: Account, address: Address, key: str) -> None:
    """The message says which of the two parameters is meant."""
    name, clear = account.name("secure"), account.name("copied")
    cloudformation = CloudFormation(account.function([name], keys=[key], copied=[clear]), address)

    failed = cloudformation.create(
        properties(name, KeyId=key, Source={"Kind": "Copy", "ParameterArn": account.arn(clear)})
    )

    assert "the one that its value is copied from does not exist. Create the one to copy from first" in failed.reason
    assert not account.exists(name)
