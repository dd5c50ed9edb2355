"""Requests decided by the policies of the caller and of the resource.

Source:
    IAM User Guide, "Policy evaluation logic", with its pages for requests within a single account and across accounts.
"""

from dataclasses import replace

from ssm_securestring.iam.compiled import TheirStatements, compiled_identity, compiled_policy
from ssm_securestring.iam.context import account_of, values_of
from ssm_securestring.iam.model import Decision, Identity, Policy, Request
from ssm_securestring.iam.principals import is_root, is_service
from ssm_securestring.iam.weighing import (
    YES,
    decide_by,
    depending,
    find,
    unknown_in,
    usual_ways,
    why_closed,
)


def decide(
    request: Request,
    identity: Identity,
    *,
    resource_policy: Policy | None = None,
    resource_account: str | None = None,
) -> Decision:
    """Decide a request to anything but a KMS key.

    Args:
        request: Who wants what.
        identity: The policies on the side of the caller.
        resource_policy: The policy of the resource. Default: it has none.
        resource_account: Account that owns the resource. Default: the one in its ARN, else the caller's.
    """
    caller = request.caller
    values = values_of(request)
    own = compiled_identity(identity).about(request.action)
    theirs = TheirStatements()
    if resource_policy is not None:
        bounded = identity.boundary is not None
        theirs = compiled_policy(resource_policy).about(request.action, caller, bounded=bounded)
    findings = find(own, theirs, request.resource, values)
    if is_root(caller):
        findings = replace(findings, identity=YES)
    account = resource_account or account_of(request.resource) or caller.account
    at_home = account == caller.account or is_service(caller)
    ways = usual_ways(findings, resource_needed=not at_home, at_home=at_home)
    denial = why_closed(findings, resource_needed=not at_home, at_home=at_home)
    return decide_by(findings, ways, denial) or depending(unknown_in(own, theirs, request.resource, values))
