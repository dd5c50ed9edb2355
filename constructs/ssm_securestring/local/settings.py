"""What can be chosen about the embedded AWS. Where AWS does not document its behaviour, the choice is a setting."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

DEFAULT_REGION = "eu-west-1"
DEFAULT_ACCOUNT = "111122223333"


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
    """

    advanced_suite: AdvancedSuite = AdvancedSuite.COMMITTING
    omitted_key: OmittedKey = OmittedKey.MANAGED

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read the JSON form."""
        return cls(advanced_suite=AdvancedSuite(data["advanced_suite"]), omitted_key=OmittedKey(data["omitted_key"]))
