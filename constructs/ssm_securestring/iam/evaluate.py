"""Decides a request by the policies of its caller, and by that of the resource.

Source:
    IAM User Guide, "Policy evaluation logic".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from ssm_securestring.iam.compiled import CompiledPolicy, compiled_policy, context_of
from ssm_securestring.iam.conditions import Context
from ssm_securestring.iam.model import Decision, Identity, Policy, Reason, Request, Statement, Unknown, Verdict
from ssm_securestring.iam.principals import Named, named


@dataclass(slots=True)
class Heard:
    """What some policies say about a request."""

    allowing: list[Statement] = field(default_factory=list)
    denying: list[Statement] = field(default_factory=list)
    perhaps_allowing: list[Statement] = field(default_factory=list)
    perhaps_denying: list[Statement] = field(default_factory=list)

    @property
    def allows(self) -> bool | None:
        """Whether they allow it, denials apart; ``None``: that depends on what is not known."""
        if self.allowing:
            return True
        return None if self.perhaps_allowing else False

    def add(self, statement: Statement, *, allows: bool, certain: bool) -> None:
        """Add a statement that applies."""
        if allows:
            (self.allowing if certain else self.perhaps_allowing).append(statement)
        else:
            (self.denying if certain else self.perhaps_denying).append(statement)


def hear(policies: Iterable[Policy], request: Request, context: Context) -> Heard:
    """Return what policies of a caller say."""
    heard = Heard()
    for policy in policies:
        for certain, statement in compiled_policy(policy).about(request.action):
            applies = statement.applies(request.resource, context)
            if applies is not False:
                heard.add(statement.statement, allows=statement.allows, certain=certain and applies is True)
    return heard


def hear_resource(policy: Policy | None, request: Request, context: Context) -> dict[Named, Heard]:
    """Return what the policy of a resource says, by how closely it names the caller."""
    found = {each: Heard() for each in (Named.BY_ACCOUNT, Named.BY_ROLE, Named.ITSELF)}
    prepared: CompiledPolicy | None = None if policy is None else compiled_policy(policy)
    for certain, statement in prepared.about(request.action) if prepared is not None else ():
        closeness = named(statement.statement, request.caller)
        applies = statement.applies(request.resource, context) if closeness is not Named.NOT else False
        if applies is False:
            continue
        known = closeness is not Named.PERHAPS
        heard = found[closeness if known else Named.BY_ROLE]
        heard.add(statement.statement, allows=statement.allows, certain=certain and applies is True and known)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What has to allow beside the policy that grants: boundary, session policies, organization."""

    gates: tuple[tuple[Reason, Heard], ...]

    @classmethod
    def of(cls, identity: Identity, request: Request, context: Context) -> "Limits":
        """Ask all of them."""
        gates = []
        if identity.boundary is not None:
            gates.append((Reason.NOT_ALLOWED_BY_BOUNDARY, hear([identity.boundary], request, context)))
        if identity.session is not None:
            gates.append((Reason.NOT_ALLOWED_BY_SESSION, hear(identity.session, request, context)))
        gates.extend(
            (Reason.NOT_ALLOWED_BY_ORGANIZATION, hear(level, request, context)) for level in identity.service_control
        )
        return cls(gates=tuple(gates))

    def of_organization(self) -> "Limits":
        """Return those alone that also limit who is named itself by the policy of a resource."""
        return Limits(gates=tuple(each for each in self.gates if each[0] is Reason.NOT_ALLOWED_BY_ORGANIZATION))

    def heard(self) -> list[Heard]:
        """Return what they say."""
        return [heard for _, heard in self.gates]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way in which a request can be allowed: all of what is heard has to allow it."""

    reason: Reason
    refusal: Reason
    granting: tuple[Heard, ...]
    limits: Limits

    def decide(self) -> Decision:
        """Decide it, denials apart."""
        gates = [*((self.refusal, each) for each in self.granting), *self.limits.gates]
        for refusal, heard in gates:
            if heard.allows is False:
                return Decision(verdict=Verdict.DENIED, reason=refusal)
        statements = tuple(chain.from_iterable(each.allowing or each.perhaps_allowing for each in self.granting))
        if any(heard.allows is None for _, heard in gates):
            return depending_on(chain.from_iterable(heard.perhaps_allowing for _, heard in gates))
        return Decision(verdict=Verdict.ALLOWED, reason=self.reason, statements=statements)


def best_of(decisions: Sequence[Decision]) -> Decision:
    """Return the first that allows, else one that is not known, else the first."""
    for verdict in (Verdict.ALLOWED, Verdict.UNKNOWN):
        for each in decisions:
            if each.verdict is verdict:
                return each
    return decisions[0]


def denied(heard: Iterable[Heard]) -> Decision | None:
    """Return the decision where a statement denies it for certain."""
    statements = tuple(chain.from_iterable(each.denying for each in heard))
    if not statements:
        return None
    return Decision(verdict=Verdict.DENIED, reason=Reason.EXPLICIT_DENY, statements=statements)


def unless_denied(decision: Decision, heard: Iterable[Heard]) -> Decision:
    """Return a decision, or that it is not known where a statement perhaps denies it."""
    perhaps = list(chain.from_iterable(each.perhaps_denying for each in heard))
    return depending_on(perhaps) if perhaps and decision.verdict is Verdict.ALLOWED else decision


def depending_on(statements: Iterable[Statement]) -> Decision:
    """Return the decision that it is not known, with what it depends on."""
    found = tuple(dict.fromkeys(statements))
    unknown = tuple(dict.fromkeys(chain.from_iterable(unknown_in(each) for each in found)))
    return Decision(
        verdict=Verdict.UNKNOWN, reason=Reason.DEPENDS_ON_UNKNOWN, statements=found, unknown=unknown
    )


def unknown_in(statement: Statement) -> list[Unknown]:
    """Return what is not known of a statement, unknown operators among it."""
    texts = [*statement.actions, *statement.resources, *chain.from_iterable((statement.principals or {}).values())]
    texts += chain.from_iterable(each.values for each in statement.conditions)
    found = [each for each in texts if isinstance(each, Unknown)]
    return found or [
        Unknown(place=statement.place, reason="an operator, or how it is used, is not one that IAM documents")
    ]


def decide(
    request: Request,
    identity: Identity,
    *,
    resource_policy: Policy | None = None,
    resource_account: str | None = None,
) -> Decision:
    """Decide a request.

    Args:
        request: The request.
        identity: The policies of its caller.
        resource_policy: The policy of the resource. Default: none.
        resource_account: Account of the resource. Default: that of the caller.
    """
    context = context_of(request)
    own, limits = hear(identity.policies, request, context), Limits.of(identity, request, context)
    by_name = hear_resource(resource_policy, request, context)
    everything = [own, *limits.heard(), *by_name.values()]
    refused = denied(everything)
    if refused is not None:
        return refused
    if resource_account is None or resource_account == request.caller.account:
        ways = _at_home(own, by_name, limits)
    else:
        ways = [
            Way(
                reason=Reason.ALLOWED_BY_BOTH,
                refusal=Reason.NOT_ALLOWED_BY_RESOURCE if own.allows else Reason.NOT_ALLOWED_BY_IDENTITY,
                granting=(each, own),
                limits=limits,
            )
            for each in by_name.values()
        ]
    return unless_denied(best_of([each.decide() for each in ways]), everything)


def _at_home(own: Heard, by_name: dict[Named, Heard], limits: Limits) -> list[Way]:
    """Return the ways within one account: the caller's policies, or those of the resource where they name it."""
    ways = [
        Way(
            reason=Reason.ALLOWED_BY_IDENTITY,
            refusal=Reason.NOT_ALLOWED_BY_IDENTITY,
            granting=(own,),
            limits=limits,
        )
    ]
    for closeness in (Named.BY_ROLE, Named.ITSELF):
        ways.append(way_by_resource(by_name[closeness], closeness, limits))
    return ways


def way_by_resource(heard: Heard, closeness: Named, limits: Limits) -> Way:
    """Return the way through the policy of the resource alone."""
    return Way(
        reason=Reason.ALLOWED_BY_RESOURCE,
        refusal=Reason.NOT_ALLOWED_BY_RESOURCE,
        granting=(heard,),
        limits=limits.of_organization() if closeness is Named.ITSELF else limits,
    )
