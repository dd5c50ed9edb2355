"""Requests decided by the policies of the caller and of the resource.

Source:
    IAM User Guide, "Policy evaluation logic", with its pages for requests within a single account and across accounts.
"""

from typing import Final

from ssm_securestring.iam.cases import case_of
from ssm_securestring.iam.context import account_of, values_of
from ssm_securestring.iam.model import Decision, Identity, Policy, Request
from ssm_securestring.iam.principals import is_root, is_service
from ssm_securestring.iam.weighing import Ownership, conclude, depending, find

_AT_HOME: Final = Ownership(at_home=True, resource_needed=False)
_ABROAD: Final = Ownership(at_home=False, resource_needed=True)


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
    case = case_of(request, identity, resource_policy)
    values = values_of(request, case.values)
    findings = find(case, request.resource, values)
    if is_root(caller):
        findings.identity = True
    account = resource_account or account_of(request.resource) or caller.account
    ownership = _AT_HOME if account == caller.account or is_service(caller) else _ABROAD
    return conclude(findings, ownership) or depending(*case.unknown_for(request.resource, values))
