"""Makes up the requests that the statements which matter can tell apart."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from ssm_securestring.core.actions import (
    ACCOUNT_ACTIONS,
    KEY_OPENING_ACTIONS,
    KEY_USE_ACTIONS,
    PARAMETER_ACTIONS,
)
from ssm_securestring.core.encryption import CONTEXT_KEY, via_parameter_store
from ssm_securestring.iam.allowances import CONTEXT, VIA_SERVICE
from ssm_securestring.iam.coverage import Coverage
from ssm_securestring.iam.keys import decide_key
from ssm_securestring.iam.model import Caller, Condition, Decision, Effect, Identity, Policy, Request, Statement, Text
from ssm_securestring.iam.names import NO_NAME, Names
from ssm_securestring.iam.operations import THROUGH_PARAMETER_STORE
from ssm_securestring.iam.patterns import matches, pattern_of
from ssm_securestring.iam.situations import Value, combinations, conditions_on, patterns_in, values_of
from ssm_securestring.iam.witnesses import witnesses
from ssm_securestring.iam.world import Key, Principal

_CONTEXT_KEYS: Final = "kms:EncryptionContextKeys"
# What KMS tells of a call that Parameter Store makes in somebody's name.
CALLED_VIA: Final = "ssm.amazonaws.com"
_COMPARE_ARNS: Final = frozenset({"arnequals", "arnlike", "stringequals", "stringlike"})
# The name that a signing suite of the Encryption SDK adds to the context. Source: AWS Encryption SDK Developer Guide,
# "Algorithms reference".
_SIGNATURE: Final = "aws-crypto-public-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """All requests of one principal with one action on parameters, or with one key.

    Args:
        action: The action.
        may_be_allowed: Some statement may allow it; otherwise only what was granted need be decided.
        made_up: Makes the requests.
    """

    action: str
    may_be_allowed: bool
    made_up: Callable[[], Iterator[Request]]


def statements_of(identity: Identity) -> Iterator[Statement]:
    """Return all statements on the side of a caller."""
    levels = chain.from_iterable(identity.service_control)
    boundary = () if identity.boundary is None else (identity.boundary,)
    for policy in chain(identity.policies, boundary, identity.session or (), levels):
        yield from policy.statements


def concerned_with(statements: Iterable[Statement], action: str) -> list[Statement]:
    """Return the statements that may be about an action."""
    return [each for each in statements if _may_be_among(action.lower(), each.actions, negated=each.not_actions)]


def parameter_requests(principal: Principal, names: Names, coverage: Coverage) -> Iterator[Requests]:
    """Return what a principal may ask of Parameter Store, action by action.

    Nothing for a principal of another account: a share is with all of that account, and the key's policy is the limit.

    Source:
        Systems Manager User Guide, "Working with shared parameters".
    """
    if principal.caller.account not in names.accounts:
        return
    statements = list(statements_of(principal.identity))
    for action in (*PARAMETER_ACTIONS, *ACCOUNT_ACTIONS):
        concerned = concerned_with(statements, action)
        may_be_allowed = _allows(concerned)
        if may_be_allowed or coverage.grants(action):
            yield Requests(
                action=action,
                may_be_allowed=may_be_allowed,
                made_up=_parameter_requests(principal, action, concerned, names, coverage),
            )


def _parameter_requests(
    principal: Principal, action: str, statements: Sequence[Statement], names: Names, coverage: Coverage
) -> Callable[[], Iterator[Request]]:
    def make() -> Iterator[Request]:
        choices: dict[str, Sequence[Value]] = {}
        for key, conditions in conditions_on(statements).items():
            granted = [value for value in coverage.values(action, key) if value]
            choices[key] = [*values_of(conditions), *granted]
        patterns = {pattern_of(each) for statement in statements for each in statement.resources}
        for resource in names.told_apart(action, patterns | coverage.resources(action)):
            for context in combinations(choices):
                yield Request(caller=principal.caller, action=action, resource=resource, context=context)

    return make


def key_requests(principal: Principal, key: Key, coverage: Coverage) -> Iterator[Requests]:
    """Return what a principal may ask of KMS with one key, action by action."""
    own = [each for each in statements_of(principal.identity) if _concerns_key(each, key.arn)]
    policy = about(policy_of(key).statements, principal.caller)
    for action in (*KEY_USE_ACTIONS, *KEY_OPENING_ACTIONS):
        by_identity, by_key = concerned_with(own, action), concerned_with(policy, action)
        may_be_allowed = bool(key.grants) or (_allows(by_key) and (_allows(by_identity) or _names_others(by_key)))
        if may_be_allowed or coverage.grants(action):
            yield Requests(
                action=action,
                may_be_allowed=may_be_allowed,
                made_up=_key_requests(principal, key, action, [*by_identity, *by_key], coverage),
            )


def policy_of(key: Key) -> Policy:
    """Return the policy of a key; one that is not known is taken as leaving its use to IAM, as by default.

    Source:
        KMS Developer Guide, "Default key policy".
    """
    if key.policy is not None:
        return key.policy
    partition, account = key.arn.split(":")[1], key.arn.split(":")[4]
    statement = Statement(
        effect=Effect.ALLOW,
        actions=("kms:*",),
        resources=("*",),
        principals={"AWS": (f"arn:{partition}:iam::{account}:root",)},
        place=f"assumed policy of {key.name}",
    )
    return Policy(place=f"assumed policy of {key.name}", statements=(statement,))


def decide_use(request: Request, identity: Identity, key: Key) -> Decision:
    """Decide a request to KMS with one key."""
    account = key.arn.split(":")[4]
    return decide_key(request, identity, key_policy=policy_of(key), key_account=account, grants=key.grants)


def _key_requests(
    principal: Principal, key: Key, action: str, statements: Sequence[Statement], coverage: Coverage
) -> Callable[[], Iterator[Request]]:
    _, partition, _, region, account, _ = key.arn.split(":", 5)
    through = via_parameter_store(region)

    def make() -> Iterator[Request]:
        conditions = conditions_on(statements, besides=(CONTEXT, VIA_SERVICE, _CONTEXT_KEYS))
        patterns = patterns_in(_on_key(statements, CONTEXT)) | coverage.contexts(action, key_arn=key.arn)
        patterns |= {each for grant in key.grants for each in _pairs(grant.context_subset, grant.context_equals)}
        domain = f"arn:{partition}:ssm:{region}:{account}:parameter/*"
        services = {through, *patterns_in(_on_key(statements, VIA_SERVICE))}
        choices: dict[str, Sequence[Value]] = {
            CONTEXT: [None, *(witnesses(patterns, domain=domain, never=NO_NAME) if action in KEY_USE_ACTIONS else ())],
            VIA_SERVICE: [None, *witnesses(services, domain=f"*.{region}.amazonaws.com")],
            **{name: values_of(each) for name, each in conditions.items()},
        }
        for name in coverage.further_keys(action, key_arn=key.arn):
            choices[name] = list(dict.fromkeys([*choices.get(name, [None]), *sorted(coverage.values(action, name))]))
        names: Iterable[Value] = [None]
        if _on_key(statements, _CONTEXT_KEYS):
            names = [(CONTEXT_KEY,), (CONTEXT_KEY, _SIGNATURE)]
        for context in combinations(choices):
            if _can_happen(context, action, through):
                for each in names if CONTEXT in context else [None]:
                    yield _key_request(principal, key, action, {**context, **({_CONTEXT_KEYS: each} if each else {})})

    return make


def _key_request(principal: Principal, key: Key, action: str, context: Mapping[str, str | tuple[str, ...]]) -> Request:
    called = {"aws:ViaAWSService": str(VIA_SERVICE in context).lower()}
    via = {"aws:CalledVia": (CALLED_VIA,)} if str(context.get(VIA_SERVICE)).startswith("ssm.") else {}
    return Request(caller=principal.caller, action=action, resource=key.arn, context={**called, **via, **context})


def _can_happen(context: Mapping[str, str | tuple[str, ...]], action: str, through: str) -> bool:
    """Return whether such a call can be made: Parameter Store always sends a context, and calls three operations."""
    if context.get(VIA_SERVICE) != through:
        return True
    return CONTEXT in context and action in THROUGH_PARAMETER_STORE


def _on_key(statements: Iterable[Statement], key: str) -> list[Condition]:
    return [
        condition
        for statement in statements
        for condition in statement.conditions
        if condition.key.lower() == key.lower()
    ]


def _pairs(*constraints: Mapping[str, str] | None) -> Iterator[str]:
    for each in constraints:
        if each is not None and CONTEXT_KEY in each:
            yield each[CONTEXT_KEY]


def _allows(statements: Iterable[Statement]) -> bool:
    return any(each.effect is Effect.ALLOW for each in statements)


def _names_others(statements: Iterable[Statement]) -> bool:
    """Return whether one of a key policy's statements may allow something without a policy in IAM."""
    return any(
        each.effect is Effect.ALLOW and not all(_is_account(text) for text in chain(*(each.principals or {}).values()))
        for each in statements
    )


def _is_account(principal: Text) -> bool:
    return isinstance(principal, str) and (principal.endswith(":root") or principal.isdigit())


def _concerns_key(statement: Statement, key_arn: str) -> bool:
    return _may_be_among(key_arn, statement.resources, negated=statement.not_resources)


def about(statements: Iterable[Statement], caller: Caller) -> list[Statement]:
    """Return the statements of a key policy that may be about a caller; in strict mode, most name somebody else."""
    return [each for each in statements if _may_be_about(each, caller)]


def _may_be_about(statement: Statement, caller: Caller) -> bool:
    for condition in statement.conditions:
        compares = condition.key.lower() == "aws:principalarn" and condition.operator.lower() in _COMPARE_ARNS
        if compares and not _may_be_among(caller.arn, condition.values, negated=False):
            return False
    return True


def _may_be_among(text: str, patterns: Iterable[Text], *, negated: bool) -> bool:
    if negated:
        return not any(isinstance(each, str) and matches(pattern_of(each).lower(), text.lower()) for each in patterns)
    return any(matches(pattern_of(each).lower(), text.lower()) for each in patterns)
