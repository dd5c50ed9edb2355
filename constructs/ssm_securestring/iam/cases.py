"""Everything about a request that is the same for all requests with its caller, action and policies, kept between them.

Policies are recognised by being the same objects: to hash a document costs more than to decide.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ssm_securestring.iam.compiled import OwnStatements, Statements, TheirStatements, compiled_identity, compiled_policy
from ssm_securestring.iam.context import of_caller
from ssm_securestring.iam.model import Caller, Identity, Policy, Request, Unknown
from ssm_securestring.iam.variables import Value, Values

_MAX_KEPT: Final = 16384


@dataclass(frozen=True, slots=True)
class Case:
    """What may decide about an action of a caller.

    Args:
        caller: The caller.
        identity: Its policies; kept, so that no other object can have their id.
        policy: The policy of the resource; kept for the same reason.
        deny: What may deny it, on either side.
        own: What the caller's side says.
        theirs: What the resource's policy says.
        values: Condition keys that follow from the caller.
    """

    caller: Caller
    identity: Identity
    policy: Policy | None
    deny: Statements
    own: OwnStatements
    theirs: TheirStatements
    values: dict[str, Value]

    def unknown_for(self, resource: str, values: Values) -> tuple[Unknown, ...]:
        """Return what its statements depend on that is not known."""
        found: dict[Unknown, None] = {}
        for group in self._groups():
            for each in group:
                if each.applies(resource, values) is None:
                    found |= dict.fromkeys(each.unknown_for(resource, values))
        return tuple(found)

    def _groups(self) -> Iterator[Statements]:
        own = self.own
        yield from (self.deny, own.allow, own.boundary or (), own.session or (), *own.organization, *self.theirs.allow)


_CASES: Final[dict[tuple[object, ...], Case]] = {}


def case_of(request: Request, identity: Identity, policy: Policy | None) -> Case:
    """Return what may decide about a request.

    Args:
        request: The request.
        identity: The policies on the side of the caller.
        policy: The policy of the resource. ``None``: it has none.
    """
    caller = request.caller
    key = (id(identity), id(policy), caller.arn, caller.session_arn, caller.account, request.action)
    case = _CASES.get(key)
    if case is None or (case.caller is not caller and case.caller.context != caller.context):
        if len(_CASES) >= _MAX_KEPT:
            _CASES.clear()
        case = _CASES[key] = _make(request, identity, policy)
    return case


def _make(request: Request, identity: Identity, policy: Policy | None) -> Case:
    own = compiled_identity(identity).about(request.action)
    theirs = TheirStatements()
    if policy is not None:
        bounded = identity.boundary is not None
        theirs = compiled_policy(policy).about(request.action, request.caller, bounded=bounded)
    return Case(
        caller=request.caller,
        identity=identity,
        policy=policy,
        deny=own.deny + theirs.deny,
        own=own,
        theirs=theirs,
        values=of_caller(request.caller),
    )
