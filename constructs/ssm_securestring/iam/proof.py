"""The proof: everything that is allowed, held against everything that was granted.

For each principal and action, a request is made up for every way in which the statements that matter can match
(``witnesses``, ``situations``), decided (``evaluate``, ``keys``) and looked up among the grants (``allowances``). What
is allowed and was not granted is EXTRA; what was granted and is not allowed is MISSING. Statements cannot tell more
requests apart than those that were made up, so nothing in between is left out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from typing import Final

from ssm_securestring.core.encryption import AWS_MANAGED_KEY_ALIAS
from ssm_securestring.iam.allowances import CONTEXT, Allowance, allowances_of
from ssm_securestring.iam.coverage import Coverage
from ssm_securestring.iam.evaluate import decide
from ssm_securestring.iam.model import Decision, Request, Unknown, Verdict
from ssm_securestring.iam.names import Names
from ssm_securestring.iam.outsiders import outsiders_of
from ssm_securestring.iam.requests import Requests, decide_use, key_requests, parameter_requests
from ssm_securestring.iam.witnesses import TooManyCombinationsError
from ssm_securestring.iam.world import Principal, World

# Of requests that one statement allows, so many are told; all are counted.
_EXAMPLES: Final = 3
# So many known parameters are tried as an example.
_KNOWN_TRIED: Final = 20


class Kind(Enum):
    """What is wrong."""

    EXTRA = "EXTRA"
    """It is allowed, and nobody granted it."""
    MISSING = "MISSING"
    """It was granted, and is not allowed."""
    UNKNOWN = "UNKNOWN"
    """Whether it is allowed depends on what is not known before the deployment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Requests of one principal that come out otherwise than granted, for the same reason.

    Args:
        kind: What is wrong.
        principal: Name of the principal.
        action: The action.
        requests: Some of the requests.
        count: How many requests there are; each stands for all that no statement tells apart from it.
        decision: What was decided of the first of them.
        origin: What was granted, where it is missing.
    """

    kind: Kind
    principal: str
    action: str
    requests: tuple[Request, ...]
    count: int
    decision: Decision
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was found.

    Args:
        world: What it is about.
        findings: What comes out otherwise than granted.
        unknown: What could not be read or decided, with its place.
        assumed: What was taken for granted, for people.
        decisions: How many requests were decided.
    """

    world: World
    findings: tuple[Finding, ...]
    unknown: tuple[Unknown, ...]
    assumed: tuple[str, ...]
    decisions: int

    @property
    def exact(self) -> bool:
        """Whether everything that was granted is allowed, nothing else is, and nothing is unknown."""
        return not self.findings and not self.unknown

    def of_kind(self, kind: Kind) -> list[Finding]:
        """Return the findings of one kind."""
        return [each for each in self.findings if each.kind is kind]


def prove(world: World, *, open_world: bool = False) -> Proof:
    """Hold what is allowed against what was granted.

    Args:
        world: Principals, keys, parameters and grants.
        open_world: Whether an administrator of the account is looked at, too: somebody who may do everything as far as
            IAM goes. Default: those of the assembly, a role without policies, whom key policies name, and everybody of
            another account.
    """
    return _Prover(world).run(open_world=open_world)


@dataclass(slots=True)
class _Told:
    """Requests that one finding is about."""

    decision: Decision
    origin: str
    examples: list[Request] = field(default_factory=list)
    count: int = 0


class _Prover:
    def __init__(self, world: World) -> None:
        self._world = world
        self._allowances = allowances_of(world)
        self._names = Names(world)
        self._known = [each.arn for each in world.parameters[:_KNOWN_TRIED]]
        self._told: dict[tuple[Kind, str, str, tuple[str, ...]], _Told] = {}
        self._unknown: dict[Unknown, None] = dict.fromkeys(world.unknown)
        self._decisions = 0

    def run(self, *, open_world: bool) -> Proof:
        named = {each.caller.arn for each in self._world.principals}
        for principal in self._world.principals:
            self._unknown.update(dict.fromkeys(principal.unknown))
            self._look_at(principal)
        self._unknown.update(dict.fromkeys(unknown for key in self._world.keys for unknown in key.unknown))
        for principal in outsiders_of(self._world, open_world=open_world):
            if principal.caller.arn not in named:
                self._look_at(principal)
        findings = [
            Finding(
                kind=kind,
                principal=principal,
                action=action,
                requests=tuple(told.examples),
                count=told.count,
                decision=told.decision,
                origin=told.origin,
            )
            for (kind, principal, action, _), told in self._told.items()
        ]
        return Proof(
            world=self._world,
            findings=tuple(sorted(findings, key=lambda each: (each.kind.value, each.principal, each.action))),
            unknown=tuple(self._unknown),
            assumed=tuple(_assumptions(self._world)),
            decisions=self._decisions,
        )

    def _look_at(self, principal: Principal) -> None:
        coverage = Coverage(self._allowances.get(principal.caller.arn, ()))
        self._hold(
            principal,
            parameter_requests(principal, self._names, coverage),
            coverage,
            lambda request: decide(request, principal.identity),
        )
        for key in self._world.parameter_keys:
            self._hold(
                principal,
                key_requests(principal, key, coverage),
                coverage,
                partial(decide_use, identity=principal.identity, key=key),
            )

    def _hold(
        self,
        principal: Principal,
        requests: Iterable[Requests],
        coverage: Coverage,
        decided: Callable[[Request], Decision],
    ) -> None:
        for each in requests:
            outcomes: defaultdict[tuple[Allowance, tuple[str, ...]], list[tuple[Request, Decision]]] = defaultdict(list)
            try:
                for request in each.made_up():
                    covering = coverage.covering(request)
                    if not covering and not each.may_be_allowed:
                        continue
                    decision = decided(request)
                    self._decisions += 1
                    if not covering and decision.verdict is not Verdict.DENIED:
                        self._tell_allowed(principal, request, decision, coverage, decided)
                    for allowance in covering:
                        outcomes[allowance, _essence(request)].append((request, decision))
            except TooManyCombinationsError as error:
                self._unknown[Unknown(place=f"{principal.name}, {each.action}", reason=str(error))] = None
            for (allowance, _), decisions in outcomes.items():
                self._tell_if_refused(principal, allowance, decisions)

    def _tell_allowed(
        self,
        principal: Principal,
        request: Request,
        decision: Decision,
        coverage: Coverage,
        decided: Callable[[Request], Decision],
    ) -> None:
        kind = Kind.EXTRA if decision.verdict is Verdict.ALLOWED else Kind.UNKNOWN
        told = self._tell(kind, principal, request, decision)
        if told.count == 1:
            # A parameter that people know says more than one that was made up, if it comes out in the same way.
            nearer = (_about(request, arn) for arn in self._known)
            alike = (
                each for each in nearer if not coverage.covering(each) and decided(each).verdict is decision.verdict
            )
            told.examples = [next(alike, request)]

    def _tell_if_refused(
        self, principal: Principal, allowance: Allowance, decisions: list[tuple[Request, Decision]]
    ) -> None:
        """Tell if what was granted is allowed in no situation that fits the grant."""
        verdicts = {decision.verdict for _, decision in decisions}
        if Verdict.ALLOWED in verdicts or not allowance.expected:
            return
        kind = Kind.UNKNOWN if Verdict.UNKNOWN in verdicts else Kind.MISSING
        self._tell(kind, principal, *decisions[0], origin=allowance.origin)

    def _tell(
        self, kind: Kind, principal: Principal, request: Request, decision: Decision, *, origin: str = ""
    ) -> _Told:
        places = (origin, *(each.place for each in decision.statements))
        told = self._told.setdefault((kind, principal.name, request.action, places), _Told(decision, origin))
        told.count += 1
        if len(told.examples) < _EXAMPLES and request not in told.examples:
            told.examples.append(request)
        return told


def _essence(request: Request) -> tuple[str, ...]:
    """Return what a grant is about; the rest of the situation may be any that the grant fits."""
    context: Mapping[str, str | tuple[str, ...]] = request.context
    return (request.action, request.resource, *(str(context.get(each)) for each in Coverage.KEYS))


def _about(request: Request, parameter_arn: str) -> Request:
    """Return the same request about another parameter."""
    if CONTEXT in request.context:
        return replace(request, context={**request.context, CONTEXT: parameter_arn})
    return replace(request, resource=parameter_arn) if ":parameter/" in request.resource else request


def _assumptions(world: World) -> list[str]:
    outside = [
        f"the policy of {key.name}, which is not of this assembly, leaves its use to IAM"
        for key in world.parameter_keys
        if key.policy is None
    ]
    managed = [
        f"{AWS_MANAGED_KEY_ALIAS} asks for no permission: whoever may fetch a parameter under it can decrypt it"
        for key in world.keys
        if key.managed
    ]
    elsewhere = [
        f"{principal.name}, which is not of this assembly, has no policies but those that the assembly attaches"
        for principal in world.principals
        if not principal.in_assembly
    ]
    return [*outside, *managed, *elsewhere]
