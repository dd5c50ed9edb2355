"""Merged policies allow exactly what the single grants allow, within IAM's limits, in whichever order they come.

What a policy allows is decided by the few lines of :func:`allows`, and what a grant means by :meth:`Granted.means`;
they share nothing with the code under test.
"""

import fnmatch
import json
import random
from dataclasses import dataclass
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


ALLOWED = {
    Verb.READ: {"ssm:GetParameter", "ssm:GetParameters", "kms:Decrypt"},
    Verb.WRITE: {"ssm:PutParameter", "encrypt"},
    Verb.READ_WRITE: {"ssm:GetParameter", "ssm:GetParameters", "kms:Decrypt", "ssm:PutParameter", "encrypt"},
    Verb.READ_HISTORY: {"ssm:GetParameterHistory", "kms:Decrypt"},
    Verb.READ_METADATA: {"ssm:DescribeParameters"},
    Verb.DELETE: {"ssm:DeleteParameter"},
    Verb.MANAGE: {
        "ssm:GetParameter",
        "ssm:GetParameters",
        "ssm:GetParameterHistory",
        "ssm:PutParameter",
        "ssm:DeleteParameter",
        "ssm:AddTagsToResource",
        "kms:Decrypt",
        "encrypt",
    },
}
ENCRYPT = {
    Tier.STANDARD: {"kms:Encrypt"},
    Tier.ADVANCED: {"kms:GenerateDataKey"},
    Tier.INTELLIGENT_TIERING: {"kms:Encrypt", "kms:GenerateDataKey"},
}


@dataclass(frozen=True, kw_only=True)
class Granted:
    """One grant: what it was told, and what it is meant to allow."""

    verb: Verb
    name: str
    key: str
    tier: Tier
    below: bool
    direct: bool

    def access(self) -> Access:
        """Return it as the code under test has it."""
        arn = f"{PREFIX}{self.name}/*" if self.below else f"{PREFIX}{self.name}"
        access = Access()
        access.allow(self.verb.parameter_actions, resource=arn)
        access.allow(self.verb.account_actions, resource="*")
        use = KeyUse(key_arn=self.key, region="eu-west-1", pattern=self.below, direct=self.direct)
        access.allow_key(self.verb.key_actions(self.tier), use=use, parameter_arn=arn)
        return access

    def means(self, action: str, resource: str, context: dict[str, str]) -> bool:
        """Tell whether it is meant to allow a request; spelled by hand, without a policy."""
        allowed = ALLOWED[self.verb]
        if action == "ssm:DescribeParameters":
            return action in allowed
        if action.startswith("ssm:"):
            return action in allowed and self._names(resource)
        is_encryption = "encrypt" in allowed and action in ENCRYPT[self.tier]
        return (
            (action in allowed or is_encryption)
            and resource == self.key
            and self._names(context.get("kms:EncryptionContext:PARAMETER_ARN", ""))
            and (self.direct or context.get("kms:ViaService") == VIA)
        )

    def _names(self, arn: str) -> bool:
        return arn.startswith(f"{PREFIX}{self.name}/") if self.below else arn == f"{PREFIX}{self.name}"


GRANTS = st.builds(
    Granted,
    verb=st.sampled_from(Verb),
    name=st.sampled_from(NAMES),
    key=st.sampled_from(KEYS),
    tier=st.sampled_from(Tier),
    below=st.booleans(),
    direct=st.booleans(),
)


def merged(grants: list[Granted]) -> Access:
    """Return all of them as one principal's."""
    access = Access()
    for each in grants:
        access.update(each.access())
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
    statements = exact.access().statements()
    good = {"kms:ViaService": VIA, "kms:EncryptionContext:PARAMETER_ARN": f"{PREFIX}/a/b"}

    assert allows(statements, "kms:Decrypt", KEYS[0], good)
    assert allows(statements, "ssm:GetParameter", f"{PREFIX}/a/b", {})
    assert not allows(statements, "kms:Encrypt", KEYS[0], good)
    assert not allows(statements, "kms:Decrypt", KEYS[1], good)
    assert not allows(statements, "kms:Decrypt", KEYS[0], good | {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"})
    assert not allows(statements, "kms:Decrypt", KEYS[0], {"kms:ViaService": VIA})
    assert not allows(statements, "ssm:GetParameter", f"{PREFIX}/a/bc", {})
    assert sum(allows(statements, *request) for request in requests()) == 3


@pytest.mark.parametrize("count", [10, 22, 23, 30, 100, 300, 1000])
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

    pages = access.pages(first_chars=5120, further_chars=6144)

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
    assert all(size <= room for size, room in zip(sizes, [5120, *[6144] * len(sizes)], strict=False))
    print(f"{count} parameters: {len(pages)} policies, {sum(sizes) / listed:.3f} x their ARNs")


def test_a_statement_stays_in_one_piece_where_that_costs_no_policy() -> None:
    """Thirty parameters: what Parameter Store is told in the first policy, what KMS is told in the second."""
    arns = [f"{PREFIX}/shop/service-{number:04}/database/password" for number in range(30)]
    access = Access()
    for arn in arns:
        access.allow(["ssm:GetParameter"], resource=arn)
        access.allow_key(["kms:Decrypt"], use=KeyUse(key_arn=KEYS[0], region="eu-west-1"), parameter_arn=arn)

    pages = access.pages(first_chars=5120, further_chars=6144)

    assert [[each["Action"] for each in page] for page in pages] == [["ssm:GetParameter"], ["kms:Decrypt"]]
