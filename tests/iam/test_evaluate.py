"""Decisions by the policies of the caller and of the resource."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssm_securestring.iam.evaluate import decide
from ssm_securestring.iam.model import Caller, Identity, Policy, Reason, Unknown, Verdict
from tests.iam.asking import (
    ALLOWED,
    BY_BOTH,
    BY_IDENTITY,
    BY_RESOURCE,
    DENIED,
    EXPLICIT,
    HOME,
    NOT_BOUNDARY,
    NOT_IDENTITY,
    NOT_ORGANIZATION,
    NOT_RESOURCE,
    NOT_SESSION,
    OTHER,
    ROLE,
    ROLE_ARN,
    ROOT,
    ROOT_ARN,
    SERVICE,
    SESSION_ARN,
    STRANGER,
    USER,
    USER_ARN,
    allow,
    deny,
    identity,
    outcome,
    policy,
    request,
)
from tests.iam.asking import UNKNOWN as OPEN

GET = "ssm:GetParameter"
NOTHING = policy(allow("s3:*"), place="Nothing")
ANYTHING = policy(allow(), place="Anything")
REFUSING = policy(deny(GET), allow(), place="Refusing")
UNKNOWN = Unknown(place="Shop/Policy", reason="Fn::Cidr is not supported")
FOREIGN = f"arn:aws:ssm:eu-west-1:{OTHER}:parameter/shop/db"


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (identity(), (DENIED, NOT_IDENTITY)),
        (identity(allow(GET)), (ALLOWED, BY_IDENTITY)),
        (identity(allow("SSM:getparameter")), (ALLOWED, BY_IDENTITY)),
        (identity(allow("ssm:Get*")), (ALLOWED, BY_IDENTITY)),
        (identity(allow("ssm:GetParameters")), (DENIED, NOT_IDENTITY)),
        (identity(allow(GET, "arn:aws:ssm:*:*:parameter/shop/*")), (ALLOWED, BY_IDENTITY)),
        (identity(allow(GET, "arn:aws:ssm:*:*:parameter/Shop/*")), (DENIED, NOT_IDENTITY)),
        (identity(allow(GET, "arn:aws:ssm:*:*:parameter//shop/db")), (DENIED, NOT_IDENTITY)),
        (identity({"Effect": "Allow", "NotAction": "kms:*", "Resource": "*"}), (ALLOWED, BY_IDENTITY)),
        (identity({"Effect": "Allow", "NotAction": "ssm:*", "Resource": "*"}), (DENIED, NOT_IDENTITY)),
        (identity({"Effect": "Allow", "Action": GET, "NotResource": "*:parameter/ops/*"}), (ALLOWED, BY_IDENTITY)),
        (identity({"Effect": "Allow", "Action": GET, "NotResource": "*:parameter/shop/*"}), (DENIED, NOT_IDENTITY)),
        (identity(allow(), deny(GET)), (DENIED, EXPLICIT)),
        (identity(allow(), deny("kms:*")), (ALLOWED, BY_IDENTITY)),
        (identity(allow(), {"Effect": "Deny", "NotAction": GET, "Resource": "*"}), (ALLOWED, BY_IDENTITY)),
        (identity(allow(), deny(GET, Condition={"Null": {"aws:SourceVpc": "true"}})), (DENIED, EXPLICIT)),
        (identity(allow(GET, Condition={"StringEquals": {"aws:PrincipalArn": ROLE_ARN}})), (ALLOWED, BY_IDENTITY)),
        (identity(allow(GET, Condition={"StringEquals": {"aws:PrincipalArn": SESSION_ARN}})), (DENIED, NOT_IDENTITY)),
        (identity(allow(GET, Condition={"StringEquals": {"aws:PrincipalAccount": HOME}})), (ALLOWED, BY_IDENTITY)),
        (identity(allow(GET, Condition={"StringEquals": {"aws:ResourceAccount": HOME}})), (ALLOWED, BY_IDENTITY)),
        (identity(allow(GET, Condition={"StringEquals": {"aws:PrincipalType": "User"}})), (DENIED, NOT_IDENTITY)),
        (identity(allow(), boundary=ANYTHING), (ALLOWED, BY_IDENTITY)),
        (identity(allow(), boundary=NOTHING), (DENIED, NOT_BOUNDARY)),
        (identity(allow(), boundary=REFUSING), (DENIED, EXPLICIT)),
        (identity(boundary=ANYTHING), (DENIED, NOT_IDENTITY)),
        (identity(allow(), session=ANYTHING), (ALLOWED, BY_IDENTITY)),
        (identity(allow(), session=NOTHING), (DENIED, NOT_SESSION)),
        (identity(allow(), session=REFUSING), (DENIED, EXPLICIT)),
        (identity(allow(), boundary=NOTHING, session=NOTHING), (DENIED, NOT_BOUNDARY)),
        (identity(allow(), service_control=((ANYTHING,), (NOTHING, ANYTHING))), (ALLOWED, BY_IDENTITY)),
        (identity(allow(), service_control=((ANYTHING,), (NOTHING,))), (DENIED, NOT_ORGANIZATION)),
        (identity(allow(), service_control=((NOTHING,), (ANYTHING,))), (DENIED, NOT_ORGANIZATION)),
        (identity(allow(), service_control=((ANYTHING,), ())), (DENIED, NOT_ORGANIZATION)),
        (identity(allow(), service_control=((ANYTHING,), (REFUSING,))), (DENIED, EXPLICIT)),
    ],
)
def test_the_caller_s_side_decides_where_the_resource_has_no_policy(
    who: Identity, expected: tuple[Verdict, Reason]
) -> None:
    """A Deny anywhere ends it; else an identity policy has to allow, and every limit as well."""
    assert outcome(decide(request(), who)) == expected


@pytest.mark.parametrize(
    ("caller", "principal", "named"),
    [
        (ROLE, "*", "role"),
        (ROLE, {"AWS": "*"}, "role"),
        (ROLE, {"AWS": ROLE_ARN}, "role"),
        (ROLE, {"AWS": ROLE_ARN.lower()}, None),
        (ROLE, {"AWS": f"arn:aws:iam::{HOME}:role/Orders"}, None),
        (ROLE, {"AWS": f"arn:aws:iam::{HOME}:role/*"}, None),
        (ROLE, {"AWS": SESSION_ARN}, "self"),
        (ROLE, {"AWS": SESSION_ARN.replace("one", "two")}, None),
        (ROLE, {"AWS": HOME}, "account"),
        (ROLE, {"AWS": ROOT_ARN}, "account"),
        (ROLE, {"AWS": [ROOT_ARN, ROLE_ARN]}, "role"),
        (ROLE, {"AWS": [ROOT_ARN, SESSION_ARN, "*"]}, "self"),
        (ROLE, {"AWS": OTHER}, None),
        (ROLE, {"Service": "lambda.amazonaws.com"}, None),
        (ROLE, {"Service": "*"}, None),
        (ROLE, {"AWS": "AROAEXAMPLE"}, None),
        (USER, {"AWS": USER_ARN}, "self"),
        (USER, {"AWS": HOME}, "account"),
        (USER, "*", "role"),
        (ROOT, {"AWS": ROOT_ARN}, "account"),
        (SERVICE, {"Service": "lambda.amazonaws.com"}, "self"),
        (SERVICE, {"Service": ["s3.amazonaws.com", "Lambda.amazonaws.com"]}, "self"),
        (SERVICE, {"Service": "s3.amazonaws.com"}, None),
        (SERVICE, {"AWS": HOME}, None),
        (SERVICE, "*", "role"),
        (Caller(arn="arn:aws:iam::111122223333:saml-provider/P", account=HOME), {"Federated": "accounts.x"}, None),
    ],
)
def test_a_resource_s_policy_names_callers_in_ways_that_differ(
    caller: Caller, principal: object, named: str | None
) -> None:
    """By itself: no limit counts. By its role, or as everybody: limits do. By its account: that one decides."""
    theirs = policy(allow(GET, Principal=principal))

    alone = decide(request(caller), identity(), resource_policy=theirs).allowed
    limited = decide(request(caller), identity(boundary=NOTHING, session=NOTHING), resource_policy=theirs).allowed
    denied = decide(request(caller), identity(allow()), resource_policy=policy(deny(GET, Principal=principal)))

    expected = {"self": (True, True), "role": (True, False), "account": (False, False), None: (False, False)}
    if caller is not ROOT:
        assert (alone, limited) == expected[named]
    assert (denied.reason is EXPLICIT) is (named is not None)


@pytest.mark.parametrize(
    ("who", "principal", "expected"),
    [
        (identity(allow()), {"AWS": OTHER}, (ALLOWED, BY_IDENTITY)),
        (identity(allow()), {"AWS": ROLE_ARN}, (ALLOWED, BY_IDENTITY)),
        (identity(), {"AWS": ROLE_ARN}, (ALLOWED, BY_RESOURCE)),
        (identity(), {"AWS": HOME}, (DENIED, NOT_IDENTITY)),
        (identity(boundary=NOTHING), {"AWS": ROLE_ARN}, (DENIED, NOT_BOUNDARY)),
        (identity(session=NOTHING), {"AWS": ROLE_ARN}, (DENIED, NOT_SESSION)),
        (identity(boundary=REFUSING), {"AWS": SESSION_ARN}, (DENIED, EXPLICIT)),
        (identity(service_control=((NOTHING,),)), {"AWS": SESSION_ARN}, (DENIED, NOT_ORGANIZATION)),
        (identity(service_control=((ANYTHING,),)), {"AWS": SESSION_ARN}, (ALLOWED, BY_RESOURCE)),
    ],
)
def test_in_one_account_either_side_may_allow(
    who: Identity, principal: object, expected: tuple[Verdict, Reason]
) -> None:
    """The resource's policy alone is enough where it names the caller; service control policies limit that too."""
    theirs = policy(allow(GET, Principal=principal))

    assert outcome(decide(request(), who, resource_policy=theirs)) == expected


@pytest.mark.parametrize(
    ("who", "theirs", "expected"),
    [
        (identity(allow()), None, (DENIED, NOT_RESOURCE)),
        (identity(), None, (DENIED, NOT_IDENTITY)),
        (identity(allow()), policy(allow(GET, Principal={"AWS": HOME})), (ALLOWED, BY_BOTH)),
        (identity(allow()), policy(allow(GET, Principal={"AWS": ROLE_ARN})), (ALLOWED, BY_BOTH)),
        (identity(allow()), policy(allow(GET, Principal={"AWS": OTHER})), (DENIED, NOT_RESOURCE)),
        (identity(), policy(allow(GET, Principal={"AWS": SESSION_ARN})), (DENIED, NOT_IDENTITY)),
        (identity(allow(), boundary=NOTHING), policy(allow(GET, Principal="*")), (DENIED, NOT_BOUNDARY)),
        (identity(allow(), session=NOTHING), policy(allow(GET, Principal={"AWS": SESSION_ARN})), (DENIED, NOT_SESSION)),
        (identity(allow()), policy(allow(GET, Principal="*"), deny(GET, Principal="*")), (DENIED, EXPLICIT)),
    ],
)
def test_across_accounts_both_sides_have_to_allow(
    who: Identity, theirs: Policy | None, expected: tuple[Verdict, Reason]
) -> None:
    """However closely the resource's policy names the caller."""
    assert outcome(decide(request(resource=FOREIGN), who, resource_policy=theirs)) == expected


def test_the_owner_of_a_resource_can_be_said() -> None:
    """Some ARNs have no account, and some resources belong to another one."""
    bucket = request(action="s3:GetObject", resource="arn:aws:s3:::bucket/key")

    assert decide(bucket, identity(allow())).allowed
    assert not decide(bucket, identity(allow()), resource_account=OTHER).allowed


def test_the_root_user_needs_no_identity_policy() -> None:
    """It can do anything in its account that no Deny and no service control policy forbids."""
    assert decide(request(ROOT), identity()).allowed
    assert not decide(request(ROOT), identity(service_control=((NOTHING,),))).allowed
    refusing = policy(deny(Principal={"AWS": ROOT_ARN}))
    assert outcome(decide(request(ROOT), identity(), resource_policy=refusing)) == (DENIED, EXPLICIT)


@pytest.mark.parametrize(
    ("effect", "listed", "boundary", "expected"),
    [
        ("Deny", [OTHER], None, (DENIED, EXPLICIT)),
        ("Deny", [ROLE_ARN, SESSION_ARN, ROOT_ARN], None, (ALLOWED, BY_IDENTITY)),
        ("Deny", [ROLE_ARN, SESSION_ARN, HOME], None, (ALLOWED, BY_IDENTITY)),
        ("Deny", ["*"], None, (ALLOWED, BY_IDENTITY)),
        ("Deny", [ROLE_ARN, SESSION_ARN], None, (OPEN, Reason.DEPENDS_ON_UNKNOWN)),
        ("Deny", [ROLE_ARN], None, (OPEN, Reason.DEPENDS_ON_UNKNOWN)),
        ("Deny", [ROLE_ARN, SESSION_ARN, ROOT_ARN], ANYTHING, (DENIED, EXPLICIT)),
    ],
)
def test_a_deny_with_not_principal_spares_who_is_named_in_full(
    effect: str, listed: list[str], boundary: Policy | None, expected: tuple[Verdict, Reason]
) -> None:
    """By role, session and account; IAM leaves open what happens to others, and denies who has a boundary."""
    theirs = policy({"Effect": effect, "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": listed}})
    decision = decide(request(), identity(allow(), boundary=boundary), resource_policy=theirs)

    assert outcome(decision) == expected
    assert bool(decision.unknown) is (expected[0] is OPEN)


def test_an_allow_with_not_principal_is_for_everybody_else() -> None:
    """Which is why nobody should write it."""
    theirs = policy(allow(GET, NotPrincipal={"AWS": ROLE_ARN}))

    assert not decide(request(ROLE), identity(), resource_policy=theirs).allowed
    assert decide(request(USER), identity(), resource_policy=theirs).allowed
    assert decide(request(STRANGER), identity(allow()), resource_policy=theirs).allowed


def test_a_decision_names_the_statements_behind_it() -> None:
    """What allows, on both sides, or what denies."""
    who = identity(allow("s3:*"), allow(GET, Sid="Mine"))
    theirs = policy(deny("kms:*", Principal="*"), allow(GET, Sid="Theirs", Principal={"AWS": HOME}))

    both = decide(request(resource=FOREIGN), who, resource_policy=theirs)
    refused = decide(request(), identity(allow(), deny(GET, Sid="No")))

    assert [each.sid for each in both.statements] == ["Mine", "Theirs"]
    assert [(each.sid, each.place) for each in refused.statements] == [("No", "Identity, statement 2")]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow(GET, resource=UNKNOWN)], OPEN),
        ([allow(GET, resource=replace(UNKNOWN, pattern="arn:aws:kms:*"))], DENIED),
        ([allow(GET, resource=UNKNOWN), allow(GET)], ALLOWED),
        ([allow(GET), deny(GET, resource=UNKNOWN)], OPEN),
        ([allow(GET), deny(GET, resource=replace(UNKNOWN, pattern="*/ops/*"))], ALLOWED),
        ([deny(GET, resource=UNKNOWN)], DENIED),
        ([deny(GET), allow(GET, resource=UNKNOWN)], DENIED),
        ([allow(action=UNKNOWN)], OPEN),
        ([allow(action=replace(UNKNOWN, pattern="kms:*"))], DENIED),
        ([{"Effect": "Allow", "NotAction": UNKNOWN, "Resource": "*"}], OPEN),
        ([{"Effect": "Allow", "Action": GET, "NotResource": [UNKNOWN, "x"]}], OPEN),
        ([{"Effect": "Allow", "Action": GET, "NotResource": [UNKNOWN, "*"]}], DENIED),
        ([allow(GET, Condition={"StringEquals": {"aws:PrincipalAccount": UNKNOWN}})], OPEN),
        ([allow(GET, Condition={"StringEquals": {"aws:PrincipalAccount": UNKNOWN, "a:b": "c"}})], DENIED),
        ([allow(GET, Condition={"StringMatches": {"aws:PrincipalAccount": HOME}})], OPEN),
    ],
)
def test_what_is_not_known_neither_allows_nor_denies(statements: list[dict[str, Any]], expected: Verdict) -> None:
    """Unless the rest settles it; the decision names what it depends on."""
    decision = decide(request(), identity(*statements))

    assert decision.verdict is expected
    assert bool(decision.unknown) is (expected is OPEN)
    assert all(each == UNKNOWN or "StringMatches is not supported" in each.reason for each in decision.unknown)


def test_an_operator_that_is_not_supported_is_reported_with_its_place() -> None:
    """So that it can be found."""
    decision = decide(request(), identity(allow(Condition={"StringMatches": {"aws:PrincipalAccount": HOME}})))

    assert decision.unknown == (
        Unknown(
            place="Identity, statement 1, Condition StringMatches, aws:PrincipalAccount",
            reason="the operator StringMatches is not supported",
        ),
    )


@pytest.mark.parametrize(
    ("pattern", "expected"), [("*", OPEN), (f"arn:aws:iam::{HOME}:role/*", OPEN), (f"arn:aws:iam::{OTHER}:*", DENIED)]
)
def test_a_principal_that_is_not_known_may_be_the_caller(pattern: str, expected: Verdict) -> None:
    """Where its pattern lets it."""
    theirs = policy(allow(GET, Principal={"AWS": replace(UNKNOWN, pattern=pattern)}))
    decision = decide(request(), identity(), resource_policy=theirs)

    assert decision.verdict is expected
    assert bool(decision.unknown) is (expected is OPEN)


def test_canonical_user_ids_are_not_known() -> None:
    """They name an account in a way that no template tells."""
    theirs = policy(allow(GET, Principal={"CanonicalUser": "79a59df900b949e55d96a1e698fbaced"}))
    decision = decide(request(), identity(), resource_policy=theirs)

    assert [each.reason for each in decision.unknown] == ["canonical user ids are not supported"]


ELEMENTS = st.sampled_from([GET, "ssm:*", "*", "kms:*"])
STATEMENTS = st.lists(
    st.builds(
        lambda effect, action, resource: {"Effect": effect, "Action": action, "Resource": resource},
        st.sampled_from(["Allow", "Deny"]),
        ELEMENTS,
        st.sampled_from(["*", "arn:aws:ssm:*:*:parameter/shop/*", "arn:aws:ssm:*:*:parameter/ops/*", UNKNOWN]),
    ),
    min_size=1,
    max_size=4,
)


@given(statements=STATEMENTS, more=STATEMENTS)
def test_an_added_deny_never_allows_and_an_added_allow_never_denies(
    statements: list[dict[str, Any]], more: list[dict[str, Any]]
) -> None:
    """Whatever is there already."""
    rank = {DENIED: 0, OPEN: 1, ALLOWED: 2}
    before = rank[decide(request(), identity(*statements)).verdict]
    denies = [each | {"Effect": "Deny"} for each in more]
    allows = [each | {"Effect": "Allow"} for each in more]

    assert rank[decide(request(), identity(*statements, *denies)).verdict] <= before
    assert rank[decide(request(), identity(*statements, *allows)).verdict] >= before


@given(statements=STATEMENTS, known=st.sampled_from(["*", "nothing", "arn:aws:ssm:*:*:parameter/shop/db"]))
def test_what_is_decided_stays_so_when_the_unknown_becomes_known(statements: list[dict[str, Any]], known: str) -> None:
    """Allowed and denied are certain: no value of what was not known makes them wrong."""
    resolved = [each | {"Resource": known} if each["Resource"] == UNKNOWN else each for each in statements]
    before = decide(request(), identity(*statements)).verdict

    assert before in (OPEN, decide(request(), identity(*resolved)).verdict)


@given(statements=STATEMENTS, data=st.data())
def test_the_order_of_statements_does_not_count(statements: list[dict[str, Any]], data: st.DataObject) -> None:
    """IAM knows none."""
    shuffled = data.draw(st.permutations(statements))

    assert outcome(decide(request(), identity(*statements))) == outcome(decide(request(), identity(*shuffled)))
