"""Merged policies allow exactly what the single grants allow, within IAM's limits, in whichever order they come.

What a policy allows is decided by the few lines of :func:`allows`, which share nothing with the code under test.
"""

import fnmatch
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssm_securestring.core.access import Access, KeyUse, Verb
from ssm_securestring.core.tiers import Tier

PREFIX = "arn:aws:ssm:eu-west-1:111122223333:parameter"
VIA = "ssm.eu-west-1.amazonaws.com"
KEYS = [f"arn:aws:kms:eu-west-1:111122223333:key/{digit * 8}-12ab-34cd-56ef-1234567890ab" for digit in "ab"]
NAMES = ["/a", "/a/b", "/a/b/c", "/a/bc", "/ab", "/b/a"]
ACTIONS = [
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParameterHistory",
    "ssm:GetParametersByPath",
    "ssm:PutParameter",
    "ssm:DeleteParameter",
    "ssm:AddTagsToResource",
    "ssm:DescribeParameters",
]
KEY_ACTIONS = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant"]


def allows(statements: list[dict[str, Any]], action: str, resource: str, context: dict[str, str]) -> bool:
    """Decide a request by statements with Allow, StringEquals and StringLike, as IAM does."""

    def listed(value: Any) -> list[str]:  # noqa: ANN401 - JSON
        return value if isinstance(value, list) else [value]

    def holds(operator: str, key: str, wanted: Any) -> bool:  # noqa: ANN401 - JSON
        if key not in context:
            return False
        if operator == "StringEquals":
            return context[key] in listed(wanted)
        assert operator == "StringLike"
        return any(fnmatch.fnmatchcase(context[key], pattern) for pattern in listed(wanted))

    return any(
        action in listed(each["Action"])
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in listed(each["Resource"]))
        and all(
            holds(operator, key, wanted)
            for operator, block in each.get("Condition", {}).items()
            for key, wanted in block.items()
        )
        for each in statements
    )


def requests() -> list[tuple[str, str, dict[str, str]]]:
    """Return every request that the grants below could be about, and some that none of them is about."""
    on_parameters: list[tuple[str, str, dict[str, str]]] = [
        (action, f"{PREFIX}{name}", {}) for action in ACTIONS for name in NAMES
    ]
    on_keys = [
        (action, key, {"kms:EncryptionContext:PARAMETER_ARN": f"{PREFIX}{name}"} | via)
        for action in KEY_ACTIONS
        for key in KEYS
        for name in NAMES
        for via in ({"kms:ViaService": VIA}, {"kms:ViaService": "ssm.eu-west-2.amazonaws.com"}, {})
    ]
    return [*on_parameters, *on_keys, ("kms:Decrypt", KEYS[0], {"kms:ViaService": VIA}), ("kms:Decrypt", KEYS[0], {})]


def granted(verb: Verb, name: str, key: str, tier: Tier, *, below: bool, direct: bool) -> Access:
    """Return one grant."""
    arn = f"{PREFIX}{name}/*" if below else f"{PREFIX}{name}"
    access = Access()
    access.allow(verb.parameter_actions, resource=arn)
    access.allow(verb.account_actions, resource="*")
    use = KeyUse(key_arn=key, region="eu-west-1", pattern=below, direct=direct)
    access.allow_key(verb.key_actions(tier), use=use, parameter_arn=arn)
    return access


GRANTS = st.builds(
    granted,
    st.sampled_from(Verb),
    st.sampled_from(NAMES),
    st.sampled_from(KEYS),
    st.sampled_from(Tier),
    below=st.booleans(),
    direct=st.booleans(),
)


def merged(grants: list[Access]) -> Access:
    """Return all of them as one principal's."""
    access = Access()
    for each in grants:
        access.update(each)
    return access


@settings(max_examples=60, deadline=None)
@given(st.lists(GRANTS, max_size=12), st.integers(1200, 3000), st.randoms(use_true_random=False))
def test_merged_policies_allow_the_union_of_the_grants_and_nothing_else(
    grants: list[Access], room: int, order: random.Random
) -> None:
    """For each request, whatever verbs, parameters, paths, tiers and keys are mixed, and however small the policies."""
    pages = merged(grants).pages(first_chars=room, further_chars=room)

    packed = [statement for page in pages for statement in page]
    for action, resource, context in requests():
        one_by_one = any(allows(each.statements(), action, resource, context) for each in grants)
        assert allows(packed, action, resource, context) == one_by_one
    for page in pages:
        assert len(json.dumps({"Version": "2012-10-17", "Statement": page}, separators=(",", ":"))) <= room
    shuffled = list(grants)
    order.shuffle(shuffled)
    assert merged(shuffled).pages(first_chars=room, further_chars=room) == pages


def test_the_decider_of_these_tests_tells_requests_apart() -> None:
    """One exact grant: its own request passes, and each request with one difference does not."""
    statements = granted(Verb.READ, "/a/b", KEYS[0], Tier.STANDARD, below=False, direct=False).statements()
    good = {"kms:ViaService": VIA, "kms:EncryptionContext:PARAMETER_ARN": f"{PREFIX}/a/b"}

    assert allows(statements, "kms:Decrypt", KEYS[0], good)
    assert allows(statements, "ssm:GetParameter", f"{PREFIX}/a/b", {})
    assert not allows(statements, "kms:Encrypt", KEYS[0], good)
    assert not allows(statements, "kms:Decrypt", KEYS[1], good)
    assert not allows(statements, "kms:Decrypt", KEYS[0], good | {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"})
    assert not allows(statements, "kms:Decrypt", KEYS[0], {"kms:ViaService": VIA})
    assert not allows(statements, "ssm:GetParameter", f"{PREFIX}/a/bc", {})
    assert sum(allows(statements, *request) for request in requests()) == 3


@pytest.mark.parametrize("count", [10, 30, 100, 300, 1000])
def test_what_is_not_arns_is_little(count: int) -> None:
    """Policies for many parameters hold little more than each ARN twice: in Parameter Store's statement and in KMS's.

    Measured against the smallest document with these ARNs that has the two statements at all.
    """
    arns = [f"{PREFIX}/shop/service-{number:04}/database/password" for number in range(count)]
    access = Access()
    for arn in arns:
        access.allow(Verb.READ.parameter_actions, resource=arn)
        use = KeyUse(key_arn=KEYS[0], region="eu-west-1")
        access.allow_key(Verb.READ.key_actions(None), use=use, parameter_arn=arn)

    pages = access.pages(first_chars=5120, further_chars=6144)

    sizes = [len(json.dumps({"Version": "2012-10-17", "Statement": page}, separators=(",", ":"))) for page in pages]
    listed = 2 * sum(len(arn) + 3 for arn in arns)
    frame = len(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:GetParameter","ssm:GetParameters"],'
        f'"Resource":[]}},{{"Effect":"Allow","Action":"kms:Decrypt","Resource":"{KEYS[0]}","Condition":'
        f'{{"StringEquals":{{"kms:ViaService":"{VIA}","kms:EncryptionContext:PARAMETER_ARN":[]}}}}}}]}}'
    )
    assert sum(sizes) <= 1.10 * (listed + frame)
    if count >= 100:
        assert sum(sizes) <= 1.10 * listed
    assert all(size <= room for size, room in zip(sizes, [5120, *[6144] * len(sizes)], strict=False))
    print(f"{count} parameters: {len(pages)} policies, {sum(sizes) / listed:.3f} x their ARNs")
