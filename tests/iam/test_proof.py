"""What is allowed and was not granted is found, as is what was granted and is not allowed, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from ssm_securestring.core.access import Verb
from ssm_securestring.iam.model import Caller, Identity
from ssm_securestring.iam.proof import Kind, Proof, prove
from ssm_securestring.iam.report import describe
from ssm_securestring.iam.world import Key, Principal
from tests.iam.worlds import (
    ACCOUNT,
    API_KEY,
    CONTEXT,
    KEY_ARN,
    PASSWORD,
    PREFIX,
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


def told(proof: Proof) -> list[str]:
    """Return the findings with one of their requests each."""
    return [f"{each.kind.value} {each.principal} {each.action} {describe(each.requests[0])}" for each in proof.findings]


def proof_with(statements: list[dict[str, Any]], **rest: Any) -> Proof:  # noqa: ANN401 - arguments of world()
    """Let a reader with these statements be granted one parameter."""
    reader = role("Reader", *statements)
    return prove(world(reader, granted=[read_grant(reader, PASSWORD)], **rest))


def test_what_was_granted_and_nothing_else_is_exact() -> None:
    """A reader of one parameter under a key that leaves use to IAM."""
    proof = proof_with(reading(PASSWORD))

    assert told(proof) == []
    assert proof.exact
    assert proof.decisions > 10


def _reading_with(**changes: object) -> list[dict[str, Any]]:
    fetch, decrypt = reading(PASSWORD)
    return [fetch, {**decrypt, **changes}]


_ONLY_CONTEXT = {"StringEquals": {CONTEXT: PASSWORD}}
_ONLY_VIA = {"StringEquals": {"kms:ViaService": VIA}}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param(
            _reading_with(Condition=_ONLY_VIA),
            ["EXTRA Shop/Reader kms:Decrypt /shop/mail/api-key, through ssm.eu-west-1.amazonaws.com"],
            id="without the context, every other parameter",
        ),
        pytest.param(
            reading(PASSWORD, API_KEY),
            [
                "EXTRA Shop/Reader kms:Decrypt /shop/mail/api-key, through ssm.eu-west-1.amazonaws.com",
                "EXTRA Shop/Reader ssm:GetParameter /shop/mail/api-key",
                "EXTRA Shop/Reader ssm:GetParameters /shop/mail/api-key",
            ],
            id="one parameter more",
        ),
        pytest.param(
            _reading_with(
                Condition={"StringEquals": {"kms:ViaService": VIA}, "StringLike": {CONTEXT: f"{PREFIX}/shop/db*"}}
            ),
            ["EXTRA Shop/Reader kms:Decrypt /shop/dbz, through ssm.eu-west-1.amazonaws.com"],
            id="a neighbour of which no parameter exists yet",
        ),
        pytest.param(
            _reading_with(
                Condition={"StringEquals": {"kms:ViaService": VIA}, "StringEqualsIgnoreCase": {CONTEXT: PASSWORD}}
            ),
            ["EXTRA Shop/Reader kms:Decrypt /SHOP/DB/PASSWORD, through ssm.eu-west-1.amazonaws.com"],
            id="another case of letters",
        ),
        pytest.param(
            _reading_with(Action=["kms:Decrypt", "kms:Encrypt"]),
            ["EXTRA Shop/Reader kms:Encrypt /shop/db/password, through ssm.eu-west-1.amazonaws.com"],
            id="another use of the key",
        ),
        pytest.param(
            [*reading(PASSWORD), allow("ssm:GetParameterHistory", PASSWORD)],
            ["EXTRA Shop/Reader ssm:GetParameterHistory /shop/db/password"],
            id="old values",
        ),
        pytest.param(
            [*reading(PASSWORD), allow("ssm:DescribeParameters", "*")],
            ["EXTRA Shop/Reader ssm:DescribeParameters *"],
            id="metadata",
        ),
        pytest.param(
            [
                *reading(PASSWORD),
                allow("ssm:Delete*", PASSWORD, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            ],
            [
                "EXTRA Shop/Reader ssm:DeleteParameter /shop/db/password, with aws:multifactorauthpresent=true",
                "EXTRA Shop/Reader ssm:DeleteParameters /shop/db/password, with aws:multifactorauthpresent=true",
                "EXTRA Shop/Reader ssm:DeleteResourcePolicy /shop/db/password, with aws:multifactorauthpresent=true",
            ],
            id="in some situations only",
        ),
    ],
)
def test_what_nobody_granted_is_extra(statements: list[dict[str, Any]], expected: list[str]) -> None:
    """Each with a request that shows it."""
    # The key's policy opens every path here: on its own, it would hide what the statement of the reader allows.
    open_key = policy(allow("kms:*", "*", Principal={"AWS": ROOT}, Condition=_ONLY_VIA), place="Shop/Key")

    proof = proof_with(statements, keys=[key(open_key)])

    assert told(proof) == expected
    assert {each.kind for each in proof.findings} == {Kind.EXTRA}


def test_a_direct_call_is_extra_where_nothing_binds_it_to_parameter_store() -> None:
    """Neither the key's policy nor the reader's."""
    open_key = policy(allow("kms:*", "*", Principal={"AWS": ROOT}), place="Shop/Key")

    proof = proof_with(_reading_with(Condition=_ONLY_CONTEXT), keys=[key(open_key)])

    assert told(proof) == ["EXTRA Shop/Reader kms:Decrypt /shop/db/password, called directly"]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (reading(PASSWORD)[:1], ["kms:Decrypt /shop/db/password, through ssm.eu-west-1.amazonaws.com"]),
        (reading(PASSWORD)[1:], ["ssm:GetParameter /shop/db/password", "ssm:GetParameters /shop/db/password"]),
        (_reading_with(Resource=f"{KEY_ARN}0"), ["kms:Decrypt /shop/db/password, through ssm.eu-west-1.amazonaws.com"]),
        (
            _reading_with(Condition={"StringEquals": {"kms:ViaService": VIA, CONTEXT: f"{PREFIX}//shop/db/password"}}),
            ["kms:Decrypt /shop/db/password, through ssm.eu-west-1.amazonaws.com"],
        ),
        (
            _reading_with(Condition={"StringEquals": {"kms:ViaService": VIA, CONTEXT: f"{PREFIX}/shop/*"}}),
            ["kms:Decrypt /shop/db/password, through ssm.eu-west-1.amazonaws.com"],
        ),
        (
            [*reading(PASSWORD), deny("ssm:GetParameters", "*")],
            ["ssm:GetParameters /shop/db/password"],
        ),
    ],
)
def test_what_was_granted_and_is_refused_is_missing(statements: list[dict[str, Any]], expected: list[str]) -> None:
    """Each with the request that fails, and what was granted."""
    proof = proof_with(statements)

    assert told(proof) == [f"MISSING Shop/Reader {each}" for each in expected]
    assert {each.origin for each in proof.findings} == {"read on /shop/db/password"}


def test_a_condition_that_can_be_met_makes_nothing_missing() -> None:
    """With a second factor, the reader reads; that is not up to the grant."""
    only_with_mfa = deny("*", "*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})

    assert proof_with([*reading(PASSWORD), only_with_mfa]).exact


def test_a_key_that_names_a_role_without_a_grant_admits_an_outsider() -> None:
    """Whoever a key policy names needs no policy in IAM."""
    named = f"arn:aws:iam::{ACCOUNT}:role/Legacy"
    opened = policy(allow("kms:Decrypt", "*", Principal={"AWS": named}), place="Shop/Key")

    assert told(prove(world(keys=[key(opened)]))) == [
        f"EXTRA {named} kms:Decrypt without an encryption context, called directly"
    ]


@pytest.mark.parametrize(
    ("principal", "condition", "name"),
    [
        ({"Service": "backup.amazonaws.com"}, {}, "backup.amazonaws.com"),
        (
            {"AWS": "arn:aws:sts::111122223333:assumed-role/Ops/mia"},
            {},
            "arn:aws:sts::111122223333:assumed-role/Ops/mia",
        ),
        ({"AWS": "444455556666"}, {}, "somebody of 444455556666"),
        (
            {"AWS": "*"},
            {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/admin-*"}},
            "arn:aws:iam::111122223333:role/admin-*",
        ),
        ({"AWS": "*"}, {"StringEquals": {"kms:CallerAccount": "444455556666"}}, "somebody of 444455556666"),
    ],
)
def test_whomever_a_key_policy_names_is_looked_at(
    principal: dict[str, str], condition: dict[str, object], name: str
) -> None:
    """Services, sessions, accounts, and whom a condition on the principal or its account means."""
    opened = policy(allow("kms:Decrypt", "*", Principal=principal, Condition=condition), place="Shop/Key")

    assert {(each.kind, each.principal, each.action) for each in prove(world(keys=[key(opened)])).findings} == {
        (Kind.EXTRA, name, "kms:Decrypt")
    }


def test_a_key_that_no_parameter_is_under_is_other_peoples_affair() -> None:
    """Whoever decrypts with it sees no parameter."""
    elsewhere = Key(
        name="Shop/Bucket",
        arn=f"{KEY_ARN}0",
        policy=policy(allow("kms:*", "*", Principal={"AWS": ROOT}), place="Shop/Bucket"),
    )
    reader = role("Reader", *reading(PASSWORD), allow("kms:Decrypt", elsewhere.arn))

    proof = prove(world(reader, granted=[read_grant(reader, PASSWORD)], keys=[key(), elsewhere]))

    assert proof.exact


@pytest.mark.parametrize(
    ("action", "resource", "found"),
    [
        ("ssm:GetParameter", f"{PREFIX}/config/*", False),
        ("ssm:GetParameter", f"{PREFIX}/*", True),
        ("ssm:GetParameter", f"{PREFIX}/shop/colour", False),
        ("ssm:GetParameter", f"{PREFIX}/shop/size", True),
        ("ssm:PutParameter", f"{PREFIX}/config/*", False),
        ("ssm:GetParametersByPath", f"{PREFIX}/config", False),
        ("ssm:GetParametersByPath", f"{PREFIX}/", True),
        ("ssm:GetParametersByPath", f"{PREFIX}/shop", True),
        ("ssm:GetParametersByPath", f"{PREFIX}/shop/db/password", True),
    ],
)
def test_only_names_that_secrets_can_have_count(action: str, resource: str, *, found: bool) -> None:
    """Below the paths that the key was made for, plain parameters of the assembly apart; and all paths above."""
    known = world(role("Reader", allow(action, resource)), keys=[key(patterns=(f"{PREFIX}/shop/*",))])

    proof = prove(replace(known, plain=frozenset({f"{PREFIX}/shop/colour"})))

    assert {each.action for each in proof.findings} == ({action} if found else set())


def test_everybody_of_the_account_may_be_meant_by_a_star() -> None:
    """And strangers too, unless their account is asked for."""
    everybody = policy(allow("kms:Decrypt", "*", Principal="*"), place="Shop/Key")
    at_home = {"StringEquals": {"kms:CallerAccount": ACCOUNT}}
    account = policy(allow("kms:Decrypt", "*", Principal="*", Condition=at_home), place="Shop/Key")

    assert {each.principal for each in prove(world(keys=[key(everybody)])).findings} == {
        "any other role of the account",
        "anybody of another account",
    }
    assert {each.principal for each in prove(world(keys=[key(account)])).findings} == {"any other role of the account"}


def test_an_administrator_is_looked_at_on_request() -> None:
    """Where a key leaves its use to IAM, whoever IAM allows everything can use it through Parameter Store."""
    assert prove(world()).exact
    found = [each for each in prove(world(), open_world=True).findings if each.action.startswith("kms:")]
    assert [(each.principal, each.action) for each in found] == [
        ("an administrator of the account", "kms:Decrypt"),
        ("an administrator of the account", "kms:Encrypt"),
        ("an administrator of the account", "kms:GenerateDataKey"),
    ]


def test_a_share_admits_one_principal_of_another_account() -> None:
    """What its account allows it is up to that account; the key's policy has to be exact."""
    arn = "arn:aws:iam::444455556666:role/Reports"
    reader = Principal(
        name=arn, kind="role", caller=Caller(arn=arn, account="444455556666"), identity=Identity(), stack=""
    )
    exactly = {"StringEquals": {"kms:ViaService": VIA, CONTEXT: PASSWORD}, "ArnEquals": {"aws:PrincipalArn": arn}}
    shared = policy(
        allow("kms:Decrypt", "*", Principal={"AWS": "arn:aws:iam::444455556666:root"}, Condition=exactly),
        place="Shop/Key",
    )
    wide = {"StringEquals": {"kms:ViaService": VIA}}
    too_wide = policy(
        allow("kms:Decrypt", "*", Principal={"AWS": "arn:aws:iam::444455556666:root"}, Condition=wide), place="Shop/Key"
    )
    granted = [read_grant(reader, PASSWORD)]

    assert told(prove(world(granted=granted, keys=[key(shared)]))) == []
    assert [(each.kind, each.principal) for each in prove(world(granted=granted, keys=[key(too_wide)])).findings] == [
        (Kind.EXTRA, "arn:aws:iam::444455556666:role/Reports"),
        (Kind.EXTRA, "somebody of 444455556666"),
    ]


def test_a_path_covers_what_is_below_it_and_no_more() -> None:
    """Including what does not exist yet; the path itself only to ask for what is below it."""
    below = f"{PREFIX}/shop/db/*"
    reader = role(
        "Reader",
        allow(["ssm:GetParameter", "ssm:GetParameters"], below),
        allow("ssm:GetParametersByPath", [f"{PREFIX}/shop/db", below]),
        allow(
            "kms:Decrypt",
            KEY_ARN,
            Condition={"StringEquals": {"kms:ViaService": VIA}, "StringLike": {CONTEXT: below}},
        ),
    )

    assert prove(world(reader, granted=[read_grant(reader, below, path=True)])).exact
    assert not prove(world(reader, granted=[read_grant(reader, PASSWORD)])).exact


def test_history_is_a_grant_of_its_own() -> None:
    """The verb of the grant decides, not that the same key is needed."""
    reader = role("Reader", *reading(PASSWORD))

    proof = prove(world(reader, granted=[read_grant(reader, PASSWORD, verb=Verb.READ_HISTORY)]))

    assert {(each.kind, each.action) for each in proof.findings} == {
        (Kind.MISSING, "ssm:GetParameterHistory"),
        (Kind.EXTRA, "ssm:GetParameter"),
        (Kind.EXTRA, "ssm:GetParameters"),
    }


def test_what_is_not_known_is_neither_allowed_nor_refused() -> None:
    """An operator that IAM does not document may hold or not."""
    strange = _reading_with(Condition={"StringResembles": {CONTEXT: PASSWORD}, "StringEquals": {"kms:ViaService": VIA}})

    proof = proof_with(strange)

    assert not proof.exact
    assert {each.kind for each in proof.findings} == {Kind.UNKNOWN}


def test_a_key_of_elsewhere_is_assumed_to_leave_its_use_to_iam_and_that_is_said() -> None:
    """Its policy is not in the assembly."""
    reader = role("Reader", *reading(PASSWORD))

    proof = prove(world(reader, granted=[read_grant(reader, PASSWORD)], keys=[key(None)]))

    assert proof.exact
    assert proof.assumed == ("the policy of Shop/Key, which is not of this assembly, leaves its use to IAM",)
