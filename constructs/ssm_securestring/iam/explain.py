"""Why somebody can do something with a parameter, or cannot: statement by statement, and what single change matters."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ssm_securestring.core.access import BY_PATH_ACTION, Access, KeyUse, policy_document
from ssm_securestring.core.errors import SettingError
from ssm_securestring.iam.changes import Change, changed_identity, changed_key, closing_changes, opening_changes
from ssm_securestring.iam.evaluate import decide
from ssm_securestring.iam.model import Decision, Identity, Request, Text, Verdict
from ssm_securestring.iam.operations import Needs, Operation, needs_of, operations_of, verb_of
from ssm_securestring.iam.policy import parse_policy
from ssm_securestring.iam.report import describe
from ssm_securestring.iam.requests import decide_use, policy_of
from ssm_securestring.iam.table import Known, Looker, key_request, known_parameters, store_request, ways
from ssm_securestring.iam.trace import Outcome, trace
from ssm_securestring.iam.world import Key, Principal, World


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One request that an operation takes; with a key, it is to KMS."""

    request: Request
    key: Key | None = None

    def decide(self, identity: Identity, key: Key | None) -> Decision:
        return decide(self.request, identity) if key is None else decide_use(self.request, identity, key)

    def concerned(self, identity: Identity) -> list[Outcome]:
        """Return how each statement comes out that may be about this action and caller."""
        policy = None if self.key is None else policy_of(self.key)
        outcomes = trace(self.request, identity, resource_policy=policy)
        return [each for each in outcomes if each.action is not False and each.principal is not False]


def explain(world: World, principal: str, parameter: str, operation: str) -> str:
    """Return, for people, how it is decided whether somebody can do something with a parameter.

    Args:
        world: What is known.
        principal: Construct path of the principal, the end of one, or its ARN.
        parameter: Name or ARN of the parameter. One that no stack keeps and nobody was granted is looked at, too, as if
            it were under the key of the world's parameters.
        operation: As :func:`~ssm_securestring.iam.operations.operations_of` has them.

    Raises:
        SettingError: There is no such principal or operation, or more than one.
    """
    who = find_principal(world, principal)
    what = find_parameter(world, parameter)
    parts = [_explain(who, what, each) for each in operations_of(operation)]
    return "\n\n".join(parts)


def find_principal(world: World, text: str) -> Principal:
    """Return the principal of a construct path, of the end of one, or of an ARN.

    Raises:
        SettingError: There is none, or more than one.
    """
    exact = [each for each in world.principals if text in (each.name, each.caller.arn)]
    found = exact or [each for each in world.principals if each.name.endswith(text)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(each.name for each in found or world.principals)
    problem = f"{text!r} is more than one" if found else f"{text!r} is not known here"
    raise SettingError("PRINCIPAL", problem=problem, fix=f"write one of {names}")


def find_parameter(world: World, text: str) -> Known:
    """Return a parameter by name or ARN.

    Raises:
        SettingError: It is not known, and there is more than one key that it could be under.
    """
    known = known_parameters(world)
    name = f"/{text.removeprefix('/')}"
    for each in known:
        if text == each.arn or name == each.name:
            return each
    keys = {each.key.arn: each.key for each in known if each.key is not None}
    if len(keys) != 1:
        names = ", ".join(each.name for each in known)
        raise SettingError("PARAMETER", problem=f"{text!r} is not known here", fix=f"write one of {names}")
    prefix = known[0].arn.partition(":parameter/")[0]
    (key,) = keys.values()
    return Known(arn=f"{prefix}:parameter{name}", key=key, tier=known[0].tier)


def _explain(principal: Principal, parameter: Known, operation: Operation) -> str:
    needs = needs_of(operation, parameter.tier)
    verdict = _verdict(principal, parameter, needs)
    lines = [f"{principal.name}, {operation} {parameter.name}: {_said(verdict)}"]
    steps = list(_steps(principal, parameter, needs))
    by_store = [step for step in steps if step.key is None]
    if len(by_store) > 1:
        lines += ["", "One of the actions of Parameter Store is enough:"]
    for step in steps:
        lines += _walk(step, principal.identity)
    heading = "What would close it" if verdict is Verdict.ALLOWED else "What would allow it"
    changes = list(_changes(principal, parameter, operation, steps, verdict))
    lines += ["", f"{heading}, each by itself:" if changes else f"{heading}: more than one change"]
    return "\n".join([*lines, *(f"  - {each}" for each in changes)])


def _said(verdict: Verdict) -> str:
    return {Verdict.ALLOWED: "allowed", Verdict.DENIED: "refused", Verdict.UNKNOWN: "not known"}[verdict]


def _verdict(principal: Principal, parameter: Known, needs: Needs) -> Verdict:
    return Looker(principal, ()).verdict(parameter, needs)


def _steps(principal: Principal, parameter: Known, needs: Needs) -> Iterator[_Step]:
    for way in ways(parameter, needs):
        yield _Step(request=store_request(principal.caller, parameter, *way))
    for action in needs.key:
        request = key_request(principal.caller, parameter, action, direct=needs.direct)
        yield _Step(request=request, key=parameter.key)


def _walk(step: _Step, identity: Identity) -> Iterator[str]:
    decision, outcomes = step.decide(identity, step.key), step.concerned(identity)
    if step.request.action == BY_PATH_ACTION and not outcomes:
        return  # of each path above, which would be long, and says nothing
    # Of a request to Parameter Store, what it is about says enough; tags are for conditions, which tell of them.
    told = replace(step.request, context={}) if step.key is None else step.request
    on = "" if step.key is None else f" with {step.key.name}"
    yield ""
    yield f"{step.request.action}{on}: {describe(told)}"
    yield f"  {_said(decision.verdict)}: {decision.reason.value}"
    for outcome in outcomes:
        effect = outcome.statement.effect.value
        yield f"  {_mark(outcome)} {effect}, {outcome.statement.place}"
        yield from (f"      {each}" for each in _reasons(outcome, step.request))


def _reasons(outcome: Outcome, request: Request) -> Iterator[str]:
    """Yield what of a statement does not match, or may not."""
    statement = outcome.statement
    if outcome.resource is not True:
        name = "NotResource" if statement.not_resources else "Resource"
        yield f"{name}: {_texts(statement.resources)}; the request has {request.resource}"
    for each in outcome.conditions:
        if each.holds is not True:
            has = "has none" if each.actual is None else f"has {each.actual}"
            values = _texts(each.condition.values)
            yield f"{each.condition.operator} {each.condition.key}: {values}; the request {has}"


def _texts(texts: Iterable[Text]) -> str:
    return ", ".join(each if isinstance(each, str) else f"{each.pattern} ({each.reason})" for each in texts)


def _mark(outcome: Outcome) -> str:
    return {True: "matches:", False: "does not match:", None: "may match:"}[outcome.applies]


def _changes(
    principal: Principal, parameter: Known, operation: Operation, steps: Sequence[_Step], verdict: Verdict
) -> Iterator[str]:
    """Yield the changes that turn the operation around; each was tried."""
    needs = needs_of(operation, parameter.tier)
    for change in _candidates(principal, steps, verdict):
        changed = replace(principal, identity=changed_identity(principal.identity, change))
        after = _verdict(changed, replace(parameter, key=changed_key(parameter.key, change)), needs)
        if after is not verdict and after is not Verdict.UNKNOWN:
            yield change.text
    if verdict is Verdict.DENIED:
        granted = _with_grant(principal, parameter, operation)
        if granted is not None and _verdict(granted, parameter, needs) is Verdict.ALLOWED:
            direct = ", direct=True" if operation is Operation.DECRYPT_DIRECTLY else ""
            yield f"grant_{verb_of(operation).name.lower()}(...{direct}) on the parameter"


def _candidates(principal: Principal, steps: Iterable[_Step], verdict: Verdict) -> Iterator[Change]:
    seen: set[str] = set()
    for step in steps:
        if verdict is Verdict.ALLOWED:
            decision = step.decide(principal.identity, step.key)
            found = [each for statement in decision.statements for each in closing_changes(statement, step.request)]
        else:
            outcomes = step.concerned(principal.identity)
            found = [each for outcome in outcomes for each in opening_changes(outcome, step.request)]
        for change in found:
            if change.text not in seen:
                seen.add(change.text)
                yield change


def _with_grant(principal: Principal, parameter: Known, operation: Operation) -> Principal | None:
    """Return the principal as it were after the grant, as far as its own policies go."""
    verb, access = verb_of(operation), Access()
    access.allow(verb.parameter_actions, resource=parameter.arn)
    access.allow(verb.account_actions, resource="*")
    if parameter.key is not None:
        use = KeyUse(
            key_arn=parameter.key.arn,
            region=parameter.arn.split(":")[3],
            direct=operation is Operation.DECRYPT_DIRECTLY,
        )
        access.allow_key(verb.key_actions(parameter.tier), use=use, parameter_arn=parameter.arn)
    policy = parse_policy(policy_document(access.statements()), place="the grant")
    identity = replace(principal.identity, policies=(*principal.identity.policies, policy))
    return replace(principal, identity=identity)
