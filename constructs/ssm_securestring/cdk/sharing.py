"""A parameter for another account: the share, the key policy, and what that account has to attach itself."""

import re
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ram as ram
from constructs import Construct

from ssm_securestring.cdk.keys import KeyReference
from ssm_securestring.core.access import ACCESS_METADATA, DEFAULT_SHARE_PERMISSION, Access
from ssm_securestring.core.errors import GrantError
from ssm_securestring.core.names import ParameterArn
from ssm_securestring.core.tiers import Tier

_PRINCIPAL: Final = re.compile(r"arn:[^:*?]+:iam::(\d{12}):(?:role|user)/[^*?]+")


class ParameterShare(Construct):
    """One parameter, shared with one role or user of another account; made by ``parameter.share_read(...)``.

    The share in RAM is with the account, since that is what RAM can be sure of; the key policy names the principal, the
    parameter and Parameter Store of this Region. The other account adds the statements of the output to that principal.

    Source:
        Systems Manager User Guide, "Working with shared parameters".
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        at: ParameterArn,
        parameter_arn: str,
        account: str,
        principal_arn: str,
        access: Access,
    ) -> None:
        """Use ``share_read`` of a parameter instead."""
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        self._share = ram.CfnResourceShare(
            self,
            "Resource",
            name=cdk.Names.unique_resource_name(self, max_length=64, separator="-"),
            principals=[account],
            resource_arns=[parameter_arn],
            permission_arns=[f"arn:{stack.partition}:ram::aws:permission/{DEFAULT_SHARE_PERMISSION}"],
            # The other account may be outside of the organization; with one in it, RAM needs no acceptance.
            allow_external_principals=True,
        )
        granted = [{**each, "principal": principal_arn} for each in access.metadata()]
        self._share.add_metadata(ACCESS_METADATA, granted)
        self._statements = stack.to_json_string(access.statements())
        cdk.CfnOutput(
            self,
            "Statements",
            description=f"To attach in account {account}, which reads {at.name.text} by its ARN",
            value=self._statements,
        )

    @property
    def share_arn(self) -> str:
        """ARN of the resource share, a token."""
        return self._share.attr_arn

    @property
    def statements(self) -> str:
        """The statements that the other account has to attach to the principal, as JSON; with tokens."""
        return self._statements


def account_of(principal_arn: str, *, at: ParameterArn, stack: cdk.Stack, key: KeyReference, tier: Tier | None) -> str:
    """Return the account of a principal after checking that the parameter can be shared with it.

    Raises:
        GrantError: Parameter Store, KMS or RAM would refuse, or the ARN does not name one principal.
    """
    resource = f"parameter {at.name.text}"
    for what, here, there in (("account", stack.account, at.account), ("Region", stack.region, at.region)):
        if here != there and not cdk.Token.is_unresolved(here) and not cdk.Token.is_unresolved(there):
            raise GrantError(
                resource,
                problem=f"because it is in {what} {there} and this stack is in {here}",
                fix="call share_read() in a stack of the account and Region where the parameter is",
            )
    found = None if cdk.Token.is_unresolved(principal_arn) else _PRINCIPAL.fullmatch(principal_arn)
    if found is None:
        raise GrantError(
            resource,
            problem=f"because {principal_arn!r} is not the ARN of one role or user",
            fix="write arn:<partition>:iam::<account>:role/<name> of the other account, without wildcards",
        )
    if found.group(1) == at.account:
        raise GrantError(
            resource, problem="because this principal is of the same account", fix="use grant_read() instead"
        )
    if tier is not Tier.ADVANCED:
        raise GrantError(
            resource,
            problem="because Parameter Store shares only advanced parameters with other accounts",
            fix="write tier=Tier.ADVANCED",
        )
    if key.policy is None:
        raise GrantError(
            resource,
            problem="because another account needs a statement in the policy of its key, which is not ours to change",
            fix="encrypt it with a ParameterKey of this app; the AWS managed key can never be shared",
        )
    return found.group(1)
