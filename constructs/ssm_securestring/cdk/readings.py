"""What the function has to read for the value of a parameter, besides the parameter itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ssm_securestring.core.encryption import CONTEXT_KEY, DECRYPT_ACTION, Conditions, via_parameter_store
from ssm_securestring.core.sealing import SEALING_CONTEXT_KEY

# What stands around a parameter's name in a policy, at its longest.
ARN_PREFIX_CHARS: Final = len('"arn:aws-us-gov:ssm:ap-southeast-2:111122223333:parameter/",')


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One permission about one parameter. Those that differ in nothing but the parameter become one statement.

    Args:
        action: What is allowed.
        arn: ARN of the parameter: the resource, or with a key the value of the encryption context.
        chars: How much room the ARN takes in a policy, at most.
        key_arn: The key to decrypt with. Default: none, and the parameter is the resource.
        context_key: Pair of the encryption context that names the parameter. Default: that of Parameter Store.
        region: Region of the Parameter Store that calls KMS for the function. Default: the function calls it itself.
    """

    action: str
    arn: str
    chars: int
    key_arn: str | None = None
    context_key: str = CONTEXT_KEY
    region: str | None = None

    @property
    def statement(self) -> object:
        """What those of one statement have in common."""
        return (self.action, self.key_arn, self.context_key, self.region)

    def conditions(self, arns: Sequence[str]) -> Conditions:
        """Return the conditions of the statement for these parameters."""
        if self.key_arn is None:
            return {}
        listed: str | list[str] = arns[0] if len(arns) == 1 else list(arns)
        via: dict[str, str | list[str]] = (
            {} if self.region is None else {"kms:ViaService": via_parameter_store(self.region)}
        )
        return {"StringEquals": {**via, f"kms:EncryptionContext:{self.context_key}": listed}}


def fetching(arn: str, *, chars: int) -> Reading:
    """Return what it takes to fetch a parameter."""
    return Reading(action="ssm:GetParameter", arn=arn, chars=chars)


def decrypting(arn: str, *, chars: int, key_arn: str, region: str) -> Reading:
    """Return what it takes to decrypt a parameter that is fetched."""
    return Reading(action=DECRYPT_ACTION, arn=arn, chars=chars, key_arn=key_arn, region=region)


def unsealing(arn: str, *, chars: int, key_arn: str) -> Reading:
    """Return what it takes to unseal a value that was sealed for a parameter."""
    return Reading(action=DECRYPT_ACTION, arn=arn, chars=chars, key_arn=key_arn, context_key=SEALING_CONTEXT_KEY)
