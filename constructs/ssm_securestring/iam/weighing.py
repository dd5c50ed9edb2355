"""What all policies of a request say, put together to a decision."""

from dataclasses import dataclass
from typing import Final

from ssm_securestring.iam.cases import Case
from ssm_securestring.iam.compiled import Statements
from ssm_securestring.iam.model import Decision, Reason, Statement, Unknown, Verdict
from ssm_securestring.iam.principals import Level
from ssm_securestring.iam.variables import Values

Said = Statement | bool | None
"""What some statements say together: the one that applies, or that one does, or ``False``, or ``None``: not known."""


@dataclass(slots=True)
class Findings:
    """What each side says about one request.

    Args:
        denied: Whether a statement denies it.
        identity: Whether identity policies allow it.
        boundary: Whether the boundary does; where there is none, it does.
        session: Whether the session policies do; where there are none, they do.
        organization: Whether each level of service control policies does.
        themselves: Whether the resource's policy allows it to the session, user or service itself.
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
    granted: Said = False


def find(case: Case, resource: str, values: Values) -> Findings:
    """Ask all statements about a request."""
    own, allow = case.own, case.theirs.allow
    themselves = one_of(allow[Level.SELF], resource, values)
    role = either(themselves, one_of(allow[Level.ROLE], resource, values))
    return Findings(
        one_of(case.deny, resource, values),
        one_of(own.allow, resource, values),
        own.boundary is None or one_of(own.boundary, resource, values),
        own.session is None or one_of(own.session, resource, values),
        all_of(*[one_of(level, resource, values) for level in own.organization]),
        themselves,
        role,
        either(role, one_of(allow[Level.ACCOUNT], resource, values)),
    )


def one_of(statements: Statements, resource: str, values: Values) -> Said:
    """Return which of some statements applies."""
    said: Said = False
    for each in statements:
        result = each.applies(resource, values)
        if result:
            return each.statement
        if result is None:
            said = None
    return said


def either(first: Said, second: Said) -> Said:
    """Return what holds where one of two is enough."""
    if first or second is False:
        return first
    return second if second or first is False else None


def all_of(*said: Said) -> bool | None:
    """Return what holds where all are needed."""
    result: bool | None = True
    for each in said:
        if each is False:
            return False
        if each is None:
            result = None
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """What has to be allowed by whom.

    Args:
        at_home: The resource is of the caller's account, so that its policy may allow a request alone.
        resource_needed: The resource's policy has to allow the request, whatever identity policies say.
    """

    at_home: bool
    resource_needed: bool


def conclude(findings: Findings, ownership: Ownership) -> Decision | None:
    """Decide by what each side says.

    Returns:
        ``None`` if it depends on what is not known.
    """
    if findings.denied:
        return _decision(Verdict.DENIED, Reason.EXPLICIT_DENY, findings.denied)
    limits = all_of(findings.boundary, findings.session, findings.organization)
    by_identity = all_of(findings.identity, limits, not ownership.resource_needed or findings.account)
    by_resource = _by_resource(findings, ownership, limits)
    by_grant = findings.granted is not False and _by_grant(findings, ownership)
    if by_identity is by_resource is by_grant is False:
        return _CLOSED[_why_closed(findings, ownership)]
    if findings.denied is None or not (by_identity or by_resource or by_grant):
        return None
    if by_identity:
        both = ownership.resource_needed
        reason = Reason.ALLOWED_BY_BOTH if both else Reason.ALLOWED_BY_IDENTITY
        return _decision(Verdict.ALLOWED, reason, findings.identity, both and findings.account)
    if by_resource:
        return _decision(Verdict.ALLOWED, Reason.ALLOWED_BY_RESOURCE, findings.role)
    return _decision(Verdict.ALLOWED, Reason.ALLOWED_BY_GRANT)


def _by_resource(findings: Findings, ownership: Ownership, limits: bool | None) -> Said:  # noqa: FBT001 - three-valued
    """Return whether the resource's policy allows it alone."""
    if findings.role is False or not ownership.at_home:
        return False
    return either(all_of(findings.role, limits), all_of(findings.themselves, findings.organization))


def _by_grant(findings: Findings, ownership: Ownership) -> bool | None:
    """Return whether a grant allows it.

    Whether a boundary or a session policy that does not allow the action stands in its way is not documented.
    """
    undocumented = all_of(findings.boundary, findings.session) or None
    there = ownership.at_home or findings.identity
    return all_of(findings.granted, findings.organization, undocumented, there)


def _why_closed(findings: Findings, ownership: Ownership) -> Reason:
    ungranted = findings.granted is False
    alone = ownership.at_home and not (findings.role is False and ungranted)
    if findings.identity is False and not alone:
        return Reason.NOT_ALLOWED_BY_IDENTITY
    if ownership.resource_needed and findings.account is False and ungranted:
        return Reason.NOT_ALLOWED_BY_RESOURCE
    if findings.boundary is False:
        return Reason.NOT_ALLOWED_BY_BOUNDARY
    if findings.session is False:
        return Reason.NOT_ALLOWED_BY_SESSION
    return Reason.NOT_ALLOWED_BY_ORGANIZATION


_CLOSED: Final = {reason: Decision(verdict=Verdict.DENIED, reason=reason) for reason in Reason}


def _decision(verdict: Verdict, reason: Reason, *said: Said) -> Decision:
    statements = tuple([each for each in said if isinstance(each, Statement)])
    return Decision(verdict=verdict, reason=reason, statements=statements)


def depending(*unknown: Unknown) -> Decision:
    """Return that it depends on what is not known."""
    return Decision(verdict=Verdict.UNKNOWN, reason=Reason.DEPENDS_ON_UNKNOWN, unknown=unknown)
