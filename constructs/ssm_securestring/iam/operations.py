"""What somebody can do with a parameter, and which permissions of Parameter Store and KMS it takes."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from ssm_securestring.core.access import Verb
from ssm_securestring.core.actions import ACCOUNT_ACTIONS
from ssm_securestring.core.encryption import DECRYPT_ACTION, encrypt_actions
from ssm_securestring.core.errors import SettingError
from ssm_securestring.core.tiers import Tier

# KMS Developer Guide, "How Parameter Store uses AWS KMS": the only operations that Parameter Store calls.
THROUGH_PARAMETER_STORE: Final = frozenset({DECRYPT_ACTION, *encrypt_actions(Tier.INTELLIGENT_TIERING)})


class Operation(StrEnum):
    """What is told of each principal and parameter."""

    READ = "read"
    READ_HISTORY = "read history"
    WRITE = "write"
    READ_METADATA = "read metadata"
    DELETE = "delete"
    DECRYPT_DIRECTLY = "decrypt directly"


# Any way to see a value, in one word.
DECRYPT: Final = "decrypt"
_WAYS_TO_DECRYPT: Final = (Operation.READ, Operation.READ_HISTORY, Operation.DECRYPT_DIRECTLY)


def operations_of(word: str) -> tuple[Operation, ...]:
    """Return the operations that a word means.

    Raises:
        SettingError: It is none.
    """
    if word == DECRYPT:
        return _WAYS_TO_DECRYPT
    if word not in set(Operation):
        words = ", ".join(repr(str(each)) for each in (*Operation, DECRYPT))
        raise SettingError("operation", problem=f"{word!r} is none", fix=f"write one of {words}")
    return (Operation(word),)


def verb_of(operation: Operation) -> Verb:
    """Return the verb that grants an operation; directly, for decrypting directly."""
    return {
        Operation.READ: Verb.READ,
        Operation.READ_HISTORY: Verb.READ_HISTORY,
        Operation.WRITE: Verb.WRITE,
        Operation.READ_METADATA: Verb.READ_METADATA,
        Operation.DELETE: Verb.DELETE,
        Operation.DECRYPT_DIRECTLY: Verb.READ,
    }[operation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """The permissions that an operation takes.

    Args:
        one_of: Actions of Parameter Store of which one is enough; none where the call is not to Parameter Store.
        by_path: ``GetParametersByPath`` on any path above is enough, too.
        key: Actions of KMS, all of which are needed.
        direct: KMS is called by the principal itself instead of by Parameter Store.
    """

    one_of: tuple[str, ...] = ()
    by_path: bool = False
    key: tuple[str, ...] = ()
    direct: bool = False


@cache
def needs_of(operation: Operation, tier: Tier | None) -> Needs:
    """Return what an operation takes on a parameter of a tier.

    Source:
        KMS Developer Guide, "How Parameter Store uses AWS KMS", permissions; Systems Manager User Guide, "Restricting
        access to parameters": each operation is authorised by its own action.
    """
    encrypt = encrypt_actions(tier) if tier is not None else encrypt_actions(Tier.INTELLIGENT_TIERING)
    return {
        Operation.READ: Needs(one_of=("ssm:GetParameter", "ssm:GetParameters"), by_path=True, key=(DECRYPT_ACTION,)),
        Operation.READ_HISTORY: Needs(one_of=("ssm:GetParameterHistory",), key=(DECRYPT_ACTION,)),
        Operation.WRITE: Needs(one_of=("ssm:PutParameter",), key=encrypt),
        Operation.READ_METADATA: Needs(one_of=ACCOUNT_ACTIONS),
        Operation.DELETE: Needs(one_of=("ssm:DeleteParameter", "ssm:DeleteParameters")),
        Operation.DECRYPT_DIRECTLY: Needs(key=(DECRYPT_ACTION,), direct=True),
    }[operation]


def paths_above(parameter_arn: str) -> list[str]:
    """Return the ARNs that ``GetParametersByPath`` can be authorised with so that it returns a parameter.

    Source:
        Systems Manager User Guide, "Restricting access to parameters": authorised for the requested path alone.
    """
    prefix, _, name = parameter_arn.partition(":parameter/")
    levels = name.split("/")[:-1]
    paths = ["", *("/".join(levels[: depth + 1]) for depth in range(len(levels)))]
    return [f"{prefix}:parameter/{path}" for path in paths]
