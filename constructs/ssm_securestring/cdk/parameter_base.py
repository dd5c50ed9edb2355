"""What every SecureString parameter can do, whoever keeps it in place: be referred to, and be granted."""

from typing import Never

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ssm as ssm
from aws_cdk.interfaces.aws_ssm import ParameterReference
from constructs import Construct

from ssm_securestring.cdk.grantable import Grantable, access_to_parameter
from ssm_securestring.cdk.keys import EncryptionKey, KeyReference, key_reference
from ssm_securestring.cdk.sharing import ParameterShare, account_of
from ssm_securestring.core.access import Access, Verb
from ssm_securestring.core.errors import SettingError
from ssm_securestring.core.names import ParameterArn
from ssm_securestring.core.tiers import Tier


@jsii.implements(ssm.IStringParameter)
class SecureStringParameterBase(Grantable, cdk.Resource):
    """What owned and imported SecureString parameters have in common; an ``ssm.IStringParameter`` of the CDK.

    So it goes wherever the CDK takes a parameter, ``ecs.Secret.from_ssm_parameter`` for example, and its exact
    grants go along.
    """

    _at: ParameterArn
    _key: KeyReference
    _tier: Tier | None

    @property
    def parameter_arn(self) -> str:
        """The parameter's ARN."""
        return str(self._at)

    @property
    def parameter_name(self) -> str:
        """The parameter's name."""
        return self._at.name.text

    @property
    def parameter_type(self) -> str:
        """``SecureString``."""
        return "SecureString"

    @property
    def parameter_ref(self) -> ParameterReference:
        """A reference to the parameter, in the form of the CDK's generated interfaces."""
        return ParameterReference(parameter_arn=self.parameter_arn, parameter_name=self.parameter_name)

    @property
    def string_value(self) -> Never:
        """Not available: a secret has no place in a template.

        Raises:
            SettingError: Always; the message says how to reach the value instead.
        """
        raise SettingError(
            "string_value",
            problem=f"of {self._at.name.text!r} is a secret, and a template is no place for one",
            fix="grant_read() to the principal that needs it, and read it at run time with SecureStrings",
        )

    @property
    def location(self) -> ParameterArn:
        """Where it is, put together at synthesis: what uses this does not wait until the parameter is there."""
        return self._at

    @property
    def encryption_key(self) -> KeyReference:
        """The key that encrypts the value."""
        return self._key

    def share_read(self, construct_id: str, *, principal_arn: str) -> ParameterShare:
        """Let a role or user of another account read this parameter, by its ARN, and no other under the same key.

        Makes a resource share in RAM, a statement in the key policy for this principal and this parameter, and an
        output with the statements that the other account has to attach to the principal. Unless both accounts are in
        one organization with sharing enabled, the other account has to accept the share first.

        Args:
            construct_id: Id of the share below the parameter.
            principal_arn: ARN of the role or user, known at synthesis.

        Raises:
            GrantError: The parameter is not advanced or not of this account and Region, its key is not a
                :class:`ParameterKey` of this app, or ``principal_arn`` does not name one principal of another account.

        Source:
            Systems Manager User Guide, "Working with shared parameters"; KMS Developer Guide, "Allowing users in other
            accounts to use a KMS key".
        """
        stack = cdk.Stack.of(self)
        account = account_of(principal_arn, at=self._at, stack=stack, key=self._key, tier=self._tier)
        access = self._access(Verb.READ)
        if self._key.policy is not None:
            self._key.policy.admit_from(account, principal_arn, access)
        return ParameterShare(
            self,
            construct_id,
            at=self._at,
            parameter_arn=self.parameter_arn,
            account=account,
            principal_arn=principal_arn,
            access=access,
        )

    def _access(self, verb: Verb, *, direct: bool = False) -> Access:
        return access_to_parameter(verb, at=self._at, key=self._key, tier=self._tier, direct=direct)

    def _describe(self) -> str:
        return f"parameter {self._at.name.text}"


class ImportedParameter(SecureStringParameterBase):
    """A parameter that somebody else keeps in place."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        at: ParameterArn,
        encryption_key: EncryptionKey,
        tier: Tier | None,
    ) -> None:
        """Use ``SecureStringParameter.from_name`` or ``from_arn`` instead."""
        self._at = at
        self._key = key_reference(encryption_key)
        self._tier = tier
        super().__init__(scope, construct_id)
