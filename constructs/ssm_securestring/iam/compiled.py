"""Policies prepared for many requests: patterns compiled once, statements found by action."""

from typing import Final

from ssm_securestring.iam.conditions import Check, Context, check_of
from ssm_securestring.iam.model import Caller, Effect, Policy, Request, Statement
from ssm_securestring.iam.patterns import Texts
from ssm_securestring.iam.variables import filled_in, has_variables

# So many policies are kept prepared.
_KEPT: Final = 10_000


class CompiledStatement:
    """A statement, prepared."""

    __slots__ = ("_checks", "_not_resources", "_resources", "_unfilled", "allows", "statement")

    def __init__(self, statement: Statement) -> None:
        """Prepare it."""
        self.statement = statement
        self.allows = statement.effect is Effect.ALLOW
        self._unfilled = statement.variables and any(
            isinstance(each, str) and has_variables(each) for each in statement.resources
        )
        self._resources = Texts(statement.resources)
        self._not_resources = statement.not_resources
        self._checks: list[Check] = [check_of(each, variables=statement.variables) for each in statement.conditions]

    def applies(self, resource: str, context: Context) -> bool | None:
        """Return whether it is about a resource in a situation, its action and principal apart."""
        resources = self._filled(context) if self._unfilled else self._resources
        found = resources.match(resource)
        if self._not_resources and found is not None:
            found = not found
        if found is False:
            return False
        for check in self._checks:
            outcome = check(context)
            if outcome is False:
                return False
            if outcome is None:
                found = None
        return found

    def _filled(self, context: Context) -> Texts:
        filled = (filled_in(each, context) if isinstance(each, str) else each for each in self.statement.resources)
        return Texts(each for each in filled if each is not None)


class CompiledPolicy:
    """A policy, prepared."""

    __slots__ = ("_actions", "_by_action", "policy")

    def __init__(self, policy: Policy) -> None:
        """Prepare it."""
        self.policy = policy
        self._actions = [
            (Texts(each.actions, lower=True), each.not_actions, CompiledStatement(each)) for each in policy.statements
        ]
        self._by_action: dict[str, list[tuple[bool, CompiledStatement]]] = {}

    def about(self, action: str) -> list[tuple[bool, CompiledStatement]]:
        """Return the statements about an action, each with whether it is so for certain."""
        found = self._by_action.get(action)
        if found is None:
            found = self._by_action[action] = []
            for actions, negated, statement in self._actions:
                outcome = actions.match(action.lower())
                if outcome is None or outcome is not negated:
                    found.append((outcome is not None, statement))
        return found


_policies: Final[dict[int, CompiledPolicy]] = {}


def compiled_policy(policy: Policy) -> CompiledPolicy:
    """Return a policy prepared, from before if it was."""
    found = _policies.get(id(policy))
    # It is kept alive by what was prepared of it, so its id is of no other.
    if found is None:
        if len(_policies) >= _KEPT:
            _policies.clear()
        found = _policies[id(policy)] = CompiledPolicy(policy)
    return found


def context_of(request: Request) -> Context:
    """Return all condition keys of a request in lower case, those that follow from its caller among them.

    Source:
        IAM User Guide, "AWS global condition context keys"; KMS Developer Guide, "AWS KMS condition keys".
    """
    context = _of_caller(request.caller)
    for key, value in request.context.items():
        context[key.lower()] = value
    return context


def _of_caller(caller: Caller) -> dict[str, str | tuple[str, ...]]:
    kind, _, name = caller.arn.rpartition(":")[2].partition("/")
    types = {"role": "AssumedRole", "user": "User", "root": "Account"}
    context: dict[str, str | tuple[str, ...]] = {
        "aws:principalarn": caller.arn,
        "aws:principalaccount": caller.account,
        "kms:calleraccount": caller.account,
    }
    if kind in types:
        context["aws:principaltype"] = types[kind]
    if kind == "user":
        context["aws:username"] = name.rpartition("/")[2]
    for key, value in caller.context.items():
        context[key.lower()] = value
    return context
