"""What all policies of a request say, put together to a decision."""

from dataclasses import dataclass
from typing import Final

from ssm_securestring.iam.compiled import OwnStatements, Statements, TheirStatements
from ssm_securestring.iam.model import Decision, Reason, Statement, Unknown, Verdict
from ssm_securestring.iam.principals import Level
from ssm_securestring.iam.variables import Values


@dataclass(frozen=True, slots=True)
class Said:
    """What some statements say together.

    Args:
        result: Whether one of them applies; ``None``: not known.
        statement: The one that does.
    """

    result: bool | None
    statement: Statement | None = None


NO: Final = Said(result=False)
MAYBE: Final = Said(result=None)
YES: Final = Said(result=True)


@dataclass(slots=True)
class Findings:
    """What each side says about one request.

    Args:
        denied: Whether a statement denies it.
        identity: Whether identity policies allow it.
        boundary: Whether the boundary does; where there is none, it does.
        session: Whether the session policies do; where there are none, they do.
        organization: Whether each level of service control policies does.
        themselves: Whether the resource's policy allows it to the session, user, root or service itself.
        role: Whether it allows it to the role or to everybody, or closer.
        account: Whether it allows it to the account, or closer.
        granted: Whether a grant on the key allows it.
    """

    denied: Said
    identity: Said
    boundary: Said
    session: Said
    organization: Said
    themselves: Said
    role: Said
    account: Said
    granted: Said = NO


def find(own: OwnStatements, theirs: TheirStatements, resource: str, values: Values) -> Findings:
    """Ask all statements about a request."""
    denied = one_of(own.deny, resource, values)
    if denied.result is not True:
        denied = either(one_of(theirs.deny, resource, values), denied)
    themselves = one_of(theirs.allow[Level.SELF], resource, values)
    role = either(themselves, one_of(theirs.allow[Level.ROLE], resource, values))
    return Findings(
        denied=denied,
        identity=one_of(own.allow, resource, values),
        boundary=YES if own.boundary is None else one_of(own.boundary, resource, values),
        session=YES if own.session is None else one_of(own.session, resource, values),
        organization=_each_of(own.organization, resource, values) if own.organization else YES,
        themselves=themselves,
        role=role,
        account=either(role, one_of(theirs.allow[Level.ACCOUNT], resource, values)),
    )


def one_of(statements: Statements, resource: str, values: Values) -> Said:
    """Return whether one of some statements applies."""
    said = NO
    for each in statements:
        result = each.applies(resource, values)
        if result:
            return Said(result=True, statement=each.statement)
        if result is None:
            said = MAYBE
    return said


def _each_of(levels: tuple[Statements, ...], resource: str, values: Values) -> Said:
    return all_of(*(one_of(level, resource, values) for level in levels))


def either(first: Said, second: Said) -> Said:
    """Return what holds where one of two is enough."""
    if first.result or second.result is False:
        return first
    return second if second.result or first.result is False else MAYBE


def all_of(*said: Said) -> Said:
    """Return what holds where all are needed."""
    results = [each.result for each in said]
    if False in results:
        return NO
    return MAYBE if None in results else YES


@dataclass(frozen=True, slots=True)
class Way:
    """A way to be allowed.

    Args:
        said: Whether it is open.
        reason: What it is called.
        statements: What opens it.
    """

    said: Said
    reason: Reason
    statements: tuple[Statement, ...] = ()


def decide_by(findings: Findings, ways: list[Way], denial: Reason) -> Decision | None:
    """Decide where several ways lead to being allowed.

    Args:
        findings: What each side says.
        ways: The ways.
        denial: Why it is denied if none is open.

    Returns:
        ``None`` if it depends on what is not known.
    """
    if findings.denied.result:
        return Decision(verdict=Verdict.DENIED, reason=Reason.EXPLICIT_DENY, statements=_statements(findings.denied))
    possible = False
    for way in ways:
        if way.said.result and findings.denied.result is False:
            return Decision(verdict=Verdict.ALLOWED, reason=way.reason, statements=way.statements)
        possible = possible or way.said.result is not False
    return None if possible else _denials[denial]


_denials: Final = {reason: Decision(verdict=Verdict.DENIED, reason=reason) for reason in Reason}


def why_closed(findings: Findings, *, resource_needed: bool, at_home: bool) -> Reason:
    """Return the first reason for which a request is not allowed.

    Args:
        findings: What each side says.
        resource_needed: The resource's policy has to allow it.
        at_home: The resource is of the caller's account, so that its policy may allow it alone.
    """
    alone = at_home and findings.role.result is not False
    if findings.identity.result is False and not alone:
        return Reason.NOT_ALLOWED_BY_IDENTITY
    if resource_needed and findings.account.result is False:
        return Reason.NOT_ALLOWED_BY_RESOURCE
    if findings.boundary.result is False:
        return Reason.NOT_ALLOWED_BY_BOUNDARY
    if findings.session.result is False:
        return Reason.NOT_ALLOWED_BY_SESSION
    return Reason.NOT_ALLOWED_BY_ORGANIZATION


def depending(unknown: tuple[Unknown, ...]) -> Decision:
    """Return that it depends on what is not known."""
    return Decision(verdict=Verdict.UNKNOWN, reason=Reason.DEPENDS_ON_UNKNOWN, unknown=unknown)


def unknown_in(own: OwnStatements, theirs: TheirStatements, resource: str, values: Values) -> tuple[Unknown, ...]:
    """Return what statements depend on that is not known."""
    groups = [own.deny, own.allow, own.boundary or (), own.session or (), *own.organization, theirs.deny, *theirs.allow]
    found: dict[Unknown, None] = {}
    for each in (statement for group in groups for statement in group):
        if each.applies(resource, values) is None:
            found |= dict.fromkeys(each.unknown_for(resource, values))
    return tuple(found)


def _statements(*said: Said) -> tuple[Statement, ...]:
    return tuple(each.statement for each in said if each.statement is not None)


def usual_ways(findings: Findings, *, resource_needed: bool, at_home: bool) -> list[Way]:
    """Return the ways that policies open.

    Args:
        findings: What each side says.
        resource_needed: The resource's policy has to allow it too.
        at_home: The resource is of the caller's account, so that its policy may allow it alone.
    """
    limits = (findings.boundary, findings.session, findings.organization)
    if resource_needed:
        said = all_of(findings.identity, findings.account, *limits)
        by_identity = Way(said, Reason.ALLOWED_BY_BOTH, _statements(findings.identity, findings.account))
    else:
        said = all_of(findings.identity, *limits)
        by_identity = Way(said, Reason.ALLOWED_BY_IDENTITY, _statements(findings.identity))
    if not at_home or findings.role is NO:
        return [by_identity]
    return [
        by_identity,
        Way(all_of(findings.role, *limits), Reason.ALLOWED_BY_RESOURCE, _statements(findings.role)),
        Way(
            all_of(findings.themselves, findings.organization),
            Reason.ALLOWED_BY_RESOURCE,
            _statements(findings.themselves),
        ),
    ]
