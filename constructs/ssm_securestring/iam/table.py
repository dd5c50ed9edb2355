"""Who can do what with which parameter: for each principal, parameter and operation, allowed and granted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ssm_securestring.core.access import BY_PATH_ACTION
from ssm_securestring.core.actions import ACCOUNT_ACTIONS
from ssm_securestring.core.encryption import AWS_MANAGED_KEY_ALIAS, via_parameter_store
from ssm_securestring.core.tiers import Tier
from ssm_securestring.iam.allowances import CONTEXT, OWNER, VIA_SERVICE, Allowance, allowances_of
from ssm_securestring.iam.coverage import Coverage
from ssm_securestring.iam.evaluate import decide
from ssm_securestring.iam.model import Caller, Request, Verdict
from ssm_securestring.iam.operations import Needs, Operation, needs_of, paths_above
from ssm_securestring.iam.patterns import matches, pattern_of
from ssm_securestring.iam.requests import CALLED_VIA, about, concerned_with, decide_use, policy_of, statements_of
from ssm_securestring.iam.situations import patterns_in
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
        looker = Looker(principal, allowances.get(principal.caller.arn, ()), world.keys)
        for parameter in parameters:
            for operation, verdict, granted in looker.row(parameter):
                yield Cell(
                    principal=principal, parameter=parameter, operation=operation, verdict=verdict, granted=granted
                )


class Looker:
    """Decides operations of one principal.

    Args:
        principal: Who.
        allowances: What it was granted.
        keys: The keys of the parameters that will be asked for together.
    """

    def __init__(self, principal: Principal, allowances: Iterable[Allowance], keys: Iterable[Key] = ()) -> None:
        """Find out which parameters its statements can tell apart."""
        self._principal = principal
        self._coverage = Coverage(allowances)
        self._rows: dict[tuple[object, ...], list[tuple[Operation, Verdict, bool]]] = {}
        statements = list(statements_of(principal.identity))
        for key in keys:
            statements += about(policy_of(key).statements, principal.caller)
        # Whoever asks by path is answered with what is below it, so that the paths above tell parameters apart, too.
        self._by_path = bool(concerned_with(statements_of(principal.identity), BY_PATH_ACTION))
        patterns = {pattern_of(each) for statement in statements for each in statement.resources}
        patterns |= patterns_in(condition for each in statements for condition in each.conditions)
        patterns |= self._coverage.subjects()
        self._named = frozenset(each for each in patterns if is_literal(each))
        self._patterns = sorted(patterns - self._named - {"*"})

    def row(self, parameter: Known) -> list[tuple[Operation, Verdict, bool]]:
        """Return each operation that is allowed or was granted, with both; of alike parameters, one is decided."""
        subject: object = parameter.arn
        if not self._by_path and parameter.arn not in self._named:
            subject = tuple(matches(each, parameter.arn) for each in self._patterns)
        alike = (subject, parameter.key.arn if parameter.key else None, parameter.tier, parameter.stack_id)
        if alike not in self._rows:
            decided = (
                (operation, self.verdict(parameter, needs), self.granted(parameter, needs))
                for operation in Operation
                for needs in [needs_of(operation, parameter.tier)]
            )
            self._rows[alike] = [each for each in decided if each[1] is not Verdict.DENIED or each[2]]
        return self._rows[alike]

    def verdict(self, parameter: Known, needs: Needs) -> Verdict:
        """Return whether the principal can do something that needs these permissions."""
        found = [self._with_key(parameter, action, direct=needs.direct) for action in needs.key]
        if needs.one_of and Verdict.DENIED not in found:
            found.append(_any(self._with_store(parameter, *way) for way in ways(parameter, needs)))
        return _all(found)

    def granted(self, parameter: Known, needs: Needs) -> bool:
        """Return whether all of it was granted."""
        caller, key = self._principal.caller, parameter.key
        by_store = (store_request(caller, parameter, *way) for way in ways(parameter, needs))
        if needs.one_of and not any(self._coverage.covering(each) for each in by_store):
            return False
        if key is not None and key.managed and needs.one_of:
            return True  # its policy admits everybody through Parameter Store, so that grants have nothing to say of it
        uses = (key_request(caller, parameter, action, direct=needs.direct) for action in needs.key)
        return all(self._coverage.covering(each) for each in uses)

    def _with_store(self, parameter: Known, action: str, resource: str) -> Verdict:
        request = store_request(self._principal.caller, parameter, action, resource)
        return decide(request, self._principal.identity).verdict

    def _with_key(self, parameter: Known, action: str, *, direct: bool) -> Verdict:
        if parameter.key is None:
            return Verdict.UNKNOWN
        request = key_request(self._principal.caller, parameter, action, direct=direct)
        return decide_use(request, self._principal.identity, parameter.key).verdict


def ways(parameter: Known, needs: Needs) -> list[tuple[str, str]]:
    """Return the actions of Parameter Store, each with its resource, of which one is enough."""
    found = [(action, "*" if action in ACCOUNT_ACTIONS else parameter.arn) for action in needs.one_of]
    return [*found, *((BY_PATH_ACTION, path) for path in paths_above(parameter.arn))] if needs.by_path else found


def store_request(caller: Caller, parameter: Known, action: str, resource: str) -> Request:
    """Return the request to Parameter Store; a parameter that a stack keeps carries its tag."""
    tags = {OWNER: parameter.stack_id} if parameter.stack_id else {}
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
