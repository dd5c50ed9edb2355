"""Rules about ARNs: those that name nothing, and those that name more than they look like."""

import re
from collections.abc import Iterator
from typing import Final

from ssm_securestring.iam.model import Text
from ssm_securestring.iam.patterns import pattern_of
from ssm_securestring.iam.rules.rule import Problem, Resource, Severity, rule
from ssm_securestring.iam.rules.statements import (
    CONTEXT,
    CONTEXT_PREFIX,
    Placed,
    conditions_on,
    operator_of,
    placed_statements,
)
from ssm_securestring.iam.rules.texts import is_about, is_public, may_meet, shown
from ssm_securestring.iam.standins import partition_of

_ARN_PARTS: Final = 6
_REGION: Final = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d")
# /shop/db* also matches /shop/dbx; /shop/db-* and /shop/db/* end where a word ends.
_CUT_WORD: Final = re.compile(r":parameter/.*[A-Za-z0-9]\*+")


def _parameters(placed: Placed) -> Iterator[tuple[str, Text]]:
    """Return what a statement names as parameters, by resource and by encryption context, and where."""
    for text in placed.statement.resources:
        if is_about(text, service="ssm"):
            yield placed.resources_at, text
    for condition in conditions_on(placed.statement, CONTEXT):
        for text in condition.values:
            yield placed.at(f"Condition/{condition.operator}/{condition.key}"), text


@rule(
    "malformed-parameter-arn",
    Severity.ERROR,
    title="An ARN that is no parameter's",
    reason="the ARN of a parameter has one slash after 'parameter', which is the leading slash of the name, and a "
    "partition, a Region and an account: anything else matches nothing",
    fix="write arn:<partition>:ssm:<region>:<account>:parameter/<name without its leading slash>",
    source="Service Authorization Reference, 'AWS Systems Manager', resource types; KMS Developer Guide, 'How AWS "
    "Systems Manager Parameter Store uses AWS KMS', encryption context",
)
def malformed_parameter_arn(resource: Resource) -> Iterator[Problem]:
    """Find resources and contexts that are meant as parameters and match none."""
    for placed in placed_statements(resource):
        for location, text in _parameters(placed):
            problem = _malformed(text, context=not location.endswith("Resource"))
            if problem:
                yield Problem(location=location, text=f"{shown(text)} {problem}")


def _malformed(text: Text, *, context: bool) -> str | None:
    pattern = pattern_of(text)
    kind = pattern.split(":", _ARN_PARTS - 1)[-1]
    if not context and not kind.startswith(("parameter", "/")):
        return None  # a document, an instance, or any other resource of Systems Manager
    if "//" in pattern:
        return "has a double slash"
    # Those that AWS publishes belong to no account.
    shapes = ("arn:?*:ssm:?*:?*:parameter/*", "arn:?*:ssm:?*::parameter/aws/*")
    return None if any(may_meet(pattern, each) for each in shapes) else "is not the ARN of a parameter"


@rule(
    "wrong-partition",
    Severity.ERROR,
    title="A partition that its Region is not in",
    reason="an ARN with the partition of another part of AWS names nothing: Regions in China are in aws-cn, those of "
    "GovCloud in aws-us-gov",
    fix="write the partition as ${AWS::Partition}, in the CDK Stack.format_arn(...)",
    source="AWS General Reference, 'Amazon Resource Names (ARNs)'",
)
def wrong_partition(resource: Resource) -> Iterator[Problem]:
    """Find ARNs of keys and parameters whose partition and Region do not go together."""
    for placed in placed_statements(resource):
        keys = ((placed.resources_at, text) for text in placed.statement.resources if is_about(text, service="kms"))
        for location, text in (*keys, *_parameters(placed)):
            parts = pattern_of(text).split(":")
            if len(parts) != _ARN_PARTS or not _REGION.fullmatch(parts[3]):
                continue
            right = partition_of(parts[3]).name
            if not may_meet(parts[1], right):
                yield Problem(location=location, text=f"{parts[3]} is in partition {right}, not in {parts[1]}")


@rule(
    "cut-word",
    Severity.WARNING,
    title="A pattern that ends within a word",
    reason="a wildcard right after a letter or a digit also opens the neighbours: parameter/shop/db* matches "
    "/shop/dbadmin/password",
    fix="end the pattern with '/*' for what is below a path, or name the parameter",
    source="Systems Manager User Guide, 'Restricting access to Parameter Store parameters using IAM policies'",
)
def cut_word(resource: Resource) -> Iterator[Problem]:
    """Find patterns of parameters in Allow statements that open neighbours, too."""
    for placed in placed_statements(resource):
        if not placed.allows:
            continue
        patterns = [(placed.resources_at, text) for text in placed.statement.resources]
        for condition in conditions_on(placed.statement, CONTEXT_PREFIX):
            if "equals" not in operator_of(condition)[1]:
                where = placed.at(f"Condition/{condition.operator}/{condition.key}")
                patterns += [(where, text) for text in condition.values]
        for location, text in patterns:
            # A value that is not known yet may end in anything; its pattern ends in a star for that.
            meant = isinstance(text, str) and is_about(text, service="ssm") and not is_public(text)
            if meant and _CUT_WORD.search(pattern_of(text)):
                yield Problem(location=location, text=f"{text!r} also matches names that only begin like this")
