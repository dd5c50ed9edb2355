"""The templates of an assembly held against the rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ssm_securestring.core.spec import RESOURCE_TYPE
from ssm_securestring.iam.assembly import Assembly, Stack, mapping
from ssm_securestring.iam.intrinsics import Resolver
from ssm_securestring.iam.model import Unknown
from ssm_securestring.iam.rules import check
from ssm_securestring.iam.rules.rule import Finding, Resource
from ssm_securestring.iam.rules.statements import documents, is_parameter_key
from ssm_securestring.iam.values import unknowns

_KEY: Final = "AWS::KMS::Key"
# Stand for what a stack leaves open: no rule can take them for an account or a Region that somebody wrote.
OPEN_ACCOUNT: Final = "<account>"
OPEN_REGION: Final = "<region>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an assembly breaks, and what could not be judged.

    Args:
        findings: What breaks a rule for certain.
        unknown: What is not known of its policies before the deployment, and so breaks no rule.
    """

    findings: tuple[Finding, ...]
    unknown: tuple[Unknown, ...]


def report_on(assembly: Assembly) -> Report:
    """Hold all resources of an assembly against all rules."""
    resolver = Resolver(assembly)
    resources = [each for stack in assembly.stacks for each in _resources(stack, resolver)]
    for_parameters, others = frozenset(_parameter_keys(resources)), frozenset(_other_keys(resources))
    found = check(replace(each, parameter_keys=for_parameters, other_keys=others) for each in resources)
    unknown = [each for resource in resources for _, document in documents(resource) for each in unknowns(document)]
    return Report(findings=tuple(found), unknown=(*assembly.unknown, *dict.fromkeys(unknown)))


def _resources(stack: Stack, resolver: Resolver) -> Iterator[Resource]:
    for logical_id in stack.section("Resources"):
        written = stack.resource(logical_id)
        # One whose condition does not hold is not made; one of which that is not known may be.
        if resolver.exists(stack, logical_id) is False:
            continue
        place = f"{stack.title}/{logical_id}"
        kind = str(written.get("Type"))
        arn = resolver.plain({"Fn::GetAtt": [logical_id, "Arn"]}, stack, place) if kind == _KEY else None
        properties = mapping(written.get("Properties"))
        yield Resource(
            stack=stack.title,
            logical_id=logical_id,
            type=kind,
            properties=mapping(resolver.plain(properties, stack, f"{place}, Properties")),
            written=properties,
            path=stack.paths.get(logical_id, ""),
            arn=arn if isinstance(arn, str) else "",
        )


def _parameter_keys(resources: list[Resource]) -> Iterator[str]:
    """Return the ARNs of keys that parameters of ours are under, and of those that say so themselves."""
    for each in resources:
        key = (
            each.properties.get("KeyId") if each.type == RESOURCE_TYPE else each.arn if is_parameter_key(each) else None
        )
        if isinstance(key, str) and key:
            yield key


def _other_keys(resources: list[Resource]) -> Iterator[str]:
    """Return the ARNs of keys that a bucket, a queue, a log group, … names."""
    used = {
        text
        for each in resources
        if not each.type.startswith(("AWS::IAM::", "AWS::KMS::")) and each.type != RESOURCE_TYPE
        for text in _texts(each.properties)
    }
    for each in resources:
        if each.arn and not used.isdisjoint({each.arn, each.arn.rpartition("/")[2]}):
            yield each.arn


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)
