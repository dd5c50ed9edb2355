"""Every statement's part in a decision, for explanations; slow, and apart from deciding."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ssm_securestring.iam.compiled import CompiledStatement
from ssm_securestring.iam.conditions import compile_condition
from ssm_securestring.iam.context import values_of
from ssm_securestring.iam.model import Condition, Identity, Policy, Request, Statement, Unknown
from ssm_securestring.iam.principals import naming
from ssm_securestring.iam.variables import Values


class Source(Enum):
    """The kind of policy that a statement is of."""

    IDENTITY = "identity policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    ORGANIZATION = "service control policy"
    RESOURCE = "policy of the resource"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionOutcome:
    """What a condition came to.

    Args:
        condition: The condition.
        actual: What the request has there. ``None``: it has no such key.
        holds: Whether it holds; ``None``: not known.
        unknown: What that depends on.
    """

    condition: Condition
    actual: str | tuple[str, ...] | None
    holds: bool | None
    unknown: tuple[Unknown, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a statement came to; where something is ``None``, it is not known.

    Args:
        source: The kind of policy that it is of.
        statement: The statement.
        action: Whether it is about the action.
        resource: Whether it is about the resource.
        principal: Whether it names the caller; always, where it is of the caller's side.
        conditions: What each of its conditions came to.
    """

    source: Source
    statement: Statement
    action: bool | None
    resource: bool | None
    principal: bool | None
    conditions: tuple[ConditionOutcome, ...]

    @property
    def applies(self) -> bool | None:
        """Whether the statement applies."""
        results = [self.action, self.resource, self.principal, *(each.holds for each in self.conditions)]
        if False in results:
            return False
        return None if None in results else True


def trace(request: Request, identity: Identity, *, resource_policy: Policy | None = None) -> list[Outcome]:
    """Return what each statement came to, those of the caller's side first.

    Args:
        request: Who wants what.
        identity: The policies on the side of the caller.
        resource_policy: The policy of the resource, be it a key or not. Default: it has none.
    """
    values = values_of(request)
    bounded = identity.boundary is not None
    return [
        _outcome(source, statement, request, values, bounded=bounded)
        for source, policy in _policies(identity, resource_policy)
        for statement in policy.statements
    ]


def _policies(identity: Identity, resource_policy: Policy | None) -> Iterator[tuple[Source, Policy]]:
    yield from ((Source.IDENTITY, policy) for policy in identity.policies)
    if identity.boundary is not None:
        yield Source.BOUNDARY, identity.boundary
    yield from ((Source.SESSION, policy) for policy in identity.session or ())
    yield from ((Source.ORGANIZATION, policy) for level in identity.service_control for policy in level)
    if resource_policy is not None:
        yield Source.RESOURCE, resource_policy


def _outcome(source: Source, statement: Statement, request: Request, values: Values, *, bounded: bool) -> Outcome:
    compiled = CompiledStatement(statement)
    principal: bool | None = True
    if source is Source.RESOURCE:
        principal = naming(statement, request.caller, bounded=bounded).levels[-1]
    return Outcome(
        source=source,
        statement=statement,
        action=compiled.match_action(request.action),
        resource=compiled.match_resource(request.resource, values),
        principal=principal,
        conditions=tuple(_condition(each, values, variables=statement.variables) for each in statement.conditions),
    )


def _condition(condition: Condition, values: Values, *, variables: bool) -> ConditionOutcome:
    compiled = compile_condition(condition, variables=variables)
    held = compiled.holds(values)
    return ConditionOutcome(
        condition=condition,
        actual=values.get(condition.key.lower()),
        holds=held,
        unknown=tuple(compiled.unknown_for(values)) if held is None else (),
    )
