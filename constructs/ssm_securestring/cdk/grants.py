"""Grants on one parameter. A grant takes hold in full, or synthesis stops; it never succeeds without effect."""

import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ssm_securestring.core.encryption import exact_conditions
from ssm_securestring.core.errors import GrantError

# Systems Manager User Guide, "Restricting access to parameters": each read operation is authorised by its own
# action. The history holds old secrets, a path is authorised as a whole; neither is part of reading a parameter.
READ_ACTIONS = ("ssm:GetParameter", "ssm:GetParameters")
WRITE_ACTIONS = ("ssm:PutParameter",)


def statements_for(
    parameter_actions: Sequence[str],
    key_actions: Sequence[str],
    *,
    parameter_arn: str,
    key_arn: str | None,
    region: str,
) -> list[iam.PolicyStatement]:
    """Return the two statements that allow something on one parameter: in Parameter Store, and in KMS for it alone.

    Args:
        parameter_actions: Actions of Parameter Store.
        key_actions: Actions of KMS that Parameter Store performs in the principal's name.
        parameter_arn: The parameter.
        key_arn: Its key. ``None`` for the AWS managed key, which asks for no permission.
        region: Region of the parameter.
    """
    statements = [iam.PolicyStatement(actions=list(parameter_actions), resources=[parameter_arn])]
    if key_arn is not None:
        conditions = exact_conditions([parameter_arn], region=region)
        statements.append(iam.PolicyStatement(actions=list(key_actions), resources=[key_arn], conditions=conditions))
    return statements


def add_to_principal(grantee: iam.IGrantable, statements: Sequence[iam.PolicyStatement], *, resource: str) -> iam.Grant:
    """Give the statements to the grantee.

    Raises:
        GrantError: Its policies cannot be changed from here; the message holds the statements to attach by hand.
    """
    grants = []
    for statement in statements:
        grant = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=statement.actions,
            resource_arns=statement.resources,
            conditions=statement.conditions,
        )
        if not (grant.success and _takes_hold(grantee.grant_principal)):
            raise GrantError(
                resource,
                problem="because the policies of this principal cannot be changed from this stack",
                fix=f"attach these statements to it where it is defined: {_as_json(statements)}",
            )
        grants.append(grant)
    # Grant.combine() reports success when either half took hold; here both did.
    combined = grants[0]
    for grant in grants[1:]:
        combined = combined.combine(grant)
    return combined


def _takes_hold(principal: iam.IPrincipal) -> bool:
    """Tell whether the CDK really keeps the statement.

    Immutable roles, imported ones of another account, and functions imported without their role report success and
    drop it. What keeps it shows a policy below itself; a LazyRole makes its policy later.
    """
    if isinstance(principal, iam.LazyRole):
        return True
    node = getattr(principal, "node", None)
    return node is not None and any(isinstance(child, iam.Policy) for child in node.children)


def _as_json(statements: Sequence[iam.PolicyStatement]) -> str:
    stack = cdk.Stack()  # resolves pseudo parameters to {"Ref": ...}, which is what a person can paste
    return json.dumps([stack.resolve(each.to_statement_json()) for each in statements])
