"""Requests to KMS keys: the key policy has to take part, and grants allow too.

Source:
    KMS Developer Guide, "Key policies in AWS KMS", "Allowing users in other accounts to use a KMS key" and "Grants in
    AWS KMS"; KMS API reference, GrantConstraints.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from ssm_securestring.iam.compiled import TheirStatements, compiled_identity, compiled_policy
from ssm_securestring.iam.context import values_of
from ssm_securestring.iam.model import Caller, Decision, Identity, KeyGrant, Policy, Reason, Request, Unknown
from ssm_securestring.iam.principals import is_root, is_service
from ssm_securestring.iam.weighing import (
    MAYBE,
    NO,
    YES,
    Findings,
    Said,
    Way,
    all_of,
    decide_by,
    depending,
    either,
    find,
    unknown_in,
    usual_ways,
    why_closed,
)

_SERVICE: Final = "kms:"
_CONTEXT: Final = "kms:encryptioncontext:"
# KMS API reference, GrantConstraints: constraints count for cryptographic operations with an encryption context.
_WITH_CONTEXT: Final = frozenset(
    {
        "decrypt",
        "encrypt",
        "generatedatakey",
        "generatedatakeypair",
        "generatedatakeypairwithoutplaintext",
        "generatedatakeywithoutplaintext",
        "reencryptfrom",
        "reencryptto",
    }
)


def decide_key(
    request: Request,
    identity: Identity,
    *,
    key_policy: Policy | None,
    key_account: str,
    grants: Iterable[KeyGrant] = (),
) -> Decision:
    """Decide a request to a KMS key.

    Identity policies count only as far as the key policy lets them, by a statement for the account or closer. Nobody
    has a permission without the key policy or a grant: not the root user of the key's account either.

    Args:
        request: Who wants what of which key.
        identity: The policies on the side of the caller.
        key_policy: The policy of the key. ``None``: not known.
        key_account: Account that owns the key, 12 digits.
        grants: Grants on the key. Default: none.
    """
    caller = request.caller
    values = values_of(request)
    own = compiled_identity(identity).about(request.action)
    theirs = TheirStatements()
    if key_policy is not None:
        bounded = identity.boundary is not None
        theirs = compiled_policy(key_policy).about(request.action, caller, bounded=bounded)
    findings = find(own, theirs, request.resource, values)
    if key_policy is None:
        _forget_key_policy(findings)
    if is_root(caller):
        findings.identity = YES
    at_home = key_account == caller.account or is_service(caller)
    findings.granted = _granted(grants, request)
    ways = usual_ways(findings, resource_needed=True, at_home=at_home)
    if findings.granted is not NO:
        ways.append(_by_grant(findings, at_home=at_home))
    decision = decide_by(findings, ways, why_closed(findings, resource_needed=True, at_home=at_home))
    if decision is not None:
        return decision
    unknown = unknown_in(own, theirs, request.resource, values)
    return depending((*unknown, *_unknown_around(request, findings, key_policy)))


def _forget_key_policy(findings: Findings) -> None:
    findings.denied = either(findings.denied, MAYBE)
    findings.themselves = findings.role = findings.account = MAYBE


def _by_grant(findings: Findings, *, at_home: bool) -> Way:
    """Return whether the way of a grant is open.

    Whether a boundary or a session policy that does not allow the action closes it is not documented.
    """
    limits = all_of(findings.boundary, findings.session)
    others = () if at_home else (findings.identity,)
    said = all_of(findings.granted, findings.organization, limits if limits.result else MAYBE, *others)
    return Way(said, Reason.ALLOWED_BY_GRANT)


def _unknown_around(request: Request, findings: Findings, key_policy: Policy | None) -> list[Unknown]:
    found = []
    if key_policy is None:
        found.append(Unknown(place=request.resource, reason="the policy of this key is not known"))
    if findings.granted.result and not all_of(findings.boundary, findings.session).result:
        reason = "whether a permissions boundary or session policy limits a grant is not documented"
        found.append(Unknown(place=request.resource, reason=reason))
    return found


def _granted(grants: Iterable[KeyGrant], request: Request) -> Said:
    """Return whether one of some grants allows a request."""
    for grant in grants:
        if _is_grantee(grant.grantee, request.caller) and _covers(grant, request):
            return YES
    return NO


def _is_grantee(grantee: str, caller: Caller) -> bool:
    """Return whether a grant is for a caller; one for the account's root is for nobody else of the account."""
    return grantee in (caller.arn, caller.session_arn)


def _covers(grant: KeyGrant, request: Request) -> bool:
    operation = request.action.lower().removeprefix(_SERVICE)
    if operation not in {each.lower() for each in grant.operations}:
        return False
    return operation not in _WITH_CONTEXT or _context_fits(grant, _encryption_context(request))


def _context_fits(grant: KeyGrant, context: Mapping[str, str]) -> bool:
    if grant.context_equals is not None and dict(grant.context_equals) != context:
        return False
    return all(context.get(name) == value for name, value in (grant.context_subset or {}).items())


def _encryption_context(request: Request) -> dict[str, str]:
    """Return the encryption context of a request, whose names keep their case."""
    return {
        key[len(_CONTEXT) :]: value
        for key, value in request.context.items()
        if key.lower().startswith(_CONTEXT) and isinstance(value, str)
    }
