"""Merged policies allow exactly what the single grants allow, within IAM's limits, in whichever order they come."""

import json
import random
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssm_securestring.core.access import BY_PATH_ACTION, Access, KeyUse, Verb
from ssm_securestring.core.tiers import Tier
from tests.core.decider import KEYS, NAMES, PREFIX, VIA, Granted, allows, requests

GRANTS = st.builds(
    Granted,
    verb=st.sampled_from(Verb),
    name=st.sampled_from(NAMES),
    key=st.sampled_from(KEYS),
    tier=st.sampled_from(Tier),
    below=st.booleans(),
    direct=st.booleans(),
)


def access_of(granted: Granted) -> Access:
    """Return a grant as the code under test has it."""
    itself = f"{PREFIX}{granted.name}"
    arn = f"{itself}/*" if granted.below else itself
    access = Access()
    access.allow(granted.verb.parameter_actions, resource=arn)
    access.allow(granted.verb.account_actions, resource="*")
    if granted.below and granted.verb.reads_values:
        for each in (itself, arn):
            access.allow([BY_PATH_ACTION], resource=each)
    use = KeyUse(key_arn=granted.key, region="eu-west-1", pattern=granted.below, direct=granted.direct)
    access.allow_key(granted.verb.key_actions(granted.tier), use=use, parameter_arn=arn)
    return access


def merged(grants: list[Granted]) -> Access:
    """Return all of them as one principal's."""
    access = Access()
    for each in grants:
        access.update(access_of(each))
    return access


@settings(max_examples=60, deadline=None)
@given(st.lists(GRANTS, max_size=12), st.integers(1200, 3000), st.randoms(use_true_random=False))
def test_merged_policies_allow_the_union_of_the_grants_and_nothing_else(
    grants: list[Granted], room: int, order: random.Random
) -> None:
    """For each request, whatever verbs, parameters, paths, tiers and keys are mixed, and however small the policies."""
    pages = merged(grants).pages(first_chars=room, further_chars=room)

    packed = [statement for page in pages for statement in page]
    for action, resource, context in requests():
        meant = any(each.means(action, resource, context) for each in grants)
        assert allows(packed, action, resource, context) == meant
    for page in pages:
        assert len(json.dumps({"Version": "2012-10-17", "Statement": page}, separators=(",", ":"))) <= room
    shuffled = list(grants)
    order.shuffle(shuffled)
    assert merged(shuffled).pages(first_chars=room, further_chars=room) == pages


def test_the_decider_of_these_tests_tells_requests_apart() -> None:
    """One exact grant: its own request passes, and each request with one difference does not."""
    exact = Granted(verb=Verb.READ, name="/a/b", key=KEYS[0], tier=Tier.STANDARD, below=False, direct=False)
    statements = access_of(exact).statements()
    good = {"kms:ViaService": VIA, "kms:EncryptionContext:PARAMETER_ARN": f"{PREFIX}/a/b"}

    assert allows(statements, "kms:Decrypt", KEYS[0], good)
    assert allows(statements, "ssm:GetParameter", f"{PREFIX}/a/b", {})
    assert not allows(statements, "kms:Encrypt", KEYS[0], good)
    assert not allows(statements, "kms:Decrypt", KEYS[1], good)
    assert not allows(statements, "kms:Decrypt", KEYS[0], good | {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"})
    assert not allows(statements, "kms:Decrypt", KEYS[0], {"kms:ViaService": VIA})
    assert not allows(statements, "ssm:GetParameter", f"{PREFIX}/a/bc", {})
    assert sum(allows(statements, *request) for request in requests()) == 3


@pytest.mark.parametrize("count", [10, 22, 23, 30, 41, 100, 300, 1000])
def test_what_is_not_arns_is_little(count: int) -> None:
    """Policies for many parameters hold little more than each ARN twice: in Parameter Store's statement and in KMS's.

    A tenth more from 23 parameters on. Below, what is not ARNs is the frame of one document and two statements, spelled
    out here: without any part of it, the policy would allow something else.
    """
    arns = [f"{PREFIX}/shop/service-{number:04}/database/password" for number in range(count)]
    access = Access()
    for arn in arns:
        access.allow(Verb.READ.parameter_actions, resource=arn)
        use = KeyUse(key_arn=KEYS[0], region="eu-west-1")
        access.allow_key(Verb.READ.key_actions(None), use=use, parameter_arn=arn)

    pages = access.pages(first_chars=7168, further_chars=6144)

    sizes = [len(json.dumps({"Version": "2012-10-17", "Statement": page}, separators=(",", ":"))) for page in pages]
    listed = 2 * sum(len(arn) + len('"",') for arn in arns)
    frame = len(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:GetParameter","ssm:GetParameters"],'
        f'"Resource":[]}},{{"Effect":"Allow","Action":"kms:Decrypt","Resource":"{KEYS[0]}","Condition":'
        f'{{"StringEquals":{{"kms:ViaService":"{VIA}","kms:EncryptionContext:PARAMETER_ARN":[]}}}}}}]}}'
    )
    # No comma behind the last of a list.
    smallest = listed - 2 * len(",") + frame
    if count < 23:
        assert sum(sizes) == smallest
    else:
        assert sum(sizes) <= 1.10 * listed
    assert all(size <= room for size, room in zip(sizes, [7168, *[6144] * len(sizes)], strict=False))
    print(f"{count} parameters: {len(pages)} policies, {sum(sizes) / listed:.3f} x their ARNs")


@settings(max_examples=60, deadline=None)
@given(st.lists(GRANTS, max_size=8), st.sets(st.integers(0, 99), max_size=30), st.integers(0, 99))
def test_more_arns_of_a_verb_push_others_forward_only(grants: list[Granted], numbers: set[int], more: int) -> None:
    """What is in a policy stays there or goes to a later one, so later policies are filled before it loses anything."""

    def places(count: set[int]) -> dict[tuple[str, str, str], int]:
        access = merged(grants)
        for number in count:
            access.allow(Verb.READ.parameter_actions, resource=f"{PREFIX}/more/{number:02}")
        pages = access.pages(first_chars=1000, further_chars=1500)
        return {each: number for number, page in enumerate(pages) for each in permissions(page)}

    before, after = places(numbers), places(numbers | {more})
    assert before.keys() <= after.keys()
    assert all(after[each] >= place for each, place in before.items())


def permissions(statements: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Take statements apart: action, resource, and condition for one encryption context."""

    def listed(value: Any) -> list[str]:  # noqa: ANN401 - JSON
        return value if isinstance(value, list) else [value]

    found = set()
    for each in statements:
        condition = json.dumps(each.get("Condition", {}))
        blocks = each.get("Condition", {}).values()
        contexts = [arn for block in blocks for arn in listed(block.get("kms:EncryptionContext:PARAMETER_ARN", []))]
        via, pattern = "ViaService" in condition, "StringLike" in condition
        for action, resource, context in product(listed(each["Action"]), listed(each["Resource"]), contexts or [""]):
            found.add((action, resource, f"{via} {pattern} {context}"))
    return found


def test_a_policy_takes_one_arn_that_is_larger_than_its_room() -> None:
    """A user has little room inline, and a policy without a statement would be refused."""
    access = Access()
    for letter in "ab":
        access.allow(Verb.READ.parameter_actions, resource=f"{PREFIX}/{letter * 900}")

    pages = access.pages(first_chars=1000, further_chars=6144)

    assert [[each["Resource"] for each in page] for page in pages] == [
        [f"{PREFIX}/{'a' * 900}"],
        [f"{PREFIX}/{'b' * 900}"],
    ]
