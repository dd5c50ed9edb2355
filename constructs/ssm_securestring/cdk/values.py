"""Where the value of a parameter comes from, as props of the construct."""

from collections.abc import Mapping, Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from ssm_securestring.cdk.grantable import access_to_parameter
from ssm_securestring.cdk.parameter_base import SecureStringParameterBase
from ssm_securestring.cdk.readings import ARN_PREFIX_CHARS, Reading, decrypting, fetching, unsealing
from ssm_securestring.core.access import Verb
from ssm_securestring.core.errors import SettingError
from ssm_securestring.core.names import ParameterArn
from ssm_securestring.core.sealing import MAX_PART_BYTES, SealedText, key_region_of
from ssm_securestring.core.sources import (
    ALPHANUMERIC,
    CURRENT_STAGE,
    DEFAULT_LENGTH_CHARS,
    CharacterClass,
    CopySource,
    ExternalSource,
    GeneratedSource,
    NoEchoSource,
    SealedSource,
    SecretsManagerSource,
    Source,
)
from ssm_securestring.core.tiers import Tier

# For a name that CloudFormation makes up, out of the stack's name and a logical id.
_UNKNOWN_NAME_CHARS: Final = 400


class ValueSource:
    """Where a value comes from. Make one with a class method; none of them takes a value, so none can leak one."""

    def __init__(
        self,
        source: Source,
        *,
        secret: secretsmanager.ISecret | None = None,
        copied: ssm.IParameter | None = None,
        sealing_key_arn: str | None = None,
    ) -> None:
        """Use the class methods instead."""
        self._source = source
        self._secret = secret
        self._copied = copied
        self._sealing_key_arn = sealing_key_arn

    @classmethod
    def generated(
        cls,
        *,
        length_chars: int = DEFAULT_LENGTH_CHARS,
        classes: Sequence[CharacterClass] = ALPHANUMERIC,
        exclude_characters: str = "",
        regenerate: str = "",
        at_least: Mapping[CharacterClass, int] | None = None,
    ) -> "ValueSource":
        """Let the function make a random value, once; it changes only when these settings change.

        The value comes from the operating system's cryptographic generator, and each one that fits these settings is
        as likely as any other.

        Args:
            length_chars: Length in characters (of ASCII, so also bytes), up to the tier's limit. Default: 40.
            classes: What to draw from. Default: letters and digits.
            exclude_characters: Characters never to use. Default: none.
            regenerate: Any text that is no secret, a date for example; changing it makes another value. Default:
                empty.
            at_least: How many characters of a class there are at least, 0 or more; in values over 128 characters, no
                more than half of what chance gives. Default: one of each class.

        Raises:
            SettingError: The length is out of range, the exclusions leave a class empty, or the minimum counts cannot
                be met.

        Example:
            >>> ValueSource.generated(length_chars=16, at_least={CharacterClass.DIGITS: 2, CharacterClass.UPPERCASE: 2})
        """
        return cls(
            GeneratedSource(
                length_chars=length_chars,
                classes=tuple(classes),
                exclude_characters=exclude_characters,
                regenerate=regenerate,
                at_least=dict(at_least or {}),
            )
        )

    @classmethod
    def secrets_manager(
        cls,
        secret: secretsmanager.ISecret,
        *,
        json_field: str | None = None,
        version_stage: str = CURRENT_STAGE,
        follow: str = "",
    ) -> "ValueSource":
        """Let the function copy a value from a Secrets Manager secret, when the parameter is created.

        The function gets permission to read this secret and no other. A dynamic reference would not do: it is not
        resolved in a custom resource.

        Args:
            secret: The secret.
            json_field: Take this top-level field of a JSON secret. Default: the whole secret string.
            version_stage: Staging label of the version to take. Default: ``AWSCURRENT``.
            follow: Any text that is no secret; changing it copies again, after a rotation for example. Default:
                empty.

        Source:
            CloudFormation User Guide, "Using dynamic references to specify template values".
        """
        source = SecretsManagerSource(
            secret_arn=secret.secret_arn, json_field=json_field, version_stage=version_stage, follow=follow
        )
        return cls(source, secret=secret)

    @classmethod
    def copy_from(cls, parameter: ssm.IParameter, *, follow: str = "") -> "ValueSource":
        """Let the function copy the value of another parameter, when this one is created.

        The way to a SecureString from a parameter in clear, which Parameter Store cannot convert in place, and from
        another Region or account. The other parameter stays as it is.

        Args:
            parameter: What to copy: one of ours (``SecureStringParameter.from_arn(...)`` for another Region), which
                brings the permission to decrypt it, or one in clear of the CDK (``ssm.StringParameter``).
            follow: Any text that is no secret; changing it copies again. Default: empty.
        """
        arn = parameter.parameter_arn
        if isinstance(parameter, SecureStringParameterBase):
            arn = str(parameter.location)
        return cls(CopySource(parameter_arn=arn, follow=follow), copied=parameter)

    @classmethod
    def sealed(cls, ciphertext: str, *, key: kms.IKey) -> "ValueSource":
        """Let the function open a value that ``ssm-securestring seal`` has encrypted for this very parameter.

        The ciphertext is safe to commit: it opens for one name in one account and Region only, and only for those who
        may decrypt with ``key``. A changed ciphertext makes a new value.

        Args:
            ciphertext: What the command printed; white space around it is left out, so it may come from a file.
            key: The key that it was sealed with: an ordinary symmetric key, ``kms.Key.from_key_arn(...)`` for example.
                A :class:`ParameterKey` does not do, since that decrypts through Parameter Store only.

        Raises:
            SettingError: ``ciphertext`` is not what the command prints, or ``key`` is an alias.

        Example:
            >>> ValueSource.sealed("AQICAHh...", key=kms.Key.from_key_arn(self, "Seal", seal_key_arn))
        """
        ciphertext = ciphertext.strip()
        SealedText.parse(ciphertext)
        if ":alias/" in key.key_arn:
            raise SettingError("key", problem="is an alias", fix="pass kms.Key.from_key_arn(...) with the key's ARN")
        return cls(SealedSource(ciphertext=ciphertext, key_arn=key.key_arn), sealing_key_arn=key.key_arn)

    @classmethod
    def no_echo_parameter(cls, parameter: cdk.CfnParameter) -> "ValueSource":
        """Take the value of a stack parameter with ``NoEcho``.

        The only way in which a value passes through CloudFormation: it is in the deployment's command or file, and
        CloudFormation sends it to the function. It is in no template, and CloudFormation masks it. Prefer any other
        source.

        Args:
            parameter: A parameter of this stack, with ``no_echo=True`` and without a default.

        Raises:
            SettingError: CloudFormation would show its value, or it has a default, which is in the template.
        """
        if not parameter.no_echo:
            raise SettingError(
                "no_echo_parameter", problem="is a stack parameter that shows its value", fix="set no_echo=True on it"
            )
        if parameter.default is not None:
            raise SettingError(
                "no_echo_parameter", problem="has a default, which is in the template", fix="leave the default out"
            )
        return cls(NoEchoSource(value=parameter.value_as_string))

    @classmethod
    def external(cls, *, must_be_set: bool = False) -> "ValueSource":
        """Let somebody else set the value, by ``aws ssm put-parameter --overwrite`` for example.

        The parameter starts with a random value that opens nothing, and a deployment never overwrites what is set
        later.

        Args:
            must_be_set: Whether an update of the parameter, or its adoption, fails as long as nobody has set a value;
                turn it on once somebody should have. Creating the parameter never fails for this. Default: it does not.
        """
        return cls(ExternalSource(must_be_set=must_be_set))

    @property
    def source(self) -> Source:
        """The part of it that goes into the contract."""
        return self._source

    def check_region(self, region: str) -> None:
        """Refuse a sealed value that is known to be for another Region.

        Raises:
            SettingError: Its key is in another one.
        """
        key_region = key_region_of(self._sealing_key_arn or "")
        if key_region and key_region != region and not any(map(cdk.Token.is_unresolved, (key_region, region))):
            raise SettingError(
                "key",
                problem=f"is in {key_region}, and the parameter is in {region}, so the value was not sealed for it",
                fix=f"seal it with a key of {region}, for this Region",
            )

    def check_fits(self, tier: Tier) -> None:
        """Refuse a value that is known to be too long for the tier.

        Raises:
            SettingError: ``length_chars`` is over the tier's limit, or a sealed value is.
        """
        in_parts = isinstance(self._source, SealedSource) and SealedText.parse(self._source.ciphertext).sealing_id
        if in_parts and tier.max_value_bytes <= MAX_PART_BYTES:
            raise SettingError(
                "ciphertext",
                problem=f"holds more than the {tier.max_value_bytes} bytes of the {tier.value} tier",
                fix="write tier=Tier.ADVANCED, or seal a shorter value",
            )
        if isinstance(self._source, GeneratedSource) and self._source.length_chars > tier.max_value_bytes:
            raise SettingError(
                "length_chars",
                problem=f"is {self._source.length_chars}, but the {tier.value} tier holds {tier.max_value_bytes} bytes",
                fix="write a smaller length, or tier=Tier.ADVANCED",
            )

    def readings(self, at: ParameterArn) -> list[Reading]:
        """Return what the function has to read for the value of the parameter that is there."""
        if self._sealing_key_arn is not None:
            return [unsealing(str(at), chars=_chars(at.name.text), key_arn=self._sealing_key_arn)]
        if isinstance(self._copied, SecureStringParameterBase):
            # Not parameter_arn: if it is one of this stack, it waits for the function, which waits for this permission.
            copied, key_arn = self._copied.location, self._copied.encryption_key.key_arn
            arn, chars = str(copied), _chars(copied.name.text)
            decryption = [decrypting(arn, chars=chars, key_arn=key_arn, region=copied.region)] if key_arn else []
            return [fetching(arn, chars=chars), *decryption]
        if self._copied is not None:
            return [fetching(self._copied.parameter_arn, chars=_chars(self._copied.parameter_name))]
        return []

    def grant_to(self, function: iam.IGrantable) -> None:
        """Let the function be admitted by what the value comes from."""
        if self._secret is not None:
            self._secret.grant_read(function)
        if isinstance(self._copied, SecureStringParameterBase):
            at, key = self._copied.location, self._copied.encryption_key
            access = access_to_parameter(Verb.READ, at=at, key=key, tier=None)
            key.admit(function, access, resource=f"parameter {at.name.text}")

    def wait_for(self, resource: Construct) -> None:
        """Let a resource wait until the parameter that its value is copied from is there."""
        if self._copied is not None:
            resource.node.add_dependency(self._copied)

    def check_adoptable(self) -> None:
        """Refuse a source that says another value than the one that an existing parameter has.

        Raises:
            SettingError: The value would come from elsewhere.
        """
        if not isinstance(self._source, ExternalSource | GeneratedSource):
            raise SettingError(
                "adopt_existing",
                problem="does not go with a value that is copied from elsewhere, since adoption keeps the value",
                fix="adopt it with ValueSource.external(), and change the source in the next deployment",
            )


def checked_value_source(value: object) -> ValueSource:
    """Refuse anything that may hold a value in clear; say what to write instead, never what was passed.

    Raises:
        SettingError: ``value`` is not a :class:`ValueSource`.
    """
    if isinstance(value, ValueSource):
        return value
    kind = "a literal" if isinstance(value, str | bytes) else f"of type {type(value).__name__}"
    if isinstance(value, cdk.SecretValue):
        kind = "a SecretValue, which CloudFormation does not resolve in a custom resource"
    raise SettingError(
        "value",
        problem=f"is {kind}; a secret in a template can be read by everybody who can read the stack",
        fix="write ValueSource.generated(...), ValueSource.secrets_manager(secret, ...), ValueSource.copy_from(...) or "
        "ValueSource.external()",
    )


def _chars(name: str) -> int:
    return ARN_PREFIX_CHARS + (_UNKNOWN_NAME_CHARS if cdk.Token.is_unresolved(name) else len(name))
