"""Parameters of another account, which have the same names as one's own and are others."""

import json
from typing import Any

import pytest

from ssm_securestring import ParameterNameError, ParameterNotFoundError, SecureStrings
from ssm_securestring.local import EmbeddedAccount, EmbeddedAws

NAME = "/shop/db"


def store(account: EmbeddedAccount, value: str, **more: Any) -> str:  # noqa: ANN401 - arguments of the API
    """Store a SecureString in an account and return its ARN."""
    ssm: Any = account.client("ssm")
    ssm.put_parameter(Name=NAME, Value=value, Type="SecureString", **more)
    return f"arn:aws:ssm:eu-west-1:{account.account}:parameter{NAME}"


@pytest.fixture
def reader(embedded_aws: EmbeddedAws) -> EmbeddedAccount:
    """Make an account that is nobody else's."""
    return embedded_aws.new_account()


@pytest.fixture
def theirs(embedded_aws: EmbeddedAws, reader: EmbeddedAccount, monkeypatch: pytest.MonkeyPatch) -> str:
    """Be an account that another one has shared a parameter with; return that one's ARN."""
    owner = embedded_aws.new_account()
    for name, text in reader.environment().items():
        monkeypatch.setenv(name, text)
    roots = [f"arn:aws:iam::{each.account}:root" for each in (owner, reader)]

    def document(**statement: object) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})

    policy = document(Principal={"AWS": roots}, Action="kms:*", Resource="*")
    key = owner.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
    arn = store(owner, "theirs", Tier="Advanced", KeyId=key)
    actions = ["ssm:GetParameter", "ssm:GetParameters"]
    shared = document(Principal={"AWS": roots[1]}, Action=actions, Resource=arn)
    owner.client("ssm").put_resource_policy(ResourceArn=arn, Policy=shared)
    store(reader, "mine")
    return arn


@pytest.mark.parametrize("together", [False, True], ids=["singly", "together"])
@pytest.mark.parametrize("first", ["theirs", "mine"])
def test_the_same_name_in_two_accounts_is_two_parameters(theirs: str, first: str, together: bool) -> None:  # noqa: FBT001 - a case
    """In whichever order they are asked for: neither stands for the other in the cache."""
    secrets = SecureStrings()
    names = [theirs, NAME] if first == "theirs" else [NAME, theirs]
    if together:
        values = {name: value.reveal() for name, value in secrets.get_many(names).items()}
        assert values == {theirs: "theirs", NAME: "mine"}
    assert {name: secrets.get(name).reveal() for name in names} == {theirs: "theirs", NAME: "mine"}
    assert secrets.refresh(theirs).reveal() == "theirs"
    assert secrets.get(NAME).reveal() == "mine"


def test_fails_to_write_what_is_theirs(theirs: str) -> None:
    """Their ARN is no name here, and what is put under the name is one's own."""
    secrets = SecureStrings()
    secrets.get(theirs)
    with pytest.raises(ParameterNameError, match="is an ARN"):
        secrets.put(theirs, "x")
    assert secrets.put(NAME, "newer") == 2
    assert secrets.get(theirs).reveal() == "theirs"
    assert secrets.get(NAME).reveal() == "newer"


@pytest.mark.parametrize("together", [False, True], ids=["singly", "together"])
def test_fails_for_a_name_that_only_they_have(
    theirs: str,
    reader: EmbeddedAccount,
    together: bool,  # noqa: FBT001 - a case
) -> None:
    """That their parameter is known does not make one of this account."""
    reader.client("ssm").delete_parameter(Name=NAME)
    secrets = SecureStrings()
    if together:
        values = secrets.get_many([theirs, NAME])
        assert values[theirs].reveal() == "theirs"
        assert isinstance(values.errors[NAME], ParameterNotFoundError)
    assert secrets.get(theirs).reveal() == "theirs"
    with pytest.raises(ParameterNotFoundError):
        secrets.get(NAME)
    assert secrets.get(theirs).reveal() == "theirs"


def test_invalidation_by_name_reaches_what_was_read_by_arn(theirs: str, reader: EmbeddedAccount) -> None:
    """And the other way round. Whose the ARN is does not matter: to forget too much costs a call."""
    own = theirs.replace(theirs.split(":")[4], reader.account)
    ssm = reader.client("ssm")
    secrets = SecureStrings()
    assert secrets.get(own).reveal() == "mine"
    ssm.put_parameter(Name=NAME, Value="newer", Type="SecureString", Overwrite=True)
    assert secrets.get(own).reveal() == "mine"
    secrets.invalidate(NAME)
    assert secrets.get(own).reveal() == "newer"
    assert secrets.get(NAME).reveal() == "newer"
    ssm.put_parameter(Name=NAME, Value="newest", Type="SecureString", Overwrite=True)
    secrets.invalidate(own)
    assert secrets.get(NAME).reveal() == "newest"
