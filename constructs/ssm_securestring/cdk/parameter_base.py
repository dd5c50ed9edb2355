"""What every SecureString parameter can do, whoever keeps it in place: be referred to, and be granted."""

from collections.abc import Sequence
from typing import Never

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from aws_cdk.interfaces.aws_ssm import ParameterReference
from constructs import Construct

from ssm_securestring.cdk.grants import READ_ACTIONS, WRITE_ACTIONS, add_to_principal, statements_for
from ssm_securestring.cdk.keys import EncryptionKey, KeyReference, key_reference
from ssm_securestring.core.encryption import DECRYPT_ACTION, encrypt_actions
from ssm_securestring.core.errors import GrantError, SettingError
from ssm_securestring.core.names import ParameterArn
from ssm_securestring.core.tiers import Tier


@jsii.implements(ssm.IStringParameter)
class SecureStringParameterBase(cdk.Resource):
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
    def encryption_key(self) -> KeyReference:
        """The key that encrypts the value."""
        return self._key

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let ``grantee`` fetch and decrypt this parameter, and no other under the same key.

        Raises:
            GrantError: The policies of ``grantee`` cannot be changed from here.

        Source:
            KMS Developer Guide, "How Parameter Store uses AWS KMS", permissions and encryption context.
        """
        return self._grant(grantee, READ_ACTIONS, (DECRYPT_ACTION,))

    def grant_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let ``grantee`` encrypt and store a value of this parameter, without being able to read one.

        Standard parameters take ``kms:Encrypt``, advanced ones ``kms:GenerateDataKey``, and a parameter with
        intelligent tiering takes both.

        Raises:
            GrantError: The tier of an imported parameter is not known, or the policies of ``grantee`` cannot be
                changed from here.
        """
        return self._grant(grantee, WRITE_ACTIONS, self._encrypt_actions())

    def grant_read_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let ``grantee`` do both.

        Raises:
            GrantError: As for reading and for writing.
        """
        key_actions = (DECRYPT_ACTION, *self._encrypt_actions())
        return self._grant(grantee, READ_ACTIONS + WRITE_ACTIONS, key_actions)

    def _grant(
        self, grantee: iam.IGrantable, parameter_actions: Sequence[str], key_actions: Sequence[str]
    ) -> iam.Grant:
        statements = statements_for(
            parameter_actions,
            key_actions,
            parameter_arn=str(self._at),
            key_arn=self._key.key_arn,
            region=self._at.region,
        )
        return add_to_principal(grantee, statements, resource=f"parameter {self._at.name.text}")

    def _encrypt_actions(self) -> tuple[str, ...]:
        if self._tier is None:
            raise GrantError(
                f"parameter {self._at.name.text}",
                problem="because writing takes other permissions for each tier and its tier is not known here",
                fix="pass tier= where it is imported",
            )
        return encrypt_actions(self._tier)


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
