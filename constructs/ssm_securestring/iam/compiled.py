"""Policies made ready to be asked often: their statements by action, and by how they name a caller.

A policy is compiled once, and recognised by being the same object.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from ssm_securestring.iam.conditions import compile_condition
from ssm_securestring.iam.model import Caller, Condition, Effect, Identity, Policy, Statement, Unknown
from ssm_securestring.iam.patterns import Style, texts_of
from ssm_securestring.iam.principals import Level, Naming, naming
from ssm_securestring.iam.variables import Values

_MAX_KEPT: Final = 8192

_Subject = TypeVar("_Subject")
_Made = TypeVar("_Made")


class CompiledStatement:
    """A statement, ready to be compared with requests whose action and caller it is known to be about.

    Args:
        statement: What is written.
        unknown: What it depends on whether it is about the action and the caller. Default: it is, for certain.
    """

    __slots__ = ("_actions", "_checks", "_conditions", "_everything", "_resources", "statement", "unknown")

    def __init__(self, statement: Statement, unknown: tuple[Unknown, ...] = ()) -> None:
        """Compile its elements."""
        self.statement = statement
        self.unknown = unknown
        self._actions = texts_of(statement.actions, style=Style.GLOB, ignore_case=True, variables=False)
        self._resources = texts_of(statement.resources, style=Style.GLOB, variables=statement.variables)
        self._everything = self._resources.everything and not statement.not_resources
        self._conditions = tuple(
            compile_condition(each, variables=statement.variables) for each in statement.conditions
        )
        self._checks = tuple(condition.holds for condition in self._conditions)

    def depending_on(self, unknown: tuple[Unknown, ...]) -> "CompiledStatement":
        """Return the same statement, which depends on more."""
        return CompiledStatement(self.statement, self.unknown + unknown) if unknown else self

    def match_action(self, action: str) -> bool | None:
        """Return whether it is about an action; ``None`` if that is not known."""
        return _negated_if(self.statement.not_actions, self._actions.match(action, {}))

    def match_resource(self, resource: str, values: Values) -> bool | None:
        """Return whether it is about a resource; ``None`` if that is not known."""
        return self._everything or _negated_if(self.statement.not_resources, self._resources.match(resource, values))

    def applies(self, resource: str, values: Values) -> bool | None:
        """Return whether it applies to a request; ``None`` if that is not known."""
        result = self._everything or self.match_resource(resource, values)
        if result is False:
            return False
        for holds in self._checks:
            held = holds(values)
            if held is False:
                return False
            if held is None:
                result = None
        return None if self.unknown else result

    def unknown_action(self, action: str) -> tuple[Unknown, ...]:
        """Return what is not known of its actions."""
        return tuple(self._actions.unknown_for(action))

    def unknown_for(self, resource: str, values: Values) -> list[Unknown]:
        """Return all that it depends on and that is not known."""
        found = [*self.unknown]
        if self.match_resource(resource, values) is None:
            found += self._resources.unknown_for(resource)
        for condition in self._conditions:
            if condition.holds(values) is None:
                found += [self._placed(each, condition.condition) for each in condition.unknown_for(values)]
        return found

    def _placed(self, unknown: Unknown, condition: Condition) -> Unknown:
        """Return what is not known with its whole place: a value that came from elsewhere has it already."""
        if unknown in condition.values:
            return unknown
        return replace(unknown, place=f"{self.statement.place}, Condition {condition.operator}, {unknown.place}")


def _negated_if(negated: bool, result: bool | None) -> bool | None:  # noqa: FBT001 - of one line, beside its callers
    return (not result) if negated and result is not None else result


Statements = tuple[CompiledStatement, ...]


@dataclass(frozen=True, slots=True)
class OwnStatements:
    """What a caller's side says about an action.

    Args:
        deny: What may deny it, from all policies.
        allow: What identity policies may allow.
        boundary: What the permissions boundary allows. ``None``: there is no boundary.
        session: What the session policies allow. ``None``: there are none.
        organization: What each level of service control policies allows.
    """

    deny: Statements
    allow: Statements
    boundary: Statements | None
    session: Statements | None
    organization: tuple[Statements, ...]


@dataclass(frozen=True, slots=True)
class TheirStatements:
    """What a resource's policy says about an action of a caller.

    Args:
        deny: What may deny it.
        allow: What may allow it, by how closely it names the caller.
    """

    deny: Statements = ()
    allow: tuple[Statements, Statements, Statements] = ((), (), ())


class CompiledIdentity:
    """The policies of a caller's side, by action.

    Args:
        identity: The policies.
    """

    __slots__ = ("_layers",)

    def __init__(self, identity: Identity) -> None:
        """Compile every policy."""
        self._layers = (
            _compile(identity.policies),
            None if identity.boundary is None else _compile((identity.boundary,)),
            None if identity.session is None else _compile(identity.session),
            *(_compile(level) for level in identity.service_control),
        )

    def about(self, action: str) -> OwnStatements:
        """Return what may decide about an action."""
        layers = [None if layer is None else _about(layer, action) for layer in self._layers]
        allow, boundary, session, *organization = [_of(layer, Effect.ALLOW) for layer in layers]
        return OwnStatements(
            deny=tuple(each for layer in layers for each in _of(layer, Effect.DENY) or ()),
            allow=allow or (),
            boundary=boundary,
            session=session,
            organization=tuple(level or () for level in organization),
        )


class CompiledPolicy:
    """The policy of a resource, by action and caller.

    Args:
        policy: The policy.
    """

    __slots__ = ("_statements",)

    def __init__(self, policy: Policy) -> None:
        """Compile every statement."""
        self._statements = _compile((policy,))

    def about(self, action: str, caller: Caller, *, bounded: bool) -> TheirStatements:
        """Return what may decide about an action of a caller.

        Args:
            action: The action.
            caller: Who asks.
            bounded: The caller has a permissions boundary.
        """
        deny: list[CompiledStatement] = []
        allow: dict[Level, list[CompiledStatement]] = {level: [] for level in Level}
        for each in _about(self._statements, action):
            named = naming(each.statement, caller, bounded=bounded)
            if each.statement.effect is Effect.ALLOW:
                _sort_in(each, named, allow)
            elif named.levels[-1] is not False:
                deny.append(each if named.levels[-1] else each.depending_on(named.unknown))
        by_level = (tuple(allow[Level.SELF]), tuple(allow[Level.ROLE]), tuple(allow[Level.ACCOUNT]))
        return TheirStatements(tuple(deny), by_level)


def _sort_in(each: CompiledStatement, named: Naming, allow: dict[Level, list[CompiledStatement]]) -> None:
    """Enter a statement at the closest level at which it names the caller, and before that where it may."""
    before: bool | None = False
    for level in Level:
        now = named.levels[level]
        if now and not before:
            allow[level].append(each)
        elif now is None and before is False:
            allow[level].append(each.depending_on(named.unknown))
        before = now


def compiled_identity(identity: Identity) -> CompiledIdentity:
    """Return the compiled form of a caller's policies."""
    return _kept(_IDENTITIES, identity, CompiledIdentity)


def compiled_policy(policy: Policy) -> CompiledPolicy:
    """Return the compiled form of a resource's policy."""
    return _kept(_POLICIES, policy, CompiledPolicy)


@dataclass(frozen=True, slots=True)
class _Kept(Generic[_Subject, _Made]):
    """A compiled form, beside what it was made of, so that nothing else can get the same id."""

    subject: _Subject
    made: _Made


_IDENTITIES: Final[dict[int, _Kept[Identity, CompiledIdentity]]] = {}
_POLICIES: Final[dict[int, _Kept[Policy, CompiledPolicy]]] = {}


def _kept(known: dict[int, _Kept[_Subject, _Made]], subject: _Subject, make: Callable[[_Subject], _Made]) -> _Made:
    found = known.get(id(subject))
    if found is None:
        if len(known) >= _MAX_KEPT:
            known.clear()
        found = known[id(subject)] = _Kept(subject, make(subject))
    return found.made


def _compile(policies: tuple[Policy, ...]) -> Statements:
    return tuple(CompiledStatement(statement) for policy in policies for statement in policy.statements)


def _about(statements: Statements, action: str) -> Statements:
    """Return the statements that are, or may be, about an action."""
    found = []
    for each in statements:
        matched = each.match_action(action)
        if matched is not False:
            found.append(each if matched else each.depending_on(each.unknown_action(action)))
    return tuple(found)


def _of(statements: Statements | None, effect: Effect) -> Statements | None:
    return None if statements is None else tuple(each for each in statements if each.statement.effect is effect)
