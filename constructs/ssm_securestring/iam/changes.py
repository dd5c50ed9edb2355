"""Single changes of a statement that could turn a decision around; whether they do is for the caller to try."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from ssm_securestring.iam.model import Condition, Effect, Identity, Policy, Request, Statement
from ssm_securestring.iam.trace import ConditionOutcome, Outcome
from ssm_securestring.iam.world import Key

_LISTS: Final = frozenset({"stringequals", "stringlike", "arnequals", "arnlike"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one statement.

    Args:
        text: What to do, for people.
        old: The statement as it is.
        new: As it would be. ``None``: it is removed.
    """

    text: str
    old: Statement
    new: Statement | None


def opening_changes(outcome: Outcome, request: Request) -> Iterator[Change]:
    """Return changes after which a statement might allow a request, or no longer deny it."""
    statement = outcome.statement
    if statement.effect is Effect.DENY:
        if outcome.applies is not False:
            yield Change(text=f"remove {statement.place}, which denies it", old=statement, new=None)
        return
    conditions = [each for each in outcome.conditions if each.holds is not True]
    failed = [outcome.action, outcome.resource, outcome.principal].count(False) + len(conditions)
    if failed != 1:
        return
    if conditions:
        yield from _fitting(statement, conditions[0])
    elif outcome.resource is False and not statement.not_resources:
        yield Change(
            text=f"add {request.resource} to Resource of {statement.place}",
            old=statement,
            new=replace(statement, resources=(*statement.resources, request.resource)),
        )
    elif outcome.action is False and not statement.not_actions:
        yield Change(
            text=f"add {request.action} to Action of {statement.place}",
            old=statement,
            new=replace(statement, actions=(*statement.actions, request.action)),
        )


def closing_changes(statement: Statement, request: Request) -> Iterator[Change]:
    """Return changes after which a statement might no longer allow a request."""
    if request.resource in statement.resources and len(statement.resources) > 1:
        kept = tuple(each for each in statement.resources if each != request.resource)
        yield Change(
            text=f"take {request.resource} out of Resource of {statement.place}",
            old=statement,
            new=replace(statement, resources=kept),
        )
    for condition in statement.conditions:
        value = request.context.get(condition.key)
        if value in condition.values and len(condition.values) > 1 and condition.operator.lower() in _LISTS:
            kept_values = tuple(each for each in condition.values if each != value)
            yield Change(
                text=f"take {value} out of {condition.operator} {condition.key} of {statement.place}",
                old=statement,
                new=_with(statement, condition, replace(condition, values=kept_values)),
            )
    yield Change(text=f"remove {statement.place}", old=statement, new=None)


def changed_identity(identity: Identity, change: Change) -> Identity:
    """Return the policies of a caller after a change."""
    return replace(
        identity,
        policies=tuple(_changed(each, change) for each in identity.policies),
        boundary=None if identity.boundary is None else _changed(identity.boundary, change),
    )


def changed_key(key: Key | None, change: Change) -> Key | None:
    """Return a key after a change of its policy."""
    if key is None or key.policy is None:
        return key
    return replace(key, policy=_changed(key.policy, change))


def _changed(policy: Policy, change: Change) -> Policy:
    return replace(policy, statements=tuple(_replaced(policy.statements, change)))


def _replaced(statements: Iterable[Statement], change: Change) -> Iterator[Statement]:
    for each in statements:
        if each is not change.old:
            yield each
        elif change.new is not None:
            yield change.new


def _fitting(statement: Statement, outcome: ConditionOutcome) -> Iterator[Change]:
    condition, value = outcome.condition, outcome.actual
    if isinstance(value, str) and condition.operator.lower() in _LISTS:
        yield Change(
            text=f"add {value} to {condition.operator} {condition.key} of {statement.place}",
            old=statement,
            new=_with(statement, condition, replace(condition, values=(*condition.values, value))),
        )
    else:
        yield Change(
            text=f"remove the condition {condition.operator} {condition.key} of {statement.place}",
            old=statement,
            new=replace(statement, conditions=tuple(each for each in statement.conditions if each is not condition)),
        )


def _with(statement: Statement, old: Condition, new: Condition) -> Statement:
    return replace(statement, conditions=tuple(new if each is old else each for each in statement.conditions))
