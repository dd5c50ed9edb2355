"""What can be chosen about the embedded AWS. Where AWS does not document its behaviour, the choice is a setting."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

DEFAULT_REGION = "eu-west-1"
DEFAULT_ACCOUNT = "111122223333"
# SSM API reference, DeleteParameter: wait so long before a parameter of the same name is created.
DELETION_PAUSE_SECONDS = 30


class AdvancedSuite(StrEnum):
    """Algorithm suite of the AWS Encryption SDK for advanced parameters. AWS does not say which one it uses.

    Source:
        AWS Encryption SDK Developer Guide, "AWS Encryption SDK algorithms reference".
    """

    COMMITTING = "0478"
    """Commits the key, no signature: the encryption context holds the parameter's ARN only."""
    COMMITTING_SIGNED = "0578"
    """Commits the key and signs: the encryption context holds a public key too."""
    SIGNED = "0378"
    """Signs, does not commit: what version 1 of the Encryption SDK wrote."""
    PLAIN = "0178"
    """Neither signs nor commits."""


class OmittedKey(StrEnum):
    """Which key encrypts a new version when an overwrite leaves ``KeyId`` out. AWS's documents disagree."""

    MANAGED = "managed"
    """``alias/aws/ssm``, as the KMS Developer Guide says."""
    KEPT = "kept"
    """The key of the version before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the engine behaves.

    Args:
        advanced_suite: Algorithm suite of advanced parameters. Default: committing, unsigned.
        omitted_key: Key of an overwrite without ``KeyId``. Default: ``alias/aws/ssm``.
        throttled: Hold every account to the request quotas of Parameter Store, 40 reads and 3 writes a second, and
            answer ``ThrottlingException`` beyond. Default: no quotas.
        deletion_pause_seconds: How long a deleted parameter's name stays taken. AWS asks to wait 30 seconds and does
            not say what happens otherwise; here it is ``ParameterAlreadyExists``. Default: 0.
    """

    advanced_suite: AdvancedSuite = AdvancedSuite.COMMITTING
    omitted_key: OmittedKey = OmittedKey.MANAGED
    throttled: bool = False
    deletion_pause_seconds: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read the JSON form."""
        enumerated = {
            "advanced_suite": AdvancedSuite(data["advanced_suite"]),
            "omitted_key": OmittedKey(data["omitted_key"]),
        }
        return cls(**{**data, **enumerated})
