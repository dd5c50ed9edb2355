"""Grants on one parameter. A grant takes hold in full, or synthesis stops; it never succeeds without effect."""

import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ssm_securestring.core.encryption import DECRYPT_ACTION, encrypt_actions, exact_conditions
from ssm_securestring.core.errors import GrantError
from ssm_securestring.core.tiers import Tier

# Systems Manager User Guide, "Restricting access to parameters": each read operation is authorised by its own
# action. The history holds old secrets, a path is authorised as a whole; neither is part of reading a parameter.
READ_ACTIONS = ("ssm:GetParameter", "ssm:GetParameters")
WRITE_ACTIONS = ("ssm:PutParameter",)


def read_statements(*, parameter_arn: str, key_arn: str | None, region: str) -> list[iam.PolicyStatement]:
    """Return what a principal needs in order to fetch and decrypt one parameter."""
    return [
        iam.PolicyStatement(actions=list(READ_ACTIONS), resources=[parameter_arn]),
        *_key_statements([DECRYPT_ACTION], parameter_arn=parameter_arn, key_arn=key_arn, region=region),
    ]


def write_statements(
    *, parameter_arn: str, key_arn: str | None, region: str, tier: Tier
) -> list[iam.PolicyStatement]:
    """Return what a principal needs in order to encrypt and store one parameter."""
    return [
        iam.PolicyStatement(actions=list(WRITE_ACTIONS), resources=[parameter_arn]),
        *_key_statements(
            encrypt_actions(tier), parameter_arn=parameter_arn, key_arn=key_arn, region=region
        ),
    ]


def add_to_principal(
    grantee: iam.IGrantable, statements: Sequence[iam.PolicyStatement], *, resource: str
) -> iam.Grant:
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


def _key_statements(
    actions: Sequence[str], *, parameter_arn: str, key_arn: str | None, region: str
) -> list[iam.PolicyStatement]:
    if key_arn is None:  # the AWS managed key asks for no permission, see ParameterKey.aws_managed
        return []
    return [
        iam.PolicyStatement(
            actions=list(actions),
            resources=[key_arn],
            conditions=exact_conditions([parameter_arn], region=region),
        )
    ]


def _as_json(statements: Sequence[iam.PolicyStatement]) -> str:
    stack = cdk.Stack()  # resolves pseudo parameters to {"Ref": ...}, which is what a person can paste
    return json.dumps([stack.resolve(each.to_statement_json()) for each in statements])
