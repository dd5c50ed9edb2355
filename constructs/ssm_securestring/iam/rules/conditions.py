"""Rules about conditions: those that never hold, and those that hold when they should not."""

from collections.abc import Iterator
from typing import Final

from ssm_securestring.core.encryption import CONTEXT_KEY
from ssm_securestring.iam.model import Condition
from ssm_securestring.iam.patterns import pattern_of
from ssm_securestring.iam.rules.rule import Problem, Resource, Severity, rule
from ssm_securestring.iam.rules.statements import (
    CONTEXT_PREFIX,
    Placed,
    conditions_on,
    has_context,
    operator_of,
    placed_statements,
)
from ssm_securestring.iam.rules.texts import has_wildcard, may_meet

# The keys whose values hold neither "*" nor "?", so that one of these cannot be meant literally.
_WITHOUT_WILDCARDS: Final = (
    CONTEXT_PREFIX,
    "kms:CallerAccount",
    "kms:RequestAlias",
    "kms:ResourceAliases",
    "kms:ViaService",
    "aws:PrincipalArn",
)
_LITERAL: Final = ("stringequals", "stringnotequals", "stringequalsignorecase", "stringnotequalsignorecase")
_BINDING: Final = (CONTEXT_PREFIX, "kms:ViaService", "kms:CallerAccount")


def _at(placed: Placed, condition: Condition) -> str:
    return placed.at(f"Condition/{condition.operator}/{condition.key}")


@rule(
    "wildcard-under-string-equals",
    Severity.ERROR,
    title="A wildcard under StringEquals",
    reason="StringEquals compares character by character, so that a value with * or ? never fits: an Allow opens "
    "nothing, and a Deny closes nothing",
    fix="write StringLike for a pattern, or the full value under StringEquals",
    source="IAM User Guide, 'IAM JSON policy elements: Condition operators', String condition operators",
)
def wildcard_under_string_equals(resource: Resource) -> Iterator[Problem]:
    """Find values with a wildcard under operators that take them literally."""
    for placed in placed_statements(resource):
        for condition in conditions_on(placed.statement, *_WITHOUT_WILDCARDS):
            operator = operator_of(condition)[1]
            if operator not in _LITERAL:
                continue
            for value in condition.values:
                if has_wildcard(value):
                    yield Problem(
                        location=_at(placed, condition), text=f"{value!r} is compared literally by {condition.operator}"
                    )


@rule(
    "set-operator-on-context",
    Severity.ERROR,
    title="ForAllValues or ForAnyValue on the encryption context",
    reason="ForAllValues also holds for a request without any encryption context; KMS refuses such a key policy. On "
    "kms:EncryptionContextKeys it needs a comparison of the context beside it, and then refuses what a signing suite "
    "of the Encryption SDK wrote, which adds a key to the context",
    fix="compare kms:EncryptionContext:PARAMETER_ARN by StringEquals or StringLike, without a set operator",
    source="KMS Developer Guide, 'AWS KMS condition keys', kms:EncryptionContext:context-key and "
    "kms:EncryptionContextKeys",
)
def set_operator_on_context(resource: Resource) -> Iterator[Problem]:
    """Find set operators on the context, and ForAllValues on its keys."""
    for placed in placed_statements(resource):
        if not placed.allows:
            continue
        for condition in conditions_on(placed.statement, CONTEXT_PREFIX, "kms:EncryptionContextKeys"):
            set_operator = operator_of(condition)[0]
            of_keys = condition.key.lower() == "kms:encryptioncontextkeys"
            # Beside a comparison of the context it is right for contexts that always have the same keys.
            right = of_keys and has_context(placed.statement) and CONTEXT_KEY not in condition.values
            if (set_operator == "forallvalues" and not right) or (set_operator and not of_keys):
                yield Problem(location=_at(placed, condition), text=f"{condition.operator} compares {condition.key}")


@rule(
    "optional-condition",
    Severity.ERROR,
    title="IfExists on what binds the use of a key",
    reason="an operator with IfExists also holds when the request has no such value: no encryption context, or a call "
    "that does not come through a service",
    fix="leave IfExists out",
    source="IAM User Guide, 'IAM JSON policy elements: Condition operators', ...IfExists condition operators",
)
def optional_condition(resource: Resource) -> Iterator[Problem]:
    """Find Allow statements that do not ask for the context or the service that they compare."""
    for placed in placed_statements(resource):
        for condition in conditions_on(placed.statement, CONTEXT_PREFIX, "kms:ViaService") if placed.allows else ():
            elsewhere = not any(pattern_of(each).startswith(("ssm", "*")) for each in condition.values)
            other_service = condition.key.lower() == "kms:viaservice" and elsewhere
            if operator_of(condition)[2] and not other_service:
                yield Problem(
                    location=_at(placed, condition), text=f"{condition.operator} holds without {condition.key}"
                )


@rule(
    "negated-condition",
    Severity.ERROR,
    title="An Allow for all encryption contexts but one",
    reason="StringNotEquals and its like hold for every other value, and for a request that has none: the statement "
    "allows everything except what it names",
    fix="name what is allowed, by StringEquals or StringLike; put what is forbidden into a Deny",
    source="IAM User Guide, 'IAM JSON policy elements: Condition operators', negated matching condition operators",
)
def negated_condition(resource: Resource) -> Iterator[Problem]:
    """Find Allow statements with a negated comparison of context or service."""
    for placed in placed_statements(resource):
        for condition in conditions_on(placed.statement, *_BINDING) if placed.allows else ():
            operator = operator_of(condition)[1]
            if operator.startswith(("stringnot", "arnnot")):
                yield Problem(
                    location=_at(placed, condition),
                    text=f"{condition.operator} holds for every other {condition.key}, and for none",
                )


@rule(
    "via-service-never-matches",
    Severity.ERROR,
    title="A kms:ViaService that Parameter Store never sends",
    reason="Parameter Store calls KMS as ssm.<region>.amazonaws.com; the ending is amazonaws.com in every partition, "
    "China included",
    fix="write ssm.<region>.amazonaws.com; for every Region ssm.*.amazonaws.com under StringLike",
    source="KMS Developer Guide, 'AWS KMS condition keys', kms:ViaService",
)
def via_service_never_matches(resource: Resource) -> Iterator[Problem]:
    """Find names of Parameter Store that are not the one it has."""
    for placed in placed_statements(resource):
        for condition in conditions_on(placed.statement, "kms:ViaService"):
            for value in condition.values:
                text = pattern_of(value).lower()
                named = text == "ssm" or text.startswith("ssm.")
                if named and not may_meet(text, "ssm.?*.amazonaws.com"):
                    yield Problem(location=_at(placed, condition), text=f"{text!r} is not the name of Parameter Store")
