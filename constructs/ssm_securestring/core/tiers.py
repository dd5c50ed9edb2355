"""The tiers of Parameter Store."""

from enum import StrEnum

from ssm_securestring.core.limits import ADVANCED_TIER_BYTES, STANDARD_TIER_BYTES


class Tier(StrEnum):
    """Tier of a parameter, by the word that the API uses.

    A standard parameter can become an advanced one in place; an advanced one never becomes standard again.

    Source:
        https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
    """

    STANDARD = "Standard"
    """Up to 4 KB, free; KMS encrypts the value directly."""
    ADVANCED = "Advanced"
    """Up to 8 KB, parameter policies and sharing, charged monthly; the AWS Encryption SDK encrypts the value."""
    INTELLIGENT_TIERING = "Intelligent-Tiering"
    """Parameter Store makes it advanced when the value or a setting needs that, standard otherwise."""

    @property
    def max_value_bytes(self) -> int:
        """Longest value in bytes of UTF-8."""
        return STANDARD_TIER_BYTES if self is Tier.STANDARD else ADVANCED_TIER_BYTES
