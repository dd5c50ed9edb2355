"""Grants on parameters and paths. A grant takes hold in full, or synthesis stops; it never succeeds without effect."""

import json
from collections.abc import Sequence

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam

from ssm_securestring.cdk.packing import GrantedPolicies
from ssm_securestring.core.access import Access, Statement
from ssm_securestring.core.errors import GrantError


def grant(grantee: iam.IGrantable, access: Access, *, resource: str) -> iam.Grant:
    """Give the access to the grantee, merged with what it has already.

    Raises:
        GrantError: Its policies cannot be changed from here, and the message holds the statements to attach by hand;
            or they are full, and the message names the grant that would fit.
    """
    statements = access.statements()
    first = [iam.PolicyStatement.from_json(each) for each in statements]
    policies = GrantedPolicies.of(grantee, first=first)
    if policies is None:
        raise _refusal(grantee.grant_principal, statements, resource=resource)
    policies.add(access, resource=resource)
    holder = _Holder(grantee.grant_principal, policies)
    granted = [
        iam.Grant.add_to_principal(
            grantee=holder, actions=each.actions, resource_arns=each.resources, conditions=each.conditions
        )
        for each in first
    ]
    # Grant.combine() reports success when either half took hold; here all did.
    combined = granted[0]
    for each in granted[1:]:
        combined = combined.combine(each)
    return combined


def _refusal(principal: iam.IPrincipal, statements: Sequence[Statement], *, resource: str) -> GrantError:
    """Return what is wrong with a principal whose policies cannot be changed, and what to do about it."""
    if isinstance(principal, iam.ServicePrincipal):
        return GrantError(
            resource,
            problem=f"because {principal.service} is a service, which has no policies",
            fix="grant to the role that it assumes: iam.Role(..., assumed_by=iam.ServicePrincipal(...))",
        )
    return GrantError(
        resource,
        problem="because the policies of this principal cannot be changed from this stack",
        fix="attach these statements to it where it is defined; if that is another account, use share_read() of the "
        f"parameter, which makes the other half: {as_json(statements)}",
    )


def as_json(statements: Sequence[Statement]) -> str:
    """Return statements as a person can paste them."""
    stack = cdk.Stack()  # resolves pseudo parameters to {"Ref": ...}
    return json.dumps(stack.resolve(list(statements)))


@jsii.implements(iam.IPrincipal)
class _Holder:
    """A principal whose policies hold the statements already, so that the CDK makes a Grant without a policy."""

    def __init__(self, principal: iam.IPrincipal, policies: GrantedPolicies) -> None:
        self._principal = principal
        self._policies = policies

    @property
    def assume_role_action(self) -> str:
        return self._principal.assume_role_action

    @property
    def grant_principal(self) -> iam.IPrincipal:
        return self

    @property
    def policy_fragment(self) -> iam.PrincipalPolicyFragment:
        return self._principal.policy_fragment

    @property
    def principal_account(self) -> str | None:
        return self._principal.principal_account

    def add_to_principal_policy(self, statement: iam.PolicyStatement) -> iam.AddToPrincipalPolicyResult:  # noqa: ARG002 - it is in place
        return iam.AddToPrincipalPolicyResult(statement_added=True, policy_dependable=self._policies.policy)
