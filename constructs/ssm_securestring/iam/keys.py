"""Decides requests to KMS: the policy of the key has to take part, by naming the caller or by leaving it to IAM.

Source:
    KMS Developer Guide, "Key policies", "Using IAM policies with AWS KMS", "Allowing users in other accounts to use a KMS
    key" and "Grants in AWS KMS".
"""

from collections.abc import Iterable, Mapping
from typing import Final

from ssm_securestring.iam.compiled import context_of
from ssm_securestring.iam.conditions import Context
from ssm_securestring.iam.evaluate import (
    Heard,
    Limits,
    Way,
    best_of,
    denied,
    depending_on,
    hear,
    hear_resource,
    unless_denied,
    way_by_resource,
)
from ssm_securestring.iam.model import Decision, Identity, KeyGrant, Policy, Reason, Request, Verdict
from ssm_securestring.iam.principals import Named

_CONTEXT: Final = "kms:encryptioncontext:"
_CONTEXT_KEYS: Final = "kms:encryptioncontextkeys"


def decide_key(
    request: Request,
    identity: Identity,
    *,
    key_policy: Policy | None,
    key_account: str,
    grants: Iterable[KeyGrant] = (),
) -> Decision:
    """Decide a request to KMS.

    Args:
        request: The request, with the ARN of the key as its resource.
        identity: The policies of its caller.
        key_policy: The policy of the key. ``None``: it is not known, and so is what it allows.
        key_account: Account of the key.
        grants: Grants on the key. Default: none.
    """
    context = context_of(request)
    own, limits = hear(identity.policies, request, context), Limits.of(identity, request, context)
    by_name = hear_resource(key_policy, request, context)
    everything = [own, *limits.heard(), *by_name.values()]
    refused = denied(everything)
    if refused is not None:
        return refused
    if key_policy is None:
        return depending_on(())
    at_home = request.caller.account == key_account
    ways = [each.decide() for each in _ways(request, own, by_name, limits, at_home=at_home)]
    found = best_of([*ways, *_by_grant(request, context, grants, own, limits, at_home=at_home)])
    return unless_denied(found, everything)


def _ways(
    request: Request, own: Heard, by_name: Mapping[Named, Heard], limits: Limits, *, at_home: bool
) -> list[Way]:
    refusal = Reason.NOT_ALLOWED_BY_RESOURCE if own.allows else Reason.NOT_ALLOWED_BY_IDENTITY
    if not at_home:
        return [
            Way(reason=Reason.ALLOWED_BY_BOTH, refusal=refusal, granting=(each, own), limits=limits)
            for each in by_name.values()
        ]
    delegated = by_name[Named.BY_ACCOUNT]
    ways = [
        Way(reason=Reason.ALLOWED_BY_BOTH, refusal=refusal, granting=(delegated, own), limits=limits),
        way_by_resource(by_name[Named.BY_ROLE], Named.BY_ROLE, limits),
        way_by_resource(by_name[Named.ITSELF], Named.ITSELF, limits),
    ]
    if request.caller.arn.endswith(":root"):
        # The account itself is named, and the root user is the account.
        ways.append(way_by_resource(delegated, Named.ITSELF, limits))
    return ways


def _by_grant(
    request: Request, context: Context, grants: Iterable[KeyGrant], own: Heard, limits: Limits, *, at_home: bool
) -> list[Decision]:
    """Return the decision where a grant allows it; to somebody of another account, that account has to allow it, too."""
    if not any(_fits(each, request, context) for each in grants) or not (at_home or own.allows):
        return []
    nothing = Way(
        reason=Reason.ALLOWED_BY_GRANT, refusal=Reason.NOT_ALLOWED_BY_RESOURCE, granting=(), limits=limits
    )
    decision = nothing.decide()
    return [decision] if decision.verdict is not Verdict.DENIED else []


def _fits(grant: KeyGrant, request: Request, context: Context) -> bool:
    if grant.grantee not in {request.caller.arn, request.caller.session_arn}:
        return False
    if request.action.removeprefix("kms:") not in grant.operations:
        return False
    pairs = {key.removeprefix(_CONTEXT): value for key, value in context.items() if key.startswith(_CONTEXT)}
    if grant.context_equals is not None:
        return pairs == {key.lower(): value for key, value in grant.context_equals.items()}
    return all(pairs.get(key.lower()) == value for key, value in (grant.context_subset or {}).items())
