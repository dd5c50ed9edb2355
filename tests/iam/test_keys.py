"""Decisions about KMS keys: the key policy takes part, and grants allow too."""

from collections.abc import Mapping

import pytest

from ssm_securestring.iam import cases
from ssm_securestring.iam.keys import decide_key
from ssm_securestring.iam.model import Caller, Identity, KeyGrant, Policy, Reason, Request, Verdict
from tests.iam.asking import (
    ALLOWED,
    BY_BOTH,
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

KEY = f"arn:aws:kms:eu-west-1:{HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
DB = f"arn:aws:ssm:eu-west-1:{HOME}:parameter/shop/db"
VIA = "ssm.eu-west-1.amazonaws.com"
NOTHING = policy(allow("s3:*"), place="Nothing")
DELEGATING = policy(allow("kms:*", Principal={"AWS": ROOT_ARN}), place="Key")
AWS_SSM = policy(
    allow(
        "kms:Decrypt",
        Principal={"AWS": "*"},
        Condition={"StringEquals": {"kms:ViaService": VIA, "kms:CallerAccount": HOME}},
    ),
    place="aws/ssm",
)
MAY = identity(allow("kms:Decrypt", KEY))
MAY_NOT = identity(allow("s3:*"))
BY_GRANT = Reason.ALLOWED_BY_GRANT


def decrypt(caller: Caller = ROLE, action: str = "kms:Decrypt", context: Mapping[str, str] | None = None) -> Request:
    """Spell a request to the key."""
    return request(caller, action, KEY, context)


@pytest.mark.parametrize(
    ("caller", "who", "key_policy", "expected"),
    [
        (ROLE, MAY, DELEGATING, (ALLOWED, BY_BOTH)),
        (ROLE, MAY, policy(allow("kms:*", Principal={"AWS": HOME})), (ALLOWED, BY_BOTH)),
        (ROLE, MAY_NOT, DELEGATING, (DENIED, NOT_IDENTITY)),
        (ROLE, MAY, policy(allow("kms:Describe*", Principal={"AWS": ROOT_ARN})), (DENIED, NOT_RESOURCE)),
        (ROLE, identity(allow()), policy(allow("kms:*", Principal={"AWS": USER_ARN})), (DENIED, NOT_RESOURCE)),
        (ROLE, MAY, policy({"Effect": "Allow", "Action": "kms:*", "Principal": "*"}), (DENIED, NOT_RESOURCE)),
        (ROLE, MAY_NOT, policy(allow("kms:*", Principal={"AWS": ROLE_ARN})), (ALLOWED, BY_RESOURCE)),
        (ROLE, MAY_NOT, policy(allow("kms:*", Principal={"AWS": SESSION_ARN})), (ALLOWED, BY_RESOURCE)),
        (USER, MAY_NOT, policy(allow("kms:*", Principal={"AWS": USER_ARN})), (ALLOWED, BY_RESOURCE)),
        (ROLE, MAY_NOT, policy(allow("kms:*", KEY, Principal="*")), (ALLOWED, BY_RESOURCE)),
        (ROLE, MAY_NOT, policy(allow("kms:*", KEY + "x", Principal="*")), (DENIED, NOT_IDENTITY)),
        (ROLE, MAY, policy(allow("kms:*", Principal={"AWS": ROOT_ARN}), deny(Principal="*")), (DENIED, EXPLICIT)),
        (ROLE, identity(allow(), deny("kms:Decrypt")), DELEGATING, (DENIED, EXPLICIT)),
        (ROLE, identity(allow(), boundary=NOTHING), DELEGATING, (DENIED, NOT_BOUNDARY)),
        (ROLE, identity(allow(), session=NOTHING), DELEGATING, (DENIED, NOT_SESSION)),
        (ROLE, identity(allow(), service_control=((NOTHING,),)), DELEGATING, (DENIED, NOT_ORGANIZATION)),
        (ROLE, identity(boundary=NOTHING), policy(allow(Principal={"AWS": ROLE_ARN})), (DENIED, NOT_BOUNDARY)),
        (ROLE, identity(session=NOTHING), policy(allow(Principal={"AWS": ROLE_ARN})), (DENIED, NOT_SESSION)),
        (ROLE, identity(boundary=NOTHING), policy(allow(Principal={"AWS": SESSION_ARN})), (ALLOWED, BY_RESOURCE)),
        (ROLE, identity(session=NOTHING), policy(allow(Principal={"AWS": SESSION_ARN})), (ALLOWED, BY_RESOURCE)),
        (USER, identity(boundary=NOTHING), policy(allow(Principal={"AWS": USER_ARN})), (ALLOWED, BY_RESOURCE)),
        (ROOT, identity(), DELEGATING, (ALLOWED, BY_BOTH)),
        (ROOT, identity(), policy(allow("kms:*", Principal={"AWS": ROLE_ARN})), (DENIED, NOT_RESOURCE)),
        (
            ROOT,
            identity(),
            policy(allow("kms:*", Principal={"AWS": ROOT_ARN}), deny(Principal="*")),
            (DENIED, EXPLICIT),
        ),
        (SERVICE, identity(), policy(allow(Principal={"Service": "lambda.amazonaws.com"})), (ALLOWED, BY_RESOURCE)),
        (SERVICE, identity(), DELEGATING, (DENIED, NOT_IDENTITY)),
    ],
)
def test_the_key_policy_names_the_caller_or_lets_its_account_decide(
    caller: Caller, who: Identity, key_policy: Policy, expected: tuple[Verdict, Reason]
) -> None:
    """Without either, no identity policy counts for anything, not even that of an administrator."""
    assert outcome(decide_key(decrypt(caller), who, key_policy=key_policy, key_account=HOME)) == expected


@pytest.mark.parametrize(
    ("who", "key_policy", "expected"),
    [
        (MAY, policy(allow("kms:Decrypt", Principal={"AWS": STRANGER.arn})), (ALLOWED, BY_BOTH)),
        (MAY, policy(allow("kms:Decrypt", Principal={"AWS": OTHER})), (ALLOWED, BY_BOTH)),
        (MAY, policy(allow("kms:Decrypt", Principal="*")), (ALLOWED, BY_BOTH)),
        (MAY, DELEGATING, (DENIED, NOT_RESOURCE)),
        (MAY_NOT, policy(allow("kms:Decrypt", Principal={"AWS": STRANGER.arn})), (DENIED, NOT_IDENTITY)),
        (identity(allow(), boundary=NOTHING), policy(allow(Principal="*")), (DENIED, NOT_BOUNDARY)),
        (MAY, AWS_SSM, (DENIED, NOT_RESOURCE)),
    ],
)
def test_across_accounts_both_sides_have_to_allow(
    who: Identity, key_policy: Policy, expected: tuple[Verdict, Reason]
) -> None:
    """The key's account lets the other account in, and that account its principal."""
    asked = decrypt(STRANGER, context={"kms:ViaService": VIA})

    assert outcome(decide_key(asked, who, key_policy=key_policy, key_account=HOME)) == expected


@pytest.mark.parametrize(
    ("context", "allowed"),
    [
        ({"kms:ViaService": VIA, "kms:EncryptionContext:PARAMETER_ARN": DB}, True),
        ({"kms:ViaService": VIA, "kms:encryptioncontext:parameter_arn": DB}, True),
        ({"kms:ViaService": VIA, "kms:EncryptionContext:PARAMETER_ARN": f"{DB}x"}, False),
        ({"kms:ViaService": VIA}, False),
        ({"kms:EncryptionContext:PARAMETER_ARN": DB}, False),
        ({"kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:EncryptionContext:PARAMETER_ARN": DB}, False),
    ],
)
def test_conditions_of_the_delegation_hold_for_identity_policies(context: dict[str, str], allowed: bool) -> None:  # noqa: FBT001 - a table
    """A key that is only used through Parameter Store is so whatever identity policies say."""
    key_policy = policy(
        allow(
            "kms:Decrypt",
            Principal={"AWS": ROOT_ARN},
            Condition={"StringEquals": {"kms:ViaService": VIA, "kms:EncryptionContext:PARAMETER_ARN": DB}},
        )
    )

    assert decide_key(decrypt(context=context), MAY, key_policy=key_policy, key_account=HOME).allowed is allowed


def test_with_the_key_aws_ssm_nobody_of_the_account_needs_a_permission() -> None:
    """Its policy lets everybody in through Parameter Store; only a Deny keeps them out."""
    through, direct = decrypt(context={"kms:ViaService": VIA}), decrypt()

    assert decide_key(through, identity(), key_policy=AWS_SSM, key_account=HOME).allowed
    assert not decide_key(direct, identity(), key_policy=AWS_SSM, key_account=HOME).allowed
    refused = decide_key(through, identity(deny("kms:Decrypt")), key_policy=AWS_SSM, key_account=HOME)
    assert outcome(refused) == (DENIED, EXPLICIT)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (MAY, OPEN),
        (MAY_NOT, OPEN),
        (identity(deny("kms:*")), DENIED),
        (identity(allow(), service_control=((NOTHING,),)), DENIED),
    ],
)
def test_a_key_policy_that_is_not_known_leaves_it_open(who: Identity, expected: Verdict) -> None:
    """It could let in and keep out whom it likes; not past a Deny, nor past the organization."""
    decision = decide_key(decrypt(), who, key_policy=None, key_account=HOME)

    assert decision.verdict is expected
    assert [each.reason for each in decision.unknown] == ["the policy of this key is not known"] * (expected is OPEN)


def test_a_grant_does_not_make_up_for_a_key_policy_that_is_not_known() -> None:
    """It might deny."""
    decision = decide_key(decrypt(), MAY, key_policy=None, key_account=HOME, grants=[grant()])

    assert decision.verdict is OPEN


def grant(grantee: str = ROLE_ARN, *operations: str, **constraints: dict[str, str]) -> KeyGrant:
    """Spell a grant."""
    return KeyGrant(
        grantee=grantee,
        operations=frozenset(operations or {"Decrypt"}),
        context_equals=constraints.get("equals"),
        context_subset=constraints.get("subset"),
    )


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        (grant(), True),
        (grant(SESSION_ARN), True),
        (grant(USER_ARN), False),
        (grant(ROOT_ARN), False),
        (grant(ROLE_ARN, "Encrypt", "GenerateDataKey"), False),
        (grant(ROLE_ARN, "Encrypt", "Decrypt"), True),
        (grant(equals={"PARAMETER_ARN": DB, "team": "shop"}), True),
        (grant(equals={"PARAMETER_ARN": DB}), False),
        (grant(equals={"parameter_arn": DB, "team": "shop"}), False),
        (grant(subset={"PARAMETER_ARN": DB}), True),
        (grant(subset={}), True),
        (grant(subset={"PARAMETER_ARN": f"{DB}x"}), False),
        (grant(subset={"other": "x"}), False),
    ],
)
def test_a_grant_allows_its_operations_within_its_constraints(given: KeyGrant, allowed: bool) -> None:  # noqa: FBT001 - a table
    """Without any policy; names and values of the encryption context are compared exactly."""
    asked = decrypt(context={"kms:EncryptionContext:PARAMETER_ARN": DB, "kms:EncryptionContext:team": "shop"})
    key_policy = policy(allow("kms:*", Principal={"AWS": USER_ARN}))

    decision = decide_key(asked, MAY_NOT, key_policy=key_policy, key_account=HOME, grants=[given])

    assert outcome(decision) == ((ALLOWED, BY_GRANT) if allowed else (DENIED, NOT_IDENTITY))


def test_constraints_are_for_operations_with_an_encryption_context() -> None:
    """To describe a key has none."""
    given = grant(ROLE_ARN, "DescribeKey", equals={"PARAMETER_ARN": DB})
    asked = decrypt(action="kms:DescribeKey")

    assert decide_key(asked, MAY_NOT, key_policy=NOTHING, key_account=HOME, grants=[given]).allowed


@pytest.mark.parametrize(
    ("who", "key_account", "expected"),
    [
        (identity(deny("kms:Decrypt")), HOME, (DENIED, EXPLICIT)),
        (identity(service_control=((NOTHING,),)), HOME, (DENIED, NOT_ORGANIZATION)),
        (MAY, OTHER, (ALLOWED, BY_GRANT)),
        (MAY_NOT, OTHER, (DENIED, NOT_IDENTITY)),
        (identity(boundary=NOTHING), HOME, (OPEN, Reason.DEPENDS_ON_UNKNOWN)),
        (identity(session=NOTHING), HOME, (OPEN, Reason.DEPENDS_ON_UNKNOWN)),
    ],
)
def test_a_grant_does_not_outweigh_the_rest(who: Identity, key_account: str, expected: tuple[Verdict, Reason]) -> None:
    """A Deny, the organization, the caller's own account; what a boundary does to it is not documented."""
    key_policy = policy(allow("kms:*", Principal={"AWS": USER_ARN}))
    decision = decide_key(decrypt(), who, key_policy=key_policy, key_account=key_account, grants=[grant()])

    assert outcome(decision) == expected
    assert bool(decision.unknown) is (expected[0] is OPEN)


def test_what_is_kept_of_a_policy_is_not_taken_for_its_successor_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """An object's id is free again as soon as nothing refers to it, so what is known by its id is kept."""
    monkeypatch.setattr(cases, "_MAX_KEPT", 1)
    who = identity(allow())

    def answer(action: str) -> bool:
        key_policy = policy(allow(action, Principal={"AWS": ROOT_ARN}))
        kept = cases.case_of(decrypt(), who, key_policy)
        assert (kept.identity, kept.policy) == (who, key_policy)
        return decide_key(decrypt(), who, key_policy=key_policy, key_account=HOME).allowed

    assert [answer(action) for action in ("kms:Encrypt", "kms:Decrypt") * 100] == [False, True] * 100


def test_a_caller_of_the_same_name_with_other_tags_is_another_one() -> None:
    """What is kept between requests does not mix their condition keys."""
    who = identity(allow("kms:Decrypt", Condition={"StringEquals": {"aws:PrincipalTag/team": "shop"}}))
    tagged = [Caller(arn=ROLE_ARN, account=HOME, context={"aws:PrincipalTag/team": team}) for team in ("shop", "ops")]

    answers = [decide_key(decrypt(each), who, key_policy=DELEGATING, key_account=HOME).allowed for each in tagged * 2]

    assert answers == [True, False, True, False]
