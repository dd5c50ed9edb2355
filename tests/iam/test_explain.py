"""An explanation names the statements and conditions that decide, and only changes that were tried."""

import pytest

from ssm_securestring.core.errors import SettingError
from ssm_securestring.iam.explain import explain
from tests.iam.worlds import (
    API_KEY,
    CONTEXT,
    PASSWORD,
    ROOT,
    VIA,
    allow,
    deny,
    key,
    policy,
    read_grant,
    reading,
    role,
    world,
)

READER = role("Reader", *reading(PASSWORD))
WORLD = world(READER, granted=[read_grant(READER, PASSWORD)])


def test_what_allows_is_named_with_what_would_close_it() -> None:
    """Statements of both sides, and every single change after which the value can no longer be read."""
    assert explain(WORLD, "Shop/Reader", "/shop/db/password", "read").splitlines() == [
        "Shop/Reader, read /shop/db/password: allowed",
        "",
        "One of the actions of Parameter Store is enough:",
        "",
        "ssm:GetParameter: /shop/db/password",
        "  allowed: an identity policy allows it",
        "  matches: Allow, Shop/ReaderPolicy, statement 1",
        "",
        "ssm:GetParameters: /shop/db/password",
        "  allowed: an identity policy allows it",
        "  matches: Allow, Shop/ReaderPolicy, statement 1",
        "",
        "kms:Decrypt with Shop/Key: /shop/db/password, through ssm.eu-west-1.amazonaws.com",
        "  allowed: an identity policy and the resource's own policy allow it",
        "  matches: Allow, Shop/ReaderPolicy, statement 2",
        "  matches: Allow, Shop/Key, statement 1",
        "",
        "What would close it, each by itself:",
        "  - remove Shop/ReaderPolicy, statement 1",
        "  - remove Shop/ReaderPolicy, statement 2",
        "  - remove Shop/Key, statement 1",
    ]


def test_the_condition_that_fails_is_named_with_both_values() -> None:
    """A neighbour under the same key, fetched with permission and not decrypted."""
    reader = role("Reader", allow("ssm:GetParameter", API_KEY), *reading(PASSWORD))

    told = explain(world(reader), "Shop/Reader", "/shop/mail/api-key", "read")

    assert told.splitlines()[0] == "Shop/Reader, read /shop/mail/api-key: refused"
    assert f"      StringEquals {CONTEXT}: {PASSWORD}; the request has {API_KEY}" in told.splitlines()
    assert told.splitlines()[-3:] == [
        "What would allow it, each by itself:",
        f"  - add {API_KEY} to StringEquals {CONTEXT} of Shop/ReaderPolicy, statement 3",
        "  - grant_read(...) on the parameter",
    ]


def test_a_denial_is_named_and_its_removal_proposed() -> None:
    """Nothing else would help."""
    reader = role(
        "Reader", *reading(PASSWORD), deny("kms:Decrypt", "*", Condition={"Bool": {"aws:ViaAWSService": "true"}})
    )

    told = explain(world(reader), "Reader", "/shop/db/password", "read").splitlines()

    assert "  refused: a statement denies it" in told
    assert told[-2:] == [
        "What would allow it, each by itself:",
        "  - remove Shop/ReaderPolicy, statement 3, which denies it",
    ]


def test_a_list_loses_one_value_where_it_has_more() -> None:
    """Rather than the whole statement, which others need."""
    reader = role("Reader", *reading(PASSWORD, API_KEY))

    told = explain(world(reader), "Reader", "/shop/db/password", "read").splitlines()

    assert told[-5:] == [
        f"  - take {PASSWORD} out of Resource of Shop/ReaderPolicy, statement 1",
        "  - remove Shop/ReaderPolicy, statement 1",
        f"  - take {PASSWORD} out of StringEquals {CONTEXT} of Shop/ReaderPolicy, statement 2",
        "  - remove Shop/ReaderPolicy, statement 2",
        "  - remove Shop/Key, statement 1",
    ]


def test_decrypt_means_every_way_to_see_a_value() -> None:
    """Through Parameter Store, old values, and past it."""
    told = explain(WORLD, "Reader", "shop/db/password", "decrypt").splitlines()

    assert [line for line in told if line.startswith("Shop/Reader, ")] == [
        "Shop/Reader, read /shop/db/password: allowed",
        "Shop/Reader, read history /shop/db/password: refused",
        "Shop/Reader, decrypt directly /shop/db/password: refused",
    ]
    # The key's policy and the reader's both bind the use of the key to Parameter Store.
    assert told[-1] == "What would allow it: more than one change"


def test_a_parameter_of_which_nothing_is_known_is_looked_at_as_well() -> None:
    """As if it were under the only key."""
    told = explain(WORLD, "Reader", "/shop/db/passwords", "read")

    assert told.splitlines()[0] == "Shop/Reader, read /shop/db/passwords: refused"


def test_a_key_that_shuts_out_needs_a_change_of_the_key() -> None:
    """A grant alone would not open it."""
    strict = policy(
        allow(
            "kms:Decrypt",
            "*",
            Principal={"AWS": ROOT},
            Condition={
                "StringEquals": {"kms:ViaService": VIA},
                "ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/Other"},
            },
        ),
        place="Shop/Key",
    )

    told = explain(world(READER, keys=[key(strict)]), "Reader", "/shop/db/password", "read").splitlines()

    assert told[-1] == (
        "  - add arn:aws:iam::111122223333:role/Reader to ArnEquals aws:PrincipalArn of Shop/Key, statement 1"
    )


@pytest.mark.parametrize(
    ("principal", "parameter", "operation", "message"),
    [
        ("Writer", "/shop/db/password", "read", "PRINCIPAL 'Writer' is not known here: write one of Shop/Reader"),
        ("Reader", "/shop/db/password", "look", "operation 'look' is none: write one of 'read', 'read history'"),
    ],
)
def test_fails_when_something_is_not_known(principal: str, parameter: str, operation: str, message: str) -> None:
    """And says what is."""
    with pytest.raises(SettingError) as caught:
        explain(WORLD, principal, parameter, operation)

    assert str(caught.value).startswith(message)
