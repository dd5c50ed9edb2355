"""Who can do what with which parameter: for each principal, parameter and operation, allowed and granted."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ssm_securestring.core.access import BY_PATH_ACTION
from ssm_securestring.core.encryption import AWS_MANAGED_KEY_ALIAS, via_parameter_store
from ssm_securestring.core.spec import STACK_TAG
from ssm_securestring.core.tiers import Tier
from ssm_securestring.iam.allowances import CONTEXT, VIA_SERVICE, Allowance, allowances_of
from ssm_securestring.iam.coverage import Coverage
from ssm_securestring.iam.evaluate import decide
from ssm_securestring.iam.model import Caller, Effect, Request, Statement, Verdict
from ssm_securestring.iam.operations import ACCOUNT_ACTIONS, Needs, Operation, needs_of, paths_above
from ssm_securestring.iam.patterns import matches
from ssm_securestring.iam.requests import CALLED_VIA, about, concerned_with, decide_use, policy_of, statements_of
from ssm_securestring.iam.situations import pattern_of, patterns_in
from ssm_securestring.iam.witnesses import is_literal
from ssm_securestring.iam.world import Key, Principal, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A parameter that a stack keeps, or that was granted by its name.

    Args:
        arn: Its ARN.
        key: Its key. ``None``: it is not known.
        tier: Its tier. ``None``: it is not known.
        stack_id: Id of the stack that keeps it; empty if none does.
    """

    arn: str
    key: Key | None
    tier: Tier | None = None
    stack_id: str = ""

    @property
    def name(self) -> str:
        """The name, with a slash."""
        return f"/{self.arn.partition(':parameter/')[2]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One operation of one principal on one parameter.

    Args:
        principal: Who.
        parameter: On what.
        operation: Which.
        verdict: Whether it is allowed.
        granted: Whether it was granted.
    """

    principal: Principal
    parameter: Known
    operation: Operation
    verdict: Verdict
    granted: bool

    @property
    def as_granted(self) -> bool:
        """Whether what is allowed is what was granted."""
        return self.verdict is (Verdict.ALLOWED if self.granted else Verdict.DENIED)


def known_parameters(world: World) -> list[Known]:
    """Return the parameters that stacks keep or that were granted by name, in order of their names."""
    keys = {each.arn: each for each in world.keys} | {alias: key for key in world.keys for alias in key.aliases}
    found: dict[str, Known] = {}
    for declared in world.declared:
        if not declared.path and is_literal(declared.parameter):
            key = keys.get(declared.key or AWS_MANAGED_KEY_ALIAS)
            found[declared.parameter] = Known(arn=declared.parameter, key=key, tier=declared.tier)
    for each in world.parameters:
        key = keys.get(each.key) if isinstance(each.key, str) else None
        found[each.arn] = Known(arn=each.arn, key=key, tier=each.tier, stack_id=each.stack_id)
    return sorted(found.values(), key=lambda each: each.arn)


def table_of(world: World, principals: Iterable[Principal] | None = None) -> Iterator[Cell]:
    """Yield what each principal can do with each parameter: what is allowed or was granted; the rest is refused.

    Args:
        world: What is known.
        principals: Who to look at. Default: those of the world.
    """
    allowances = allowances_of(world)
    parameters = known_parameters(world)
    for principal in world.principals if principals is None else principals:
        looker = Looker(principal, allowances.get(principal.caller.arn, ()))
        for parameter in parameters:
            for operation in Operation:
                needs = needs_of(operation, parameter.tier)
                verdict, granted = looker.verdict(parameter, needs), looker.granted(parameter, needs)
                if granted or verdict is not Verdict.DENIED:
                    yield Cell(
                        principal=principal,
                        parameter=parameter,
                        operation=operation,
                        verdict=verdict,
                        granted=granted,
                    )


class Looker:
    """Decides operations of one principal; what its statements cannot tell apart is decided once.

    Args:
        principal: Who.
        allowances: What it was granted.
    """

    def __init__(self, principal: Principal, allowances: Iterable[Allowance]) -> None:
        """Sort its grants."""
        self._principal = principal
        self._coverage = Coverage(allowances)
        self._statements = list(statements_of(principal.identity))
        self._subjects: dict[tuple[str, str], _Subjects] = {}
        self._decided: dict[tuple[object, ...], Verdict] = {}

    def verdict(self, parameter: Known, needs: Needs) -> Verdict:
        """Return whether the principal can do something that needs these permissions."""
        found = [self._with_key(parameter, action, direct=needs.direct) for action in needs.key]
        if needs.one_of and Verdict.DENIED not in found:
            found.append(_any(self._with_store(parameter, *way) for way in ways(parameter, needs)))
        return _all(found)

    def granted(self, parameter: Known, needs: Needs) -> bool:
        """Return whether all of it was granted."""
        caller = self._principal.caller
        by_store = [store_request(caller, parameter, *way) for way in ways(parameter, needs)]
        if by_store and not any(self._covers(each) for each in by_store):
            return False
        if is_managed(parameter.key) and by_store:
            return True  # its policy admits everybody through Parameter Store, so that grants have nothing to say of it
        return all(self._covers(key_request(caller, parameter, action, direct=needs.direct)) for action in needs.key)

    def _covers(self, request: Request) -> bool:
        return self._coverage.grants(request.action) and bool(self._coverage.covering(request))

    def _with_store(self, parameter: Known, action: str, resource: str) -> Verdict:
        subjects = self._subjects_of(action, None)
        if not subjects.may_be_allowed:
            return Verdict.DENIED
        what = (action, subjects.told_apart(resource), parameter.stack_id)
        if what not in self._decided:
            request = store_request(self._principal.caller, parameter, action, resource)
            self._decided[what] = decide(request, self._principal.identity).verdict
        return self._decided[what]

    def _with_key(self, parameter: Known, action: str, *, direct: bool) -> Verdict:
        key = parameter.key
        if key is None:
            return Verdict.UNKNOWN
        subjects = self._subjects_of(action, key)
        if not subjects.may_be_allowed:
            return Verdict.DENIED
        what = (action, key.arn, direct, subjects.told_apart(parameter.arn))
        if what not in self._decided:
            request = key_request(self._principal.caller, parameter, action, direct=direct)
            self._decided[what] = decide_use(request, self._principal.identity, key).verdict
        return self._decided[what]

    def _subjects_of(self, action: str, key: Key | None) -> "_Subjects":
        found = self._subjects.get((action, key.arn if key else ""))
        if found is None:
            others = [] if key is None else about(policy_of(key).statements, self._principal.caller)
            concerned = concerned_with([*self._statements, *others], action)
            found = _Subjects(concerned, of_key=key is not None, granted=key is not None and bool(key.grants))
            self._subjects[action, key.arn if key else ""] = found
        return found


class _Subjects:
    """The parameters that statements tell apart: those that they name, and those that their patterns match."""

    def __init__(self, statements: Sequence[Statement], *, of_key: bool, granted: bool) -> None:
        self.may_be_allowed = granted or any(each.effect is Effect.ALLOW for each in statements)
        patterns = {pattern_of(each) for statement in statements for each in statement.resources}
        if of_key:
            patterns = patterns_in(condition for each in statements for condition in each.conditions)
        self._named = frozenset(each for each in patterns if is_literal(each))
        self._patterns = sorted(patterns - self._named - {"*"})

    def told_apart(self, arn: str) -> object:
        """Return what is equal for parameters that the statements cannot tell apart."""
        return arn if arn in self._named else tuple(matches(each, arn) for each in self._patterns)


def is_managed(key: Key | None) -> bool:
    """Return whether it is the AWS managed key of Parameter Store."""
    return key is not None and AWS_MANAGED_KEY_ALIAS in key.aliases


def ways(parameter: Known, needs: Needs) -> list[tuple[str, str]]:
    """Return the actions of Parameter Store, each with its resource, of which one is enough."""
    found = [(action, "*" if action in ACCOUNT_ACTIONS else parameter.arn) for action in needs.one_of]
    return [*found, *((BY_PATH_ACTION, path) for path in paths_above(parameter.arn))] if needs.by_path else found


def store_request(caller: Caller, parameter: Known, action: str, resource: str) -> Request:
    """Return the request to Parameter Store; a parameter that a stack keeps carries its tag."""
    tags = {f"aws:ResourceTag/{STACK_TAG}": parameter.stack_id} if parameter.stack_id else {}
    return Request(caller=caller, action=action, resource=resource, context=tags)


def key_request(caller: Caller, parameter: Known, action: str, *, direct: bool) -> Request:
    """Return the request to KMS, made by the caller or by Parameter Store in the caller's name."""
    key_arn = parameter.key.arn if parameter.key is not None else "*"
    context: dict[str, str | tuple[str, ...]] = {CONTEXT: parameter.arn, "aws:ViaAWSService": str(not direct).lower()}
    if not direct:
        context |= {VIA_SERVICE: via_parameter_store(parameter.arn.split(":")[3]), "aws:CalledVia": (CALLED_VIA,)}
    return Request(caller=caller, action=action, resource=key_arn, context=context)


def _any(verdicts: Iterable[Verdict]) -> Verdict:
    found = set()
    for verdict in verdicts:
        if verdict is Verdict.ALLOWED:
            return verdict
        found.add(verdict)
    return Verdict.UNKNOWN if Verdict.UNKNOWN in found else Verdict.DENIED


def _all(verdicts: Iterable[Verdict]) -> Verdict:
    found = set(verdicts)
    if Verdict.DENIED in found:
        return Verdict.DENIED
    return Verdict.UNKNOWN if Verdict.UNKNOWN in found else Verdict.ALLOWED
