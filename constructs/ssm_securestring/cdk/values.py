"""Where the value of a parameter comes from, as props of the construct."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from ssm_securestring.core.errors import SettingError
from ssm_securestring.core.sources import (
    ALPHANUMERIC,
    DEFAULT_LENGTH_CHARS,
    CharacterClass,
    ExternalSource,
    GeneratedSource,
    SecretsManagerSource,
    Source,
)
from ssm_securestring.core.tiers import Tier


class ValueSource:
    """Where a value comes from. Make one with a class method; none of them takes a value, so none can leak one."""

    def __init__(self, source: Source, *, secret: secretsmanager.ISecret | None = None) -> None:
        """Use the class methods instead."""
        self._source = source
        self._secret = secret

    @classmethod
    def generated(
        cls,
        *,
        length_chars: int = DEFAULT_LENGTH_CHARS,
        classes: Sequence[CharacterClass] = ALPHANUMERIC,
        exclude_characters: str = "",
    ) -> "ValueSource":
        """Let the function make a random value, once; it changes only when these settings change.

        The value comes from the operating system's cryptographic generator and has at least one character of each
        class.

        Args:
            length_chars: Length in characters (of ASCII, so also bytes), up to the tier's limit. Default: 40.
            classes: What to draw from. Default: letters and digits.
            exclude_characters: Characters never to use. Default: none.

        Raises:
            SettingError: The length is out of range, or the exclusions leave a class empty.
        """
        return cls(
            GeneratedSource(length_chars=length_chars, classes=tuple(classes), exclude_characters=exclude_characters)
        )

    @classmethod
    def secrets_manager(cls, secret: secretsmanager.ISecret, *, json_field: str | None = None) -> "ValueSource":
        """Let the function copy the current value of a Secrets Manager secret, when the parameter is created.

        The function gets permission to read this secret and no other. A dynamic reference would not do: it is not
        resolved in a custom resource.

        Args:
            secret: The secret.
            json_field: Take this top-level field of a JSON secret. Default: the whole secret string.

        Source:
            CloudFormation User Guide, "Using dynamic references to specify template values".
        """
        return cls(SecretsManagerSource(secret_arn=secret.secret_arn, json_field=json_field), secret=secret)

    @classmethod
    def external(cls) -> "ValueSource":
        """Let somebody else set the value, by ``aws ssm put-parameter --overwrite`` for example.

        The parameter starts with a random value that opens nothing, and a deployment never overwrites what is set
        later.
        """
        return cls(ExternalSource())

    @property
    def source(self) -> Source:
        """The part of it that goes into the contract."""
        return self._source

    def check_fits(self, tier: Tier) -> None:
        """Refuse a value that is known to be too long for the tier.

        Raises:
            SettingError: ``length_chars`` is over the tier's limit.
        """
        if isinstance(self._source, GeneratedSource) and self._source.length_chars > tier.max_value_bytes:
            raise SettingError(
                "length_chars",
                problem=f"is {self._source.length_chars}, but the {tier.value} tier holds {tier.max_value_bytes} bytes",
                fix="write a smaller length, or tier=Tier.ADVANCED",
            )

    def grant_to(self, function: iam.IGrantable) -> None:
        """Let the function read what the value comes from, and nothing else."""
        if self._secret is not None:
            self._secret.grant_read(function)


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
        fix="write ValueSource.generated(...), ValueSource.secrets_manager(secret, ...) or ValueSource.external()",
    )
