"""The table tells operations as a whole: an action of Parameter Store and the use of the key."""

import pytest

from ssm_securestring.core.access import Verb
from ssm_securestring.core.tiers import Tier
from ssm_securestring.iam.model import Verdict
from ssm_securestring.iam.operations import Operation, paths_above
from ssm_securestring.iam.table import table_of
from ssm_securestring.iam.world import Declared, Parameter, Principal, World
from tests.iam.worlds import (
    API_KEY,
    CONTEXT,
    KEY_ARN,
    PASSWORD,
    PREFIX,
    ROOT,
    VIA,
    allow,
    key,
    policy,
    read_grant,
    reading,
    role,
    world,
)

VIA_CONTEXT = {"StringEquals": {"kms:ViaService": VIA, CONTEXT: PASSWORD}}


def rows(known: World) -> list[tuple[str, str, str, bool]]:
    """Return what is allowed or was granted, of whoever there is."""
    return [(each.parameter.name, each.operation.value, each.verdict.value, each.granted) for each in table_of(known)]


def test_half_of_what_it_takes_is_nothing() -> None:
    """Neither fetching without the key nor the key without fetching shows a value."""
    fetch, decrypt = reading(PASSWORD)

    assert rows(world(role("Reader", fetch))) == []
    assert rows(world(role("Reader", decrypt))) == []
    assert rows(world(role("Reader", fetch, decrypt))) == [("/shop/db/password", "read", "allowed", False)]


@pytest.mark.parametrize(
    ("fetch", "operation"),
    [
        (allow("ssm:GetParameters", PASSWORD), "read"),
        (allow("ssm:GetParametersByPath", f"{PREFIX}/shop/db"), "read"),
        (allow("ssm:GetParametersByPath", f"{PREFIX}/"), "read"),
        (allow("ssm:GetParameterHistory", PASSWORD), "read history"),
    ],
)
def test_every_way_to_fetch_counts(fetch: dict[str, object], operation: str) -> None:
    """A path above returns the parameter, too, whatever is said of the parameter itself."""
    reader = role("Reader", fetch, allow("kms:Decrypt", KEY_ARN, Condition=VIA_CONTEXT))

    assert rows(world(reader)) == [("/shop/db/password", operation, "allowed", False)]


@pytest.mark.parametrize(
    ("tier", "action", "writes"),
    [
        (Tier.STANDARD, "kms:Encrypt", True),
        (Tier.STANDARD, "kms:GenerateDataKey", False),
        (Tier.ADVANCED, "kms:Encrypt", False),
        (Tier.ADVANCED, "kms:GenerateDataKey", True),
        (Tier.INTELLIGENT_TIERING, "kms:Encrypt", False),
    ],
)
def test_writing_takes_what_the_tier_takes(tier: Tier, action: str, *, writes: bool) -> None:
    """Standard parameters are encrypted by KMS, advanced ones under a data key; which one it will be may be open."""
    writer = role("Writer", allow("ssm:PutParameter", PASSWORD), allow(action, KEY_ARN, Condition=VIA_CONTEXT))
    parameter = Parameter(arn=PASSWORD, name="/shop/db/password", tier=tier, key=KEY_ARN, stack="Shop")
    known = World(principals=(writer,), keys=(key(),), parameters=(parameter,), declared=())

    assert rows(known) == ([("/shop/db/password", "write", "allowed", False)] if writes else [])


def test_what_was_granted_and_is_refused_is_told() -> None:
    """It is in the table though nothing is allowed."""
    reader = role("Reader")

    cells = list(table_of(world(reader, granted=[read_grant(reader, PASSWORD)])))

    assert [(each.operation, each.verdict, each.granted, each.as_granted) for each in cells] == [
        (Operation.READ, Verdict.DENIED, True, False)
    ]


def test_a_parameter_that_only_grants_name_is_told() -> None:
    """As of an app that keeps it elsewhere; its key is the one of the grant."""
    elsewhere = f"{PREFIX}/other/secret"
    wide = policy(allow("kms:*", "*", Principal={"AWS": ROOT}), place="Shop/Key")
    reader = role("Reader", *reading(elsewhere))

    known = world(reader, granted=[read_grant(reader, elsewhere)], keys=[key(wide)])

    assert rows(known) == [("/other/secret", "read", "allowed", True)]


def test_metadata_is_of_all_parameters_or_none() -> None:
    """DescribeParameters cannot be bound to a parameter."""
    auditor = role("Auditor", allow("ssm:DescribeParameters", "*"))
    granted = [read_grant(auditor, PASSWORD, verb=Verb.READ_METADATA)]

    assert rows(world(auditor, granted=granted)) == [
        ("/shop/db/password", "read metadata", "allowed", True),
        ("/shop/mail/api-key", "read metadata", "allowed", True),
    ]


def test_the_managed_key_asks_for_nothing() -> None:
    """Whoever may fetch can decrypt, and a grant has no statement about the key."""
    managed = policy(
        allow(
            ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*"],
            "*",
            Principal={"AWS": "*"},
            Condition={"StringEquals": {"kms:CallerAccount": "111122223333", "kms:ViaService": VIA}},
        ),
        place="alias/aws/ssm",
    )
    reader = role("Reader", allow(["ssm:GetParameter", "ssm:GetParameters"], PASSWORD))
    parameter = Parameter(arn=PASSWORD, name="/shop/db/password", tier=Tier.STANDARD, key="alias/aws/ssm", stack="Shop")
    granted = Declared(principal=reader.caller.arn, verb=Verb.READ, parameter=PASSWORD, tier=Tier.STANDARD)
    known = World(
        principals=(reader,),
        keys=(key(managed, aliases=("alias/aws/ssm",)),),
        parameters=(parameter,),
        declared=(granted,),
    )

    assert rows(known) == [("/shop/db/password", "read", "allowed", True)]


def test_parameters_that_statements_cannot_tell_apart_are_decided_alike() -> None:
    """Many parameters, decided one by one and together: the same table."""
    reader: Principal = role(
        "Reader",
        *reading(PASSWORD),
        allow("ssm:GetParameter", f"{PREFIX}/shop/a*"),
        allow(
            "kms:Decrypt",
            KEY_ARN,
            Condition={"StringEquals": {"kms:ViaService": VIA}, "StringLike": {CONTEXT: f"{PREFIX}/shop/a*"}},
        ),
    )
    names = [f"{PREFIX}/shop/{letter}{number}" for letter in "ab" for number in range(5)]
    parameters = tuple(
        Parameter(arn=arn, name=arn.removeprefix(PREFIX), tier=Tier.STANDARD, key=KEY_ARN, stack="Shop")
        for arn in (*names, PASSWORD, API_KEY)
    )

    def table(*some: Parameter) -> list[tuple[str, str, str, bool]]:
        return rows(World(principals=(reader,), keys=(key(),), parameters=some, declared=()))

    assert sorted(table(*parameters)) == sorted(row for each in parameters for row in table(each))
    assert len(table(*parameters)) == 6


def test_paths_above_a_parameter() -> None:
    """From the root down; a parameter of one level has the root alone."""
    assert paths_above(PASSWORD) == [f"{PREFIX}/", f"{PREFIX}/shop", f"{PREFIX}/shop/db"]
    assert paths_above(f"{PREFIX}/name") == [f"{PREFIX}/"]
