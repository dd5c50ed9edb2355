"""Rules about actions of Parameter Store: reading more than was meant, and permissions that open nothing."""

import difflib
from collections.abc import Iterator
from typing import Final

from ssm_securestring.core.access import BY_PATH_ACTION
from ssm_securestring.core.actions import ACCOUNT_ACTIONS, KMS_ACTIONS, PARAMETER_ACTIONS, READ_ACTIONS
from ssm_securestring.iam.model import Effect, Statement, Text
from ssm_securestring.iam.patterns import matches, pattern_of
from ssm_securestring.iam.rules.rule import Problem, Resource, Severity, rule
from ssm_securestring.iam.rules.statements import Placed, conditions_on, names_action, placed_statements
from ssm_securestring.iam.rules.texts import covers, is_about, is_every, is_public

_DESCRIBE: Final = "ssm:DescribeParameters"
_HISTORY: Final = "ssm:GetParameterHistory"
# What the CDK's own StringParameter.grant_read writes, alone or merged with a grant_write; an app cannot change it.
_CDK_READ: Final = frozenset({_DESCRIBE, "ssm:GetParameters", "ssm:GetParameter", _HISTORY})
_TAGS: Final = ("aws:ResourceTag/", "ssm:ResourceTag/")
_KNOWN: Final = {each.lower(): each for each in (*KMS_ACTIONS, *PARAMETER_ACTIONS, *ACCOUNT_ACTIONS)}
# Two letters swapped in the shortest of the names, and nothing that is a name of its own.
_ALIKE: Final = 0.85


def _is_every_parameter(statement: Statement) -> bool:
    return statement.not_resources or any(
        is_every(text, service="ssm", kind="parameter") for text in statement.resources
    )


@rule(
    "read-all-parameters",
    Severity.WARNING,
    title="Reading every parameter",
    reason="it reads every parameter of the account and Region, those of other teams and those to come included; under "
    "the AWS managed key nothing else stands before the value",
    fix="name the parameter, or the path that is meant: parameter/shop/*",
    source="Systems Manager User Guide, 'Restricting access to Parameter Store parameters using IAM policies'",
)
def read_all_parameters(resource: Resource) -> Iterator[Problem]:
    """Find Allow statements that read all parameters, and those that ask for the path of them all."""
    for placed in placed_statements(resource):
        statement = placed.statement
        if placed.of_key or not placed.allows or conditions_on(statement, *_TAGS):
            continue
        reads = next((each for each in READ_ACTIONS if names_action(statement, each)), None)
        root = names_action(statement, BY_PATH_ACTION) and any(
            isinstance(each, str) and matches("arn:*:ssm:*:parameter/", each) for each in statement.resources
        )
        if reads and (root or _is_every_parameter(statement)):
            yield Problem(location=placed.resources_at, text=f"{reads} reads every parameter")


@rule(
    "history-by-wildcard",
    Severity.WARNING,
    title="The history by way of a wildcard",
    reason="ssm:GetParameter* includes ssm:GetParameterHistory, which returns up to 100 earlier values: what was "
    "rotated out stays readable",
    fix="write ssm:GetParameter and ssm:GetParameters; name ssm:GetParameterHistory where it is meant",
    source="Systems Manager User Guide, 'Restricting access to Parameter Store parameters using IAM policies'; SSM API "
    "reference, GetParameterHistory",
)
def history_by_wildcard(resource: Resource) -> Iterator[Problem]:
    """Find Allow statements whose pattern of actions includes the history."""
    for placed in placed_statements(resource):
        statement = placed.statement
        if not placed.allows or statement.not_actions or _is_every_parameter(statement):
            continue
        if any(isinstance(each, str) and each.lower() == _HISTORY.lower() for each in statement.actions):
            continue
        about = any(is_about(text, service="ssm") for text in statement.resources)
        if all(map(is_public, statement.resources)):
            continue
        for action in statement.actions:
            meant = isinstance(action, str) and (about or action.lower().startswith("ssm:"))
            if meant and matches(pattern_of(action).lower(), _HISTORY.lower()):
                yield Problem(location=placed.actions_at, text=f"{action!r} includes {_HISTORY}")


@rule(
    "ancestor-path",
    Severity.WARNING,
    title="A path above what is otherwise allowed or denied",
    reason="ssm:GetParametersByPath is authorised by the path of the request alone: it returns everything below, also "
    "what no other statement allows, and what another statement denies",
    fix="allow ssm:GetParametersByPath on the path that is meant and ssm:GetParameter on everything below it, or leave "
    "it out; to deny, deny it on every path above, parameter/ included",
    source="Systems Manager User Guide, 'Restricting access to Parameter Store parameters using IAM policies'",
)
def ancestor_path(resource: Resource) -> Iterator[Problem]:
    """Find paths whose reading goes beyond the other statements of the same document."""
    for placed in placed_statements(resource):
        if placed.allows and names_action(placed.statement, BY_PATH_ACTION):
            for text in placed.statement.resources:
                if isinstance(text, str) and matches("arn:*:ssm:*:parameter/?*", text) and "*" not in text:
                    yield from _beyond(placed, text)


def _beyond(placed: Placed, path: str) -> Iterator[Problem]:
    below = f"{path}/*"
    single = [each for each in READ_ACTIONS if each != BY_PATH_ACTION]
    allowed = _named(placed, Effect.ALLOW, single)
    if any(matches(below, pattern_of(each)) for each in _named(placed, Effect.DENY, READ_ACTIONS)):
        yield Problem(location=placed.resources_at, text=f"{path!r} also reads what is denied below it")
        return
    whole = any(covers(pattern_of(each), below) for each in allowed)
    if not whole and any(matches(below, pattern_of(each)) for each in allowed):
        yield Problem(location=placed.resources_at, text=f"{path!r} reads more than is allowed below it")


def _named(placed: Placed, effect: Effect, actions: list[str] | tuple[str, ...]) -> list[Text]:
    """Return the resources of the document's statements with this effect and one of these actions."""
    return [
        text
        for each in placed.document
        if each.effect is effect and not each.not_resources and any(names_action(each, action) for action in actions)
        for text in each.resources
    ]


@rule(
    "describe-on-parameter",
    Severity.ERROR,
    title="ssm:DescribeParameters on a parameter",
    reason="AWS knows no permission on a single parameter for it: the statement opens nothing",
    fix="allow it on '*', which shows names and metadata of all parameters and no value, or leave it out",
    source="Service Authorization Reference, 'AWS Systems Manager', DescribeParameters",
)
def describe_on_parameter(resource: Resource) -> Iterator[Problem]:
    """Find Allow statements that list parameters and name some."""
    for placed in placed_statements(resource):
        statement = placed.statement
        names = {each for each in statement.actions if isinstance(each, str)}
        if not placed.allows or statement.not_actions or statement.not_resources or names >= _CDK_READ:
            continue
        dead = all(is_about(text, service="ssm") and ":parameter" in pattern_of(text) for text in statement.resources)
        if dead and any(each.lower() == _DESCRIBE.lower() for each in names):
            yield Problem(location=placed.actions_at, text=f"{_DESCRIBE} has no effect on a parameter")


@rule(
    "unknown-action",
    Severity.ERROR,
    title="An action that does not exist",
    reason="IAM accepts every name of an action: one that does not exist opens nothing, and denies nothing",
    fix="write the name as the Service Authorization Reference has it; kms:ReEncrypt is kms:ReEncryptFrom and "
    "kms:ReEncryptTo",
    source="Service Authorization Reference, 'AWS Key Management Service' and 'AWS Systems Manager'",
)
def unknown_action(resource: Resource) -> Iterator[Problem]:
    """Find names that are almost those of actions on keys or parameters."""
    for placed in placed_statements(resource):
        for action in placed.statement.actions:
            meant = _meant(action) if isinstance(action, str) else None
            if meant:
                yield Problem(location=placed.actions_at, text=f"{action!r} does not exist; {meant!r} does")


def _meant(action: str) -> str | None:
    """Return the action that a name without meaning is almost the name of."""
    written = action.lower()
    if any(matches(written, known) for known in _KNOWN):
        return None
    service = written.partition(":")[0]
    names = [known for known in _KNOWN if known.startswith(f"{service}:")]
    alike = difflib.get_close_matches(written.rstrip("*"), names, n=1, cutoff=_ALIKE)
    return _KNOWN[alike[0]] if alike else None


@rule(
    "inverted-allow",
    Severity.WARNING,
    title="An Allow by NotAction or NotResource",
    reason="it allows everything but what it names, on a key for example kms:PutKeyPolicy and kms:CreateGrant, and "
    "whatever AWS adds",
    fix="name what is allowed; put what is forbidden into a Deny",
    source="IAM User Guide, 'IAM JSON policy elements: NotAction' and 'IAM JSON policy elements: NotResource'",
)
def inverted_allow(resource: Resource) -> Iterator[Problem]:
    """Find Allow statements about keys or parameters that name what they leave out."""
    for placed in placed_statements(resource):
        statement = placed.statement
        if not placed.allows:
            continue
        about = placed.of_key or any(
            is_about(text, service=service) for text in statement.resources for service in ("kms", "ssm")
        )
        if statement.not_actions and about:
            yield Problem(location=placed.actions_at, text="it allows every action but those that it names")
        if statement.not_resources and about:
            yield Problem(location=placed.resources_at, text="it allows everything but what it names")
