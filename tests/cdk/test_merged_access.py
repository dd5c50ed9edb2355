"""Random grants to several principals, through the constructs: each has the union of its grants, and nothing else."""

import json
import random
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template
from hypothesis import given, settings
from hypothesis import strategies as st

from ssm_securestring.cdk import ParameterKey, ParameterPath, SecureStringParameter, SecureStringParameterBase, Tier
from ssm_securestring.core.access import Verb
from tests.core.decider import KEYS, NAMES, PREFIX, Granted, allows, requests

LIMITS = {"Role": 10_240, "User": 2_048, "Group": 5_120}
MANAGED_LIMIT = 6_144
ACCESS = "ssm-securestring:access"
# Only who has an ARN of its own can be named in a key policy, and only reading can be direct.
DIRECT = {"grant_read", "grant_read_history"}


@st.composite
def grants(draw: st.DrawFn) -> tuple[str, Granted]:
    """Draw a principal and what it is granted."""
    principal = draw(st.sampled_from(list(LIMITS)))
    verb = draw(st.sampled_from(Verb))
    can_be_direct = principal != "Group" and f"grant_{verb.name.lower()}" in DIRECT
    return principal, Granted(
        verb=verb,
        name=draw(st.sampled_from(NAMES)),
        key=draw(st.sampled_from(KEYS)),
        tier=draw(st.sampled_from(Tier)),
        below=draw(st.booleans()),
        direct=can_be_direct and draw(st.booleans()),
    )


def _granted(wanted: list[tuple[str, Granted]]) -> dict[str, Any]:
    """Make these grants, in this order, and return the policies of the template as they are deployed."""
    context = {"@aws-cdk/core:enablePartitionLiterals": True}
    stack = cdk.Stack(cdk.App(context=context), "S", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    keys = {arn: ParameterKey(stack, f"Key{number}") for number, arn in enumerate(KEYS)}
    principals: dict[str, iam.IGrantable] = {
        "Role": iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal()),
        "User": iam.User(stack, "User"),
        "Group": iam.Group(stack, "Group"),
    }
    for number, (principal, each) in enumerate(wanted):
        target = _target(stack, f"T{number}", each, keys[each.key])
        direct = {"direct": True} if each.direct else {}
        getattr(target, f"grant_{each.verb.name.lower()}")(principals[principal], **direct)
    template = Template.from_stack(stack)
    arns = {name: KEYS[int(name[len("Key")])] for name in template.find_resources("AWS::KMS::Key")}
    policies = {
        name: {**each["Properties"], ACCESS: each.get("Metadata", {}).get(ACCESS, []), "Type": each["Type"]}
        for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
        for name, each in template.find_resources(kind).items()
    }
    return dict(_filled_in(policies, arns))


def _target(
    stack: cdk.Stack, construct_id: str, wanted: Granted, key: ParameterKey
) -> ParameterPath | SecureStringParameterBase:
    if wanted.below:
        return ParameterPath(stack, construct_id, path=wanted.name, encryption_key=key, tier=wanted.tier)
    return SecureStringParameter.from_name(stack, construct_id, name=wanted.name, encryption_key=key, tier=wanted.tier)


def _said(wanted: Granted) -> dict[str, object]:
    """Spell what the metadata says about a grant."""
    return {
        "verb": wanted.verb.name,
        "parameter": f"{PREFIX}{wanted.name}/*" if wanted.below else f"{PREFIX}{wanted.name}",
        "path": wanted.below,
        "tier": wanted.tier.value,
        "key": wanted.key,
        "direct": wanted.direct,
    }


def _filled_in(value: Any, arns: dict[str, str]) -> Any:  # noqa: ANN401 - a template is JSON
    if isinstance(value, dict):
        if set(value) == {"Fn::GetAtt"}:
            logical_id = value["Fn::GetAtt"][0]
            return arns.get(logical_id, logical_id)
        return {name: _filled_in(each, arns) for name, each in value.items()}
    return [_filled_in(each, arns) for each in value] if isinstance(value, list) else value


@settings(max_examples=6)
@given(st.lists(grants(), min_size=1, max_size=10), st.randoms(use_true_random=False))
def test_each_principal_has_the_union_of_its_grants_and_nothing_else(
    wanted: list[tuple[str, Granted]], order: random.Random
) -> None:
    """Parameters, paths, all verbs, tiers, keys; within IAM's limits; as the metadata says; in whichever order."""
    policies = _granted(wanted)

    for principal, limit in LIMITS.items():
        own = [each for each in policies.values() if f"{principal}s" in each]
        statements = [statement for each in own for statement in each["PolicyDocument"]["Statement"]]
        meant = [each for name, each in wanted if name == principal]
        for request in requests():
            assert allows(statements, *request) == any(each.means(*request) for each in meant)
        said = [record for each in own for record in each[ACCESS]]
        assert {json.dumps(each) for each in said} == {json.dumps(_said(each)) for each in meant}
        sizes = [(each["Type"], len(json.dumps(each["PolicyDocument"], separators=(",", ":")))) for each in own]
        assert sum(size for kind, size in sizes if kind == "AWS::IAM::Policy") <= limit
        assert all(size <= MANAGED_LIMIT for kind, size in sizes if kind == "AWS::IAM::ManagedPolicy")
    shuffled = list(wanted)
    order.shuffle(shuffled)
    assert _granted(shuffled) == policies
